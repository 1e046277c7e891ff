#include "api/http/router.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace higuma::api {
namespace {

bool is_capture(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

std::vector<std::string> split(std::string_view pattern) {
    std::vector<std::string> segments;
    while (!pattern.empty()) {
        pattern.remove_prefix(1);  // the slash
        const auto end = std::min(pattern.find('/'), pattern.size());
        segments.emplace_back(pattern.substr(0, end));
        pattern.remove_prefix(end);
    }
    return segments;
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::vector<std::string> captures;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (is_capture(pattern[i])) {
            if (path[i].empty()) return std::nullopt;
            captures.push_back(path[i]);
        } else if (pattern[i] != path[i]) {
            return std::nullopt;
        }
    }
    return captures;
}

std::string join(const std::set<std::string>& methods) {
    std::string text;
    for (const auto& method : methods) text += (text.empty() ? "" : ", ") + method;
    return text;
}

}  // namespace

Router::Router(std::vector<Endpoint> endpoints) {
    for (auto& endpoint : endpoints) {
        invariant(endpoint.pattern.starts_with('/'), "an endpoint's pattern begins with a slash");
        routes_.push_back(
            {std::move(endpoint.method), split(endpoint.pattern), std::move(endpoint.handler)});
    }
    const auto captures = [](const Route& route) {
        return std::count_if(route.segments.begin(), route.segments.end(), is_capture);
    };
    std::stable_sort(routes_.begin(), routes_.end(),
                     [&](const Route& a, const Route& b) { return captures(a) < captures(b); });
}

Router::Match Router::find(std::string_view method,
                           const std::vector<std::string>& segments) const {
    std::set<std::string> methods;
    Match by_get;  // what would answer a HEAD
    for (const auto& route : routes_) {
        auto captures = match(route.segments, segments);
        if (!captures) continue;
        if (route.method == method || route.method == "*") {
            return {&route.handler, std::move(*captures), ""};
        }
        methods.insert(route.method);
        if (route.method != "GET") continue;
        methods.insert("HEAD");
        if (!by_get.handler) by_get = {&route.handler, std::move(*captures), ""};
    }
    if (method == "HEAD" && by_get.handler) return by_get;
    return {nullptr, {}, join(methods)};
}

}  // namespace higuma::api
