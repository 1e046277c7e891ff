#include "support/postgres_server.hpp"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>

#include "support/mariadb.hpp"

namespace higuma::test {

namespace {

const std::string kUser = "nobody";

// Debian keeps the programs of each version apart.
std::string program(const std::string& name) {
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
        const auto path = version.path() / "bin" / name;
        if (std::filesystem::exists(path)) return path.string();
    }
    throw std::runtime_error("PostgreSQL is not installed");
}

void give_to_user(const std::filesystem::path& path) {
    if (::geteuid() != 0) return;
    const passwd* user = ::getpwnam(kUser.c_str());
    if (::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0) {
        throw std::runtime_error("chown " + path.string());
    }
}

}  // namespace

PostgresServer::PostgresServer(const std::string& method, const Certificate* tls)
    : port_(free_port()) {
    const auto in = [&](const char* name) { return (folder_.path() / name).string(); };
    give_to_user(folder_.path());
    std::ofstream(in("password")) << "watch-password\n";
    run_program({program("initdb"), "--pgdata=" + in("data"), "--username=watcher",
                 "--pwfile=" + in("password"), "--auth=" + method, "--no-sync", "--no-locale",
                 "--encoding=UTF8"},
                in("log-of-initdb"), kUser);
    run_program({"sh", "-c",
                 fmt::format("echo 'CREATE DATABASE watcher' | {} --single -D {} postgres",
                             program("postgres"), in("data"))},
                in("log-of-create"), kUser);
    std::vector<std::string> words{program("postgres"),     "-D", in("data"),  "-p",
                                   std::to_string(port_),   "-h", "127.0.0.1", "-k",
                                   folder_.path().string(), "-c", "fsync=off"};
    if (tls) {
        for (const auto& [from, to] : {std::pair{tls->certificate_file, in("server.crt")},
                                       std::pair{tls->key_file, in("server.key")}}) {
            std::filesystem::copy_file(from, to);
            std::filesystem::permissions(to, std::filesystem::perms::owner_read);
            give_to_user(to);
        }
        for (const auto& setting : {std::string("ssl=on"), "ssl_cert_file=" + in("server.crt"),
                                    "ssl_key_file=" + in("server.key")}) {
            words.insert(words.end(), {"-c", setting});
        }
    }
    // SIGQUIT ends sessions that sleep; SIGTERM would wait for them.
    process_ = std::make_unique<ServerProcess>(words, in("log"), port_, kUser, SIGQUIT);
    // It listens before it takes sessions.
    const std::vector<std::string> ask{program("pg_isready"), "-h", "127.0.0.1", "-p",
                                       std::to_string(port_)};
    const auto ready = [&] { return wait_for_end(spawn(ask, in("log-of-isready"))) == 0; };
    if (!eventually(ready)) throw std::runtime_error("PostgreSQL does not get ready");
}

}  // namespace higuma::test
