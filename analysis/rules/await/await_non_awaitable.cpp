// `await` of something that has no `__await__`.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/await/common.h"
#include "analysis/rules/rule.h"
#include "analysis/semantic/region.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(`await` needs an object that can be awaited: a coroutine, a task, a future. For anything else
it raises `TypeError: object NoneType can't be used in 'await' expression`, after the call has
already been made. `await time.sleep(1)` blocks the whole event loop for a second and raises then.

The rule reports literals and displays, calls of functions that are known to be synchronous, async
generators, and coroutine functions that are awaited without being called. Functions of the file count when they
have no decorator and return a plain value; methods count only when they are private, since a
subclass may make the others async.

## Bad

```python
import asyncio
import time


def parse(text: str) -> int:
    return int(text)


async def refresh() -> None:
    await asyncio.sleep(0.1)


async def main() -> None:
    await time.sleep(1)  # error: await-non-awaitable
    print(await parse("3"))  # error: await-non-awaitable
    await refresh  # error: await-non-awaitable


asyncio.run(main())
```

## Good

```python
import asyncio


def parse(text: str) -> int:
    return int(text)


async def refresh() -> None:
    await asyncio.sleep(0.1)


async def main() -> None:
    print(parse("3"))
    await refresh()


asyncio.run(main())
```

## Fix

`await time.sleep(..)` becomes `await asyncio.sleep(..)`, which is safe. Another blocking function
is run in a thread; from any other call the `await` is removed; a function that is awaited without
being called gets its parentheses. These are unsafe, as code that raised begins to work.

## Differences

Type checkers report the same where the callee has annotations or stubs.
)";

bool is_awaitable(Type type) {
    return Model::must_be_awaited(type) || type->kind == TypeKind::Awaitable;
}

/// A list, tuple, set or comprehension of things that can be awaited one by one.
bool holds_awaitables(const Model& model, NodeId operand) {
    const Tree& tree = model.tree();
    switch (tree.kind(operand)) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Set:
        for (const NodeId element : tree.children(operand))
            if (is_awaitable(model.type_of(element))) return true;
        return false;
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::Generator: {
        const NodeId element = tree.child(operand, Role::Element);
        return element != kNoNode && is_awaitable(model.type_of(element));
    }
    default: return false;
    }
}

/// Code outside of this file cannot make the function something else: no subclass is meant to
/// override it.
bool is_final(const FunctionDef& function) {
    if (function.class_id < 0) return true;
    return function.name.size() > 1 && function.name[0] == '_' &&
           function.name.substr(0, 2) != "__";
}

/// Every `return` of the function gives None or a literal. Only what other regions may rely on is
/// read: the header and the return statements.
bool returns_plain_values(const FunctionDef& function) {
    const Tree& tree = function.region->tree;
    if (function.is_async || function.is_generator || function.is_lambda || function.class_id >= 0)
        return false;
    if (tree[function.node].has(node_flag::kDamaged) ||
        tree.child(function.node, Role::Returns) != kNoNode)
        return false;
    if (tree.child(function.node, Kind::Decorator) != kNoNode) return false;
    const NodeId body = tree.child(function.node, Role::Body);
    if (body == kNoNode) return false;
    bool plain = true;
    search_same_function(tree, body, [&](NodeId node) {
        if (tree.kind(node) == Kind::Return) {
            const NodeId value = tree.child(node, Role::Value);
            plain = plain && (value == kNoNode || (is_plain_value(tree.kind(value)) &&
                                                   tree.kind(value) != Kind::Lambda));
        }
        return plain;
    });
    return plain;
}

/// The function awaits although it is no async function, which is a finding of its own.
bool ought_to_be_async(const Model& model, const FunctionDef& function) {
    if (function.is_async) return false;
    const NodeId definition = model.node_of(function);
    const NodeId body =
        definition == kNoNode ? kNoNode : model.tree().child(definition, Role::Body);
    if (body == kNoNode) return false;
    bool awaits = false;
    search_same_function(model.tree(), body, [&](NodeId node) {
        awaits = awaits || model.tree().kind(node) == Kind::Await;
        return !awaits;
    });
    return awaits;
}

/// A library function that does its work before it returns, and does not return somebody else's
/// object.
const BlockingApi* synchronous_api(std::string_view name) {
    const BlockingApi* const api = name.empty() ? nullptr : find_blocking(name, BlockingUse::Call);
    if (api == nullptr) return nullptr;
    switch (api->kind) {
    case BlockingKind::Sleep:
    case BlockingKind::Http:
    case BlockingKind::Subprocess:
    case BlockingKind::Open:
    case BlockingKind::Path:
    case BlockingKind::Input:
    case BlockingKind::Cpu: return api;
    default: return nullptr;
    }
}

/// What the workspace defines may have subclasses that can be awaited.
bool is_without_await(const Model& model, Type type) {
    return type->cls == nullptr && lacks_await(model, type);
}

enum class Verdict : std::uint8_t { Fine, PlainValue, SyncCall, NotCalled, AsyncGenerator };

Verdict judge(const Model& model, NodeId operand, const CallTarget& target) {
    const Tree& tree = model.tree();
    const Kind kind = tree.kind(operand);
    if (is_plain_value(kind)) return Verdict::PlainValue;
    if (kind == Kind::Name || kind == Kind::Attribute) {
        const Type type = model.type_of(operand);
        if (type->kind != TypeKind::Function || type->confidence != Confidence::Certain)
            return Verdict::Fine;
        if (type->function != nullptr) {
            return type->function->is_async && !type->function->is_generator ? Verdict::NotCalled
                                                                             : Verdict::Fine;
        }
        const Api* const api = find_api(type->name);
        return api != nullptr && api->kind == ApiKind::Coroutine ? Verdict::NotCalled
                                                                 : Verdict::Fine;
    }
    if (kind != Kind::Call || target.confidence != Confidence::Certain) return Verdict::Fine;
    if (target.function != nullptr && target.cls == nullptr) {
        const FunctionDef& function = *target.function;
        if (function.is_async && function.is_generator &&
            model.type_of(operand)->kind == TypeKind::AsyncIterator)
            return Verdict::AsyncGenerator;
        if (function.is_lambda || !is_final(function) || ought_to_be_async(model, function))
            return Verdict::Fine;
        const bool plain =
            is_without_await(model, model.type_of(operand)) || returns_plain_values(function);
        return plain ? Verdict::SyncCall : Verdict::Fine;
    }
    if (target.name.empty()) return Verdict::Fine;
    return synchronous_api(target.name) != nullptr ||
                   is_without_await(model, model.type_of(operand))
               ? Verdict::SyncCall
               : Verdict::Fine;
}

/// The edit that takes away `await` and the blanks behind it.
Edit remove_await(const Tree& tree, NodeId await) {
    const std::string_view text = tree.text();
    const std::uint32_t begin = tree[await].begin;
    std::uint32_t end = begin + 5;
    while (end < text.size() && (text[end] == ' ' || text[end] == '\t')) ++end;
    return {{begin, end}, ""};
}

/// `await time.sleep(1)` -> `await asyncio.sleep(1)`: only the callee changes.
void offer_async_sleep(const RuleContext& context, Finding& finding, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    bool needs_import = false;
    std::string module;
    std::string package = "asyncio";
    if (model.library() == AsyncLibrary::Anyio) package = "anyio";
    if (model.library() == AsyncLibrary::Trio) package = "trio";
    module = model.module_name(package, call, needs_import);
    bool starred = false;
    const bool plain = positional_count(tree, call, starred) == 1 && !starred &&
                       argument_values(tree, call).size() == 1;
    const NodeId callee = tree.child(call, Role::Callee);
    if (module.empty() || callee == kNoNode || !plain) return;
    std::vector<std::string> imports;
    if (needs_import) imports.push_back(package);
    finding.fix("Replace with `" + module + ".sleep`", Applicability::Safe,
                {{tree[callee].span(), module + ".sleep"}}, std::move(imports));
}

/// A function that blocks goes to a thread; from any other the `await` is removed.
void offer_plain_call(const RuleContext& context, Finding& finding, NodeId await, NodeId call,
                      const CallTarget& target, const BlockingApi* blocking) {
    const bool blocks =
        blocking != nullptr ||
        (target.function != nullptr && context.model.blocking(*target.function) != nullptr) ||
        (!target.name.empty() && find_blocking(target.name, BlockingUse::Call) != nullptr);
    const Edit removal = remove_await(context.tree, await);
    if (!blocks) {
        finding.fix("Remove `await`", Applicability::Unsafe, {removal});
        return;
    }
    if (blocking == nullptr || blocking->fix != BlockingFix::Thread) return;
    ThreadEdit thread = hand_to_thread(context.model, call);
    if (thread.edits.empty()) return;
    // The new `await` replaces the old one; parentheses for an awaited operand would be left over.
    constexpr std::string_view kBefore = "(await ";
    constexpr std::string_view kAwait = "await ";
    std::string& before = thread.edits.front().text;
    if (before.substr(0, kBefore.size()) == kBefore) {
        before.erase(0, kBefore.size());
        std::string& after = thread.edits.back().text;
        if (after.empty() || after.back() != ')') return;
        after.pop_back();
    } else if (before.substr(0, kAwait.size()) == kAwait) {
        before.erase(0, kAwait.size());
    } else {
        return;
    }
    finding.fix(thread.title, Applicability::Unsafe, std::move(thread.edits),
                std::move(thread.imports));
}

/// The function can be called without arguments, as far as its header says.
bool takes_no_arguments(const FunctionDef& function) {
    const Tree& tree = function.region->tree;
    const NodeId parameters = tree.child(function.node, Kind::Parameters);
    if (parameters == kNoNode) return true;
    int required = 0;
    for (const NodeId parameter : tree.children(parameters)) {
        const auto form = static_cast<ParameterForm>(tree[parameter].op);
        const bool optional = form == ParameterForm::VarArgs ||
                              form == ParameterForm::VarKeywords ||
                              tree.child(parameter, Role::Default) != kNoNode;
        if (tree.kind(parameter) == Kind::Parameter && !optional) ++required;
    }
    return required <= (function.class_id >= 0 ? 1 : 0); // self
}

/// `await f` -> `await f()`.
void offer_call(const RuleContext& context, Finding& finding, NodeId operand) {
    const Type type = context.model.type_of(operand);
    if (type->function == nullptr || !takes_no_arguments(*type->function)) return;
    const std::uint32_t end = context.tree[operand].end;
    finding.fix("Call `" + context.text(operand) + "`", Applicability::Unsafe,
                {{{end, end}, "()"}});
}

/// `await [f(), g()]` -> `await asyncio.gather(*[f(), g()])`.
void report_several(RuleContext& context, NodeId await, NodeId operand) {
    Finding finding = context.report(
        await, "a collection of awaitables cannot be awaited; gather them or await each");
    if (context.model.library() != AsyncLibrary::Asyncio ||
        context.tree[operand].has(node_flag::kParenthesized))
        return;
    bool needs_import = false;
    const std::string module = context.model.module_name("asyncio", operand, needs_import);
    if (module.empty()) return;
    const Span span = context.tree[operand].span();
    std::vector<std::string> imports;
    if (needs_import) imports.emplace_back("asyncio");
    finding.fix("Await them together with `" + module + ".gather`", Applicability::Unsafe,
                {{{span.begin, span.begin}, module + ".gather(*"}, {{span.end, span.end}, ")"}},
                std::move(imports));
}

void report_plain_value(RuleContext& context, NodeId await, NodeId operand) {
    if (holds_awaitables(context.model, operand)) {
        report_several(context, await, operand);
        return;
    }
    Finding finding = context.report(await, "a literal cannot be awaited; remove `await`");
    const Kind kind = context.tree.kind(operand);
    if (kind == Kind::Generator || kind == Kind::Lambda) return;
    finding.fix("Remove `await`", Applicability::Unsafe, {remove_await(context.tree, await)});
}

void check(RuleContext& context, NodeId await) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId operand = tree.child(await, Role::Value);
    if (operand == kNoNode || !model.in_async(await)) return;
    const CallTarget target = tree.is(operand, Kind::Call) ? model.target(operand) : CallTarget();
    switch (judge(model, operand, target)) {
    case Verdict::Fine: return;
    case Verdict::PlainValue: report_plain_value(context, await, operand); return;
    case Verdict::NotCalled: {
        Finding finding =
            context.report(await, "`" + context.text(operand) + "` is a coroutine function, " +
                                      "which cannot be awaited; call it");
        offer_call(context, finding, operand);
        return;
    }
    case Verdict::AsyncGenerator:
        context.report(await, "`" + callee_text(tree, operand) +
                                  "()` is an async generator, which cannot be awaited; iterate " +
                                  "over it with `async for`");
        return;
    case Verdict::SyncCall: break;
    }
    const BlockingApi* const blocking = synchronous_api(target.name);
    const std::string name =
        target.name.empty() ? callee_text(tree, operand) : display_name(target.name);
    if (blocking != nullptr && blocking->fix == BlockingFix::Sleep) {
        Finding finding = context.report(
            await, "`" + name + "()` is synchronous, so it blocks the event loop and its " +
                       "result cannot be awaited; use the sleep of the async library");
        offer_async_sleep(context, finding, operand);
        return;
    }
    Finding finding =
        context.report(await, "`" + name + "()` is synchronous and its result cannot be awaited; " +
                                  (blocking != nullptr ? "run it in a thread" : "remove `await`"));
    offer_plain_call(context, finding, await, operand, target, blocking);
}

} // namespace

Rule rule_await_non_awaitable() {
    RuleInfo info;
    info.name = "await-non-awaitable";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"invalid-await", "not-async"};
    info.summary = "An object without `__await__` is awaited, which raises TypeError.";
    info.doc = kDoc;
    return {info, {Kind::Await}, check};
}

} // namespace awaitls::analysis
