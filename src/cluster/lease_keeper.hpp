// Keeps the leader lease: takes it when it is free, renews it, and knows without asking when it
// must be taken as lost. The database's clock decides; ours only ever ends leadership earlier.
#pragma once

#include "cluster/async.hpp"
#include "cluster/services.hpp"

namespace higuma::cluster {

inline constexpr const char* kLeaseName = "controller";

class LeaseKeeper {
  public:
    explicit LeaseKeeper(Services& services);

    std::function<void()> on_gained;
    std::function<void()> on_lost;

    // True only while the lease surely still runs: nothing is written otherwise.
    bool leader() const;
    store::LeaderTerm term() const;
    const std::string& holder() const { return holder_; }
    std::uint64_t term_number() const { return term_; }

    void refused();  // a write under our term was refused: somebody else leads
    void check_now() { wake_.notify(); }
    Task<> run();  // gives the lease up at its end

  private:
    Task<> renew();
    Task<> release();
    void note(bool leads);

    Services& services_;
    Wake wake_;
    std::string holder_;
    std::uint64_t term_ = 0;
    Instant valid_until_{};
    bool mine_ = false;
    bool announced_ = false;  // what on_gained and on_lost were last told
};

}  // namespace higuma::cluster
