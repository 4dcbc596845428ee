#pragma once

// Region text -> Tree. Tree-sitter parses, `lower` flattens; nothing else in the analysis sees tree-sitter.

#include "analysis/syntax/node.h"

#include <cstdint>
#include <memory>
#include <string>

namespace awaitls::analysis {

/// A tree-sitter tree kept to make the next parse of the same region cheaper. May be shared between threads.
class ParseTree;

struct ParsedRegion {
    Tree tree;
    std::shared_ptr<const ParseTree> parse; // null where none is kept
    bool gave_up = false; // the text needed more steps than its budget; the Tree is an empty Module
    bool python2 = false; // has print or exec statements
};

/// Parses the text of a region. Total: the work is bounded by a number of parser steps that depends on the text's
/// size alone, so the result depends on the text alone. `previous_tree`, of the text that stood in its place before, tells
/// that the region is being edited: then its parse is kept, and the next one is made from it. `previous` is the kept one, if any.
/// `without_body`: the text is a class's head, whose body may be elsewhere.
ParsedRegion parse_region(std::string text, std::shared_ptr<const ParseTree> previous = nullptr,
                          const Tree* previous_tree = nullptr, bool without_body = false);

} // namespace awaitls::analysis
