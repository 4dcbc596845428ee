#pragma once

// Tree-sitter's tree -> the flat array of node.h: the only file that knows the grammar's node types.

#include <string_view>
#include <vector>

#include "analysis/syntax/node.h"

struct TSTree;

namespace awaitls::analysis {

struct Lowered {
    std::vector<Node> nodes;
    std::vector<Comment> comments;
    std::vector<Span> damage; // sorted
    bool python2 = false;
};

/// Flattens a tree of tree-sitter-python 0.25 over `text`. Iterative: nesting depth costs heap, not stack.
Lowered lower(const TSTree* tree, std::string_view text);

} // namespace awaitls::analysis
