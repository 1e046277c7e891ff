// docs/configuration.md says what the code does: the same names, aliases and defaults, for the same
// roles.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "config/config.hpp"
#include "support/project_root.hpp"

namespace higuma::config {
namespace {

// Roles, name, aliases, default: what a row states besides its explanation.
using Fact = std::tuple<std::string, std::string, std::string, std::string>;

std::string without_quotes(std::string cell) {
    std::string result;
    for (const char c : cell) {
        if (c != '`' && c != ' ') result += c;
    }
    return result;
}

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    std::string cell;
    std::getline(in, cell, '|');  // before the first bar
    while (std::getline(in, cell, '|')) cells.push_back(without_quotes(cell));
    return cells;
}

std::set<Fact> facts_of_document() {
    const auto path = test::project_root() / "docs/configuration.md";
    const std::map<std::string, std::string> roles_of_section{
        {"## Database", "database node gateway "},
        {"## Nodes and gateways", "node gateway "},
        {"## Nodes", "node "},
        {"## Gateways", "gateway "},
    };
    std::ifstream file(path);
    EXPECT_TRUE(file) << path;
    std::set<Fact> facts;
    std::string line, roles;
    while (std::getline(file, line)) {
        if (line.starts_with("## ")) roles = roles_of_section.at(line);
        if (!line.starts_with("| `")) continue;
        const auto cells = cells_of(line);
        EXPECT_GE(cells.size(), 4U) << line;
        EXPECT_TRUE(facts.emplace(roles, cells.at(0), cells.at(1), cells.at(2)).second) << line;
    }
    return facts;
}

std::set<Fact> facts_of_code() {
    std::set<Fact> facts;
    for (const SettingInfo& setting : known_settings()) {
        std::string roles, aliases;
        for (const auto& role : setting.roles) roles += role + ' ';
        for (const auto& alias : setting.aliases) aliases += (aliases.empty() ? "" : ",") + alias;
        facts.emplace(roles, setting.name, aliases,
                      setting.required ? "required" : setting.default_value);
    }
    return facts;
}

std::string text_of(const Fact& fact) {
    return std::get<0>(fact) + "| " + std::get<1>(fact) + " | " + std::get<2>(fact) + " | " +
           std::get<3>(fact);
}

TEST(ConfigurationDocument, SaysWhatTheCodeDoes) {
    const auto code = facts_of_code(), document = facts_of_document();
    for (const Fact& fact : code) {
        EXPECT_TRUE(document.contains(fact)) << "not in docs/configuration.md: " << text_of(fact);
    }
    for (const Fact& fact : document) {
        EXPECT_TRUE(code.contains(fact)) << "only in docs/configuration.md: " << text_of(fact);
    }
}

TEST(KnownSettings, EachIsReadOncePerRole) {
    std::set<std::pair<std::string, std::string>> seen;
    for (const SettingInfo& setting : known_settings()) {
        EXPECT_FALSE(setting.expected.empty()) << setting.name;
        for (const auto& role : setting.roles) {
            EXPECT_TRUE(seen.emplace(role, setting.name).second) << setting.name;
            for (const auto& alias : setting.aliases) {
                EXPECT_TRUE(seen.emplace(role, alias).second) << alias;
            }
        }
    }
}

// A default, written out as a variable, changes nothing: it is a value that the setting takes.
TEST(KnownSettings, DefaultsAreValidValues) {
    for (const SettingInfo& setting : known_settings()) {
        if (setting.default_value.empty()) continue;
        const Environment environment = [&](const std::string& name) -> std::optional<std::string> {
            if (name == setting.name) return setting.default_value;
            if (name == "UPTIME_KUMA_NODE_ID") return "node1";
            if (name == "UPTIME_KUMA_NODE_HOST") return "node1:3001";
            return std::nullopt;
        };
        EXPECT_NO_THROW(load_node(environment, {})) << setting.name;
        EXPECT_NO_THROW(load_gateway(environment, {})) << setting.name;
        EXPECT_NO_THROW(load_database(environment, {})) << setting.name;
    }
}

}  // namespace
}  // namespace higuma::config
