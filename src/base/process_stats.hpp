// What the kernel says of this process: memory, processor time, open files. Read from /proc when
// asked, in some tens of microseconds; what cannot be read is zero.
#pragma once

#include <cstdint>
#include <string_view>

namespace higuma {

struct ProcessStats {
    double cpu_seconds = 0;
    double started_unix_seconds = 0;
    std::uint64_t resident_bytes = 0, virtual_bytes = 0;
    std::uint64_t open_files = 0, most_files = 0;
};

ProcessStats process_stats();

// The fields of /proc/self/stat that are of use; the name in it may hold spaces and brackets.
struct StatFields {
    std::uint64_t cpu_ticks = 0, start_ticks = 0, virtual_bytes = 0, resident_pages = 0;
};
StatFields parse_proc_stat(std::string_view line);

}  // namespace higuma
