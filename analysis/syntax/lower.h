#pragma once

// Tree-sitter's tree -> the flat array of node.h: the only file that knows the grammar's node types.

#include "analysis/syntax/node.h"

#include <string_view>
#include <vector>

struct TSTree;

namespace awaitls::analysis {

/// Where a statement's subtree was lowered to. Marks are in text order, those of nested statements behind their own's.
struct StatementMark {
    const void* subtree;
    std::uint32_t begin; // byte
    NodeId nodes, nodes_end;
    std::uint32_t comments, comments_end;
    std::uint32_t marks_end; // behind the nested marks
    Role role;
    std::uint8_t flags; // that it inherited
};

struct Lowered {
    std::vector<Node> nodes;
    std::vector<Comment> comments;
    std::vector<Span> damage; // sorted
    bool python2 = false;
    std::vector<StatementMark> marks; // none where there is damage
};

/// The lowering of an earlier tree, from which this one was made incrementally; that tree must still be alive.
struct EarlierLowering {
    const std::vector<Node>& nodes;
    const std::vector<Comment>& comments;
    const std::vector<StatementMark>& marks;
};

/// Flattens a tree of tree-sitter-python 0.25 over `text`. Iterative: nesting depth costs heap, not stack.
/// Statements that the tree took over are copied from `earlier`; the result is the same without it.
Lowered lower(const TSTree* tree, std::string_view text, const EarlierLowering* earlier = nullptr);

} // namespace awaitls::analysis
