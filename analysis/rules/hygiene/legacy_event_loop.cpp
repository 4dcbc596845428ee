// A loop that is fetched by hand only to run one coroutine.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`asyncio.get_event_loop()` outside of a coroutine is deprecated: since Python 3.14 it raises `RuntimeError` where no loop is set. Running
a coroutine with a loop made by hand also skips what `asyncio.run` does at the end: it cancels the tasks that are left, closes
asynchronous generators, stops the threads of the default executor, and closes the loop.

The rule reports `get_event_loop()` and `new_event_loop()` in sync code whose loop is only used for `run_until_complete(..)`
(and `close()`, `set_event_loop(..)`, `shutdown_asyncgens()`). It is silent in async functions, where `get_event_loop()` is the running
loop, where the loop is used otherwise (`run_forever`, `add_signal_handler`, passed on), and for loops kept in attributes or
in variables of the module that other code may use.

## Bad

```python
import asyncio


async def main() -> None:
    await asyncio.sleep(1)


if __name__ == "__main__":
    loop = asyncio.get_event_loop()  # error: legacy-event-loop
    loop.run_until_complete(main())
```

## Good

```python
import asyncio


async def main() -> None:
    await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main())
```

## Fix

Where one coroutine is run, the fix calls `asyncio.run` and removes the lines that only serve the loop. It is unsafe: `asyncio.run` makes a new
loop, and tasks that were left running are cancelled.

## When not to follow it

A loop that several calls share on purpose. Since Python 3.11 `asyncio.Runner` does that and cleans up.
)";

bool makes_loop(const Model& model, NodeId call) {
    return calls(model, call, "asyncio.get_event_loop") ||
           calls(model, call, "asyncio.new_event_loop");
}

/// `object.method(..)` around an object; kNoNode for any other use.
NodeId method_call(const Tree& tree, NodeId object, std::string_view method) {
    const NodeId attribute = tree.parent(object);
    if (!tree.is(attribute, Kind::Attribute) || tree[object].role != Role::Object) return kNoNode;
    if (identifier(tree, attribute, Role::Attr) != method) return kNoNode;
    const NodeId call = tree.parent(attribute);
    return tree.is(call, Kind::Call) && tree[attribute].role == Role::Callee ? call : kNoNode;
}

/// What the value of run_until_complete is: a coroutine (asyncio.run takes nothing else), or possibly something else.
bool runs_coroutine(const Model& model, NodeId run) {
    bool starred = false;
    if (positional_count(model.tree(), run, starred) != 1 || starred) return false;
    const NodeId given = argument(model.tree(), run, 0, {});
    return model.type_of(given)->kind == TypeKind::Coroutine;
}

/// It is certain that the argument is no coroutine: asyncio.run would refuse it.
bool runs_future(const Model& model, NodeId run) {
    const NodeId given = argument(model.tree(), run, 0, "future");
    return given == kNoNode || is_future(model, model.type_of(given));
}

/// Edits that turn `loop.run_until_complete(` into `asyncio.run(`.
bool replace_callee(const Model& model, NodeId run, std::vector<Edit>& edits,
                    std::vector<std::string>& imports) {
    const Tree& tree = model.tree();
    bool needs_import = false;
    const std::string module = model.module_name("asyncio", run, needs_import);
    const NodeId callee = tree.child(run, Role::Callee);
    if (module.empty() || callee == kNoNode || has_comment(tree, tree[callee].span())) return false;
    if (needs_import) imports.emplace_back("asyncio");
    edits.push_back({tree[callee].span(), module + ".run"});
    return true;
}

/// Removes a statement with its lines, but for a comment behind it, which stays in its place; false where something of its
/// block must stay.
bool remove(const Tree& tree, NodeId statement, std::vector<Edit>& edits) {
    if (!has_own_lines(tree, statement) || statements(tree, tree.parent(statement)).size() < 2)
        return false;
    const Span span = tree[statement].span();
    if (has_comment(tree, span)) return false;
    for (const Comment& comment : tree.comments()) {
        if (comment.span.begin < span.end || comment.span.begin >= line_end(tree, span.end))
            continue;
        edits.push_back({{span.begin, comment.span.begin}, ""});
        return true;
    }
    edits.push_back({{line_begin(tree, span.begin), next_line(tree, span.end)}, ""});
    return true;
}

struct Uses {
    std::vector<NodeId> runs;     // calls of run_until_complete
    std::vector<NodeId> services; // statements that only serve the loop
};

/// The uses of the variable, or nothing where the loop is used for something else.
bool find_uses(const Model& model, NodeId variable, const std::vector<NodeId>& names, Uses& uses) {
    const Tree& tree = model.tree();
    for (const NodeId use : names) {
        if (use == variable) continue;
        if (tree[use].has(node_flag::kStore) || tree[use].has(node_flag::kDel)) return false;
        if (const NodeId run = method_call(tree, use, "run_until_complete"); run != kNoNode) {
            const NodeId given = argument(tree, run, 0, "future");
            // `loop.run_until_complete(loop.shutdown_asyncgens())` is what asyncio.run does by itself.
            if (tree.is(given, Kind::Call) &&
                tree.is(tree.child(given, Role::Callee), Kind::Attribute)) {
                const std::string_view method =
                    identifier(tree, tree.child(given, Role::Callee), Role::Attr);
                if (method == "shutdown_asyncgens" || method == "shutdown_default_executor") {
                    if (!tree.is(tree.parent(run), Kind::ExprStmt)) return false;
                    uses.services.push_back(tree.parent(run));
                    continue;
                }
            }
            uses.runs.push_back(run);
            continue;
        }
        if (method_call(tree, use, "shutdown_asyncgens") != kNoNode ||
            method_call(tree, use, "shutdown_default_executor") != kNoNode)
            continue;
        NodeId service = method_call(tree, use, "close");
        if (service == kNoNode && tree[use].role == Role::Argument &&
            calls(model, tree.parent(use), "asyncio.set_event_loop"))
            service = tree.parent(use);
        if (service == kNoNode || !tree.is(tree.parent(service), Kind::ExprStmt)) return false;
        uses.services.push_back(tree.parent(service));
    }
    return !uses.runs.empty();
}

/// All Names of the variable. A variable of the module counts only under `if __name__ == "__main__":`, where nothing but the
/// script itself uses it.
std::vector<NodeId> names_of(const Model& model, NodeId variable) {
    const Tree& tree = model.tree();
    if (model.is_local(variable)) return model.uses_of_local(variable);
    const NodeId guard = tree.ancestor(variable, Kind::If);
    if (guard == kNoNode || model.function_at(variable) != nullptr ||
        tree.ancestor(variable, Kind::ClassDef) != kNoNode)
        return {};
    const NodeId test = tree.child(guard, Role::Test);
    if (test == kNoNode || !mentions(tree, test, "__name__")) return {};
    std::vector<NodeId> names;
    for (NodeId node = 0; node < tree.size(); ++node)
        if (tree.is(node, Kind::Name) && tree.text(node) == tree.text(variable))
            names.push_back(node);
    return names;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!makes_loop(model, call) || model.in_async(call) || model.on_loop(call)) return;
    const std::string made = "`" + callee_text(tree, call) + "()`";
    const std::string message =
        made + " is used only to run a coroutine; use `asyncio.run()`, which also cleans up";

    if (const NodeId run = method_call(tree, call, "run_until_complete"); run != kNoNode) {
        if (runs_future(model, run)) return;
        Finding finding = context.report(call, message);
        std::vector<Edit> edits;
        std::vector<std::string> imports;
        if (runs_coroutine(model, run) && replace_callee(model, run, edits, imports))
            finding.fix("Run it with `asyncio.run()`", Applicability::Unsafe, std::move(edits),
                        std::move(imports));
        return;
    }

    const NodeId variable = assigned_name(tree, call);
    if (variable == kNoNode) return;
    const std::vector<NodeId> names = names_of(model, variable);
    Uses uses;
    if (names.empty() || !find_uses(model, variable, names, uses)) return;
    for (const NodeId run : uses.runs) {
        if (runs_future(model, run)) return;
        // A coroutine that is run again and again, or called back elsewhere, shares the loop.
        if (loop_around(tree, run) != loop_around(tree, call)) return;
        if (function_around(tree, run) != function_around(tree, call)) return;
    }
    // What one run leaves behind in the loop, another may need.
    if (uses.runs.size() != 1) return;
    Finding finding = context.report(call, message);
    if (!runs_coroutine(model, uses.runs[0])) return;
    std::vector<Edit> edits;
    std::vector<std::string> imports;
    if (!replace_callee(model, uses.runs[0], edits, imports) ||
        !remove(tree, tree.statement(call), edits))
        return;
    for (const NodeId service : uses.services)
        if (!remove(tree, service, edits)) return;
    // Two lines of one block of which each needs the other to stay.
    for (const NodeId service : uses.services) {
        std::size_t removed = 0;
        const NodeId block = tree.parent(service);
        for (const NodeId other : uses.services)
            if (tree.parent(other) == block) ++removed;
        if (tree.parent(tree.statement(call)) == block) ++removed;
        if (removed >= statements(tree, block).size()) return;
    }
    finding.fix("Run it with `asyncio.run()`", Applicability::Unsafe, std::move(edits),
                std::move(imports));
}

} // namespace

Rule rule_legacy_event_loop() {
    return {{.name = "legacy-event-loop",
             .category = Category::Hygiene,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "An event loop is fetched by hand only to run a coroutine to its end.",
             .since = {3, 7},
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
