#include "up/data_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "api/auth.hpp"
#include "base/result.hpp"

namespace higuma::app {

namespace fs = std::filesystem;
namespace asio = boost::asio;

static void write_private_file(const std::string& path, const std::string& text) {
    const auto temporary = path + ".new";
    ::unlink(temporary.c_str());
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    const bool written =
        fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (fd >= 0) ::close(fd);
    if (!written || std::rename(temporary.c_str(), path.c_str()) != 0) {
        throw StartupError(path + ": cannot be written: " + std::strerror(errno));
    }
}

DataFolder::DataFolder(const std::string& path)
    : path_(fs::absolute(path).lexically_normal().string()) {
    while (path_.size() > 1 && path_.back() == '/') path_.pop_back();
    std::error_code error;
    fs::create_directories(path_ + "/log", error);
    if (error) throw StartupError("--data " + path + ": cannot be made: " + error.message());
    lock_ = ::open(file("lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_ < 0) {
        throw StartupError("--data " + path + ": is not writable: " + std::strerror(errno));
    }
    if (::flock(lock_, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock_);
        throw StartupError("--data " + path + ": is in use by another `higuma up`");
    }
    load_ports();
}

DataFolder::~DataFolder() { ::close(lock_); }

std::string DataFolder::secret(const std::string& name) {
    const auto path = file(name + ".secret");
    std::string value;
    if (std::ifstream(path) >> value && !value.empty()) return value;
    value = api::random_token(32);
    write_private_file(path, value + "\n");
    return value;
}

void DataFolder::load_ports() {
    std::ifstream in(file("ports"));
    std::string name;
    int port = 0;
    while (in >> name >> port) ports_[name] = port;
}

void DataFolder::save_ports() const {
    std::string text;
    for (const auto& [name, port] : ports_) text += name + " " + std::to_string(port) + "\n";
    write_private_file(file("ports"), text);
}

bool port_is_free(const std::string& address, int port) {
    asio::io_context loop;
    boost::system::error_code error;
    const auto ip = asio::ip::make_address(address, error);
    if (error) throw StartupError("--bind " + address + ": is not an IP address");
    asio::ip::tcp::acceptor acceptor(loop);
    acceptor.open(ip.is_v6() ? asio::ip::tcp::v6() : asio::ip::tcp::v4(), error);
    if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) {
        acceptor.bind({ip, static_cast<asio::ip::port_type>(port)}, error);
    }
    if (error == asio::error::access_denied) {
        throw StartupError("port " + std::to_string(port) + ": permission denied");
    }
    if (error == boost::system::errc::address_not_available) {
        throw StartupError("--bind " + address + ": is not an address of this machine");
    }
    // A listening socket elsewhere shows only at listen() when both set SO_REUSEADDR.
    if (!error) acceptor.listen(1, error);
    return !error;
}

// Below the range from which the kernel takes ports for outgoing connections: those could hold the
// port just when its owner is restarted.
int DataFolder::new_port() const {
    constexpr int kFirst = 20'000, kCount = 12'000;
    const auto start = static_cast<int>(std::hash<std::string>{}(path_) % kCount);
    for (int i = 0; i < kCount; ++i) {
        const int port = kFirst + (start + i) % kCount;
        const auto has_it = [port](const auto& named) { return named.second == port; };
        if (std::none_of(ports_.begin(), ports_.end(), has_it) && port_is_free("127.0.0.1", port)) {
            return port;
        }
    }
    throw StartupError("no free loopback port between 20000 and 32000");
}

int DataFolder::port(const std::string& name) {
    const auto known = ports_.find(name);
    if (known != ports_.end() && port_is_free("127.0.0.1", known->second)) return known->second;
    const int port = new_port();
    ports_[name] = port;
    save_ports();
    return port;
}

void DataFolder::write_database_settings(const store::DatabaseConfig& config) {
    write_private_file(
        file("database.toml"),
        fmt::format("# The private database of this cluster, for `higuma ... --data`.\n"
                    "db_host = \"{}\"\ndb_port = {}\nhiguma_db_socket = \"{}\"\n"
                    "db_user = \"{}\"\ndb_password = \"{}\"\ndb_name = \"{}\"\n",
                    config.host, config.port, config.socket, config.user, config.password,
                    config.name));
}

}  // namespace higuma::app
