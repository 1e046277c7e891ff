// Removes beats and statistics that are older than they are kept. One node of the cluster does it
// at a time, by a lease; in small steps, so that nobody waits for it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.hpp"
#include "base/task.hpp"
#include "model/node.hpp"
#include "store/database.hpp"

namespace higuma::cluster {

struct JanitorConfig {
    NodeId self;
    int keep_days = 180;  // when the setting keepDataPeriodDays is not there; 0: for ever
    Millis interval{600'000};
    int step_rows = 5'000;
};

// Runs until a stop is asked for; a clean-up under way ends after its step.
Task<> run_janitor(JanitorConfig config, boost::asio::any_io_executor executor,
                   std::shared_ptr<const Clock> clock, store::Database& db, std::stop_token stop);

// The value of Uptime Kuma's setting keepDataPeriodDays: a number, maybe in quotes. Pure.
int keep_days_from(const std::optional<std::string>& setting, int otherwise);

}  // namespace higuma::cluster
