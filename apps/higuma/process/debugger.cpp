#include "process/debugger.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "base/result.hpp"

namespace higuma::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kAttachTime = 10s;

bool is_traced() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (word != "TracerPid:") continue;
        int tracer = 0;
        return status >> tracer && tracer != 0;
    }
    return false;
}

pid_t spawn_gdbserver(const std::string& address) {
    const auto self = std::to_string(::getpid());
    std::array<std::string, 5> words{"gdbserver", "--once", "--attach", address, self};
    std::array<char*, 6> arguments{};
    for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
    pid_t child = -1;
    const int error =
        ::posix_spawnp(&child, "gdbserver", nullptr, nullptr, arguments.data(), environ);
    if (error != 0) {
        throw StartupError("DEBUG_PORT: gdbserver cannot be started (Debian package: gdbserver)");
    }
    return child;
}

}  // namespace

void start_debugger(const config::LogConfig& log) {
    if (!log.debug || !log.debugger_port) return;
    const auto address = fmt::format("{}:{}", log.debugger_host, *log.debugger_port);
    spdlog::warn("waits for a debugger: gdb -ex 'target remote {}'", address);
    // A child may otherwise not trace its parent.
    ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    const auto child = spawn_gdbserver(address);
    const auto until = std::chrono::steady_clock::now() + kAttachTime;
    // Stands still in here from the attach until the debugger says to go on.
    while (!is_traced()) {
        int status = 0;
        if (::waitpid(child, &status, WNOHANG) == child) {
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;  // it has detached already
            throw StartupError("DEBUG_PORT: gdbserver cannot attach or listen on " + address);
        }
        if (std::chrono::steady_clock::now() > until) {
            throw StartupError("DEBUG_PORT: gdbserver did not attach within 10 s");
        }
        std::this_thread::sleep_for(10ms);
    }
}

}  // namespace higuma::app
