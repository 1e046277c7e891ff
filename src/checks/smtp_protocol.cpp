#include "checks/smtp_protocol.hpp"

#include <strings.h>

namespace higuma::checks {

std::optional<SmtpLine> parse_smtp_line(std::string_view line) {
    if (line.size() < 3) return std::nullopt;
    int code = 0;
    for (const char c : line.substr(0, 3)) {
        if (c < '0' || c > '9') return std::nullopt;
        code = code * 10 + (c - '0');
    }
    if (code < 200 || code > 599) return std::nullopt;
    if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return std::nullopt;
    return SmtpLine{code, line.size() == 3 || line[3] == ' '};
}

bool offers_starttls(std::string_view reply) {
    constexpr std::string_view kWord = "STARTTLS";
    while (!reply.empty()) {
        const auto end = std::min(reply.find('\n'), reply.size());
        std::string_view line = reply.substr(0, end);
        reply.remove_prefix(std::min(end + 1, reply.size()));
        line.remove_prefix(std::min<std::size_t>(4, line.size()));
        const bool starts = line.size() >= kWord.size() &&
                            strncasecmp(line.data(), kWord.data(), kWord.size()) == 0;
        if (starts && (line.size() == kWord.size() || line[kWord.size()] == ' ')) return true;
    }
    return false;
}

}  // namespace higuma::checks
