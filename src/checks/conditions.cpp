#include "checks/conditions.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <limits>

namespace higuma::checks {

namespace {

namespace json = boost::json;

constexpr std::string_view kField = "conditions";
constexpr int kDeepest = 8;  // groups in groups

double not_a_number() { return std::numeric_limits<double>::quiet_NaN(); }

// As JavaScript makes a number of a text: blanks around it are skipped, nothing is 0.
double parsed_number(std::string_view text) {
    constexpr std::string_view kBlanks = " \t\r\n\v\f";
    const auto first = text.find_first_not_of(kBlanks);
    if (first == std::string_view::npos) return 0;
    text = text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
    const bool negative = text.front() == '-';
    if (text.front() == '-' || text.front() == '+') text.remove_prefix(1);
    if (text == "Infinity") return negative ? -HUGE_VAL : HUGE_VAL;
    const bool begins_as_number =
        !text.empty() && ((text.front() >= '0' && text.front() <= '9') || text.front() == '.');
    if (!begins_as_number) return not_a_number();
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return not_a_number();
    return negative ? -value : value;
}

double number_of(const ConditionValue& value) {
    if (const auto* number = std::get_if<double>(&value)) return *number;
    return parsed_number(std::get<std::string>(value));
}

std::string text_of(const ConditionValue& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return fmt::format("{}", std::get<double>(value));
}

// A number is never the same as a text, and a text never the same as a number.
bool same_text(const ConditionValue& value, const std::string& text) {
    const auto* known = std::get_if<std::string>(&value);
    return known && *known == text;
}
bool same_number(const ConditionValue& value, const std::string& text) {
    const auto* known = std::get_if<double>(&value);
    return known && *known == parsed_number(text);
}
bool contains(const ConditionValue& value, const std::string& text) {
    return text_of(value).find(text) != std::string::npos;
}
bool begins(const ConditionValue& value, const std::string& text) {
    return text_of(value).starts_with(text);
}
bool ends(const ConditionValue& value, const std::string& text) {
    return text_of(value).ends_with(text);
}
bool less(const ConditionValue& value, const std::string& text) {
    return number_of(value) < parsed_number(text);
}
bool greater(const ConditionValue& value, const std::string& text) {
    return number_of(value) > parsed_number(text);
}
bool at_most(const ConditionValue& value, const std::string& text) {
    return number_of(value) <= parsed_number(text);
}
bool at_least(const ConditionValue& value, const std::string& text) {
    return number_of(value) >= parsed_number(text);
}

struct Operator {
    std::string_view name;
    bool (*holds)(const ConditionValue&, const std::string&);
    bool negated = false;
};

constexpr std::array kOperators{
    Operator{"equals", same_text},
    Operator{"not_equals", same_text, true},
    Operator{"contains", contains},
    Operator{"not_contains", contains, true},
    Operator{"starts_with", begins},
    Operator{"not_starts_with", begins, true},
    Operator{"ends_with", ends},
    Operator{"not_ends_with", ends, true},
    Operator{"num_equals", same_number},
    Operator{"num_not_equals", same_number, true},
    Operator{"lt", less},
    Operator{"gt", greater},
    Operator{"lte", at_most},
    Operator{"gte", at_least},
};

const Operator* find_operator(std::string_view name) {
    for (const auto& known : kOperators) {
        if (known.name == name) return &known;
    }
    return nullptr;
}

Failure refuse(std::string message) { return invalid(std::string(kField), std::move(message)); }

std::string member(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    if (!value || value->is_null()) return {};
    if (value->is_string()) return std::string(value->as_string());
    return json::serialize(*value);
}

Result<std::vector<Condition>> read_list(const json::value& value, int depth);

Result<Condition> read_group(const json::object& object, int depth) {
    const auto* children = object.if_contains("children");
    if (!children) return refuse("A group of conditions has no children.");
    auto list = read_list(*children, depth + 1);
    if (!list) return list.error();
    if (list->empty()) return refuse("A group of conditions is empty.");
    Condition group;
    group.is_group = true;
    group.children = std::move(*list);
    return group;
}

Result<Condition> read_comparison(const json::object& object) {
    Condition condition;
    condition.variable = member(object, "variable");
    condition.op = member(object, "operator");
    condition.value = member(object, "value");
    if (condition.variable.empty()) return refuse("A condition names no variable.");
    if (!find_operator(condition.op)) {
        return refuse(fmt::format("\"{}\" is no operator of a condition.", condition.op));
    }
    return condition;
}

Result<std::vector<Condition>> read_list(const json::value& value, int depth) {
    if (!value.is_array()) return refuse("Conditions must be a list.");
    if (depth > kDeepest) return refuse("Conditions are nested too deep.");
    std::vector<Condition> list;
    for (const auto& entry : value.as_array()) {
        if (!entry.is_object()) return refuse("Each condition must be an object.");
        const auto& object = entry.as_object();
        const auto type = member(object, "type");
        if (type != "group" && type != "expression") {
            return refuse("Each condition must have the type \"expression\" or \"group\".");
        }
        auto condition = type == "group" ? read_group(object, depth) : read_comparison(object);
        if (!condition) return condition.error();
        condition->joined_by_or = member(object, "andOr") == "or";
        list.push_back(std::move(*condition));
    }
    return list;
}

void collect(const std::vector<Condition>& list, std::vector<std::string>& names) {
    for (const auto& condition : list) {
        if (condition.is_group) collect(condition.children, names);
        if (!condition.is_group) names.push_back(condition.variable);
    }
}

Result<bool> all_met(const std::vector<Condition>& list, const ConditionValues& values);

Result<bool> is_met(const Condition& condition, const ConditionValues& values) {
    if (condition.is_group) return all_met(condition.children, values);
    const auto value = values.find(condition.variable);
    if (value == values.end()) {
        return refuse(fmt::format("There is no variable \"{}\" here.", condition.variable));
    }
    const Operator* found = find_operator(condition.op);
    invariant(found != nullptr, "only known operators are parsed");
    return found->holds(value->second, condition.value) != found->negated;
}

Result<bool> all_met(const std::vector<Condition>& list, const ConditionValues& values) {
    bool met = true;
    for (std::size_t i = 0; i < list.size(); ++i) {
        const auto one = is_met(list[i], values);
        if (!one) return one.error();
        const bool joined_by_or = i > 0 && list[i].joined_by_or;
        met = joined_by_or ? met || *one : met && *one;
    }
    return met;
}

}  // namespace

Result<Conditions> Conditions::parse(std::string_view text) {
    boost::system::error_code error;
    json::parse_options options;
    options.max_depth = 2 * kDeepest + 4;
    const auto value = json::parse(text, error, {}, options);
    if (error) return refuse("Conditions must be a list in JSON: " + error.message() + ".");
    auto list = read_list(value, 0);
    if (!list) return list.error();
    Conditions conditions;
    conditions.list_ = std::move(*list);
    return conditions;
}

std::vector<std::string> Conditions::variables() const {
    std::vector<std::string> names;
    collect(list_, names);
    return names;
}

Result<bool> Conditions::met_by(const ConditionValues& values) const {
    return all_met(list_, values);
}

}  // namespace higuma::checks
