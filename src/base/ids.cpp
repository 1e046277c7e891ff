#include "base/ids.hpp"

#include <algorithm>

namespace higuma {

bool is_valid_node_id(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '_' || c == '-';
    };
    return !text.empty() && text.size() <= 50 && std::all_of(text.begin(), text.end(), allowed);
}

}  // namespace higuma
