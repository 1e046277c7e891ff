#include "process/open_files.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace higuma::app {

std::uint64_t most_open_files() {
    constexpr rlim_t kEnough = 65'536;
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return std::min(limit.rlim_max, kEnough);
}

void raise_open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::max<rlim_t>(limit.rlim_cur, most_open_files());
    ::setrlimit(RLIMIT_NOFILE, &limit);  // where it is refused, the old limit stays
}

}  // namespace higuma::app
