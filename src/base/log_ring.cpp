#include "base/log_ring.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace higuma {

namespace {

constexpr std::string_view kBlack = "***";
// What introduces a secret, in lower case; the secret goes on to a blank, a quote or a separator.
constexpr std::array<std::string_view, 9> kIntroductions{
    "bearer ", "basic ",  "password=", "password\":\"",  "passwd=",
    "token=",  "secret=", "api_key=",  "authorization: "};
constexpr std::string_view kEnds = " \t\r\n\"'&;,)}<>";

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

void black_out_all(std::string& line, std::string_view secret) {
    if (secret.empty()) return;
    for (auto at = line.find(secret); at != std::string::npos;
         at = line.find(secret, at + kBlack.size())) {
        line.replace(at, secret.size(), kBlack);
    }
}

void black_out_after(std::string& line, std::string_view introduction) {
    for (std::size_t from = 0;;) {
        const auto at = lower(line).find(introduction, from);
        if (at == std::string::npos) return;
        const auto begin = at + introduction.size();
        const auto end = std::min(line.find_first_of(kEnds, begin), line.size());
        const bool scheme = end < line.size() && line[end] == ' ' && introduction.back() == ' ' &&
                            introduction.starts_with("authorization");
        if (!scheme && end > begin) line.replace(begin, end - begin, kBlack);
        from = begin + kBlack.size();
        if (from >= line.size()) return;
    }
}

// "mysql://kuma:secret@db" -> "mysql://kuma:***@db"
void black_out_passwords_of_urls(std::string& line) {
    for (auto at = line.find("://"); at != std::string::npos; at = line.find("://", at + 3)) {
        const auto end = std::min(line.find_first_of(" /?\"'", at + 3), line.size());
        const auto sign = line.rfind('@', end);
        const auto colon = line.find(':', at + 3);
        if (sign == std::string::npos || sign < at || colon > sign) continue;
        line.replace(colon + 1, sign - colon - 1, kBlack);
    }
}

}  // namespace

std::string without_secrets(std::string_view line, const std::vector<std::string>& secrets) {
    std::string out(line);
    for (const auto& secret : secrets) black_out_all(out, secret);
    for (const auto introduction : kIntroductions) black_out_after(out, introduction);
    black_out_passwords_of_urls(out);
    return out;
}

void LogRing::sink_it_(const spdlog::details::log_msg& message) {
    // Cut behind the secrets, so that no beginning of one stays.
    const std::string_view text(message.payload.data(),
                                std::min(message.payload.size(), 2 * kLineBytes));
    const auto level = spdlog::level::to_string_view(message.level);
    Line line;
    line.time = std::chrono::floor<Millis>(message.time);
    line.level = std::string(level.data(), level.size());
    line.text = without_secrets(text, secrets_).substr(0, kLineBytes);
    if (lines_.size() >= kLines) lines_.pop_front();
    lines_.push_back(std::move(line));
}

std::size_t LogRing::size() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
}

std::vector<LogRing::Line> LogRing::last(std::size_t count) {
    const std::lock_guard lock(mutex_);
    const auto skip = lines_.size() > count ? lines_.size() - count : 0;
    return {lines_.begin() + static_cast<std::ptrdiff_t>(skip), lines_.end()};
}

}  // namespace higuma
