#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`ssl.create_default_context()` and the `load_..` methods of `ssl.SSLContext` read certificate files
and parse them: the bundle of a Linux system takes tens of milliseconds, on a small machine
hundreds. Made anew for each connection, that is a pause of all other tasks each time.

Certificates given as text (`cadata=`) are not read from files and not reported.

## Bad

```python
import asyncio
import ssl


async def connect(host):
    context = ssl.create_default_context()  # error: blocking-tls-certs
    async with asyncio.timeout(10):
        return await asyncio.open_connection(host, 443, ssl=context)


asyncio.run(connect("localhost"))
```

## Good

```python
import asyncio
import ssl

CONTEXT = ssl.create_default_context()


async def connect(host):
    async with asyncio.timeout(10):
        return await asyncio.open_connection(host, 443, ssl=CONTEXT)


asyncio.run(connect("localhost"))
```

## Fix

The call is handed to a thread. The fix is unsafe: other tasks run while it waits.

## When not to follow it

In a function that runs once, before the first connection.

## Differences

Home Assistant finds these at run time.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::TlsCerts);
}

} // namespace

Rule rule_blocking_tls_certs() {
    return {{.name = "blocking-tls-certs",
             .category = Category::Blocking,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .fix = FixAvailability::Sometimes,
             .aliases = {},
             .summary = "Loading certificates of a TLS context on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
