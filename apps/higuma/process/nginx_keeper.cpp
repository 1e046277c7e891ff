#include "process/nginx_keeper.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>

#include "process/supervisor.hpp"
#include "runtime.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

std::optional<pid_t> running_nginx(const GatewayPaths& paths) {
    pid_t pid = 0;
    if (!(std::ifstream(paths.nginx_pid) >> pid) || pid <= 1) return std::nullopt;
    std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    // A pid may belong to another program by now.
    if (command.find("nginx") == std::string::npos ||
        command.find(paths.nginx_conf) == std::string::npos) {
        return std::nullopt;
    }
    return pid;
}

struct NginxKeeper::Impl {
    asio::any_io_executor executor;
    GatewayPaths paths;
    Supervisor supervisor;
    bool stopping = false;
};

NginxKeeper::NginxKeeper(asio::any_io_executor executor, GatewayPaths paths,
                         std::function<void(const std::string&)> say)
    : impl_(std::make_shared<Impl>(
          Impl{executor, paths, Supervisor(executor, std::move(say)), false})) {}

NginxKeeper::~NginxKeeper() { impl_->stopping = true; }

void NginxKeeper::start() {
    const auto inherited = running_nginx(impl_->paths);
    auto spec = nginx_child(impl_->paths);
    spec.outlives_parent = true;
    if (!inherited) {
        impl_->supervisor.keep(std::move(spec));
        return;
    }
    spdlog::info("nginx (pid {}) runs already; it reloads its configuration", *inherited);
    ::kill(*inherited, SIGHUP);
    auto start_when_gone = [impl = impl_, spec]() -> Task<> {
        while (!impl->stopping && running_nginx(impl->paths)) co_await pause(impl->executor, 500ms);
        if (!impl->stopping) impl->supervisor.keep(spec);
    };
    asio::co_spawn(impl_->executor, std::move(start_when_gone), asio::detached);
}

Task<> NginxKeeper::stop(Duration grace) {
    const auto impl = impl_;
    impl->stopping = true;
    co_await impl->supervisor.stop("nginx", grace);
    const auto until = std::chrono::steady_clock::now() + grace;
    if (const auto inherited = running_nginx(impl->paths)) ::kill(*inherited, SIGQUIT);
    while (const auto inherited = running_nginx(impl->paths)) {
        if (std::chrono::steady_clock::now() > until) ::kill(*inherited, SIGTERM);
        co_await pause(impl->executor, 50ms);
    }
}

}  // namespace higuma::app
