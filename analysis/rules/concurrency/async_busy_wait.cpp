// Polling for something that other code on the same loop does.

#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/task/common.h"
#include "analysis/semantic/flow.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(A loop that sleeps until a condition holds wakes up again and again for nothing, and notices the change only at its next
round: latency for the caller and work for the processor. Where the condition is changed by code of the same event
loop, that code can wake the waiting task at once.

The rule reports `while` loops whose body is nothing but `await sleep(..)`, where it is certain that only the event loop changes the
condition: it asks an asyncio, anyio or trio object (`event.is_set()`, `task.done()`, `queue.empty()`), or reads variables of the
function around that only nested async functions write. Conditions that depend on files, processes, threads, time or unknown
calls are not reported: there polling may be the only way.

In code on trio or anyio it also reports, as a hint, an endless loop that does nothing but sleep: `sleep_forever()` waits until it is
cancelled, and wakes up for nothing else.

## Bad

```python
import asyncio


async def worker(ready: asyncio.Event) -> None:
    while not ready.is_set():  # error: async-busy-wait
        await asyncio.sleep(0.1)
    print("started")
```

## Good

```python
import asyncio


async def worker(ready: asyncio.Event) -> None:
    await ready.wait()
    print("started")
```

## Fix

An endless loop becomes `await trio.sleep_forever()`, which is safe. For events and tasks the fix waits for the object itself: `await ready.wait()`, `await asyncio.wait([task])`. It is unsafe: the code
behind the loop runs sooner than before. For variables, replace the flag by an `asyncio.Event`.

## Differences

flake8-async's ASYNC110 and ruff's report every such loop, whatever its condition reads, and ruff also the endless ones of asyncio, which
has no `sleep_forever()`. Sonar's S7484 asks for a name of an outer scope.
)";

/// What is known about a condition of a loop that waits.
struct Waited {
    bool known = false; // only code on the event loop can change it
    std::string advice; // what to wait for instead
    std::string
        replacement; // the statement that does it, where the whole condition is one such object
    bool needs_asyncio = false;
};

bool is_one_of(const Model& model, Type type, std::initializer_list<std::string_view> classes) {
    if (type->confidence != Confidence::Certain) return false;
    return std::any_of(classes.begin(), classes.end(),
                       [&](std::string_view name) { return model.is_instance(type, name); });
}

/// `object.method()` of an object that belongs to the event loop. `negated`: the loop runs while it is false.
Waited waits_for_object(const Model& model, NodeId call, bool negated) {
    const Tree& tree = model.tree();
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute) || !argument_values(tree, call).empty()) return {};
    const NodeId object = tree.child(callee, Role::Object);
    if (object == kNoNode || (!tree.is(object, Kind::Name) && !tree.is(object, Kind::Attribute)))
        return {};
    const std::string_view method = identifier(tree, callee, Role::Attr);
    const std::string name(tree.text(object));
    const Type type = model.type_of(object);
    if (method == "is_set" && negated &&
        is_one_of(model, type, {"asyncio.Event", "anyio.Event", "trio.Event"}))
        return {true, "`await " + name + ".wait()`", "await " + name + ".wait()", false};
    if (method == "done" && negated && is_one_of(model, type, {"asyncio.Future"}))
        return {true, "`await asyncio.wait([" + name + "])`", ".wait([" + name + "])", true};
    if (method == "empty" && is_one_of(model, type, {"asyncio.Queue"}))
        return {true, negated ? "`await " + name + ".join()`" : "`await " + name + ".get()`", "",
                false};
    if (method == "full" && !negated && is_one_of(model, type, {"asyncio.Queue"}))
        return {true, "`await " + name + ".put(..)`", "", false};
    if (method == "locked" && !negated &&
        is_one_of(model, type, {"asyncio.Lock", "anyio.Lock", "trio.Lock"}))
        return {true, "`async with " + name + "`", "", false};
    return {};
}

/// A variable of a function around, or of this one, that only nested async functions write while the loop waits.
Waited waits_for_variable(const Model& model, NodeId name, NodeId loop) {
    const Tree& tree = model.tree();
    if (!model.is_local(name)) return {};
    const NodeId waiting = function_around(tree, loop);
    std::string writer;
    for (const NodeId use : model.uses_of_local(name)) {
        const Node& node = tree[use];
        if (!node.has(node_flag::kStore) && !node.has(node_flag::kDel)) continue;
        const NodeId function = function_around(tree, use);
        if (function == waiting) {
            if (tree.within(use, loop)) return {};
            continue;
        }
        // The function that owns the variable may set it up; a sync one may run anywhere.
        if (tree.within(waiting, function)) continue;
        if (!tree.is(function, Kind::FunctionDef) || !tree[function].is_async()) return {};
        if (writer.empty()) writer = std::string(identifier(tree, function));
    }
    if (writer.empty()) return {};
    return {true, "an `asyncio.Event` that `" + writer + "()` sets", "", false};
}

Waited waits_for(const Model& model, NodeId test, bool negated, NodeId loop) {
    const Tree& tree = model.tree();
    switch (tree.kind(test)) {
    case Kind::Not: {
        const NodeId value = tree.child(test, Role::Value);
        return value == kNoNode ? Waited{} : waits_for(model, value, !negated, loop);
    }
    case Kind::Call: return waits_for_object(model, test, negated);
    case Kind::Name: return waits_for_variable(model, test, loop);
    case Kind::Compare:
    case Kind::BoolOp: {
        Waited found;
        for (const NodeId operand : tree.children(test)) {
            const Kind kind = tree.kind(operand);
            const bool constant = kind == Kind::Integer || kind == Kind::Float ||
                                  kind == Kind::String || kind == Kind::True ||
                                  kind == Kind::False || kind == Kind::None;
            if (constant && tree.is(test, Kind::Compare)) continue;
            const Waited part = waits_for(model, operand, negated, loop);
            if (!part.known) return {};
            if (!found.known) found = part;
        }
        found.replacement.clear();
        return found;
    }
    default: return {};
    }
}

/// `while True: await trio.sleep(1)`. `sleep` is the library's call.
void report_endless(RuleContext& context, NodeId loop, const std::string& library) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    Finding finding =
        context.report(Span{tree[loop].begin, tree[tree.child(loop, Role::Test)].end},
                       "this loop does nothing but sleep, for ever; wait with `await " + library +
                           ".sleep_forever()`");
    finding.severity(Severity::Hint);
    const Span span = code_span(tree, loop);
    bool needs_import = false;
    const std::string module = model.module_name(library, loop, needs_import);
    if (has_comment(tree, span) || module.empty()) return;
    finding.fix("Replace the loop by `await " + module + ".sleep_forever()`", Applicability::Safe,
                {{span, "await " + module + ".sleep_forever()"}},
                needs_import ? std::vector<std::string>{library} : std::vector<std::string>{});
}

void check(RuleContext& context, NodeId loop) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(loop, Role::Body);
    const NodeId test = tree.child(loop, Role::Test);
    if (body == kNoNode || test == kNoNode || tree.child(loop, Kind::Else) != kNoNode ||
        !model.in_async(loop))
        return;
    const std::vector<NodeId> run = statements(tree, body);
    if (run.size() != 1 || !tree.is(run[0], Kind::ExprStmt)) return;
    const NodeId awaited = tree.child(run[0], Role::Value);
    if (!tree.is(awaited, Kind::Await)) return;
    const NodeId sleep = tree.child(awaited, Role::Value);
    if (!tree.is(sleep, Kind::Call)) return;
    const std::string_view name = model.target(sleep).name;
    constexpr std::string_view kSleeps[] = {
        "asyncio.sleep", "anyio.sleep",      "anyio.sleep_until",       "anyio.lowlevel.checkpoint",
        "trio.sleep",    "trio.sleep_until", "trio.lowlevel.checkpoint"};
    if (std::find(std::begin(kSleeps), std::end(kSleeps), name) == std::end(kSleeps)) return;
    if ((is_always_true(tree, test) || tree.is(test, Kind::Ellipsis)) &&
        !name.starts_with("asyncio"))
        return report_endless(context, loop, std::string(name.substr(0, name.find('.'))));
    const Waited found = waits_for(model, test, false, loop);
    if (!found.known) return;
    // A stand-in of a test that is busy while it is cancelled.
    const NodeId handler = tree.ancestor(loop, Kind::Except);
    if (handler != kNoNode && cancellation::is_played(model, handler)) return;

    Finding finding = context.report(
        Span{tree[loop].begin, tree[test].end},
        "this loop polls for what code on the same event loop does; wait for it with " +
            found.advice);
    const Span span = code_span(tree, loop);
    if (found.replacement.empty() || has_comment(tree, span)) return;
    std::string text = found.replacement;
    std::vector<std::string> imports;
    if (found.needs_asyncio) {
        bool needs_import = false;
        const std::string module = model.module_name("asyncio", loop, needs_import);
        if (module.empty()) return;
        if (needs_import) imports.emplace_back("asyncio");
        text = "await " + module + text;
    }
    finding.fix("Replace the loop by `" + text + "`", Applicability::Unsafe, {{span, text}},
                imports);
}

} // namespace

Rule rule_async_busy_wait() {
    return {
        {.name = "async-busy-wait",
         .category = Category::Concurrency,
         .severity = Severity::Information,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC110", "S7484"},
         .summary =
             "A loop polls with `sleep` for something that code on the same event loop changes.",
         .options = {},
         .doc = kDoc},
        {Kind::While},
        check};
}

} // namespace awaitls::analysis
