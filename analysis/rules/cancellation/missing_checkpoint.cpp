// Async functions, generators and endless loops of trio and anyio with a way that passes no checkpoint.

#include "analysis/rules/cancellation/checkpoints.h"
#include "analysis/rules/catalog.h"
#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(Functions of trio keep a promise: each call passes a checkpoint, or raises. Whoever awaits them in a loop can rely on it that other tasks
get their turn and that a cancellation is noticed. An async function of your own that returns on some way without having awaited
anything breaks the promise for all that build on it, and a loop around it can hold up the event loop for good. The same holds for an
async generator, which its consumer awaits at every item, and for `while True`.

The rule is off by default, for code bases on trio or anyio that want to keep the promise throughout; in files that import asyncio and
neither of the two it is silent, as asyncio promises nothing. A file that imports none of the three is looked at where the rule is
selected by name or code.

Checkpoints are `await`, `async for`, the beginning and end of `async with`, and asynchronous comprehensions. Reported is, at its name, a
function whose end can be reached, and a `return` or `yield` that can be reached, without one since the beginning or the last `yield`;
and an endless loop that can go round without one. Exceptions are taken to come at the worst time: before the operation that raises
them has passed its checkpoint. Loops over literals and `range(3)` are known to run.

Not reported: functions that only raise or have an empty body, `@overload`, fixtures, and the one half of an async context manager
whose other half has a checkpoint, or is inherited.

## Bad

```python
import trio


async def send(stream: trio.abc.SendStream, data: bytes) -> None:  # error: missing-checkpoint
    if data:
        await stream.send_all(data)


async def count(to: int):
    for number in range(to):
        yield number  # error: missing-checkpoint
    await trio.lowlevel.checkpoint()


async def spin(busy: list[int]) -> None:
    while True:  # error: missing-checkpoint
        if not busy:
            await trio.sleep(1)
```

## Good

```python
import trio


async def send(stream: trio.abc.SendStream, data: bytes) -> None:
    if data:
        await stream.send_all(data)
    else:
        await trio.lowlevel.checkpoint()


async def count(to: int):
    for number in range(to):
        await trio.lowlevel.checkpoint()
        yield number
    await trio.lowlevel.checkpoint()


async def spin(busy: list[int]) -> None:
    while True:
        await trio.lowlevel.checkpoint()
        if not busy:
            await trio.sleep(1)
```

## Fix

`await trio.lowlevel.checkpoint()`, or that of anyio, is inserted before the `return` or `yield`, at the end of the function, or at the
beginning of the loop; nothing inside of `except` and `finally`, where it could lose an exception. It is unsafe: other tasks run there
from now on, and the function can be cancelled there.

## Options

- `no-checkpoint-warning-decorators`: decorators of functions that are not looked at, as names or patterns
  (`"mylib.route"`, `"*.command"`).
- `exception-suppress-context-managers`: context managers that swallow exceptions, like `contextlib.suppress`; what stands in their
  blocks may be cut short.

```toml
[tool.awaitls]
extend-select = ["missing-checkpoint"]
no-checkpoint-warning-decorators = ["app.get"]
exception-suppress-context-managers = ["mylib.ignoring"]
```

## Differences

flake8-async has ASYNC910 for functions, ASYNC911 for generators and ASYNC913 for loops. Here `and` and `or` are followed operand by
operand, so `await f() and (yield) and await g() and (yield)` has no way from one `yield` to the other; a `return` whose `finally` has a
checkpoint is fine; `False and await f()` is not taken for a way; `ignoring = contextlib.suppress` is followed; `while "text":` is not
taken for an endless loop; a loop over `range(10)` that waits in each round cannot be passed without a checkpoint, whatever else leaves it; code behind an endless loop is not looked at; and a loop is reported for a round that ends with `continue` as well.
)";

/// Shapes of findings.
constexpr std::size_t kFunction = 0;
constexpr std::size_t kGenerator = 1;
constexpr std::size_t kLoop = 2;

bool is_empty(const Tree& tree, NodeId body) {
    for (const NodeId statement : tree.children(body)) {
        const NodeId value = tree.child(statement, Role::Value);
        const bool idle = tree.is(statement, Kind::Pass) ||
                          (tree.is(statement, Kind::ExprStmt) &&
                           (tree.is(value, Kind::Ellipsis) || tree.is(value, Kind::String)));
        if (!idle) return false;
    }
    return true;
}

/// The code is to keep trio's promise.
bool keeps_promise(const RuleContext& context) {
    const Model& model = context.model;
    if (model.imports("trio") || model.imports("anyio")) return true;
    static const std::optional<std::size_t> self = find_rule("missing-checkpoint");
    return !model.imports("asyncio") && self && model.settings().selected_by_name[*self];
}

bool is_looked_at(const RuleContext& context, NodeId definition) {
    const Tree& tree = context.tree;
    if (has_decorator_called(context.model, definition, "overload") ||
        has_decorator_called(context.model, definition, "fixture"))
        return false;
    const std::vector<NodeId> all = decorators(tree, definition);
    return std::none_of(all.begin(), all.end(), [&](NodeId decorator) {
        return is_in_option(context, decorator, "no-checkpoint-warning-decorators");
    });
}

/// The other half of the context manager has the checkpoint, maybe.
bool is_left_to_other_half(const Model& model, NodeId definition) {
    const NodeId body = model.tree().child(definition, Role::Body);
    const FunctionDef* const function = model.function_at(body);
    if (function == nullptr || function->class_id < 0 ||
        (function->name != "__aenter__" && function->name != "__aexit__") ||
        has_suspension_point(model.tree(), body))
        return false;
    switch (model.other_half(*function)) {
    case OtherHalf::Missing: return false;
    case OtherHalf::Runs: return function->name == "__aexit__"; // one finding is enough
    default: return true;
    }
}

// Fixes ---------------------------------------------------------------------------------------------------

struct Checkpoint {
    std::string statement; // empty: none can be written
    std::vector<std::string> imports;
};

Checkpoint checkpoint_at(const Model& model, NodeId node) {
    const bool trio = model.imports("trio") && model.library() != AsyncLibrary::Anyio;
    if (!trio && !model.imports("anyio")) return {};
    const std::string_view module = trio ? "trio" : "anyio.lowlevel";
    bool needs_import = false;
    const std::string name = model.module_name(module, node, needs_import);
    if (name.empty()) return {};
    Checkpoint result{"await " + name + (trio ? ".lowlevel.checkpoint()" : ".checkpoint()"), {}};
    if (needs_import) result.imports.emplace_back(module);
    return result;
}

bool is_in_cleanup(const Tree& tree, NodeId node) {
    for (NodeId up = tree.parent(node); up != kNoNode && !tree.is(up, Kind::FunctionDef);
         up = tree.parent(up))
        if (tree.is(up, Kind::Except) || tree.is(up, Kind::Finally)) return true;
    return false;
}

void insert_before(const RuleContext& context, NodeId statement, Finding& finding) {
    const Tree& tree = context.tree;
    if (statement == kNoNode || !tasks::has_own_lines(tree, statement) ||
        is_in_cleanup(tree, statement) || is_skipped_cleanup(context.model, statement))
        return;
    const Checkpoint checkpoint = checkpoint_at(context.model, statement);
    if (checkpoint.statement.empty()) return;
    const std::uint32_t at = tasks::line_begin(tree, tree[statement].begin);
    finding.fix("Insert a checkpoint", Applicability::Unsafe,
                {{Span{at, at}, tasks::indentation(tree, statement) + checkpoint.statement +
                                    tasks::line_break(tree)}},
                checkpoint.imports);
}

void insert_at_end(const RuleContext& context, NodeId body, Finding& finding) {
    const Tree& tree = context.tree;
    const std::vector<NodeId> all = tasks::statements(tree, body);
    if (all.empty() || !tasks::has_own_lines(tree, all.back()) ||
        is_skipped_cleanup(context.model, all.back()))
        return;
    const Checkpoint checkpoint = checkpoint_at(context.model, all.back());
    if (checkpoint.statement.empty()) return;
    const std::uint32_t at = tasks::line_end(tree, tasks::code_span(tree, all.back()).end);
    finding.fix("Insert a checkpoint at the end", Applicability::Unsafe,
                {{Span{at, at}, tasks::line_break(tree) + tasks::indentation(tree, all.back()) +
                                    checkpoint.statement}},
                checkpoint.imports);
}

/// The statement that does nothing else before it yields than work out the value; kNoNode where another may come first.
NodeId statement_of_yield(const Tree& tree, NodeId yield) {
    for (NodeId up = tree.parent(yield); up != kNoNode; up = tree.parent(up)) {
        switch (tree.kind(up)) {
        case Kind::BoolOp:
        case Kind::Conditional:
        case Kind::Yield:
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::DictComp: return kNoNode;
        default: break;
        }
        if (tree.role(up) != Role::Statement) continue;
        const Kind kind = tree.kind(up);
        const bool simple = kind == Kind::ExprStmt || kind == Kind::Assign ||
                            kind == Kind::AnnAssign || kind == Kind::AugAssign ||
                            kind == Kind::Return;
        if (!simple) return kNoNode;
        for (NodeId other = up; other < yield; ++other)
            if (tree.is(other, Kind::Yield)) return kNoNode;
        return up;
    }
    return kNoNode;
}

// Checks --------------------------------------------------------------------------------------------------

void check_function(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId name = tree.child(definition, Role::Name);
    if (body == kNoNode || name == kNoNode || is_empty(tree, body) ||
        !is_looked_at(context, definition) || is_left_to_other_half(model, definition))
        return;
    const Flow flow = flow_with_options(context, body);
    if (!flow.complete()) return;

    std::vector<StepId> sources{Flow::kEntry};
    for (StepId step = 0; step < flow.steps().size(); ++step)
        if (flow[step].kind == StepKind::Yield) sources.push_back(step);
    const auto stops = [&](const Step& step) {
        return step.kind == StepKind::Yield || is_checkpoint(tree, step);
    };
    const std::vector<StepId> met = flow.reached(sources, stops);
    const StepId returned = flow.returned();
    const std::vector<bool> returns = flow.reaching(std::span(&returned, 1), stops);

    bool generator = false;
    walk_same_function(tree, body, [&](NodeId inner) {
        generator = generator || tree.is(inner, Kind::Yield);
        return true;
    });
    const auto report = [&](Span span, const std::string& what, StepId source) {
        const bool start = source == Flow::kEntry;
        Finding finding =
            context.report(span, what + " without a checkpoint since " +
                                     (start ? "the function began" : "the last `yield`"));
        finding.shape(generator ? kGenerator : kFunction);
        if (!start) finding.related(tree[flow[source].node].span(), "the `yield`");
        return finding;
    };
    std::vector<NodeId> reported; // once for all copies
    for (StepId step = 0; step < flow.steps().size(); ++step) {
        const Step& at = flow[step];
        if (met[step] == kNoStep || at.node == kNoNode) continue;
        const bool yields = at.kind == StepKind::Yield;
        const bool leaves =
            at.kind == StepKind::Statement && tree.is(at.node, Kind::Return) && returns[step];
        if ((!yields && !leaves) ||
            std::find(reported.begin(), reported.end(), at.node) != reported.end())
            continue;
        reported.push_back(at.node);
        if (yields) {
            Finding finding =
                report(tree[at.node].span(), "this `yield` can be reached", met[step]);
            insert_before(context, statement_of_yield(tree, at.node), finding);
        } else {
            const std::uint32_t begin = tree[at.node].begin;
            Finding finding = report({begin, begin + 6}, "this `return` can be reached", met[step]);
            insert_before(context, at.node, finding);
        }
    }
    if (met[flow.end()] == kNoStep) return;
    Finding finding =
        report(tree[name].span(), "`" + context.text(name) + "` can end", met[flow.end()]);
    insert_at_end(context, body, finding);
}

void check_loop(RuleContext& context, NodeId loop) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(loop, Role::Body);
    const NodeId function = tasks::function_around(tree, loop);
    if (body == kNoNode || !is_always_true(tree, tree.child(loop, Role::Test)) ||
        !tree.is(function, Kind::FunctionDef) || !tree[function].is_async() ||
        !is_looked_at(context, function))
        return;
    const Flow flow = flow_with_options(context, body);
    if (!flow.complete()) return;
    const StepId entry = Flow::kEntry;
    if (flow.reached(std::span(&entry, 1), {})[flow.broken()] != kNoStep) return;
    const std::vector<StepId> met = flow.reached(std::span(&entry, 1), [&](const Step& step) {
        // What is awaited keeps the promise, or is reported itself.
        return step.kind == StepKind::Await || is_cancel_point(model, step);
    });
    if (met[flow.end()] == kNoStep && met[flow.continued()] == kNoStep) return;
    const std::uint32_t begin = tree[loop].begin;
    Finding finding =
        context.report(Span{begin, begin + 5}, "this loop can go round for ever without a "
                                               "checkpoint: nothing else runs, and it cannot "
                                               "be cancelled");
    finding.shape(kLoop);
    const std::vector<NodeId> all = tasks::statements(tree, body);
    if (!all.empty()) insert_before(context, all.front(), finding);
}

void check(RuleContext& context, NodeId node) {
    const Tree& tree = context.tree;
    if (tree.is(node, Kind::While)) {
        if (keeps_promise(context)) check_loop(context, node);
    } else if (tree[node].is_async() && keeps_promise(context)) {
        check_function(context, node);
    }
}

} // namespace

Rule rule_missing_checkpoint() {
    return {{.name = "missing-checkpoint",
             .category = Category::Cancellation,
             .severity = Severity::Information,
             .on_by_default = false,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC910", "ASYNC911", "ASYNC913"},
             .shapes = {{{"ASYNC910"}}, {{"ASYNC911"}}, {{"ASYNC913"}}},
             .summary = "An async function, generator or endless loop has a way without a "
                        "checkpoint.",
             .options = {"no-checkpoint-warning-decorators", "exception-suppress-context-managers"},
             .doc = kDoc},
            {Kind::FunctionDef, Kind::While},
            check};
}

} // namespace awaitls::analysis
