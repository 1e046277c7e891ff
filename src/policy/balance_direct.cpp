#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>

#include "policy/balance_relief.hpp"

namespace higuma::policy {
namespace {

// The heaviest ones are the fewest. The last of them is changed for the lightest that still does,
// because a lighter load fits more easily elsewhere.
void shed(const Bin& bin, std::size_t from, std::vector<Shift>& out) {
    MicroLoad spare = bin.ceiling - bin.load;
    std::size_t count = 0;
    while (spare < 0 && count < bin.items.size()) spare += bin.items[count++].load;
    if (count == 0) return;
    const MicroLoad enough = bin.items[count - 1].load - std::max<MicroLoad>(spare, 0);
    const auto last = std::partition_point(bin.items.begin() + static_cast<std::ptrdiff_t>(count),
                                           bin.items.end(),
                                           [&](const Item& item) { return item.load >= enough; });
    for (std::size_t i = 0; i + 1 < count; ++i) out.push_back({bin.items[i], from, from});
    out.push_back({*(last - 1), from, from});
}

}  // namespace

DirectRelief relieve_directly(Bins& bins) {
    DirectRelief relief;
    std::vector<Shift> shed_items;
    bins.gather([](const Bin& bin) { return bin.slack() < 0; });
    for (std::size_t i = 0; i < bins.size(); ++i) {
        if (bins[i].slack() < 0) shed(bins[i], i, shed_items);
    }
    relief.least = shed_items.size();
    std::sort(shed_items.begin(), shed_items.end(),
              [](const Shift& a, const Shift& b) { return heavier(a.item, b.item); });

    using Rank = std::tuple<MicroLoad, std::size_t>;
    const auto worse = [](const Rank& a, const Rank& b) {  // most slack on top, then the first
        return std::tuple(std::get<0>(a), std::get<1>(b)) <
               std::tuple(std::get<0>(b), std::get<1>(a));
    };
    std::priority_queue<Rank, std::vector<Rank>, decltype(worse)> slacks(worse);
    for (std::size_t i = 0; i < bins.size(); ++i) {
        if (bins[i].slack() > 0 && bins[i].has_room()) slacks.emplace(bins[i].slack(), i);
    }
    for (Shift& shift : shed_items) {
        if (slacks.empty()) break;
        const auto [slack, to] = slacks.top();
        if (slack < shift.item.load) continue;  // a lighter one may fit
        slacks.pop();
        shift.to = to;
        bins.shift(shift.item, shift.from, to);
        relief.shifts.push_back(shift);
        if (bins[to].has_room()) slacks.emplace(bins[to].slack(), to);
    }
    relief.complete = relief.shifts.size() == relief.least;
    return relief;
}

// The overfull bins together must lose what they are over. So many of their heaviest monitors must
// go, and one comes back for each that the other bins have no room for: at best their lightest.
std::size_t least_with_limits(Bins& bins, std::size_t least) {
    bins.gather([](const Bin&) { return true; });
    std::vector<MicroLoad> heaviest, lightest;
    MicroLoad over = 0;
    std::size_t room = 0;
    for (const Bin& bin : bins.all()) {
        const bool overfull = bin.slack() < 0;
        if (overfull) over -= bin.slack();
        if (!overfull) room += static_cast<std::size_t>(bin.most - bin.count);
        for (const Item& item : bin.items) (overfull ? heaviest : lightest).push_back(item.load);
    }
    std::sort(heaviest.begin(), heaviest.end(), std::greater<>());
    std::sort(lightest.begin(), lightest.end());
    std::size_t gone = 0, back = 0;
    for (; over > 0 && gone < heaviest.size(); ++gone) {
        if (gone >= room) {
            if (back == lightest.size() || lightest[back] >= heaviest[gone]) break;
            over += lightest[back++];
        }
        over -= heaviest[gone];
    }
    return std::max(least, gone + back);
}

}  // namespace higuma::policy
