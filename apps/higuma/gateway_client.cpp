#include "gateway_client.hpp"

#include <boost/json.hpp>

#include "api/http/target.hpp"
#include "base/json_text.hpp"

namespace higuma::app {

namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

// Longer than an action may wait on the gateway.
constexpr auto kAnswerTime = 30s;
constexpr std::size_t kMostBytes = 16 << 20;

std::string hint_for(int status) {
    if (status == 401) return " (--token, or ADMIN_API_TOKEN in the environment)";
    if (status == 404) return " (does --url name a Higuma gateway?)";
    return "";
}

}  // namespace

GatewayClient::GatewayClient(GatewayAccess access, boost::asio::any_io_executor executor)
    : access_(std::move(access)),
      clock_(std::make_shared<SystemClock>()),
      http_(std::move(executor), clock_) {
    while (access_.url.ends_with('/')) access_.url.pop_back();
}

Task<json::value> GatewayClient::get(std::string path) {
    net::HttpRequest request;
    request.url = access_.url + path;
    auto answer = ask(std::move(request));
    co_return co_await std::move(answer);
}

Task<json::value> GatewayClient::post(std::string path, json::object body) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = access_.url + path;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = json_text(body);
    auto answer = ask(std::move(request));
    co_return co_await std::move(answer);
}

Task<json::value> GatewayClient::ask(net::HttpRequest request) {
    request.max_body = kMostBytes;
    request.max_redirects = 0;
    request.bearer_token = access_.token;
    const auto url = request.url;
    const auto answer =
        co_await http_.send(std::move(request), Deadline::after(*clock_, kAnswerTime));
    if (!answer) {
        throw StartupError(url + ": " + answer.error().message +
                           " (is the cluster running? --url names the gateway)");
    }
    boost::system::error_code bad;
    auto value = json::parse(answer->body, bad);
    if (answer->status >= 300) {
        const auto said = bad ? answer->body.substr(0, 200) : text_at(value, "msg");
        throw StartupError(said + hint_for(bad ? answer->status : answer->status == 401 ? 401 : 0));
    }
    if (bad) throw StartupError("the answer is not JSON; does --url name a Higuma gateway?");
    co_return value;
}

const json::value& member(const json::value& object, std::string_view key) {
    static const json::value nothing;
    const auto* found = object.is_object() ? object.get_object().if_contains(key) : nullptr;
    return found == nullptr ? nothing : *found;
}

std::string text_at(const json::value& object, std::string_view key) {
    const auto& found = member(object, key);
    if (found.is_null()) return "-";
    if (found.is_string()) return std::string(found.get_string());
    if (found.is_double()) return fmt::format("{:.1f}", found.get_double());
    return json_text(found);
}

double number_at(const json::value& object, std::string_view key) {
    const auto& found = member(object, key);
    boost::system::error_code bad;
    const double value = found.is_number() ? found.to_number<double>(bad) : 0;
    return bad ? 0 : value;
}

bool flag_at(const json::value& object, std::string_view key) {
    const auto& found = member(object, key);
    return found.is_bool() && found.get_bool();
}

std::string segment(std::string_view text) { return api::percent_encode(text); }

}  // namespace higuma::app
