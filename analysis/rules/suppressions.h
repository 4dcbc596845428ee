#pragma once

// Comments that silence findings: `# noqa`, `# awaitls: ignore[...]`, and the type checkers' ignores.

#include "analysis/settings.h"
#include "analysis/syntax/node.h"

#include <string>
#include <vector>

namespace awaitls::analysis {

struct Suppression {
    enum class Form : std::uint8_t { Noqa, Own, TypeChecker };
    Form form;
    bool file = false; // for the whole file
    Span comment;      // from its `#` or, behind other text of the same comment, from its own word
    Span codes;        // between the brackets; empty without
    std::vector<Span> code_spans; // each code
    std::vector<std::string> codes_text;
    bool all = false;             // no codes given: everything
    std::uint32_t line_begin = 0; // the line that it covers, as bytes of the region
    std::uint32_t line_end = 0;
};

std::vector<Suppression> find_suppressions(const Tree& tree);

/// True when the code means the rule, and of its shapes this one: its name, category, an alias or the beginning of one, or ALL.
bool code_means(std::string_view code, std::size_t rule, std::size_t shape);
/// True when the rule has an alias in a type checker's vocabulary (`reportUnusedCoroutine`, `unused-coroutine`).
bool has_type_checker_alias(std::size_t rule);

} // namespace awaitls::analysis
