// `gather` of one awaitable.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`asyncio.gather` with a single awaitable runs nothing concurrently. It wraps the coroutine in a task, waits for it, and returns a
list with one element that the caller has to unpack. A plain `await` does the same work, keeps the stack of the exception short,
and gives the result itself. Often the second awaitable was forgotten, or a list was meant: `gather(*coroutines)`.

Reported are calls whose only argument is certain to be awaitable. A starred argument, an argument of unknown type (it may be a
list by mistake, see `wait-argument-error`), and `return_exceptions=True`, which has a use with one awaitable too, are not.

## Bad

```python
import asyncio


async def load(name: str) -> str:
    await asyncio.sleep(0.1)
    return name


async def main() -> None:
    [settings] = await asyncio.gather(load("settings"))  # error: gather-single-awaitable
    print(settings)


asyncio.run(main())
```

## Good

```python
import asyncio


async def load(name: str) -> str:
    await asyncio.sleep(0.1)
    return name


async def main() -> None:
    settings = await load("settings")
    users, groups = await asyncio.gather(load("users"), load("groups"))
    print(settings, users, groups)


asyncio.run(main())
```

## Fix

The fix awaits the value directly. It is offered where the list of one is unused, unpacked at once (`[x] = ..`, `(x,) = ..`), or
subscripted with `[0]`. It is unsafe: the coroutine then runs in the task of the caller, with its context variables.
)";

/// The variable of `[x] =` or `x, =`, or kNoNode.
NodeId only_target(const Tree& tree, NodeId target) {
    if (!tree.is(target, Kind::List) && !tree.is(target, Kind::Tuple)) return kNoNode;
    const NodeId element = tree.first_child(target);
    if (element == kNoNode || tree.next_sibling(element) != kNoNode ||
        tree.is(element, Kind::Starred))
        return kNoNode;
    return element;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!calls(model, call, "asyncio.gather")) return;
    NodeId only = kNoNode;
    for (const NodeId child : tree.children(call)) {
        if (tree[child].role != Role::Argument) continue;
        if (only != kNoNode || tree.is(child, Kind::Starred) ||
            tree.is(child, Kind::DoubleStarred) || tree.is(child, Kind::Keyword))
            return;
        only = child;
    }
    if (only == kNoNode) return;
    const Type type = model.type_of(only);
    if (!Model::must_be_awaited(type) && !is_future(model, type)) return;

    // What is not awaited here may be wanted as a future.
    if (!is_awaited(tree, call)) return;
    Finding finding = context.report(
        call, "`" + callee_text(tree, call) +
                  "()` of one awaitable runs nothing concurrently; await it directly");
    const Kind kind = tree.kind(only);
    if (kind != Kind::Call && kind != Kind::Name && kind != Kind::Attribute) return;
    const NodeId awaited = tree.parent(call);
    const NodeId user = tree.parent(awaited);
    const Span argument_span = tree[only].span();
    if (has_comment(tree, {tree[call].begin, argument_span.begin}) ||
        has_comment(tree, {argument_span.end, tree[call].end}))
        return;
    std::vector<Edit> edits{{{tree[call].begin, argument_span.begin}, ""},
                            {{argument_span.end, tree[call].end}, ""}};
    if (tree.is(user, Kind::Assign) && tree[user].role == Role::Statement) {
        const NodeId target = tree.child(user, Role::Target);
        const NodeId element = target == kNoNode ? kNoNode : only_target(tree, target);
        if (element == kNoNode) return;
        // `(x,)` and `[x]` may or may not hold their brackets in the span: what stands before `=` is replaced.
        edits.push_back({{tree[user].begin, tree[target].end}, context.text(element)});
        const std::string_view between = tree.text(Span{tree[target].end, tree[awaited].begin});
        if (between.find('=') == std::string_view::npos) return;
        if (const std::size_t closing = between.find(')'); closing < between.find('='))
            edits.back().span.end += static_cast<std::uint32_t>(closing + 1);
    } else if (tree.is(user, Kind::Subscript) && tree[awaited].role == Role::Object) {
        const NodeId index = tree.child(user, Role::Index);
        if (index == kNoNode || tree.text(index) != "0") return;
        // `(await gather(x))[0]` becomes `(await x)`.
        const std::string_view behind = tree.text(Span{tree[awaited].end, tree[user].end});
        const std::size_t bracket = behind.find('[');
        if (bracket == std::string_view::npos) return;
        edits.push_back(
            {{tree[awaited].end + static_cast<std::uint32_t>(bracket), tree[user].end}, ""});
    } else if (!tree.is(user, Kind::ExprStmt)) {
        return;
    }
    finding.fix("Await `" +
                    (kind == Kind::Call ? callee_text(tree, only) + "()" : context.text(only)) +
                    "` directly",
                Applicability::Unsafe, std::move(edits));
}

} // namespace

Rule rule_gather_single_awaitable() {
    return {{.name = "gather-single-awaitable",
             .category = Category::Task,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "`asyncio.gather` is called with a single awaitable.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
