// An HTTP client whose limits are switched off.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(The async HTTP clients have limits by default: httpx gives up after 5 seconds without an answer, aiohttp after 5 minutes in all. `timeout=None`
for httpx or for a request of aiohttp, and an `aiohttp.ClientTimeout` that sets neither `total` nor `sock_read`, switch them off. A server that accepts the connection and then says nothing then
holds the task, its connection and all that it has locked for ever.

`aiohttp.ClientTimeout(connect=5)` is such a case, though it looks like a limit: it ends with the connection, and its `total` is None.

The rule is silent where the request is made within a timeout (`asyncio.timeout`, `fail_after`) of the same function. It concerns async clients:
a blocking `requests.get` in async code is a matter of `blocking-http`. Operations that have no limit by default are hinted at by
`network-await-without-timeout`.

## Bad

```python
import asyncio

import httpx


async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=None) as client:  # error: missing-request-timeout
        return (await client.get(url)).text


asyncio.run(fetch("http://localhost"))
```

## Good

```python
import asyncio

import httpx


async def fetch(url: str) -> str:
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.get(url)).text


asyncio.run(fetch("http://localhost"))
```

## Fix

None: the limit is a decision.

## When not to follow it

For event streams and long polling, where silence is normal. Set a limit for the connection, `httpx.Timeout(None, connect=10)` or
`aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=..)`, and say why.

## Differences

ruff's S113 and pylint's W3101 look at `requests` in sync code, which does not concern this tool. They do not know aiohttp.
)";

bool has_starred(const Tree& tree, NodeId call) {
    return tree.child(call, Kind::DoubleStarred) != kNoNode ||
           tree.child(call, Kind::Starred) != kNoNode;
}

/// `client.get(..)` and the like of a client class.
bool is_request(std::string_view name, std::string_view client) {
    if (!name.starts_with(client) || name.size() <= client.size()) return false;
    const std::string_view method = name.substr(client.size() + 1);
    for (const std::string_view known :
         {"delete", "get", "head", "options", "patch", "post", "put", "request", "stream"})
        if (method == known) return true;
    return false;
}

/// The ClientTimeout limits the wait for an answer.
bool limits_answer(const Tree& tree, NodeId call) {
    if (has_starred(tree, call)) return true;
    const NodeId total = argument(tree, call, 0, "total");
    const NodeId read = argument(tree, call, 2, "sock_read");
    return (total != kNoNode && !tree.is(total, Kind::None)) ||
           (read != kNoNode && !tree.is(read, Kind::None));
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::string_view name = model.target(call).name;
    if (name == "aiohttp.ClientTimeout") {
        if (limits_answer(tree, call) || in_timeout(model, call)) return;
        context.report(call, "this `" + callee_text(tree, call) +
                                 "` has no limit for the answer; set `total` or `sock_read`");
        return;
    }
    for (const std::string_view client :
         {std::string_view("httpx.AsyncClient"), std::string_view("httpx2.AsyncClient"),
          std::string_view("aiohttp.ClientSession")}) {
        const bool request = is_request(name, client);
        // A session of aiohttp takes None for its default.
        if (!request && (name != client || client == "aiohttp.ClientSession")) continue;
        if (has_starred(tree, call)) return;
        NodeId timeout = keyword_argument(tree, call, "timeout");
        // `httpx.Timeout(None)`, but not with a limit for one of its phases.
        if (timeout != kNoNode && argument_values(tree, timeout).size() == 1 &&
            (calls(model, timeout, "httpx.Timeout") || calls(model, timeout, "httpx2.Timeout")))
            timeout = argument(tree, timeout, 0, "timeout");
        if (!tree.is(timeout, Kind::None) || in_timeout(model, call)) return;
        // `wait_for(client.get(..), 5)` limits it from outside.
        if (request && tree[call].role == Role::Argument) return;
        context.report(call,
                       "`" + callee_text(tree, call) +
                           "(timeout=None)` waits for a silent server for ever; give it a limit");
        return;
    }
}

} // namespace

Rule rule_missing_request_timeout() {
    return {{.name = "missing-request-timeout",
             .category = Category::Concurrency,
             .severity = Severity::Information,
             .on_by_default = false,
             .aliases = {"S113", "W3101"},
             .summary = "The timeout of an async HTTP client is switched off.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
