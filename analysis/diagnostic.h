#pragma once

// What an analysis reports, as plain values.

#include "analysis/settings.h"
#include "analysis/text/text.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace awaitls::analysis {

enum class Applicability : std::uint8_t {
    Safe,   // does what the author evidently meant and cannot break code that works
    Unsafe, // moves work, reorders, changes what is raised or cancelled
    Rewrite, // writes code anew in a way that somebody has to want: editors offer it, nobody applies it unseen
};

/// An edit that ends a finding. Edits are sorted and disjoint.
struct Fix {
    std::string title; // what will happen, sentence case, without a full stop
    Applicability applicability = Applicability::Unsafe;
    std::vector<Edit> edits;
    /// Modules that the edited code names (`asyncio`, `contextlib`); the import is added where it is missing
    /// when the fix is rendered. Already part of `edits` in what FileAnalysis::diagnostics() returns.
    std::vector<std::string> imports;
    /// Region::id of each edit, in what rules report; empty: all are in the finding's own region. Empty in what
    /// FileAnalysis::diagnostics() returns.
    std::vector<std::uint64_t> regions;
};

/// Another place that explains a finding.
struct Related {
    Span span;
    std::string message;
    std::string path;                         // ModuleFile::path; empty: the finding's own file
    std::shared_ptr<const SourceText> source; // of that file; null for the finding's own
};

struct Diagnostic {
    std::uint16_t rule = 0; // index in the rule catalog; kNoteRule for notes about the file itself
    std::uint8_t shape = 0; // of the rule's (RuleInfo::shapes)
    Severity severity = Severity::Warning;
    Span span; // bytes of the file
    std::string message;
    std::vector<Related> related;
    std::vector<Fix> fixes;   // best first
    bool unnecessary = false; // the code can be removed (LSP tag)
    std::uint64_t region =
        0; // identifies the text of the region it stands in; equal while that text is unchanged
};

/// Diagnostic::rule of notes that no rule makes: too complex, too many findings, wrong encoding, Python 2.
inline constexpr std::uint16_t kNoteRule = 0xffff;

} // namespace awaitls::analysis
