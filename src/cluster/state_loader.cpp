#include "cluster/state_loader.hpp"

namespace higuma::cluster {

namespace {
constexpr Millis kLoadTimeout{60'000};  // a first load of a million monitors
}

Task<Result<void>> StateLoader::refresh(bool full) {
    const ChangeSeq since = full || !cache_.loaded() ? ChangeSeq{0} : cache_.seq();
    auto job = [since](store::Connection& db) -> Result<CompactDelta> {
        auto delta = store::assignments_changed_since(db, since);
        if (!delta) return delta.error();
        return compact(*delta);
    };
    auto delta = co_await services_.db.run(services_.after(kLoadTimeout), std::move(job));
    if (!delta) co_return delta.error();
    last_read_ = services_.clock->wall_now();
    const bool changes = delta->full || !delta->monitors.empty() || !delta->deleted.empty();
    if (cache_.apply(std::move(*delta)) && changes && on_changed) on_changed();
    const Result<void> done;
    co_return done;
}

}  // namespace higuma::cluster
