#pragma once

// What the user chose, resolved for one file: an immutable value that every analysis takes.

#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace awaitls::analysis {

/// LSP order: smaller is worse.
enum class Severity : std::uint8_t { Error = 1, Warning = 2, Information = 3, Hint = 4 };

enum class Category : std::uint8_t {
    Await,
    Blocking,
    Task,
    Cancellation,
    Concurrency,
    Context,
    ExceptionGroup,
    Testing,
    Hygiene,
};

/// A Python version, 3.10 as {3, 10}.
struct PythonVersion {
    std::uint8_t major = 3;
    std::uint8_t minor = 10;
    friend auto operator<=>(const PythonVersion&, const PythonVersion&) = default;
};

/// How sure a resolution must be before a finding is shown.
enum class Strictness : std::uint8_t { Certain, Likely };

inline constexpr std::size_t kMaxRules = 160;

/// One entry of `blocking-calls`: a pattern (`legacy.*`, fnmatch on the qualified name) and the advice to show.
struct BlockingPattern {
    std::string pattern;
    std::string advice;
};

/// Requires: rule indices are those of rules/catalog.h.
struct Settings {
    std::bitset<kMaxRules> enabled; // the rules that run
    /// Of enabled rules, the shapes (RuleInfo::shapes) that do not count, as bits, where there are some.
    std::map<std::size_t, std::uint8_t> shapes_off;
    std::bitset<kMaxRules> selected_by_name;  // named one by one in select or extend-select
    std::map<std::size_t, Severity> severity; // overrides by rule index
    PythonVersion target_version;
    bool target_version_stated = false; // by the configuration or the project
    Strictness strictness = Strictness::Certain;
    std::vector<BlockingPattern> blocking_calls;
    std::map<std::string, std::vector<std::string>>
        options; // options of single rules, "rule-name.option" or its own name
    std::uint32_t max_diagnostics = 500; // per file; the rest is counted in one last note

    bool shape_enabled(std::size_t rule, std::size_t shape) const {
        const auto off = shapes_off.find(rule);
        return off == shapes_off.end() || (off->second >> shape & 1U) == 0;
    }
    /// Equal settings give equal fingerprints; results are cached under it.
    std::uint64_t fingerprint() const;
};

} // namespace awaitls::analysis
