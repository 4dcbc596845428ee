// `@pytest.mark.asyncio` on a fixture.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Marks belong to tests. On a fixture `@pytest.mark.asyncio` does nothing, and pytest 9 makes it an error: `Marks cannot be applied to
fixtures`. What makes an async fixture work is `@pytest_asyncio.fixture`, or the mode `auto` of pytest-asyncio.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio


@pytest.mark.asyncio  # error: asyncio-mark-on-fixture
@pytest_asyncio.fixture
async def database() -> AsyncIterator[str]:
    await asyncio.sleep(0)
    yield "database"
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio


@pytest_asyncio.fixture
async def database() -> AsyncIterator[str]:
    await asyncio.sleep(0)
    yield "database"
```

## Fix

Removes the mark. It is safe, since the mark has no effect.
)";

std::string_view decorator_name(const Model& model, NodeId decorator) {
    const Tree& tree = model.tree();
    NodeId value = tree.child(decorator, Role::Value);
    if (tree.is(value, Kind::Call)) value = tree.child(value, Role::Callee);
    return value == kNoNode ? std::string_view{} : model.name_of(value);
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    bool fixture = false;
    NodeId mark = kNoNode;
    for (const NodeId child : tree.children(definition)) {
        if (!tree.is(child, Kind::Decorator)) continue;
        const std::string_view name = decorator_name(model, child);
        fixture = fixture || name == "pytest.fixture" || name == "pytest.yield_fixture" ||
                  name == "pytest_asyncio.fixture";
        if (name == "pytest.mark.asyncio") mark = child;
    }
    if (!fixture || mark == kNoNode) return;
    Finding finding =
        context.report(mark, "`pytest.mark.asyncio` has no effect on a fixture; remove it");
    const Span span = tree[mark].span();
    if (tasks::has_comment(tree, span)) return;
    Span removed{tasks::line_begin(tree, span.begin), tasks::next_line(tree, span.end)};
    for (const Comment& comment : tree.comments()) // one behind the mark stays in its place
        if (comment.span.begin >= span.end && comment.span.begin < removed.end)
            removed = {span.begin, comment.span.begin};
    finding.fix("Remove the mark", Applicability::Safe, {{removed, ""}});
}

} // namespace

Rule rule_asyncio_mark_on_fixture() {
    RuleInfo info;
    info.name = "asyncio-mark-on-fixture";
    info.category = Category::Testing;
    info.severity = Severity::Hint;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"PT024", "S9074"};
    info.summary = "A fixture carries `pytest.mark.asyncio`, which is for tests.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
