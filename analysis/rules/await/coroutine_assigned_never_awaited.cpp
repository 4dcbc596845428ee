// A coroutine in a local variable that nothing awaits.

#include "analysis/rules/await/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A coroutine that is put into a local variable still has to be awaited. When no use of the
variable awaits it, returns it, stores it or hands it on, its function never runs, and Python warns
`coroutine ... was never awaited` when the variable goes away. Mostly the assignment was meant to
hold the result and the `await` in front of the call was forgotten; `_ = notify()` does not start
the work either.

The rule looks at every use of the variable in its function, and reports the assignment once. Uses
that only print, test, compare or take apart the object do not await it. An operation that a
coroutine does not have, such as `reply.status`, proves the mistake even where the variable is
returned afterwards. Under `strictness = "likely"` a variable counts, too, whose only use puts the
object into a dict under a literal key, as messages are made.

## Bad

```python
import asyncio


async def fetch(key: str) -> dict[str, int]:
    await asyncio.sleep(0.1)
    return {"size": len(key)}


async def main() -> None:
    reply = fetch("a")  # error: coroutine-assigned-never-awaited
    if "size" in reply:
        print(reply)
    _ = fetch("b")  # error: coroutine-assigned-never-awaited


asyncio.run(main())
```

## Good

```python
import asyncio


async def fetch(key: str) -> dict[str, int]:
    await asyncio.sleep(0.1)
    return {"size": len(key)}


async def main() -> None:
    reply = await fetch("a")
    if "size" in reply:
        print(reply)
    later = fetch("b")
    print(await later)


asyncio.run(main())
```

## Fix

Inserts `await` at the assignment. It is safe where a use of the variable shows that the result was
meant, and unsafe where the variable is never read: then a task may be what is wanted.

## Differences

ruff's unused-variable rule sees a variable without any use. Once the variable is printed or tested,
no linter or type checker reports it. flake8-async's ASYNC105 reports every coroutine of trio that is
assigned, also one that is awaited later.
)";

struct Uses {
    bool consumed = false;     // some use awaits it, or may
    bool awaited = false;      // some use is the operand of an await
    NodeId proof = kNoNode;    // a use that shows that the result was meant
    std::string clause;        // of the proof
    bool proof_raises = false; // that use raises, and no other assignment reaches it
    bool doubtful = false;     // somebody might still take it out of where it is put
};

/// Functions that see every local variable of their caller.
bool reads_all_locals(const Model& model, NodeId call) {
    if (!model.tree().is(call, Kind::Call)) return false;
    const std::string_view name = model.target(call).name;
    return name == "builtins.locals" || name == "builtins.vars" || name == "builtins.eval" ||
           name == "builtins.exec";
}

bool function_reads_all_locals(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const FunctionDef* const function = model.function_at(node);
    const NodeId definition = function == nullptr ? kNoNode : model.node_of(*function);
    if (definition == kNoNode) return true;
    bool found = false;
    search_same_function(tree, definition, [&](NodeId inner) {
        found = found || reads_all_locals(model, inner);
        return !found;
    });
    return found;
}

bool is_read(const Tree& tree, NodeId use) {
    return !tree[use].has(node_flag::kStore) && !tree[use].has(node_flag::kDel);
}

void look_at_use(const Model& model, NodeId use, NodeId coroutine_expression, Type coroutine,
                 Uses& uses) {
    const Tree& tree = model.tree();
    const Node& node = tree[use];
    const bool augmented = tree.is(node.parent, Kind::AugAssign) && node.role == Role::Target;
    if (node.has(node_flag::kDel) || (node.has(node_flag::kStore) && !augmented)) return;
    if (model.function_at(use) != model.function_at(coroutine_expression)) {
        uses.consumed = true; // captured by a nested function
        return;
    }
    if (is_awaited(tree, use)) {
        uses.awaited = uses.consumed = true;
        return;
    }
    // Data by name, as messages are made of.
    const NodeId pair = tree.parent(use);
    if (tree.is(pair, Kind::Pair) && node.role == Role::Value &&
        tree.is(tree.child(pair, Role::Key), Kind::String)) {
        uses.doubtful = true;
        if (uses.proof != kNoNode) return;
        uses.proof = use;
        uses.clause = "is put into a dict";
        return;
    }
    CoroutineFate found = fate_of(model, use, coroutine);
    switch (found.fate) {
    case Fate::Unknown:
    case Fate::Bound: uses.consumed = true; return;
    case Fate::Dropped: return;
    case Fate::Tested: found.clause = "is always true"; break;
    case Fate::Value: break;
    }
    const bool raises = found.raises && model.value_of_local(use) == coroutine_expression;
    if (uses.proof != kNoNode && !(raises && !uses.proof_raises)) return;
    uses.proof = use;
    uses.clause = std::move(found.clause);
    uses.proof_raises = raises;
}

/// What the uses of all the variables that hold the coroutine do with it.
Uses uses_of(const Model& model, NodeId expression, const CoroutineFate& bound, Type coroutine) {
    Uses uses;
    for (const NodeId name : bound.names) {
        const std::vector<NodeId> names = model.uses_of_local(name);
        if (names.empty()) { // module, class, global or nonlocal: others see it
            uses.consumed = true;
            continue;
        }
        for (const NodeId use : names) {
            const bool reads = use != name && is_read(model.tree(), use);
            if (reads && !model.may_hold(use, name)) continue;
            if (!bound.contained) {
                look_at_use(model, use, expression, coroutine, uses);
            } else if (is_read(model.tree(), use)) {
                uses.consumed = true;
            }
        }
    }
    return uses;
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Type coroutine = coroutine_made_by(context, node);
    if (coroutine == nullptr) return;
    CoroutineFate found;
    if (!has_fate(model, node, coroutine, Fate::Bound, found)) return;
    const Uses uses = uses_of(model, node, found, coroutine);
    if (uses.awaited || (uses.consumed && !uses.proof_raises)) return;
    if (!uses.proof_raises && function_reads_all_locals(model, node)) return;

    const Tree& tree = context.tree;
    const std::string name = context.text(found.names.front());
    const std::string subject = shown(tree, node);
    const bool read = uses.proof != kNoNode;
    std::string message =
        subject + " is assigned to `" + name + "`" +
        (read ? ", used without `await`" : " and never awaited, so it does not run") + "; ";
    if (model.in_async(node)) {
        message += read ? "await the call" : "await it or start a task";
    } else {
        message += await_advice(model, node);
    }
    Finding finding = context.report(node, std::move(message));
    finding.confidence(uses.doubtful ? std::min(coroutine->confidence, Confidence::Likely)
                                     : coroutine->confidence);
    if (read) finding.related(tree[uses.proof].span(), "here it is a coroutine and " + uses.clause);
    offer_await(context, finding, node, read ? Applicability::Safe : Applicability::Unsafe);
}

} // namespace

Rule rule_coroutine_assigned_never_awaited() {
    RuleInfo info;
    info.name = "coroutine-assigned-never-awaited";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Major;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"ASYNC105"};
    info.summary =
        "A local variable holds a coroutine that no use of the variable awaits or hands on.";
    info.doc = kDoc;
    return {info, {Kind::Call, Kind::Attribute}, check};
}

} // namespace awaitls::analysis
