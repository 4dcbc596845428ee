// An attribute of a single exception, read from the group that `except*` gives.

#include "analysis/rules/exception_group/common.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`except* OSError as error` binds an `ExceptionGroup` that holds the errors, also where only one was raised. `error.errno` then raises
`AttributeError` inside of the handler, and the error that was to be handled is lost in its context. This is easily overlooked when an
`except` becomes an `except*`, for instance because the code now runs in a task group.

Reported is a read of an attribute that exception groups do not have. It ends where the name is assigned something else.

## Bad

```python
import asyncio


async def main() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.open_connection("localhost", 1))
            group.create_task(asyncio.open_connection("localhost", 1))
    except* OSError as error:
        print(error.errno)  # error: except-star-attribute
```

## Good

```python
import asyncio


async def main() -> None:
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.open_connection("localhost", 1))
            group.create_task(asyncio.open_connection("localhost", 1))
    except* OSError as group_error:
        for error in group_error.exceptions:
            print(error)
```

## Fix

None: what to do with several errors is for the author to say.

## Differences

flake8-async's ASYNC400 also reports an attribute that is assigned, which is legal.
)";

constexpr std::array<std::string_view, 8> kOfGroups{
    "message", "exceptions", "subgroup", "split", "derive", "args", "with_traceback", "add_note",
};

void check(RuleContext& context, NodeId handler) {
    const Tree& tree = context.tree;
    if (!tree[handler].has(node_flag::kStar)) return;
    for (const NodeId use : groups::uses_in_handler(tree, handler)) {
        const NodeId attribute = tree.parent(use);
        if (!tree.is(attribute, Kind::Attribute) || tree.role(use) != Role::Object) continue;
        if (tree[attribute].has(node_flag::kStore) || tree[attribute].has(node_flag::kDel))
            continue;
        const std::string_view name = identifier(tree, attribute, Role::Attr);
        if (name.empty() || (name.starts_with("__") && name.ends_with("__"))) continue;
        if (std::find(kOfGroups.begin(), kOfGroups.end(), name) != kOfGroups.end()) continue;
        const std::string variable = context.text(use);
        context.report(attribute, "`" + variable + "` is an exception group, which has no `" +
                                      std::string(name) + "`; look at each of `" + variable +
                                      ".exceptions`");
    }
}

} // namespace

Rule rule_except_star_attribute() {
    RuleInfo info;
    info.name = "except-star-attribute";
    info.category = Category::ExceptionGroup;
    info.severity = Severity::Error;
    info.aliases = {"ASYNC400"};
    info.summary = "An attribute of a single exception is read from the group of an `except*`.";
    info.doc = kDoc;
    return {info, {Kind::Except}, check};
}

} // namespace awaitls::analysis
