// What the checks of databases share.
#pragma once

#include <string>

#include "model/monitor.hpp"

namespace higuma::checks {

// The monitor's statement, or "SELECT 1".
std::string query_of(const Monitor& monitor);

}  // namespace higuma::checks
