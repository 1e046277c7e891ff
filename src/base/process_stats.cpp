#include "base/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace higuma {

namespace {

// Of proc(5), counted from the state behind the name.
constexpr std::size_t kUserTicks = 11, kSystemTicks = 12, kStartTicks = 19, kVirtualBytes = 20,
                      kResidentPages = 21;

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

double boot_unix_seconds() {
    std::ifstream file("/proc/stat");
    std::string word;
    double seconds = 0;
    while (file >> word) {
        if (word == "btime" && file >> seconds) return seconds;
    }
    return 0;
}

std::uint64_t count_open_files() {
    std::error_code error;
    const std::filesystem::directory_iterator files("/proc/self/fd", error);
    if (error) return 0;
    // One of them is the folder's own.
    return static_cast<std::uint64_t>(std::distance(begin(files), end(files))) - 1;
}

}  // namespace

StatFields parse_proc_stat(std::string_view line) {
    const auto name_end = line.rfind(')');
    if (name_end == std::string_view::npos) return {};
    std::istringstream rest{std::string(line.substr(name_end + 1))};
    std::vector<std::string> fields;
    for (std::string field; rest >> field;) fields.push_back(field);
    if (fields.size() <= kResidentPages) return {};
    const auto number = [&](std::size_t at) {
        return std::strtoull(fields[at].c_str(), nullptr, 10);
    };
    return {number(kUserTicks) + number(kSystemTicks), number(kStartTicks), number(kVirtualBytes),
            number(kResidentPages)};
}

ProcessStats process_stats() {
    const auto fields = parse_proc_stat(first_line("/proc/self/stat"));
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    ProcessStats stats;
    stats.cpu_seconds = static_cast<double>(fields.cpu_ticks) / ticks;
    stats.started_unix_seconds =
        boot_unix_seconds() + static_cast<double>(fields.start_ticks) / ticks;
    stats.virtual_bytes = fields.virtual_bytes;
    stats.resident_bytes =
        fields.resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    stats.open_files = count_open_files();
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) == 0) stats.most_files = files.rlim_cur;
    return stats;
}

}  // namespace higuma
