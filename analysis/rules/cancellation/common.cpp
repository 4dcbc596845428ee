#include "analysis/rules/cancellation/common.h"

#include "analysis/rules/task/common.h"
#include "analysis/semantic/flow.h"

#include <algorithm>

namespace awaitls::analysis::cancellation {

namespace {

using tasks::catches_cancellation;

/// How control leaves a statement while the cancellation is being handled. The nodes are the first ones that do so.
struct HandlerExits {
    bool falls = false;
    bool reraises = false;
    NodeId breaks = kNoNode;
    NodeId continues = kNoNode;
    NodeId returns = kNoNode; // or yields
    NodeId raises = kNoNode;  // something else

    void merge(const HandlerExits& other) {
        falls = falls || other.falls;
        reraises = reraises || other.reraises;
        breaks = std::min(breaks, other.breaks);
        continues = std::min(continues, other.continues);
        returns = std::min(returns, other.returns);
        raises = std::min(raises, other.raises);
    }
};
static_assert(kNoNode == 0xffffffffU, "the smaller of two nodes is the one that exists");

HandlerExits falling() {
    HandlerExits flow;
    flow.falls = true;
    return flow;
}

/// What a test says of the exception when it is a cancellation.
enum class Truth : std::uint8_t { Unknown, True, False };

Truth negated(Truth truth) {
    return truth == Truth::True    ? Truth::False
           : truth == Truth::False ? Truth::True
                                   : Truth::Unknown;
}

std::string_view target_name(const Tree& tree, NodeId handler) {
    const NodeId target = tree.child(handler, Role::Target);
    return target == kNoNode ? std::string_view() : tree.text(target);
}

class HandlerFlow {
public:
    HandlerFlow(const Model& model, std::string_view target)
        : model_(model), tree_(model.tree()), target_(target) {}

    HandlerExits block(NodeId block) const {
        HandlerExits flow = falling();
        for (const NodeId statement : tasks::statements(tree_, block)) {
            flow.falls = false;
            flow.merge(this->statement(statement));
            if (!flow.falls) break;
        }
        return flow;
    }

private:
    HandlerExits body(NodeId node) const {
        const NodeId block_node = node == kNoNode ? kNoNode : tree_.child(node, Role::Body);
        return block_node == kNoNode ? falling() : block(block_node);
    }

    HandlerExits statement(NodeId node) const {
        switch (tree_.kind(node)) {
        case Kind::Return: return leaving(&HandlerExits::returns, node);
        case Kind::Break: return leaving(&HandlerExits::breaks, node);
        case Kind::Continue: return leaving(&HandlerExits::continues, node);
        case Kind::Raise: return raise(node);
        case Kind::Assert:
            return truth(tree_.first_child(node)) == Truth::False ? ending() : simple(node);
        case Kind::If: return branches(node);
        case Kind::For:
        case Kind::While: return loop(node);
        case Kind::With: return with(node);
        case Kind::Match: return match(node);
        case Kind::Try: return nested_try(node);
        case Kind::FunctionDef:
        case Kind::ClassDef: return falling();
        default: return simple(node);
        }
    }

    static HandlerExits leaving(NodeId HandlerExits::*way, NodeId node) {
        HandlerExits flow;
        flow.*way = node;
        return flow;
    }

    /// Where a cancellation does not come, or is raised again.
    static HandlerExits ending() {
        HandlerExits flow;
        flow.reraises = true;
        return flow;
    }

    /// A cancelled scope of trio cancels every checkpoint, so waiting in its handler raises again.
    bool is_cancelled_again(NodeId node) const {
        if (model_.library() != AsyncLibrary::Trio) return false;
        bool waits = false;
        search_same_function(tree_, node, [&](NodeId inner) {
            const NodeId call =
                tree_.is(inner, Kind::Await) ? tree_.child(inner, Role::Value) : kNoNode;
            waits = waits ||
                    (tree_.is(call, Kind::Call) && model_.target(call).name.starts_with("trio."));
            return true;
        });
        if (!waits) return false;
        for (NodeId up = tree_.parent(node); up != kNoNode && !tree_.is(up, Kind::FunctionDef);
             up = tree_.parent(up)) {
            if (!tree_.is(up, Kind::With)) continue;
            for (const NodeId item : tree_.children(up)) {
                const NodeId scope =
                    tree_.is(item, Kind::WithItem) ? tree_.child(item, Role::Value) : kNoNode;
                if (tree_.is(scope, Kind::Call) &&
                    keyword_argument(tree_, scope, "shield") != kNoNode)
                    return false;
            }
        }
        return true;
    }

    HandlerExits simple(NodeId node) const {
        if (is_cancelled_again(node)) return ending();
        HandlerExits flow = falling();
        search_same_function(tree_, node, [&](NodeId inner) {
            if (tree_.is(inner, Kind::Yield) || tree_.is(inner, Kind::YieldFrom))
                flow.returns = std::min(flow.returns, inner);
            return true;
        });
        NodeId call = tree_.is(node, Kind::ExprStmt) ? tree_.child(node, Role::Value) : kNoNode;
        if (tree_.is(call, Kind::Await)) call = tree_.child(call, Role::Value);
        if (tree_.is(call, Kind::Call) && never_returns(model_, call)) flow.falls = false;
        return flow;
    }

    HandlerExits raise(NodeId node) const {
        HandlerExits flow;
        const NodeId value = tree_.child(node, Role::Value);
        if (value == kNoNode || raises_cancellation(value)) {
            flow.reraises = true;
        } else {
            flow.raises = node;
        }
        return flow;
    }

    /// The raised value is the caught exception, another cancellation, the end of the program, or not known.
    bool raises_cancellation(NodeId value) const {
        if (tree_.is(value, Kind::Name) && tree_.text(value) == target_) return true;
        if (tree_.is(value, Kind::Call)) {
            const Type made = model_.type_of(value);
            if (made->kind == TypeKind::Instance &&
                (model_.is_instance(made, "asyncio.CancelledError") ||
                 model_.is_instance(made, "trio.Cancelled")))
                return true;
            const NodeId callee = tree_.child(value, Role::Callee);
            if (tree_.is(callee, Kind::Attribute)) { // e.with_traceback(..)
                const NodeId object = tree_.child(callee, Role::Object);
                if (tree_.is(object, Kind::Name) && tree_.text(object) == target_) return true;
            }
            return callee == kNoNode || raises_cancellation_class(callee);
        }
        return raises_cancellation_class(value);
    }

    /// A local name that is no import or class.
    bool is_variable(NodeId node) const {
        return tree_.is(node, Kind::Name) && model_.is_local(node) &&
               model_.name_of(node).empty() && model_.type_of(node)->kind != TypeKind::Class;
    }

    /// The handler around a Name that caught the exception in it: `except ValueError as name`.
    NodeId handler_that_binds(NodeId name) const {
        if (!tree_.is(name, Kind::Name)) return kNoNode;
        for (NodeId up = tree_.parent(name); up != kNoNode && !tree_.is(up, Kind::FunctionDef);
             up = tree_.parent(up))
            if (tree_.is(up, Kind::Except) && target_name(tree_, up) == tree_.text(name)) return up;
        return kNoNode;
    }

    bool raises_cancellation_class(NodeId value) const {
        if (const NodeId other = handler_that_binds(value); other != kNoNode) {
            const NodeId classes = tree_.child(other, Role::Value);
            return catches_cancellation(model_, classes) || !all_known(classes);
        }
        if (is_variable(value)) {
            // The exception may have been saved in it.
            const NodeId held = model_.value_of_local(value);
            return held == kNoNode || !tree_.is(held, Kind::Call) || raises_cancellation(held);
        }
        const Type type = model_.type_of(value);
        if (type->kind == TypeKind::Class && type->cls != nullptr)
            return catches_cancellation(model_, value);
        const std::string_view name = model_.name_of(value);
        if (!name.empty() && find_class(name) != nullptr)
            return inherits_from(name, "asyncio.CancelledError") ||
                   inherits_from(name, "trio.Cancelled") ||
                   inherits_from(name, "builtins.SystemExit") ||
                   inherits_from(name, "builtins.KeyboardInterrupt") ||
                   inherits_from(name, "builtins.GeneratorExit") ||
                   inherits_from(name, "builtins.AssertionError"); // marks what cannot be reached
        // A class of another module is spelled like one; anything else may give the exception itself.
        const std::string_view text = tree_.text(value);
        const std::size_t dot = text.rfind('.');
        const char first =
            text[dot == std::string_view::npos || dot + 1 == text.size() ? 0 : dot + 1];
        return !(first >= 'A' && first <= 'Z') || text.find("Cancel") != std::string_view::npos;
    }

    Truth truth(NodeId test) const {
        if (test == kNoNode) return Truth::Unknown;
        switch (tree_.kind(test)) {
        case Kind::False: return Truth::False;
        case Kind::Not: {
            const NodeId value = tree_.child(test, Role::Value);
            return negated(truth(value));
        }
        case Kind::BoolOp: {
            const Truth left = truth(tree_.child(test, Role::Left));
            const Truth right = truth(tree_.child(test, Role::Right));
            const Truth decides =
                static_cast<Op>(tree_[test].op) == Op::And ? Truth::False : Truth::True;
            if (left == decides || right == decides) return decides;
            return left == right ? left : Truth::Unknown;
        }
        case Kind::Call: {
            if (model_.target(test).name != "builtins.isinstance") return Truth::Unknown;
            const NodeId value = argument(tree_, test, 0, {});
            const NodeId classes = argument(tree_, test, 1, {});
            if (!tree_.is(value, Kind::Name) || tree_.text(value) != target_ || classes == kNoNode)
                return Truth::Unknown;
            if (catches_cancellation(model_, classes)) return Truth::True;
            return all_known(classes) ? Truth::False : Truth::Unknown;
        }
        default: return Truth::Unknown;
        }
    }

    /// The class, or each of a tuple, is known, so it does not catch cancellation when catches() denies it.
    bool all_known(NodeId classes) const {
        if (tree_.is(classes, Kind::Tuple)) {
            for (const NodeId element : tree_.children(classes))
                if (!all_known(element)) return false;
            return true;
        }
        const std::string_view name = model_.name_of(classes);
        if (!name.empty() && find_class(name) != nullptr) return true;
        // A class of another module is spelled like one, and one for cancellations like them; in capitals it may be a tuple.
        std::string_view text = tree_.text(classes);
        if (const std::size_t dot = text.rfind('.'); dot != std::string_view::npos)
            text.remove_prefix(dot + 1);
        const bool upper = !text.empty() && text.front() >= 'A' && text.front() <= 'Z';
        return upper &&
               text.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string_view::npos &&
               text.find("Cancel") == std::string_view::npos && !is_variable(classes);
    }

    HandlerExits branches(NodeId node) const {
        HandlerExits flow;
        bool open = true; // the branches so far may all be passed by
        const auto branch = [&](NodeId part) {
            const Truth known = truth(tree_.child(part, Role::Test));
            if (!open || known == Truth::False) return;
            flow.merge(body(part));
            open = known != Truth::True;
        };
        branch(node);
        for (const NodeId child : tree_.children(node))
            if (tree_.is(child, Kind::Elif)) branch(child);
        if (open) flow.merge(body(tree_.child(node, Kind::Else)));
        return flow;
    }

    HandlerExits loop(NodeId node) const {
        HandlerExits flow = body(node);
        const bool broken = flow.breaks != kNoNode;
        const bool ends = tree_.is(node, Kind::While)
                              ? !is_always_true(tree_, tree_.child(node, Role::Test))
                              : flow.falls || flow.continues != kNoNode ||
                                    !iterates_at_least_once(tree_, tree_.child(node, Role::Iter));
        flow.breaks = flow.continues = kNoNode;
        flow.falls = false;
        if (ends) flow.merge(body(tree_.child(node, Kind::Else)));
        flow.falls = flow.falls || broken;
        return flow;
    }

    HandlerExits with(NodeId node) const {
        HandlerExits flow = body(node);
        for (const NodeId item : tree_.children(node)) {
            const NodeId value =
                tree_.is(item, Kind::WithItem) ? tree_.child(item, Role::Value) : kNoNode;
            if (value == kNoNode || !tasks::calls(model_, value, "contextlib.suppress")) continue;
            for (const NodeId suppressed : argument_values(tree_, value))
                if (flow.reraises && catches_cancellation(model_, suppressed)) {
                    flow.reraises = false;
                    flow.falls = true;
                }
        }
        return flow;
    }

    HandlerExits match(NodeId node) const {
        HandlerExits flow;
        for (const NodeId child : tree_.children(node))
            if (tree_.is(child, Kind::Case)) flow.merge(body(child));
        NodeId last = kNoNode;
        for (const NodeId child : tree_.children(node))
            if (tree_.is(child, Kind::Case)) last = child;
        const bool exhaustive = last != kNoNode && is_irrefutable(tree_, last) &&
                                tree_.child(last, Role::Test) == kNoNode;
        flow.falls = flow.falls || !exhaustive;
        return flow;
    }

    HandlerExits nested_try(NodeId node) const {
        HandlerExits flow = body(node);
        bool any_handler = false;
        if (const NodeId otherwise = tree_.child(node, Kind::Else);
            otherwise != kNoNode && flow.falls) {
            flow.falls = false;
            flow.merge(body(otherwise));
        }
        bool caught_again = !flow.reraises;
        HandlerExits handlers;
        for (const NodeId child : tree_.children(node)) {
            if (!tree_.is(child, Kind::Except)) continue;
            any_handler = true;
            const NodeId classes = tree_.child(child, Role::Value);
            if (!caught_again && (classes == kNoNode || catches_cancellation(model_, classes))) {
                caught_again = true;
                flow.reraises = false;
            }
            handlers.merge(body(child));
        }
        if (any_handler) flow.raises = kNoNode; // it may be caught right here
        flow.merge(handlers);
        if (const NodeId last = tree_.child(node, Kind::Finally); last != kNoNode) {
            HandlerExits finally = body(last);
            if (!finally.falls) return finally;
            finally.falls = false;
            flow.merge(finally);
        }
        return flow;
    }

    const Model& model_;
    const Tree& tree_;
    std::string_view target_;
};

bool is_target(const Tree& tree, NodeId node, std::string_view target) {
    return !target.empty() && tree.is(node, Kind::Name) && tree.text(node) == target;
}

/// The exception itself, not its text or class, is an argument of the call.
bool has_target_argument(const Tree& tree, NodeId call, std::string_view target) {
    const std::vector<NodeId> values = argument_values(tree, call);
    return std::any_of(values.begin(), values.end(),
                       [&](NodeId value) { return is_target(tree, value, target); });
}

} // namespace

namespace {

/// A cancellation that comes in the body of the Try is swallowed by its own handler, which neither waits nor raises.
bool swallows_all(const Model& model, NodeId try_statement) {
    const Tree& tree = model.tree();
    const auto quiet = [&](NodeId part) {
        const NodeId body = tree.child(part, Role::Body);
        return body != kNoNode && !has_suspension_point(tree, body) && !exits_of(tree, body).raises;
    };
    if (const NodeId last = tree.child(try_statement, Kind::Finally);
        last != kNoNode && !quiet(last))
        return false;
    for (const NodeId handler : tree.children(try_statement)) {
        if (!tree.is(handler, Kind::Except)) continue;
        if (tree[handler].has(node_flag::kStar)) return false;
        const NodeId classes = tree.child(handler, Role::Value);
        if (classes == kNoNode || catches_cancellation(model, classes)) return quiet(handler);
    }
    return false;
}

/// A cancellation may leave the block where it waits.
bool is_left_by_cancellation(const Model& model, NodeId block) {
    const Tree& tree = model.tree();
    std::vector<NodeId> covered; // bodies of what swallows all
    bool found = false;
    walk_same_function(tree, block, [&](NodeId node) {
        if (tree.is(node, Kind::Try) && swallows_all(model, node))
            covered.push_back(tree.child(node, Role::Body));
        const bool is_covered = std::find(covered.begin(), covered.end(), node) != covered.end();
        const Kind kind = tree.kind(node);
        if (!is_covered && (kind == Kind::Await || kind == Kind::Yield ||
                            ((kind == Kind::For || kind == Kind::With || kind == Kind::CompFor) &&
                             tree[node].is_async())))
            found = true;
        return !is_covered && !found;
    });
    return found;
}

} // namespace

NodeId handler_of(const Model& model, NodeId try_statement) {
    const Tree& tree = model.tree();
    const NodeId body = tree.child(try_statement, Role::Body);
    if (body == kNoNode || !model.in_async(body)) return kNoNode;
    for (const NodeId handler : tree.children(try_statement)) {
        if (!tree.is(handler, Kind::Except)) continue;
        const NodeId classes = tree.child(handler, Role::Value);
        if (classes == kNoNode || catches_cancellation(model, classes))
            return has_suspension_point(tree, body) && is_left_by_cancellation(model, body)
                       ? handler
                       : kNoNode;
    }
    return kNoNode;
}

Treatment treatment(const Model& model, NodeId handler) {
    const Tree& tree = model.tree();
    const NodeId body = tree.child(handler, Role::Body);
    if (body == kNoNode) return {};
    const HandlerExits flow = HandlerFlow(model, target_name(tree, handler)).block(body);
    Treatment result;
    result.swallowed = flow.falls ? handler : flow.continues;
    result.replaced = std::min({flow.returns, flow.breaks, flow.raises});
    result.sometimes_raised = flow.reraises;
    result.only_falls_through =
        flow.falls && flow.continues == kNoNode && result.replaced == kNoNode;
    return result;
}

namespace {

bool mentions(const Tree& tree, NodeId node, std::string_view name) {
    for (NodeId n = node; n < tree[node].next; ++n)
        if (tree.is(n, Kind::Name) && tree.text(n) == name) return true;
    return false;
}

/// The exception itself may be what the expression gives: `e if .. else wrap(e)`, `saved or e`, or be in it: `("error", e)`.
bool gives(const Tree& tree, NodeId expression, std::string_view exception) {
    if (expression == kNoNode) return false;
    switch (tree.kind(expression)) {
    case Kind::Conditional:
        return gives(tree, tree.child(expression, Role::Body), exception) ||
               gives(tree, tree.child(expression, Role::OrElse), exception);
    case Kind::BoolOp:
        return gives(tree, tree.child(expression, Role::Left), exception) ||
               gives(tree, tree.child(expression, Role::Right), exception);
    case Kind::Tuple:
        for (const NodeId element : tree.children(expression))
            if (gives(tree, element, exception)) return true;
        return false;
    default: return is_target(tree, expression, exception);
    }
}

/// A variable gets something of the exception: one that is raised or looked at later, `error = e if .. else wrap(e)`, or what
/// a test behind it asks for, `expected = isinstance(e, ..)`.
bool is_kept(const Model& model, NodeId handler, NodeId assignment, NodeId value,
             std::string_view exception) {
    const Tree& tree = model.tree();
    const NodeId variable = tree.child(assignment, Role::Target);
    if (exception.empty() || !tree.is(variable, Kind::Name) || !mentions(tree, value, exception))
        return false;
    if (gives(tree, value, exception)) return true;
    const std::string_view name = tree.text(variable);
    for (NodeId n = assignment; n < tree[handler].next; ++n)
        if (tree.role(n) == Role::Test && mentions(tree, n, name)) return true;
    if (!tree.is(value, Kind::Call) || !has_target_argument(tree, value, exception)) return false;
    const std::string_view callee = model.target(value).name;
    if (callee == "builtins.str" || callee == "builtins.repr" || callee == "builtins.type" ||
        callee == "builtins.isinstance")
        return false;
    // Nonlocal ones are read elsewhere.
    const std::vector<NodeId> uses = model.uses_of_local(variable);
    return uses.empty() || std::any_of(uses.begin(), uses.end(), [&](NodeId use) {
               return !tree.within(use, handler) && !tree[use].has(node_flag::kStore);
           });
}

} // namespace

namespace {

/// `task = asyncio.current_task()` and, in the function or in one that it defines, `task.cancel()`: a timeout of its own.
bool cancels_itself(const Model& model, NodeId function) {
    const Tree& tree = model.tree();
    std::string_view task;
    for (NodeId node = function; node < tree[function].next; ++node) {
        if (tree.is(node, Kind::Call) && tasks::calls(model, node, "asyncio.current_task")) {
            const NodeId name = tasks::assigned_name(tree, node);
            if (name != kNoNode) task = tree.text(name);
        }
        if (task.empty() || !tree.is(node, Kind::Attribute) ||
            identifier(tree, node, Role::Attr) != "cancel")
            continue;
        const NodeId object = tree.child(node, Role::Object);
        if (tree.is(object, Kind::Name) && tree.text(object) == task) return true;
    }
    return false;
}

} // namespace

bool is_dealt_with(const Model& model, NodeId try_statement, NodeId handler) {
    const Tree& tree = model.tree();
    const std::string_view target = target_name(tree, handler);
    for (NodeId node = handler; node < tree[handler].next; ++node) {
        switch (tree.kind(node)) {
        case Kind::Attribute: {
            const std::string_view attribute = identifier(tree, node, Role::Attr);
            for (const std::string_view known :
                 {"cancelling", "uncancel", "cancelled", "current_task", "set_exception"})
                if (attribute == known) return true;
            break;
        }
        case Kind::Name:
            if (tree.text(node) == "current_task") return true;
            break;
        case Kind::Assign:
        case Kind::AnnAssign: { // `error = e`, `error = sys.exc_info()[1]`: kept for later
            const NodeId value = tree.child(node, Role::Value);
            if (value == kNoNode) break;
            if (is_target(tree, value, target)) return true;
            if (is_kept(model, handler, node, value, target)) return true;
            // `self.error = wrap(e)`
            if (!tree.is(tree.child(node, Role::Target), Kind::Name) &&
                tree.is(value, Kind::Call) && has_target_argument(tree, value, target)) {
                const std::string_view name = model.target(value).name;
                if (name != "builtins.str" && name != "builtins.repr") return true;
            }
            for (NodeId inner = value; inner < tree[value].next; ++inner)
                if (tasks::calls(model, inner, "sys.exc_info")) return true;
            break;
        }
        case Kind::Return: { // `return e`, `return Failure(e)`: the caller gets it
            const NodeId value = tree.child(node, Role::Value);
            if (value == kNoNode) break;
            if (is_target(tree, value, target)) return true;
            if (!tree.is(value, Kind::Call) || !has_target_argument(tree, value, target)) break;
            const std::string_view name = model.target(value).name;
            if (name != "builtins.str" && name != "builtins.repr") return true;
            break;
        }
        case Kind::Compare: { // `if e is not value: raise`: it knows which exception it expects
            const Op op = static_cast<Op>(tree[node].op);
            if (op != Op::Is && op != Op::IsNot) break;
            bool itself = false;
            bool none = false;
            for (const NodeId operand : tree.children(node)) {
                itself = itself || is_target(tree, operand, target);
                none = none || tree.is(operand, Kind::None);
            }
            if (itself && !none) return true;
            break;
        }
        case Kind::Call: { // `errors.append(Failure(e))`, `inner.athrow(sys.exc_info()[1])`
            const NodeId throws = tree.child(node, Role::Callee);
            if (tree.is(throws, Kind::Attribute)) {
                const std::string_view method = identifier(tree, throws, Role::Attr);
                if (method == "throw" || method == "athrow") return true;
                // `if not await manager.__aexit__(..): raise`: the manager decides.
                if (method == "__aexit__" || method == "__exit__") return true;
            }
            const NodeId callee = tree.child(node, Role::Callee);
            if (!tree.is(callee, Kind::Attribute)) break;
            bool given = has_target_argument(tree, node, target);
            for (const NodeId value : argument_values(tree, node)) {
                if (!tree.is(value, Kind::Call) || !has_target_argument(tree, value, target))
                    continue;
                const std::string_view name = model.target(value).name;
                given = given || (name != "builtins.str" && name != "builtins.repr");
            }
            if (!given) break;
            const std::string_view method = identifier(tree, callee, Role::Attr);
            for (const std::string_view known : {"append", "add", "put", "put_nowait"})
                if (method == known) return true;
            break;
        }
        default: break;
        }
    }
    const NodeId function = tasks::function_around(tree, try_statement);
    if (cancels_itself(model, function)) return true;
    for (NodeId node = tree[try_statement].next; node < tree[function].next; ++node) {
        if (!tree.is(node, Kind::Raise)) continue;
        NodeId value = tree.child(node, Role::Value);
        if (tree.is(value, Kind::Call)) value = tree.child(value, Role::Callee);
        if (value == kNoNode) continue;
        const std::string_view name = model.name_of(value);
        if (!name.empty() && (inherits_from(name, "asyncio.CancelledError") ||
                              inherits_from(name, "trio.Cancelled")))
            return true;
    }
    return false;
}

bool is_raised_after(const Model& model, NodeId statement) {
    const Tree& tree = model.tree();
    for (NodeId up = tree.parent(statement); up != kNoNode && !tree.is(up, Kind::FunctionDef);
         up = tree.parent(up)) {
        if (tree.is(up, Kind::Lambda) || tree.is(up, Kind::ClassDef)) return false;
        const NodeId body = tree.is(up, Kind::Except) ? tree.child(up, Role::Body) : kNoNode;
        if (body == kNoNode) continue;
        const Exits exits = exits_of(tree, body);
        const NodeId classes = tree.child(up, Role::Value);
        if ((classes == kNoNode || catches_cancellation(model, classes)) &&
            is_dealt_with(model, tree.parent(up), up))
            return true;
        if (exits.returns || exits.breaks || exits.continues) return false;
        if (exits.raises) return !exits.falls_through;
        // The handler around this one goes on after it.
    }
    return false;
}

namespace {

/// Nothing but clean-up comes between the end of the statement and the end of its function.
bool is_last(const Tree& tree, NodeId statement) {
    NodeId inner = statement;
    for (NodeId outer = tree.parent(statement); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        switch (tree.kind(outer)) {
        case Kind::FunctionDef: return true;
        case Kind::Lambda:
        case Kind::ClassDef: return false;
        case Kind::For:
        case Kind::While:
            if (tree.role(inner) == Role::Body) return false; // the next turn
            break;
        case Kind::Try: {
            const NodeId otherwise = tree.child(outer, Kind::Else);
            if (tree.role(inner) == Role::Body && otherwise != kNoNode &&
                has_suspension_point(tree, otherwise))
                return false;
            break;
        }
        case Kind::Block:
            for (NodeId next = tree.next_sibling(inner); next != kNoNode;
                 next = tree.next_sibling(next))
                if (tree.is(next, Kind::Raise) || has_suspension_point(tree, next)) return false;
            break;
        default: break;
        }
    }
    return false;
}

/// Every way through the handler that does not re-raise ends the function without a result.
bool ends_quietly(const Tree& tree, NodeId try_statement, NodeId handler,
                  const Treatment& treatment) {
    bool quiet = true;
    bool breaks = false;
    search_same_function(tree, handler, [&](NodeId node) {
        switch (tree.kind(node)) {
        case Kind::Return: {
            const NodeId value = tree.child(node, Role::Value);
            quiet = quiet && (value == kNoNode || tree.is(value, Kind::None));
            break;
        }
        case Kind::Raise: quiet = quiet && tree.child(node, Role::Value) == kNoNode; break;
        case Kind::Yield:
        case Kind::Continue: quiet = false; break;
        case Kind::Break: breaks = true; break;
        default: break;
        }
        return quiet;
    });
    if (!quiet) return false;
    if (breaks) {
        const NodeId loop = tasks::loop_around(tree, try_statement);
        if (loop == kNoNode || !is_last(tree, loop)) return false;
    }
    return treatment.swallowed == kNoNode || is_last(tree, try_statement);
}

/// create_task and its like, by name: they are methods of many things.
bool starts_task(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, Role::Callee);
    const std::string_view name = tree.is(callee, Kind::Attribute)
                                      ? identifier(tree, callee, Role::Attr)
                                  : tree.is(callee, Kind::Name) ? tree.text(callee)
                                                                : std::string_view{};
    return name.find("create_task") != std::string_view::npos ||
           name.ends_with("_background_task") || name.ends_with("create_eager_task") ||
           name == "ensure_future" || name == "start_soon";
}

bool is_argument(const Tree& tree, NodeId expression, NodeId& call) {
    call = tree.parent(expression);
    if (tree.is(call, Kind::Keyword))
        call = tree.parent(call);
    else if (tree.role(expression) != Role::Argument)
        return false;
    return tree.is(call, Kind::Call);
}

/// The Name is waited for in its function, in a way that would raise its cancellation: directly, or with
/// asyncio.wait_for() and its like, but not asyncio.wait() or gather(return_exceptions=True).
bool is_waited_for(const Tree& tree, NodeId name) {
    const NodeId function = tasks::function_around(tree, name);
    for (NodeId node = function; node < tree[function].next; ++node) {
        if (!tree.is(node, Kind::Await) || !tasks::mentions(tree, node, tree.text(name))) continue;
        const NodeId value = tree.child(node, Role::Value);
        if (!tree.is(value, Kind::Call)) return true;
        const NodeId callee = tree.child(value, Role::Callee);
        const std::string_view called = tree.is(callee, Kind::Attribute)
                                            ? identifier(tree, callee, Role::Attr)
                                            : tree.text(callee);
        if (called == "gather" && keyword_argument(tree, value, "return_exceptions") == kNoNode)
            return true;
        if (called == "wait_for" || called == "shield") return true;
    }
    return false;
}

/// What the call of create_task gives is kept somewhere or left alone; its own function does not wait for it.
bool runs_in_background(const Tree& tree, NodeId call) {
    NodeId outer = call;
    for (; outer != kNoNode && tree.role(outer) != Role::Statement; outer = tree.parent(outer))
        if (tree.is(outer, Kind::Await)) return false;
    if (!tree.is(outer, Kind::Assign) && !tree.is(outer, Kind::AnnAssign)) return true;
    for (const NodeId target : tree.children(outer))
        if (tree.role(target) == Role::Target && tree.is(target, Kind::Name) &&
            is_waited_for(tree, target))
            return false;
    return true;
}

/// The expression is a coroutine, or the function that makes it, which becomes a task.
bool becomes_task(const Tree& tree, NodeId coroutine) {
    NodeId call = kNoNode;
    if (is_argument(tree, coroutine, call))
        return starts_task(tree, call) && runs_in_background(tree, call);
    const NodeId name = tasks::assigned_name(tree, coroutine);
    if (name == kNoNode) return false;
    const NodeId function = tasks::function_around(tree, name);
    bool started = false;
    for (NodeId node = function; node < tree[function].next; ++node) {
        if (!tree.is(node, Kind::Name) || tree.text(node) != tree.text(name) ||
            tree[node].has(node_flag::kStore))
            continue;
        if (!is_argument(tree, node, call) || !starts_task(tree, call) ||
            !runs_in_background(tree, call))
            return false;
        started = true;
    }
    return started;
}

/// Where the file may speak of the function: of a method by an attribute, of another function by its name.
std::vector<Model::CallSite> mentions_of(const Model& model, const FunctionDef& function,
                                         NodeId definition) {
    constexpr std::size_t kMany = 200; // a name for everything says nothing
    std::vector<Model::CallSite> result;
    const std::vector<Model::CallSite>& mentions =
        model.mentions(model.tree().child(definition, Role::Name));
    if (mentions.size() > kMany) return result;
    for (const Model::CallSite& mention : mentions) {
        const Tree& there = mention.model->tree();
        const bool attribute = there.is(mention.call, Kind::Attribute);
        if (attribute != (function.class_id >= 0)) continue;
        if (attribute && mention.model->type_of(there.child(mention.call, Role::Object))->kind ==
                             TypeKind::Module)
            continue;
        result.push_back(mention);
    }
    return result;
}

} // namespace

bool ends_background_task(const Model& model, NodeId statement, NodeId handler,
                          const Treatment& treatment) {
    const Tree& tree = model.tree();
    const FunctionDef* const function = model.function_at(statement);
    const NodeId definition = function == nullptr ? kNoNode : model.node_of(*function);
    if (definition == kNoNode || function->is_lambda || function->is_generator) return false;
    if (handler == kNoNode ? !is_last(tree, statement)
                           : !ends_quietly(tree, statement, handler, treatment))
        return false;
    bool any = false;
    for (const Model::CallSite& mention : mentions_of(model, *function, definition)) {
        const Tree& there = mention.model->tree();
        const NodeId call = there.parent(mention.call);
        const bool called = there.is(call, Kind::Call) && there.role(mention.call) == Role::Callee;
        if (!becomes_task(there, called ? call : mention.call)) return false;
        any = true;
    }
    return any;
}

bool is_program_main(const Model& model, NodeId node) {
    const FunctionDef* const function = model.function_at(node);
    if (function == nullptr) return false;
    for (const std::string_view name :
         {"main", "_main", "amain", "_amain", "async_main", "_async_main", "main_async"})
        if (function->name == name) return true;
    // asyncio.run(serve())
    const NodeId definition = model.node_of(*function);
    if (definition == kNoNode || function->is_lambda) return false;
    bool any = false;
    for (const Model::CallSite& mention : mentions_of(model, *function, definition)) {
        const Tree& there = mention.model->tree();
        NodeId call = there.parent(mention.call);
        if (there.is(call, Kind::Call) && there.role(mention.call) == Role::Callee)
            call = there.parent(call);
        if (!there.is(call, Kind::Call)) return false;
        const std::string_view runner = mention.model->target(call).name;
        if (runner != "asyncio.run" && runner != "anyio.run" && runner != "trio.run" &&
            runner != "uvloop.run")
            return false;
        any = true;
    }
    return any;
}

NodeId suppressor_of(const Model& model, NodeId with) {
    const Tree& tree = model.tree();
    const NodeId body = tree.child(with, Role::Body);
    if (body == kNoNode || tree[with].is_async() || !model.in_async(body)) return kNoNode;
    for (const NodeId item : tree.children(with)) {
        const NodeId value =
            tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
        if (value == kNoNode || !tasks::calls(model, value, "contextlib.suppress")) continue;
        for (const NodeId suppressed : argument_values(tree, value))
            if (catches_cancellation(model, suppressed))
                return has_suspension_point(tree, body) ? value : kNoNode;
    }
    return kNoNode;
}

std::string caught(const Tree& tree, NodeId handler) {
    const NodeId classes = tree.child(handler, Role::Value);
    if (classes == kNoNode) return "`except:`";
    const std::string text(tree.text(classes));
    const bool one_line = text.find_first_of("\r\n") == std::string::npos && text.size() <= 60;
    const std::string word = tree[handler].has(node_flag::kStar) ? "except* " : "except ";
    return one_line ? "`" + word + text + "`" : "this handler";
}

bool is_played(const Model& model, NodeId handler) {
    const Tree& tree = model.tree();
    const NodeId head = catching_class(model, handler);
    if (head == kNoNode || model.catches(head, "builtins.KeyboardInterrupt")) return false;
    bool nested = false; // a function around the handler was passed
    for (NodeId up = tree.parent(handler); up != kNoNode; up = tree.parent(up)) {
        if (!tree.is(up, Kind::FunctionDef)) continue;
        if (nested && identifier(tree, up).starts_with("test")) return true;
        nested = true;
    }
    return false;
}

NodeId catching_class(const Model& model, NodeId handler) {
    const Tree& tree = model.tree();
    const NodeId classes = tree.child(handler, Role::Value);
    if (tree.is(classes, Kind::Tuple))
        for (const NodeId element : tree.children(classes))
            if (catches_cancellation(model, element)) return element;
    return classes;
}

Span handler_head(const Model& model, NodeId handler) {
    const Tree& tree = model.tree();
    const NodeId head = catching_class(model, handler);
    if (head != kNoNode) return tree[head].span();
    const std::uint32_t begin = tree[handler].begin;
    return {begin, begin + 6};
}

} // namespace awaitls::analysis::cancellation
