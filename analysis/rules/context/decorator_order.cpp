// Decorators in an order in which they break each other.

#include "analysis/rules/rule.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Decorators are applied from the innermost, which is the lowest, outwards, and each has to understand what the one below gives.
`@property`, `@classmethod` and `@staticmethod` give objects that are no functions, so whatever needs a function has to stand below them:

- `@asynccontextmanager` or `@contextmanager` above `@classmethod` or a property makes every call raise `TypeError`
- `@functools.cache` and `@lru_cache` above them raise `TypeError` when the class is made
- `@abstractmethod` above `@property`, `@classmethod` or `@staticmethod` raises `AttributeError` when the class is made
- `@property` above `@classmethod` or `@staticmethod` raises `TypeError` when it is read
- `@cached_property` above `@abstractmethod` hides it: the class can be instantiated

`@functools.cache` and a context manager do not go together in either order: the manager, or the generator behind it, is kept, and the
second `with` fails, since it can be entered only once.

## Bad

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Pool:
    @asynccontextmanager  # error: decorator-order
    @classmethod
    async def open(cls) -> AsyncIterator["Pool"]:
        yield cls()
```

## Good

```python
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Pool:
    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["Pool"]:
        yield cls()
```

## Fix

Exchanges the two decorators. It is safe: in the other order the function could not be used. There is none for a cached context manager, which has to
lose one of its decorators.

## Differences

Like ruff's RUF074, this looks at decorators that stand next to each other. `@classmethod` above `@cached_property`, which works since Python
3.13, is not reported.
)";

enum class Piece : std::uint8_t {
    Other,
    ClassMethod,
    StaticMethod,
    Property,
    CachedProperty,
    Manager,
    Cache,
    Abstract,
};

Piece piece_of(const Model& model, NodeId decorator) {
    const Tree& tree = model.tree();
    NodeId value = tree.child(decorator, Role::Value);
    if (tree.is(value, Kind::Call)) value = tree.child(value, Role::Callee);
    if (value == kNoNode) return Piece::Other;
    struct Known {
        std::string_view name;
        Piece piece;
    };
    constexpr std::array<Known, 9> kKnown{{
        {"builtins.classmethod", Piece::ClassMethod},
        {"builtins.staticmethod", Piece::StaticMethod},
        {"builtins.property", Piece::Property},
        {"functools.cached_property", Piece::CachedProperty},
        {"contextlib.asynccontextmanager", Piece::Manager},
        {"contextlib.contextmanager", Piece::Manager},
        {"functools.cache", Piece::Cache},
        {"functools.lru_cache", Piece::Cache},
        {"abc.abstractmethod", Piece::Abstract},
    }};
    // `@name.setter` gives the property anew.
    if (tree.is(value, Kind::Attribute)) {
        const std::string_view attribute = identifier(tree, value, Role::Attr);
        if (attribute == "setter" || attribute == "getter" || attribute == "deleter")
            return Piece::Property;
    }
    const std::string_view name = model.name_of(value);
    const auto found = std::find_if(kKnown.begin(), kKnown.end(),
                                    [&](const Known& known) { return known.name == name; });
    return found == kKnown.end() ? Piece::Other : found->piece;
}

/// What happens when `outer` stands directly above `inner`; empty where they go together. A static method is called by the manager or cache
/// around it, which works as long as it is looked up on the class.
std::string_view fault(Piece outer, Piece inner) {
    const bool property = inner == Piece::Property || inner == Piece::CachedProperty;
    switch (outer) {
    case Piece::Manager:
        if (property || inner == Piece::ClassMethod) return "so calls raise TypeError";
        return inner == Piece::Cache ? "so the second `with` gets a generator that is used up" : "";
    case Piece::Cache:
        if (property || inner == Piece::ClassMethod) return "which it cannot call as a function";
        return inner == Piece::Manager ? "so the second `with` gets a manager that is used up" : "";
    case Piece::Abstract:
        return inner == Piece::Property || inner == Piece::ClassMethod ||
                       inner == Piece::StaticMethod
                   ? "so making the class raises AttributeError"
                   : "";
    case Piece::Property:
        return inner == Piece::ClassMethod || inner == Piece::StaticMethod
                   ? "so reading it raises TypeError"
                   : "";
    case Piece::CachedProperty:
        if (inner == Piece::Abstract) return "which it hides, so a subclass without it can be made";
        return inner == Piece::ClassMethod || inner == Piece::StaticMethod
                   ? "so reading it raises TypeError"
                   : "";
    default: return "";
    }
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    NodeId above = kNoNode;
    Piece outer = Piece::Other;
    for (const NodeId decorator : tree.children(definition)) {
        if (!tree.is(decorator, Kind::Decorator)) continue;
        const Piece inner = piece_of(model, decorator);
        const std::string_view effect = above == kNoNode ? std::string_view{} : fault(outer, inner);
        if (!effect.empty()) {
            const NodeId upper = tree.child(above, Role::Value);
            const NodeId lower = tree.child(decorator, Role::Value);
            const bool swap = inner != Piece::Cache && inner != Piece::Manager;
            const auto shown = [&](NodeId value) {
                const NodeId named =
                    tree.is(value, Kind::Call) ? tree.child(value, Role::Callee) : value;
                return "`@" + context.text(named) + "`";
            };
            Finding finding = context.report(
                above, shown(upper) + " is applied to the result of " + shown(lower) + ", " +
                           std::string(effect) +
                           (swap ? "; exchange the two" : "; remove one of the two"));
            if (swap)
                finding.fix("Exchange the two decorators", Applicability::Safe,
                            {{tree[upper].span(), context.text(lower)},
                             {tree[lower].span(), context.text(upper)}});
            return;
        }
        above = decorator;
        outer = inner;
    }
}

} // namespace

Rule rule_decorator_order() {
    RuleInfo info;
    info.name = "decorator-order";
    info.category = Category::Context;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"RUF074"};
    info.summary = "Two decorators stand in an order in which the outer cannot work.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
