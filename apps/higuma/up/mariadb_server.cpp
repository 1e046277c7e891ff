#include "up/mariadb_server.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/result.hpp"
#include "process/run_command.hpp"

namespace higuma::app {

namespace fs = std::filesystem;

namespace {

// sun_path has 108 bytes; a deeper data folder gets its socket in a short place of its own.
constexpr std::size_t kLongestSocketPath = 100;

std::string find_program(const std::string& name, const std::string& package) {
    for (const auto* folder : {"/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
        if (::access((folder + name).c_str(), X_OK) == 0) return folder + name;
    }
    throw StartupError(name + " is not installed (Debian package: " + package + ")");
}

std::string socket_path(const DataFolder& folder) {
    auto path = folder.file("mariadb.sock");
    if (path.size() <= kLongestSocketPath) return path;
    return fmt::format("/tmp/higuma-{}-{:x}.sock", ::getuid(), std::hash<std::string>{}(path));
}

// A folder of its own: a starting mariadbd removes what looks like temporary tables, also those of
// others that share the folder.
std::string temporary_folder(const DataFolder& folder) {
    const auto path = folder.file("mariadb-tmp");
    fs::create_directories(path);
    return path;
}

}  // namespace

void require_mariadb_programs() {
    find_program("mariadbd", "mariadb-server-core");
    find_program("mariadb-install-db", "mariadb-server-core");
    find_program("my_print_defaults", "mariadb-client-core");
}

void initialize_mariadb(const DataFolder& folder) {
    const auto data = folder.file("mariadb");
    if (fs::exists(data)) return;
    // Made beside and renamed, so that an interrupted first start leaves nothing half made.
    const auto fresh = data + ".new";
    fs::remove_all(fresh);
    auto command = find_program("mariadb-install-db", "mariadb-server-core") +
                   " --no-defaults --skip-test-db --auth-root-authentication-method=normal"
                   " --datadir=" +
                   shell_quoted(fresh) + " --tmpdir=" + shell_quoted(temporary_folder(folder));
    if (::geteuid() == 0) command += " --user=root";
    const auto made = run_command(command);
    if (!made.succeeded) {
        throw StartupError("mariadb-install-db failed: " + made.output.substr(0, 500));
    }
    fs::rename(fresh, data);
}

store::DatabaseConfig mariadb_settings(DataFolder& folder) {
    store::DatabaseConfig settings;
    settings.host = "127.0.0.1";
    settings.port = folder.port("mariadb");
    settings.socket = socket_path(folder);
    settings.user = "higuma";
    settings.password = folder.secret("mariadb-user");
    settings.name = "kuma";
    return settings;
}

static void write_init_file(DataFolder& folder, const store::DatabaseConfig& settings) {
    const auto path = folder.file("mariadb-init.sql");
    std::ofstream file(path, std::ios::trunc);
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    file << "CREATE DATABASE IF NOT EXISTS `" << settings.name
         << "` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
         << "ALTER USER 'root'@'localhost' IDENTIFIED BY '" << folder.secret("mariadb-root")
         << "';\n";
    for (const auto* host : {"localhost", "127.0.0.1"}) {
        file << "CREATE OR REPLACE USER '" << settings.user << "'@'" << host << "' IDENTIFIED BY '"
             << settings.password << "';\n"
             << "GRANT ALL ON `" << settings.name << "`.* TO '" << settings.user << "'@'" << host
             << "';\n";
    }
    file.close();
    if (!file) throw StartupError(path + ": cannot be written");
}

ChildSpec mariadb_child(DataFolder& folder, const store::DatabaseConfig& settings) {
    write_init_file(folder, settings);
    ChildSpec spec;
    spec.name = "mariadb";
    spec.log_path = folder.log("mariadb");
    spec.command = {find_program("mariadbd", "mariadb-server-core"),
                    "--no-defaults",
                    "--datadir=" + folder.file("mariadb"),
                    "--socket=" + settings.socket,
                    "--bind-address=127.0.0.1",
                    "--port=" + std::to_string(settings.port),
                    "--pid-file=" + folder.file("mariadb.pid"),
                    "--tmpdir=" + temporary_folder(folder),
                    "--init-file=" + folder.file("mariadb-init.sql"),
                    "--character-set-server=utf8mb4",
                    "--collation-server=utf8mb4_unicode_ci",
                    "--skip-name-resolve",
                    "--innodb-buffer-pool-size=256M",
                    "--max-connections=300"};
    if (::geteuid() == 0) spec.command.emplace_back("--user=root");
    return spec;
}

}  // namespace higuma::app
