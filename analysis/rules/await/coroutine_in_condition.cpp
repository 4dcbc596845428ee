// A coroutine whose truth is asked for.

#include "analysis/rules/await/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A coroutine object is true, whatever its function would return. A condition that calls an
async function without `await` therefore takes the same branch every time, or loops for ever, and
the function's body never runs. Access checks written this way let everybody in.

The rule reports tests of `if`, `elif`, `while`, `assert`, conditional expressions, `case` guards
and comprehension filters, and the operands of `not`, `and` and `or` whose truth decides.

## Bad

```python
import asyncio


async def is_admin(user: str) -> bool:
    await asyncio.sleep(0.1)
    return user == "root"


async def delete_everything(user: str) -> str:
    if not is_admin(user):  # error: coroutine-in-condition
        return "denied"
    return "deleted"


asyncio.run(delete_everything("guest"))
```

## Good

```python
import asyncio


async def is_admin(user: str) -> bool:
    await asyncio.sleep(0.1)
    return user == "root"


async def delete_everything(user: str) -> str:
    if not await is_admin(user):
        return "denied"
    return "deleted"


asyncio.run(delete_everything("guest"))
```

## Fix

Inserts `await` before the call. It is safe: nobody asks a new coroutine object for its truth on
purpose. Inside generator expressions and in sync functions, where `await` cannot stand or would
mean something else, there is no fix.

## Differences

pyright finds it with `reportUnnecessaryComparison`, which is off below strict mode; mypy with
`truthy-bool`, which is opt-in.
)";

std::string place(const Tree& tree, NodeId user) {
    switch (tree.kind(user)) {
    case Kind::While: return "so the loop never ends by it";
    case Kind::Not: return "so `not` always gives False";
    case Kind::Assert: return "so the assertion never fails";
    case Kind::CompIf: return "so the filter keeps everything";
    default: return "so the test always passes";
    }
}

void check(RuleContext& context, NodeId node) {
    CoroutineFate found;
    Type coroutine = nullptr;
    if (!has_fate(context.model, node, Fate::Tested, found, coroutine)) return;
    Finding finding = context.report(
        node, shown(context.tree, node) + " is a coroutine and always true, " +
                  place(context.tree, found.user) + "; " + await_advice(context.model, node));
    finding.confidence(coroutine->confidence);
    offer_await(context, finding, node, Applicability::Safe);
}

} // namespace

Rule rule_coroutine_in_condition() {
    RuleInfo info;
    info.name = "coroutine-in-condition";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Major;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"truthy-bool", "reportUnnecessaryComparison", "redundant-condition"};
    info.summary =
        "A condition tests a coroutine object, which is always true, instead of its result.";
    info.doc = kDoc;
    return {info, {Kind::Call, Kind::Attribute}, check};
}

} // namespace awaitls::analysis
