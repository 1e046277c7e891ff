#include "engine/start_queue.hpp"

#include <string_view>

namespace higuma::engine {

namespace {

// The host of "scheme://user:password@host:port/path"; all of it where there is none of the rest.
std::string_view host_in(std::string_view text) {
    if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
        text.remove_prefix(scheme + 3);
    }
    text = text.substr(0, text.find_first_of("/?#"));
    if (const auto at = text.rfind('@'); at != std::string_view::npos) text.remove_prefix(at + 1);
    if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
    // More than one colon: an address of IPv6 without a port.
    const auto colon = text.find(':');
    if (colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
        text = text.substr(0, colon);
    }
    return text;
}

HostKey hash_of(std::string_view host) {  // FNV-1a, of small letters
    HostKey hash = 0xcbf29ce484222325ULL;
    for (const char c : host) {
        const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
        hash = (hash ^ static_cast<unsigned char>(small)) * 0x100000001b3ULL;
    }
    return hash;
}

}  // namespace

HostKey host_key_of(const Monitor& monitor) {
    // The URL is a left-over in the types that go by host name.
    const bool by_url = monitor.type == "http" || monitor.type == "keyword" ||
                        monitor.type == "json-query" || monitor.type == "websocket-upgrade";
    std::string_view host;
    if (by_url) host = host_in(monitor.url);
    if (host.empty()) host = host_in(monitor.options.text(Option::database_connection_string));
    if (host.empty()) host = host_in(monitor.hostname);
    if (host.empty()) return hash_of("monitor " + std::to_string(monitor.id.value));
    return hash_of(host);
}

void StartQueue::add(const WaitingStart& start) {
    if (places_.contains(start.monitor)) return;
    Host& host = hosts_[start.host];
    const Lane lane = lane_of(start);
    auto& starts = host.lines[lane].starts;
    starts.push_back(start);
    places_[start.monitor] = {start.host, lane, std::prev(starts.end())};
    settle(start.host, host);
}

void StartQueue::erase(MonitorId monitor) {
    const auto place = places_.find(monitor);
    if (place == places_.end()) return;
    const HostKey key = place->second.host;
    Host& host = hosts_.at(key);
    host.lines[place->second.lane].starts.erase(place->second.at);
    places_.erase(place);
    settle(key, host);
}

// The lanes take turns too, where both may start.
std::optional<WaitingStart> StartQueue::next() {
    if (under_way_ >= limits_.all) return std::nullopt;
    const Lane other = last_lane_ == quick ? slow : quick;
    for (const Lane lane : {other, last_lane_}) {
        if (may_start(lane)) return start_from(lane);
    }
    return std::nullopt;
}

WaitingStart StartQueue::start_from(Lane lane) {
    last_lane_ = lane;
    auto& turns = turns_[lane];
    const HostKey key = turns.front();
    turns.splice(turns.end(), turns, turns.begin());
    Host& host = hosts_.at(key);
    auto& starts = host.lines[lane].starts;
    const WaitingStart start = starts.front();
    starts.pop_front();
    places_.erase(start.monitor);
    ++under_way_;
    if (lane == slow) ++slow_under_way_;
    if (++host.under_way == limits_.of_host) ++full_hosts_;
    settle(key, host);
    return start;
}

void StartQueue::ended(const WaitingStart& start) {
    Host& host = hosts_.at(start.host);
    --under_way_;
    if (start.slow) --slow_under_way_;
    if (host.under_way-- == limits_.of_host) --full_hosts_;
    settle(start.host, host);
}

// Into or out of the rounds, as it has something waiting and room for it; a host that has nothing
// at all is forgotten.
void StartQueue::settle(HostKey key, Host& host) {
    bool waits = false;
    for (const Lane lane : {quick, slow}) {
        Line& line = host.lines[lane];
        waits = waits || !line.starts.empty();
        const bool wanted = !line.starts.empty() && host.under_way < limits_.of_host;
        if (wanted == line.in_turn) continue;
        line.in_turn = wanted;
        if (wanted) {
            line.turn = turns_[lane].insert(turns_[lane].end(), key);
        } else {
            turns_[lane].erase(line.turn);
        }
    }
    if (!waits && host.under_way == 0) hosts_.erase(key);
}

}  // namespace higuma::engine
