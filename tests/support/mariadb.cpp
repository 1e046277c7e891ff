#include "support/mariadb.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "support/server_process.hpp"

namespace higuma::test {

namespace {

constexpr Millis kStartLimit{60'000};
constexpr Millis kStep{20};

}  // namespace

int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    const bool bound = ::bind(fd, generic, size) == 0 && ::getsockname(fd, generic, &size) == 0;
    ::close(fd);
    if (!bound) throw std::runtime_error("no free port on 127.0.0.1");
    return ntohs(address.sin_port);
}

MariaDbServer::MariaDbServer(std::vector<std::string> options) : options_(std::move(options)) {
    const auto data = (folder_.path() / "data").string();
    // Not the shared one: a starting server removes temporary tables that others have there.
    const auto temporary = (folder_.path() / "tmp").string();
    std::filesystem::create_directory(temporary);
    std::vector<std::string> install = {
        "mariadb-install-db",   "--no-defaults",
        "--datadir=" + data,    "--auth-root-authentication-method=normal",
        "--skip-test-db",       "--skip-name-resolve",
        "--tmpdir=" + temporary};
    if (::geteuid() == 0) install.push_back("--user=root");
    const auto log = (folder_.path() / "log").string();
    if (wait_for_end(spawn(install, log)) != 0) {
        throw std::runtime_error("mariadb-install-db failed:\n" + log_tail());
    }
    std::ofstream(folder_.path() / "init.sql")
        << "CREATE USER IF NOT EXISTS 'higuma'@'%' IDENTIFIED BY 'test-password';\n"
           "GRANT ALL ON *.* TO 'higuma'@'%' WITH GRANT OPTION;\n";
    port_ = free_port();
    start();
}

MariaDbServer::~MariaDbServer() { reap(SIGTERM); }

void MariaDbServer::start() {
    const auto in = [&](const char* name) { return (folder_.path() / name).string(); };
    std::vector<std::string> words = {"mariadbd",
                                      "--no-defaults",
                                      "--datadir=" + in("data"),
                                      "--tmpdir=" + in("tmp"),
                                      "--socket=" + in("socket"),
                                      "--pid-file=" + in("pid"),
                                      "--init-file=" + in("init.sql"),
                                      fmt::format("--port={}", port_),
                                      "--skip-networking=0",
                                      "--bind-address=127.0.0.1",
                                      "--skip-name-resolve",
                                      "--skip-log-bin",
                                      "--innodb-buffer-pool-size=64M",
                                      "--innodb-log-file-size=64M",
                                      "--key-buffer-size=1M",
                                      "--aria-pagecache-buffer-size=8M",
                                      "--sync-frm=OFF",
                                      "--performance-schema=OFF"};
    if (::geteuid() == 0) words.push_back("--user=root");
    words.insert(words.end(), options_.begin(), options_.end());
    pid_ = spawn(words, in("log"));
    wait_until_it_answers();
}

void MariaDbServer::wait_until_it_answers() {
    auto config = this->config("");
    config.connect_timeout = Millis{1'000};
    store::Connection connection(config);
    for (Millis waited{0}; waited < kStartLimit; waited += kStep) {
        if (connection.connect()) return;
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            break;
        }
        std::this_thread::sleep_for(kStep);
    }
    throw std::runtime_error("mariadbd did not start:\n" + log_tail());
}

std::string MariaDbServer::log_tail() const { return tail_of((folder_.path() / "log").string()); }

store::DatabaseConfig MariaDbServer::config(const std::string& database) const {
    store::DatabaseConfig config;
    config.host = "127.0.0.1";
    config.port = port_;
    config.user = "higuma";
    config.password = "test-password";
    config.name = database;
    config.query_timeout = Millis{60'000};
    return config;
}

store::DatabaseConfig MariaDbServer::fresh_database() {
    const auto name = fmt::format("test_{}", ++databases_);
    store::Connection connection(config(""));
    if (auto made = connection.execute("CREATE DATABASE " + name); !made) {
        throw std::runtime_error(made.error().message);
    }
    return config(name);
}

// Ends the server with the signal; a server that ignores it for ten seconds is killed.
void MariaDbServer::reap(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGCONT);
    ::kill(pid_, signal);
    for (Millis waited{0}; waited < Millis{10'000}; waited += kStep) {
        int status = 0;
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            pid_ = -1;
            return;
        }
        std::this_thread::sleep_for(kStep);
    }
    ::kill(pid_, SIGKILL);
    wait_for_end(pid_);
    pid_ = -1;
}

void MariaDbServer::stop() { reap(SIGTERM); }
void MariaDbServer::kill() { reap(SIGKILL); }
// A thread that runs on another processor goes on for a moment after the signal.
void MariaDbServer::freeze() {
    ::kill(pid_, SIGSTOP);
    const auto all_stopped = [this] {
        const auto threads = std::filesystem::path("/proc") / std::to_string(pid_) / "task";
        for (const auto& thread : std::filesystem::directory_iterator(threads)) {
            std::ifstream stat(thread.path() / "stat");
            std::string text;
            std::getline(stat, text);
            if (text.find(") T ") == std::string::npos) return false;
        }
        return true;
    };
    while (!all_stopped()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}
void MariaDbServer::thaw() { ::kill(pid_, SIGCONT); }

MariaDbServer& shared_mariadb() {
    static MariaDbServer server;
    return server;
}

store::DatabaseConfig fresh_database() { return shared_mariadb().fresh_database(); }

}  // namespace higuma::test
