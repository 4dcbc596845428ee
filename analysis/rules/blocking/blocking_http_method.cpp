#include "analysis/rules/blocking/common.h"

#include <algorithm>
#include <iterator>

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
import urllib3, whatever the object; here it has to be known to be a client.
Its ASYNC212 reports any method of urllib3's pools, also those that they do not have, and `close()` of
httpx clients; here those that send a request, and the others for who selects `ASYNC212`. It also takes
a name that is imported nowhere (`Optional[httpx.Client]`) at its word, and a global for what it was
given first; this rule does not, nor does it know classes that urllib3 gave up (`RequestMethods`). It
does not see `from httpx import Client`; this rule does.
)md";

enum Part : std::size_t { kMethod, kVerb, kBeyond }; // RuleInfo::shapes

/// `.request("GET", ..)`
bool names_verb(const RuleContext& context, NodeId call) {
    const Tree& tree = context.tree;
    const NodeId callee = tree.child(call, Role::Callee);
    if (!tree.is(callee, Kind::Attribute) || identifier(tree, callee, Role::Attr) != "request")
        return false;
    const NodeId method = argument(tree, call, 0, {});
    const std::optional<std::string_view> text =
        method == kNoNode ? std::nullopt : string_value(tree, method);
    if (!text) return false;
    std::string lower(*text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    constexpr std::string_view kVerbs[] = {"get",   "options", "head",  "post",   "put",
                                           "patch", "delete",  "trace", "connect"};
    return std::find(std::begin(kVerbs), std::end(kVerbs), lower) != std::end(kVerbs);
}

void check_beyond(RuleContext& context, NodeId node) {
    const std::optional<MethodCall> call = method_call_on_loop(context, node);
    if (!call) return;
    const Type type = context.model.type_of(call->object);
    if (type->kind != TypeKind::Instance || type->confidence != Confidence::Certain) return;
    const bool closes =
        call->method == "close" && (type->name == "httpx.Client" || type->name == "httpx2.Client");
    constexpr std::string_view kPools[] = {"ConnectionPool",      "HTTPConnectionPool",
                                           "HTTPSConnectionPool", "PoolManager",
                                           "ProxyManager",        "RequestMethods"};
    const bool pool = type->name.starts_with("urllib3.") &&
                      std::find(std::begin(kPools), std::end(kPools),
                                type->name.substr(type->name.rfind('.') + 1)) != std::end(kPools);
    if (!closes && !pool) return;
    context
        .report(node, "`" + std::string(call->method) + "()` is called on `" +
                          display_name(type->name) + "`, a blocking HTTP client")
        .shape(kBeyond);
}

void check(RuleContext& context, NodeId node) {
    const std::optional<BlockingOperation>& operation = operation_on_loop(context, node);
    if (operation && operation->api->kind == BlockingKind::Http) {
        if (!is_client_method(operation->name)) return;
        Finding finding = report_operation(context, *operation);
        if (context.tree.is(node, Kind::Call) && names_verb(context, node)) finding.shape(kVerb);
    } else if (context.wants(kBeyond)) {
        check_beyond(context, node);
    }
}

} // namespace

Rule rule_blocking_http_method() {
    return {
        {.name = "blocking-http-method",
         .category = Category::Blocking,
         .severity = Severity::Error,
         .review = ReviewSeverity::Critical,
         .fix = FixAvailability::Sometimes,
         .aliases = {"ASYNC212", "ASYNC211", "S7499"},
         .shapes = {{{"ASYNC212"}},
                    {{"ASYNC211", "ASYNC212"}},
                    {.codes = {"ASYNC212"},
                     .beyond =
                         "any other method of urllib3's pools, and `close()` of httpx clients"}},
         .summary = "A request by a method of a blocking HTTP client, such as "
                    "`requests.Session`, on the event loop.",
         .doc = kDoc},
        blocking_kinds(),
        check};
}

} // namespace awaitls::analysis
