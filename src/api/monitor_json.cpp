#include "api/monitor_json.hpp"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <set>
#include <variant>

#include "api/json_input.hpp"

namespace higuma::api {
namespace {

namespace json = boost::json;

constexpr std::int64_t kLongestInterval =
    24 * 24 * 3600;  // seconds; what Uptime Kuma's timers can hold
constexpr std::int64_t kMaxDatabaseId = 4'294'967'295;
constexpr std::size_t kTextColumn = 16'000;  // characters; a `text` column holds 65,535 bytes

// The kinds of fields: where the value lives in a Monitor and what is allowed.
struct TextField {
    std::string Monitor::*at;
    std::size_t most;
    bool null_when_empty = true;  // how an empty one is answered
};
struct FlagField {
    bool Monitor::*at;
};
struct NumberField {
    int Monitor::*at;
    std::int64_t least, most;
};
struct SecondsField {
    Seconds Monitor::*at;
    std::int64_t least;
};
struct PortField {};
struct ParentField {};
struct TimeoutField {};
struct StatusCodesField {};
struct OptionField {
    Option option;
};
using Kind = std::variant<TextField, FlagField, NumberField, SecondsField, PortField, ParentField,
                          TimeoutField, StatusCodesField, OptionField>;

struct Field {
    std::string_view name;   // the column, and what answers say
    std::string_view alias;  // in Uptime Kuma's Socket.IO events
    Kind kind;
};

const std::array kFields{
    Field{"name", "", TextField{&Monitor::name, 150, false}},
    Field{"type", "", TextField{&Monitor::type, 20, false}},
    Field{"description", "", TextField{&Monitor::description, kTextColumn}},
    Field{"active", "", FlagField{&Monitor::active}},
    Field{"parent", "", ParentField{}},
    Field{"weight", "", NumberField{&Monitor::weight, 0, 1'000'000}},
    Field{"interval", "", SecondsField{&Monitor::interval, 1}},
    Field{"retry_interval", "retryInterval", SecondsField{&Monitor::retry_interval, 0}},
    Field{"maxretries", "maxRetries", NumberField{&Monitor::max_retries, 0, 1'000'000}},
    Field{"resend_interval", "resendInterval",
          NumberField{&Monitor::resend_interval, 0, 1'000'000}},
    Field{"timeout", "", TimeoutField{}},
    Field{"upside_down", "upsideDown", FlagField{&Monitor::upside_down}},
    Field{"url", "", TextField{&Monitor::url, 8'192}},
    Field{"method", "", TextField{&Monitor::method, 10, false}},
    Field{"body", "", TextField{&Monitor::body, kTextColumn}},
    Field{"headers", "", TextField{&Monitor::headers, kTextColumn}},
    Field{"http_body_encoding", "httpBodyEncoding", TextField{&Monitor::http_body_encoding, 25}},
    Field{"accepted_statuscodes", "accepted_statuscodes_json", StatusCodesField{}},
    Field{"maxredirects", "maxRedirects", NumberField{&Monitor::max_redirects, 0, 100}},
    Field{"ignore_tls", "ignoreTls", FlagField{&Monitor::ignore_tls}},
    Field{"cache_bust", "cacheBust", FlagField{&Monitor::cache_bust}},
    Field{"auth_method", "authMethod", TextField{&Monitor::auth_method, 250}},
    Field{"basic_auth_user", "", TextField{&Monitor::basic_auth_user, kTextColumn}},
    Field{"basic_auth_pass", "", TextField{&Monitor::basic_auth_pass, kTextColumn}},
    Field{"bearer_token", "bearerToken", TextField{&Monitor::bearer_token, kTextColumn}},
    Field{"ip_family", "ipFamily", TextField{&Monitor::ip_family, 4}},
    Field{"keyword", "", TextField{&Monitor::keyword, 255}},
    Field{"invert_keyword", "invertKeyword", FlagField{&Monitor::invert_keyword}},
    Field{"hostname", "", TextField{&Monitor::hostname, 255}},
    Field{"port", "", PortField{}},
    Field{"push_token", "pushToken", TextField{&Monitor::push_token, 32}},
};

// The fields of the table, and those of the options that only some types use.
const std::vector<Field>& all_fields() {
    static const std::vector<Field> fields = [] {
        std::vector<Field> all(kFields.begin(), kFields.end());
        for (const auto& info : option_table()) {
            all.push_back({info.column, info.alias, OptionField{info.option}});
        }
        return all;
    }();
    return fields;
}

Result<std::string> read_option(const json::value& value, const std::string& name,
                                const OptionInfo& info) {
    switch (info.kind) {
        case OptionKind::text:
            return text(value, name, static_cast<std::size_t>(info.most));
        case OptionKind::number: {
            const auto given = whole_number(value, name, info.least, info.most);
            if (!given) return given.error();
            return std::to_string(*given);
        }
        case OptionKind::flag: {
            const auto given = boolean(value, name);
            if (!given) return given.error();
            return std::string(*given ? "1" : "0");
        }
        case OptionKind::json:
            break;
    }
    if (!value.is_array()) return invalid(name, name + " must be a list.");
    std::string written = json::serialize(value);
    if (count_characters(written) > static_cast<std::size_t>(info.most)) {
        return invalid(name, name + " is too long.");
    }
    return written;
}

json::value option_to_json(const OptionInfo& info, const MonitorOptions& options) {
    const auto value = options.get(info.option);
    if (!value) return nullptr;
    if (info.kind == OptionKind::text) return json::value(*value);
    if (info.kind == OptionKind::flag) return options.flag(info.option);
    if (info.kind == OptionKind::json) {
        boost::system::error_code error;
        auto parsed = json::parse(*value, error);
        return error ? json::value(json::array()) : parsed;
    }
    const auto number = options.number(info.option);
    return number ? json::value(*number) : json::value(nullptr);
}

Result<void> read_status_codes(const json::value& value, const std::string& name, Monitor& into) {
    const auto* list = value.if_array();
    if (!list || list->empty() || list->size() > 100) {
        return invalid(name, name + " must be a list of 1 to 100 strings such as \"200-299\".");
    }
    std::vector<std::string> codes;
    for (const auto& entry : *list) {
        auto code = text(entry, name, 7);
        if (!code) return code.error();
        codes.push_back(*code);
    }
    into.accepted_statuscodes = std::move(codes);
    return {};
}

// One overload a kind; `value` is not null.
struct Reader {
    const json::value& value;
    const std::string& name;
    Monitor& into;

    Result<void> operator()(const TextField& field) const {
        auto given = text(value, name, field.most);
        if (!given) return given.error();
        into.*field.at = std::move(*given);
        return {};
    }
    Result<void> operator()(const FlagField& field) const {
        const auto given = boolean(value, name);
        if (!given) return given.error();
        into.*field.at = *given;
        return {};
    }
    Result<void> operator()(const NumberField& field) const {
        const auto given = whole_number(value, name, field.least, field.most);
        if (!given) return given.error();
        into.*field.at = static_cast<int>(*given);
        return {};
    }
    Result<void> operator()(const SecondsField& field) const {
        const auto given = whole_number(value, name, field.least, kLongestInterval);
        if (!given) return given.error();
        into.*field.at = Seconds{*given};
        return {};
    }
    Result<void> operator()(const PortField&) const {
        const auto given = whole_number(value, name, 1, 65'535);
        if (!given) return given.error();
        into.port = static_cast<int>(*given);
        return {};
    }
    Result<void> operator()(const ParentField&) const {
        const auto given = whole_number(value, name, 1, kMaxDatabaseId);
        if (!given) return given.error();
        into.parent = MonitorId{*given};
        return {};
    }
    Result<void> operator()(const TimeoutField&) const {
        const auto given = number(value, name, 0, static_cast<double>(kLongestInterval));
        if (!given) return given.error();
        into.timeout = Millis{std::llround(*given * 1000)};
        return {};
    }
    Result<void> operator()(const StatusCodesField&) const {
        return read_status_codes(value, name, into);
    }
    Result<void> operator()(const OptionField& field) const {
        auto given = read_option(value, name, info_of(field.option));
        if (!given) return given.error();
        into.options.set(field.option, std::move(*given));
        return {};
    }
};

// What null means: the field's default, where it has an empty one.
struct NullReader {
    const std::string& name;
    Monitor& into;

    Result<void> operator()(const TextField& field) const {
        if (!field.null_when_empty) return must_be_given();
        (into.*field.at).clear();
        return {};
    }
    Result<void> operator()(const PortField&) const {
        into.port.reset();
        return {};
    }
    Result<void> operator()(const ParentField&) const {
        into.parent.reset();
        return {};
    }
    Result<void> operator()(const OptionField& field) const {
        if (!info_of(field.option).nullable) return must_be_given();
        into.options.set(field.option, std::nullopt);
        return {};
    }
    template <class Other>
    Result<void> operator()(const Other&) const {
        return must_be_given();
    }
    Failure must_be_given() const { return invalid(name, name + " must not be null."); }
};

json::value seconds_to_json(Millis span) {
    if (span.count() % 1000 == 0) return span.count() / 1000;
    return static_cast<double>(span.count()) / 1000.0;
}

struct Writer {
    const Monitor& from;

    json::value operator()(const TextField& field) const {
        const auto& value = from.*field.at;
        return value.empty() && field.null_when_empty ? json::value(nullptr) : json::value(value);
    }
    json::value operator()(const FlagField& field) const { return from.*field.at; }
    json::value operator()(const NumberField& field) const { return from.*field.at; }
    json::value operator()(const SecondsField& field) const { return (from.*field.at).count(); }
    json::value operator()(const PortField&) const {
        return from.port ? json::value(*from.port) : json::value(nullptr);
    }
    json::value operator()(const ParentField&) const {
        return from.parent ? json::value(from.parent->value) : json::value(nullptr);
    }
    json::value operator()(const TimeoutField&) const { return seconds_to_json(from.timeout); }
    json::value operator()(const StatusCodesField&) const {
        json::array codes;
        for (const auto& code : from.accepted_statuscodes) codes.emplace_back(code);
        return codes;
    }
    json::value operator()(const OptionField& field) const {
        return option_to_json(info_of(field.option), from.options);
    }
};

json::value name_or_null(const std::optional<NodeId>& id) {
    return id ? json::value(id->value) : json::value(nullptr);
}

// What answers hold and requests may only repeat.
json::object fixed_fields(const Monitor& monitor) {
    const auto& assignment = monitor.assignment;
    return {{"id", monitor.id.value},
            {"user_id", monitor.user ? json::value(monitor.user->value) : json::value(nullptr)},
            {"node_id", name_or_null(assignment.home)},
            {"assigned_node", name_or_null(assignment.assigned)},
            {"effective_node", name_or_null(assignment.effective())},
            {"assignment_epoch", assignment.epoch.value},
            {"pinned", assignment.pinned},
            {"change_seq", monitor.change_seq.value}};
}

Result<void> read_fixed(const json::value& value, const std::string& name, MonitorEdit edit,
                        const json::value& stored, Monitor& into) {
    if (edit == MonitorEdit::create && name == "node_id") {
        if (value.is_null()) return {};
        auto given = text(value, name, 50);
        if (!given) return given.error();
        auto id = node_id(*given, name);
        if (!id) return id.error();
        into.assignment.home = *id;
        return {};
    }
    if (edit == MonitorEdit::create)
        return invalid(name, name + " cannot be given: the system sets it.");
    // Sequence numbers move between a GET and the PUT that answers it.
    if (name == "change_seq" || name == "assignment_epoch" || value == stored) return {};
    return invalid(name, name + " cannot be changed here.");
}

const Field* find_field(std::string_view name) {
    const auto& fields = all_fields();
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& field) {
        return field.name == name || (!field.alias.empty() && field.alias == name);
    });
    return found == fields.end() ? nullptr : &*found;
}

// What a PUT begins with: the defaults, and what is not a setting.
Monitor cleared(const Monitor& stored) {
    Monitor fresh;
    fresh.id = stored.id;
    fresh.user = stored.user;
    fresh.assignment = stored.assignment;
    fresh.change_seq = stored.change_seq;
    fresh.push_token = stored.push_token;
    return fresh;
}

}  // namespace

json::object monitor_to_json(const Monitor& monitor) {
    json::object object = fixed_fields(monitor);
    for (const auto& field : all_fields())
        object[field.name] = std::visit(Writer{monitor}, field.kind);
    return object;
}

json::object beat_to_json(const store::StoredBeat& stored) {
    const auto& beat = stored.beat;
    const bool has_schedule = beat.scheduled_at != WallTime{};
    return {{"id", stored.id},
            {"monitor_id", beat.monitor.value},
            {"status", static_cast<int>(beat.status)},
            {"msg", beat.msg},
            {"time", format_iso_time(beat.time)},
            {"ping", beat.ping ? json::value(beat.ping->count()) : json::value(nullptr)},
            {"important", beat.important},
            {"duration", beat.duration.count()},
            {"down_count", beat.down_count},
            {"retries", beat.retries},
            {"node_id", name_or_null(stored.node)},
            {"response", beat.response.empty() ? json::value(nullptr) : json::value(beat.response)},
            {"epoch", stored.node ? json::value(beat.epoch.value) : json::value(nullptr)},
            {"scheduled_at", has_schedule ? json::value(format_iso_time(beat.scheduled_at))
                                          : json::value(nullptr)}};
}

Result<Monitor> monitor_from_json(const json::object& input, MonitorEdit edit, const Monitor& base,
                                  const std::vector<std::string_view>& types) {
    Monitor monitor = edit == MonitorEdit::replace ? cleared(base) : base;
    const auto fixed = fixed_fields(base);
    std::set<std::string_view> seen;
    for (const auto& [key, value] : input) {
        const std::string name(key.data(), key.size());
        if (const auto* stored = fixed.if_contains(name)) {
            if (auto read = read_fixed(value, name, edit, *stored, monitor); !read)
                return read.error();
            continue;
        }
        const auto* field = find_field(name);
        if (!field) return unknown_field(name);
        if (!seen.insert(field->name).second) {
            return invalid(name,
                           name + " is given twice: " + std::string(field->name) + " is the same.");
        }
        auto read = value.is_null() ? std::visit(NullReader{name, monitor}, field->kind)
                                    : std::visit(Reader{value, name, monitor}, field->kind);
        if (!read) return read.error();
    }
    if (edit != MonitorEdit::patch && !seen.contains("retry_interval")) {
        monitor.retry_interval = monitor.interval;
    }
    if (edit != MonitorEdit::patch && !seen.contains("type")) {
        return invalid("type", "type must be given.");
    }
    // A type that came with an adopted database stays as it is.
    const bool foreign = edit != MonitorEdit::create && monitor.type == base.type &&
                         std::find(types.begin(), types.end(), base.type) == types.end();
    if (foreign) return monitor;
    if (auto good = check_monitor(monitor, types); !good) return good.error();
    return monitor;
}

}  // namespace higuma::api
