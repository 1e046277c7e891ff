#include "runtime.hpp"

#include <spdlog/spdlog.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "api/auth.hpp"
#include "store/migrate.hpp"
#include "store/users.hpp"

namespace higuma::app {

namespace asio = boost::asio;
using namespace std::chrono_literals;

config::Environment process_environment() {
    return [](const std::string& name) -> std::optional<std::string> {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return std::nullopt;
        return std::string(value);
    };
}

store::DatabaseConfig database_of(const SettingsSource& source) {
    if (!source.data_folder) return config::load_database(process_environment(), source.toml_file);
    const auto file = std::filesystem::path(*source.data_folder) / "database.toml";
    if (!std::filesystem::exists(file)) {
        throw StartupError("--data " + *source.data_folder +
                           ": no cluster was made there yet (database.toml is missing); "
                           "start one with `higuma up --data " +
                           *source.data_folder + "`");
    }
    // The folder was named on purpose, so the environment does not override what is in it.
    const auto no_environment = [](const std::string&) { return std::optional<std::string>(); };
    return config::load_database(no_environment, file.string());
}

Task<> pause(asio::any_io_executor executor, Duration span) {
    asio::steady_timer timer(executor, span);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

struct StopSignal::Impl {
    explicit Impl(asio::any_io_executor executor) : signals(executor), changed(executor) {
        changed.expires_at(asio::steady_timer::time_point::max());
    }
    asio::signal_set signals;
    asio::steady_timer changed;  // cancelled when the stop is asked for
    bool requested = false;
};

StopSignal::StopSignal(asio::any_io_executor executor) : impl_(std::make_shared<Impl>(executor)) {
    impl_->signals.add(SIGINT);
    impl_->signals.add(SIGTERM);
    impl_->signals.async_wait([this, impl = impl_](boost::system::error_code error, int) {
        if (error) return;
        request();
        impl->signals.async_wait([impl](boost::system::error_code again, int) {
            if (!again) std::_Exit(130);
        });
    });
}

StopSignal::~StopSignal() { impl_->signals.cancel(); }
bool StopSignal::requested() const { return impl_->requested; }

void StopSignal::request() {
    impl_->requested = true;
    impl_->changed.cancel();
}

Task<bool> StopSignal::wait_for(Duration span) {
    const auto impl = impl_;
    if (impl->requested) co_return true;
    // Polled in steps, so that any number of tasks can wait.
    const auto until = std::chrono::steady_clock::now() + span;
    while (!impl->requested) {
        const auto now = std::chrono::steady_clock::now();
        if (now >= until) break;
        co_await pause(impl->changed.get_executor(), std::min<Duration>(until - now, 50ms));
    }
    co_return impl->requested;
}

Task<> StopSignal::wait() {
    const auto impl = impl_;
    while (!impl->requested) {
        co_await impl->changed.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

int run_on_loop(Body body) {
    asio::io_context loop(1);
    auto stop = std::make_shared<StopSignal>(loop.get_executor());
    int exit_code = 0;
    std::exception_ptr thrown;
    auto main_task = [&]() -> Task<> {
        exit_code = co_await body(loop.get_executor(), stop);
        stop.reset();
    };
    asio::co_spawn(loop, main_task(), [&](std::exception_ptr error) {
        thrown = error;
        loop.stop();
    });
    loop.run();
    if (thrown) std::rethrow_exception(thrown);
    return exit_code;
}

void fail_start(const std::string& what, const Failure& failure) {
    throw StartupError(what + ": " + failure.message);
}

static bool waiting_helps(const Failure& failure) {
    return failure.kind == ErrorKind::unavailable || failure.kind == ErrorKind::timeout ||
           failure.kind == ErrorKind::conflict;
}

static Result<void> connect_and_migrate(const store::DatabaseConfig& config) {
    store::Connection db(config);
    if (auto connected = db.connect(); !connected) return connected.error();
    const auto say = [](const std::string& line) { spdlog::info("database: {}", line); };
    auto report = store::migrate(db, say);
    if (!report) return report.error();
    if (report->adopted) spdlog::info("an existing Uptime Kuma database was adopted");
    return {};
}

Task<bool> prepare_database(store::DatabaseConfig config, std::shared_ptr<StopSignal> stop) {
    for (int tries = 0; !stop->requested(); ++tries) {
        const auto done = connect_and_migrate(config);
        if (done) {
            if (tries > 0) spdlog::info("the database answers now");
            co_return true;
        }
        if (!waiting_helps(done.error())) fail_start("database", done.error());
        if (tries % 15 == 0) {
            spdlog::warn("waiting for the database: {} (trying again each second)",
                         done.error().message);
        }
        co_await stop->wait_for(1s);
    }
    co_return false;
}

std::unique_ptr<store::Connection> connect_or_throw(const store::DatabaseConfig& config) {
    auto db = std::make_unique<store::Connection>(config);
    if (auto connected = db->connect(); !connected) fail_start("database", connected.error());
    return db;
}

void create_first_user(const store::DatabaseConfig& config, const std::optional<std::string>& name,
                       const std::optional<std::string>& password) {
    if (!name && !password) return;
    if (!name || name->empty()) throw StartupError("HIGUMA_ADMIN_USER is not set");
    if (!password || password->empty()) throw StartupError("HIGUMA_ADMIN_PASSWORD is not set");
    const auto db = connect_or_throw(config);
    const auto users = store::count_users(*db);
    if (!users) fail_start("database", users.error());
    if (*users > 0) return;
    const auto created = store::create_user(*db, *name, api::bcrypt_hash(*password));
    // Several nodes may start at once with the same variables; one of them creates the user.
    if (!created && created.error().kind != ErrorKind::conflict) {
        fail_start("the first user", created.error());
    }
    if (created) spdlog::info("created the first user \"{}\"", *name);
}

}  // namespace higuma::app
