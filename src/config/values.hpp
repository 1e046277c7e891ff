// Kinds of setting values: how the text of one is read, written, and described to a person.
// A reader answers none for text that is not of its kind; the caller knows how to name the setting.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "policy/routing_choice.hpp"

namespace higuma::config {

template <class T>
struct Kind {
    std::string expected;  // completes "expected ..."
    std::function<std::optional<T>(std::string_view)> read;
    std::function<std::string(const T&)> write;
};

// The unit of a number without one.
enum class BareUnit { seconds, millis };

Kind<bool> boolean();
Kind<int> whole_number(int least, int most);
// "30", "0.5", "500ms", "30s", "5m", "1h".
Kind<Millis> duration(BareUnit bare, Millis least, Millis most);
Kind<std::string> text();           // one line, not empty
Kind<std::string> word();           // no blanks: names, hosts, tokens
Kind<std::string> secret_text();    // anything
Kind<std::string> folder();         // a path
Kind<std::string> url_path();       // "/api/v1/health"
Kind<std::string> host_and_port();  // "node1:3001", "[::1]:3001"
Kind<std::string> resolver();       // "system" (empty), "127.0.0.11", "127.0.0.1:5353"
Kind<double> percent();             // 0 to 100, with a fraction
Kind<std::string> log_level();
Kind<std::string> node_name();  // a node id as text
Kind<NodeId> node_id();
Kind<std::set<int>> status_codes();               // "200,429", "200-299"
Kind<std::vector<std::string>> address_ranges();  // "10.0.0.0/8,::1"
Kind<policy::Algorithm> algorithm();

// The same kind where none is a value of its own.
template <class T>
Kind<std::optional<T>> optional_of(Kind<T> kind) {
    return {kind.expected,
            [read = kind.read](std::string_view value) -> std::optional<std::optional<T>> {
                auto inner = read(value);
                if (!inner) return std::nullopt;
                return std::optional<std::optional<T>>{std::move(inner)};
            },
            [write = kind.write](const std::optional<T>& value) {
                return value ? write(*value) : std::string();
            }};
}

}  // namespace higuma::config
