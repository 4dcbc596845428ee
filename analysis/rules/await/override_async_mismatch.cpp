// An override that is async where the method of the base is not, or the reverse.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/await/common.h"
#include "analysis/semantic/region.h"

#include <algorithm>
#include <initializer_list>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Code that holds an object of the base class calls the method as the base declares it. Where an override changes a sync method to an async
one, that code gets a coroutine that nobody awaits, and the override never runs. Where it changes an async method to a sync one, the caller
awaits a plain value: `TypeError: object NoneType can't be used in 'await' expression`, after the work is done.

A sync override that returns an awaitable, and an async one of a method that is declared to return an awaitable, fit and are not reported. Nothing
is reported where a base class is not known, nor where a base method without annotation only raises or passes, since it may allow both; an async
one that does so counts where somebody in the project awaits the method.

## Bad

```python
import asyncio


class Store:
    async def close(self) -> None:
        await asyncio.sleep(0.1)


class MemoryStore(Store):
    def close(self) -> None:  # error: override-async-mismatch
        print("closed")


async def shut_down(stores: list[Store]) -> None:
    for store in stores:
        await store.close()
```

## Good

```python
import asyncio


class Store:
    async def close(self) -> None:
        await asyncio.sleep(0.1)


class MemoryStore(Store):
    async def close(self) -> None:
        print("closed")


async def shut_down(stores: list[Store]) -> None:
    for store in stores:
        await store.close()
```

## Fix

A sync override of an async method becomes `async def`, where the file has no call of the name without `await`. It is unsafe: code elsewhere that
calls this class directly has to await it from then on. In the other direction there is no fix.

## When not to follow it

Where the subclass is an asynchronous or synchronous twin that nobody uses through the base. A class whose name says so, as `AsyncClient(Client)`
and `SyncWebhook(Webhook)` do, is not reported, nor are handlers of events (`on_click`), which frameworks call by their names and await where
that is possible.

## Differences

pylint's W0236 compares the words `async def` only, and reports overrides that return awaitables. Special methods are reported by
`async-magic-method`.
)";

bool is_dunder(std::string_view name) {
    return name.size() > 4 && name.starts_with("__") && name.ends_with("__");
}

bool has_word(std::string_view name, std::initializer_list<std::string_view> words) {
    return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
        return name.find(word) != std::string_view::npos;
    });
}

bool says_async(std::string_view name) {
    return has_word(name, {"Async", "async", "Aio", "aio"});
}

/// The class says that it is the other kind of its base.
bool is_twin(const ClassDef& cls, const ClassDef* base, bool async) {
    if (async) return says_async(cls.qualname) && (base == nullptr || !says_async(base->qualname));
    return has_word(cls.qualname, {"Sync", "Blocking"}) && !says_async(cls.qualname);
}

/// Frameworks find handlers of events by their names, and most of those await what can be awaited.
bool is_handler(std::string_view name) {
    return name.starts_with("on_") || name.starts_with("_on_");
}

enum class Form : std::uint8_t { Unknown, Sync, Async, Generator, AsyncGenerator };

Form form_of(const Model& model, const FunctionDef& function) {
    if (function.is_async && function.is_generator) return Form::AsyncGenerator;
    if (function.is_async) return Form::Async;
    if (!gives_no_awaitable(model, function)) return Form::Unknown;
    return function.is_generator ? Form::Generator : Form::Sync;
}

/// What calling the method of a library gives.
Form form_of_library(std::string_view name) {
    const Api* const api = name.empty() ? nullptr : find_api(name);
    if (api == nullptr) return Form::Unknown;
    switch (api->kind) {
    case ApiKind::Coroutine: return Form::Async;
    case ApiKind::Function: return api->returns == "None" ? Form::Sync : Form::Unknown;
    default: return Form::Unknown;
    }
}

/// The calls of a name.
struct Calls {
    bool awaited = false;
    bool plain = false;

    void add(const std::vector<Model::CallSite>& mentions) {
        for (const Model::CallSite& mention : mentions) {
            const Tree& tree = mention.model->tree();
            if (tree.role(mention.call) != Role::Callee) continue;
            (is_awaited(tree, tree.parent(mention.call)) ? awaited : plain) = true;
        }
    }
};

/// A class that a test function defines, and that only the test uses.
bool is_made_by_test(const Tree& tree, NodeId method) {
    for (NodeId up = tree.parent(method); up != kNoNode; up = tree.parent(up))
        if (tree.is(up, Kind::FunctionDef) && identifier(tree, up).starts_with("test")) return true;
    return false;
}

void check(RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId body = tree.child(definition, Role::Body);
    const NodeId name = tree.child(definition, Role::Name);
    const FunctionDef* const method = body == kNoNode ? nullptr : model.function_at(body);
    if (name == kNoNode || method == nullptr || method->class_id < 0 ||
        model.node_of(*method) != definition)
        return;
    if (method->name.starts_with("__") && (!is_dunder(method->name) || method->name != "__call__"))
        return;
    const Form own = form_of(model, *method);
    if (own == Form::Unknown) return;
    const Type base = model.overridden(*method);
    if (base->kind != TypeKind::Function) return;
    const FunctionDef* const above = base->function;
    // What a test case says of its own hooks is another rule's.
    if (above == nullptr && base->name.starts_with("unittest.")) return;
    const Form declared = above != nullptr ? form_of(model, *above) : form_of_library(base->name);
    const bool base_async = declared == Form::Async || declared == Form::AsyncGenerator;
    const bool own_async = own == Form::Async || own == Form::AsyncGenerator;
    if (declared == Form::Unknown || base_async == own_async) return;
    // `async def rows(self) -> AsyncIterator` without a yield stands for a plain method that returns one.
    if (above != nullptr && declared == Form::Async &&
        model.declared_result(*above)->kind == TypeKind::AsyncIterator)
        return;
    const ClassDef* const here = model.class_of(*method);
    const ClassDef* const there = above == nullptr ? nullptr : model.class_of(*above);
    if (here == nullptr || (above != nullptr && there == nullptr)) return;
    if (is_made_by_test(tree, definition)) return;
    if (is_twin(*here, there, own_async) || (above != nullptr && is_handler(method->name))) return;

    Calls calls;
    calls.add(model.mentions(name));
    Confidence confidence = Confidence::Certain;
    // A framework may take both where it calls its hooks; asyncio does not.
    if (above == nullptr ? base_async && !base->name.starts_with("asyncio.")
                         : model.is_of_library(*above))
        confidence = Confidence::Likely;
    if (above != nullptr) {
        const Tree& other = above->region->tree;
        const NodeId above_body = other.child(above->node, Role::Body);
        if (above_body != kNoNode && is_abstract(other, above_body)) {
            // Nothing but the word `async` speaks for the base: its callers decide, here or in other files.
            if (declared == Form::Async && !calls.awaited) {
                const auto others = model.mentions_elsewhere(name);
                if (others) calls.add(*others);
                if (calls.plain && !calls.awaited) return;
                if (!calls.awaited) confidence = Confidence::Likely;
            }
            // That it is missing may be the base's fault alone: nobody calls a method that does nothing.
            if (declared == Form::Sync) confidence = Confidence::Likely;
        }
    }

    const std::string overrides =
        there != nullptr ? there->name + "." + above->name : display_name(base->name);
    const bool iterated = own == Form::Generator || own == Form::AsyncGenerator;
    std::string message = "`" + method->name + "` is " + (own_async ? "async" : "not async") +
                          ", but `" + overrides + "`, which it overrides, is" +
                          (own_async ? " not, so its callers " : ", so its callers ");
    if (iterated)
        message += own_async ? "iterate without `async for`" : "iterate with `async for`";
    else
        message += own_async ? "do not await it" : "await what it returns";
    Finding finding = context.report(name, std::move(message));
    finding.confidence(confidence);
    if (above != nullptr) {
        const Tree& other = above->region->tree;
        const NodeId at = other.child(above->node, Role::Name);
        if (at != kNoNode) finding.related(*above->region, other[at].span(), "overrides this");
    }
    if (declared == Form::Async && own == Form::Sync && !calls.plain)
        offer_async_def(context, finding, *method);
}

} // namespace

Rule rule_override_async_mismatch() {
    RuleInfo info;
    info.name = "override-async-mismatch";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"W0236", "invalid-overridden-method"};
    info.summary =
        "An override is async where the method of the base class is not, or the reverse.";
    info.doc = kDoc;
    return {info, {Kind::FunctionDef}, check};
}

} // namespace awaitls::analysis
