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
    return target.function == nullptr || target.confidence != Confidence::Certain ||
           !target.function->is_async || target.function->class_id >= 0 ||
           model.may_suspend(*target.function);
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

Flow flow_with_options(const RuleContext& context, NodeId block) {
    FlowFacts facts;
    facts.suppresses = [&](NodeId value) {
        if (!context.tree.is(value, Kind::Call)) return false;
        return context.model.target(value).name == "contextlib.suppress" ||
               is_in_option(context, context.tree.child(value, Role::Callee),
                            "exception-suppress-context-managers");
    };
    return flow_of(context.model, block, std::move(facts));
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
    if (!model.in_async(with) && model.function_at(with) != nullptr) return result;
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
