// `await` where Python does not allow it.

#include "analysis/rules/await/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"('await' is legal only in the body of an `async def`. Anywhere else the file does not compile:
`SyntaxError: 'await' outside async function`. Nothing of the module runs, so the mistake is loud,
but an editor shows it before the program is started.

Reported is `await` in a plain function, in a lambda, in a class body and at module level.
Decorators, default values and annotations belong to the code around a function. A generator
expression may await anywhere, since it becomes an async generator; only its first iterable is
evaluated outside.

## Bad

```python
import asyncio


async def fetch(key: str) -> str:
    await asyncio.sleep(0.1)
    return key.upper()


def shout(key: str) -> str:
    return await fetch(key)  # error: await-outside-async


print(shout("a"))
```

## Good

```python
import asyncio


async def fetch(key: str) -> str:
    await asyncio.sleep(0.1)
    return key.upper()


async def shout(key: str) -> str:
    return await fetch(key)


print(asyncio.run(shout("a")))
```

## Fix

Makes the function `async def`, which is unsafe: every caller has to await it from then on. It is
not offered for special methods, properties and generators, for which `async` means something else.

## Differences

Only `await` itself is reported here; `async for`, `async with` and asynchronous comprehensions are reported by
`async-stmt-outside-async`. In notebooks and in the interactive `python -m asyncio`,
top-level `await` is legal.
)";

void check(RuleContext& context, NodeId await) {
    const Model& model = context.model;
    if (model.in_async(await) || is_lazy(context.tree, await)) return;
    const FunctionDef* const function = model.function_at(await);
    if (function == nullptr) {
        context.report(
            await, "`await` outside a function is a syntax error; move it into an async function");
        return;
    }
    if (function->is_async) return;
    if (function->is_lambda) {
        context.report(await, "`await` in a lambda is a syntax error; use a nested async function");
        return;
    }
    Finding finding =
        context.report(await, "`await` in `" + function->name +
                                  "`, which is not async, is a syntax error; make it `async def`");
    offer_async_def(context, finding, *function);
}

} // namespace

Rule rule_await_outside_async() {
    RuleInfo info;
    info.name = "await-outside-async";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"PLE1142",         "E1142",           "F704",
                    "await-not-async", "top-level-await", "PyAsyncAwait"};
    info.summary = "`await` stands outside of an async function, which is a syntax error.";
    info.doc = kDoc;
    return {info, {Kind::Await}, check};
}

} // namespace awaitls::analysis
