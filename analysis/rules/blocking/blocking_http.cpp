#include "analysis/rules/blocking/common.h"
#include "analysis/rules/names.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(Functions such as `requests.get()`, `httpx.get()` and `urllib.request.urlopen()` wait for the
server in the thread of the event loop. Until the answer is complete no other task runs, so one
slow server stops the whole process.

## Bad

```python
import asyncio

import requests


async def fetch(url):
    return requests.get(url, timeout=10).text  # error: blocking-http


asyncio.run(fetch("https://example.org"))
```

## Good

```python
import asyncio

import requests


def download(url):
    return requests.get(url, timeout=10).text


async def fetch(url):
    return await asyncio.to_thread(download, url)


asyncio.run(fetch("https://example.org"))
```

An async client (`aiohttp.ClientSession`, `httpx.AsyncClient`) is better still: it needs no thread
per request.

## Fix

The call is handed to a thread, in the form of the file's async library or by a wrapper that the
file has. The fix is unsafe: the function then runs beside other code of the process.

## When not to follow it

In a script that runs one coroutine and nothing else.

## Differences

flake8-async's ASYNC210 goes by the name: `urlopen()` and `request.urlopen()` count in every file, whatever
they are there. Here imports say what a name means; only a module, such as `requests`, is known without.
Who selects `ASYNC210` gets these two wherever nothing says what they are.
)md";

constexpr std::size_t kBeyond = 1; // RuleInfo::shapes

/// A name that nothing in the file tells the meaning of.
void check_beyond(RuleContext& context, NodeId node) {
    const Tree& tree = context.tree;
    if (!tree.is(node, Kind::Call) || !context.model.on_loop(node)) return;
    const NodeId callee = tree.child(node, Role::Callee);
    const std::string name = dotted_name(tree, callee);
    if ((name != "urlopen" && name != "request.urlopen") || context.model.type_of(callee)->known())
        return;
    context
        .report(node, "`" + name + "()` blocks the event loop where it is that of `urllib.request`")
        .shape(kBeyond);
}

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (operation && operation->api->kind == BlockingKind::Http &&
        !is_client_method(operation->name))
        report_operation(context, *operation);
    if (!operation && context.wants(kBeyond)) check_beyond(context, node);
}

} // namespace

Rule rule_blocking_http() {
    return {
        {.name = "blocking-http",
         .category = Category::Blocking,
         .severity = Severity::Error,
         .review = ReviewSeverity::Critical,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC210", "S7499"},
         .shapes = {{},
                    {.codes = {"ASYNC210"},
                     .beyond =
                         "`urlopen()` and `request.urlopen()` where nothing says what they are"}},
         .summary = "A blocking HTTP request by a module function, such as `requests.get()`, "
                    "on the event loop.",
         .doc = kDoc},
        blocking_kinds(),
        check};
}

} // namespace awaitls::analysis
