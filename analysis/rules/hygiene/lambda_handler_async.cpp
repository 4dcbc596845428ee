// A handler of AWS Lambda that is declared async.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(AWS Lambda calls the handler and takes what it returns as the result. It does not await: an async handler gives a coroutine, whose body never
runs, and the call fails because a coroutine is no JSON.

Taken for a handler is a function `lambda_handler` of a module with the two parameters of a handler, and functions that `lambda-handlers` names. Silent where a decorator
stands above it, which may run it, and where the same file uses its name: a sync handler may run it there.

## Bad

```python
import asyncio


async def lambda_handler(event, context):  # error: lambda-handler-async
    await asyncio.sleep(0.1)
    return {"statusCode": 200}
```

## Good

```python
import asyncio


async def handle(event):
    await asyncio.sleep(0.1)
    return {"statusCode": 200}


def lambda_handler(event, context):
    return asyncio.run(handle(event))
```

## Options

`lambda-handlers`: a list of names of functions that are handlers too, as `["handler"]`.

## Fix

None: the handler needs a name for its async part.

## Differences

Sonar's S7614 reads the names of handlers from SAM templates; this tool reads Python only.
)";

void check(RuleContext& context, NodeId function) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!tree[function].is_async() || is_decorated(model, function)) return;
    const NodeId name = tree.child(function, Role::Name);
    const NodeId parameters = tree.child(function, Kind::Parameters);
    const NodeId body = tree.child(function, Role::Body);
    if (name == kNoNode || parameters == kNoNode || body == kNoNode) return;
    const std::vector<std::string>& named = context.option("lambda-handlers");
    if (tree.text(name) != "lambda_handler" &&
        std::find(named.begin(), named.end(), tree.text(name)) == named.end())
        return;
    const FunctionDef* const definition = model.function_at(body);
    if (definition == nullptr || definition->class_id >= 0 || definition->is_nested ||
        definition->is_generator)
        return;
    int count = 0;
    for (const NodeId parameter : tree.children(parameters)) {
        const auto form = static_cast<ParameterForm>(tree[parameter].op);
        if (tree.is(parameter, Kind::Parameter) &&
            tree.child(parameter, Role::Default) == kNoNode &&
            (form == ParameterForm::Ordinary || form == ParameterForm::PositionalOnly))
            ++count;
    }
    if (count != 2 || !model.mentions(name).empty()) return;
    context.report(name, "AWS Lambda does not await `" + context.text(name) +
                             "`; make it a sync function that calls `asyncio.run()`");
}

} // namespace

Rule rule_lambda_handler_async() {
    return {{.name = "lambda-handler-async",
             .category = Category::Hygiene,
             .severity = Severity::Error,
             .aliases = {"S7614"},
             .summary = "A handler of AWS Lambda is an async function.",
             .options = {"lambda-handlers"},
             .doc = kDoc},
            {Kind::FunctionDef},
            check};
}

} // namespace awaitls::analysis
