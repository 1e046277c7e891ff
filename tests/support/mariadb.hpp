// A private mariadbd for tests: its own folder, a free loopback port, stopped by its process id.
// `fresh_database()` is all that most tests need: a new empty database on the program's shared
// server.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "support/temp_folder.hpp"

namespace higuma::test {

class MariaDbServer {
  public:
    // Throws std::runtime_error, with the end of the server's log, when it does not come up.
    // `options` are added to its command line, where the last one wins.
    explicit MariaDbServer(std::vector<std::string> options = {});
    ~MariaDbServer();
    MariaDbServer(const MariaDbServer&) = delete;
    MariaDbServer& operator=(const MariaDbServer&) = delete;

    int port() const { return port_; }
    pid_t pid() const { return pid_; }
    // How to reach a database on it, over TCP. The user may do everything.
    store::DatabaseConfig config(const std::string& database) const;
    store::DatabaseConfig fresh_database();  // CREATE DATABASE test_<n>

    void start();   // again, on the same port and data
    void stop();    // orderly
    void kill();    // -9
    void freeze();  // SIGSTOP
    void thaw();    // SIGCONT

  private:
    std::string log_tail() const;
    void wait_until_it_answers();
    void reap(int signal);

    std::vector<std::string> options_;
    TempFolder folder_;
    int port_ = 0;
    pid_t pid_ = -1;
    int databases_ = 0;
};

// The server that all tests of this program share; started on first use, stopped at exit.
MariaDbServer& shared_mariadb();
// A new empty database on it.
store::DatabaseConfig fresh_database();

// A TCP port on 127.0.0.1 that nothing listens on now.
int free_port();

}  // namespace higuma::test
