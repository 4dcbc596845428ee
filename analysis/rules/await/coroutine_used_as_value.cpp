// A coroutine used as if it were its result.

#include "analysis/rules/await/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(The call of an async function gives a coroutine object. Code that goes on as if it had the
result either raises (`'coroutine' object is not subscriptable`, `has no attribute`, `cannot
unpack`, `is not iterable`) or, worse, is wrong without a sound: a comparison that is always false,
a log line that shows `<coroutine object fetch at 0x7f...>`, an `any()` that is always true.

Reported uses: attributes, subscripts, calls, operators, comparisons and membership tests,
formatting (f-strings, `%`, and functions that are known to print, format, log, measure or serialise
their argument), iteration, unpacking, `with`, `match`, `raise`, dictionary keys, `any()`, `all()`,
`sum()`, `min()`, `max()`, `sorted()` and `str.join()` over a comprehension of coroutines, and
lambdas that hand a coroutine to `sorted()`, `filter()` and the like; arguments of functions whose
parameter is annotated as something that cannot be awaited; `return` from an async function, whose
caller awaits once, unless its annotation says that it gives something to await, or it returns None
elsewhere. Coroutines that are stored, returned from sync functions, or given to code that is not
known may still be awaited and are not reported.

## Bad

```python
import asyncio


async def fetch(key: str) -> dict[str, int]:
    await asyncio.sleep(0.1)
    return {"size": len(key)}


async def main() -> None:
    size = fetch("a")["size"]  # error: coroutine-used-as-value
    print(f"{size} of {fetch('b')}")  # error: coroutine-used-as-value
    for name in fetch("c"):  # error: coroutine-used-as-value
        print(name)


asyncio.run(main())
```

## Good

```python
import asyncio


async def fetch(key: str) -> dict[str, int]:
    await asyncio.sleep(0.1)
    return {"size": len(key)}


async def main() -> None:
    size = (await fetch("a"))["size"]
    print(f"{size} of {await fetch('b')}")
    for name in await fetch("c"):
        print(name)


asyncio.run(main())
```

## Fix

Inserts `await`, with parentheses where Python needs them. It is safe, as the use shows that the
result was meant. For `any()` and its like over a generator expression the fix makes a list of the
awaited results first, which is unsafe: every coroutine then runs, one after the other, even when
the first result decides. There is no fix in lambdas and in sync functions.

## Differences

Type checkers report the uses that raise, where they know the callee's type, as ordinary attribute,
operator or argument errors. They accept comparisons and formatting.
)";

/// The generator expression around the coroutine, when it is what the user takes apart.
NodeId generator_in(const Tree& tree, NodeId node, NodeId user) {
    for (NodeId up = tree.parent(node); up != kNoNode && up != user; up = tree.parent(up))
        if (tree.kind(up) == Kind::Generator) return up;
    return kNoNode;
}

/// `any(f(x) for x in xs)` becomes `any([await f(x) for x in xs])`.
void offer_list(const RuleContext& context, Finding& finding, NodeId node, NodeId generator) {
    const Tree& tree = context.tree;
    const Span span = tree[generator].span();
    const std::string_view text = tree.text(generator);
    if (text.size() < 2 || text.front() != '(' || text.back() != ')') return;
    if (!context.model.in_async(node) || !can_await(context.model, generator)) return;
    for (NodeId up = tree.parent(node); up != generator; up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
            kind == Kind::Generator)
            return;
    }
    std::vector<Edit> edits = insert_await(tree, node);
    edits.push_back({{span.begin + 1, span.begin + 1}, "["});
    edits.push_back({{span.end - 1, span.end - 1}, "]"});
    // The list's bracket stands before an `await` that is inserted at the same place.
    if (edits.front().span.begin == span.begin + 1) {
        edits.front().text.insert(0, 1, '[');
        edits.erase(edits.end() - 2);
    }
    if (edits.size() > 1 && edits[1].span.begin == span.end - 1 && edits[1].text != "]") {
        edits[1].text += ']';
        edits.pop_back();
    }
    finding.fix("Await every " + shown(tree, node) + " in a list", Applicability::Unsafe,
                std::move(edits));
}

/// What awaiting the coroutine gives can be used with the `async for` or `async with` around it, as
/// far as is known.
bool result_fits(const Model& model, NodeId user, Type coroutine) {
    const Tree& tree = model.tree();
    const Kind kind = tree.kind(user);
    const bool enters = kind == Kind::WithItem;
    const NodeId owner = enters ? tree.parent(user) : user;
    const bool is_async = owner != kNoNode && tree[owner].is_async();
    if (!enters && !is_async) return true;
    const TypeKind result = model.awaited(coroutine)->kind;
    if (enters && !is_async) return result == TypeKind::Manager;
    const TypeKind wanted = enters ? TypeKind::AsyncManager : TypeKind::AsyncIterator;
    return result == TypeKind::Unknown || result == wanted;
}

void check(RuleContext& context, NodeId node) {
    const Type coroutine = coroutine_made_by(context, node);
    if (coroutine == nullptr) return;
    CoroutineFate found;
    if (!has_fate(context.model, node, coroutine, Fate::Value, found)) return;
    const Tree& tree = context.tree;
    const bool in_lambda = tree.is(found.user, Kind::Lambda);
    Finding finding = context.report(
        node, shown(tree, node) + " is a coroutine and " + found.clause + "; " +
                  (in_lambda ? "a lambda cannot await it" : await_advice(context.model, node)));
    finding.confidence(coroutine->confidence);
    if (in_lambda) return;
    if (const NodeId generator = generator_in(tree, node, found.user); generator != kNoNode) {
        offer_list(context, finding, node, generator);
    } else if (result_fits(context.model, found.user, coroutine)) {
        offer_await(context, finding, node, Applicability::Safe);
    }
}

} // namespace

Rule rule_coroutine_used_as_value() {
    RuleInfo info;
    info.name = "coroutine-used-as-value";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Major;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"reportAttributeAccessIssue", "reportIndexIssue", "reportGeneralTypeIssues",
                    "ASYNC105"};
    info.summary = "A coroutine object is used as if it were the result of awaiting it.";
    info.doc = kDoc;
    return {info, {Kind::Call, Kind::Attribute}, check};
}

} // namespace awaitls::analysis
