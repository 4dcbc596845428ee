// `await` where Python does not allow it.

#include "analysis/rules/rule.h"

#include <array>
#include <optional>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"('await' is legal only in the body of an `async def`. Anywhere else the file does not compile:
`SyntaxError: 'await' outside async function`. Nothing of the module runs, so the mistake is loud,
but an editor shows it before the program is started.

Reported is `await` in a plain function, in a lambda, in a class body and at module level.
Decorators, default values and annotations belong to the code around a function. A generator
expression may await anywhere, since it becomes an async generator; only its first iterable is
evaluated outside.

## Bad

```python
import asyncio


async def fetch(key: str) -> str:
    await asyncio.sleep(0.1)
    return key.upper()


def shout(key: str) -> str:
    return await fetch(key)  # error: await-outside-async


print(shout("a"))
```

## Good

```python
import asyncio


async def fetch(key: str) -> str:
    await asyncio.sleep(0.1)
    return key.upper()


async def shout(key: str) -> str:
    return await fetch(key)


print(asyncio.run(shout("a")))
```

## Fix

Makes the function `async def`, which is unsafe: every caller has to await it from then on. It is
not offered for special methods, properties and generators, for which `async` means something else.

## Differences

Only `await` itself is reported here. In notebooks and in the interactive `python -m asyncio`,
top-level `await` is legal.
)";

bool is_comprehension(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
           kind == Kind::Generator;
}

/// The node is evaluated when the generator expression around it is iterated, by whoever does that.
bool is_lazy(const Tree& tree, NodeId node) {
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if (kind == Kind::FunctionDef || kind == Kind::ClassDef || kind == Kind::Lambda) {
            if (tree.role(inner) == Role::Body) return false;
        }
        if (!is_comprehension(kind)) continue;
        const NodeId first = tree.child(outer, Kind::CompFor);
        const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
        const bool outside = iterable != kNoNode && tree.within(node, iterable);
        if (kind == Kind::Generator && !outside) return true;
    }
    return false;
}

bool is_special(std::string_view name) {
    constexpr std::array<std::string_view, 4> kMayBeAsync{"__aenter__", "__aexit__", "__anext__",
                                                          "__call__"};
    if (name.size() <= 4 || name.substr(0, 2) != "__" || name.substr(name.size() - 2) != "__")
        return false;
    for (const std::string_view allowed : kMayBeAsync)
        if (name == allowed) return false;
    return true;
}

/// Decorators under which an async function would be something else.
bool allows_async(const Model& model, NodeId definition) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(definition)) {
        if (tree.kind(child) != Kind::Decorator) continue;
        const NodeId value = tree.child(child, Role::Value);
        if (value == kNoNode) return false;
        const std::string_view name = model.name_of(value);
        if (name != "builtins.staticmethod" && name != "builtins.classmethod") return false;
    }
    return true;
}

/// Offset of the `def` keyword, which stands before the name with blanks or continued lines
/// between.
std::optional<std::uint32_t> def_keyword(const Tree& tree, NodeId definition) {
    const NodeId name = tree.child(definition, Role::Name);
    if (name == kNoNode) return std::nullopt;
    const std::string_view text = tree.text();
    std::uint32_t at = tree[name].begin;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t' || text[at - 1] == '\\' ||
                      text[at - 1] == '\n' || text[at - 1] == '\r'))
        --at;
    if (at < 3 || text.substr(at - 3, 3) != "def") return std::nullopt;
    return at - 3;
}

/// A nested function has all its uses in sight: each is an awaited call already.
bool is_always_awaited(const Tree& tree, std::string_view name, NodeId definition) {
    for (NodeId use = 0; use < tree.size(); ++use) {
        if (tree.kind(use) != Kind::Name || tree.text(use) != name || tree.within(use, definition))
            continue;
        if (tree.role(use) != Role::Callee || !is_awaited(tree, tree.parent(use))) return false;
    }
    return true;
}

void offer_async_def(const RuleContext& context, Finding& finding, const FunctionDef& function) {
    const Tree& tree = context.tree;
    const NodeId definition = context.model.node_of(function);
    if (definition == kNoNode || !tree.is(definition, Kind::FunctionDef)) return;
    if (function.is_generator || is_special(function.name) ||
        !allows_async(context.model, definition))
        return;
    if (function.is_nested && !is_always_awaited(tree, function.name, definition)) return;
    if (const std::optional<std::uint32_t> at = def_keyword(tree, definition)) {
        finding.fix("Make `" + function.name + "` async", Applicability::Unsafe,
                    {{{*at, *at}, "async "}});
    }
}

void check(RuleContext& context, NodeId await) {
    const Model& model = context.model;
    if (model.in_async(await) || is_lazy(context.tree, await)) return;
    const FunctionDef* const function = model.function_at(await);
    if (function == nullptr) {
        context.report(
            await, "`await` outside a function is a syntax error; move it into an async function");
        return;
    }
    if (function->is_async) return;
    if (function->is_lambda) {
        context.report(await, "`await` in a lambda is a syntax error; use a nested async function");
        return;
    }
    Finding finding =
        context.report(await, "`await` in `" + function->name +
                                  "`, which is not async, is a syntax error; make it `async def`");
    offer_async_def(context, finding, *function);
}

} // namespace

Rule rule_await_outside_async() {
    RuleInfo info;
    info.name = "await-outside-async";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"PLE1142",         "E1142",           "F704",
                    "await-not-async", "top-level-await", "PyAsyncAwait"};
    info.summary = "`await` stands outside of an async function, which is a syntax error.";
    info.doc = kDoc;
    return {info, {Kind::Await}, check};
}

} // namespace awaitls::analysis
