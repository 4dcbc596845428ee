// Waiting for a network peer without a limit.

#include "analysis/rules/task/common.h"

#include <algorithm>

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

A server that listens to a client until it hangs up waits on purpose. So does a consumer of a message queue. The rule is silent of reads in
a `while` loop, of websockets of aiohttp that are made with a `heartbeat`, and of connections to `localhost`.
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

NodeId receiver_of(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, Role::Callee);
    return tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
}

/// `while True: data = await reader.read(..)`: it waits for whatever the peer says next, until that hangs up. Not so for the rest of
/// a message, of which it is known how much is missing.
bool listens(const Tree& tree, NodeId call, std::string_view name) {
    const std::string_view method = name.substr(name.rfind('.') + 1);
    if (method == "readexactly") return false;
    if (!method.starts_with("read") && !method.starts_with("recv") &&
        !method.starts_with("receive") && !method.starts_with("sock_recv"))
        return false;
    const NodeId loop = loop_around(tree, call);
    return loop != kNoNode && tree.is(loop, Kind::While);
}

/// The call that made an object, which a local name or an attribute of the file holds; kNoNode where it is not in sight.
NodeId maker_of(const Model& model, NodeId object) {
    const Tree& tree = model.tree();
    if (tree.is(object, Kind::Name)) object = model.value_of_local(object);
    if (tree.is(object, Kind::Await)) object = tree.child(object, Role::Value);
    return tree.is(object, Kind::Call) ? object : kNoNode;
}

/// A websocket of aiohttp that is made with `heartbeat` is closed when its peer does not answer pings.
bool has_heartbeat(const Model& model, NodeId object) {
    const Tree& tree = model.tree();
    const auto beats = [](const Tree& there, NodeId made) {
        if (there.is(made, Kind::Await)) made = there.child(made, Role::Value);
        return there.is(made, Kind::Call) && keyword_argument(there, made, "heartbeat") != kNoNode;
    };
    if (tree.is(object, Kind::Name)) {
        const NodeId held = model.value_of_local(object);
        if (held == kNoNode) return false;
        if (beats(tree, held)) return true;
        object = held;
    }
    if (!tree.is(object, Kind::Attribute)) return false;
    const std::vector<Model::CallSite>& all = model.mentions(tree.child(object, Role::Attr));
    return std::any_of(all.begin(), all.end(), [&](const Model::CallSite& mention) {
        const Tree& there = mention.model->tree();
        const NodeId statement = there.parent(mention.call);
        if (there.role(mention.call) != Role::Target ||
            (!there.is(statement, Kind::Assign) && !there.is(statement, Kind::AnnAssign)))
            return false;
        const NodeId value = there.child(statement, Role::Value);
        return value != kNoNode && beats(there, value);
    });
}

/// Nobody else is asked: the reader is fed by hand, or the host is this one, whose kernel accepts or refuses at once.
bool stays_here(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId maker = maker_of(model, receiver_of(tree, call));
    if (maker != kNoNode && calls(model, maker, "asyncio.StreamReader")) return true;
    const NodeId host = argument(tree, call, 0, "host");
    const std::optional<std::string_view> name =
        host == kNoNode ? std::nullopt : string_value(tree, host);
    return name == "localhost" || name == "127.0.0.1" || name == "::1";
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
    if (in_timeout(model, call) || listens(tree, call, target.name) || stays_here(model, call))
        return;
    if (target.name.starts_with("aiohttp.") && has_heartbeat(model, receiver_of(tree, call)))
        return;
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
