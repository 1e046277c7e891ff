// Three ways to bring bins under their ceilings: directly, by a bounded search, and step by step.
// The direct way is as good as any when nothing is left over; the others are for what is left.
#pragma once

#include "policy/balance_bins.hpp"

namespace higuma::policy {

// From each overfull bin the fewest monitors that bring it under its ceiling, each to the bin with
// the most slack. With `complete`, no plan has fewer shifts than this one.
struct DirectRelief {
    std::vector<Shift> shifts;
    std::size_t least = 0;  // shifts that every plan needs
    bool complete = false;
};
DirectRelief relieve_directly(Bins& bins);

// Shifts that every plan needs, counting also those that come back because receivers are full. At
// least `least`; for bins as they are before any shift.
std::size_t least_with_limits(Bins& bins, std::size_t least);

// The fewest shifts of all, found by trying `least`, then one more, and so on. Nothing when the
// effort, which is bounded, is spent or there is no plan. For small or coarse clusters.
std::vector<Shift> search_fewest(Bins& bins, std::size_t least);

// In levels: load for a node of speed 1.
struct StepLimits {
    double tolerance = 0;  // a bin that is over its ceiling by no more is left alone
    double worth = 0;      // the least that a step must gain after which the receiver is too full
};
// Carries on from `shifts`, which were applied to `bins`: always the worst bin, by the single move
// or exchange that helps it most for its cost.
void relieve_stepwise(Bins& bins, std::vector<Shift>& shifts, const StepLimits& limits);

}  // namespace higuma::policy
