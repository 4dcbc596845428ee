// Arguments that asyncio.wait, gather, wait_for and create_task refuse.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(The functions that wait for awaitables want different things, and raise `TypeError` when they get another:

- `asyncio.wait` takes a collection of tasks or futures. Coroutines in it are refused since Python 3.11; before, they were wrapped
  in tasks that the caller could not find again in the `done` set.
- `asyncio.gather` takes awaitables, not a list of them: `gather(*coroutines)`.
- `asyncio.wait_for`, `gather` and `create_task` cannot do anything with the plain result of a sync call.
- `asyncio.create_task` takes a coroutine. A future, such as the value of `gather(..)` or `run_in_executor(..)`, runs already.

The arguments must be of a type that is known for certain; everything else is silent.

## Bad

```python
import asyncio


async def fetch(name: str) -> str:
    await asyncio.sleep(0.1)
    return name


async def main() -> None:
    coroutines = [fetch("a"), fetch("b")]
    print(await asyncio.gather(coroutines))  # error: wait-argument-error
    done, pending = await asyncio.wait([fetch("c"), fetch("d")])  # error: wait-argument-error
    print(done, pending)


asyncio.run(main())
```

## Good

```python
import asyncio


async def fetch(name: str) -> str:
    await asyncio.sleep(0.1)
    return name


async def main() -> None:
    coroutines = [fetch("a"), fetch("b")]
    print(await asyncio.gather(*coroutines))
    tasks = [asyncio.create_task(fetch("c")), asyncio.create_task(fetch("d"))]
    done, pending = await asyncio.wait(tasks)
    print(done, pending)


asyncio.run(main())
```

## Fix

The fix wraps each coroutine that `asyncio.wait` is given in `asyncio.create_task(..)`, or puts the missing `*` in front of the list
that `gather` is given. Both are safe: the code raised an exception before. What a sync call should have been is not known.
)";

/// Coroutine expressions in a list that is written out, or the element of a comprehension.
std::vector<NodeId> coroutines_in(const Model& model, NodeId list) {
    const Tree& tree = model.tree();
    std::vector<NodeId> found;
    for (const NodeId child : tree.children(list)) {
        const bool element = tree.is(list, Kind::List) || tree.is(list, Kind::Tuple) ||
                             tree.is(list, Kind::Set) || tree[child].role == Role::Element;
        if (element && model.type_of(child)->kind == TypeKind::Coroutine) found.push_back(child);
    }
    return found;
}

bool is_display(const Tree& tree, NodeId node) {
    switch (tree.kind(node)) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Set:
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::Generator: return true;
    default: return false;
    }
}

/// Why a value of this type cannot be awaited, or empty where it may be awaitable.
std::string not_awaitable(Type type) {
    if (type->confidence != Confidence::Certain) return {};
    switch (type->kind) {
    case TypeKind::None: return "`None`";
    case TypeKind::Instance: {
        if (type->cls != nullptr) return {};
        const ClassInfo* const info = find_class(type->name);
        if (info == nullptr || !info->complete || info->awaitable) return {};
        return "a `" + display_name(type->name) + "`";
    }
    default: return {};
    }
}

bool is_collection(Type type) {
    if (type->kind != TypeKind::Instance || type->confidence != Confidence::Certain) return false;
    for (const std::string_view name :
         {"builtins.list", "builtins.tuple", "builtins.set", "builtins.frozenset"})
        if (type->name == name) return true;
    return false;
}

/// What gives a future that runs already.
bool makes_future(const Model& model, NodeId expression) {
    if (!model.tree().is(expression, Kind::Call)) return false;
    const CallTarget target = model.target(expression);
    for (const std::string_view name :
         {"asyncio.gather", "asyncio.shield", "asyncio.create_task", "asyncio.wrap_future"})
        if (target.name == name) return true;
    return is_method(target, "asyncio.AbstractEventLoop", "run_in_executor") ||
           is_method(target, "asyncio.AbstractEventLoop", "create_future");
}

void check_wait(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId given = argument(tree, call, 0, "fs");
    if (given == kNoNode) return;
    if (model.type_of(given)->kind == TypeKind::Coroutine) {
        context.report(given, "`asyncio.wait()` takes a collection of tasks and raises TypeError "
                              "for a coroutine; await it "
                              "with `asyncio.wait_for()`, or pass `[asyncio.create_task(..)]`");
        return;
    }
    NodeId list = given;
    if (tree.is(given, Kind::Name)) {
        list = model.value_of_local(given);
        // What happens between the assignment and the call is not known: the list may be changed.
        if (list == kNoNode || model.uses_of_local(given).size() != 2) return;
    }
    if (!is_display(tree, list)) return;
    const std::vector<NodeId> coroutines = coroutines_in(model, list);
    if (coroutines.empty()) return;
    const bool refused = context.target_at_least(3, 11);
    Finding finding = context.report(
        given, std::string("`asyncio.wait()` ") +
                   (refused ? "raises TypeError for coroutines"
                            : "is deprecated for coroutines and refuses them since Python 3.11") +
                   "; wrap them in `asyncio.create_task()`");
    bool needs_import = false;
    const std::string module = model.module_name("asyncio", call, needs_import);
    if (module.empty()) return;
    std::vector<Edit> edits;
    for (const NodeId coroutine : coroutines) {
        const Span span = tree[coroutine].span();
        edits.push_back({{span.begin, span.begin}, module + ".create_task("});
        edits.push_back({{span.end, span.end}, ")"});
    }
    finding.fix("Wrap in `" + module + ".create_task()`", Applicability::Safe, std::move(edits),
                needs_import ? std::vector<std::string>{"asyncio"} : std::vector<std::string>{});
}

void check_gather(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    for (const NodeId given : tree.children(call)) {
        if (tree[given].role != Role::Argument || tree.is(given, Kind::Starred) ||
            tree.is(given, Kind::DoubleStarred) || tree.is(given, Kind::Keyword))
            continue;
        const Type type = model.type_of(given);
        if (is_display(tree, given) || is_collection(type)) {
            Finding finding = context.report(
                given, "`asyncio.gather()` takes awaitables, not a collection of them, and raises "
                       "TypeError; put `*` in front of it");
            Span span = tree[given].span();
            const std::string_view text = tree.text();
            // The generator of `gather(f(x) for x in y)` borrows the call's parentheses.
            const NodeId callee = tree.child(call, Role::Callee);
            const std::string_view before = tree.text(Span{tree[callee].end, span.begin});
            const bool bare =
                tree.is(given, Kind::Generator) && before.find('(') == std::string_view::npos;
            const bool outside =
                tree[given].has(node_flag::kParenthesized) && text[span.begin] != '(';
            if (outside) // parentheses that lie outside of the node
                while (span.begin > 0 && text[span.begin] != '(') --span.begin;
            std::vector<Edit> edits;
            if (bare && text[span.begin] == '(') {
                edits = {{{span.begin, span.begin}, "(*"}, {{span.end, span.end}, ")"}};
            } else if (bare) {
                edits = {{{span.begin, span.begin}, "*("}, {{span.end, span.end}, ")"}};
            } else {
                edits = {{{span.begin, span.begin}, "*"}};
            }
            finding.fix("Unpack it with `*`", Applicability::Safe, std::move(edits));
        } else if (const std::string reason = not_awaitable(type); !reason.empty()) {
            context.report(given, "`asyncio.gather()` takes awaitables and raises TypeError for " +
                                      reason +
                                      "; call an async function, or use `asyncio.to_thread()`");
        }
    }
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const CallTarget target = model.target(call);
    if (target.name == "asyncio.wait") return check_wait(context, call);
    if (target.name == "asyncio.gather") return check_gather(context, call);

    const bool waits = target.name == "asyncio.wait_for";
    const bool starts = target.name == "asyncio.create_task" ||
                        is_method(target, "asyncio.AbstractEventLoop", "create_task") ||
                        is_method(target, "asyncio.TaskGroup", "create_task");
    if (!waits && !starts) return;
    const NodeId given = argument(tree, call, 0, waits ? "fut" : "coro");
    if (given == kNoNode) return;
    const std::string callee = "`" + callee_text(tree, call) + "()`";
    if (starts && makes_future(model, given)) {
        context.report(given, callee + " takes a coroutine and raises TypeError for a future; `" +
                                  callee_text(tree, given) +
                                  "()` runs already, so keep or await it");
    } else if (const std::string reason = not_awaitable(model.type_of(given)); !reason.empty()) {
        context.report(given, callee + " takes " + (waits ? "an awaitable" : "a coroutine") +
                                  " and raises TypeError for " + reason +
                                  "; call an async function, or use `asyncio.to_thread()`");
    }
}

} // namespace

Rule rule_wait_argument_error() {
    return {{.name = "wait-argument-error",
             .category = Category::Task,
             .severity = Severity::Warning,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "`asyncio.wait`, `gather`, `wait_for` or `create_task` gets an argument "
                        "that it refuses.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
