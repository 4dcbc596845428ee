// A client session or pool that is made anew for each item or request.

#include "analysis/knowledge/knowledge.h"
#include "analysis/rules/rule.h"

#include <algorithm>
#include <array>
#include <optional>

namespace awaitls::analysis {

namespace {

constexpr std::string_view kDoc =
    R"(A client session is a pool of connections. Made once and shared, it keeps connections open
and answers the next request over one of them. Made for each request, it resolves the host, connects
and negotiates TLS every time, and its limits hold for one request instead of for all. The same goes
for database pools and engines.

The rule reports a session that is created in the body of a loop over items, in a comprehension, in
a nested function that is called so, and in a request handler of a web application. It is silent
about retry loops (`while`, `range()`), sessions that are configured from the loop's own variables,
sessions that are stored, and tests.

## Bad

```python
import asyncio

import aiohttp


async def sizes(urls: list[str]) -> list[int]:
    found = []
    for url in urls:
        async with aiohttp.ClientSession() as session:  # error: session-per-call
            async with session.get(url) as response:
                found.append(len(await response.read()))
    return found


asyncio.run(sizes(["https://example.org/"]))
```

## Good

```python
import asyncio

import aiohttp


async def sizes(urls: list[str]) -> list[int]:
    found = []
    async with aiohttp.ClientSession() as session:
        for url in urls:
            async with session.get(url) as response:
                found.append(len(await response.read()))
    return found


asyncio.run(sizes(["https://example.org/"]))
```

## When not to follow it

A handler that is called once a day, or a client that must not share cookies with the next, may well
have a session of its own.
)";

bool is_comprehension(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
           kind == Kind::Generator;
}

/// The session is entered, or held by a local variable: it ends with this call and is not stored
/// for others.
bool is_short_lived(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    NodeId value = call;
    NodeId up = tree.parent(value);
    if (tree.is(up, Kind::Await)) {
        value = up;
        up = tree.parent(up);
    }
    if (tree.is(up, Kind::WithItem)) return tree.role(value) == Role::Value;
    if (!tree.is(up, Kind::Assign) && !tree.is(up, Kind::AnnAssign)) return false;
    const NodeId target = tree.child(up, Role::Target);
    if (!tree.is(target, Kind::Name) || !model.is_local(target)) return false;
    // Handed out of the function, it may be kept.
    for (const NodeId use : model.uses_of_local(target)) {
        const NodeId user = tree.parent(use);
        if (tree[use].has(node_flag::kStore)) continue;
        const bool entered = tree.is(user, Kind::WithItem) && tree.role(use) == Role::Value;
        const bool method = tree.is(user, Kind::Attribute) && tree.role(use) == Role::Object;
        if (!entered && !method) return false;
    }
    return true;
}

/// Some argument is made from a local variable, or from one that is assigned inside the loop where
/// there is one: each turn needs its own session.
bool depends_on_variables(const Model& model, NodeId call, NodeId loop) {
    const Tree& tree = model.tree();
    for (NodeId node = call + 1; node < tree[call].next; ++node) {
        if (tree.kind(node) != Kind::Name || !model.is_local(node)) continue;
        if (!model.name_of(node).empty()) continue; // a local import
        if (loop == kNoNode) return true;
        for (const NodeId use : model.uses_of_local(node))
            if (tree[use].has(node_flag::kStore) && tree.within(use, loop)) return true;
    }
    return false;
}

/// The name that a branch is for one value of: `if name == "a":`; empty for other branches.
std::string_view name_of_one_value(const Tree& tree, NodeId branch) {
    const NodeId test = tree.child(branch, Role::Test);
    if (!tree.is(test, Kind::Compare) || static_cast<Op>(tree[test].op) != Op::Eq) return {};
    const NodeId left = tree.first_child(test);
    const NodeId right = tree.next_sibling(left);
    return tree.is(left, Kind::Name) && tree.is(right, Kind::String) ? tree.text(left)
                                                                     : std::string_view{};
}

/// A loop over items whose body holds the node; retries, endless loops, and branches for one of the items do not count.
NodeId loop_around(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    std::vector<std::string_view> single; // names that have one value where the node stands
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if ((kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef) &&
            tree.role(inner) == Role::Body) {
            return kNoNode;
        }
        if (kind == Kind::While) return kNoNode;
        if ((kind == Kind::If || kind == Kind::Elif) && tree.role(inner) == Role::Body) {
            const std::string_view name = name_of_one_value(tree, outer);
            if (!name.empty()) single.push_back(name);
        }
        const bool loop = kind == Kind::For && tree.role(inner) == Role::Body;
        const bool comprehension = is_comprehension(kind) && tree.role(inner) == Role::Element;
        if (!loop && !comprehension) continue;
        const NodeId owner = loop ? outer : tree.child(outer, Kind::CompFor);
        const NodeId iterable = owner == kNoNode ? kNoNode : tree.child(owner, Role::Iter);
        if (iterable == kNoNode) return kNoNode;
        const NodeId item = tree.child(owner, Role::Target);
        if (item != kNoNode &&
            std::find(single.begin(), single.end(), tree.text(item)) != single.end())
            return kNoNode;
        if (!tree.is(iterable, Kind::Call)) return outer;
        const std::string_view name = model.target(iterable).name;
        const bool counts =
            name == "builtins.range" || name == "itertools.count" || name == "itertools.repeat";
        return counts ? kNoNode : outer;
    }
    return kNoNode;
}

/// A turn of the loop that may be the last after one success tries the same thing again.
bool leaves_loop(const Tree& tree, NodeId loop) {
    if (tree.kind(loop) != Kind::For) return false;
    const NodeId body = tree.child(loop, Role::Body);
    bool leaves = false;
    search_same_function(tree, body, [&](NodeId node) {
        leaves = leaves || tree.kind(node) == Kind::Break || tree.kind(node) == Kind::Return;
        return true;
    });
    return leaves;
}

bool is_route(const Model& model, NodeId decorator) {
    constexpr std::array<std::string_view, 4> kRouters{"starlette.applications.Starlette",
                                                       "starlette.routing.Router",
                                                       "aiohttp.web.RouteTableDef", "quart.Quart"};
    constexpr std::array<std::string_view, 10> kVerbs{
        "get", "post", "put", "delete", "patch", "head", "view", "options", "websocket", "route"};
    const Tree& tree = model.tree();
    const NodeId call = tree.child(decorator, Role::Value);
    const NodeId callee = tree.is(call, Kind::Call) ? tree.child(call, Role::Callee) : kNoNode;
    if (!tree.is(callee, Kind::Attribute)) return false;
    const std::string_view verb = identifier(tree, callee, Role::Attr);
    if (std::find(kVerbs.begin(), kVerbs.end(), verb) == kVerbs.end()) return false;
    const Type router = model.type_of(tree.child(callee, Role::Object));
    return std::any_of(kRouters.begin(), kRouters.end(),
                       [&](std::string_view name) { return model.is_instance(router, name); });
}

/// A web framework calls the function for each request: by a route decorator, or as its parameter
/// says.
bool is_request_handler(const Model& model, NodeId definition) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(definition))
        if (tree.kind(child) == Kind::Decorator && is_route(model, child)) return true;
    const NodeId parameters = tree.child(definition, Kind::Parameters);
    if (parameters == kNoNode) return false;
    for (const NodeId parameter : tree.children(parameters)) {
        const NodeId annotation = tree.child(parameter, Role::Annotation);
        if (annotation == kNoNode) continue;
        const std::string_view name = model.name_of(annotation);
        if (name == "aiohttp.web.Request" || name == "starlette.requests.Request") return true;
    }
    return false;
}

/// `asyncio.run(f())`: each run has a loop of its own, and sessions belong to one.
bool runs_loop(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId up = tree.parent(call);
    if (!tree.is(up, Kind::Call) || tree.role(call) != Role::Argument) return false;
    const std::string_view name = model.target(up).name;
    return name == "asyncio.run" || name.ends_with(".run_until_complete");
}

/// A call of the function that is made once per item.
std::optional<Model::CallSite> call_per_item(const Model& model, const FunctionDef& function) {
    for (const Model::CallSite& site : model.calls_in_loops(function)) {
        const Tree& tree = site.model->tree();
        const bool itself =
            &site.model->region() == &model.region() && tree.within(site.call, function.node);
        const NodeId loop = itself || runs_loop(*site.model, site.call)
                                ? kNoNode
                                : loop_around(*site.model, site.call);
        if (loop != kNoNode && !leaves_loop(tree, loop)) return site;
    }
    return std::nullopt;
}

bool is_test(std::string_view name) {
    return name.substr(0, 4) == "test";
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const CallTarget target = model.target(call);
    if (target.name.empty() || target.confidence != Confidence::Certain ||
        !is_shared_session(target.name))
        return;
    const FunctionDef* const function = model.function_at(call);
    const NodeId definition = function == nullptr ? kNoNode : model.node_of(*function);
    if (definition == kNoNode || is_test(function->name) || !is_short_lived(model, call)) return;

    const std::string what = "`" + display_name(target.name) + "()` ";
    if (const NodeId loop = loop_around(model, call); loop != kNoNode) {
        if (leaves_loop(tree, loop) || depends_on_variables(model, call, loop)) return;
        context.report(call, what + "is created for every item of the loop; create it once before "
                                    "the loop and share it");
        return;
    }
    if (function->is_lambda || depends_on_variables(model, call, kNoNode)) return;
    if (is_request_handler(model, definition)) {
        context.report(
            call, what + "is created for every request; create it once at startup and share it");
        return;
    }
    if (const std::optional<Model::CallSite> user = call_per_item(model, *function)) {
        Finding finding = context.report(
            call, what + "is created by every call of `" + function->name +
                      "`, which is called for each item; create it once and share it");
        finding.related(user->model->region(), user->model->tree()[user->call].span(),
                        "called for each item here");
    }
}

} // namespace

Rule rule_session_per_call() {
    RuleInfo info;
    info.name = "session-per-call";
    info.category = Category::Context;
    info.severity = Severity::Information;
    info.review = ReviewSeverity::Minor;
    info.summary =
        "A client session or pool that is meant to be shared is created for each item or request.";
    info.doc = kDoc;
    return {info, {Kind::Call}, check};
}

} // namespace awaitls::analysis
