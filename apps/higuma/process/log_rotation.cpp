#include "process/log_rotation.hpp"

#include <csignal>
#include <filesystem>

#include "process/nginx_keeper.hpp"

namespace higuma::app {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::uintmax_t kLimitBytes = 64 * 1024 * 1024;
constexpr auto kLookEvery = 10s;

bool rename_if_full(const fs::path& log) {
    std::error_code error;
    const auto size = fs::file_size(log, error);
    if (error || size < kLimitBytes) return false;
    fs::rename(log, log.string() + ".1", error);
    return !error;
}

}  // namespace

Task<> rotate_nginx_logs(boost::asio::any_io_executor executor, GatewayPaths paths,
                         std::shared_ptr<StopSignal> stop) {
    while (!stop->requested()) {
        bool renamed = false;
        for (const auto* name : {"nginx-access.log", "nginx-error.log"}) {
            renamed = rename_if_full(fs::path(paths.log_folder) / name) || renamed;
        }
        const auto nginx = renamed ? running_nginx(paths) : std::nullopt;
        if (nginx) ::kill(*nginx, SIGUSR1);
        co_await pause(executor, stop->requested() ? 0s : kLookEvery);
    }
}

}  // namespace higuma::app
