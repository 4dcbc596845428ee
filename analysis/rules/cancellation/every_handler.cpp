#include "analysis/rules/cancellation/every_handler.h"

#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/task/common.h"
#include "analysis/semantic/flow.h"

#include <utility>

namespace awaitls::analysis::cancellation {

namespace {

using tasks::catches_cancellation;

bool catches(const Model& model, NodeId handler) {
    const NodeId classes = model.tree().child(handler, Role::Value);
    return classes == kNoNode || catches_cancellation(model, classes);
}

/// Follows the paths through a handler until they raise. A `raise` on a path ends it, whatever is raised.
class Paths {
public:
    Paths(const Model& model, NodeId handler) : model_(model), tree_(model.tree()) {
        const NodeId target = tree_.child(handler, Role::Target);
        if (target != kNoNode) target_ = tree_.text(target);
        result_.handler = handler;
        body(handler);
        result_.open = open_;
    }

    TextualHandler result() && { return std::move(result_); }

private:
    void body(NodeId node) {
        if (node == kNoNode) return;
        for (const NodeId statement : tasks::statements(tree_, tree_.child(node, Role::Body)))
            this->statement(statement);
    }

    void leave(NodeId node) {
        if (open_) result_.leaves.push_back(node);
    }

    /// `yield` in the expressions of a statement, not in its blocks.
    void expressions(NodeId node) {
        if (!open_) return;
        const auto is_yield = [&](NodeId inner) {
            return tree_.is(inner, Kind::Yield) || tree_.is(inner, Kind::YieldFrom);
        };
        for (const NodeId child : tree_.children(node)) {
            if (tree_.role(child) == Role::Statement || tree_.is(child, Kind::Block) ||
                tree_.is(child, Kind::Elif) || tree_.is(child, Kind::Else) ||
                tree_.is(child, Kind::Case))
                continue;
            if (is_yield(child)) leave(child);
            search_same_function(tree_, child, [&](NodeId inner) {
                if (inner != child && is_yield(inner)) leave(inner);
                return true;
            });
        }
    }

    void statement(NodeId node) {
        switch (tree_.kind(node)) {
        case Kind::FunctionDef:
        case Kind::ClassDef: return;
        case Kind::Raise: {
            const NodeId value = tree_.child(node, Role::Value);
            const bool itself =
                value == kNoNode || (tree_.is(value, Kind::Name) && tree_.text(value) == target_);
            if (!itself) leave(node);
            open_ = false;
            return;
        }
        case Kind::Return:
            expressions(node);
            leave(node);
            return;
        case Kind::Break:
            if (loops_ == 0) leave(node);
            breaks_ = breaks_ || open_;
            return;
        case Kind::Continue:
            if (loops_ == 0) leave(node);
            continues_ = continues_ || open_;
            return;
        case Kind::If: branches(node); return;
        case Kind::Match: match(node); return;
        case Kind::For:
        case Kind::While: loop(node); return;
        case Kind::Try: nested_try(node); return;
        default:
            expressions(node);
            body(node);
            return;
        }
    }

    void branches(NodeId node) {
        if (!open_) return;
        expressions(node);
        bool any_open = false;
        const auto branch = [&](NodeId part) {
            open_ = true;
            body(part);
            any_open = any_open || open_;
        };
        branch(node);
        for (const NodeId child : tree_.children(node))
            if (tree_.is(child, Kind::Elif)) branch(child);
        branch(tree_.child(node, Kind::Else)); // without one, open
        open_ = any_open;
    }

    void match(NodeId node) {
        if (!open_) return;
        expressions(node);
        bool any_open = false;
        bool exhaustive = false;
        for (const NodeId child : tree_.children(node)) {
            if (!tree_.is(child, Kind::Case)) continue;
            exhaustive = exhaustive || (is_irrefutable(tree_, child) &&
                                        tree_.child(child, Role::Test) == kNoNode);
            open_ = true;
            body(child);
            any_open = any_open || open_;
        }
        open_ = any_open || !exhaustive;
    }

    void loop(NodeId node) {
        if (!open_) return;
        expressions(node);
        const bool endless =
            tree_.is(node, Kind::While) && is_always_true(tree_, tree_.child(node, Role::Test));
        const bool runs = tree_.is(node, Kind::For) &&
                          iterates_at_least_once(tree_, tree_.child(node, Role::Iter));
        const bool outer_breaks = std::exchange(breaks_, false);
        const bool outer_continues = std::exchange(continues_, false);
        ++loops_;
        body(node);
        --loops_;
        if (!endless && (!runs || continues_)) open_ = true;
        body(tree_.child(node, Kind::Else));
        open_ = open_ || breaks_;
        breaks_ = outer_breaks;
        continues_ = outer_continues;
    }

    /// A statement that may fail raises for sure in its `finally` alone. Handlers that catch cancellation are judged for themselves.
    void nested_try(NodeId node) {
        if (!open_) return;
        for (const NodeId child : tree_.children(node)) {
            if (tree_.is(child, Kind::Finally) ||
                (tree_.is(child, Kind::Except) && catches(model_, child)))
                continue;
            if (tree_.is(child, Kind::Block)) {
                for (const NodeId statement : tasks::statements(tree_, child))
                    this->statement(statement);
            } else {
                body(child);
            }
            open_ = true;
        }
        body(tree_.child(node, Kind::Finally));
    }

    const Model& model_;
    const Tree& tree_;
    std::string_view target_;
    TextualHandler result_{};
    bool open_ = true;
    bool breaks_ = false;    // the loop can be left without a raise
    bool continues_ = false; // its next turn can come without one
    int loops_ = 0;          // around the statement, in the handler
};

} // namespace

std::vector<TextualHandler> textual_handlers(const Model& model, NodeId try_statement) {
    const Tree& tree = model.tree();
    std::vector<TextualHandler> result;
    for (const NodeId handler : tree.children(try_statement)) {
        if (!tree.is(handler, Kind::Except) || !catches(model, handler)) continue;
        const NodeId head = catching_class(model, handler);
        const bool broad = head == kNoNode || model.catches(head, "builtins.BaseException");
        if (broad && !result.empty()) continue;
        result.push_back(Paths(model, handler).result());
    }
    return result;
}

} // namespace awaitls::analysis::cancellation
