#include <boost/json/object.hpp>

#include "api/http/server.hpp"
#include "base/json_text.hpp"
#include "base/log.hpp"

namespace higuma::api {
namespace {

std::optional<std::string> find_in(const std::vector<std::pair<std::string, std::string>>& pairs,
                                   std::string_view name) {
    for (const auto& [key, value] : pairs) {
        if (key == name) return value;
    }
    return std::nullopt;
}

int status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::invalid_input:
            return 400;
        case ErrorKind::unauthorized:
            return 401;
        case ErrorKind::forbidden:
            return 403;
        case ErrorKind::not_found:
            return 404;
        case ErrorKind::conflict:
            return 409;
        case ErrorKind::stale:
            return 409;
        case ErrorKind::too_large:
            return 413;
        case ErrorKind::overloaded:
            return 429;
        case ErrorKind::timeout:
            return 503;
        case ErrorKind::unavailable:
            return 503;
        case ErrorKind::denied:
            return 503;
        case ErrorKind::internal:
            return 500;
    }
    return 500;
}

}  // namespace

std::optional<std::string> Request::header(std::string_view lower_case_name) const {
    return find_in(headers, lower_case_name);
}

std::optional<std::string> Request::parameter(std::string_view name) const {
    return find_in(query, name);
}

Response Response::json(const boost::json::value& value, int status) {
    Response response;
    response.status = status;
    response.body = json_text(value);
    response.headers.emplace_back("Cache-Control", "no-store");
    return response;
}

Response Response::text(std::string body, std::string content_type, int status) {
    Response response;
    response.status = status;
    response.content_type = std::move(content_type);
    response.body = std::move(body);
    return response;
}

Response failure_response(const Failure& failure) {
    boost::json::object body{{"ok", false}, {"msg", failure.message}};
    if (failure.kind == ErrorKind::internal) {
        // What broke is for the log: it may hold SQL or paths.
        spdlog::error("internal failure: {}", failure.message);
        body["msg"] = "Internal error.";
    }
    if (!failure.field.empty()) body["field"] = failure.field;
    auto response = Response::json(body, status_of(failure.kind));
    if (response.status == 503) response.headers.emplace_back("Retry-After", "2");
    if (response.status == 429) response.headers.emplace_back("Retry-After", "30");
    if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
}

}  // namespace higuma::api
