#include "analysis/rules/cancellation/checkpoints.h"

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis::cancellation {

namespace {

bool is_async_item(const Tree& tree, NodeId item) {
    return tree[tree.parent(item)].is_async();
}

/// The block of a task group does something with it that may start a task.
bool starts_something(const Tree& tree, NodeId item) {
    const NodeId target = tree.child(item, Role::Target);
    if (target == kNoNode) return false;
    if (!tree.is(target, Kind::Name)) return true;
    const NodeId with = tree.parent(item);
    for (NodeId node = tree[item].next; node < tree[with].next; ++node) {
        if (!tree.is(node, Kind::Name) || tree.text(node) != tree.text(target)) continue;
        const NodeId up = tree.parent(node);
        if (!tree.is(up, Kind::Attribute) || identifier(tree, up, Role::Attr) != "cancel_scope")
            return true;
    }
    return false;
}

bool waits(const Model& model, NodeId awaited) {
    if (!model.tree().is(awaited, Kind::Call)) return true;
    const CallTarget target = model.target(awaited);
    // A method may be overridden, one that does nothing in particular.
    if (target.function == nullptr || target.confidence != Confidence::Certain ||
        !target.function->is_async || target.function->class_id >= 0)
        return true;
    const std::optional<std::vector<Model::CallSite>> points =
        model.suspension_points(*target.function);
    return !points || !points->empty();
}

/// `CancelScope(shield=True)`: it is there to keep cancellation out.
bool is_shield(const Tree& tree, NodeId scope) {
    return tree.is(keyword_argument(tree, scope, "shield"), Kind::True) &&
           argument_values(tree, scope).size() == 1;
}

/// The scope's object is used in the block.
bool is_used(const Tree& tree, NodeId item) {
    const NodeId target = tree.child(item, Role::Target);
    if (target == kNoNode) return false;
    const NodeId body = tree.child(tree.parent(item), Role::Body);
    return !tree.is(target, Kind::Name) || body == kNoNode ||
           tasks::mentions(tree, body, tree.text(target));
}

} // namespace

bool is_checkpoint(const Tree& tree, const Step& step) {
    switch (step.kind) {
    case StepKind::Await: return true;
    case StepKind::Next: return tree[step.node].is_async();
    case StepKind::Enter:
    case StepKind::Leave: return is_async_item(tree, step.node);
    default: return false;
    }
}

bool is_cancel_point(const Model& model, const Step& step) {
    const Tree& tree = model.tree();
    if (step.kind == StepKind::Yield) return true;
    if (!is_checkpoint(tree, step)) return false;
    if (step.kind == StepKind::Await) return waits(model, tree.child(step.node, Role::Value));
    if (step.kind == StepKind::Next) return true;
    const NodeId value = tree.child(step.node, Role::Value);
    if (tasks::is_timeout(model, value)) return false;
    if (!tasks::is_task_group(model, value)) return true;
    return step.kind == StepKind::Leave && starts_something(tree, step.node);
}

namespace {

/// What was last assigned to `name.shield` or `name.cancel_scope.shield` before the node; kNoNode: nothing.
NodeId last_shield(const Tree& tree, NodeId with, NodeId node, std::string_view name) {
    NodeId value = kNoNode;
    for (NodeId at = with; at < node; ++at) {
        if (!tree.is(at, Kind::Attribute) || !tree[at].has(node_flag::kStore) ||
            identifier(tree, at, Role::Attr) != "shield")
            continue;
        NodeId object = tree.child(at, Role::Object);
        if (tree.is(object, Kind::Attribute) &&
            identifier(tree, object, Role::Attr) == "cancel_scope")
            object = tree.child(object, Role::Object);
        if (!tree.is(object, Kind::Name) || tree.text(object) != name ||
            !tree.is(tree.parent(at), Kind::Assign))
            continue;
        const NodeId assigned = tree.child(tree.parent(at), Role::Value);
        if (assigned != kNoNode) value = assigned;
    }
    return value;
}

} // namespace

bool is_shielded(const Model& model, NodeId node, NodeId outer) {
    const Tree& tree = model.tree();
    for (const NodeId item : open_items(tree, node)) {
        if (!tree.within(item, outer)) break;
        const NodeId value = tree.child(item, Role::Value);
        if (!tree.is(value, Kind::Call)) continue;
        NodeId shield = keyword_argument(tree, value, "shield");
        if (const NodeId target = tree.child(item, Role::Target); tree.is(target, Kind::Name)) {
            const NodeId set = last_shield(tree, tree.parent(item), node, tree.text(target));
            if (set != kNoNode) shield = set;
        }
        if (shield != kNoNode && !tree.is(shield, Kind::False)) return true;
    }
    return false;
}

namespace {

bool closes(const Model& model, NodeId awaited, int depth);

/// An async function that waits only for the closing of things, or behind a shield: `async def close(self): await
/// self._stream.aclose()`.
bool only_closes(const Model& model, const FunctionDef& function, int depth) {
    constexpr int kDeepest = 5;
    if (depth > kDeepest || !function.is_async) return false;
    const std::optional<std::vector<Model::CallSite>> points = model.suspension_points(function);
    return points && !points->empty() &&
           std::all_of(points->begin(), points->end(), [&](const Model::CallSite& point) {
               const Tree& tree = point.model->tree();
               return is_shielded(*point.model, point.call, function.node) ||
                      (tree.is(point.call, Kind::Await) &&
                       closes(*point.model, tree.child(point.call, Role::Value), depth + 1));
           });
}

bool closes(const Model& model, NodeId awaited, int depth) {
    const Tree& tree = model.tree();
    if (!tree.is(awaited, Kind::Call)) return false;
    const NodeId callee = tree.child(awaited, Role::Callee);
    const std::string_view called = tree.is(callee, Kind::Attribute)
                                        ? identifier(tree, callee, Role::Attr)
                                    : tree.is(callee, Kind::Name) ? tree.text(callee)
                                                                  : std::string_view{};
    const bool plain = argument_values(tree, awaited).empty();
    if (plain && (called == "aclose" || called == "cancel_shielded_checkpoint")) return true;
    if (called.starts_with("__aexit")) return true;
    const CallTarget target = model.target(awaited);
    // One that is there by this name keeps its promise, whatever else it takes.
    if (target.function != nullptr && (called == "aclose" || called == "aclose_forcefully"))
        return true;
    if (target.name == "trio.aclose_forcefully" || target.name == "anyio.aclose_forcefully" ||
        target.name == "asyncio.shield" ||
        (plain && target.name.ends_with("lowlevel.cancel_shielded_checkpoint")))
        return true;
    return target.function != nullptr && only_closes(model, *target.function, depth);
}

} // namespace

bool is_safe_in_cleanup(const Model& model, NodeId awaited) {
    return closes(model, awaited, 0);
}

namespace {

bool never_waits(const Model& model, NodeId awaited, int depth) {
    constexpr int kDeepest = 5;
    if (depth > kDeepest || !model.tree().is(awaited, Kind::Call)) return false;
    const CallTarget target = model.target(awaited);
    if (target.function == nullptr || !target.function->is_async) return false;
    const std::optional<std::vector<Model::CallSite>> points =
        model.suspension_points(*target.function);
    return points && std::all_of(points->begin(), points->end(), [&](const Model::CallSite& point) {
               const Tree& there = point.model->tree();
               return there.is(point.call, Kind::Await) &&
                      never_waits(*point.model, there.child(point.call, Role::Value), depth + 1);
           });
}

} // namespace

bool never_waits(const Model& model, NodeId awaited) {
    return never_waits(model, awaited, 0);
}

NodeId scope_around(const Model& model, NodeId node) {
    for (const NodeId item : open_items(model.tree(), node)) {
        const NodeId value = model.tree().child(item, Role::Value);
        if (value != kNoNode &&
            (tasks::is_timeout(model, value) || tasks::is_task_group(model, value)))
            return item;
    }
    return kNoNode;
}

bool is_plain_shield(const Model& model, NodeId item) {
    const Tree& tree = model.tree();
    return tree.child(item, Role::Target) == kNoNode &&
           is_shield(tree, tree.child(item, Role::Value));
}

bool waits_at(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    switch (tree.kind(node)) {
    case Kind::Await: return true;
    case Kind::For:
    case Kind::CompFor: return tree[node].is_async();
    case Kind::With:
        if (!tree[node].is_async()) return false;
        for (const NodeId item : tree.children(node))
            if (tree.is(item, Kind::WithItem) &&
                !tasks::is_task_group(model, tree.child(item, Role::Value)))
                return true;
        return false;
    default: return false;
    }
}

Span waiting_span(const Tree& tree, NodeId node) {
    const std::uint32_t begin = tree[node].begin;
    switch (tree.kind(node)) {
    case Kind::For: return {begin, begin + 5}; // async
    case Kind::With: return {begin, begin + 5};
    default: return tree[node].span();
    }
}

Flow flow_with_options(const RuleContext& context, NodeId block) {
    FlowFacts facts;
    facts.suppresses = [&](NodeId value) {
        if (!context.tree.is(value, Kind::Call)) return false;
        return context.model.target(value).name == "contextlib.suppress" ||
               is_in_option(context, context.tree.child(value, Role::Callee),
                            "exception-suppress-context-managers");
    };
    return find_flow(context.model, block, std::move(facts));
}

std::vector<ScopeUse> scopes_of(const RuleContext& context, NodeId with) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    std::vector<ScopeUse> result;
    std::vector<NodeId> items;
    for (const NodeId child : tree.children(with))
        if (tree.is(child, Kind::WithItem)) items.push_back(child);
    const auto is_scope = [&](NodeId item) {
        const NodeId value = tree.child(item, Role::Value);
        return value != kNoNode && tasks::is_timeout(model, value) && !is_shield(tree, value);
    };
    if (std::none_of(items.begin(), items.end(), is_scope)) return result;
    if (!model.in_async(with) && (model.function_at(with) != nullptr || tree[with].is_async()))
        return result;
    const Flow flow = flow_with_options(context, with);
    if (!flow.complete()) return result;
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (!is_scope(items[i]) || is_used(tree, items[i])) continue;
        const std::vector<StepId> enter = flow.steps_of(items[i], StepKind::Enter);
        if (enter.empty()) continue;
        const auto counts = [&](const Step& step) {
            if (step.node == kNoNode) return false;
            // What is left after the scope is not in it.
            if (std::find(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                          step.node) != items.begin() + static_cast<std::ptrdiff_t>(i) + 1)
                return false;
            return is_cancel_point(model, step);
        };
        result.push_back({tree.child(items[i], Role::Value),
                          flow.occurrence(enter.front(), flow.left(items[i]), counts)});
    }
    return result;
}

} // namespace awaitls::analysis::cancellation
