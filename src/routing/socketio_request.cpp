#include "routing/socketio_request.hpp"

#include "routing/table_format.hpp"

namespace higuma::routing {
namespace {

// The value of the first parameter of that name, undecoded.
std::string_view parameter_of(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto end = query.find('&');
        const auto part = query.substr(0, end);
        if (part.size() > name.size() && part.starts_with(name) && part[name.size()] == '=') {
            return part.substr(name.size() + 1);
        }
        if (end == std::string_view::npos) break;
        query.remove_prefix(end + 1);
    }
    return {};
}

// The random part has no dot, node ids may.
std::string_view node_name_in(std::string_view session_id) {
    const auto dot = session_id.find('.');
    if (dot == std::string_view::npos || dot == 0) return {};
    const auto name = session_id.substr(dot + 1);
    return is_valid_name(name) ? name : std::string_view{};
}

}  // namespace

SocketioRequest parse_socketio(std::string_view path, std::string_view query) {
    constexpr std::string_view kPath = "/socket.io/";
    if (!path.starts_with(kPath)) return {};
    const auto session_id = parameter_of(query, "sid");
    return {true, !session_id.empty(), node_name_in(session_id)};
}

}  // namespace higuma::routing
