// What a check learned besides its beat: kept in tables of their own, written only when it changed.
#pragma once

#include <string>

namespace higuma {

struct Findings {
    std::string tls_info;         // monitor_tls_info.info_json; empty: nothing was learned
    std::string dns_last_result;  // monitor.dns_last_result; empty: nothing was learned

    bool operator==(const Findings&) const = default;
};

}  // namespace higuma
