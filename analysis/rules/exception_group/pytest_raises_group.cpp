// `pytest.raises` with an exception group.

#include "analysis/rules/exception_group/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`pytest.raises(ExceptionGroup)` passes for every group, whatever is in it: also where the code under test fails with another error than
the one that the test is about. `pytest.RaisesGroup`, of pytest 8.4, says which exceptions the group holds, and checks them.

## Bad

```python
import asyncio

import pytest


async def load() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.1))
        group.create_task(asyncio.sleep(0.1))


def test_load() -> None:
    with pytest.raises(ExceptionGroup):  # error: pytest-raises-group
        asyncio.run(load())
```

## Good

```python
import asyncio

import pytest


async def load() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0.1))
        group.create_task(asyncio.sleep(0.1))


def test_load() -> None:
    with pytest.RaisesGroup(ValueError):
        asyncio.run(load())
```

## Fix

None: which exceptions are expected is for the author to say.

## When not to follow it

Where the test looks at the exceptions of the group by itself, or pytest is older than 8.4.
)";

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    if (model.target(call).name != "pytest.raises") return;
    const NodeId expected = argument(context.tree, call, 0, "expected_exception");
    if (expected == kNoNode || !groups::names_group_class(model, expected)) return;
    context.report(call, "`pytest.raises` accepts a group of any exceptions; say which with "
                         "`pytest.RaisesGroup`");
}

} // namespace

Rule rule_pytest_raises_group() {
    RuleInfo info;
    info.name = "pytest-raises-group";
    info.category = Category::ExceptionGroup;
    info.severity = Severity::Hint;
    info.aliases = {"ASYNC401"};
    info.summary = "`pytest.raises` expects an exception group without saying what is in it.";
    info.doc = kDoc;
    return {info, {Kind::Call}, check};
}

} // namespace awaitls::analysis
