#pragma once

// Valid Python -> the flat array of node.h, without tree-sitter and several times as fast: what files have that nobody is
// typing in.

#include "analysis/syntax/lower.h"

#include <optional>
#include <string_view>

namespace awaitls::analysis {

/// What tree-sitter and lower() make of the text of a region, node by node. Nothing for a text that has errors, or anything
/// that this parser does not know: then tree-sitter must be asked. The result has no marks. `without_body`: the text may end
/// behind the line of a class, whose body is elsewhere; its Block is empty then.
std::optional<Lowered> parse_quickly(std::string_view text, bool without_body = false);

} // namespace awaitls::analysis
