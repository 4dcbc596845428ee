// Plain iteration over an object that can only be iterated with `async for`.

#include "analysis/rules/context/common.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An async generator, or another object with `__aiter__`, produces its items with coroutines. A
plain `for` looks for `__iter__`, finds none, and raises `TypeError: 'async_generator' object is not
iterable`. So do comprehensions, unpacking with `*`, and the functions that iterate over their
argument: `list()`, `tuple()`, `set()`, `sorted()`, `enumerate()`, `sum()` and others.

Objects that can be iterated both ways are not reported, and neither are objects of a class that is
not known in full.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def ticks(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0.1)
        yield number


async def main() -> None:
    for number in ticks(3):  # error: for-over-async-iterable
        print(number)
    print(list(ticks(2)))  # error: for-over-async-iterable


asyncio.run(main())
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def ticks(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0.1)
        yield number


async def main() -> None:
    async for number in ticks(3):
        print(number)
    print([number async for number in ticks(2)])


asyncio.run(main())
```

## Fix

Writes `async` before the `for`; `list(items())` becomes `[item async for item in items()]`, and
likewise for `set()`. It is safe: the code as it stood always raised. There is no fix in sync
functions and in generator expressions, which would become async ones.

## Differences

Type checkers report the same as an iteration over something that is not iterable. pylint exempts
async iterables on purpose.
)";

/// Functions whose first argument is iterated at once or when their result is.
constexpr std::array<std::string_view, 18> kIterating{
    "builtins.list",      "builtins.tuple",  "builtins.set",      "builtins.frozenset",
    "builtins.sorted",    "builtins.sum",    "builtins.any",      "builtins.all",
    "builtins.min",       "builtins.max",    "builtins.zip",      "builtins.iter",
    "builtins.enumerate", "builtins.next",   "builtins.str.join", "builtins.list.extend",
    "itertools.islice",   "itertools.chain",
};

bool is_async_only(const Model& model, NodeId expression, Type& type) {
    if (expression == kNoNode) return false;
    type = model.type_of(expression);
    return is_async_iterable(protocols_of(model, type));
}

Finding report(RuleContext& context, NodeId iterable, Type type, std::string_view advice) {
    Finding finding = context.report(iterable, shown_value(context.tree, iterable) +
                                                   " is an async iterable without `__iter__`; " +
                                                   std::string(advice));
    finding.confidence(type->confidence);
    return finding;
}

std::string_view loop_advice(const Model& model, NodeId node) {
    return model.in_async(node) ? "use `async for`" : "use `async for` in an async function";
}

void check_loop(RuleContext& context, NodeId loop) {
    if (context.tree[loop].is_async()) return;
    const NodeId iterable = context.tree.child(loop, Role::Iter);
    Type type = nullptr;
    if (!is_async_only(context.model, iterable, type)) return;
    Finding finding = report(context, iterable, type, loop_advice(context.model, loop));
    if (!can_await(context.model, loop)) return;
    const std::uint32_t begin = context.tree[loop].begin;
    finding.fix("Use `async for`", Applicability::Safe, {{{begin, begin}, "async "}});
}

/// `list(items())` -> `[item async for item in items()]`.
void offer_comprehension(const RuleContext& context, Finding& finding, NodeId call, NodeId iterable,
                         std::string_view name) {
    const Tree& tree = context.tree;
    const bool list = name == "builtins.list";
    if ((!list && name != "builtins.set") || !can_await(context.model, call)) return;
    if (argument_values(tree, call).size() != 1 || tree[iterable].has(node_flag::kParenthesized))
        return;
    // Comments and line breaks between the parentheses and the argument stay where they are.
    const NodeId callee = tree.child(call, Role::Callee);
    const Span whole = tree[call].span();
    const std::string_view text = tree.text();
    const std::uint32_t open = tree[callee].end;
    if (text[open] != '(' || text[whole.end - 1] != ')') return;
    const std::uint32_t begin = tree[iterable].begin;
    // A comma behind the only argument would end the comprehension.
    if (text.substr(tree[iterable].end, whole.end - 1 - tree[iterable].end).find(',') !=
        std::string_view::npos)
        return;
    finding.fix("Use an async comprehension", Applicability::Safe,
                {{{whole.begin, open + 1}, list ? "[" : "{"},
                 {{begin, begin}, "item async for item in "},
                 {{whole.end - 1, whole.end}, list ? "]" : "}"}});
}

void check_call(RuleContext& context, NodeId call) {
    const Tree& tree = context.tree;
    const NodeId iterable = argument(tree, call, 0, {});
    Type type = nullptr;
    if (iterable == kNoNode || tree.is(iterable, Kind::Starred)) return;
    const CallTarget target = context.model.target(call);
    if (target.confidence != Confidence::Certain) return;
    if (std::find(kIterating.begin(), kIterating.end(), target.name) == kIterating.end()) return;
    if (!is_async_only(context.model, iterable, type)) return;
    Finding finding = report(context, iterable, type, "use an async comprehension");
    offer_comprehension(context, finding, call, iterable, target.name);
}

void check_starred(RuleContext& context, NodeId starred) {
    const NodeId iterable = context.tree.child(starred, Role::Value);
    Type type = nullptr;
    if (context.tree[starred].has(node_flag::kStore)) return;
    if (is_async_only(context.model, iterable, type))
        report(context, iterable, type, "use an async comprehension");
}

void check(RuleContext& context, NodeId node) {
    switch (context.tree.kind(node)) {
    case Kind::Call: check_call(context, node); return;
    case Kind::Starred: check_starred(context, node); return;
    default: check_loop(context, node); return;
    }
}

} // namespace

Rule rule_for_over_async_iterable() {
    RuleInfo info;
    info.name = "for-over-async-iterable";
    info.category = Category::Context;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Minor;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"not-iterable"};
    info.summary = "Plain iteration over an object that supports only `async for`, which raises.";
    info.doc = kDoc;
    return {info, {Kind::For, Kind::CompFor, Kind::Call, Kind::Starred}, check};
}

} // namespace awaitls::analysis
