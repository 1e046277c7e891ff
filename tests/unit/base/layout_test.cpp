// The source tree keeps its shape: includes point one way, heavy headers stay out of headers, and
// files stay short enough to hold in the head.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/project_root.hpp"

namespace higuma {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostLines = 500;

// What each folder may include besides itself. A row is added with care: it is the architecture.
const std::map<std::string, std::set<std::string>> kAllowed{
    {"base", {}},
    {"model", {"base"}},
    {"policy", {"model", "base"}},
    {"routing", {"model", "base"}},
    {"net", {"policy", "routing", "model", "base"}},
    {"store", {"policy", "routing", "model", "base"}},
    {"checks", {"net", "policy", "routing", "model", "base"}},
    {"config", {"store", "policy", "routing", "model", "base"}},
    {"engine", {"checks", "net", "store", "config", "policy", "routing", "model", "base"}},
    {"cluster",
     {"engine", "checks", "net", "store", "config", "policy", "routing", "model", "base"}},
    {"api",
     {"cluster", "engine", "checks", "net", "store", "config", "policy", "routing", "model",
      "base"}},
};

// Outside headers that policy and routing, which run inside nginx or are pure, never name.
const std::vector<std::string> kNotInPureCode{"boost/", "asio", "mysql",  "mariadb", "ngx_",
                                              "curl/",  "ares", "spdlog", "fmt/"};

// Outside headers that cost seconds: for .cpp files and the precompiled header only.
const std::vector<std::string> kNotInHeaders{"boost/beast", "boost/asio.hpp", "boost/json.hpp",
                                             "boost/json/src.hpp", "toml++/"};

fs::path root() { return test::project_root(); }

struct Include {
    std::string name;
    bool own = false;  // in quotes
    std::size_t line = 0;
};

std::vector<Include> includes_of(const fs::path& path) {
    std::vector<Include> includes;
    std::ifstream file(path);
    std::string line;
    for (std::size_t number = 1; std::getline(file, line); ++number) {
        const auto hash = line.find_first_not_of(" \t");
        if (hash == std::string::npos || line[hash] != '#') continue;
        const auto word = line.find("include", hash);
        if (word == std::string::npos) continue;
        const auto open = line.find_first_of("\"<", word);
        if (open == std::string::npos) continue;
        const auto close = line.find_first_of("\">", open + 1);
        if (close == std::string::npos) continue;
        includes.push_back({line.substr(open + 1, close - open - 1), line[open] == '"', number});
    }
    return includes;
}

bool has_extension(const fs::path& path, std::initializer_list<const char*> extensions) {
    return std::find(extensions.begin(), extensions.end(), path.extension().string()) !=
           extensions.end();
}

bool is_header(const fs::path& path) { return has_extension(path, {".hpp", ".h"}); }

std::vector<fs::path> sources_below(const fs::path& folder) {
    std::vector<fs::path> files;
    if (!fs::exists(folder)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file() && has_extension(entry.path(), {".hpp", ".h", ".cpp", ".c"})) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::string place(const fs::path& path, std::size_t line) {
    return path.lexically_relative(root()).string() + ":" + std::to_string(line);
}

std::string first_part(const std::string& include) { return include.substr(0, include.find('/')); }

bool begins_with_any(const std::string& text, const std::vector<std::string>& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return text.starts_with(prefix); });
}

TEST(Layout, TheTreeIsFound) {
    ASSERT_TRUE(fs::exists(root() / "src" / "base" / "clock.hpp")) << root();
    EXPECT_GT(sources_below(root() / "src").size(), 20U);
}

TEST(Layout, EveryFolderOfTheSourceIsKnown) {
    for (const auto& entry : fs::directory_iterator(root() / "src")) {
        if (!entry.is_directory()) continue;
        EXPECT_TRUE(kAllowed.contains(entry.path().filename().string()))
            << entry.path() << " has no row in this test";
    }
}

TEST(Layout, TheAllowedDirectionsHaveNoCircle) {
    for (const auto& [folder, below] : kAllowed) {
        for (const auto& other : below) {
            EXPECT_FALSE(kAllowed.at(other).contains(folder)) << folder << " and " << other;
            for (const auto& deeper : kAllowed.at(other)) {
                EXPECT_NE(deeper, folder) << folder << " by way of " << other;
            }
        }
    }
}

TEST(Layout, IncludesPointOneWay) {
    for (const auto& [folder, below] : kAllowed) {
        for (const fs::path& path : sources_below(root() / "src" / folder)) {
            for (const Include& include : includes_of(path)) {
                const std::string other = first_part(include.name);
                const bool ours = kAllowed.contains(other) && include.name != other;
                EXPECT_NE(other, "apps") << place(path, include.line);
                if (!ours || other == folder) continue;
                EXPECT_TRUE(include.own) << place(path, include.line) << ": quote our own headers";
                EXPECT_TRUE(below.contains(other))
                    << place(path, include.line) << ": " << folder << " must not include " << other;
            }
        }
    }
}

TEST(Layout, OwnHeadersAreNamedFromTheSourceFolder) {
    for (const fs::path& path : sources_below(root() / "src")) {
        for (const Include& include : includes_of(path)) {
            if (!include.own) continue;
            const bool generated = include.name.find('/') == std::string::npos;
            EXPECT_TRUE(generated || fs::exists(root() / "src" / include.name))
                << place(path, include.line) << ": " << include.name;
        }
    }
}

TEST(Layout, PolicyAndRoutingArePure) {
    for (const char* folder : {"policy", "routing"}) {
        for (const fs::path& path : sources_below(root() / "src" / folder)) {
            for (const Include& include : includes_of(path)) {
                EXPECT_FALSE(begins_with_any(include.name, kNotInPureCode))
                    << place(path, include.line) << ": " << include.name;
            }
        }
    }
}

TEST(Layout, HeavyHeadersStayOutOfHeaders) {
    for (const fs::path& path : sources_below(root() / "src")) {
        if (!is_header(path)) continue;
        for (const Include& include : includes_of(path)) {
            EXPECT_FALSE(begins_with_any(include.name, kNotInHeaders))
                << place(path, include.line) << ": " << include.name;
        }
    }
}

TEST(Layout, HeadersAreIncludedOnceAndSayWhatTheyAreFor) {
    for (const fs::path& path : sources_below(root() / "src")) {
        if (!is_header(path)) continue;
        std::ifstream file(path);
        std::string line, all;
        std::getline(file, line);
        EXPECT_TRUE(line.starts_with("// ")) << place(path, 1) << ": no purpose";
        all.assign(std::istreambuf_iterator<char>(file), {});
        EXPECT_NE(all.find("#pragma once"), std::string::npos) << path;
    }
}

TEST(Layout, FilesAreShort) {
    for (const char* folder : {"src", "apps", "nginx", "bench", "tests"}) {
        for (const fs::path& path : sources_below(root() / folder)) {
            std::ifstream file(path);
            const auto lines = static_cast<std::size_t>(
                std::count(std::istreambuf_iterator<char>(file), {}, '\n'));
            EXPECT_LE(lines, kMostLines) << path.lexically_relative(root());
        }
    }
}

}  // namespace
}  // namespace higuma
