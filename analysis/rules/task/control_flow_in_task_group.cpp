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

Where waiting for the tasks is what is meant, and everybody knows.

## Differences

Like flake8-async's ASYNC121. Sonar's S7514 also reports `break` and `continue` of a loop within the block; they leave nothing.
)";

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
        const std::string_view word = returns                      ? "return"
                                      : tree.is(node, Kind::Break) ? "break"
                                                                   : "continue";
        const std::uint32_t begin = tree[node].begin;
        context
            .report(Span{begin, begin + static_cast<std::uint32_t>(word.size())},
                    "`" + std::string(word) + "` waits here for all tasks of `" +
                        callee_text(tree, group) + "()`; do it behind the block")
            .related(tree[group].span(), "the group");
        return;
    }
}

} // namespace

Rule rule_control_flow_in_task_group() {
    return {{.name = "control-flow-in-task-group",
             .category = Category::Task,
             .severity = Severity::Information,
             .aliases = {"ASYNC121", "S7514"},
             .summary =
                 "`return`, `break` or `continue` leaves the block of a task group, and waits "
                 "for its tasks.",
             .options = {},
             .doc = kDoc},
            {Kind::Return, Kind::Break, Kind::Continue},
            check};
}

} // namespace awaitls::analysis
