// Notices when the event loop itself was held up: no processor for this program, or a frozen
// machine. Checks that run out of time meanwhile say nothing of the node that was checked.
#pragma once

#include <deque>

#include "cluster/async.hpp"

namespace higuma::cluster {

class LoopPulse {
  public:
    LoopPulse(boost::asio::any_io_executor executor, std::shared_ptr<const Clock> clock);
    Task<> run();
    void stop();

    // The longest time for which the loop did nothing since `began`; less than a beat is no delay.
    Duration held_up_since(Instant began) const;

  private:
    struct Delay {
        Instant ended;
        Duration span;
    };
    std::shared_ptr<const Clock> clock_;
    Wake wake_;
    Instant due_;               // when the next beat should come
    std::deque<Delay> delays_;  // the last ones, oldest first
    bool stopped_ = false;
};

}  // namespace higuma::cluster
