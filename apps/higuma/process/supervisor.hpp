// Keeps children running: one that ends is started again after a back-off, and people are told.
// Stops them in an order, politely first, and leaves none behind.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "process/child.hpp"

namespace higuma::app {

// Pure: how long to wait before the start after this one, when the last run took `ran`.
Millis restart_delay(int failures_in_a_row);
int failures_after_run(int failures_in_a_row, Duration ran);

class Supervisor {
  public:
    using Say = std::function<void(const std::string&)>;
    Supervisor(boost::asio::any_io_executor executor, Say say);
    ~Supervisor();

    // Starts the child and keeps it running until stop(). The reference stays valid.
    Child& keep(ChildSpec spec);
    // Ends one: its stop signal, then SIGKILL after `grace`; it is not started again.
    Task<> stop(std::string name, Duration grace);
    const Child* find(const std::string& name) const;
    std::vector<const Child*> children() const;

  private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace higuma::app
