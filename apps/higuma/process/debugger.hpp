// Lets a developer look at a process from its first line on: gdbserver attaches to it at the start
// and holds it until a debugger says to go on.
#pragma once

#include "config/config.hpp"

namespace higuma::app {

// Does nothing unless DEBUG_ENABLED and DEBUG_PORT are set. Throws StartupError when gdbserver is
// not installed or cannot attach.
void start_debugger(const config::LogConfig& log);

}  // namespace higuma::app
