#include "checks/oauth_tokens.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

#include "net/wake_up.hpp"

namespace higuma::checks {

namespace {

constexpr std::size_t kMaxTokens = 10'000;
constexpr std::size_t kMaxTokenAnswer = 256 << 10;
constexpr Seconds kTokenTimeout{10};
constexpr Seconds kLongestKept{86'400};  // also of a token that tells no lifetime
constexpr Seconds kClockTolerance{5};    // a token is not used in its last moments

std::string form_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '*';
        if (plain) {
            encoded += c;
        } else if (c == ' ') {
            encoded += '+';
        } else {
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return encoded;
}

std::string text_member(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string(text->data(), text->size()) : std::string();
}

bool fits_a_header(const std::string& text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

std::optional<Seconds> lifetime_of(const boost::json::object& object) {
    const auto* value = object.if_contains("expires_in");
    if (!value || !value->is_number()) return std::nullopt;
    const double seconds = value->to_number<double>();
    if (!(seconds >= 0)) return Seconds{0};
    return Seconds{static_cast<std::int64_t>(std::min(seconds, 1e9))};
}

}  // namespace

std::string OAuthClient::key() const {
    std::string key;
    for (const auto* part : {&token_url, &id, &secret, &scopes, &audience}) {
        key += fmt::format("{}:{}", part->size(), *part);
    }
    return key + (secret_in_body ? "p" : "b") + (verify_tls ? "v" : "i");
}

OAuthClient oauth_client_of(const Monitor& monitor) {
    const auto text = [&monitor](Option option) {
        return std::string(monitor.options.text(option));
    };
    OAuthClient client;
    client.token_url = text(Option::oauth_token_url);
    client.id = text(Option::oauth_client_id);
    client.secret = text(Option::oauth_client_secret);
    client.scopes = text(Option::oauth_scopes);
    client.audience = text(Option::oauth_audience);
    client.secret_in_body = text(Option::oauth_auth_method) == "client_secret_post";
    client.verify_tls = !monitor.ignore_tls;
    return client;
}

net::HttpRequest token_request(const OAuthClient& client) {
    net::HttpRequest request;
    request.method = "POST";
    request.url = client.token_url;
    request.headers = {{"Accept", "application/json"},
                       {"Content-Type", "application/x-www-form-urlencoded"}};
    request.body = "grant_type=client_credentials";
    const auto add = [&request](std::string_view name, const std::string& value) {
        if (!value.empty()) request.body += fmt::format("&{}={}", name, form_encoded(value));
    };
    add("scope", client.scopes);
    add("audience", client.audience);
    if (client.secret_in_body) {
        add("client_id", client.id);
        add("client_secret", client.secret);
    } else {
        request.basic_user = form_encoded(client.id);
        request.basic_password = form_encoded(client.secret);
    }
    request.verify_tls = client.verify_tls;
    request.max_redirects = 0;  // the secret goes to the address that the user named
    request.max_body = kMaxTokenAnswer;
    request.max_download = kMaxTokenAnswer;
    request.fresh_connection = true;
    return request;
}

Result<AccessToken> token_of(const net::HttpResponse& response) {
    const auto failed = [](std::string message) {
        return Failure{ErrorKind::unavailable, std::move(message), ""};
    };
    boost::system::error_code error;
    const auto parsed = boost::json::parse(response.body, error);
    const auto* object = error ? nullptr : parsed.if_object();
    constexpr int kOk = 200;
    if (response.status != kOk) {
        constexpr std::size_t kMost = 200;
        const std::string name = object ? text_member(*object, "error") : "";
        if (name.empty()) {
            return failed(
                fmt::format("expected 200 OK, got: {} {}", response.status, response.reason));
        }
        const std::string about = text_member(*object, "error_description");
        return failed(
            (about.empty() ? name : fmt::format("{} ({})", name, about)).substr(0, kMost));
    }
    if (!object) return failed("the answer of the token's address is not JSON");
    AccessToken token{text_member(*object, "token_type"), text_member(*object, "access_token"),
                      lifetime_of(*object)};
    if (token.text.empty() || !fits_a_header(token.text) || !fits_a_header(token.type)) {
        return failed("the answer of the token's address holds no access_token");
    }
    if (token.type.empty()) token.type = "Bearer";
    return token;
}

struct OAuthTokens::Entry {
    std::optional<AccessToken> token;
    Instant made{}, expires{};
    bool asking = false;
    std::vector<net::WakeUp*> waiting;  // each is removed by its waiter
};

// Somebody's turn to ask; whatever ends it, the next one is woken.
struct OAuthTokens::Turn {
    explicit Turn(std::shared_ptr<Entry> e) : entry(std::move(e)) { entry->asking = true; }
    ~Turn() {
        entry->asking = false;
        for (net::WakeUp* waiter : entry->waiting) waiter->notify();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    std::shared_ptr<Entry> entry;
};

OAuthTokens::OAuthTokens(boost::asio::any_io_executor executor, net::HttpClient& http,
                         const Clock& clock)
    : executor_(executor), http_(http), clock_(clock) {}
OAuthTokens::~OAuthTokens() = default;

Task<Result<AccessToken>> OAuthTokens::get(OAuthClient client, std::optional<net::HttpProxy> proxy,
                                           Deadline deadline) {
    make_room();
    auto& slot = entries_[client.key()];
    if (!slot) slot = std::make_shared<Entry>();
    const std::shared_ptr<Entry> entry = slot;
    while (entry->asking) {
        net::WakeUp wake(executor_);
        entry->waiting.push_back(&wake);
        const net::Woken woken = co_await wake.wait(clock_, deadline);
        std::erase(entry->waiting, &wake);
        if (woken == net::Woken::by_deadline) {
            co_return Failure{ErrorKind::timeout, "no token in time", ""};
        }
        if (woken == net::Woken::by_cancel) {
            co_return Failure{ErrorKind::unavailable, "cancelled", ""};
        }
    }
    if (entry->token && clock_.now() < entry->expires) co_return *entry->token;
    entry->token.reset();
    const Turn turn(entry);
    ++requests_;
    net::HttpRequest request = token_request(client);
    request.proxy = std::move(proxy);
    const Deadline own{std::min(deadline.at, clock_.now() + kTokenTimeout)};
    const auto response = co_await http_.send(std::move(request), own);
    if (!response) co_return response.error();
    auto token = token_of(*response);
    if (!token) co_return token.error();
    entry->made = clock_.now();
    const Seconds lifetime = std::min(token->lifetime.value_or(kLongestKept), kLongestKept);
    entry->expires = entry->made + std::max(lifetime - kClockTolerance, Seconds{0});
    entry->token = *token;
    co_return token;
}

void OAuthTokens::drop(const OAuthClient& client, const std::string& token) {
    const auto found = entries_.find(client.key());
    if (found == entries_.end() || !found->second->token) return;
    if (found->second->token->text == token) found->second->token.reset();
}

void OAuthTokens::make_room() {
    if (entries_.size() < kMaxTokens) return;
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
        if (entry->second->asking) continue;
        if (oldest == entries_.end() || entry->second->made < oldest->second->made) oldest = entry;
    }
    if (oldest == entries_.end()) return;
    ++dropped_;
    entries_.erase(oldest);
}

OAuthTokens::Stats OAuthTokens::stats() const {
    return {entries_.size(), kMaxTokens, requests_, dropped_};
}

}  // namespace higuma::checks
