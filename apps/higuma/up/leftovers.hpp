// Processes of an earlier `up` on the same data that was killed: they are ending by themselves, and
// a new cluster must not start beside them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime.hpp"

namespace higuma::app {

// Processes of ours (mariadbd, nginx, higuma) that work in this data folder.
std::vector<pid_t> find_leftovers(const std::string& data_folder);

// Waits for them to end; asks with SIGTERM, and with SIGKILL after a while.
Task<> end_leftovers(std::string data_folder, std::shared_ptr<StopSignal> stop);

}  // namespace higuma::app
