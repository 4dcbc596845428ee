// As many connections, files or processes at once as the input has items.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(`gather(*[fetch(url) for url in urls])` starts everything at once. With ten items that is what was meant; with ten thousand it opens
ten thousand sockets, files or processes, hits the limit of open files, makes the peer refuse connections, and lets
requests time out that only waited in line.

The rule reports coroutines that are started for every item of an iterable of unknown size (a parameter, or something that was awaited,
such as the result of a query), by `gather`, `create_task`, or `start_soon`, when it sees that each of them opens a connection,
a file, or a process, and nothing in the function looks like a limit: no semaphore, limiter, pool, batches or workers.

## Bad

```python
import asyncio


async def ping_all(hosts: list[str]) -> int:
    async def ping(host: str) -> bool:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, 80)
        writer.close()
        return True

    return sum(await asyncio.gather(*(ping(host) for host in hosts)))  # error: unbounded-concurrency
```

## Good

```python
import asyncio


async def ping_all(hosts: list[str]) -> int:
    semaphore = asyncio.Semaphore(20)

    async def ping(host: str) -> bool:
        async with semaphore, asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, 80)
        writer.close()
        return True

    return sum(await asyncio.gather(*(ping(host) for host in hosts)))
```

## Fix

None. An `asyncio.Semaphore` around the body of the coroutine is the smallest change. A fixed number of workers that read from an
`asyncio.Queue` also keeps memory bounded.

## When not to follow it

When the size is bounded by something that the rule cannot see. Connection pools of HTTP clients bound the sockets, but not the number of
tasks, and waiting for a free connection counts against the request's timeout.
)";

/// Calling the library coroutine of this name takes a socket, file or process.
bool takes_resource(std::string_view name) {
    if (name.empty()) return false;
    for (const std::string_view known :
         {"asyncio.open_connection", "asyncio.open_unix_connection",
          "asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "aiofiles.open",
          "anyio.open_file", "anyio.connect_tcp", "anyio.open_process", "anyio.run_process",
          "trio.open_file", "trio.open_tcp_stream", "trio.run_process", "websockets.connect",
          "asyncpg.connect", "aiomysql.connect", "aiosqlite.connect", "asyncssh.connect"})
        if (name == known) return true;
    const std::size_t dot = name.rfind('.');
    const std::string_view owner = dot == std::string_view::npos ? name : name.substr(0, dot);
    const std::string_view method = name.substr(dot + 1);
    const bool client = owner == "aiohttp.ClientSession" || owner == "httpx.AsyncClient";
    for (const std::string_view request : {"get", "post", "put", "patch", "delete", "head",
                                           "options", "request", "stream", "ws_connect"})
        if (client && method == request) return true;
    return false;
}

/// Running the async function takes a socket, file or process, and nothing on the way waits for a turn.
bool body_takes_resource(const Model& model, const FunctionDef* function) {
    if (function == nullptr || !function->is_async) return false;
    const std::vector<std::string>& reached = model.reaches(*function);
    const bool limited = std::any_of(reached.begin(), reached.end(), [](const std::string& name) {
        return name.find("Semaphore") != std::string::npos ||
               name.find("Limiter") != std::string::npos;
    });
    return !limited && std::any_of(reached.begin(), reached.end(), takes_resource);
}

/// The coroutine that the call makes takes a socket, file or process.
bool child_takes_resource(const Model& model, NodeId child) {
    if (!model.tree().is(child, Kind::Call)) { // start_soon is given the function itself
        const Type type = model.type_of(child);
        return takes_resource(model.name_of(child)) ||
               (type->kind == TypeKind::Function && body_takes_resource(model, type->function));
    }
    const CallTarget target = model.target(child);
    return takes_resource(target.name) || body_takes_resource(model, target.function);
}

/// The number of items is neither written down nor chosen by this function.
bool has_unknown_size(const Model& model, NodeId iterable, int depth) {
    const Tree& tree = model.tree();
    if (iterable == kNoNode || depth > 4) return false;
    switch (tree.kind(iterable)) {
    case Kind::Await: return true;
    case Kind::Name: {
        if (!model.is_local(iterable)) return false;
        for (const NodeId use : model.uses_of_local(iterable)) {
            if (!tree[use].has(node_flag::kStore)) continue;
            const NodeId value = model.value_of_local(iterable);
            return value != kNoNode && value != iterable &&
                   has_unknown_size(model, value, depth + 1);
        }
        return true; // a parameter
    }
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::Generator: {
        const NodeId clause = tree.child(iterable, Kind::CompFor);
        return clause != kNoNode &&
               has_unknown_size(model, tree.child(clause, Role::Iter), depth + 1);
    }
    case Kind::Call: {
        const std::string_view name = model.target(iterable).name;
        for (const std::string_view wrapper :
             {"builtins.enumerate", "builtins.sorted", "builtins.list", "builtins.set",
              "builtins.tuple", "builtins.reversed", "builtins.zip"})
            if (name == wrapper)
                return has_unknown_size(model, argument(tree, iterable, 0, {}), depth + 1);
        const NodeId callee = tree.child(iterable, Role::Callee);
        if (!tree.is(callee, Kind::Attribute)) return false;
        const std::string_view method = identifier(tree, callee, Role::Attr);
        const bool view =
            method == "items" || method == "values" || method == "keys" || method == "copy";
        return view && has_unknown_size(model, tree.child(callee, Role::Object), depth + 1);
    }
    default: return false;
    }
}

/// Something in the function speaks of a limit.
bool has_limit(const Tree& tree, NodeId function) {
    for (NodeId node = function; node < tree[function].next; ++node) {
        if (!tree.is(node, Kind::Name) && !tree.is(node, Kind::Identifier)) continue;
        std::string text(tree.text(node));
        std::transform(text.begin(), text.end(), text.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
        });
        for (const std::string_view word : {"sem", "limit", "throttl", "pool", "batch", "chunk",
                                            "worker", "concurren", "bucket", "slots", "parallel"})
            if (text.find(word) != std::string::npos) return true;
    }
    return false;
}

NodeId outermost_function(const Tree& tree, NodeId node) {
    NodeId function = function_around(tree, node);
    while (function != 0) {
        const NodeId outer = function_around(tree, function);
        if (outer == 0) break;
        function = outer;
    }
    return function;
}

/// The comprehension or `for` loop that makes one child for each item.
NodeId iterable_of(const Tree& tree, NodeId spawn) {
    NodeId inner = spawn;
    const NodeId function = function_around(tree, spawn);
    for (NodeId up = tree.parent(spawn); up != kNoNode && up != function;
         inner = up, up = tree.parent(up)) {
        switch (tree.kind(up)) {
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::Generator: {
            const NodeId clause = tree.child(up, Kind::CompFor);
            if (tree[inner].role != Role::Element || clause == kNoNode || tree[clause].is_async())
                return kNoNode;
            return tree.child(clause, Role::Iter);
        }
        case Kind::For:
            if (tree[inner].role != Role::Body || tree[up].is_async()) return kNoNode;
            // A loop that waits in between does not start everything at once.
            return has_suspension_point(tree, tree.child(up, Role::Body))
                       ? kNoNode
                       : tree.child(up, Role::Iter);
        case Kind::While:
        case Kind::Await: return kNoNode;
        default: break;
        }
    }
    return kNoNode;
}

void report(RuleContext& context, NodeId spawn, NodeId child, NodeId iterable) {
    if (!has_unknown_size(context.model, iterable, 0) ||
        !child_takes_resource(context.model, child))
        return;
    if (has_limit(context.tree, outermost_function(context.tree, spawn))) return;
    const std::string name =
        context.tree.is(child, Kind::Call) ? callee_text(context.tree, child) : context.text(child);
    context.report(spawn, "this runs `" + name + "()` for every item of `" +
                              context.text(iterable).substr(0, 40) +
                              "` at once, each with a connection, file or process; limit them with "
                              "`asyncio.Semaphore`");
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const CallTarget target = model.target(call);
    if (target.name == "asyncio.gather") {
        for (const NodeId starred : tree.children(call)) {
            if (!tree.is(starred, Kind::Starred)) continue;
            NodeId values = tree.child(starred, Role::Value);
            if (tree.is(values, Kind::Name)) values = model.value_of_local(values);
            if (values == kNoNode) continue;
            if (!tree.is(values, Kind::ListComp) && !tree.is(values, Kind::Generator) &&
                !tree.is(values, Kind::SetComp))
                continue;
            const NodeId element = tree.child(values, Role::Element);
            const NodeId clause = tree.child(values, Kind::CompFor);
            if (element == kNoNode || clause == kNoNode || tree[clause].is_async()) continue;
            report(context, call, element, tree.child(clause, Role::Iter));
        }
        return;
    }
    const bool grouped = is_method(target, "asyncio.TaskGroup", "create_task") ||
                         is_method(target, "anyio.abc.TaskGroup", "start_soon") ||
                         is_method(target, "trio.Nursery", "start_soon");
    if (!grouped && !makes_task(model, call)) return;
    const NodeId child = argument(tree, call, 0, "coro");
    const NodeId iterable = child == kNoNode ? kNoNode : iterable_of(tree, call);
    if (iterable != kNoNode) report(context, call, child, iterable);
}

} // namespace

Rule rule_unbounded_concurrency() {
    return {{.name = "unbounded-concurrency",
             .category = Category::Concurrency,
             .severity = Severity::Information,
             .review = ReviewSeverity::Minor,
             .aliases = {},
             .summary = "Coroutines that take sockets, files or processes are started for every "
                        "item of an unbounded input at once.",
             .options = {},
             .doc = kDoc},
            {Kind::Call},
            check};
}

} // namespace awaitls::analysis
