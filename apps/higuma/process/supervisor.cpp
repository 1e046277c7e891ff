#include "process/supervisor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>

#include "base/result.hpp"
#include "runtime.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

Millis restart_delay(int failures_in_a_row) {
    const int doublings = std::clamp(failures_in_a_row - 1, 0, 5);
    return std::min<Millis>(1'000ms * (1 << doublings), 30'000ms);
}

int failures_after_run(int failures_in_a_row, Duration ran) {
    return ran >= 60s ? 1 : failures_in_a_row + 1;
}

struct Kept {
    Kept(asio::any_io_executor executor, ChildSpec spec) : child(executor, std::move(spec)) {}
    Child child;
    bool stopping = false;
};

struct Supervisor::Impl {
    asio::any_io_executor executor;
    Say say;
    std::vector<std::shared_ptr<Kept>> kept;

    std::shared_ptr<Kept> find(const std::string& name) const {
        for (const auto& one : kept) {
            if (one->child.spec().name == name) return one;
        }
        return nullptr;
    }
};

namespace {

// A program that cannot even be started counts like one that ended at once.
bool try_start(Child& child, const Supervisor::Say& say) {
    try {
        child.start();
        return true;
    } catch (const std::exception& error) {
        say(child.spec().name + ": " + error.what());
        return false;
    }
}

Task<> keep_running(asio::any_io_executor executor, Supervisor::Say say,
                    std::shared_ptr<Kept> kept) {
    int failures = 0;
    auto started = std::chrono::steady_clock::now();
    while (!kept->stopping) {
        if (kept->child.running()) {
            co_await kept->child.wait_ended(1s);
            continue;
        }
        failures = failures_after_run(failures, std::chrono::steady_clock::now() - started);
        const auto delay = restart_delay(failures);
        say(fmt::format("{} {}; starting it again in {} s", kept->child.spec().name,
                        kept->child.ending(), delay.count() / 1000));
        co_await pause(executor, delay);
        if (kept->stopping) break;
        started = std::chrono::steady_clock::now();
        if (try_start(kept->child, say)) {
            say(fmt::format("{} runs again (pid {})", kept->child.spec().name, kept->child.pid()));
        }
    }
}

}  // namespace

Supervisor::Supervisor(asio::any_io_executor executor, Say say)
    : impl_(std::make_shared<Impl>(Impl{executor, std::move(say), {}})) {}

Supervisor::~Supervisor() {
    for (const auto& kept : impl_->kept) {
        kept->stopping = true;
        kept->child.signal(SIGKILL);
    }
}

Child& Supervisor::keep(ChildSpec spec) {
    auto kept = std::make_shared<Kept>(impl_->executor, std::move(spec));
    kept->child.start();
    impl_->kept.push_back(kept);
    asio::co_spawn(impl_->executor, keep_running(impl_->executor, impl_->say, kept),
                   asio::detached);
    return kept->child;
}

Task<> Supervisor::stop(std::string name, Duration grace) {
    const auto kept = impl_->find(name);
    if (!kept) co_return;
    kept->stopping = true;
    kept->child.signal(kept->child.spec().stop_signal);
    if (co_await kept->child.wait_ended(grace)) co_return;
    kept->child.signal(SIGKILL);
    co_await kept->child.wait_ended(2s);
}

const Child* Supervisor::find(const std::string& name) const {
    const auto kept = impl_->find(name);
    return kept ? &kept->child : nullptr;
}

std::vector<const Child*> Supervisor::children() const {
    std::vector<const Child*> out;
    for (const auto& kept : impl_->kept) out.push_back(&kept->child);
    return out;
}

}  // namespace higuma::app
