#include "policy/rebalancing.hpp"

#include <algorithm>

#include "policy/balance_bins.hpp"
#include "policy/balance_relief.hpp"

namespace higuma::policy {
namespace {

constexpr double kWorth = 0.01;   // of the mean: a step that gains less is not worth it
constexpr double kEven = 1.0005;  // max/mean of a redistribution, where monitors are small enough

// A bin that cannot come under the level, because of what must stay in it, gives away the rest but
// for a remainder that is not worth moving.
void set_ceilings(Bins& bins, double level) {
    for (Bin& bin : bins.all()) {
        const double wanted = std::min(level * bin.speed, bins.total());
        const double fixed = static_cast<double>(bin.fixed);
        const double remainder = kWorth * bins.mean() * bin.speed;
        bin.ceiling = fixed > wanted ? std::min(bin.load, static_cast<MicroLoad>(fixed + remainder))
                                     : static_cast<MicroLoad>(wanted);
    }
}

// The level at which all bins are even, except those where more than that must stay.
double even_level(const Bins& bins) {
    double load = 0, speed = 0;
    for (const Bin& bin : bins.all()) {
        load += static_cast<double>(bin.load);
        speed += bin.speed;
    }
    std::vector<bool> apart(bins.size());
    for (bool again = true; again;) {
        again = false;
        for (std::size_t i = 0; i < bins.size(); ++i) {
            const auto fixed = static_cast<double>(bins[i].fixed);
            if (apart[i] || fixed * speed <= load * bins[i].speed) continue;
            apart[i] = again = true;
            load -= fixed;
            speed -= bins[i].speed;
        }
    }
    return speed > 0 ? load / speed : 0;
}

MoveKind kind_of(const ClusterState& state, const PlacedMonitor& monitor, NodeIndex to) {
    if (monitor.home == to) return MoveKind::home;
    const bool away = monitor.home != kNoNode && !is_online(state, monitor.home);
    return away ? MoveKind::assign : MoveKind::rehome;
}

void take_back(Bins& bins, const std::vector<Shift>& shifts) {
    for (const Shift& shift : shifts) bins.shift(shift.item, shift.to, shift.from);
}

void repeat(Bins& bins, const std::vector<Shift>& shifts) {
    for (const Shift& shift : shifts) bins.shift(shift.item, shift.from, shift.to);
}

// Orders shifts by their use, going from the bins as they were to the bins as they will be: always
// the fullest bin's heaviest monitor next. A bin that gets one too many passes one on at once.
class Sequence {
  public:
    Sequence(Bins& bins, std::vector<Shift> shifts)
        : bins_(bins), shifts_(std::move(shifts)), queues_(bins.size()) {
        take_back(bins_, shifts_);
        std::sort(shifts_.begin(), shifts_.end(), [](const Shift& a, const Shift& b) {
            return a.from != b.from ? a.from < b.from : heavier(a.item, b.item);
        });
        for (std::size_t i = 0; i < shifts_.size(); ++i) {
            Queue& queue = queues_[shifts_[i].from];
            if (queue.next == queue.end) queue.next = i;
            queue.end = i + 1;
        }
    }

    std::vector<Shift> run() {
        std::vector<Shift> ordered;
        ordered.reserve(shifts_.size());
        while (ordered.size() < shifts_.size()) {
            std::size_t from = fullest();
            do {
                const Shift& shift = shifts_[queues_[from].next++];
                bins_.shift(shift.item, shift.from, shift.to);
                ordered.push_back(shift);
                from = shift.to;
            } while (bins_[from].count > bins_[from].most && waiting(from));
        }
        return ordered;
    }

  private:
    struct Queue {
        std::size_t next = 0, end = 0;
    };

    bool waiting(std::size_t i) const { return queues_[i].next < queues_[i].end; }

    std::size_t fullest() const {
        std::size_t best = bins_.size();
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            if (!waiting(i)) continue;
            if (best == bins_.size() || bins_[i].level() > bins_[best].level()) best = i;
        }
        return best;
    }

    Bins& bins_;
    std::vector<Shift> shifts_;
    std::vector<Queue> queues_;
};

// What the direct way leaves over is searched for in small clusters and stepped towards in others.
std::vector<Shift> fewest_shifts(Bins& bins, DirectRelief direct, std::size_t& least) {
    least = direct.least;
    if (direct.complete) return std::move(direct.shifts);
    take_back(bins, direct.shifts);
    least = least_with_limits(bins, least);
    auto found = search_fewest(bins, least);
    if (!found.empty()) return found;
    repeat(bins, direct.shifts);
    relieve_stepwise(bins, direct.shifts, {0, kWorth * bins.mean()});
    return std::move(direct.shifts);
}

RebalancePlan plan_of(const ClusterState& state, Bins& bins, std::vector<Shift> shifts) {
    RebalancePlan plan;
    plan.moves.reserve(shifts.size());
    for (const Shift& shift : Sequence(bins, std::move(shifts)).run()) {
        const PlacedMonitor& monitor = state.monitors[shift.item.at];
        const NodeIndex to = bins[shift.to].node;
        plan.moves.push_back(move_of(monitor, to, kind_of(state, monitor, to)));
    }
    return plan;
}

BalanceFigures figures_before(const Bins& bins) {
    BalanceFigures figures;
    figures.mean_load = bins.mean() / 1e6;
    figures.max_over_mean_before = figures.max_over_mean_after = bins.max_over_mean();
    figures.movable = bins.movable();
    return figures;
}

}  // namespace

RebalancePlan plan_rebalance(const ClusterState& state, const BalanceGoal& goal) {
    Bins bins(state);
    BalanceFigures figures = figures_before(bins);
    const double level = goal.max_over_mean > 1 ? goal.max_over_mean : 1;  // also not-a-number
    set_ceilings(bins, level * bins.mean());
    auto shifts = fewest_shifts(bins, relieve_directly(bins), figures.least_moves);
    RebalancePlan plan = plan_of(state, bins, std::move(shifts));
    figures.max_over_mean_after = bins.max_over_mean();
    plan.figures = figures;
    return plan;
}

RebalancePlan plan_redistribution(const ClusterState& state) {
    Bins bins(state);
    BalanceFigures figures = figures_before(bins);
    set_ceilings(bins, even_level(bins) * kEven);
    DirectRelief direct = relieve_directly(bins);
    figures.least_moves = direct.least;
    const double worth = kWorth * bins.mean();
    if (!direct.complete) relieve_stepwise(bins, direct.shifts, {worth / 2, worth});
    RebalancePlan plan = plan_of(state, bins, std::move(direct.shifts));
    figures.max_over_mean_after = bins.max_over_mean();
    plan.figures = figures;
    return plan;
}

std::size_t next_batch(const ChurnBudget& budget, ChurnState& churn, double total_load,
                       std::span<const float> loads, Instant now) {
    if (!(budget.share_per_minute > 0) || !(total_load > 0)) return loads.size();
    constexpr double kSavedSeconds = 10;
    const double per_second = budget.share_per_minute * total_load / 60;
    const double elapsed = std::chrono::duration<double>(now - churn.last).count();
    churn.credit =
        std::min(churn.credit + std::max(elapsed, 0.0) * per_second, kSavedSeconds * per_second);
    churn.last = now;
    std::size_t count = 0;
    while (count < loads.size() && churn.credit > 0) {
        churn.credit -= std::max(loads[count++], 0.0F);
    }
    return count;
}

}  // namespace higuma::policy
