#include <algorithm>
#include <span>

#include "policy/balance_relief.hpp"

namespace higuma::policy {
namespace {

// A bin's list from which items are taken. Skipping what was taken costs next to nothing, however
// much it is.
class Shelf {
  public:
    explicit Shelf(std::span<const Item> items)
        : items_(items), lighter_(items.size() + 1), heavier_(items.size() + 1) {
        for (std::uint32_t i = 0; i < lighter_.size(); ++i) lighter_[i] = heavier_[i] = i;
    }

    std::size_t end() const { return items_.size(); }  // "none", from every question
    const Item& operator[](std::size_t at) const { return items_[at]; }

    std::size_t heaviest() { return follow(lighter_, 0); }
    std::size_t next_after(std::size_t at) { return follow(lighter_, at + 1); }

    std::size_t heaviest_at_most(MicroLoad load) {
        return follow(lighter_, first([&](const Item& item) { return item.load > load; }));
    }

    // `heavier_` counts from 1, so that 0 can say that there is none.
    std::size_t lightest_at_least(MicroLoad load) {
        const auto at =
            follow(heavier_, first([&](const Item& item) { return item.load >= load; }));
        return at == 0 ? end() : at - 1;
    }

    void take(std::size_t at) {
        lighter_[at] = static_cast<std::uint32_t>(at + 1);
        heavier_[at + 1] = static_cast<std::uint32_t>(at);
    }

    void take(const Item& item) {
        const auto at = std::lower_bound(items_.begin(), items_.end(), item, heavier);
        take(static_cast<std::size_t>(at - items_.begin()));
    }

  private:
    template <class Before>
    std::size_t first(const Before& before) const {
        const auto at = std::partition_point(items_.begin(), items_.end(), before);
        return static_cast<std::size_t>(at - items_.begin());
    }

    static std::size_t follow(std::vector<std::uint32_t>& links, std::size_t at) {
        while (links[at] != at) at = links[at] = links[links[at]];
        return at;
    }

    std::span<const Item> items_;
    std::vector<std::uint32_t> lighter_, heavier_;
};

// One monitor goes and perhaps one comes back.
struct Step {
    std::size_t to = 0;
    std::size_t give = 0;
    std::optional<std::size_t> take;
    double gain = 0;   // drop of the worse level of the two bins, over their ceilings
    double value = 0;  // gain for each move
};

class Stepper {
  public:
    Stepper(Bins& bins, std::vector<Shift>& shifts, const StepLimits& limits)
        : bins_(bins), shifts_(shifts), limits_(limits), closed_(bins.size()) {
        bins.gather([](const Bin&) { return true; });
        for (const Bin& bin : bins.all()) shelves_.emplace_back(bin.items);
        for (const Shift& shift : shifts) shelves_[shift.from].take(shift.item);
    }

    void run() {
        for (auto from = worst(); from < bins_.size(); from = worst()) {
            const auto step = best_step(from);
            if (step.value > 0) {
                apply(from, step);
            } else {
                closed_[from] = true;
            }
        }
    }

  private:
    // How far a bin would be over its ceiling, for its speed, with so much more in it.
    double excess(std::size_t i, MicroLoad more = 0) const {
        return static_cast<double>(more - bins_[i].slack()) / bins_[i].speed;
    }

    std::size_t worst() const {
        std::size_t worst = bins_.size();
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            if (closed_[i] || bins_[i].slack() >= 0 || excess(i) <= limits_.tolerance) continue;
            if (worst == bins_.size() || excess(i) > excess(worst)) worst = i;
        }
        return worst;
    }

    // The emptiest bins are asked first: of a hundred, few can be better.
    struct Breadth {
        std::size_t targets;
        int gives;  // heaviest monitors tried in exchanges
    };
    static constexpr Breadth kBreadths[]{{4, 1}, {1'000'000, 8}};

    Step best_step(std::size_t from) {
        const auto targets = emptiest(from);
        Step best;
        for (const Breadth& breadth : kBreadths) {
            if (best.value == 0) under(from, targets, breadth, best);
        }
        if (best.value > 0) return best;
        for (const Breadth& breadth : kBreadths) {
            if (best.gain < limits_.worth) evening(from, targets, breadth, best);
        }
        return best.gain >= limits_.worth ? best : Step{};
    }

    std::vector<std::size_t> emptiest(std::size_t from) const {
        std::vector<std::size_t> order;
        order.reserve(bins_.size());
        for (std::size_t i = 0; i < bins_.size(); ++i) {
            if (i != from && !closed_[i]) order.push_back(i);
        }
        std::stable_sort(order.begin(), order.end(),
                         [&](std::size_t a, std::size_t b) { return excess(a) < excess(b); });
        return order;
    }

    // Steps after which the receiver is still under its ceiling.
    void under(std::size_t from, const std::vector<std::size_t>& targets, const Breadth& breadth,
               Step& best) {
        for (std::size_t i = 0; i < std::min(breadth.targets, targets.size()); ++i) {
            const MicroLoad most = bins_[targets[i]].slack();
            if (most <= 0) continue;
            const MicroLoad wish = std::min(-bins_[from].slack(), most);
            consider(from, targets[i], {wish, most}, breadth.gives, best);
        }
    }

    // Steps after which the two bins are more even than before.
    void evening(std::size_t from, const std::vector<std::size_t>& targets, const Breadth& breadth,
                 Step& best) {
        for (std::size_t i = 0; i < std::min(breadth.targets, targets.size()); ++i) {
            const std::size_t to = targets[i];
            const double pull = excess(from) - excess(to);
            if (pull <= limits_.worth) continue;
            const double speeds = 1 / bins_[from].speed + 1 / bins_[to].speed;
            const auto even = static_cast<MicroLoad>(pull / speeds);
            const auto most = static_cast<MicroLoad>((pull - limits_.worth) * bins_[to].speed);
            const MicroLoad wish = std::min({even, most, -bins_[from].slack()});
            consider(from, to, {wish, most}, breadth.gives, best);
        }
    }

    struct Range {
        MicroLoad wish;
        MicroLoad most;
    };

    // Steps that carry about as much as wished from one bin to another.
    void consider(std::size_t from, std::size_t to, const Range& range, int gives, Step& best) {
        Shelf& own = shelves_[from];
        if (bins_[to].has_room()) {
            for (const auto at :
                 {own.heaviest_at_most(range.wish), own.lightest_at_least(range.wish)}) {
                if (at != own.end()) weigh(from, {to, at, {}}, range.most, best);
            }
        }
        auto give = own.heaviest();
        for (int i = 0; i < gives && give != own.end(); ++i, give = own.next_after(give)) {
            const MicroLoad back = std::max<MicroLoad>(own[give].load - range.wish, 0);
            Shelf& theirs = shelves_[to];
            for (const auto at : {theirs.lightest_at_least(back), theirs.heaviest_at_most(back)}) {
                if (at != theirs.end()) weigh(from, {to, give, at}, range.most, best);
            }
        }
    }

    void weigh(std::size_t from, Step step, MicroLoad most, Step& best) {
        MicroLoad load = shelves_[from][step.give].load;
        if (step.take) load -= shelves_[step.to][*step.take].load;
        if (load <= 0 || load > most) return;
        step.gain = excess(from) - std::max({excess(from, -load), excess(step.to, load), 0.0});
        step.value = step.gain / (step.take ? 2 : 1);
        if (step.value > best.value) best = step;
    }

    void apply(std::size_t from, const Step& step) {
        move(from, step.give, step.to);
        if (step.take) move(step.to, *step.take, from);
    }

    void move(std::size_t from, std::size_t at, std::size_t to) {
        const Item item = shelves_[from][at];
        shelves_[from].take(at);
        bins_.shift(item, from, to);
        shifts_.push_back({item, from, to});
    }

    Bins& bins_;
    std::vector<Shift>& shifts_;
    StepLimits limits_;
    std::vector<Shelf> shelves_;
    std::vector<bool> closed_;
};

}  // namespace

void relieve_stepwise(Bins& bins, std::vector<Shift>& shifts, const StepLimits& limits) {
    Stepper(bins, shifts, limits).run();
}

}  // namespace higuma::policy
