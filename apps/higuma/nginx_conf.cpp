#include "nginx_conf.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "base/result.hpp"
#include "process/open_files.hpp"
#include "process/run_command.hpp"

namespace higuma {
std::string_view nginx_conf_template();  // nginx/nginx.conf.in, embedded by the build
}

namespace higuma::app {

namespace fs = std::filesystem;

GatewayPaths::GatewayPaths(const std::string& data_folder)
    : folder(fs::absolute(data_folder).lexically_normal().string()),
      nginx_conf(folder + "/nginx/nginx.conf"),
      nginx_pid(folder + "/nginx/nginx.pid"),
      route_folder(folder + "/route"),
      controller_socket(folder + "/controller.sock"),
      status_socket(folder + "/nginx/status.sock"),
      log_folder(folder + "/log") {}

std::string find_module(const config::Environment& environment) {
    if (const auto named = environment("HIGUMA_MODULE")) {
        if (!fs::exists(*named)) throw StartupError("HIGUMA_MODULE: there is no file " + *named);
        return *named;
    }
    const auto binary = fs::read_symlink("/proc/self/exe");
    const auto module = binary.parent_path().parent_path() / "lib/ngx_http_higuma_module.so";
    if (!fs::exists(module)) {
        throw StartupError("the nginx module is missing: " + module.string() +
                           " (build it, or name it in HIGUMA_MODULE)");
    }
    return module.string();
}

static void replace_all(std::string& text, const std::string& what, const std::string& with) {
    for (auto at = text.find(what); at != std::string::npos;
         at = text.find(what, at + with.size())) {
        text.replace(at, what.size(), with);
    }
}

static void make_folders(const GatewayPaths& paths) {
    std::error_code error;
    for (const auto& folder :
         {paths.folder, paths.route_folder, paths.log_folder, paths.folder + "/nginx"}) {
        fs::create_directories(folder, error);
        if (error) throw StartupError(folder + ": cannot be made: " + error.message());
    }
}

// As nginx takes a path between quotation marks. Throws StartupError for one that it would read
// otherwise.
static std::string checked_path(const std::string& setting, const std::string& path) {
    if (path.find_first_of("\"\\$") != std::string::npos) {
        throw StartupError(setting + ": nginx cannot take a path with \", \\ or $: " + path);
    }
    return fs::absolute(path).lexically_normal().string();
}

static std::string tls_file(const std::string& setting, const std::string& path) {
    const auto file = checked_path(setting, path);
    if (::access(file.c_str(), R_OK) != 0) {
        throw StartupError(setting + ": file " + file + " cannot be read");
    }
    return file;
}

static std::string tls_lines(const config::GatewayConfig& config) {
    if (config.tls_certificate.empty()) return {};
    std::string lines;
    if (!config.tls_listen.empty()) {
        lines += fmt::format("listen {} ssl http2 default_server;\n", config.tls_listen);
    }
    lines += fmt::format("ssl_certificate \"{}\";\n",
                         tls_file("HIGUMA_TLS_CERTIFICATE", config.tls_certificate));
    lines +=
        fmt::format("ssl_certificate_key \"{}\";\n", tls_file("HIGUMA_TLS_KEY", config.tls_key));
    lines += "ssl_protocols TLSv1.2 TLSv1.3;\n";
    lines += "ssl_session_cache shared:tls:10m;\nssl_session_timeout 1d;\nssl_session_tickets off;";
    return lines;
}

static std::string listen_of(const config::GatewayConfig& config) {
    const bool tls = !config.tls_certificate.empty() && config.tls_listen.empty();
    return tls ? config.listen + " ssl http2" : config.listen;
}

static std::string for_each_range(const std::vector<std::string>& ranges, const char* line) {
    std::string lines;
    for (const auto& range : ranges) lines += fmt::format(fmt::runtime(line), range);
    return lines;
}

void write_nginx_conf(const config::GatewayConfig& config, const GatewayPaths& paths,
                      const std::string& module) {
    checked_path("HIGUMA_DATA", paths.folder);
    make_folders(paths);
    std::string text(nginx_conf_template());
    const bool root = ::geteuid() == 0;
    // nginx cannot raise the limit above this without privileges.
    const auto files = most_open_files();
    const std::vector<std::pair<std::string, std::string>> values{
        {"@MODULE@", module},
        {"@DATA@", paths.folder},
        {"@LISTEN@", listen_of(config)},
        {"@TLS@", tls_lines(config)},
        {"@WORKERS@", config.nginx_workers > 0 ? std::to_string(config.nginx_workers) : "auto"},
        {"@OPEN_FILES@", std::to_string(files)},
        {"@CONNECTIONS@", std::to_string(std::min<std::uint64_t>(files / 4 * 3, 16'384))},
        {"@EJECT_AFTER@", std::to_string(config.eject_after)},
        {"@TRUSTED@", for_each_range(config.trusted_proxies, "{} 1;\n")},
        {"@REAL_IP@", for_each_range(config.trusted_proxies, "set_real_ip_from {};\n")},
        {"@USER_DIRECTIVE@", root ? "user root;" : ""},
        {"@LOG_LEVEL@", "warn"},
    };
    for (const auto& [name, value] : values) replace_all(text, name, value);
    std::ofstream file(paths.nginx_conf, std::ios::trunc);
    file << text;
    file.close();
    if (!file) throw StartupError(paths.nginx_conf + ": cannot be written");
}

std::string find_nginx() {
    for (const char* path : {"/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"}) {
        if (::access(path, X_OK) == 0) return path;
    }
    throw StartupError("nginx is not installed (Debian package: nginx)");
}

ChildSpec nginx_child(const GatewayPaths& paths) {
    ChildSpec spec;
    spec.name = "nginx";
    spec.command = {find_nginx(),
                    "-p",
                    paths.folder + "/",
                    "-c",
                    paths.nginx_conf,
                    "-e",
                    paths.log_folder + "/nginx-error.log",
                    "-g",
                    "daemon off;"};
    spec.log_path = paths.log_folder + "/nginx.out";
    spec.stop_signal = SIGQUIT;
    return spec;
}

void test_nginx_conf(const GatewayPaths& paths) {
    const auto tested = run_command(fmt::format(
        "{} -t -q -p {} -c {} -e {}", find_nginx(), shell_quoted(paths.folder + "/"),
        shell_quoted(paths.nginx_conf), shell_quoted(paths.log_folder + "/nginx-error.log")));
    if (!tested.succeeded) {
        const auto first_line = tested.output.substr(0, tested.output.find('\n'));
        throw StartupError("nginx refuses its configuration: " + first_line);
    }
}

}  // namespace higuma::app
