// Reads route tables as the nginx module does: only what verifies counts.
#pragma once

#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "routing/table.hpp"
#include "routing/table_view.hpp"

namespace higuma::test {

// The file's bytes, aligned as a mapping would be.
class RouteFile {
  public:
    explicit RouteFile(const std::string& path) {
        std::ifstream file(path, std::ios::binary);
        std::ostringstream text;
        text << file.rdbuf();
        const auto content = text.str();
        words_.resize(content.size() / 8 + 1);
        size_ = content.size();
        std::memcpy(words_.data(), content.data(), content.size());
    }
    std::span<const std::byte> bytes() const {
        return {reinterpret_cast<const std::byte*>(words_.data()), size_};
    }

  private:
    std::vector<std::uint64_t> words_;
    std::size_t size_ = 0;
};

// "online 1000 of 10 primary suspect": state, ramp, monitors; or why there is none.
inline std::string route_node(const std::string& path, const std::string& id) {
    const RouteFile file(path);
    std::string reason;
    const auto table = routing::open_node_table(file.bytes(), reason);
    if (!table) return "no table: " + reason;
    static const char* states[] = {"unknown", "online", "recovering", "draining", "offline"};
    for (std::size_t i = 0; i < table->size(); ++i) {
        const auto& node = table->node(i);
        if (node.id.view() != id) continue;
        std::string text = states[node.state];
        text += " " + std::to_string(node.ramp_permille) + " of " + std::to_string(node.monitors);
        if (node.flags & routing::kNodePrimary) text += " primary";
        if (node.flags & routing::kNodeSuspect) text += " suspect";
        return text;
    }
    return "not in the table";
}

inline std::uint64_t route_generation(const std::string& path) {
    const RouteFile file(path);
    std::string reason;
    const auto table = routing::open_node_table(file.bytes(), reason);
    return table ? table->generation() : 0;
}

inline std::string owner_in(const std::string& path, std::uint64_t monitor) {
    const RouteFile file(path);
    std::string reason;
    const auto table = routing::open_owner_table(file.bytes(), reason);
    if (!table) return "no table: " + reason;
    const auto owner = table->owner_of_monitor(monitor);
    return owner ? std::string(table->node_id(*owner)) : "nobody";
}

inline std::string token_owner_in(const std::string& path, const std::string& token) {
    const RouteFile file(path);
    std::string reason;
    const auto table = routing::open_owner_table(file.bytes(), reason);
    if (!table) return "no table: " + reason;
    const auto owner = table->owner_of_token(token);
    return owner ? std::string(table->node_id(*owner)) : "nobody";
}

}  // namespace higuma::test
