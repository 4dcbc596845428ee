// `yield from` in an async function.

#include "analysis/rules/await/common.h"
#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An asynchronous generator cannot delegate: `yield from` in an `async def` is `SyntaxError: 'yield from' inside async function`,
and nothing of the file runs. What is meant depends on the operand. A coroutine is awaited (`yield from` is how that was written before Python
3.5), and an iterable is passed on with a loop.

## Bad

```python
import asyncio
from collections.abc import AsyncIterator


async def lines(path: str) -> AsyncIterator[str]:
    for number in range(3):
        await asyncio.sleep(0.1)
        yield f"{path}:{number}"


async def all_lines(paths: list[str]) -> AsyncIterator[str]:
    for path in paths:
        yield from lines(path)  # error: yield-from-in-async
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def lines(path: str) -> AsyncIterator[str]:
    for number in range(3):
        await asyncio.sleep(0.1)
        yield f"{path}:{number}"


async def all_lines(paths: list[str]) -> AsyncIterator[str]:
    for path in paths:
        async for line in lines(path):
            yield line
```

## Fix

A coroutine or future is awaited. Where the operand is known to be an asynchronous or an ordinary iterable and the statement has its line, the fix
writes the loop. Both are safe: the file did not compile before.
)";

/// `for item in x: yield item` in place of the statement.
void offer_loop(const RuleContext& context, Finding& finding, NodeId node, NodeId operand) {
    const Tree& tree = context.tree;
    const NodeId statement = tree.parent(node);
    if (!tree.is(statement, Kind::ExprStmt) || tree[node].has(node_flag::kParenthesized)) return;
    if (!tasks::has_own_lines(tree, statement) || tasks::has_comment(tree, tree[node].span()))
        return;
    const Type type = context.model.type_of(operand);
    const bool asynchronous = type->kind == TypeKind::AsyncIterator ||
                              (type->cls != nullptr && type->kind == TypeKind::Instance &&
                               context.model.has_method(*type->cls, "__aiter__") == Answer::Yes);
    const Kind kind = tree.kind(operand);
    const bool ordinary = type->kind == TypeKind::Iterator || kind == Kind::List ||
                          kind == Kind::Tuple || kind == Kind::Set || kind == Kind::Dict ||
                          kind == Kind::ListComp || kind == Kind::SetComp ||
                          kind == Kind::DictComp ||
                          (type->kind == TypeKind::Instance &&
                           (type->name == "builtins.list" || type->name == "builtins.tuple" ||
                            type->name == "builtins.set" || type->name == "builtins.dict" ||
                            type->name == "builtins.range"));
    if (asynchronous == ordinary || type->confidence != Confidence::Certain) return;
    std::string item = "item";
    while (tasks::mentions(tree, 0, item)) item += '_';
    const std::string text = std::string(asynchronous ? "async for " : "for ") + item + " in ";
    const std::uint32_t end = tree[node].end;
    finding.fix(asynchronous ? "Pass the items on with `async for`"
                             : "Pass the items on with `for`",
                Applicability::Safe,
                {{{tree[node].begin, tree[operand].begin}, text},
                 {{end, end},
                  ":" + tasks::line_break(tree) + tasks::indentation(tree, statement) +
                      "    yield " + item}});
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const FunctionDef* const function = model.function_at(node);
    if (function == nullptr || !function->is_async) return;
    const NodeId operand = tree.child(node, Role::Value);
    if (operand == kNoNode) return;
    const Type type = model.type_of(operand);
    const bool awaitable = Model::must_be_awaited(type) || type->kind == TypeKind::Awaitable;
    Finding finding =
        context.report(node, "`yield from` in the async function `" + function->name +
                                 (awaitable ? "` is a syntax error; use `await`"
                                            : "` is a syntax error; yield each item in a loop"));
    if (!awaitable) {
        if (!tree[operand].has(node_flag::kParenthesized))
            offer_loop(context, finding, node, operand);
        return;
    }
    const Kind kind = tree.kind(operand);
    if (kind != Kind::Call && kind != Kind::Name && kind != Kind::Attribute) return;
    if (!can_await(model, node) || tree[operand].has(node_flag::kParenthesized)) return;
    const Span keyword{tree[node].begin, tree[operand].begin};
    if (tasks::has_comment(tree, keyword)) return;
    finding.fix("Replace `yield from` with `await`", Applicability::Safe, {{keyword, "await "}});
}

} // namespace

Rule rule_yield_from_in_async() {
    RuleInfo info;
    info.name = "yield-from-in-async";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"PLE1700", "E1700"};
    info.summary = "`yield from` stands in an async function, which is a syntax error.";
    info.doc = kDoc;
    return {info, {Kind::YieldFrom}, check};
}

} // namespace awaitls::analysis
