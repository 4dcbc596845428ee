#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(`smtplib`, `ftplib`, `paramiko`, `boto3`, `socket.getaddrinfo()` and many SDKs wait for a server
in the thread of the event loop. A name server that does not answer is enough to stop every task
for half a minute.

## Bad

```python
import asyncio
import smtplib


async def notify(message):
    with smtplib.SMTP("localhost") as server:  # error: blocking-network
        server.send_message(message)  # error: blocking-network


asyncio.run(notify(None))
```

## Good

```python
import asyncio
import smtplib


def send(message):
    with smtplib.SMTP("localhost") as server:
        server.send_message(message)


async def notify(message):
    await asyncio.to_thread(send, message)


asyncio.run(notify(None))
```

## Fix

The call is handed to a thread. The fix is unsafe: clients are often not safe to use from several
threads. Where the library has an async twin, that is the better change.

## When not to follow it

In a script that runs one coroutine and nothing else.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Network);
}

} // namespace

Rule rule_blocking_network() {
    return {{.name = "blocking-network",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .fix = FixAvailability::Sometimes,
             .summary = "A blocking call of a network library (mail, SSH, DNS, message brokers, "
                        "SDKs) on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
