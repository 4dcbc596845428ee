// A sleep of anyio or trio that is meant to last for ever.

#include "analysis/rules/task/common.h"

#include <cmath>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A task that sleeps for more than a day, or for `math.inf` seconds, is most likely meant to sleep until it is cancelled. trio and anyio
say that with `sleep_forever()`. A finite number does end: the task goes on after it, usually in a state that nobody tested.

The rule looks at numbers written out, and at infinity as `math.inf`, `float("inf")`, an overflowing literal such as `1e999`, or an attribute
`inf` of something that is not known. Computed delays are not looked at. It is silent for `asyncio.sleep`: asyncio has no
`sleep_forever()`.

## Bad

```python
import trio


async def serve() -> None:
    await trio.sleep(1_000_000)  # error: long-sleep


async def main() -> None:
    with trio.move_on_after(0.1):
        await serve()


trio.run(main)
```

## Good

```python
import trio


async def serve() -> None:
    await trio.sleep_forever()


async def main() -> None:
    with trio.move_on_after(0.1):
        await serve()


trio.run(main)
```

## Fix

The fix calls `sleep_forever()`. It is safe where the delay is infinite, and unsafe for a number, since that sleep would have ended one
day. It is withheld where a comment stands inside the call.

## Differences

flake8-async's ASYNC116 takes any attribute `inf` for infinity; here it is one unless its object says otherwise, and a plain name has to be
`math.inf` or the like. Who selects `ASYNC116` gets any attribute `inf`. ruff's ASYNC116 looks at literals only.
)";

constexpr double kDay = 24 * 60 * 60;

/// Infinity, as far as can be told.
bool is_infinite(const Model& model, NodeId delay) {
    const Tree& tree = model.tree();
    if (const std::optional<double> value = number_value(tree, delay))
        return std::isinf(*value) && *value > 0;
    const std::string_view name = model.name_of(delay);
    if (name == "math.inf" || name == "numpy.inf") return true;
    if (tree.is(delay, Kind::Attribute))
        return name.empty() && identifier(tree, delay, Role::Attr) == "inf" &&
               !model.type_of(delay)->known();
    if (!calls(model, delay, "builtins.float")) return false;
    const NodeId text = argument(tree, delay, 0, {});
    if (text == kNoNode) return false;
    const std::optional<std::string_view> value = string_value(tree, text);
    return value == "inf" || value == "Infinity" || value == "infinity" || value == "Inf" ||
           value == "+inf";
}

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::string_view name = model.target(call).name;
    if (name != "trio.sleep" && name != "anyio.sleep") return;
    const NodeId delay = sleep_delay(tree, call);
    if (delay == kNoNode) return;
    const bool infinite = is_infinite(model, delay);
    const bool called_so = !infinite && context.wants(kBeyond) && tree.is(delay, Kind::Attribute) &&
                           identifier(tree, delay, Role::Attr) == "inf";
    if (called_so) {
        context
            .report(call, "`" + callee_text(tree, call) + "()` never ends where `" +
                              context.text(delay) + "` is infinite")
            .shape(kBeyond);
        return;
    }
    if (!infinite && number_value(tree, delay).value_or(0) <= kDay) return;
    const std::string library(name.substr(0, name.find('.')));
    Finding finding = context.report(call, "`" + callee_text(tree, call) + "()` " +
                                               (infinite ? "never ends" : "takes more than a day") +
                                               "; to wait until it is cancelled use `" + library +
                                               ".sleep_forever()`");
    if (has_comment(tree, tree[call].span())) return;
    bool needs_import = false;
    const std::string module = model.module_name(library, call, needs_import);
    if (module.empty()) return;
    std::vector<std::string> imports;
    if (needs_import) imports.push_back(library);
    finding.fix("Replace by `" + module + ".sleep_forever()`",
                infinite ? Applicability::Safe : Applicability::Unsafe,
                {{tree[call].span(), module + ".sleep_forever()"}}, std::move(imports));
}

} // namespace

Rule rule_long_sleep() {
    return {{.name = "long-sleep",
             .category = Category::Task,
             .severity = Severity::Hint,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC116", "S7486"},
             .shapes = {{}, {.codes = {"ASYNC116"}, .beyond = "any attribute called `inf`"}},
             .summary = "A sleep of anyio or trio lasts more than a day, or for ever.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
