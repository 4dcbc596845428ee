#pragma once

// How much a rule may look at in one region. Rules take from the budget for what they walk by themselves, and never for what
// was worked out for others before: it runs out at the same place however a text came about.

#include "analysis/semantic/flow.h"
#include "analysis/semantic/model.h"

#include <cstdint>
#include <exception>
#include <utility>

namespace awaitls::analysis {

/// Thrown out of a check whose budget is used up.
class OverBudget : public std::exception {
public:
    const char* what() const noexcept override { return "it has too much to look at"; }
};

/// What the checks of one rule have left in a region, in nodes and in steps of flows.
class Budget {
public:
    /// Enough for some walks over the whole region from each of its statements; not for one from each node of a large one.
    static std::uint64_t of_region(std::size_t nodes) { return 200'000 + 200 * nodes; }

    /// From now on what this thread spends is taken from `left`; null: from nothing.
    static void use(std::uint64_t* left) { current_ = left; }

    static void spend(std::uint64_t work) {
        if (current_ == nullptr) return;
        if (*current_ < work) throw OverBudget();
        *current_ -= work;
    }

private:
    inline static thread_local std::uint64_t* current_ = nullptr;
};

/// walk_same_function() for rules.
template <typename Visit>
void search_same_function(const Tree& tree, NodeId subtree, Visit visit) {
    Budget::spend(tree[subtree].next - subtree);
    walk_same_function(tree, subtree, std::move(visit));
}

/// flow_of() for rules.
inline Flow find_flow(const Model& model, NodeId block, FlowFacts facts = {}) {
    Flow flow = flow_of(model, block, std::move(facts));
    Budget::spend(flow.steps().size());
    return flow;
}

} // namespace awaitls::analysis
