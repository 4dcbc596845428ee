// Assertions about awaits of a mock that assert nothing.

#include "analysis/rules/rule.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A mock makes every attribute up that it is asked for. `mock.assert_awaited_once` without parentheses is only a reference to the method, and
`mock.awaited_once()` is the call of a new mock, whose result is always true. Either way the test passes whatever the code does.

Reported is an assertion method about awaits that is not called, and a name that looks like one without its `assert_`, where it is a statement or
the condition of an `assert`.

## Bad

```python
import asyncio
from unittest.mock import AsyncMock


async def notify(send: AsyncMock) -> None:
    await send("done")


def test_notify() -> None:
    send = AsyncMock()
    asyncio.run(notify(send))
    send.assert_awaited_once  # error: mock-await-assertion
    assert send.awaited_once_with("done")  # error: mock-await-assertion
```

## Good

```python
import asyncio
from unittest.mock import AsyncMock


async def notify(send: AsyncMock) -> None:
    await send("done")


def test_notify() -> None:
    send = AsyncMock()
    asyncio.run(notify(send))
    send.assert_awaited_once()
    send.assert_awaited_once_with("done")
```

## Fix

A method that needs no arguments is called, and a wrong name gets its `assert_`. Both are unsafe: a test that could not fail may fail from then on.

## Differences

ruff's PGH005 and Sonar's S9136 also know the assertions about calls, which have nothing to do with asyncio. An object whose class is known and
has such a method is not reported here, and `awaited` only of what is known to be a mock.
)";

constexpr std::array<std::string_view, 7> kAssertions{
    "assert_any_await",    "assert_awaited",    "assert_awaited_once", "assert_awaited_once_with",
    "assert_awaited_with", "assert_has_awaits", "assert_not_awaited",
};
constexpr std::string_view kPrefix = "assert_";

bool is_assertion(std::string_view name) {
    return std::find(kAssertions.begin(), kAssertions.end(), name) != kAssertions.end();
}

bool is_cut_short(std::string_view name) {
    return std::any_of(kAssertions.begin(), kAssertions.end(), [name](std::string_view assertion) {
        return assertion.substr(kPrefix.size()) == name;
    });
}

bool needs_arguments(std::string_view assertion) {
    return assertion != "assert_awaited" && assertion != "assert_awaited_once" &&
           assertion != "assert_not_awaited";
}

/// The object is certain to be a mock, and not only used like one.
bool is_mock(const Model& model, NodeId object) {
    constexpr std::string_view kModule = "unittest.mock.";
    const Type type = model.type_of(object);
    if (type->kind == TypeKind::Instance) return type->name.starts_with(kModule);
    const NodeId value = model.value_of_local(object);
    return value != kNoNode && model.target(value).name.starts_with(kModule);
}

/// The object may be of a class that has such a member: one of the project, or, for `awaited`, any that counts its awaits.
bool may_have(const Model& model, NodeId object, std::string_view name) {
    const Type type = model.type_of(object);
    if (type->kind == TypeKind::Instance && type->cls != nullptr)
        return model.has_method(*type->cls, name) != Answer::No;
    return name == "awaited" && !is_mock(model, object);
}

void check(RuleContext& context, NodeId attribute) {
    const Tree& tree = context.tree;
    const std::string_view name = identifier(tree, attribute, Role::Attr);
    const bool whole = is_assertion(name);
    if (!whole && !is_cut_short(name)) return;
    const bool called = tree.role(attribute) == Role::Callee;
    if (whole && called) return;
    const NodeId expression = called ? tree.parent(attribute) : attribute;
    const NodeId user = tree.parent(expression);
    const bool statement = tree.is(user, Kind::ExprStmt);
    const bool asserted = tree.is(user, Kind::Assert) && tree.role(expression) == Role::Test;
    if ((!statement && !asserted) || tree[attribute].has(node_flag::kStore)) return;
    const NodeId object = tree.child(attribute, Role::Object);
    if (object == kNoNode || may_have(context.model, object, name)) return;

    const std::string right = whole ? std::string(name) : std::string(kPrefix) + std::string(name);
    Finding finding = context.report(
        expression, whole ? "`" + right + "` is not called, so nothing is asserted; add `()`"
                          : "mocks have no `" + std::string(name) +
                                "` and make one up that is always true; call `" + right + "()`");
    if (!called && needs_arguments(right)) return;
    std::vector<Edit> edits;
    if (asserted) {
        // `assert m.awaited_once()` -> `m.assert_awaited_once()`
        if (tree.child(user, Role::Value) != kNoNode ||
            tree[expression].has(node_flag::kParenthesized))
            return;
        edits.push_back({{tree[user].begin, tree[expression].begin}, ""});
    }
    for (const NodeId child : tree.children(attribute))
        if (!whole && tree.role(child) == Role::Attr)
            edits.push_back({{tree[child].begin, tree[child].begin}, std::string(kPrefix)});
    const std::uint32_t end = tree[expression].end;
    if (!called) edits.push_back({{end, end}, "()"});
    finding.fix("Call `" + right + "()`", Applicability::Unsafe, std::move(edits));
}

} // namespace

Rule rule_mock_await_assertion() {
    RuleInfo info;
    info.name = "mock-await-assertion";
    info.category = Category::Testing;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"PGH005", "S9136"};
    info.summary = "An assertion about awaits of a mock is not called, or is no method of mocks.";
    info.doc = kDoc;
    return {info, {Kind::Attribute}, check};
}

} // namespace awaitls::analysis
