#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(A threading lock that another thread holds stops the event loop until it is released. When the
block it guards is short and does not suspend, that is the right way to share data with threads,
so the finding is information: make sure that no thread does slow work under the lock. When only
coroutines share the data, `asyncio.Lock` is the right lock, or none at all: code without `await`
is not interrupted.

`acquire(blocking=False)` and `acquire(timeout=0)` do not wait and are not reported, nor is a
`with` block that suspends: that is a bug of another kind.

## Bad

```python
import asyncio
import threading

lock = threading.Lock()
totals = {}


async def count(key):
    with lock:  # error: blocking-lock
        totals[key] = totals.get(key, 0) + 1


asyncio.run(count("a"))
```

## Good

```python
import asyncio

totals = {}


async def count(key):
    totals[key] = totals.get(key, 0) + 1


asyncio.run(count("a"))
```

## Fix

Editors offer to make it an `asyncio.Lock`, with `async with` wherever the file takes it. They do so for a name that begins with `_`,
which no other file is meant to use, where the file does nothing with the lock but take it by `with` in async functions. Whether
no thread needs the lock is for people to decide, so `--fix` leaves it.

## When not to follow it

When threads share the data and hold the lock for a moment only.
)md";

/// The value that a module-level variable or an attribute gets, where the mention is the target of its assignment.
NodeId assigned_value(const Tree& tree, NodeId mention) {
    const NodeId statement = tree.parent(mention);
    const bool assigned =
        (tree.is(statement, Kind::Assign) || tree.is(statement, Kind::AnnAssign)) &&
        tree.role(mention) == Role::Target;
    return assigned ? tree.child(statement, Role::Value) : kNoNode;
}

enum class Use : std::uint8_t { Of, OfAnother, Unknown };

/// Whether a mention is of the same lock: the module's variable, or the attribute of the class in its methods.
Use use_of(const Model::CallSite& mention, bool is_attribute, const ClassDef* cls) {
    const Model& model = *mention.model;
    const Tree& tree = model.tree();
    if (tree.is(mention.call, Kind::Attribute) != is_attribute) return Use::OfAnother;
    if (!is_attribute) return model.is_local(mention.call) ? Use::OfAnother : Use::Of;
    const Type owner = model.type_of(tree.child(mention.call, Role::Object));
    if (owner->kind != TypeKind::Instance) return Use::Unknown;
    return owner->cls == cls ? Use::Of : Use::Unknown;
}

void offer_async_lock(const RuleContext& context, NodeId item, Finding& finding) {
    const Tree& tree = context.tree;
    const NodeId lock = tree.child(item, Role::Value);
    const bool is_attribute = tree.is(lock, Kind::Attribute);
    if (!is_attribute && !tree.is(lock, Kind::Name)) return;
    const NodeId name = is_attribute ? tree.child(lock, Role::Attr) : lock;
    if (!tree.text(name).starts_with('_') || tree.text(name).starts_with("__") ||
        context.model.library() != AsyncLibrary::Asyncio || !context.target_at_least(3, 10))
        return;
    const Type owner =
        is_attribute ? context.model.type_of(tree.child(lock, Role::Object)) : nullptr;
    const ClassDef* const cls = is_attribute ? owner->cls : nullptr;
    if (is_attribute && (owner->kind != TypeKind::Instance || cls == nullptr)) return;

    std::vector<Finding::RegionEdit> edits;
    std::string title;
    std::vector<std::string> imports;
    for (const Model::CallSite& mention : context.model.mentions(name)) {
        const Tree& there = mention.model->tree();
        const Region& region = mention.model->region();
        switch (use_of(mention, is_attribute, cls)) {
        case Use::OfAnother: continue;
        case Use::Unknown: return;
        case Use::Of: break;
        }
        const NodeId parent = there.parent(mention.call);
        if (there.is(parent, Kind::WithItem)) {
            const NodeId with = there.parent(parent);
            int items = 0;
            for (const NodeId child : there.children(with))
                items += there.is(child, Kind::WithItem) ? 1 : 0;
            if (there[with].is_async() || !mention.model->in_async(with) || items != 1) return;
            const std::uint32_t at = there[with].begin;
            edits.push_back({&region, {{at, at}, "async "}});
            continue;
        }
        const NodeId made = assigned_value(there, mention.call);
        if (!there.is(made, Kind::Call) || mention.model->target(made).name != "threading.Lock" ||
            !title.empty())
            return;
        bool needs_import = false;
        const std::string module = mention.model->module_name("asyncio", made, needs_import);
        if (module.empty()) return;
        if (needs_import) imports.emplace_back("asyncio");
        title = "Make `" + std::string(tree.text(lock)) + "` an `" + module + ".Lock`";
        edits.push_back(
            {&region, {there[there.child(made, Role::Callee)].span(), module + ".Lock"}});
    }
    if (!title.empty())
        finding.fix(std::move(title), Applicability::Rewrite, std::move(edits), std::move(imports));
}

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (!operation || operation->api->kind != BlockingKind::Lock) return;
    if (!context.tree.is(node, Kind::WithItem)) {
        report_operation(context, *operation);
        return;
    }
    // A lock that stays held while the coroutine is suspended is a bug of another kind than a wait.
    const NodeId body = context.tree.child(context.tree.parent(node), Role::Body);
    if (body != kNoNode && has_suspension_point(context.tree, body)) return;
    Finding finding = report_operation(context, *operation);
    offer_async_lock(context, node, finding);
}

} // namespace

Rule rule_blocking_lock() {
    return {{.name = "blocking-lock",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .summary = "Taking a threading lock on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
