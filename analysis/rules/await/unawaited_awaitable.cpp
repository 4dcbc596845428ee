// A future or another awaitable object that is made and dropped by one statement.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/await/common.h"
#include "analysis/rules/task/common.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(Not everything that can be awaited is a coroutine. A future from `run_in_executor`, `gather` or a database driver runs by itself, but when
it is dropped, nothing waits for it, and the exception with which it fails is seen by nobody, or by a log line long after the fact. Other
awaitables, such as the queries of an ORM or objects with an `__await__` of their own, do nothing at all until they are awaited.

Reported is a call that is a statement of its own, where the callee is a library function that is known to return a future, or a class with
`__await__`.

## Bad

```python
import asyncio
import shutil


async def clean(folder: str) -> None:
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, shutil.rmtree, folder)  # error: unawaited-awaitable
    print("cleaned", folder)
```

## Good

```python
import asyncio
import shutil


async def clean(folder: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, shutil.rmtree, folder)
    print("cleaned", folder)
```

## Fix

In an async function the fix inserts `await`. It is safe for objects that do nothing until they are awaited. For futures it is unsafe: the
function then waits for what used to run beside it.

## When not to follow it

Where the work is meant to go on alone and reports its own errors. Keep the future, and add a done callback that looks at its exception.

## Differences

Tasks are reported by `dangling-task`, coroutines by `unawaited-coroutine`. mypy and ty report every dropped awaitable, also those that a method
of the project returns and keeps itself; this rule does not, nor what a `TaskGroup` starts.
)";

/// Futures that somebody else keeps and looks at.
constexpr std::array<std::string_view, 5> kKept{
    "anyio.abc.TaskGroup.create_task",
    "anyio.abc.TaskGroup.start_soon",
    "homeassistant.core.HomeAssistant.async_add_executor_job",
    "homeassistant.core.HomeAssistant.async_create_background_task",
    "homeassistant.core.HomeAssistant.async_create_task",
};

enum class Made : std::uint8_t { Nothing, Future, Object };

/// A class whose objects are there to be awaited: clients that connect when they are awaited or entered can be used as they are.
bool is_awaitable_class(const Model& model, const CallTarget& target) {
    if (target.cls != nullptr)
        return model.has_method(*target.cls, "__await__") == Answer::Yes &&
               model.has_method(*target.cls, "__aenter__") == Answer::No;
    const ClassInfo* const info = target.name.empty() ? nullptr : find_class(target.name);
    return info != nullptr && info->awaitable && info->complete && !info->async_manager;
}

Made made_by(const Model& model, NodeId call, const CallTarget& target) {
    const Type type = model.type_of(call);
    if (type->confidence != Confidence::Certain || Model::must_be_awaited(type))
        return Made::Nothing;
    if (type->kind == TypeKind::Instance) {
        const Type callee = model.type_of(model.tree().child(call, Role::Callee));
        if (callee->kind == TypeKind::Class && is_awaitable_class(model, target) &&
            !tasks::is_future(model, type))
            return Made::Object;
    }
    if (target.name.empty() || tasks::is_method(target, "asyncio.TaskGroup", "create_task") ||
        std::find(kKept.begin(), kKept.end(), target.name) != kKept.end())
        return Made::Nothing;
    const Api* const api = find_api(target.name);
    if (api == nullptr) return Made::Nothing;
    if (!tasks::is_future(model, type)) return Made::Nothing;
    return api->returns.starts_with("asyncio.") ? Made::Future : Made::Object;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!tree.is(tree.parent(call), Kind::ExprStmt)) return;
    const CallTarget target = model.target(call);
    if (target.confidence != Confidence::Certain || tasks::makes_task(model, call)) return;
    const Made made = made_by(model, call, target);
    if (made == Made::Nothing) return;
    const std::string name = shown(tree, call);
    const bool async = model.in_async(call);
    const std::string advice = async ? "await it" : "await it in an async function";
    Finding finding = context.report(
        call, made == Made::Future ? "nothing waits for the future that " + name +
                                         " returns, and nobody sees its exception; " + advice
                                   : name + " does nothing until it is awaited; " + advice);
    if (async)
        offer_await(context, finding, call,
                    made == Made::Future ? Applicability::Unsafe : Applicability::Safe);
}

} // namespace

Rule rule_unawaited_awaitable() {
    RuleInfo info;
    info.name = "unawaited-awaitable";
    info.category = Category::Await;
    info.severity = Severity::Warning;
    info.fix = FixAvailability::Sometimes;
    info.aliases = {"unused-awaitable", "PyAsyncCall"};
    info.summary = "A future or another awaitable object is made by a statement and dropped.";
    info.doc = kDoc;
    return {info, {Kind::Call}, check};
}

} // namespace awaitls::analysis
