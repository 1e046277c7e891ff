#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace higuma::app {

namespace {
constexpr std::uint64_t kWidth = 30;
}

std::string progress_line(std::uint64_t done, std::uint64_t total, const std::string& what) {
    done = std::min(done, total);
    const auto share = total == 0 ? kWidth : done * kWidth / total;
    const auto percent = total == 0 ? 100 : done * 100 / total;
    return fmt::format("[{}{}] {:>3} %  {} of {} {}", std::string(share, '#'),
                       std::string(kWidth - share, '-'), percent, done, total, what);
}

Progress::Progress(std::string what) : what_(std::move(what)), bar_(::isatty(STDOUT_FILENO) == 1) {}

Progress::~Progress() {
    if (bar_ && !last_.empty()) std::printf("\n");
}

void Progress::show(std::uint64_t done, std::uint64_t total) {
    const auto line = bar_ ? progress_line(done, total, what_)
                           : fmt::format("{} of {} {}", std::min(done, total), total, what_);
    if (line == last_) return;
    last_ = line;
    std::printf(bar_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
    std::fflush(stdout);
}

}  // namespace higuma::app
