// return, break and continue that leave the block of a task group.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Leaving the block of a task group or nursery does not leave it at once: `return`, `break` and `continue` first wait there until all its
tasks have ended, however long they run. Where one of them fails meanwhile, its exception takes the place of the result. Written in the
middle of the block, the statement looks as if it ended the work, and does not.

## Bad

```python
import asyncio


async def first(urls: list[str]) -> str:
    async with asyncio.TaskGroup() as group:
        for url in urls:
            group.create_task(asyncio.sleep(1))
            if url.startswith("https:"):
                return url  # error: control-flow-in-task-group
    return ""
```

## Good

```python
import asyncio


async def first(urls: list[str]) -> str:
    found = ""
    async with asyncio.TaskGroup() as group:
        for url in urls:
            group.create_task(asyncio.sleep(1))
            if url.startswith("https:"):
                found = url
                break
    return found
```

## Fix

None: whether the tasks are to be waited for, or cancelled first, is for the author to say.

## When not to follow it

Where waiting for the tasks is what is meant, and everybody knows. The rule is silent of a `return` that ends the block, as the block
waits there in any case, and where nothing has to do with the group before.

## Differences

Like flake8-async's ASYNC121, which also reports blocks where no task can have been started before the statement, and a `return` at their
end: who selects `ASYNC121` gets these too. Sonar's S7514 also reports `break` and `continue` of a loop within the block; they leave nothing.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// Control may have come past a use of the group's name before the node: only then it can have tasks.
bool is_used_before(const Tree& tree, NodeId item, NodeId node) {
    const NodeId name = tree.child(item, Role::Target);
    if (name == kNoNode) return false;
    if (!tree.is(name, Kind::Name)) return true;
    const NodeId with = tree.parent(item);
    NodeId end = node;
    for (NodeId up = tree.parent(node); up != with; up = tree.parent(up))
        if (tree.is(up, Kind::For) || tree.is(up, Kind::While)) end = tree[up].next;
    for (NodeId use = tree[item].next; use < end; ++use)
        if (tree.is(use, Kind::Name) && tree.text(use) == tree.text(name)) return true;
    return false;
}

/// The last statement of the block.
bool ends_block(const Tree& tree, NodeId item, NodeId node) {
    const NodeId block = tree.parent(node);
    return tree.parent(block) == tree.parent(item) && tree.next_sibling(node) == kNoNode;
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const bool returns = tree.is(node, Kind::Return);
    const NodeId loop = returns ? kNoNode : tasks::loop_around(tree, node);
    if (!returns && loop == kNoNode) return;
    for (const NodeId item : open_items(tree, node)) {
        if (!returns && !tree.within(item, loop)) return;
        const NodeId group = tree.child(item, Role::Value);
        if (group == kNoNode || !tasks::is_task_group(model, group)) continue;
        const bool waits =
            is_used_before(tree, item, node) && !(returns && ends_block(tree, item, node));
        if (!waits && !context.wants(kBeyond)) return;
        const std::string_view word = returns                      ? "return"
                                      : tree.is(node, Kind::Break) ? "break"
                                                                   : "continue";
        const std::uint32_t begin = tree[node].begin;
        context
            .report(Span{begin, begin + static_cast<std::uint32_t>(word.size())},
                    "`" + std::string(word) + "` waits here for all tasks of `" +
                        callee_text(tree, group) + "()`; do it behind the block")
            .shape(waits ? 0 : kBeyond)
            .related(tree[group].span(), "the group");
        return;
    }
}

} // namespace

Rule rule_control_flow_in_task_group() {
    return {
        {.name = "control-flow-in-task-group",
         .category = Category::Task,
         .severity = Severity::Information,
         .aliases = {"ASYNC121", "S7514"},
         .shapes = {{},
                    {.codes = {"ASYNC121"},
                     .beyond =
                         "blocks where no task can have been started before the statement, and a "
                         "`return` that ends the block"}},
         .summary = "`return`, `break` or `continue` leaves the block of a task group, and waits "
                    "for its tasks.",
         .options = {},
         .doc = kDoc},
        {Kind::Return, Kind::Break, Kind::Continue},
        check};
}

} // namespace awaitls::analysis
