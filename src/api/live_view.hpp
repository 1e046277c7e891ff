// What the live page shows: nodes from the controller's memory, monitors with their last beats and recent
// events from the database, read at most once a second however many browsers look.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/fwd.hpp>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "cluster/controller.hpp"
#include "store/database.hpp"

namespace higuma::api {

struct LiveQuery {
    std::string search;
    std::string status;  // "", "down", "up", "pending", "maintenance"
    std::string node;    // "", or a node id
    std::size_t offset = 0;
    std::size_t limit = 60;  // at most 200
};

class LiveView {
  public:
    LiveView(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock,
             store::Database& db, const cluster::Controller& controller);
    ~LiveView();

    // The JSON of GET /lb/live. With the database away it answers what it knows and says so.
    Task<Result<boost::json::object>> snapshot(LiveQuery query, Deadline deadline);

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::api
