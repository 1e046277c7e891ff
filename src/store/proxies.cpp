#include "store/proxies.hpp"

#include "store/sql.hpp"

namespace higuma::store {

Result<std::vector<Proxy>> list_proxies(Connection& db) {
    auto rows =
        db.query(sql_format("SELECT id, protocol, host, port, auth, username, password, active "
                            "FROM proxy ORDER BY id LIMIT ?",
                            kMostProxies));
    if (!rows) return rows.error();
    std::vector<Proxy> proxies;
    for (std::size_t i = 0; i < rows->size(); ++i) {
        Proxy proxy;
        proxy.id = rows->integer(i, 0);
        proxy.protocol = rows->string(i, 1);
        proxy.host = rows->string(i, 2);
        proxy.port = static_cast<int>(rows->integer(i, 3));
        proxy.auth = rows->integer(i, 4) != 0;
        proxy.username = rows->string(i, 5);
        proxy.password = rows->string(i, 6);
        proxy.active = rows->integer(i, 7) != 0;
        proxies.push_back(std::move(proxy));
    }
    return proxies;
}

}  // namespace higuma::store
