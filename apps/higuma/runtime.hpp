// What every subcommand runs on: one loop, a stop signal, the environment, and the first connection
// to the database. The first SIGINT or SIGTERM asks for an orderly stop, the second ends at once.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "config/config.hpp"
#include "store/database.hpp"

namespace higuma::app {

// Where a subcommand finds its settings, as given on the command line.
struct SettingsSource {
    std::optional<std::string> toml_file;    // --config
    std::optional<std::string> data_folder;  // --data: of a cluster that `higuma up` made
};

// The process's environment.
config::Environment process_environment();

// The database of the given source: --data first, then environment and --config.
store::DatabaseConfig database_of(const SettingsSource& source);

// Waits on the loop.
Task<> pause(boost::asio::any_io_executor executor, Duration span);

class StopSignal {
  public:
    explicit StopSignal(boost::asio::any_io_executor executor);
    ~StopSignal();
    bool requested() const;
    void request();
    // Returns true when the stop was asked for, false after `span`.
    Task<bool> wait_for(Duration span);
    Task<> wait();

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

using Body = std::function<Task<int>(boost::asio::any_io_executor, std::shared_ptr<StopSignal>)>;

// Runs `body` on a fresh loop and returns its exit code. Exceptions of `body` come out here.
int run_on_loop(Body body);

// Waits until the database answers, saying so once and then every 15 s, and brings its schema up to
// date. Returns false when a stop was asked for. Throws StartupError when waiting cannot help: a
// wrong password, an unknown database, or a schema that we cannot adopt.
Task<bool> prepare_database(store::DatabaseConfig config, std::shared_ptr<StopSignal> stop);

// Creates the first user from HIGUMA_ADMIN_USER and HIGUMA_ADMIN_PASSWORD when there is no user
// yet.
void create_first_user(const store::DatabaseConfig& config, const std::optional<std::string>& name,
                       const std::optional<std::string>& password);

// One connected connection for a short command. Throws StartupError with one clear line.
std::unique_ptr<store::Connection> connect_or_throw(const store::DatabaseConfig& config);

// Throws StartupError with the failure's message, prefixed by `what`.
[[noreturn]] void fail_start(const std::string& what, const Failure& failure);

}  // namespace higuma::app
