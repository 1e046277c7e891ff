// The numbered files of db/migrations as they were built into this binary.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace higuma::store {

struct Migration {
    std::string_view name;      // "001_uptime_kuma_2_5_3"
    std::string_view checksum;  // SHA-256 of the file, in hexadecimal
    std::string_view sql;

    int version() const;
};

std::span<const Migration> embedded_migrations();

// The statements of a file: each ends with a semicolon at the end of a line; comment lines are left
// out.
std::vector<std::string> split_statements(std::string_view sql);

}  // namespace higuma::store
