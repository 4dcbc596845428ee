#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(The setting `blocking-calls` lists functions of your own project or of libraries that awaitls does
not know, as patterns for qualified names with the advice to show. A call of such a function on
the event loop is reported. Without the setting the rule is silent.

```toml
[tool.awaitls.blocking-calls]
"legacy.*" = "use `legacy_async`"
"Report.render" = "run it in a thread with `asyncio.to_thread`"
```

`*` stands for any text, `?` for one character, `[ab]` for one of several. A pattern is compared
with the name of the imported thing (`legacy.query` after `from legacy import query as q`), with
the name as it is written in the call, and, for what the file defines itself, with its name in the
file (`Report.render`). Only calls count, and only those that are not awaited. A pattern goes
before the rules that awaitls has for the same call.

## Bad

```python
# awaitls-test: blocking-calls = { "legacy.*" = "use `legacy_async`" }
import asyncio

import legacy


async def load(query):
    return legacy.run(query)  # error: blocking-configured


asyncio.run(load("select 1"))
```

## Good

```python
import asyncio

import legacy


async def load(query):
    return await asyncio.to_thread(legacy.run, query)


asyncio.run(load("select 1"))
```

## Fix

The call is handed to a thread. The fix is unsafe: the function then runs beside other code of the
process.
)md";

void check(RuleContext& context, NodeId node) {
    if (context.model.settings().blocking_calls.empty() || !context.model.on_loop(node)) return;
    const std::optional<std::string_view> advice = configured_advice(context, node);
    if (!advice) return;
    std::string message = "`" + callee_text(context.tree, node) + "()` blocks the event loop";
    if (!advice->empty()) message += "; " + std::string(*advice);
    Finding finding = context.report(node, std::move(message));
    add_thread_fix(context, node, finding);
}

} // namespace

Rule rule_blocking_configured() {
    return {{.name = "blocking-configured",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC200"},
             .summary = "A call that the setting `blocking-calls` names, on the event loop.",
             .options = {"blocking-calls"},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
