#pragma once

// Runs the enabled rules over one region and applies its suppression comments.

#include "analysis/rules/catalog.h"
#include "analysis/rules/observer.h"
#include "analysis/rules/rule.h"
#include "analysis/semantic/evaluator.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace awaitls::analysis {

/// A finding with positions relative to its region; related places name their region by id.
struct RegionFinding {
    Diagnostic diagnostic;
    std::vector<std::uint64_t> related_regions; // Region::id of each Diagnostic::related
};

/// A rule of which a region has no findings, as its check failed there or was over its budget.
struct GivenUpRule {
    std::uint16_t rule;
    std::string reason;
};

/// What the rules found in a region, and the summaries that they asked for.
struct RegionResult {
    std::vector<RegionFinding> findings; // by position, then rule
    ResultInputs inputs;                 // sorted
    bool ignores_file = false;           // `# awaitls: ignore-file` stands in it
    std::vector<std::string>
        ignores_file_rules; // selectors of file-wide forms; empty with ignores_file: all
    std::vector<GivenUpRule> given_up;
};

/// A rule that throws, or takes more than its budget, is given up for the region; the others go on. `rules` are the catalog, or
/// stand for it in tests: those with the same indices.
std::shared_ptr<const RegionResult> run_rules(Evaluator& evaluator, std::uint32_t slot,
                                              const Settings& settings,
                                              RuleObserver* observer = nullptr,
                                              std::span<const Rule> rules = catalog());

/// Index of the rule that reports suppressions which suppress nothing.
std::size_t unused_suppression_rule();

} // namespace awaitls::analysis
