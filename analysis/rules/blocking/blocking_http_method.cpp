#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`requests.Session`, `httpx.Client`, `urllib3.PoolManager` and `http.client.HTTPConnection` are
blocking clients: their methods wait for the server in the thread of the event loop, and no other
task runs until the answer is there.

The client is recognised by its type: where it was made, by annotations, and by attributes that
the class assigns.

## Bad

```python
import asyncio

import httpx


class Api:
    def __init__(self):
        self.client = httpx.Client(base_url="https://example.org")

    async def user(self, number):
        return self.client.get(f"/users/{number}").json()  # error: blocking-http-method


asyncio.run(Api().user(1))
```

## Good

```python
import asyncio

import httpx


class Api:
    def __init__(self):
        self.client = httpx.AsyncClient(base_url="https://example.org")

    async def user(self, number):
        response = await self.client.get(f"/users/{number}", timeout=10)
        return response.json()


asyncio.run(Api().user(1))
```

## Fix

The call is handed to a thread. The fix is unsafe: not every client may be used by several threads
at once, and moving to the library's async client is the better change.

## When not to follow it

In a script that runs one coroutine and nothing else.

## Differences

Other linters see clients that the same function makes; attributes and parameters with annotations
count here too. Making a client is not reported, as it opens no connection, nor is `close()`, which
sends nothing. flake8-async's ASYNC211 looks for `.request("GET")` and the other verbs in files that
import urllib3; here every request counts whose object is known to be a client, whatever is passed.
Its ASYNC212 reports any method of urllib3's pools, also those that they do not have; here those that
send a request.
)md";

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation> operation = operation_on_loop(context, node);
    if (operation && operation->api->kind == BlockingKind::Http &&
        is_client_method(operation->name))
        report_operation(context, *operation);
}

} // namespace

Rule rule_blocking_http_method() {
    return {{.name = "blocking-http-method",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .aliases = {"ASYNC212", "ASYNC211", "S7499"},
             .summary = "A request by a method of a blocking HTTP client, such as "
                        "`requests.Session`, on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
