#include "analysis/rules/blocking/common.h"
#include "analysis/rules/catalog.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(The blocking call that stops a loop often stands in a helper, or in a helper's helper. The
coroutine looks harmless: it calls an ordinary function. This rule follows calls of sync functions
and methods and reports the place where async code enters the chain, with every step as a related
place.

What the helper hands to a thread, process or executor does not count, nor does a function that is
only passed on. A generator function is reported where the generator is consumed, not where it is
made: by a loop, by `list()`, `str.join()` and the like, or by a helper that iterates its parameter.
The severity is that of the operation at the end: a chain to a sleep, request or query is an
error, one to a file is information, one to a call of `blocking-path` or `blocking-cpu` counts only
when that rule is on. A lock that a helper takes does not count: most are held for a moment.

## Bad

```python
import asyncio
import time


def connect(attempts):
    for _ in range(attempts):
        time.sleep(1)


def prepare():
    connect(3)


async def serve():
    prepare()  # error: transitive-blocking-call


asyncio.run(serve())
```

## Good

```python
import asyncio


async def connect(attempts):
    for _ in range(attempts):
        await asyncio.sleep(1)


async def prepare():
    await connect(3)


async def serve():
    await prepare()


asyncio.run(serve())
```

## Fix

The call is handed to a thread. The fix is unsafe: the helper then runs beside the rest of the
program. Making the chain async is the better change when its end has an async twin.

## When not to follow it

For helpers that run once, before the first request is served. A chain that runs through a branch
of a helper (an `if`, a `case`, an `except` clause) may never be taken; such a finding says that
the call may block, and is information.

## Differences

Linters that look at one function at a time cannot see this. No other linter for Python reports
it.
)md";

Severity severity_of(const BlockingChain& chain) {
    if (chain.conditional) return Severity::Information;
    if (chain.api == nullptr) return Severity::Error;
    switch (chain.kind) {
    case BlockingKind::Open:
    case BlockingKind::FileMethod:
    case BlockingKind::DirectoryWalk:
    case BlockingKind::Lock:
    case BlockingKind::Path:
    case BlockingKind::Cpu:
    case BlockingKind::TlsCerts:
    case BlockingKind::Import: return Severity::Information;
    default: return chain.api->name == "subprocess.Popen" ? Severity::Information : Severity::Error;
    }
}

/// "inner" for "outer.<locals>.inner".
std::string_view short_label(std::string_view label) {
    constexpr std::string_view kLocals = "<locals>.";
    const std::size_t at = label.rfind(kLocals);
    return at == std::string_view::npos ? label : label.substr(at + kLocals.size());
}

/// "load -> _read -> open"; the middle of a long chain is left out.
std::string chain_text(std::string_view first, const BlockingChain& chain) {
    constexpr std::size_t kShown = 5;
    const std::size_t count = chain.steps.size();
    std::string text(short_label(first));
    for (std::size_t i = 0; i < count; ++i) {
        if (count > kShown && i == 2) {
            text += " -> ...";
            i = count - 2;
        }
        text += " -> " + display_name(short_label(chain.steps[i].label));
    }
    return text;
}

/// The chain ends in `get()` of a queue, and the caller looks first whether a queue is empty.
bool takes_what_is_there(const Tree& tree, NodeId call, const BlockingChain& chain) {
    if (!chain.end.ends_with("Queue.get")) return false;
    NodeId function = tree.parent(call);
    while (tree.parent(function) != kNoNode && !tree.is(function, Kind::FunctionDef))
        function = tree.parent(function);
    for (NodeId other = function; other < call; ++other) {
        if (!tree.is(other, Kind::Call)) continue;
        const NodeId callee = tree.child(other, Role::Callee);
        if (!tree.is(callee, Kind::Attribute)) continue;
        const std::string_view method = identifier(tree, callee, Role::Attr);
        if (method == "empty" || method == "qsize") return true;
    }
    return false;
}

void report(RuleContext& context, NodeId node, const std::string& what, std::string_view first,
            const BlockingChain& chain, Confidence confidence, bool thread_fix) {
    // The place of the last step is known where the file is: it takes the place of {place}.
    const std::string verb = chain.conditional ? " may block" : " blocks";
    Finding finding = context.report(
        node, what + verb + " the event loop: " + chain_text(first, chain) + " ({place})");
    finding.chain(chain).severity(severity_of(chain)).confidence(confidence);
    if (thread_fix) add_thread_fix(context, node, finding);
}

/// What is called may iterate an argument: a function of the language, or a sync one whose code is
/// there. Few calls are of either kind, and types of arguments that nobody else asks for cost more.
bool may_iterate(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    return target.name.starts_with("builtins.") ||
           (target.function != nullptr && !target.function->is_async &&
            !target.function->is_generator);
}

/// A variable that holds a generator, where that is run.
void check_held_generator(RuleContext& context, NodeId name) {
    const Model& model = context.model;
    if (!context.tree.is(name, Kind::Name)) return;
    const Type type = model.type_of(name);
    if (type->kind != TypeKind::Iterator || type->function == nullptr ||
        !type->function->is_generator || type->function->is_async || !is_consumed(model, name))
        return;
    const BlockingChain* const chain = model.blocking(*type->function);
    if (chain == nullptr || chain->steps.empty() || !counts(model.settings(), *chain)) return;
    report(context, name, "iterating `" + std::string(context.tree.text(name)) + "`",
           type->function->qualname, *chain, type->confidence, false);
}

void check_call(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    if (is_awaited(context.tree, node)) return;
    const CallTarget target = model.target(node);
    if (target.function == nullptr || target.function->is_async || !target.known()) return;
    const BlockingChain* const chain = model.blocking(*target.function);
    if (chain == nullptr || chain->steps.empty() || !counts(model.settings(), *chain)) return;
    if (takes_what_is_there(context.tree, node, *chain)) return;
    if (target.function->is_generator && !is_consumed(model, node)) return;
    // A finding of its own, or a form that does not wait.
    if (!target.name.empty() && find_blocking(target.name, BlockingUse::Call) != nullptr) return;
    if (configured_advice(context, node)) return;

    const std::string callee = callee_text(context.tree, node);
    const std::string_view first = target.cls != nullptr        ? target.cls->qualname
                                   : target.function->is_lambda ? std::string_view(callee)
                                                                : target.function->qualname;
    // A generator would be made in the thread and still run here.
    report(context, node, "`" + callee + "()`", first, *chain, target.confidence,
           !target.function->is_generator);
}

void check(RuleContext& context, NodeId node) {
    const Tree& tree = context.tree;
    if (!context.model.on_loop(node)) return;
    switch (tree.kind(node)) {
    case Kind::Call:
        check_call(context, node);
        for (const NodeId argument : tree.children(node))
            if (tree.is(argument, Kind::Name) && tree.role(argument) == Role::Argument &&
                may_iterate(context.model, node))
                check_held_generator(context, argument);
        break;
    case Kind::Keyword:
        if (may_iterate(context.model, tree.parent(node)))
            check_held_generator(context, tree.child(node, Role::Value));
        break;
    case Kind::For:
    case Kind::CompFor: check_held_generator(context, tree.child(node, Role::Iter)); break;
    default: check_held_generator(context, tree.child(node, Role::Value)); break;
    }
}

} // namespace

Rule rule_transitive_blocking_call() {
    return {{.name = "transitive-blocking-call",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .summary = "A call of a sync function that blocks the event loop further down.",
             .doc = kDoc},
            {Kind::Call, Kind::Keyword, Kind::For, Kind::CompFor, Kind::Starred, Kind::YieldFrom},
            check};
}

} // namespace awaitls::analysis
