// A coroutine whose truth is asked for.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/await/common.h"
#include "analysis/semantic/region.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A coroutine object is true, whatever its function would return. A condition that calls an
async function without `await` therefore takes the same branch every time, or loops for ever, and
the function's body never runs. Access checks written this way let everybody in.

An async method that is tested without being called, as if it were a property, is as true as its
coroutine would be; the rule reports that too.

It looks at tests of `if`, `elif`, `while`, `assert`, conditional expressions, `case` guards and
comprehension filters, and the operands of `not`, `and` and `or` whose truth decides.

## Bad

```python
import asyncio


async def is_admin(user: str) -> bool:
    await asyncio.sleep(0.1)
    return user == "root"


async def delete_everything(user: str) -> str:
    if not is_admin(user):  # error: coroutine-in-condition
        return "denied"
    return "deleted"


asyncio.run(delete_everything("guest"))
```

## Good

```python
import asyncio


async def is_admin(user: str) -> bool:
    await asyncio.sleep(0.1)
    return user == "root"


async def delete_everything(user: str) -> str:
    if not await is_admin(user):
        return "denied"
    return "deleted"


asyncio.run(delete_everything("guest"))
```

## Fix

Inserts `await` before the call. It is safe: nobody asks a new coroutine object for its truth on
purpose. Inside generator expressions and in sync functions, where `await` cannot stand or would
mean something else, there is no fix. An async method gets its parentheses as well, which is
unsafe.

## Differences

pyright finds it with `reportUnnecessaryComparison`, which is off below strict mode; mypy with
`truthy-bool`, which is opt-in.
)";

std::string place(const Tree& tree, NodeId user) {
    switch (tree.kind(user)) {
    case Kind::While: return "so the loop never ends by it";
    case Kind::Not: return "so `not` always gives False";
    case Kind::Assert: return "so the assertion never fails";
    case Kind::CompIf: return "so the filter keeps everything";
    default: return "so the test always passes";
    }
}

/// An async method that is read without being called, as a property would be. What an attribute holds may be absent; what a
/// class defines is there.
bool is_uncalled_method(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    if (!tree.is(node, Kind::Attribute) || tree.role(node) == Role::Callee) return false;
    const Type type = model.type_of(node);
    if (type->kind != TypeKind::Function || type->confidence != Confidence::Certain ||
        type->receiver == nullptr || type->receiver->kind != TypeKind::Instance)
        return false;
    if (type->function != nullptr)
        return type->function->class_id >= 0 && type->function->is_async &&
               !type->function->is_generator;
    const Api* const api = find_api(type->name);
    return api != nullptr && api->kind == ApiKind::Coroutine;
}

/// `a.ready` -> `await a.ready()`, where its parameters allow that.
void offer_awaited_call(const RuleContext& context, Finding& finding, NodeId node) {
    const FunctionDef* const method = context.model.type_of(node)->function;
    if (method == nullptr || !context.model.in_async(node)) return;
    const Tree& there = method->region->tree;
    const NodeId parameters = there.child(method->node, Kind::Parameters);
    int required = -1; // self
    for (const NodeId parameter : there.children(parameters)) {
        const auto form = static_cast<ParameterForm>(there[parameter].op);
        required += there.is(parameter, Kind::Parameter) && form != ParameterForm::VarArgs &&
                    form != ParameterForm::VarKeywords &&
                    there.child(parameter, Role::Default) == kNoNode;
    }
    if (required > 0) return;
    const Span span = context.tree[node].span();
    finding.fix("Call and await `" + context.text(node) + "`", Applicability::Unsafe,
                {{{span.begin, span.begin}, "await "}, {{span.end, span.end}, "()"}});
}

/// `if page.callback: await page.callback()` asks whether there is one.
bool is_called_as_well(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const std::string_view text = tree.text(node);
    for (NodeId n = 0; n < tree.size(); ++n)
        if (n != node && tree.kind(n) == Kind::Attribute && tree.role(n) == Role::Callee &&
            tree.text(n) == text)
            return true;
    return false;
}

void check(RuleContext& context, NodeId node) {
    if (is_uncalled_method(context.model, node)) {
        const CoroutineFate tested = fate_of(context.model, node, context.model.type_of(node));
        if (tested.fate != Fate::Tested || is_called_as_well(context.model, node)) return;
        Finding finding = context.report(
            node, "`" + context.text(node) + "` is an async method and always true, " +
                      place(context.tree, tested.user) + "; call and await it");
        offer_awaited_call(context, finding, node);
        return;
    }
    const Type coroutine = coroutine_made_by(context, node);
    if (coroutine == nullptr) return;
    CoroutineFate found;
    if (!has_fate(context.model, node, coroutine, Fate::Tested, found)) return;
    Finding finding = context.report(
        node, shown(context.tree, node) + " is a coroutine and always true, " +
                  place(context.tree, found.user) + "; " + await_advice(context.model, node));
    finding.confidence(coroutine->confidence);
    offer_await(context, finding, node, Applicability::Safe);
}

} // namespace

Rule rule_coroutine_in_condition() {
    RuleInfo info;
    info.name = "coroutine-in-condition";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.review = ReviewSeverity::Major;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"truthy-bool", "reportUnnecessaryComparison", "redundant-condition"};
    info.summary =
        "A condition tests a coroutine object, which is always true, instead of its result.";
    info.doc = kDoc;
    return {info, {Kind::Call, Kind::Attribute}, check};
}

} // namespace awaitls::analysis
