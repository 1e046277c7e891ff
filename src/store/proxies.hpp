// The table `proxy`: through what HTTP monitors may go.
#pragma once

#include <vector>

#include "model/proxy.hpp"
#include "store/database.hpp"

namespace higuma::store {

// The first `kMostProxies` by id, also those that are switched off.
inline constexpr int kMostProxies = 1'000;
Result<std::vector<Proxy>> list_proxies(Connection& db);

}  // namespace higuma::store
