// Awaits that follow each other although none needs the other's result.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(Two awaited reads in a row take the sum of their times. When the second does not need the result of the first, they can run
concurrently and take the time of the slower one.

This is only a hint, given where it is plain that the awaits are independent: assignments to different local variables in
adjacent lines, calls of functions (not of methods of a shared object) whose names say that they only read (`get_..`, `fetch_..`,
`load_..`, ...), no result used in a later call, no mutable object passed to two of them, and no `async with` around that may be a
transaction or lock.

## Bad

```python
import asyncio


async def fetch_user(number: int) -> str:
    await asyncio.sleep(0.1)
    return f"user {number}"


async def fetch_orders(number: int) -> list[str]:
    await asyncio.sleep(0.1)
    return [f"order of {number}"]


async def page(number: int) -> str:
    user = await fetch_user(number)  # error: sequential-independent-awaits
    orders = await fetch_orders(number)
    return f"{user}: {orders}"
```

## Good

```python
import asyncio


async def fetch_user(number: int) -> str:
    await asyncio.sleep(0.1)
    return f"user {number}"


async def fetch_orders(number: int) -> list[str]:
    await asyncio.sleep(0.1)
    return [f"order of {number}"]


async def page(number: int) -> str:
    user, orders = await asyncio.gather(fetch_user(number), fetch_orders(number))
    return f"{user}: {orders}"
```

## Fix

Editors offer to rewrite the statements with `asyncio.gather()`, and from Python 3.11 on with a `TaskGroup`. `--fix` does neither:
a failure of one call then meets the other one while it runs, and whether that is wanted is a decision. A `TaskGroup` cancels the
other call and raises an exception group; `gather` lets it run on.

## When not to follow it

When the order matters: a rate limit, a cache that the first call fills, a first call that decides whether the second may run.
)";

struct Read {
    NodeId name;    // the variable
    NodeId awaited; // the Await
    NodeId call;
};

/// `name = await read(..)` of a function that is known.
bool is_read(const Model& model, NodeId statement, Read& read) {
    const Tree& tree = model.tree();
    if (!tree.is(statement, Kind::Assign)) return false;
    read.name = tree.child(statement, Role::Target);
    read.awaited = tree.child(statement, Role::Value);
    if (!tree.is(read.name, Kind::Name) || !tree.is(read.awaited, Kind::Await) ||
        !model.is_local(read.name))
        return false;
    read.call = tree.child(read.awaited, Role::Value);
    if (!tree.is(read.call, Kind::Call)) return false;
    const CallTarget target = model.target(read.call);
    if (target.confidence != Confidence::Certain || target.receiver != nullptr ||
        target.cls != nullptr)
        return false;
    if (target.function != nullptr && target.function->class_id >= 0) return false;
    if (model.type_of(read.call)->kind != TypeKind::Coroutine) return false;
    const std::string_view name =
        target.function != nullptr ? std::string_view(target.function->name) : target.name;
    if (!reads_only(name)) return false;
    for (const NodeId value : argument_values(tree, read.call))
        for (NodeId node = value; node < tree[value].next; ++node) {
            const Kind kind = tree.kind(node);
            if (kind == Kind::Await || kind == Kind::Yield || kind == Kind::YieldFrom ||
                kind == Kind::NamedExpr || kind == Kind::Call)
                return false;
        }
    return true;
}

bool are_independent(const Model& model, const Read& first, const Read& second) {
    const Tree& tree = model.tree();
    if (tree.text(first.name) == tree.text(second.name)) return false;
    if (mentions(tree, second.call, tree.text(first.name)) ||
        mentions(tree, first.call, tree.text(second.name)))
        return false;
    for (const NodeId value : argument_values(tree, second.call))
        for (NodeId node = value; node < tree[value].next; ++node) {
            if (!tree.is(node, Kind::Name)) continue;
            for (const NodeId other : argument_values(tree, first.call))
                if (mentions(tree, other, tree.text(node)) && !is_immutable(model.type_of(node)))
                    return false;
        }
    return true;
}

/// `name = await call`, in one piece on lines of its own.
bool is_plain(const Tree& tree, const Read& read) {
    const NodeId statement = tree.parent(read.awaited);
    const Span head{tree[statement].begin, tree[read.call].begin};
    return has_own_lines(tree, statement) && !has_comment(tree, head) &&
           tree.text().substr(head.begin, head.size()).find_first_of("(\r\n\\") ==
               std::string_view::npos &&
           code_span(tree, statement).end == tree[read.call].end;
}

std::string unused_name(const Tree& tree, std::string name) {
    while (mentions(tree, 0, name)) name += '_';
    return name;
}

/// Moves the lines behind the first one of a span to the right, but for those within strings.
void indent_lines(const Tree& tree, Span span, std::vector<Edit>& edits) {
    for (std::uint32_t at = next_line(tree, span.begin); at < span.end; at = next_line(tree, at)) {
        if (line_end(tree, at) == at) continue;
        bool in_string = false;
        for (NodeId node = 0; node < tree.size() && !in_string; ++node)
            in_string = tree.is(node, Kind::String) && tree[node].begin < at && at < tree[node].end;
        if (!in_string) edits.push_back({{at, at}, "    "});
    }
}

void offer_gather(const Tree& tree, const std::string& module, const std::vector<Read>& run,
                  std::vector<std::string> imports, Finding& finding) {
    constexpr std::size_t kMaxLine = 88;
    const NodeId first = tree.parent(run.front().awaited);
    const NodeId last = tree.parent(run.back().awaited);
    const std::string indent = indentation(tree, first);
    std::string head;
    for (const Read& read : run)
        head += (head.empty() ? "" : ", ") + std::string(tree.text(read.name));
    head += " = await " + module + ".gather(";
    std::string line = head;
    for (const Read& read : run)
        line += (read.call == run.front().call ? "" : ", ") + std::string(tree.text(read.call));
    line += ')';
    const Span whole{tree[first].begin, tree[run.back().call].end};
    std::vector<Edit> edits;
    if (indent.size() + line.size() <= kMaxLine &&
        line.find_first_of("\r\n") == std::string::npos &&
        !has_comment(tree, {whole.begin, tree[last].begin})) {
        edits.push_back({whole, line});
    } else {
        const std::string end = line_break(tree);
        for (const Read& read : run) {
            const NodeId statement = tree.parent(read.awaited);
            edits.push_back({{tree[statement].begin, tree[read.call].begin},
                             statement == first ? head + end + indent + "    " : ""});
            edits.push_back({{tree[read.call].end, tree[read.call].end}, ","});
        }
        indent_lines(tree, {tree[first].begin, tree[last].end}, edits);
        const std::uint32_t behind = line_end(tree, tree[last].end);
        edits.push_back({{behind, behind}, end + indent + ")"});
    }
    finding.fix("Run them together with `" + module + ".gather()`", Applicability::Rewrite,
                std::move(edits), std::move(imports));
}

void offer_task_group(const Tree& tree, const std::string& module, const std::vector<Read>& run,
                      std::vector<std::string> imports, Finding& finding) {
    const NodeId first = tree.parent(run.front().awaited);
    const NodeId last = tree.parent(run.back().awaited);
    const std::string indent = indentation(tree, first);
    const std::string end = line_break(tree);
    const std::string group = unused_name(tree, "group");
    std::vector<Edit> edits;
    std::string results;
    for (const Read& read : run) {
        const NodeId statement = tree.parent(read.awaited);
        const std::string name(tree.text(read.name));
        const std::string task = unused_name(tree, name + "_task");
        std::string head = task + " = " + group + ".create_task(";
        if (statement == first)
            head = "async with " + module + ".TaskGroup() as " + group + ":" + end + indent +
                   "    " + head;
        edits.push_back({{tree[statement].begin, tree[read.call].begin}, std::move(head)});
        edits.push_back({{tree[read.call].end, tree[read.call].end}, ")"});
        results += end + indent + name + " = " + task + ".result()";
    }
    indent_lines(tree, {tree[first].begin, tree[last].end}, edits);
    const std::uint32_t behind = line_end(tree, tree[last].end);
    edits.push_back({{behind, behind}, std::move(results)});
    finding.fix("Run them together in a `TaskGroup`", Applicability::Rewrite, std::move(edits),
                std::move(imports));
}

void offer_rewrites(const RuleContext& context, const std::vector<Read>& run, Finding& finding) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (model.library() != AsyncLibrary::Asyncio ||
        !std::all_of(run.begin(), run.end(),
                     [&](const Read& read) { return is_plain(tree, read); }))
        return;
    bool needs_import = false;
    const std::string module = model.module_name("asyncio", run.front().call, needs_import);
    if (module.empty()) return;
    std::vector<std::string> imports;
    if (needs_import) imports.emplace_back("asyncio");
    offer_gather(tree, module, run, imports, finding);
    if (context.target_at_least(3, 11)) offer_task_group(tree, module, run, imports, finding);
}

bool in_async_with(const Tree& tree, NodeId node) {
    const NodeId function = function_around(tree, node);
    for (NodeId up = tree.parent(node); up != kNoNode && up != function; up = tree.parent(up))
        if (tree.is(up, Kind::With) && tree[up].is_async()) return true;
    return false;
}

void check(RuleContext& context, NodeId block) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (!model.in_async(block) || in_async_with(tree, block)) return;
    std::vector<Read> run;
    const auto finish = [&] {
        if (run.size() > 1) {
            std::string others;
            for (std::size_t i = 1; i < run.size(); ++i)
                others += (i == 1 ? "`" : ", `") + callee_text(tree, run[i].call) + "()`";
            Finding finding = context.report(
                run[0].awaited,
                "`" + callee_text(tree, run[0].call) + "()` and " + others +
                    " do not need each other's results; run them together with `asyncio.gather()`");
            for (std::size_t i = 1; i < run.size(); ++i)
                finding.related(tree[run[i].awaited].span(), "independent of the await before");
            offer_rewrites(context, run, finding);
        }
        run.clear();
    };
    for (const NodeId statement : tree.children(block)) {
        if (tree.role(statement) != Role::Statement) continue;
        Read read{};
        if (!is_read(model, statement, read)) {
            finish();
            continue;
        }
        const bool independent = std::all_of(run.begin(), run.end(), [&](const Read& earlier) {
            return are_independent(model, earlier, read);
        });
        if (!independent) finish();
        run.push_back(read);
    }
    finish();
}

} // namespace

Rule rule_sequential_independent_awaits() {
    return {
        {.name = "sequential-independent-awaits",
         .category = Category::Concurrency,
         .severity = Severity::Hint,
         .review = ReviewSeverity::Minor,
         .fix = FixAvailability::Sometimes,
         .aliases = {},
         .summary = "Awaited reads that do not need each other's results run one after the other.",
         .options = {},
         .doc = kDoc},
        {Kind::Block},
        check};
}

} // namespace awaitls::analysis
