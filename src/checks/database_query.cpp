#include "checks/database_query.hpp"

#include <algorithm>

namespace higuma::checks {

std::string query_of(const Monitor& monitor) {
    std::string query(monitor.options.text(Option::database_query));
    query = query.substr(0, query.find('\0'));
    const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
    return std::all_of(query.begin(), query.end(), blank) ? "SELECT 1" : query;
}

}  // namespace higuma::checks
