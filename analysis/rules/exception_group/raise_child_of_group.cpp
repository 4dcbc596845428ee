// One exception of a caught group is raised by itself.

#include "analysis/rules/exception_group/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(The exceptions in a group have a traceback, a cause and a context of their own, which say where in which task they were raised. `raise
group.exceptions[0]` inside of the handler changes them: the traceback grows by the line of the `raise`, the context becomes the group, and the
other exceptions of the group are gone. Where the same exception lies in other groups, as after `split`, those show it as well.

Reported is a `raise` of an element of `group.exceptions`, also through variables, `for` loops, `split()` and `subgroup()`, in the handler
that caught the group.

## Bad

```python
import asyncio


async def main() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0.1))
            group.create_task(asyncio.sleep(0.1))
    except* ValueError as errors:
        raise errors.exceptions[0]  # error: raise-child-of-group
```

## Good

```python
import asyncio


class LoadError(Exception):
    pass


async def main() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0.1))
            group.create_task(asyncio.sleep(0.1))
    except* ValueError as errors:
        raise LoadError("cannot load") from errors
```

## Fix

None: raise a new exception from the group, the group itself, or a `copy.copy()` of the one exception.
)";

bool has(const std::vector<std::string_view>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Follows in text order what variables of a handler hold: groups, lists of their exceptions, or one of these.
class Handler {
public:
    Handler(RuleContext& context, std::string_view group)
        : context_(context), tree_(context.tree), groups_{group} {}

    void read(NodeId body) {
        search_same_function(tree_, body, [&](NodeId node) {
            switch (tree_.kind(node)) {
            case Kind::Except: return false; // a handler of its own
            case Kind::Raise: raise(node); break;
            case Kind::Assign:
            case Kind::AnnAssign: assign(node); break;
            case Kind::For: loop(node); break;
            default: break;
            }
            return true;
        });
    }

private:
    bool is_name(NodeId node, const std::vector<std::string_view>& names) const {
        return tree_.is(node, Kind::Name) && has(names, tree_.text(node));
    }
    bool is_child(NodeId node) const {
        return is_name(node, children_) ||
               (tree_.is(node, Kind::Subscript) && is_list(tree_.child(node, Role::Object)));
    }
    bool is_list(NodeId node) const {
        return is_name(node, lists_) || (tree_.is(node, Kind::Attribute) &&
                                         identifier(tree_, node, Role::Attr) == "exceptions" &&
                                         is_group(tree_.child(node, Role::Object)));
    }
    /// An exception of a group may be a group.
    bool is_group(NodeId node) const {
        if (is_name(node, groups_) || is_child(node)) return true;
        if (!tree_.is(node, Kind::Call)) return false;
        const NodeId callee = tree_.child(node, Role::Callee);
        if (!tree_.is(callee, Kind::Attribute)) return false;
        const std::string_view method = identifier(tree_, callee, Role::Attr);
        return (method == "split" || method == "subgroup") &&
               is_group(tree_.child(callee, Role::Object));
    }

    /// `raise error from error.__cause__` and the like: what is lost was thought of.
    bool keeps_cause(NodeId node) const {
        const NodeId cause = tree_.child(node, Role::Cause);
        if (cause == kNoNode) return false;
        for (NodeId part = cause; part < tree_[cause].next; ++part)
            if (tree_.is(part, Kind::Attribute) &&
                identifier(tree_, part, Role::Attr) == "__cause__")
                return true;
        return false;
    }

    /// `if len(group.exceptions) == 1:` around it: no other is lost.
    bool is_only_one(NodeId node) const {
        for (NodeId up = tree_.parent(node); up != kNoNode && !tree_.is(up, Kind::Except);
             up = tree_.parent(up)) {
            const bool asks = tree_.is(up, Kind::If) || tree_.is(up, Kind::Elif);
            const NodeId test = asks ? tree_.child(up, Role::Test) : kNoNode;
            if (test == kNoNode) continue;
            const std::string_view text = tree_.text(test);
            if (text.find("len(") != std::string_view::npos &&
                text.find("== 1") != std::string_view::npos)
                return true;
        }
        return false;
    }

    void raise(NodeId node) {
        const NodeId value = tree_.child(node, Role::Value);
        if (value == kNoNode || !is_child(value) || keeps_cause(node) || is_only_one(node)) return;
        context_.report(node, "raising one exception of the group by itself changes its traceback "
                              "and context; raise a new exception from the group");
    }
    void assign(NodeId node) {
        const NodeId target = tree_.child(node, Role::Target);
        const NodeId value = tree_.child(node, Role::Value);
        if (target == kNoNode || value == kNoNode) return;
        const bool child = is_child(value);
        const bool list = is_list(value);
        const bool group = is_group(value);
        if (tree_.is(target, Kind::Tuple)) {
            for (const NodeId element : tree_.children(target))
                if (tree_.is(element, Kind::Name)) bind(element, false, false, group);
            return;
        }
        if (tree_.is(target, Kind::Name)) bind(target, child, list, group && !child);
    }
    void loop(NodeId node) {
        const NodeId target = tree_.child(node, Role::Target);
        if (tree_.is(target, Kind::Name))
            bind(target, is_list(tree_.child(node, Role::Iter)), false, false);
    }
    void bind(NodeId name, bool child, bool list, bool group) {
        const std::string_view text = tree_.text(name);
        for (std::vector<std::string_view>* names : {&children_, &lists_, &groups_})
            names->erase(std::remove(names->begin(), names->end(), text), names->end());
        if (child) children_.push_back(text);
        if (list) lists_.push_back(text);
        if (group) groups_.push_back(text);
    }

    RuleContext& context_;
    const Tree& tree_;
    std::vector<std::string_view> groups_;
    std::vector<std::string_view> lists_;
    std::vector<std::string_view> children_;
};

void check(RuleContext& context, NodeId handler) {
    const Tree& tree = context.tree;
    const NodeId target = tree.child(handler, Role::Target);
    const NodeId body = tree.child(handler, Role::Body);
    if (!tree.is(target, Kind::Name) || body == kNoNode) return;
    const bool star = tree[handler].has(node_flag::kStar);
    const NodeId caught = tree.child(handler, Role::Value);
    if (!star && !groups::names_group_class(context.model, caught)) return;
    Handler(context, tree.text(target)).read(body);
}

} // namespace

Rule rule_raise_child_of_group() {
    RuleInfo info;
    info.name = "raise-child-of-group";
    info.category = Category::ExceptionGroup;
    info.severity = Severity::Information;
    info.aliases = {"ASYNC123"};
    info.summary = "One exception of a caught group is raised by itself.";
    info.doc = kDoc;
    return {info, {Kind::Except}, check};
}

} // namespace awaitls::analysis
