// A timeout of anyio or trio that is made before it is entered.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`fail_after(seconds)` and `move_on_after(seconds)` read as a limit for the block that they guard. In anyio, and in trio before 0.27, the clock starts
when they are *called*: whatever runs between the call and the `with` is taken off the limit, and the block may be cancelled before it
begins. Since 0.27 trio starts the clock at the `with`, so the same code means two things.

Reported is a scope that is assigned to a variable or an attribute. One that is entered at once (`with`, `stack.enter_context(..)`), returned or
passed on is not: whoever gets it may enter it at once.

## Bad

```python
import anyio


async def fetch() -> None:
    limit = anyio.move_on_after(1)  # error: delayed-scope-entry
    await anyio.sleep(0.5)
    with limit:
        await anyio.sleep(0.8)
        print("done")


anyio.run(fetch)
```

## Good

```python
import anyio


async def fetch() -> None:
    await anyio.sleep(0.5)
    with anyio.move_on_after(1):
        await anyio.sleep(0.8)
        print("done")


anyio.run(fetch)
```

## Fix

Where the `with` follows in the next statement the fix moves the call into it. It is safe: nothing runs between the two. Elsewhere there is no
fix, since it is not known which of the two meanings was wanted.

## When not to follow it

A project that uses trio 0.27 or newer and no anyio may switch the rule off.

## Differences

flake8-async's ASYNC122 reports every call outside of a `with`, also `stack.enter_context(trio.fail_after(1))` and `return trio.fail_after(1)`, but
does not see that `limit = trio.fail_after` gives the function another name.
)";

bool is_relative_scope(std::string_view name) {
    for (const std::string_view known :
         {"anyio.fail_after", "anyio.move_on_after", "trio.fail_after", "trio.move_on_after"})
        if (name == known) return true;
    return false;
}

/// The `with name:` right behind the assignment: its item's value, or kNoNode.
NodeId entered_next(const Tree& tree, NodeId assignment, NodeId name) {
    const NodeId with = tree.next_sibling(assignment);
    if (!tree.is(with, Kind::With)) return kNoNode;
    const NodeId item = tree.child(with, Kind::WithItem);
    if (item == kNoNode || tree.child(item, Role::Target) != kNoNode) return kNoNode;
    const NodeId value = tree.child(item, Role::Value);
    return tree.is(value, Kind::Name) && tree.text(value) == tree.text(name) ? value : kNoNode;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId parent = tree.parent(call);
    if (parent == kNoNode || tree[call].role != Role::Value) return;
    const Kind kind = tree.kind(parent);
    if (kind != Kind::Assign && kind != Kind::AnnAssign && kind != Kind::NamedExpr) return;
    // `with (scope := move_on_after(1)):` enters it at once.
    if (kind == Kind::NamedExpr && tree.is(tree.parent(parent), Kind::WithItem)) return;
    const std::string_view name = model.target(call).name;
    if (!is_relative_scope(name)) return;
    const bool trio = name.starts_with("trio.");
    Finding finding = context.report(
        call, "the time of `" + callee_text(tree, call) + "()` " +
                  (trio ? "starts here before trio 0.27, and at the `with` since then"
                        : "starts here and not at the `with`") +
                  "; call it in the `with`");

    const NodeId variable = assigned_name(tree, call);
    if (variable == kNoNode || !model.is_local(variable)) return;
    const NodeId entered = entered_next(tree, parent, variable);
    if (entered == kNoNode) return;
    const Span statement = tree[parent].span();
    if (!has_own_lines(tree, parent) || has_comment(tree, {statement.begin, tree[entered].end}) ||
        context.text(call).find_first_of("\r\n") != std::string::npos)
        return;
    // The manager that fail_after() gives is not the scope that it binds.
    bool more = false;
    for (const NodeId use : model.uses_of_local(variable))
        more = more || (use != variable && use != entered);
    if (more && !name.ends_with("move_on_after")) return;
    const std::string target = more ? " as " + context.text(variable) : "";
    finding.fix("Call `" + callee_text(tree, call) + "()` in the `with`", Applicability::Safe,
                {{{line_begin(tree, statement.begin), next_line(tree, statement.end)}, ""},
                 {tree[entered].span(), context.text(call) + target}});
}

} // namespace

Rule rule_delayed_scope_entry() {
    return {{.name = "delayed-scope-entry",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC122"},
             .summary = "A timeout of anyio or trio is made apart from the `with` that enters it.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
