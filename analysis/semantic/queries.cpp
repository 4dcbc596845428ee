// The questions of model.h that the syntax alone answers.

#include "analysis/semantic/flow.h"
#include "analysis/semantic/model.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace awaitls::analysis {

bool is_stub(const Tree& tree, NodeId body) {
    bool stub = false;
    for (const NodeId statement : tree.children(body)) {
        const NodeId value =
            tree.is(statement, Kind::ExprStmt) ? tree.child(statement, Role::Value) : kNoNode;
        stub = tree.is(value, Kind::Ellipsis);
        if (!stub && !tree.is(value, Kind::String)) return false;
    }
    return stub;
}

bool is_abstract(const Tree& tree, NodeId body) {
    for (const NodeId statement : tree.children(body)) {
        const NodeId value =
            tree.is(statement, Kind::ExprStmt) ? tree.child(statement, Role::Value) : kNoNode;
        const bool idle = tree.is(statement, Kind::Pass) || tree.is(statement, Kind::Raise) ||
                          tree.is(value, Kind::Ellipsis) || tree.is(value, Kind::String);
        if (!idle) return false;
    }
    return true;
}

NodeId argument(const Tree& tree, NodeId call, int position, std::string_view keyword) {
    if (position >= 0) {
        int index = 0;
        for (const NodeId child : tree.children(call)) {
            if (tree[child].role != Role::Argument) continue;
            const Kind kind = tree.kind(child);
            if (kind == Kind::Starred) break;
            if (kind == Kind::Keyword || kind == Kind::DoubleStarred) continue;
            if (index++ == position) return child;
        }
    }
    return keyword.empty() ? kNoNode : keyword_argument(tree, call, keyword);
}

NodeId keyword_argument(const Tree& tree, NodeId call, std::string_view keyword) {
    for (const NodeId child : tree.children(call))
        if (tree.kind(child) == Kind::Keyword && identifier(tree, child) == keyword)
            return tree.child(child, Role::Value);
    return kNoNode;
}

int positional_count(const Tree& tree, NodeId call, bool& starred) {
    starred = false;
    int count = 0;
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument) continue;
        const Kind kind = tree.kind(child);
        if (kind == Kind::Starred) {
            starred = true;
            break;
        }
        if (kind != Kind::Keyword && kind != Kind::DoubleStarred) ++count;
    }
    return count;
}

std::vector<NodeId> argument_values(const Tree& tree, NodeId call) {
    std::vector<NodeId> values;
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument) continue;
        if (tree.kind(child) != Kind::Keyword) {
            values.push_back(child);
        } else if (const NodeId value = tree.child(child, Role::Value); value != kNoNode) {
            values.push_back(value);
        }
    }
    return values;
}

std::string_view identifier(const Tree& tree, NodeId node, Role role) {
    for (const NodeId child : tree.children(node))
        if (tree.kind(child) == Kind::Identifier && tree[child].role == role)
            return tree.text(child);
    return {};
}

bool is_awaited(const Tree& tree, NodeId expression) {
    return tree[expression].role == Role::Value && tree.is(tree.parent(expression), Kind::Await);
}

namespace {

/// Nodes that run, from one on.
struct Runs {
    NodeId begin;
    NodeId end;
};

} // namespace

bool has_suspension_point(const Tree& tree, NodeId subtree) {
    const Kind whole = tree.kind(subtree);
    if (whole == Kind::FunctionDef || whole == Kind::Lambda || whole == Kind::ClassDef) {
        subtree = tree.child(subtree, Role::Body);
        if (subtree == kNoNode) return false;
    }
    std::vector<Runs> open{{subtree, tree[subtree].next}};
    while (!open.empty()) {
        Runs& runs = open.back();
        if (runs.begin >= runs.end) {
            open.pop_back();
            continue;
        }
        const NodeId node = runs.begin++;
        switch (tree.kind(node)) {
        case Kind::Await:
        case Kind::Yield:
        case Kind::YieldFrom: return true;
        case Kind::For:
        case Kind::With:
        case Kind::CompFor:
            if (tree[node].is_async()) return true;
            break;
        // Decorators, bases and default values run where the definition stands, the body does not.
        case Kind::FunctionDef:
        case Kind::Lambda:
        case Kind::ClassDef: {
            const NodeId body = tree.child(node, Role::Body);
            runs.begin = tree[node].next;
            open.push_back({node + 1, body == kNoNode ? tree[node].next : body});
            break;
        }
        case Kind::Generator: {
            // Only the first iterable is evaluated at once.
            const NodeId first = tree.child(node, Kind::CompFor);
            const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
            runs.begin = tree[node].next;
            if (iterable != kNoNode) open.push_back({iterable, tree[iterable].next});
            break;
        }
        default: break;
        }
    }
    return false;
}

std::vector<NodeId> open_items(const Tree& tree, NodeId node) {
    std::vector<NodeId> result;
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode; child = up, up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef) break;
        if (kind != Kind::With) continue;
        const std::size_t begin = result.size();
        for (const NodeId item : tree.children(up)) {
            if (item == child) break;
            if (tree.is(item, Kind::WithItem)) result.push_back(item);
        }
        std::reverse(result.begin() + static_cast<std::ptrdiff_t>(begin), result.end());
    }
    return result;
}

std::optional<double> number_value(const Tree& tree, NodeId node) {
    const Kind kind = tree.kind(node);
    if (kind == Kind::Unary) {
        const NodeId operand = tree.child(node, Role::Value);
        if (operand == kNoNode || tree.kind(operand) == Kind::Unary) return std::nullopt;
        const std::optional<double> value = number_value(tree, operand);
        const auto op = static_cast<Op>(tree[node].op);
        if (!value || (op != Op::Minus && op != Op::Plus)) return std::nullopt;
        return op == Op::Minus ? -*value : *value;
    }
    if (kind != Kind::Integer && kind != Kind::Float) return std::nullopt;

    std::string digits;
    for (const char c : tree.text(node))
        if (c != '_') digits += c;
    const auto is_prefix = [&](char lower, char upper) {
        return digits.size() > 2 && digits[0] == '0' && (digits[1] == lower || digits[1] == upper);
    };
    const int base = is_prefix('x', 'X')   ? 16
                     : is_prefix('o', 'O') ? 8
                     : is_prefix('b', 'B') ? 2
                                           : 10;
    if (base != 10) {
        double value = 0;
        for (const char c : std::string_view(digits).substr(2)) {
            int digit = 0;
            const std::from_chars_result result = std::from_chars(&c, &c + 1, digit, base);
            if (result.ec != std::errc()) return std::nullopt;
            value = value * base + digit;
        }
        return value;
    }
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const std::from_chars_result result = std::from_chars(digits.data(), end, value);
    if (result.ptr != end) return std::nullopt; // a complex number
    if (result.ec == std::errc::result_out_of_range) {
        const bool tiny =
            digits.find("e-") != std::string::npos || digits.find("E-") != std::string::npos;
        return tiny ? 0.0 : HUGE_VAL; // as in Python
    }
    if (result.ec != std::errc()) return std::nullopt;
    return value;
}

std::optional<std::string_view> string_value(const Tree& tree, NodeId node) {
    if (!tree.is(node, Kind::String) || tree[node].has(node_flag::kBytes) ||
        tree[node].has(node_flag::kFormat) || tree.child(node, Kind::String) != kNoNode)
        return std::nullopt;
    std::string_view text = tree.text(node);
    bool raw = false;
    while (!text.empty() && text.front() != '"' && text.front() != '\'') {
        raw = raw || text.front() == 'r' || text.front() == 'R';
        text.remove_prefix(1);
    }
    if (text.size() < 2) return std::nullopt;
    const bool triple = text.size() >= 6 && text[0] == text[1] && text[1] == text[2];
    const std::size_t quotes = triple ? 3 : 1;
    if (text.back() != text.front()) return std::nullopt;
    text = text.substr(quotes, text.size() - 2 * quotes);
    if (!raw && text.find('\\') != std::string_view::npos) return std::nullopt;
    return text;
}

namespace {

void merge(Exits& into, const Exits& other) {
    into.falls_through = into.falls_through || other.falls_through;
    into.returns = into.returns || other.returns;
    into.breaks = into.breaks || other.breaks;
    into.continues = into.continues || other.continues;
    into.raises = into.raises || other.raises;
}

constexpr Exits kFallsThrough{true, false, false, false, false};

Exits body_exits(const Tree& tree, NodeId node) {
    const NodeId body = node == kNoNode ? kNoNode : tree.child(node, Role::Body);
    return body == kNoNode ? kFallsThrough : exits_of(tree, body);
}

Exits loop_exits(const Tree& tree, NodeId loop) {
    Exits exits = body_exits(tree, loop);
    const bool endless =
        tree.kind(loop) == Kind::While && is_always_true(tree, tree.child(loop, Role::Test));
    exits.falls_through = exits.breaks;
    exits.breaks = exits.continues = false;
    if (!endless) merge(exits, body_exits(tree, tree.child(loop, Kind::Else)));
    return exits;
}

Exits if_exits(const Tree& tree, NodeId node) {
    Exits exits = body_exits(tree, node);
    for (const NodeId child : tree.children(node))
        if (tree.kind(child) == Kind::Elif) merge(exits, body_exits(tree, child));
    merge(exits, body_exits(tree, tree.child(node, Kind::Else)));
    return exits;
}

Exits match_exits(const Tree& tree, NodeId node) {
    Exits exits;
    bool exhaustive = false;
    for (const NodeId child : tree.children(node)) {
        if (tree.kind(child) != Kind::Case) continue;
        merge(exits, body_exits(tree, child));
        exhaustive =
            exhaustive || (tree.child(child, Role::Test) == kNoNode && is_irrefutable(tree, child));
    }
    exits.falls_through = exits.falls_through || !exhaustive;
    return exits;
}

Exits try_exits(const Tree& tree, NodeId node) {
    Exits exits = body_exits(tree, node);
    for (const NodeId child : tree.children(node)) // a bare `except:` stops every raise of the body
        if (tree.kind(child) == Kind::Except && tree.child(child, Role::Value) == kNoNode)
            exits.raises = false;
    if (const NodeId otherwise = tree.child(node, Kind::Else);
        otherwise != kNoNode && exits.falls_through) {
        exits.falls_through = false;
        merge(exits, body_exits(tree, otherwise));
    }
    for (const NodeId child : tree.children(node))
        if (tree.kind(child) == Kind::Except) merge(exits, body_exits(tree, child));
    if (const NodeId last = tree.child(node, Kind::Finally); last != kNoNode) {
        Exits finally = body_exits(tree, last);
        if (!finally.falls_through) return finally;
        finally.falls_through = false;
        merge(exits, finally);
    }
    return exits;
}

Exits statement_exits(const Tree& tree, NodeId statement) {
    Exits exits;
    switch (tree.kind(statement)) {
    case Kind::Return: exits.returns = true; return exits;
    case Kind::Break: exits.breaks = true; return exits;
    case Kind::Continue: exits.continues = true; return exits;
    case Kind::Raise: exits.raises = true; return exits;
    case Kind::For:
    case Kind::While: return loop_exits(tree, statement);
    case Kind::If: return if_exits(tree, statement);
    case Kind::With: return body_exits(tree, statement);
    case Kind::Match: return match_exits(tree, statement);
    case Kind::Try: return try_exits(tree, statement);
    default: return kFallsThrough;
    }
}

} // namespace

Exits exits_of(const Tree& tree, NodeId block) {
    Exits exits = kFallsThrough;
    for (const NodeId statement : tree.children(block)) {
        exits.falls_through = false;
        merge(exits, statement_exits(tree, statement));
        if (!exits.falls_through) break; // the rest is never reached
    }
    return exits;
}

} // namespace awaitls::analysis
