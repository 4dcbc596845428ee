// A generator whose annotation says that it is of the other kind.

#include "analysis/rules/rule.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(An `async def` with a `yield` gives an asynchronous iterator, whatever its annotation says. With `-> Iterator[int]` callers, editors and type
checkers believe that `for` works, and it raises `TypeError: 'async_generator' object is not iterable`. An ordinary generator that is annotated
with `AsyncIterator` misleads in the other direction.

## Bad

```python
import asyncio
from collections.abc import Iterator


async def ticks(count: int) -> Iterator[int]:  # error: async-generator-annotation
    for number in range(count):
        await asyncio.sleep(1)
        yield number
```

## Good

```python
import asyncio
from collections.abc import AsyncIterator


async def ticks(count: int) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(1)
        yield number
```

## Fix

Writes the annotation of the other kind; an `AsyncGenerator` has no type of a result. It is safe, since annotations do not change what runs.

## Differences

Type checkers report this as an incompatible return type, together with every other wrong annotation; this rule is about the kind only.
)";

struct Twin {
    std::string_view sync;
    std::string_view async;
};
constexpr std::array<Twin, 3> kTwins{{
    {"Iterator", "AsyncIterator"},
    {"Iterable", "AsyncIterable"},
    {"Generator", "AsyncGenerator"},
}};

std::string_view in_typing(std::string_view name) {
    for (const std::string_view module : {"collections.abc.", "typing.", "typing_extensions."})
        if (name.starts_with(module)) return name.substr(module.size());
    return {};
}

/// The edits that give the annotation its other kind; empty where it cannot be written.
std::vector<Edit> replace(const Model& model, NodeId annotation, NodeId named, std::string_view to,
                          std::vector<std::string>& imports) {
    const Tree& tree = model.tree();
    std::vector<Edit> edits;
    if (tree.is(named, Kind::Attribute)) {
        for (const NodeId child : tree.children(named))
            if (tree.role(child) == Role::Attr)
                edits.push_back({tree[child].span(), std::string(to)});
    } else {
        bool needs_import = false;
        const std::string module = model.module_name("collections.abc", named, needs_import);
        if (module.empty()) return {};
        if (needs_import) imports.emplace_back("collections.abc");
        edits.push_back({tree[named].span(), module + "." + std::string(to)});
    }
    if (to != "Generator" && to != "AsyncGenerator") return edits;
    if (named == annotation) return edits;
    std::vector<NodeId> arguments;
    for (const NodeId child : tree.children(annotation))
        if (tree.role(child) == Role::Index) arguments.push_back(child);
    if (arguments.size() == 1 && tree.is(arguments[0], Kind::Tuple)) {
        const NodeId tuple = arguments[0];
        arguments.clear();
        for (const NodeId child : tree.children(tuple)) arguments.push_back(child);
    }
    if (to == "AsyncGenerator" && arguments.size() == 3)
        edits.push_back({{tree[arguments[1]].end, tree[arguments[2]].end}, ""});
    if (to == "Generator" && arguments.size() == 2)
        edits.push_back({{tree[arguments[1]].end, tree[arguments[1]].end}, ", None"});
    return edits;
}

/// Its code ends before the first `yield`, which only makes it a generator for the reader's sake.
bool ends_before_yield(const Tree& tree, NodeId body) {
    for (const NodeId statement : tree.children(body)) {
        if (tree.is(statement, Kind::Raise) || tree.is(statement, Kind::Return)) return true;
        bool yields = false;
        search_same_function(tree, statement, [&](NodeId node) {
            yields = yields || tree.is(node, Kind::Yield) || tree.is(node, Kind::YieldFrom);
            return !yields;
        });
        if (yields) return false;
    }
    return false;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId annotation = tree.child(definition, Role::Returns);
    const NodeId body = tree.child(definition, Role::Body);
    if (annotation == kNoNode || body == kNoNode) return;
    const FunctionDef* const function = model.function_at(body);
    if (function == nullptr || !function->is_generator || model.node_of(*function) != definition)
        return;
    if (ends_before_yield(tree, body)) return;
    NodeId named = annotation;
    std::string_view name;
    if (tree.is(annotation, Kind::String)) {
        // A forward reference has no nodes: what it means is known, but not how it is written.
        const Type declared = model.declared_result(*function);
        if (declared->confidence != Confidence::Certain) return;
        if (declared->kind == TypeKind::Iterator) name = "Iterator";
        if (declared->kind == TypeKind::AsyncIterator) name = "AsyncIterator";
        named = kNoNode;
    } else {
        if (tree.is(annotation, Kind::Subscript)) named = tree.child(annotation, Role::Object);
        if (named == kNoNode) return;
        name = in_typing(model.name_of(named));
    }
    const auto found = std::find_if(kTwins.begin(), kTwins.end(), [&](const Twin& twin) {
        return (function->is_async ? twin.sync : twin.async) == name;
    });
    if (name.empty() || found == kTwins.end()) return;
    const std::string_view right = function->is_async ? found->async : found->sync;
    Finding finding = context.report(
        annotation, "`" + function->name + "` is " +
                        (function->is_async ? "an async generator" : "an ordinary generator") +
                        ", not " + (function->is_async ? "an ordinary" : "an async") +
                        " one; annotate it with `" + std::string(right) + "`");
    if (named == kNoNode) return;
    std::vector<std::string> imports;
    std::vector<Edit> edits = replace(model, annotation, named, right, imports);
    finding.fix("Annotate with `" + std::string(right) + "`", Applicability::Safe, std::move(edits),
                std::move(imports));
}

} // namespace

Rule rule_async_generator_annotation() {
    RuleInfo info;
    info.name = "async-generator-annotation";
    info.category = Category::Hygiene;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"S5886"};
    info.summary =
        "An async generator is annotated as an ordinary iterator or generator, or the reverse.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
