// How many files a process of ours may have open. Shells start programs with a soft limit of 1,024,
// which a node with two thousand checks under way would meet.
#pragma once

#include <cstdint>

namespace higuma::app {

// What the system grants without privileges, up to a bound that is enough for everybody.
std::uint64_t most_open_files();
// Raises this process's soft limit to that.
void raise_open_files();

}  // namespace higuma::app
