#include "analysis/rules/blocking/common.h"

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"md(A socket waits unless it was told not to: `connect()` waits for the peer's answer, `recv()` for
data, `accept()` for a client. On the event loop such a wait stops every task.

Not reported: sockets that the same function makes non-blocking (`setblocking(False)`,
`settimeout(0)`) or hands to `loop.sock_recv()` and its relatives, and sending on datagram
sockets. A socket that comes from elsewhere may have been made non-blocking there; it is reported
only under `strictness = "likely"`.

## Bad

```python
import asyncio
import socket


async def banner(host):
    with socket.socket() as sock:
        sock.connect((host, 22))  # error: blocking-socket
        return sock.recv(100)  # error: blocking-socket


asyncio.run(banner("localhost"))
```

## Good

```python
import asyncio
import socket


async def banner(host):
    loop = asyncio.get_running_loop()
    with socket.socket() as sock:
        sock.setblocking(False)
        async with asyncio.timeout(5):
            await loop.sock_connect(sock, (host, 22))
            return await loop.sock_recv(sock, 100)


asyncio.run(banner("localhost"))
```

Streams (`asyncio.open_connection`) are simpler still.

## When not to follow it

When the data is known to be there, for example after the loop reported the socket as readable.
)md";

void check(RuleContext& context, NodeId node) {
    report_blocking(context, node, BlockingKind::Socket);
}

} // namespace

Rule rule_blocking_socket() {
    return {{.name = "blocking-socket",
             .category = Category::Blocking,
             .severity = Severity::Error,
             .review = ReviewSeverity::Critical,
             .summary =
                 "A blocking socket operation, such as `recv()` or `connect()`, on the event loop.",
             .doc = kDoc},
            blocking_kinds(),
            check};
}

} // namespace awaitls::analysis
