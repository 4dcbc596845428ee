// Waiting while a cancelled task cleans up, in trio and anyio.

#include "analysis/rules/cancellation/checkpoints.h"
#include "analysis/rules/cancellation/common.h"
#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace cancellation;

constexpr std::string_view kDoc =
    R"(In trio and anyio a cancelled scope stays cancelled: every operation in it that waits raises at once, also in a `finally`, in a handler
of the cancellation, and in `__aexit__`. What such code awaits to clean up is therefore not done just when it matters, when the task was
cancelled or has run into a timeout: the goodbye is not sent, the lock not released, and what stands behind it is skipped. A shielded
scope keeps the cancellation out while cleaning up; it should have a timeout of its own.

Reported are `await`, `async for` and `async with` in a `finally`, in a handler that gets the cancellation (`except:`,
`except BaseException`, `except trio.Cancelled`), and in `async def __aexit__`, unless a scope with `shield=True` that is opened there
is around them. These are fine without: `aclose()`, which closes forcefully when cancelled; `aclose_forcefully(x)`;
`cancel_shielded_checkpoint()`; the `__aexit__` of another manager; functions of the project or a library that wait for nothing but such
closing; opening a nursery or task group; what stands in a `try` of its own with `except trio.Cancelled`, or in a branch of `__aexit__`
for `exc_type is None`; code within `with CancelScope(shield=True):`; and the function that runs the whole program, or is a test.

asyncio raises a cancellation once and lets later waiting happen: files that use asyncio are not looked at.

## Bad

```python
import trio


async def goodbye(stream: trio.abc.Stream) -> None:
    await stream.send_all(b"bye")


async def talk(stream: trio.abc.Stream) -> None:
    try:
        await stream.send_all(b"hello")
    finally:
        await goodbye(stream)  # error: await-in-cleanup-unshielded
```

## Good

```python
import trio


async def goodbye(stream: trio.abc.Stream) -> None:
    await stream.send_all(b"bye")


async def talk(stream: trio.abc.Stream) -> None:
    try:
        await stream.send_all(b"hello")
    finally:
        with trio.move_on_after(5, shield=True):
            await goodbye(stream)
```

## Fix

None: how long cleaning up may take is for the author to say.

## When not to follow it

Where the cleanup is of no use to anybody once the task is cancelled. Then say so with `except trio.Cancelled: raise` before it.

## Differences

flake8-async's ASYNC102 takes a scope as unshielded when its `shield` is no literal, and sees the first item of a `with` only; here what
is not known is silent. It also reports what a `try` of its own takes care of, functions that only close, and those whose code is there and
waits for nothing; and it goes by the name of `aclose()` alone, while one that takes arguments is fine here where its code is known.
)";

/// What a cancellation leads to around the node, and the place that says so.
struct Cleanup {
    NodeId boundary = kNoNode;
    Span place{0, 0};
    std::string_view words;
};

/// The handler of its Try that gets a cancellation first.
bool gets_cancellation(const Model& model, NodeId handler) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(tree.parent(handler))) {
        if (!tree.is(child, Kind::Except)) continue;
        const NodeId classes = tree.child(child, Role::Value);
        if (classes == kNoNode || tasks::catches_cancellation(model, classes))
            return child == handler;
        if (child == handler) return false;
    }
    return false;
}

Cleanup cleanup_around(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode; child = up, up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        const std::uint32_t begin = tree[up].begin;
        if (kind == Kind::Finally) return {up, {begin, begin + 7}, "in `finally`"};
        if (kind == Kind::Except && tree.role(child) == Role::Body && gets_cancellation(model, up))
            return {up, {begin, begin + 6}, "in a handler of the cancellation"};
        if (kind == Kind::FunctionDef) {
            const NodeId name = tree.child(up, Role::Name);
            if (tree.role(child) == Role::Body && name != kNoNode && tree.text(name) == "__aexit__")
                return {up, tree[name].span(), "in `__aexit__`"};
            return {};
        }
        if (kind == Kind::Lambda || kind == Kind::ClassDef) return {};
    }
    return {};
}

/// A `try` within the cleanup says what becomes of it when the task is cancelled: `except trio.Cancelled`.
bool expects_cancellation(const Model& model, NodeId node, NodeId boundary) {
    const Tree& tree = model.tree();
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode && up != boundary;
         child = up, up = tree.parent(up)) {
        if (!tree.is(up, Kind::Try) || tree.role(child) != Role::Body) continue;
        for (const NodeId handler : tree.children(up)) {
            const NodeId classes =
                tree.is(handler, Kind::Except) ? tree.child(handler, Role::Value) : kNoNode;
            if (classes != kNoNode && tasks::catches_cancellation(model, classes) &&
                !model.catches(classes, "builtins.KeyboardInterrupt"))
                return true;
        }
    }
    return false;
}

/// What the If says of an exception that `__aexit__` got as `name`, when its body runs.
enum class Says : std::uint8_t { Nothing, None, Some };

Says says(const Tree& tree, NodeId branch, const std::string& name) {
    const NodeId test = tree.is(branch, Kind::If) ? tree.child(branch, Role::Test) : kNoNode;
    if (test == kNoNode) return Says::Nothing;
    const std::string_view text = tree.text(test);
    if (text == name + " is None" || text == "not " + name) return Says::None;
    if (text == name + " is not None" || text == name) return Says::Some;
    return Says::Nothing;
}

/// The names that `__aexit__` has for what it is given, also by taking `*details` apart.
std::vector<std::string> given_names(const Tree& tree, NodeId definition) {
    std::vector<std::string> names;
    const NodeId parameters = tree.child(definition, Kind::Parameters);
    if (parameters == kNoNode) return names;
    for (const NodeId parameter : tree.children(parameters)) {
        const std::string_view name = identifier(tree, parameter);
        names.emplace_back(name);
        if (static_cast<ParameterForm>(tree[parameter].op) != ParameterForm::VarArgs) continue;
        for (NodeId node = definition; node < tree[definition].next; ++node) {
            if (!tree.is(node, Kind::Assign)) continue;
            const NodeId target = tree.child(node, Role::Target);
            const NodeId value = tree.child(node, Role::Value);
            if (!tree.is(target, Kind::Tuple) || !tree.is(value, Kind::Name) ||
                tree.text(value) != name)
                continue;
            for (const NodeId part : tree.children(target)) names.emplace_back(tree.text(part));
        }
    }
    return names;
}

/// In `__aexit__`, a branch for the case that there is no exception, or behind one that leaves when there is.
bool is_without_exception(const Tree& tree, NodeId node, NodeId definition) {
    for (const std::string& name : given_names(tree, definition)) {
        NodeId child = node;
        for (NodeId up = tree.parent(node); up != definition; child = up, up = tree.parent(up)) {
            const Says here = says(tree, up, name);
            if ((here == Says::None && tree.role(child) == Role::Body) ||
                (here == Says::Some && tree.is(child, Kind::Else)))
                return true;
            if (!tree.is(up, Kind::Block)) continue;
            for (const NodeId before : tree.children(up)) {
                if (before == child) break;
                const NodeId body = tree.child(before, Role::Body);
                if (says(tree, before, name) == Says::Some && body != kNoNode &&
                    !exits_of(tree, body).falls_through)
                    return true;
            }
        }
    }
    return false;
}

/// `await sink.send(Failure(error))`: the handler hands its exception to somebody, who was told to stop if this is a cancellation.
bool tells_exception(const Tree& tree, NodeId await, NodeId handler) {
    const NodeId target =
        tree.is(handler, Kind::Except) ? tree.child(handler, Role::Target) : kNoNode;
    const NodeId call = tree.is(await, Kind::Await) ? tree.child(await, Role::Value) : kNoNode;
    if (target == kNoNode || !tree.is(call, Kind::Call)) return false;
    const std::vector<NodeId> given = argument_values(tree, call);
    return std::any_of(given.begin(), given.end(), [&](NodeId value) {
        return tasks::mentions(tree, value, tree.text(target));
    });
}

/// Nobody cancels a test from outside.
bool is_test(const Model& model, NodeId node) {
    const FunctionDef* const function = model.function_at(node);
    return function != nullptr && function->name.starts_with("test_");
}

/// The cleanup around a place that waits, where a cancellation would skip it; no boundary where there is none.
Cleanup unshielded_cleanup(const Model& model, NodeId node) {
    if (model.library() == AsyncLibrary::Asyncio || !model.in_async(node)) return {};
    const Tree& tree = model.tree();
    Cleanup cleanup = cleanup_around(model, node);
    if (cleanup.boundary == kNoNode || is_shielded(model, node, cleanup.boundary) ||
        expects_cancellation(model, node, cleanup.boundary) || is_program_main(model, node) ||
        (tree.is(cleanup.boundary, Kind::FunctionDef) &&
         is_without_exception(tree, node, cleanup.boundary)))
        return {};
    if (!tree.is(cleanup.boundary, Kind::FunctionDef)) {
        // What cancels the code around the cleanup.
        const NodeId scope = scope_around(model, tree.parent(cleanup.boundary));
        if (scope == kNoNode ? is_test(model, node) : is_plain_shield(model, scope)) return {};
    }
    return cleanup;
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!waits_at(model, node)) return;
    // Before what is awaited: few awaits stand in a cleanup, and never_waits() reads callees.
    const Cleanup cleanup = unshielded_cleanup(model, node);
    if (cleanup.boundary == kNoNode || tells_exception(tree, node, cleanup.boundary)) return;
    if (tree.is(node, Kind::Await)) {
        const NodeId awaited = tree.child(node, Role::Value);
        if (is_safe_in_cleanup(model, awaited) || never_waits(model, awaited)) return;
    }
    context
        .report(waiting_span(tree, node),
                "waiting " + std::string(cleanup.words) +
                    " raises at once when the task is cancelled, so this is not done then; put it "
                    "into a scope with `shield=True` and a timeout")
        .related(cleanup.place, "runs when the task is cancelled");
}

} // namespace

bool cancellation::is_skipped_cleanup(const Model& model, NodeId node) {
    return unshielded_cleanup(model, node).boundary != kNoNode;
}

Rule rule_await_in_cleanup_unshielded() {
    return {{.name = "await-in-cleanup-unshielded",
             .category = Category::Cancellation,
             .severity = Severity::Warning,
             .aliases = {"ASYNC102"},
             .summary =
                 "Cleanup of trio or anyio code waits without a shield, and is not done when "
                 "the task is cancelled.",
             .options = {},
             .doc = kDoc},
            {Kind::Await, Kind::For, Kind::With, Kind::CompFor},
            check};
}

} // namespace awaitls::analysis
