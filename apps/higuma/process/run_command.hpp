// A short command run to its end, with what it said.
#pragma once

#include <string>

namespace higuma::app {

struct CommandResult {
    bool succeeded = false;
    std::string output;  // standard output and error
};

// Blocks. `command` is for the shell; quote what comes from outside with shell_quoted.
CommandResult run_command(const std::string& command);
std::string shell_quoted(const std::string& text);

}  // namespace higuma::app
