#include "config/config.hpp"

#include <fmt/format.h>

#include <fstream>
#include <map>

#include "base/result.hpp"
#include "config/settings.hpp"
#include "config/toml_file.hpp"

namespace higuma::config {
namespace {

constexpr std::size_t kMostSecretBytes = 64 * 1024;
constexpr std::size_t kMostShownCharacters = 60;

// A value that somebody gave, and where.
struct Given {
    std::string value;
    std::string where;  // "DB_PORT", "key db_port in /etc/higuma.toml"
};

// One place where values come from: looked up by a variable's name.
struct Source {
    std::function<std::optional<std::string>(const std::string& variable)> get;
    std::function<std::string(const std::string& variable)> describe;
};

std::string shown(std::string_view value) {
    std::string result;
    for (const char c : value.substr(0, kMostShownCharacters)) {
        const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
        result += control ? ' ' : c;
    }
    if (value.size() > kMostShownCharacters) result += "...";
    return result;
}

std::string secret_from_file(const std::string& path, const std::string& where) {
    std::ifstream file(path, std::ios::binary);
    std::string content(kMostSecretBytes + 1, '\0');
    file.read(content.data(), static_cast<std::streamsize>(content.size()));
    if (!file.is_open() || file.bad()) {
        throw StartupError(fmt::format("{}: file {} cannot be read", where, shown(path)));
    }
    content.resize(static_cast<std::size_t>(file.gcount()));
    if (content.size() > kMostSecretBytes) {
        throw StartupError(fmt::format("{}: file {} is larger than 64 KiB", where, shown(path)));
    }
    while (!content.empty() && (content.back() == '\n' || content.back() == '\r')) {
        content.pop_back();
    }
    if (content.empty()) {
        throw StartupError(fmt::format("{}: file {} is empty", where, shown(path)));
    }
    return content;
}

// An empty value counts as unset: that is how Compose passes a variable that nobody set.
std::optional<std::string> non_empty(const Source& source, const std::string& variable) {
    auto value = source.get(variable);
    if (value && value->empty()) return std::nullopt;
    return value;
}

std::optional<Given> find_in(const Source& source, const Setting& setting) {
    for (const std::string& name : setting.names()) {
        const std::string file_name = name + "_FILE";
        const auto value = non_empty(source, name);
        const auto file = non_empty(source, file_name);
        if (value && file) {
            throw StartupError(fmt::format("{} and {} are both set: give one of them",
                                           source.describe(name), source.describe(file_name)));
        }
        if (value) return Given{*value, source.describe(name)};
        if (file) {
            const std::string where = source.describe(file_name);
            return Given{secret_from_file(*file, where), where};
        }
    }
    return std::nullopt;
}

std::vector<Source> sources_of(const Environment& environment,
                               const std::optional<std::string>& toml_file) {
    std::vector<Source> sources;
    sources.push_back({environment, [](const std::string& variable) { return variable; }});
    if (!toml_file) return sources;
    std::set<std::string> known;
    for (const Setting& setting : settings()) {
        for (const std::string& name : setting.names()) {
            known.insert(key_of(name));
            known.insert(key_of(name + "_FILE"));
        }
    }
    const auto values = read_toml_file(*toml_file, known);
    sources.push_back({[values](const std::string& variable) -> std::optional<std::string> {
                           const auto found = values.find(key_of(variable));
                           if (found == values.end()) return std::nullopt;
                           return found->second;
                       },
                       [path = *toml_file](const std::string& variable) {
                           return fmt::format("key {} in {}", key_of(variable), path);
                       }});
    return sources;
}

void apply(const Setting& setting, const Given& given, Draft& draft) {
    if (setting.set(draft, given.value)) return;
    const std::string value = setting.secret ? "its value" : '"' + shown(given.value) + '"';
    throw StartupError(
        fmt::format("{}: {} is not valid, expected {}", given.where, value, setting.expected));
}

Draft load(Role role, const Environment& environment, const std::optional<std::string>& toml_file) {
    const auto sources = sources_of(environment, toml_file);
    Draft draft;
    for (const Setting& setting : settings()) {
        if ((setting.roles & role) == 0) continue;
        std::optional<Given> given;
        for (const Source& source : sources) {
            if (!given) given = find_in(source, setting);
        }
        if (given) {
            apply(setting, *given, draft);
        } else if (setting.required) {
            throw StartupError(
                fmt::format("{} is required: expected {}", setting.name, setting.expected));
        }
    }
    return draft;
}

LogConfig log_of(const Draft& draft) {
    LogConfig log;
    log.debug = draft.debug;
    log.debugger_host = draft.debugger_host;
    log.debugger_port = draft.debugger_port;
    log.level = draft.log_level.value_or(draft.debug ? "debug" : "info");
    return log;
}

}  // namespace

NodeConfig load_node(const Environment& environment, const std::optional<std::string>& toml_file) {
    const Draft draft = load(kNodeRole, environment, toml_file);
    NodeConfig node = draft.node;
    node.database = draft.database;
    node.log = log_of(draft);
    node.monitor_limit_per_node = draft.monitor_limit_per_node;
    node.resolver = draft.resolver;
    if (node.name.empty()) node.name = node.id.value;
    if (node.listen.empty()) node.listen = "0.0.0.0" + node.host.substr(node.host.rfind(':'));
    if (node.admin_user.has_value() != node.admin_password.has_value()) {
        throw StartupError("HIGUMA_ADMIN_USER and HIGUMA_ADMIN_PASSWORD must be set together");
    }
    return node;
}

GatewayConfig load_gateway(const Environment& environment,
                           const std::optional<std::string>& toml_file) {
    const Draft draft = load(kGatewayRole, environment, toml_file);
    GatewayConfig gateway = draft.gateway;
    gateway.database = draft.database;
    gateway.log = log_of(draft);
    gateway.monitor_limit_per_node = draft.monitor_limit_per_node;
    gateway.resolver = draft.resolver;
    if (gateway.tls_certificate.empty() != gateway.tls_key.empty()) {
        throw StartupError("HIGUMA_TLS_CERTIFICATE and HIGUMA_TLS_KEY must be set together");
    }
    if (!gateway.tls_listen.empty() && gateway.tls_certificate.empty()) {
        throw StartupError("HIGUMA_TLS_LISTEN needs HIGUMA_TLS_CERTIFICATE and HIGUMA_TLS_KEY");
    }
    return gateway;
}

store::DatabaseConfig load_database(const Environment& environment,
                                    const std::optional<std::string>& toml_file) {
    return load(kDatabaseRole, environment, toml_file).database;
}

}  // namespace higuma::config
