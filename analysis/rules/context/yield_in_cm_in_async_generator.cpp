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

Reported is a `yield` within `with` or `async with` in an async generator that a loop of the project may leave early, by `break`, `return` or a
`yield` of its own, or that goes into a `StreamingResponse`. Not reported are generators that a decorator turns into a context manager, a fixture or a channel, also those that
`transform-async-generator-decorators` names and unknown ones; those that are closed, by `contextlib.aclosing` or the `aclose()` of
what they are kept in; what forwards another generator under `aclosing`; and plain `with` over `contextlib.suppress`, the
variable of a loop (`for attempt in retrying: with attempt:`) or a `@contextmanager` function of the project, which mostly hold nothing that
has to be closed. What holds a cancel scope is
[yield-in-cancel-scope](yield-in-cancel-scope.md). Generators of which no such consumer is known are reported under `strictness = "likely"`.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def numbers(lock: asyncio.Lock) -> AsyncIterator[int]:
    async with lock:
        yield 1  # error: yield-in-cm-in-async-generator
        yield 2  # error: yield-in-cm-in-async-generator


async def first(lock: asyncio.Lock) -> int:
    async for number in numbers(lock):
        return number
    return 0
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

flake8-async and ruff (ASYNC119) report generators of a single value as well, those under unknown decorators, those that nobody is
known to leave early, and any `with`. Who selects `ASYNC119` gets all but those of a single value.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

bool closes_nothing(const Model& model, NodeId item) {
    const Tree& tree = model.tree();
    const NodeId value = tree.child(item, Role::Value);
    // `aclosing` holds another generator, which is late with or without it.
    for (const std::string_view manager :
         {"contextlib.suppress", "contextlib.nullcontext", "contextlib.aclosing"})
        if (tasks::calls(model, value, manager)) return true;
    // `for attempt in retrying: with attempt:` notes how the attempt ended.
    if (tree.is(value, Kind::Name) && !tree[tree.parent(item)].is_async()) {
        for (const NodeId use : model.uses_of_local(value)) {
            const bool loops =
                tree[use].has(node_flag::kStore) && tree.is(tree.parent(use), Kind::For);
            if (loops && tree.within(value, tree.parent(use))) return true;
        }
    }
    // Most sync manager functions set or translate something and hold nothing that has to be closed.
    if (!tree.is(value, Kind::Call) || tree[tree.parent(item)].is_async()) return false;
    const FunctionDef* const made = model.target(value).function;
    return made != nullptr && made->is_generator;
}

/// What becomes of the generators that the function makes.
struct Consumers {
    bool left = false;   // by a loop that may stop early, and closes nothing
    bool closed = false; // by `aclosing`, or by the `aclose()` of what they are kept in
};

bool closes(const Model::CallSite& use) {
    const Tree& tree = use.model->tree();
    const NodeId up = tree.parent(use.call);
    return tree.is(up, Kind::Attribute) && identifier(tree, up, Role::Attr) == "aclose";
}

/// The call's result goes into a local name, or in the file under analysis into an attribute, whose `aclose` is used.
bool is_closed_later(const Model& model, NodeId call, bool own_file) {
    const Tree& tree = model.tree();
    const NodeId statement = tree.parent(call);
    if (tree.role(call) != Role::Value ||
        (!tree.is(statement, Kind::Assign) && !tree.is(statement, Kind::AnnAssign)))
        return false;
    const NodeId kept = tree.child(statement, Role::Target);
    if (tree.is(kept, Kind::Name)) {
        const std::vector<NodeId> uses = model.uses_of_local(kept);
        return std::any_of(uses.begin(), uses.end(), [&](NodeId use) {
            return closes({&model, use});
        });
    }
    if (!own_file || !tree.is(kept, Kind::Attribute)) return false;
    const std::vector<Model::CallSite>& all = model.mentions(tree.child(kept, Role::Attr));
    return std::any_of(all.begin(), all.end(), closes);
}

/// The call's generator is iterated by a loop that has a `break` or `return`, or a `yield`, at which another consumer may stop.
bool may_stop_early(const Tree& tree, NodeId call) {
    const NodeId loop = tree.parent(call);
    if (!tree.is(loop, Kind::For) || tree.role(call) != Role::Iter) return false;
    const NodeId body = tree.child(loop, Role::Body);
    const Exits exits = exits_of(tree, body);
    if (exits.breaks || exits.returns) return true;
    bool yields = false;
    search_same_function(tree, body, [&](NodeId node) {
        yields = yields || tree.is(node, Kind::Yield);
        return !yields;
    });
    return yields;
}

/// `StreamingResponse(generate())` iterates it, and stops when the client goes away.
bool is_sent_by_framework(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId outer = tree.parent(call);
    if (!tree.is(outer, Kind::Call) || tree.role(call) != Role::Argument) return false;
    const CallTarget made = model.target(outer);
    std::string_view name =
        made.cls != nullptr ? made.cls->name : model.name_of(tree.child(outer, Role::Callee));
    name.remove_prefix(name.rfind('.') + 1);
    return name == "StreamingResponse" || name == "EventSourceResponse";
}

void add_consumer(Consumers& consumers, const Model::CallSite& mention, bool own_file) {
    const Tree& there = mention.model->tree();
    const NodeId call = there.parent(mention.call);
    if (!there.is(call, Kind::Call) || there.role(mention.call) != Role::Callee) return;
    const NodeId outer = there.parent(call);
    if (may_stop_early(there, call) || is_sent_by_framework(*mention.model, call))
        consumers.left = true;
    else if (there.is(outer, Kind::Call) && there.role(call) == Role::Argument &&
             mention.model->target(outer).name == "contextlib.aclosing")
        consumers.closed = true;
    else if (is_closed_later(*mention.model, call, own_file))
        consumers.closed = true;
}

Consumers consumers_of(const Model& model, NodeId name) {
    Consumers result;
    for (const Model::CallSite& mention : model.mentions(name)) add_consumer(result, mention, true);
    if (model.tree().text(name) == "__aiter__") result.left = true; // `async for x in object`
    if (result.left || result.closed) return result;
    if (const std::optional<std::vector<Model::CallSite>> others = model.mentions_elsewhere(name))
        for (const Model::CallSite& mention : *others) add_consumer(result, mention, false);
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
    const NodeId name = tree.child(function, Role::Name);
    if (name == kNoNode) return;
    const Consumers consumers = consumers_of(model, name);
    // Nobody is known who may stop early, or somebody closes it.
    const bool beyond = use != GeneratorUse::Plain || !consumers.left;
    if (!consumers.left &&
        (consumers.closed || (gives_value(tree, yield) && yields_once(tree, function))))
        return;
    const NodeId value = tree.child(*held, Role::Value);
    if (value == kNoNode) return;
    Finding finding = context.report(
        yield, "when the consumer stops early, what this generator holds open is closed late or "
               "never; let the consumer hold it, or use `contextlib.aclosing`");
    finding.related(tree[value].span(), "held open");
    if (beyond && context.wants(kBeyond))
        finding.shape(kBeyond);
    else if (beyond)
        finding.confidence(Confidence::Likely);
}

} // namespace

Rule rule_yield_in_cm_in_async_generator() {
    return {{.name = "yield-in-cm-in-async-generator",
             .category = Category::Context,
             .severity = Severity::Information,
             .aliases = {"ASYNC119", "W0135"},
             .shapes = {{},
                        {.codes = {"ASYNC119"},
                         .beyond = "generators under decorators that are not known, and those of "
                                   "which no consumer is known that may stop early"}},
             .summary = "An async generator yields within `with` or `async with`, which is closed "
                        "late when the consumer stops early.",
             .options = {"transform-async-generator-decorators"},
             .doc = kDoc},
            {Kind::Yield},
            check};
}

} // namespace awaitls::analysis
