#include "net/rdap.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

namespace higuma::net {
namespace json = boost::json;

namespace {

constexpr std::size_t kMaxAnswer = 4 << 20;
constexpr std::chrono::hours kDirectoryAge{24 * 7};
constexpr std::chrono::hours kTryAgain{1};

const json::array* array_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value ? value->if_array() : nullptr;
}

std::string_view text_at(const json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    const auto* text = value ? value->if_string() : nullptr;
    return text ? std::string_view(*text) : std::string_view();
}

bool is_web_address(std::string_view url) {
    return url.starts_with("https://") || url.starts_with("http://");
}

HttpRequest get(std::string url) {
    HttpRequest request;
    request.url = std::move(url);
    request.headers = {{"Accept", "application/rdap+json, application/json"},
                       {"User-Agent", "Higuma"}};
    request.max_body = kMaxAnswer;
    request.max_download = kMaxAnswer;
    return request;
}

// Takes digits off the front; none when there are fewer.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
    if (text.size() < digits) return std::nullopt;
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
    if (error != std::errc{} || end != text.data() + digits || value < 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, std::string_view any_of) {
    if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
    text.remove_prefix(1);
    return true;
}

// "Z", "+02:00", "-0130" or nothing, which is UTC.
std::optional<std::chrono::minutes> take_offset(std::string_view text) {
    if (text.empty() || text == "Z" || text == "z") return std::chrono::minutes{0};
    const bool west = text.front() == '-';
    if (!take(text, "+-")) return std::nullopt;
    const auto hours = take_number(text, 2);
    take(text, ":");
    const auto minutes = take_number(text, 2);
    if (!hours || !minutes || !text.empty()) return std::nullopt;
    return std::chrono::minutes{(west ? -1 : 1) * (*hours * 60 + *minutes)};
}

}  // namespace

Result<RdapDirectory> RdapDirectory::parse(std::string_view text) {
    boost::system::error_code error;
    const auto parsed = json::parse(text, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* services = object ? array_at(*object, "services") : nullptr;
    if (!services) return invalid("", "the directory of RDAP servers is not what IANA publishes");
    RdapDirectory directory;
    for (const auto& service : *services) {
        const auto* pair = service.if_array();
        if (!pair || pair->size() != 2 || !pair->at(0).is_array() || !pair->at(1).is_array()) {
            continue;
        }
        const auto& urls = pair->at(1).get_array();
        const auto* url = urls.empty() ? nullptr : urls.front().if_string();
        if (!url || !is_web_address(*url)) continue;
        std::string base(*url);
        if (base.back() != '/') base += '/';
        for (const auto& domain : pair->at(0).get_array()) {
            if (const auto* name = domain.if_string())
                directory.servers_[std::string(*name)] = base;
        }
    }
    return directory;
}

std::optional<std::string> RdapDirectory::server_of(const std::string& domain) const {
    const std::size_t dot = domain.rfind('.');
    const auto found = servers_.find(std::string_view(domain).substr(dot + 1));
    if (found == servers_.end()) return std::nullopt;
    return found->second;
}

std::optional<WallTime> rdap_time(std::string_view text) {
    const auto year = take_number(text, 4);
    if (!year || !take(text, "-")) return std::nullopt;
    const auto month = take_number(text, 2);
    if (!month || !take(text, "-")) return std::nullopt;
    const auto day = take_number(text, 2);
    if (!day) return std::nullopt;
    const std::chrono::year_month_day date{std::chrono::year{*year},
                                           std::chrono::month{static_cast<unsigned>(*month)},
                                           std::chrono::day{static_cast<unsigned>(*day)}};
    if (!date.ok()) return std::nullopt;
    const std::chrono::sys_days midnight(date);
    if (text.empty()) return WallTime{midnight};
    if (!take(text, "Tt ")) return std::nullopt;
    const auto hours = take_number(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = take_number(text, 2);
    if (!minutes || !take(text, ":")) return std::nullopt;
    const auto seconds = take_number(text, 2);
    if (!seconds || *hours > 24 || *minutes > 59 || *seconds > 60) return std::nullopt;
    if (take(text, ".,")) {
        text.remove_prefix(std::min(text.find_first_not_of("0123456789"), text.size()));
    }
    const auto offset = take_offset(text);
    if (!offset) return std::nullopt;
    return WallTime{midnight + std::chrono::hours{*hours} + std::chrono::minutes{*minutes} +
                    Seconds{*seconds} - *offset};
}

std::optional<WallTime> rdap_expiry(std::string_view answer) {
    boost::system::error_code error;
    const auto parsed = json::parse(answer, error);
    const auto* object = error ? nullptr : parsed.if_object();
    const auto* events = object ? array_at(*object, "events") : nullptr;
    if (!events) return std::nullopt;
    for (const auto& event : *events) {
        const auto* entry = event.if_object();
        if (!entry || text_at(*entry, "eventAction") != "expiration") continue;
        return rdap_time(text_at(*entry, "eventDate"));
    }
    return std::nullopt;
}

RdapClient::RdapClient(HttpClient& http, std::shared_ptr<const Clock> clock,
                       std::string directory_url)
    : http_(http), clock_(std::move(clock)), directory_url_(std::move(directory_url)) {}

Task<Result<void>> RdapClient::read_directory(Deadline deadline) {
    const auto response = co_await http_.send(get(directory_url_), deadline);
    read_again_ = clock_->now() + kTryAgain;
    if (!response) co_return response.error();
    constexpr int kOk = 200;
    if (response->status != kOk) {
        co_return Failure{
            ErrorKind::unavailable,
            fmt::format("the directory of RDAP servers answers with status {}", response->status),
            ""};
    }
    auto directory = RdapDirectory::parse(response->body);
    if (!directory) co_return directory.error();
    directory_ = std::move(*directory);
    read_again_ = clock_->now() + kDirectoryAge;
    co_return boost::system::in_place_value;
}

Task<Result<std::optional<WallTime>>> RdapClient::expiry(std::string domain, Deadline deadline) {
    if (clock_->now() >= read_again_) {
        const auto read = co_await read_directory(deadline);
        if (!read && !directory_) co_return read.error();
    }
    if (!directory_) {
        co_return Failure{ErrorKind::unavailable, "the directory of RDAP servers is not there", ""};
    }
    const auto server = directory_->server_of(domain);
    if (!server) {
        co_return Failure{ErrorKind::not_found, "the registry of " + domain + " has no RDAP server",
                          ""};
    }
    const auto response = co_await http_.send(get(*server + "domain/" + domain), deadline);
    if (!response) co_return response.error();
    constexpr int kOk = 200;
    if (response->status != kOk) {
        co_return Failure{ErrorKind::unavailable,
                          fmt::format("the RDAP server answers with status {}", response->status),
                          ""};
    }
    co_return rdap_expiry(response->body);
}

}  // namespace higuma::net
