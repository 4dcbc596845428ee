// An async function that awaits nothing.

#include "analysis/rules/rule.h"
#include "analysis/semantic/region.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An `async def` without `await`, `async for` or `async with` never gives way to other tasks. Its callers have to be async too, each call makes
a coroutine object, and a forgotten `await` there loses the work. A plain function does the same without any of this.

The rule is off by default, because a function is often async for the sake of whoever calls it. It is silent about functions that

- are decorated, or do nothing but raise or pass
- are special methods, or methods other than private ones of a class without bases
- are used in the file in any other way than `await f()`, or `async for` over a generator: handed on as a value, given to a task, run by `asyncio.run`

Uses in other files are not looked for. A function without any use in its file is reported under `strictness = "likely"` only: it may be a
handler that a framework calls, or have other users.

## Bad

```python
import asyncio


async def total(numbers: list[int]) -> int:  # error: unused-async
    return sum(numbers)


async def main() -> None:
    print(await total([1, 2, 3]))


asyncio.run(main())
```

## Good

```python
import asyncio


def total(numbers: list[int]) -> int:
    return sum(numbers)


async def main() -> None:
    print(total([1, 2, 3]))
    await asyncio.sleep(0)


asyncio.run(main())
```

## Fix

For a nested function, all of whose uses are in sight, the fix removes `async` and each `await` of it. It is unsafe: what ran in a coroutine of its own
runs at once.

## When not to follow it

Where a framework or a base class asks for a coroutine function.

## Differences

ruff's RUF029 and flake8-async's ASYNC124 also report functions that are handed on or that nothing in the file uses, and never methods: who
selects one of these codes gets such functions too. Sonar's S7503 reports all methods
that override nothing.
)";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// The node suspends, and not only because of a `yield`.
bool awaits(const Tree& tree, NodeId root) {
    for (NodeId node = root; node < tree[root].next;) {
        NodeId next = node + 1;
        switch (tree.kind(node)) {
        case Kind::Await: return true;
        case Kind::For:
        case Kind::With:
        case Kind::CompFor:
            if (tree[node].is_async()) return true;
            break;
        case Kind::Generator: {
            // Its first iterable is worked out at once, the rest when somebody iterates.
            const NodeId first = tree.child(node, Kind::CompFor);
            const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
            if (iterable != kNoNode)
                for (NodeId inner = iterable; inner < tree[iterable].next; ++inner)
                    if (tree.is(inner, Kind::Await)) return true;
            next = tree[node].next;
            break;
        }
        case Kind::FunctionDef:
        case Kind::Lambda:
        case Kind::ClassDef: {
            // Decorators, defaults and bases run; they stand before the body.
            const NodeId body = tree.child(node, Role::Body);
            if (body != kNoNode)
                for (NodeId inner = node + 1; inner < body; ++inner)
                    if (tree.is(inner, Kind::Await)) return true;
            next = tree[node].next;
            break;
        }
        default: break;
        }
        node = next;
    }
    return false;
}

/// No decorator but those that change nothing, and that of a fixture which depends on no other.
bool is_plain(const Model& model, NodeId definition) {
    const Tree& tree = model.tree();
    const NodeId parameters = tree.child(definition, Kind::Parameters);
    const bool alone = parameters == kNoNode || tree.first_child(parameters) == kNoNode;
    for (const NodeId child : tree.children(definition)) {
        if (!tree.is(child, Kind::Decorator)) continue;
        NodeId value = tree.child(child, Role::Value);
        if (tree.is(value, Kind::Call)) value = tree.child(value, Role::Callee);
        const std::string_view name = value == kNoNode ? "" : model.name_of(value);
        const bool fixture = name == "pytest.fixture" || name == "pytest_asyncio.fixture";
        const bool changes_nothing = name == "builtins.staticmethod" ||
                                     name == "builtins.classmethod" ||
                                     name == "typing.no_type_check" || name == "typing.final";
        if (!changes_nothing && !(fixture && alone)) return false;
    }
    return true;
}

/// A method that nothing outside of its class is meant to call or to override.
bool is_own_method(const FunctionDef& function, const ClassDef& cls) {
    if (!function.name.starts_with('_') || function.name.starts_with("__")) return false;
    const Tree& tree = cls.region->tree;
    for (const NodeId child : tree.children(cls.node))
        if (tree.role(child) == Role::Base || tree.is(child, Kind::Decorator)) return false;
    return true;
}

/// `await f()`, or of an async generator `async for x in f()`: the use can do without the function being async.
bool is_plain_use(const Tree& tree, NodeId callee, bool generator) {
    if (tree.role(callee) != Role::Callee) return false;
    const NodeId call = tree.parent(callee);
    if (generator) return tree.role(call) == Role::Iter && tree[tree.parent(call)].is_async();
    return is_awaited(tree, call);
}

/// Removes `async` and the `await` of each use; all are in this region.
std::vector<Edit> make_sync(const Tree& tree, NodeId definition, const std::vector<NodeId>& uses) {
    std::vector<Edit> edits;
    const std::string_view text = tree.text();
    const auto remove_word = [&](std::uint32_t begin, std::string_view word) {
        if (text.substr(begin, word.size()) != word) return false;
        std::size_t end = begin + word.size();
        while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
        edits.push_back({{begin, static_cast<std::uint32_t>(end)}, ""});
        return true;
    };
    for (const NodeId child : tree.children(definition))
        if (tree.is(child, Kind::Decorator)) return {};
    if (!remove_word(tree[definition].begin, "async")) return {};
    for (const NodeId use : uses) {
        const NodeId call = tree.parent(use);
        if (tree[call].has(node_flag::kParenthesized)) return {};
        if (!remove_word(tree[tree.parent(call)].begin, "await")) return {};
    }
    return edits;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId name = tree.child(definition, Role::Name);
    const NodeId body = tree.child(definition, Role::Body);
    if (!tree[definition].is_async() || name == kNoNode || body == kNoNode) return;
    const FunctionDef* const function = model.function_at(body);
    if (function == nullptr || model.node_of(*function) != definition) return;
    if (function->name.starts_with("__") && function->name.ends_with("__")) return;
    if (is_abstract(tree, body) || awaits(tree, body) || !is_plain(model, definition)) return;
    const ClassDef* const cls = model.class_of(*function);
    if (cls != nullptr && !is_own_method(*function, *cls)) return;

    std::vector<NodeId> here;
    bool elsewhere = false;
    bool handed_on = false;
    for (const Model::CallSite& mention : model.mentions(name)) {
        const Tree& other = mention.model->tree();
        const bool attribute = other.is(mention.call, Kind::Attribute);
        // Of something else.
        if (attribute != (cls != nullptr)) continue;
        if (!attribute && !function->is_nested && mention.model->is_local(mention.call)) continue;
        if (!is_plain_use(other, mention.call, function->is_generator)) {
            handed_on = true;
            if (cls != nullptr || !context.wants(kBeyond)) return;
        }
        if (&other == &tree)
            here.push_back(mention.call);
        else
            elsewhere = true;
    }
    Finding finding = context.report(
        name, "`" + function->name + "` is async but awaits nothing; make it a plain function");
    const bool used = !here.empty() || elsewhere;
    if (handed_on || (!used && cls == nullptr && context.wants(kBeyond)))
        finding.shape(kBeyond);
    else if (!used)
        finding.confidence(Confidence::Likely);
    if (function->is_nested && cls == nullptr && !function->is_generator && !elsewhere &&
        !handed_on)
        finding.fix("Make `" + function->name + "` a plain function", Applicability::Unsafe,
                    make_sync(tree, definition, here));
}

} // namespace

Rule rule_unused_async() {
    RuleInfo info;
    info.name = "unused-async";
    info.category = Category::Await;
    info.severity = Severity::Hint;
    info.on_by_default = false;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"RUF029", "ASYNC124", "S7503"};
    info.shapes = {
        {},
        {.codes = {"RUF029", "ASYNC124"},
         .beyond = "functions that are handed on, and those that nothing in their file uses"}};
    info.summary = "An async function awaits nothing.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
