// An async generator that yields while it holds something open.

#include "analysis/rules/context/generators.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An async generator that its consumer leaves early, by `break`, an exception or a cancellation, is not closed at once: nothing awaits the
`__aexit__` of what it holds open. That happens later, when the garbage collector finds it and the event loop closes it in a task of its
own, or, at the end of the program, never. Until then connections, locks and files stay open, and exceptions of closing are only logged.

Reported is a `yield` within `with` or `async with` in an async generator. Not reported are generators that a decorator turns into a
context manager, a fixture or a channel, also those that `transform-async-generator-decorators` names and unknown ones; those that yield
a single value and are iterated nowhere in the file, as dependencies of web frameworks are; those that the file
iterates nowhere and closes, by `contextlib.aclosing` or the `aclose()` of what they are kept in; what forwards another generator under `aclosing`; and plain `with` over `contextlib.suppress` or a `@contextmanager` function of the project, which mostly hold nothing
that has to be closed. What holds a cancel scope is
[yield-in-cancel-scope](yield-in-cancel-scope.md).

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def numbers(lock: asyncio.Lock) -> AsyncIterator[int]:
    async with lock:
        yield 1  # error: yield-in-cm-in-async-generator
        yield 2  # error: yield-in-cm-in-async-generator
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def numbers(lock: asyncio.Lock) -> AsyncIterator[int]:
    async with lock:
        found = [1, 2]
    for number in found:
        yield number
```

## Fix

None. Let the consumer enter the manager and pass it in, return a list, or have every consumer use `contextlib.aclosing`.

## When not to follow it

Where all consumers iterate to the end, or close the generator with `contextlib.aclosing`.

## Options

`transform-async-generator-decorators` lists decorators that make something else of a generator, as names or patterns.

## Differences

flake8-async and ruff (ASYNC119) report generators of a single value as well, those under unknown decorators, and any `with`. Who
selects `ASYNC119` gets those under unknown decorators too.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

bool closes_nothing(const Model& model, NodeId item) {
    const Tree& tree = model.tree();
    const NodeId value = tree.child(item, Role::Value);
    // `aclosing` holds another generator, which is late with or without it.
    for (const std::string_view manager :
         {"contextlib.suppress", "contextlib.nullcontext", "contextlib.aclosing"})
        if (tasks::calls(model, value, manager)) return true;
    // Most sync manager functions set or translate something and hold nothing that has to be closed.
    if (!tree.is(value, Kind::Call) || tree[tree.parent(item)].is_async()) return false;
    const FunctionDef* const made = model.target(value).function;
    return made != nullptr && made->is_generator;
}

/// What the file does with the generators that the function makes.
struct Consumers {
    bool iterated = false; // by a loop, which closes nothing
    bool closed = false;   // by `aclosing`, or by the `aclose()` of what they are kept in
};

/// The call's result goes into a local name or an attribute whose `aclose` the file uses.
bool is_closed_later(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId statement = tree.parent(call);
    if (tree.role(call) != Role::Value ||
        (!tree.is(statement, Kind::Assign) && !tree.is(statement, Kind::AnnAssign)))
        return false;
    const auto closes = [](const Tree& there, NodeId use) {
        const NodeId up = there.parent(use);
        return there.is(up, Kind::Attribute) && identifier(there, up, Role::Attr) == "aclose";
    };
    const NodeId kept = tree.child(statement, Role::Target);
    if (tree.is(kept, Kind::Name)) {
        const std::vector<NodeId> uses = model.uses_of_local(kept);
        return std::any_of(uses.begin(), uses.end(), [&](NodeId use) { return closes(tree, use); });
    }
    if (!tree.is(kept, Kind::Attribute)) return false;
    const std::vector<Model::CallSite>& all = model.mentions(tree.child(kept, Role::Attr));
    return std::any_of(all.begin(), all.end(), [&](const Model::CallSite& use) {
        return closes(use.model->tree(), use.call);
    });
}

Consumers consumers_of(const Model& model, NodeId definition) {
    Consumers result;
    const NodeId name = model.tree().child(definition, Role::Name);
    if (name == kNoNode) return result;
    for (const Model::CallSite& mention : model.mentions(name)) {
        const Tree& there = mention.model->tree();
        const NodeId call = there.parent(mention.call);
        if (!there.is(call, Kind::Call) || there.role(mention.call) != Role::Callee) continue;
        const NodeId outer = there.parent(call);
        if (there.role(call) == Role::Iter)
            result.iterated = true;
        else if (there.is(outer, Kind::Call) && there.role(call) == Role::Argument &&
                 mention.model->target(outer).name == "contextlib.aclosing")
            result.closed = true;
        else if (is_closed_later(*mention.model, call))
            result.closed = true;
    }
    return result;
}

bool gives_value(const Tree& tree, NodeId yield) {
    const NodeId value = tree.child(yield, Role::Value);
    return value != kNoNode && !tree.is(value, Kind::None);
}

void check(RuleContext& context, NodeId yield) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::vector<NodeId> items = open_items(tree, yield);
    if (items.empty() || !model.in_async(yield)) return;
    const NodeId function = tasks::function_around(tree, yield);
    if (!tree.is(function, Kind::FunctionDef) || !tree[function].is_async()) return;
    const auto held = std::find_if(items.begin(), items.end(),
                                   [&](NodeId item) { return !closes_nothing(model, item); });
    if (held == items.end() || std::any_of(items.begin(), items.end(), [&](NodeId item) {
            return holds_cancel_scope(model, item);
        }))
        return;
    const GeneratorUse use = use_of_generator(context, function);
    if (use == GeneratorUse::Managed || (use == GeneratorUse::Decorated && !context.wants(kBeyond)))
        return;
    const Consumers consumers = consumers_of(model, function);
    if (!consumers.iterated &&
        (consumers.closed || (gives_value(tree, yield) && yields_once(tree, function))))
        return;
    const NodeId value = tree.child(*held, Role::Value);
    if (value == kNoNode) return;
    context
        .report(yield, "when the consumer stops early, what this generator holds open is closed "
                       "late or never; let the consumer hold it, or use `contextlib.aclosing`")
        .shape(use == GeneratorUse::Plain ? 0 : kBeyond)
        .related(tree[value].span(), "held open");
}

} // namespace

Rule rule_yield_in_cm_in_async_generator() {
    return {{.name = "yield-in-cm-in-async-generator",
             .category = Category::Context,
             .severity = Severity::Information,
             .aliases = {"ASYNC119", "W0135"},
             .shapes = {{},
                        {.codes = {"ASYNC119"},
                         .beyond = "generators under decorators that are not known"}},
             .summary = "An async generator yields within `with` or `async with`, which is closed "
                        "late when the consumer stops early.",
             .options = {"transform-async-generator-decorators"},
             .doc = kDoc},
            {Kind::Yield},
            check};
}

} // namespace awaitls::analysis
