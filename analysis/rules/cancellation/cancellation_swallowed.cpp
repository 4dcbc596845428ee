// A handler that catches a cancellation and goes on.

#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/cancellation/every_handler.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(Cancelling a task raises `asyncio.CancelledError` at the `await` where the task is suspended. A handler that catches it and goes on
makes the task immune: `task.cancel()`, `asyncio.timeout`, `asyncio.wait_for`, and the `TaskGroup` around it count on the exception to
arrive outside. A timeout that is swallowed never fires, a shutdown hangs, and a cancelled group waits forever.

Since Python 3.8 `CancelledError` is a `BaseException`: `except Exception` does not catch it, while a bare `except:`,
`except BaseException`, and a tuple that holds one of them do. `contextlib.suppress(CancelledError)` swallows it as well.

The rule follows every path through the handler: branches, `match`, loops, nested `try`, `finally`, and `isinstance` tests of the
exception. It is silent when

- each path ends with `raise`, or ends the process (`sys.exit()`),
- an earlier handler of the same `try` takes the cancellation,
- the `try` body has no `await`, `async for`, or `async with`, so that no cancellation can arrive in it,
- the code is not in an async function,
- the handler asks `cancelling()` or `cancelled()`, calls `uncancel()`, or saves the exception or hands it on,
- the function is the program's `main`, which nobody cancels but the end of the program,
- a test function defines the function, and the handler names the cancellation: a stand-in does so on purpose.

Waiting for a task that was cancelled just before is `cancel-then-swallow`. A handler that returns or raises something else is
`cancellation-replaced`.

## Bad

```python
import asyncio


async def poll(queue: asyncio.Queue[str]) -> None:
    while True:
        try:
            print(await queue.get())
        except asyncio.CancelledError:  # error: cancellation-swallowed
            print("cancelled")
```

## Good

```python
import asyncio


async def poll(queue: asyncio.Queue[str]) -> None:
    while True:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            print("cancelled")
            raise
```

## Fix

The fix ends the handler with `raise`, or, where the handler catches more than cancellation, adds a handler of its own for
`asyncio.CancelledError` in front of it, with anyio for `anyio.get_cancelled_exc_class()`. It is unsafe: the function then stops where it went on before.

## When not to follow it

A task that owns its end, such as a worker whose last statement is this `try`, may swallow the cancellation without harm when nobody
awaits it or asks whether it was cancelled. Re-raising costs nothing there. Where the file shows this, that is, where the function is
only handed to `create_task()` and its like and nothing but clean-up follows, the finding has the severity Information.

## Differences

flake8-async's ASYNC103 reads the text of handlers alone. It reports the same ones, and with them: the stop pattern; handlers of a `try` without
`await`, in sync functions and at module level, where no cancellation arrives; a handler whose every path returns, which is
`cancellation-replaced` alone here; of several handlers for the cancellations of asyncio, trio and anyio those behind the first; and a
nested `try` that re-raises on every path of its own. Who selects `ASYNC103` gets all of them. `continue` swallows a cancellation here, and is
ASYNC104 there. Sonar's S7497 does not look at tuples, bare `except:`
and `BaseException`. A sync function that catches `BaseException` is no finding: asyncio raises cancellation in coroutines only.
)";

/// `raise` at the end of a handler that catches nothing but cancellation, or a handler in front of it.
void offer_raise(const RuleContext& context, Finding& finding, NodeId handler) {
    const Tree& tree = context.tree;
    const std::vector<NodeId> body = tasks::statements(tree, tree.child(handler, Role::Body));
    if (body.empty()) return;
    const NodeId classes = tree.child(handler, Role::Value);
    const std::string end = tasks::line_break(tree);
    const std::string indent = tasks::indentation(tree, handler);
    if (classes != kNoNode && (context.model.name_of(classes) == "asyncio.CancelledError" ||
                               context.model.name_of(classes) == "trio.Cancelled")) {
        const NodeId last = body.back();
        const bool empty =
            tree.is(last, Kind::Pass) || (tree.is(last, Kind::ExprStmt) &&
                                          tree.is(tree.child(last, Role::Value), Kind::Ellipsis));
        if (empty) {
            finding.fix("Re-raise the cancellation", Applicability::Unsafe,
                        {{tree[last].span(), "raise"}});
            return;
        }
        // Behind the last line; what follows a compound statement's end on its line is a comment.
        const std::uint32_t at = tasks::line_end(tree, tree[last].end);
        const NodeId first = body.front();
        if (!tasks::has_own_lines(tree, first)) return;
        finding.fix("Re-raise the cancellation", Applicability::Unsafe,
                    {{{at, at}, end + tasks::indentation(tree, first) + "raise"}});
        return;
    }
    // Is the handler alone at its line's beginning?
    const AsyncLibrary library = context.model.library();
    if (indent.find_first_not_of(" \t") != std::string::npos ||
        tree[handler].has(node_flag::kStar) || // which stands beside no plain one
        library == AsyncLibrary::Trio)
        return;
    const bool anyio = library == AsyncLibrary::Anyio;
    const std::string_view package = anyio ? "anyio" : "asyncio";
    bool needs_import = false;
    const std::string module = context.model.module_name(package, handler, needs_import);
    if (module.empty()) return;
    const std::string caught_first =
        module + (anyio ? ".get_cancelled_exc_class()" : ".CancelledError");
    std::string inner;
    if (tasks::has_own_lines(tree, body.front())) {
        const std::string deeper = tasks::indentation(tree, body.front());
        if (deeper.size() > indent.size() && deeper.compare(0, indent.size(), indent) == 0)
            inner = deeper;
    }
    if (inner.empty()) inner = indent + "    ";
    const std::uint32_t at = tree[handler].begin;
    finding.fix("Re-raise the cancellation in a handler of its own", Applicability::Unsafe,
                {{{at, at}, "except " + caught_first + ":" + end + inner + "raise" + end + indent}},
                needs_import ? std::vector<std::string>{std::string(package)}
                             : std::vector<std::string>{});
}

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// Handlers that the text alone condemns; the handler that is reported already is left out.
void check_texts(RuleContext& context, NodeId try_statement, NodeId reported) {
    for (const TextualHandler& text : textual_handlers(context.model, try_statement)) {
        if (!text.open || text.handler == reported) continue;
        context
            .report(handler_head(context.model, text.handler),
                    caught(context.tree, text.handler) +
                        " does not re-raise on each path; a cancellation that comes here would be "
                        "swallowed")
            .shape(kBeyond);
    }
}

/// Returns the handler that it reports.
NodeId check_try(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId handler = handler_of(model, node);
    if (handler == kNoNode) return kNoNode;
    const Treatment found = treatment(model, handler);
    if (found.swallowed == kNoNode || is_dealt_with(model, node, handler) ||
        is_program_main(model, node) || is_played(model, handler))
        return kNoNode;
    if (is_raised_after(model, node) || tasks::follows_cancel(model, tree.child(node, Role::Body)))
        return kNoNode;

    const bool at_end = ends_background_task(model, node, handler, found);
    Finding finding = context.report(
        handler_head(model, handler),
        caught(tree, handler) + (found.sometimes_raised
                                     ? " swallows cancellation where it does not re-raise it; end "
                                       "each path with `raise`"
                                     : std::string(" swallows cancellation, so the task ") +
                                           (at_end ? "ends like one that was not cancelled"
                                                   : "cannot be cancelled here") +
                                           "; re-raise it with `raise`"));
    if (at_end) finding.severity(Severity::Information);
    if (found.swallowed != handler)
        finding.related(tree[found.swallowed].span(), "the loop goes on from here");
    if (found.only_falls_through) offer_raise(context, finding, handler);
    return handler;
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (tree.is(node, Kind::With)) {
        const NodeId suppressor = suppressor_of(model, node);
        if (suppressor == kNoNode || tasks::follows_cancel(model, tree.child(node, Role::Body)))
            return;
        if (is_program_main(model, node) || is_raised_after(model, node)) return;
        const bool at_end = ends_background_task(model, node, kNoNode, {});
        Finding finding = context.report(
            suppressor,
            "`" + callee_text(tree, suppressor) +
                "()` swallows the cancellation of this block, so the task " +
                (at_end ? "ends like one that was not cancelled" : "cannot be cancelled here") +
                "; let `CancelledError` pass");
        if (at_end) finding.severity(Severity::Information);
        return;
    }
    const NodeId reported = check_try(context, node);
    if (context.wants(kBeyond)) check_texts(context, node, reported);
}

} // namespace

Rule rule_cancellation_swallowed() {
    return {
        {.name = "cancellation-swallowed",
         .category = Category::Cancellation,
         .severity = Severity::Warning,
         .review = ReviewSeverity::Major,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC103", "S7497"},
         .shapes = {{},
                    {.codes = {"ASYNC103"},
                     .beyond =
                         "handlers that no cancellation can reach, as in sync code, and those that "
                         "another rule reports or that deal with it"}},
         .summary =
             "An exception handler catches a cancellation and goes on without re-raising it.",
         .options = {},
         .doc = kDoc},
        {Kind::Try, Kind::With},
        check};
}

} // namespace awaitls::analysis
