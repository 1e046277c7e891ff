// Keeps a node's book of proxies as the database has them: one small statement every two seconds.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <stop_token>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "checks/proxy_book.hpp"
#include "store/database.hpp"

namespace higuma::cluster {

// Runs until a stop is asked for. While the database is away the book stays as it is.
Task<> keep_proxies(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
                    store::Database& db, checks::ProxyBook& book, std::stop_token stop);

}  // namespace higuma::cluster
