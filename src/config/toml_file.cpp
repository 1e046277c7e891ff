#include "config/toml_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "base/result.hpp"

namespace higuma::config {
namespace {

constexpr std::uintmax_t kMostBytes = 1 << 20;

std::string content_of(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) {
        throw StartupError(
            fmt::format("configuration file {} cannot be read: {}", path, error.message()));
    }
    if (size > kMostBytes) {
        throw StartupError(fmt::format("configuration file {} is larger than 1 MiB", path));
    }
    std::ifstream file(path, std::ios::binary);
    std::ostringstream content;
    if (!file || (size > 0 && !(content << file.rdbuf()))) {
        throw StartupError(fmt::format("configuration file {} cannot be read", path));
    }
    return content.str();
}

std::optional<std::string> scalar_text(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return fmt::format("{}", number->get());
    if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
    if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
    return std::nullopt;
}

// A list of scalars is written with commas, as in a variable.
std::optional<std::string> value_text(const toml::node& node) {
    const auto* list = node.as_array();
    if (!list) return scalar_text(node);
    std::string text;
    for (const toml::node& item : *list) {
        const auto part = scalar_text(item);
        if (!part) return std::nullopt;
        if (!text.empty()) text += ',';
        text += *part;
    }
    return text;
}

}  // namespace

std::map<std::string, std::string> read_toml_file(const std::string& path,
                                                  const std::set<std::string>& known) {
    toml::table table;
    try {
        table = toml::parse(content_of(path), path);
    } catch (const toml::parse_error& error) {
        throw StartupError(fmt::format("configuration file {} line {}: {}", path,
                                       error.source().begin.line, error.description()));
    }
    std::map<std::string, std::string> values;
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        if (!known.contains(name)) {
            throw StartupError(fmt::format("configuration file {} line {}: unknown key {}", path,
                                           node.source().begin.line, name));
        }
        const auto text = value_text(node);
        if (!text) {
            throw StartupError(fmt::format(
                "configuration file {}: key {} must be text, a number, true, false or a list", path,
                name));
        }
        values.emplace(name, *text);
    }
    return values;
}

}  // namespace higuma::config
