// The rule builder of monitors as Uptime Kuma 2.5.3 evaluates it: a list of comparisons and groups
// (`monitor.conditions`), each joined to what stands before it by "and" or "or", from left to
// right. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace higuma::checks {

// What a comparison looks at: a text, or a number such as a count of rows.
using ConditionValue = std::variant<std::string, double>;
using ConditionValues = std::map<std::string, ConditionValue, std::less<>>;

struct Condition {
    bool joined_by_or = false;  // to what stands before it
    // A comparison has a variable and an operator, a group has children.
    std::string variable;
    std::string op;  // "equals", "num_equals", "lt", ...
    std::string value;
    std::vector<Condition> children;
    bool is_group = false;
};

class Conditions {
  public:
    // The column's text. Failures: invalid_input naming `conditions`: no list, nested too deep, an
    // unknown kind or operator, a group of nothing.
    static Result<Conditions> parse(std::string_view json);

    bool empty() const { return list_.empty(); }
    // The variables that comparisons name.
    std::vector<std::string> variables() const;
    // Whether the values meet the conditions; without conditions they do. Failure: invalid_input, a
    // comparison names a variable that is not among the values.
    Result<bool> met_by(const ConditionValues& values) const;

  private:
    std::vector<Condition> list_;
};

}  // namespace higuma::checks
