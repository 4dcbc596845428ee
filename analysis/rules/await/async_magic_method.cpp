// Special methods that are async where Python calls them synchronously, or sync where it awaits them.

#include "analysis/rules/await/common.h"
#include "analysis/semantic/region.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Python calls special methods by itself and takes what they return. An `async def` returns a coroutine at once: `__init__` and
`__len__` then raise `TypeError`, `__eq__`, `__contains__` and `__exit__` are always true (and `__exit__` swallows every exception), and
the body of `__setitem__` or `__del__` never runs. The other way round, `async with` and `async for` await what `__aenter__`, `__aexit__` and
`__anext__` return, and raise `TypeError` when those are ordinary methods that return a plain value.

`__call__`, `__getattr__`, `__getitem__`, `__get__`, `__new__` and the arithmetic operators may be async on purpose: their caller gets the
coroutine and can await it. They are not reported, nor is a sync method that returns an awaitable.

## Bad

```python
import asyncio


class Connection:
    async def __init__(self, host: str) -> None:  # error: async-magic-method
        self.host = host
        await asyncio.sleep(0.1)

    def __aenter__(self) -> None:  # error: async-magic-method
        print("connected to", self.host)

    async def __aexit__(self, *details: object) -> None:
        await asyncio.sleep(0.1)
```

## Good

```python
import asyncio


class Connection:
    def __init__(self, host: str) -> None:
        self.host = host

    async def __aenter__(self) -> None:
        await asyncio.sleep(0.1)
        print("connected to", self.host)

    async def __aexit__(self, *details: object) -> None:
        await asyncio.sleep(0.1)
```

## Fix

Where nothing in the body suspends, the fix removes `async`, which is safe: the method could not work before. A sync `__aenter__`, `__aexit__`
or `__anext__` becomes async, which is unsafe, since code may call it by its name. A body that awaits has to move into a method of another
name, such as a factory.

## Differences

WPS610 of wemake-python-styleguide also reports `__call__` and other methods whose result Python hands on. Sonar's S935 and S2876 know the methods
with a fixed type of result. pylint and ruff have no such rule.
)";

struct Special {
    std::string_view name;
    std::string_view effect; // of being async
};

constexpr std::string_view kRaises = "it raises TypeError";
constexpr std::string_view kTrue = "the coroutine is always true";
constexpr std::string_view kDropped = "the coroutine is dropped and the body never runs";

constexpr std::array<Special, 50> kCalledSync{{
    {"__bool__", kRaises},
    {"__bytes__", kRaises},
    {"__complex__", kRaises},
    {"__contains__", kTrue},
    {"__del__", kDropped},
    {"__delattr__", kDropped},
    {"__delete__", kDropped},
    {"__delitem__", kDropped},
    {"__dir__", kRaises},
    {"__enter__", "the block gets a coroutine"},
    {"__eq__", kTrue},
    {"__exit__", "the coroutine is true, so every exception is swallowed"},
    {"__float__", kRaises},
    {"__format__", kRaises},
    {"__fspath__", kRaises},
    {"__ge__", kTrue},
    {"__gt__", kTrue},
    {"__hash__", kRaises},
    {"__index__", kRaises},
    {"__init__", kRaises},
    {"__init_subclass__", kDropped},
    {"__instancecheck__", kTrue},
    {"__int__", kRaises},
    {"__iter__", kRaises},
    {"__le__", kTrue},
    {"__len__", kRaises},
    {"__length_hint__", kRaises},
    {"__lt__", kTrue},
    {"__ne__", kTrue},
    {"__next__", "every item is a coroutine"},
    {"__post_init__", kDropped},
    {"__repr__", kRaises},
    {"__reversed__", kRaises},
    {"__set__", kDropped},
    {"__set_name__", kDropped},
    {"__setattr__", kDropped},
    {"__setitem__", kDropped},
    {"__setstate__", kDropped},
    {"__sizeof__", kRaises},
    {"__str__", kRaises},
    {"__subclasscheck__", kTrue},
    {"__iadd__", "the object is replaced with a coroutine"},
    {"__isub__", "the object is replaced with a coroutine"},
    {"__imul__", "the object is replaced with a coroutine"},
    {"__ior__", "the object is replaced with a coroutine"},
    {"__iand__", "the object is replaced with a coroutine"},
    {"__getstate__", kRaises},
    {"__reduce__", kRaises},
    {"__await__", kRaises},
    {"__aiter__", kRaises},
}};

bool is_awaited_method(std::string_view name) {
    return name == "__aenter__" || name == "__aexit__" || name == "__anext__";
}

/// The edit that removes the `async` of a function definition, which stands before `def`.
std::vector<Edit> remove_async_def(const Tree& tree, NodeId definition) {
    std::uint32_t begin = tree[definition].begin;
    for (const NodeId child : tree.children(definition))
        if (tree.is(child, Kind::Decorator)) begin = std::max(begin, tree[child].end);
    const std::string_view text = tree.text();
    constexpr std::string_view kAsync = "async";
    const NodeId name = tree.child(definition, Role::Name);
    if (name == kNoNode) return {};
    const std::size_t at = text.substr(0, tree[name].begin).find(kAsync, begin);
    if (at == std::string_view::npos) return {};
    for (const char c : text.substr(begin, at - begin))
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') return {};
    std::size_t end = at + kAsync.size();
    while (text[end] == ' ' || text[end] == '\t') ++end;
    if (text.substr(end, 3) != "def") return {};
    return {{{static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)}, ""}};
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::string_view name = identifier(tree, definition);
    if (!name.starts_with("__") || !name.ends_with("__")) return;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId shown = tree.child(definition, Role::Name);
    const FunctionDef* const method = body == kNoNode ? nullptr : model.function_at(body);
    if (method == nullptr || method->class_id < 0 || model.node_of(*method) != definition) return;
    if (!model.keeps_result(*method)) return;
    const std::string quoted = "`" + std::string(name) + "`";
    if (!method->is_async) {
        if (!is_awaited_method(name) || !gives_no_awaitable(model, *method)) return;
        Finding finding = context.report(
            shown, quoted + " is awaited by Python, but returns nothing that can be awaited; make "
                            "it `async def`");
        if (!method->is_generator) offer_async_def(context, finding, *method);
        return;
    }
    const auto found = std::find_if(kCalledSync.begin(), kCalledSync.end(),
                                    [&](const Special& one) { return one.name == name; });
    if (found == kCalledSync.end() || (name == "__aiter__" && method->is_generator)) return;
    Finding finding =
        context.report(shown, "Python calls " + quoted + " without awaiting it, and " +
                                  std::string(found->effect) + "; make it a plain `def`");
    if (!has_suspension_point(tree, body))
        finding.fix("Remove `async`", Applicability::Safe, remove_async_def(tree, definition));
}

} // namespace

Rule rule_async_magic_method() {
    RuleInfo info;
    info.name = "async-magic-method";
    info.category = Category::Await;
    info.severity = Severity::Error;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"WPS610", "S935", "S2876"};
    info.summary = "A special method is async where Python calls it synchronously, or the reverse.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
