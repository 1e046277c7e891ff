#include <algorithm>

#include "policy/balance_relief.hpp"

namespace higuma::policy {
namespace {

constexpr std::size_t kMostMoves = 64;     // also the depth of the recursion
constexpr std::int64_t kEffort = 400'000;  // tried shifts: some 40 ms
constexpr std::size_t kNever = 1'000'000'000;

// Tries shifts out of bins that are overfull, until none is. A monitor moves once; of each bin they
// go in the order of its list, so that no set is tried in two orders.
class Search {
  public:
    explicit Search(Bins& bins) : bins_(bins), sides_(bins.size()) {
        for (std::size_t i = 0; i < bins.size(); ++i) {
            Side& side = sides_[i];
            side.sums.reserve(bins[i].items.size() + 1);
            side.sums.push_back(0);
            for (const Item& item : bins[i].items) {
                side.sums.push_back(side.sums.back() + item.load);
            }
            side.need = need_of(i);
            needed_ += side.need;
        }
    }

    bool spent() const { return effort_ <= 0; }
    const std::vector<Shift>& shifts() const { return shifts_; }

    bool find(std::size_t moves) {
        if (needed_ > moves || spent()) return false;
        if (needed_ == 0) return true;
        const std::size_t from = neediest();
        const std::vector<Item>& items = bins_[from].items;
        const std::size_t first = sides_[from].next;
        for (std::size_t at = first; at < items.size() && !spent(); ++at) {
            if (at > first && items[at].load == items[at - 1].load) continue;
            if (try_item(from, at, moves)) return true;
        }
        return false;
    }

  private:
    struct Side {
        std::vector<MicroLoad> sums;  // of the first n items
        std::size_t next = 0;         // items before it have moved or stay
        std::size_t need = 0;         // shifts out of it that any plan still needs
    };

    std::size_t need_of(std::size_t i) const {
        const Bin& bin = bins_[i];
        const Side& side = sides_[i];
        const auto crowd =
            static_cast<std::size_t>(std::max<std::int64_t>(bin.count - bin.most, 0));
        const std::size_t left = bin.items.size() - side.next;
        if (crowd > left) return kNever;
        if (bin.slack() >= 0) return crowd;
        const auto begin = side.sums.begin() + static_cast<std::ptrdiff_t>(side.next);
        const auto enough = std::lower_bound(begin, side.sums.end(), *begin - bin.slack());
        if (enough == side.sums.end()) return kNever;
        return std::max(crowd, static_cast<std::size_t>(enough - begin));
    }

    void renew(std::size_t i) {
        needed_ -= sides_[i].need;
        sides_[i].need = need_of(i);
        needed_ += sides_[i].need;
    }

    std::size_t neediest() const {
        std::size_t best = 0;
        for (std::size_t i = 1; i < sides_.size(); ++i) {
            if (sides_[i].need > sides_[best].need) best = i;
        }
        return best;
    }

    void put(const Item& item, std::size_t bin) {
        bins_[bin].load += item.load;
        ++bins_[bin].count;
        renew(bin);
    }

    void lift(const Item& item, std::size_t bin) {
        bins_[bin].load -= item.load;
        --bins_[bin].count;
        renew(bin);
    }

    bool try_item(std::size_t from, std::size_t at, std::size_t moves) {
        const Item item = bins_[from].items[at];
        const std::size_t before = sides_[from].next;
        sides_[from].next = at + 1;
        lift(item, from);
        const bool promising = needed_ < moves;
        if (promising) {
            for (const std::size_t to : by_slack(from)) {
                if (--effort_ <= 0) break;
                put(item, to);
                shifts_.push_back({item, from, to});
                if (find(moves - 1)) return true;
                shifts_.pop_back();
                lift(item, to);
            }
        }
        sides_[from].next = before;
        put(item, from);
        return false;
    }

    // The bins other than `from`, most slack first. Of bins alike and without monitors of their own
    // one is enough.
    std::vector<std::size_t> by_slack(std::size_t from) const {
        std::vector<std::size_t> order;
        order.reserve(bins_.size());
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            if (i != from) order.push_back(i);
        }
        std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
            return bins_[a].slack() > bins_[b].slack();
        });
        const auto alike = [&](std::size_t a, std::size_t b) {
            return bins_[a].items.empty() && bins_[b].items.empty() &&
                   bins_[a].slack() == bins_[b].slack() &&
                   bins_[a].most - bins_[a].count == bins_[b].most - bins_[b].count;
        };
        order.erase(std::unique(order.begin(), order.end(), alike), order.end());
        return order;
    }

    Bins& bins_;
    std::vector<Side> sides_;
    std::vector<Shift> shifts_;
    std::size_t needed_ = 0;
    std::int64_t effort_ = kEffort;
};

}  // namespace

std::vector<Shift> search_fewest(Bins& bins, std::size_t least) {
    if (least > kMostMoves) return {};
    bins.gather([](const Bin&) { return true; });
    Search search(bins);
    const std::size_t most = std::min(kMostMoves, bins.movable());
    for (std::size_t moves = least; moves <= most && !search.spent(); ++moves) {
        if (search.find(moves)) return search.shifts();
    }
    return {};
}

}  // namespace higuma::policy
