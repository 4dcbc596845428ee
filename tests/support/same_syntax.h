#pragma once

// Compares the two parsers.

#include "analysis/syntax/parser.h"
#include "analysis/syntax/quick_parser.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace awaitls::tests {

/// What differs from tree-sitter's syntax of the text; empty: nothing.
inline std::string syntax_difference(std::string_view text, const analysis::Lowered& quick) {
    using namespace analysis;
    const Tree none; // stands for an earlier version: one that is typed in is not parsed quickly
    const ParsedRegion slow = parse_region(std::string(text), nullptr, &none);
    if (!slow.tree.clean() || slow.python2) return "tree-sitter finds an error";
    const std::vector<Node>& nodes = slow.tree.nodes();
    if (nodes.size() != quick.nodes.size())
        return "there are " + std::to_string(quick.nodes.size()) + " nodes, not " +
               std::to_string(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const Node& a = quick.nodes[i];
        const Node& b = nodes[i];
        if (a.begin != b.begin || a.end != b.end || a.next != b.next || a.parent != b.parent ||
            a.kind != b.kind || a.role != b.role || a.flags != b.flags || a.op != b.op)
            return "node " + std::to_string(i) + " at byte " + std::to_string(b.begin) + " differs";
    }
    const std::vector<Comment>& comments = slow.tree.comments();
    if (comments.size() != quick.comments.size()) return "there are other comments";
    for (std::size_t i = 0; i < comments.size(); ++i)
        if (comments[i].span != quick.comments[i].span ||
            comments[i].own_line != quick.comments[i].own_line)
            return "comment " + std::to_string(i) + " differs";
    return {};
}

} // namespace awaitls::tests
