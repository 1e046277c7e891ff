#include "api/action_body.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>

namespace higuma::api {

namespace json = boost::json;

namespace {
constexpr std::int64_t kMaxDatabaseId = 4'294'967'295;
constexpr std::size_t kLongestNodeId = 50;
constexpr std::size_t kLongestReason = 500;
}  // namespace

ActionBody::ActionBody(const Request& request) {
    if (request.body.empty()) return;
    auto object = parse_object(request.body);
    if (object) {
        left_ = std::move(*object);
    } else {
        refuse(object.error());
    }
}

void ActionBody::refuse(Failure failure) {
    if (!fault_) fault_ = std::move(failure);
}

std::optional<Failure> ActionBody::fault() const {
    if (fault_ || left_.empty()) return fault_;
    return unknown_field(left_.begin()->key());
}

std::optional<json::value> ActionBody::take(const std::string& field) {
    const auto found = left_.find(field);
    if (found == left_.end()) return std::nullopt;
    auto value = std::move(found->value());
    left_.erase(found);
    if (value.is_null()) return std::nullopt;
    return value;
}

std::string ActionBody::text(const std::string& field, std::size_t most) {
    const auto value = take(field);
    if (!value) return "";
    auto given = api::text(*value, field, most);
    if (given) return std::move(*given);
    refuse(given.error());
    return "";
}

std::string ActionBody::reason() { return text("reason", kLongestReason); }

std::optional<NodeId> ActionBody::node(const std::string& field) {
    const auto value = take(field);
    if (!value) return std::nullopt;
    const auto given = api::text(*value, field, kLongestNodeId);
    auto id = given ? node_id(*given, field) : Result<NodeId>(given.error());
    if (id) return std::move(*id);
    refuse(id.error());
    return std::nullopt;
}

std::optional<bool> ActionBody::flag(const std::string& field) {
    const auto value = take(field);
    if (!value) return std::nullopt;
    const auto given = boolean(*value, field);
    if (given) return *given;
    refuse(given.error());
    return std::nullopt;
}

std::optional<std::int64_t> ActionBody::number(const std::string& field, std::int64_t least,
                                               std::int64_t most) {
    const auto value = take(field);
    if (!value) return std::nullopt;
    const auto given = whole_number(*value, field, least, most);
    if (given) return *given;
    refuse(given.error());
    return std::nullopt;
}

std::vector<MonitorId> ActionBody::monitors(const std::string& field, std::size_t most) {
    std::vector<MonitorId> ids;
    const auto value = take(field);
    if (!value || !value->is_array() || value->get_array().empty() ||
        value->get_array().size() > most) {
        refuse(invalid(field, fmt::format("{} must be a list of 1 to {} ids.", field, most)));
        return ids;
    }
    for (const auto& item : value->get_array()) {
        const auto id = whole_number(item, field, 1, kMaxDatabaseId);
        if (!id) {
            refuse(id.error());
            return {};
        }
        ids.push_back({*id});
    }
    return ids;
}

}  // namespace higuma::api
