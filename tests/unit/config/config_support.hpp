// An environment, a file and the line that a refused start prints, for the tests of configuration.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "base/result.hpp"
#include "config/config.hpp"

namespace higuma::config {

using Variables = std::map<std::string, std::string>;

inline Environment environment_of(Variables variables) {
    return
        [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
            const auto found = variables.find(name);
            if (found == variables.end()) return std::nullopt;
            return found->second;
        };
}

// What a node cannot do without, plus `more`.
inline Variables node_variables(Variables more = {}) {
    more.try_emplace("UPTIME_KUMA_NODE_ID", "node1");
    more.try_emplace("UPTIME_KUMA_NODE_HOST", "node1.example:3001");
    return more;
}

inline NodeConfig node_from(Variables more = {}) {
    return load_node(environment_of(node_variables(std::move(more))), {});
}

inline GatewayConfig gateway_from(Variables variables = {}) {
    return load_gateway(environment_of(std::move(variables)), {});
}

template <class Load>
std::string refusal_of(Load load) {
    try {
        load();
    } catch (const StartupError& error) {
        return error.what();
    }
    return "(accepted)";
}

// A folder of its own for each test, gone at its end.
class ConfigFiles : public testing::Test {
  protected:
    ConfigFiles() {
        std::string name =
            (std::filesystem::temp_directory_path() / "higuma-config-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = name;
    }
    ~ConfigFiles() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    std::string write(const std::string& name, const std::string& content) const {
        const auto path = (folder_ / name).string();
        std::ofstream(path, std::ios::binary) << content;
        return path;
    }
    std::string path(const std::string& name) const { return (folder_ / name).string(); }

  private:
    std::filesystem::path folder_;
};

}  // namespace higuma::config
