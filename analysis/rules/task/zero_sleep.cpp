// sleep(0) of anyio and trio, which have a name for what is meant.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`sleep(0)` waits for nothing: it lets other tasks run and gives a cancellation the chance to arrive. trio and anyio have a function
whose name says that, `lowlevel.checkpoint()`. A reader then need not wonder whether a real delay was forgotten.

The rule is silent for `asyncio.sleep(0)`: asyncio has no other name for it, and it takes a fast path there.

## Bad

```python
import trio


async def count(limit: int) -> None:
    for number in range(limit):
        if number % 1000 == 0:
            await trio.sleep(0)  # error: zero-sleep


trio.run(count, 10_000)
```

## Good

```python
import trio


async def count(limit: int) -> None:
    for number in range(limit):
        if number % 1000 == 0:
            await trio.lowlevel.checkpoint()


trio.run(count, 10_000)
```

## Fix

The fix calls `lowlevel.checkpoint()`. It is safe: `sleep(0)` does nothing else. It is withheld where a comment stands inside the call.
)";

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::string_view name = model.target(call).name;
    const bool trio = name == "trio.sleep";
    if (!trio && name != "anyio.sleep") return;
    const NodeId delay = sleep_delay(tree, call);
    if (delay == kNoNode || number_value(tree, delay) != 0.0) return;
    const std::string checkpoint = trio ? "trio.lowlevel.checkpoint" : "anyio.lowlevel.checkpoint";
    Finding finding = context.report(call, "`" + callee_text(tree, call) +
                                               "(0)` only lets other tasks run; say so with `" +
                                               checkpoint + "()`");
    if (has_comment(tree, tree[call].span())) return;
    const std::string library = trio ? "trio" : "anyio";
    std::vector<std::string> imports;
    bool needs_import = false;
    std::string module = model.module_name(library + ".lowlevel", call, needs_import);
    if (module.empty() || needs_import) {
        // `import anyio` and `import trio` bring their submodule along.
        module = model.module_name(library, call, needs_import);
        if (module.empty()) return;
        if (needs_import) imports.push_back(library);
        module += ".lowlevel";
    }
    finding.fix("Replace by `" + module + ".checkpoint()`", Applicability::Safe,
                {{tree[call].span(), module + ".checkpoint()"}}, std::move(imports));
}

} // namespace

Rule rule_zero_sleep() {
    return {{.name = "zero-sleep",
             .category = Category::Task,
             .severity = Severity::Hint,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC115", "S7491"},
             .summary = "`sleep(0)` of anyio or trio is used as a checkpoint.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
