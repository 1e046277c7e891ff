// One logger for the process, set up once by apps/. Lines go to standard error, as
// "2026-11-22T10:41:29.862Z info node1: text".
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace higuma {

// `level`: trace, debug, info, warn, error. `who` is printed in front of each line.
// `also` gets every line, too.
void init_log(const std::string& who, const std::string& level, spdlog::sink_ptr also = nullptr);

}  // namespace higuma
