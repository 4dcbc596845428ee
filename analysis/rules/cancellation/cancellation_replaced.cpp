// A handler that catches a cancellation and leaves with something else.

#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/cancellation/every_handler.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(A handler that catches `asyncio.CancelledError` and then returns, leaves a loop, or raises another exception hides from everyone that
the task was cancelled. `asyncio.timeout` does not turn a replaced cancellation into `TimeoutError`, `task.cancelled()` is false, a
`TaskGroup` reports a failure that was none, and code that catches the other exception retries what it was told to stop.

The rule follows every path through the handler, like `cancellation-swallowed`, which reports the handlers that go on, and is silent
under the same conditions. `raise`, `raise e`, `raise e from None` and raising another `CancelledError` keep the cancellation.

## Bad

```python
import asyncio


async def read(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(5):
            return await reader.readline()
    except asyncio.CancelledError:
        return b""  # error: cancellation-replaced


async def connect(host: str) -> asyncio.StreamWriter:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, 80)
    except BaseException as error:
        raise RuntimeError(f"no connection to {host}") from error  # error: cancellation-replaced
    return writer
```

## Good

```python
import asyncio


async def read(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(5):
            return await reader.readline()
    except asyncio.CancelledError:
        print("cancelled while reading")
        raise


async def connect(host: str) -> asyncio.StreamWriter:
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, 80)
    except OSError as error:
        raise RuntimeError(f"no connection to {host}") from error
    return writer
```

## Fix

There is no automatic one. Narrow `BaseException` to `Exception`, or end the handler with `raise`.

## When not to follow it

At the border to a framework that demands an exception of its own. Say so with a suppression comment. Where a function is only run as
a task that nobody waits for in its file, and the `return` or `break` ends it, the finding has the severity Information.

## Differences

flake8-async's ASYNC104 reports each `return`, `yield` and `raise` of a handler, this rule the first of them, and none where the handler can also
be left by its end (`cancellation-swallowed`). ASYNC104 also reports handlers of a `try` without `await`, in sync functions and at module level,
where no cancellation arrives; `raise e` in a nested handler of `e` itself; and `continue`, which is `cancellation-swallowed` here. Who selects
`ASYNC104` gets all of them. Sonar's S7497 does not look at tuples, bare `except:` and `BaseException`.
)";

std::string what_it_does(const Tree& tree, NodeId node) {
    switch (tree.kind(node)) {
    case Kind::Return: return "`return` ends the function as if nothing had happened";
    case Kind::Continue: return "`continue` goes on as if nothing had happened";
    case Kind::Break: return "`break` leaves the loop as if nothing had happened";
    case Kind::Raise: return "this raises another exception in place of the cancellation";
    default: return "`yield` suspends the handler before the cancellation is re-raised";
    }
}

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// What the text alone condemns; the node that is reported already is left out.
void check_texts(RuleContext& context, NodeId try_statement, NodeId reported) {
    for (const TextualHandler& text : textual_handlers(context.model, try_statement)) {
        for (const NodeId leaving : text.leaves) {
            if (leaving == reported) continue;
            context
                .report(leaving, what_it_does(context.tree, leaving) + ", although " +
                                     caught(context.tree, text.handler) +
                                     " would catch a cancellation that comes here")
                .shape(kBeyond)
                .related(handler_head(context.model, text.handler), "it would be caught here");
        }
    }
}

/// Returns the node that it reports.
NodeId check_try(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId handler = handler_of(model, node);
    if (handler == kNoNode) return kNoNode;
    const Treatment found = treatment(model, handler);
    if (found.replaced == kNoNode || found.swallowed != kNoNode) return kNoNode;
    if (is_dealt_with(model, node, handler) || is_program_main(model, node) ||
        is_played(model, handler))
        return kNoNode;
    if (tasks::follows_cancel(model, tree.child(node, Role::Body))) return kNoNode;
    Finding finding = context.report(
        found.replaced, what_it_does(tree, found.replaced) + ", although " + caught(tree, handler) +
                            " catches cancellation; re-raise it with `raise`");
    finding.related(handler_head(model, handler), "the cancellation is caught here");
    if (ends_background_task(model, node, handler, found)) finding.severity(Severity::Information);
    return found.replaced;
}

void check(RuleContext& context, NodeId node) {
    const NodeId reported = check_try(context, node);
    if (context.wants(kBeyond)) check_texts(context, node, reported);
}

} // namespace

Rule rule_cancellation_replaced() {
    return {
        {.name = "cancellation-replaced",
         .category = Category::Cancellation,
         .severity = Severity::Warning,
         .review = ReviewSeverity::Major,
         .aliases = {"ASYNC104", "S7497"},
         .shapes =
             {{},
              {.codes = {"ASYNC104"},
               .beyond =
                   "each `return`, `yield`, `break`, `continue` and other `raise` of handlers "
                   "that no cancellation can reach, or that `cancellation-swallowed` reports"}},
         .summary =
             "An exception handler catches a cancellation and returns or raises something else.",
         .options = {},
         .doc = kDoc},
        {Kind::Try},
        check};
}

} // namespace awaitls::analysis
