// `async for`, `async with` and asynchronous comprehensions where Python does not allow them.

#include "analysis/rules/await/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`async for`, `async with` and asynchronous comprehensions are legal only in the body of an `async def`. Anywhere else the file does not
compile (`SyntaxError: 'async with' outside async function`), and nothing of the module runs.

A generator expression with `async for` is legal everywhere, since it is an asynchronous generator; only its first iterable is evaluated by
the code around it. Before Python 3.11 an asynchronous comprehension inside another comprehension does not compile either, also in an
`async def`; that is reported where the target version is stated and older.

## Bad

```python
import asyncio


def report(lock: asyncio.Lock) -> None:
    async with lock:  # error: async-stmt-outside-async
        print("done")
```

## Good

```python
import asyncio


async def report(lock: asyncio.Lock) -> None:
    async with lock:
        print("done")
```

## Fix

Makes the function `async def`, which is unsafe: every caller has to await it from then on. It is not offered for special methods, properties
and generators, for which `async` means something else.

## Differences

In notebooks and in the interactive `python -m asyncio` these statements are legal at the top level; notebooks are exempt here.
)";

bool is_display(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp;
}

/// The comprehension stands in another one of the same function, and not in the first iterable of that, which is evaluated outside.
bool is_nested(const Tree& tree, NodeId comprehension) {
    for (NodeId inner = comprehension, outer = tree.parent(inner); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if ((kind == Kind::FunctionDef || kind == Kind::ClassDef || kind == Kind::Lambda) &&
            tree.role(inner) == Role::Body)
            return false;
        if (!is_display(kind) && kind != Kind::Generator) continue;
        const NodeId first = tree.child(outer, Kind::CompFor);
        const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
        if (iterable == kNoNode || !tree.within(comprehension, iterable)) return true;
    }
    return false;
}

/// The comprehension awaits by itself: not in its first iterable, nor in a comprehension within.
bool awaits(const Tree& tree, NodeId comprehension) {
    const NodeId first = tree.child(comprehension, Kind::CompFor);
    const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
    bool found = false;
    search_same_function(tree, comprehension, [&](NodeId node) {
        if (found || node == iterable) return false;
        const Kind kind = tree.kind(node);
        if (node != comprehension && (is_display(kind) || kind == Kind::Generator)) return false;
        found = kind == Kind::Await;
        return true;
    });
    return found;
}

bool has_async_loop(const Tree& tree, NodeId comprehension) {
    for (const NodeId child : tree.children(comprehension))
        if (tree.is(child, Kind::CompFor) && tree[child].is_async()) return true;
    return false;
}

void report(RuleContext& context, Span span, NodeId node, const std::string& what) {
    const FunctionDef* const function = context.model.function_at(node);
    if (function == nullptr) {
        context.report(
            span, what + " outside a function is a syntax error; move it into an async function");
        return;
    }
    if (function->is_lambda) {
        context.report(span, what + " in a lambda is a syntax error; use a nested async function");
        return;
    }
    Finding finding = context.report(span, what + " in `" + function->name +
                                               "`, which is not async, is a syntax error; make it "
                                               "`async def`");
    offer_async_def(context, finding, *function);
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const Kind kind = tree.kind(node);
    if (!is_display(kind)) {
        if (!tree[node].is_async() || model.in_async(node)) return;
        constexpr std::uint32_t kKeyword = 5;
        const std::uint32_t begin = tree[node].begin;
        report(context, {begin, begin + kKeyword}, node,
               kind == Kind::For ? "`async for`" : "`async with`");
        return;
    }
    const bool loops = has_async_loop(tree, node);
    if (loops && !model.in_async(node) && !is_lazy(tree, node)) {
        report(context, tree[node].span(), node, "an asynchronous comprehension");
        return;
    }
    const Settings& settings = model.settings();
    if (!settings.target_version_stated || context.target_at_least(3, 11) ||
        !is_nested(tree, node) || (!loops && !awaits(tree, node)))
        return;
    if (!model.in_async(node) && !is_lazy(tree, node)) return; // its `await` is reported
    context.report(node,
                   "an asynchronous comprehension inside of another comprehension is a syntax "
                   "error before Python 3.11; move it out");
}

} // namespace

Rule rule_async_stmt_outside_async() {
    RuleInfo info;
    info.name = "async-stmt-outside-async";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {};
    info.summary =
        "`async for`, `async with` or an asynchronous comprehension stands outside of an "
        "async function, which is a syntax error.";
    info.doc = kDoc;
    return {info, {Kind::For, Kind::With, Kind::ListComp, Kind::SetComp, Kind::DictComp}, check};
}

} // namespace awaitls::analysis
