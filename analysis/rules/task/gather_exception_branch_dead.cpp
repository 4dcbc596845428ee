// A test for exceptions among the results of a gather that raises them.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(Without `return_exceptions=True`, `asyncio.gather` raises the first exception and returns only results. A test such as
`isinstance(result, Exception)` is then never true: the error handling below it is dead code, and a single failing child
takes the whole function down instead of being handled.

This rule follows the result of an awaited `gather` through local variables, loops, `zip`, `enumerate`, unpacking and subscripts.

## Bad

```python
import asyncio


async def fetch(name: str) -> str:
    await asyncio.sleep(0.1)
    return name.upper()


async def main() -> None:
    results = await asyncio.gather(fetch("a"), fetch("b"))
    for result in results:
        if isinstance(result, Exception):  # error: gather-exception-branch-dead
            print("failed:", result)
        else:
            print(result)


asyncio.run(main())
```

## Good

```python
import asyncio


async def fetch(name: str) -> str:
    await asyncio.sleep(0.1)
    return name.upper()


async def main() -> None:
    results = await asyncio.gather(fetch("a"), fetch("b"), return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            print("failed:", result)
        else:
            print(result)


asyncio.run(main())
```

## Fix

The fix adds `return_exceptions=True`. It is unsafe: failures that ended the function so far are from then on
elements of the result, also those that are not tested for.

## When not to follow it

A child that catches its own exceptions and returns them as values makes the test meaningful. Give such a child a result type of its
own, so that the reader sees where the exception comes from.
)";

NodeId gather_of_container(const Model& model, NodeId expression, int depth);

/// The only place that binds a local variable, or kNoNode.
NodeId only_store(const Model& model, NodeId name) {
    NodeId store = kNoNode;
    for (const NodeId use : model.uses_of_local(name)) {
        if (!model.tree()[use].has(node_flag::kStore)) continue;
        if (store != kNoNode) return kNoNode;
        store = use;
    }
    return store;
}

/// The gather whose results the items of an iterable are. `position`: of the item's part that is meant, when
/// the loop unpacks its items, else -1.
NodeId gather_of_items(const Model& model, NodeId iterable, int position, int depth) {
    const Tree& tree = model.tree();
    if (iterable == kNoNode) return kNoNode;
    if (position < 0) return gather_of_container(model, iterable, depth);
    if (!tree.is(iterable, Kind::Call)) return kNoNode;
    const std::string_view name = model.target(iterable).name;
    if (name == "builtins.enumerate") {
        const NodeId first = argument(tree, iterable, 0, "iterable");
        return position == 1 && first != kNoNode ? gather_of_container(model, first, depth)
                                                 : kNoNode;
    }
    if (name != "builtins.zip") return kNoNode;
    const NodeId part = argument(tree, iterable, position, {});
    return part == kNoNode ? kNoNode : gather_of_container(model, part, depth);
}

/// The gather that gave this one result, or kNoNode.
NodeId gather_of_element(const Model& model, NodeId expression, int depth) {
    const Tree& tree = model.tree();
    if (tree.is(expression, Kind::Subscript)) {
        const NodeId object = tree.child(expression, Role::Object);
        const NodeId index = tree.child(expression, Role::Index);
        if (object == kNoNode || tree.is(index, Kind::Slice)) return kNoNode;
        return gather_of_container(model, object, depth);
    }
    if (!tree.is(expression, Kind::Name)) return kNoNode;
    const NodeId store = only_store(model, expression);
    if (store == kNoNode) return kNoNode;
    NodeId binder = tree.parent(store);
    int position = -1;
    if (tree.is(binder, Kind::Tuple) || tree.is(binder, Kind::List)) {
        position = 0;
        for (const NodeId element : tree.children(binder)) {
            if (tree.is(element, Kind::Starred)) return kNoNode;
            if (element == store) break;
            ++position;
        }
        if (tree[binder].role != Role::Target) return kNoNode;
        binder = tree.parent(binder);
    } else if (tree[store].role != Role::Target) {
        return kNoNode;
    }
    if (tree.is(binder, Kind::For) || tree.is(binder, Kind::CompFor))
        return gather_of_items(model, tree.child(binder, Role::Iter), position, depth);
    if (tree.is(binder, Kind::Assign) && position >= 0) {
        const NodeId value = tree.child(binder, Role::Value);
        return value == kNoNode ? kNoNode : gather_of_container(model, value, depth);
    }
    return kNoNode;
}

/// The gather whose result list this expression is, or kNoNode.
NodeId gather_of_container(const Model& model, NodeId expression, int depth) {
    const Tree& tree = model.tree();
    if (depth > 4) return kNoNode;
    if (tree.is(expression, Kind::Await)) {
        const NodeId call = tree.child(expression, Role::Value);
        if (!calls(model, call, "asyncio.gather")) return kNoNode;
        for (const NodeId child : tree.children(call))
            if (tree.is(child, Kind::DoubleStarred)) return kNoNode;
        const NodeId flag = keyword_argument(tree, call, "return_exceptions");
        return flag == kNoNode || tree.is(flag, Kind::False) ? call : kNoNode;
    }
    if (!tree.is(expression, Kind::Name)) return kNoNode;
    const NodeId value = model.value_of_local(expression);
    if (value != kNoNode && value != expression)
        return gather_of_container(model, value, depth + 1);
    return kNoNode;
}

/// The class, or one of a tuple of classes, is an exception.
bool is_exception_class(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    if (!tree.is(expression, Kind::Tuple)) {
        const std::string_view name = model.name_of(expression);
        return !name.empty() && inherits_from(name, "builtins.BaseException");
    }
    bool any = false;
    for (const NodeId element : tree.children(expression)) {
        if (!is_exception_class(model, element)) return false;
        any = true;
    }
    return any;
}

void check(RuleContext& context, NodeId test) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (model.target(test).name != "builtins.isinstance") return;
    const NodeId value = argument(tree, test, 0, {});
    const NodeId classes = argument(tree, test, 1, {});
    if (value == kNoNode || classes == kNoNode || !is_exception_class(model, classes)) return;
    const NodeId gather = gather_of_element(model, value, 0);
    if (gather == kNoNode) return;

    Finding finding =
        context.report(test, "`" + callee_text(tree, gather) +
                                 "()` raises exceptions unless it has `return_exceptions=True`, so "
                                 "this test is never true; add it");
    finding.related(tree[gather].span(), "the results come from here");

    // The new argument goes behind the last one, before a comma that closes the list.
    NodeId last = kNoNode;
    for (const NodeId child : tree.children(gather))
        if (tree[child].role == Role::Argument) last = child;
    const NodeId flag = keyword_argument(tree, gather, "return_exceptions");
    std::vector<Edit> edits;
    if (flag != kNoNode) {
        edits.push_back({tree[flag].span(), "True"});
    } else if (last != kNoNode && !tree[last].has(node_flag::kParenthesized) &&
               !tree.is(last, Kind::Generator)) {
        edits.push_back({{tree[last].end, tree[last].end}, ", return_exceptions=True"});
    }
    // `*(f(x) for x in y)`: the parentheses belong to the starred value and end behind it.
    if (flag == kNoNode && last != kNoNode && tree.is(last, Kind::Starred)) {
        const NodeId inner = tree.child(last, Role::Value);
        if (inner != kNoNode && tree[inner].end == tree[last].end &&
            tree[inner].has(node_flag::kParenthesized) && tree.text()[tree[last].end - 1] != ')')
            edits.clear();
    }
    if (!edits.empty())
        finding.fix("Add `return_exceptions=True`", Applicability::Unsafe, std::move(edits));
}

} // namespace

Rule rule_gather_exception_branch_dead() {
    return {
        {.name = "gather-exception-branch-dead",
         .category = Category::Task,
         .severity = Severity::Information,
         .review = ReviewSeverity::Minor,
         .fix = FixAvailability::Sometimes,
         .aliases = {},
         .summary =
             "Results of a `gather` without `return_exceptions=True` are tested for exceptions.",
         .options = {},
         .doc = kDoc},
        {Kind::Call},
        check};
}

} // namespace awaitls::analysis
