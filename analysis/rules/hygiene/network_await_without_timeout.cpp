// Waiting for a network peer without a limit.

#include "analysis/rules/task/common.h"

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(Some operations wait for a peer for as long as the peer likes: a connection to a host that drops packets, a read from a client that
went away without closing. The operating system may notice after minutes or never. The task hangs, holds its connection,
its locks and its memory, and nothing shows in the log.

This rule hints at awaited operations that have no limit by default, where neither an argument nor a block around them in the same
function sets one. A caller may do so, which is why this is only a hint.

## Bad

```python
import asyncio


async def greet(host: str) -> bytes:
    reader, writer = await asyncio.open_connection(host, 7)  # error: network-await-without-timeout
    writer.write(b"hello")
    await writer.drain()
    async with asyncio.timeout(10):
        reply = await reader.read(100)
    writer.close()
    return reply


asyncio.run(greet("localhost"))
```

## Good

```python
import asyncio


async def greet(host: str) -> bytes:
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(host, 7)
        writer.write(b"hello")
        await writer.drain()
        reply = await reader.read(100)
    writer.close()
    return reply


asyncio.run(greet("localhost"))
```

## Fix

None: the limit is a decision. Put the exchange into `async with asyncio.timeout(seconds)` (Python 3.11; `asyncio.wait_for` before),
`anyio.fail_after` or `trio.fail_after`.

## When not to follow it

A server that listens to a client until it hangs up waits on purpose. So does a consumer of a message queue.
)";

/// The output of a child process ends with it.
bool reads_process(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId callee = tree.child(call, Role::Callee);
    NodeId stream = tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
    if (tree.is(stream, Kind::Name))
        if (const NodeId held = model.value_of_local(stream); held != kNoNode) stream = held;
    if (tree.is(stream, Kind::Name)) return tree.text(stream).find("std") != std::string_view::npos;
    if (!tree.is(stream, Kind::Attribute)) return false;
    const std::string_view name = identifier(tree, stream, Role::Attr);
    return name == "stdout" || name == "stderr";
}

/// The limit is the first argument of a websocket's receive methods of aiohttp.
bool has_limit_in_place(const Tree& tree, NodeId call, std::string_view name) {
    return name.starts_with("aiohttp.") && name.find(".receive") != std::string_view::npos &&
           argument(tree, call, 0, {}) != kNoNode;
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!is_awaited(tree, call)) return;
    const CallTarget target = model.target(call);
    if (target.name.empty() || !waits_for_network_forever(target.name)) return;
    if (reads_process(model, call) || has_limit_in_place(tree, call, target.name)) return;
    for (const NodeId child : tree.children(call)) {
        if (tree.is(child, Kind::DoubleStarred)) return;
        if (!tree.is(child, Kind::Keyword)) continue;
        if (identifier(tree, child).find("timeout") != std::string_view::npos) return;
    }
    if (in_timeout(model, call)) return;
    const char* const form = model.library() == AsyncLibrary::Trio    ? "trio.fail_after()"
                             : model.library() == AsyncLibrary::Anyio ? "anyio.fail_after()"
                             : context.target_at_least(3, 11)         ? "asyncio.timeout()"
                                                                      : "asyncio.wait_for()";
    context.report(call, "`" + callee_text(tree, call) +
                             "()` waits for its peer without a limit; set one with `" + form + "`");
}

} // namespace

Rule rule_network_await_without_timeout() {
    return {{.name = "network-await-without-timeout",
             .category = Category::Hygiene,
             .severity = Severity::Hint,
             .review = ReviewSeverity::Minor,
             .aliases = {},
             .summary = "A network operation that can wait forever is awaited without a timeout.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
