#include "store/migrations.hpp"

#include <array>
#include <charconv>

namespace higuma::store {

static constexpr std::array kMigrations = std::to_array<Migration>({
#include "embedded_migrations.inc"
});

int Migration::version() const {
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    return number;
}

std::span<const Migration> embedded_migrations() { return kMigrations; }

std::vector<std::string> split_statements(std::string_view sql) {
    std::vector<std::string> statements;
    std::string current;
    while (!sql.empty()) {
        const auto end = std::min(sql.find('\n'), sql.size());
        const auto line = sql.substr(0, end);
        sql.remove_prefix(std::min(end + 1, sql.size()));
        if (line.starts_with("--") || (line.empty() && current.empty())) continue;
        current += line;
        current += '\n';
        if (!line.ends_with(';')) continue;
        current.resize(current.size() - 2);
        statements.push_back(std::move(current));
        current.clear();
    }
    if (!current.empty()) statements.push_back(std::move(current));
    return statements;
}

}  // namespace higuma::store
