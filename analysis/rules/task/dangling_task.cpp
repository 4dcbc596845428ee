// A task that nothing refers to.

#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(The event loop keeps only a weak reference to a task. A task that nobody else refers to can be collected by
the garbage collector in the middle of its work: it then stops at its current `await`, without an error and without a trace
in the log. An exception of such a task has no reader either.

This rule reports tasks made by `asyncio.create_task`, `asyncio.ensure_future` and `create_task` of an event loop (also of
`self.loop`, where its type is known) that are the value of a statement or a condition, are assigned to a local variable that is never read
(`_ = ...` too), are put only in a local list or set that is never read, are overwritten by each round of a `for` loop and read only
after it, or are made by a lambda that the event loop calls.

Tasks of a `TaskGroup` or nursery are kept by the group and never reported, nor is a task that never waits for anything, beyond
`asyncio.sleep(0)`: the loop itself holds it until it ends.

## Bad

```python
import asyncio


async def heartbeat(interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        print("alive")


async def serve() -> None:
    asyncio.create_task(heartbeat(5.0))  # error: dangling-task
    server = await asyncio.start_server(lambda reader, writer: writer.close(), port=8080)
    await server.serve_forever()


asyncio.run(serve())
```

## Good

```python
import asyncio


async def heartbeat(interval: float) -> None:
    while True:
        await asyncio.sleep(interval)
        print("alive")


async def serve() -> None:
    beat = asyncio.create_task(heartbeat(5.0))
    server = await asyncio.start_server(lambda reader, writer: writer.close(), port=8080)
    try:
        await server.serve_forever()
    finally:
        beat.cancel()


asyncio.run(serve())
```

## Fix

The fix keeps the task in a set until it is done, in the form that the asyncio documentation recommends:

```python
import asyncio

_handle_tasks = set()


async def handle(job: str) -> None:
    task = asyncio.create_task(asyncio.sleep(1, job))
    _handle_tasks.add(task)
    task.add_done_callback(_handle_tasks.discard)
```

A callback that the statement adds (`create_task(..).add_done_callback(report)`) is added on a line of its own then. The set is a new name directly above the function, or an attribute of the class above the method. One attribute such as
`self._task = ...` would be shorter, but a second call would overwrite it and drop the first task. The fix is safe: it only adds
references. It is offered for statements and plain assignments that have a line of their own.

## When not to follow it

Where the task ends before its function does, a local variable is enough to keep it alive. Awaiting the task, or opening a
`TaskGroup`, says so to the reader.

## Differences

ruff's RUF006 and flake8-async's ASYNC300 do not see loops kept in attributes, local containers that die, and
`create_task(..).add_done_callback(..)` as a statement, and ASYNC300 no variables that are never read no other name that `create_task`
was given, and no import within a function. ASYNC300 also reports awaited tasks and annotated assignments, which this rule does not, and tasks in a generator expression
that nothing iterates over, which are never made, and `with create_task(..)`, which fails: who selects `ASYNC300` gets these two.
)";

enum class Loss : std::uint8_t { None, Statement, Local, Container, Loop, Lambda };

struct Dropped {
    Loss loss = Loss::None;
    NodeId place = kNoNode; // the statement that loses the task
    NodeId name = kNoNode;  // Local, Container, Loop: the variable
    bool direct =
        false; // the statement is the call, or its assignment to the variable, and nothing else
    bool chained = false; // Statement: a method of the task is called, and nothing else is done
};

/// The Name is a local container that starts empty and is only added to.
bool is_unread_container(const Model& model, NodeId name) {
    const Tree& tree = model.tree();
    if (!model.is_local(name)) return false;
    bool made = false;
    for (const NodeId use : model.uses_of_local(name)) {
        if (tree[use].has(node_flag::kStore)) {
            const NodeId statement = tree.parent(use);
            const bool assigned =
                (tree.is(statement, Kind::Assign) || tree.is(statement, Kind::AnnAssign)) &&
                tree[use].role == Role::Target;
            const NodeId value = assigned ? tree.child(statement, Role::Value) : kNoNode;
            if (value == kNoNode) return false;
            const bool empty_list =
                tree.is(value, Kind::List) && tree.first_child(value) == kNoNode;
            const bool empty_call =
                (calls(model, value, "builtins.set") || calls(model, value, "builtins.list")) &&
                argument_values(tree, value).empty();
            if (!empty_list && !empty_call) return false;
            made = true;
            continue;
        }
        const NodeId attribute = tree.parent(use);
        if (!tree.is(attribute, Kind::Attribute)) return false;
        const std::string_view method = identifier(tree, attribute, Role::Attr);
        const NodeId call = tree.parent(attribute);
        const bool added = (method == "append" || method == "add") && tree.is(call, Kind::Call) &&
                           tree[attribute].role == Role::Callee &&
                           tree.is(tree.parent(call), Kind::ExprStmt);
        if (!added) return false;
    }
    return made;
}

/// Every round of a `for` loop overwrites the variable, and only what stands behind the loop reads it.
bool is_lost_in_loop(const Model& model, NodeId name) {
    const Tree& tree = model.tree();
    const NodeId loop = loop_around(tree, name);
    if (loop == kNoNode || !tree.is(loop, Kind::For) || !model.is_local(name)) return false;
    const NodeId body = tree.child(loop, Role::Body);
    const Exits exits = exits_of(tree, body);
    if (exits.breaks || exits.returns || exits.raises) return false;
    // Under a condition it may be meant for one of the rounds.
    if (tree.parent(tree.statement(name)) != body) return false;
    bool read = false;
    for (const NodeId use : model.uses_of_local(name)) {
        const Node& node = tree[use];
        if (node.has(node_flag::kStore)) {
            if (use != name && tree.within(use, loop)) return false;
            continue;
        }
        if (node.has(node_flag::kDel)) continue;
        if (use < tree[loop].next || function_around(tree, use) != function_around(tree, name))
            return false;
        read = true;
    }
    return read && loop_around(tree, loop) == kNoNode;
}

/// What is known of a variable that holds the task.
Dropped held_by(const Model& model, NodeId name, NodeId place, bool direct) {
    if (is_unread_local(model, name)) return {Loss::Local, place, name, direct};
    if (direct && is_lost_in_loop(model, name)) return {Loss::Loop, place, name, false};
    return {};
}

/// What becomes of the value of an expression that is the task or holds it.
Dropped lost(const Model& model, NodeId expression, bool direct) {
    const Tree& tree = model.tree();
    const NodeId parent = tree.parent(expression);
    if (parent == kNoNode) return {};
    const Role role = tree[expression].role;
    switch (tree.kind(parent)) {
    case Kind::ExprStmt: return {Loss::Statement, parent, kNoNode, direct};
    case Kind::Assign:
    case Kind::AnnAssign: {
        const NodeId name = role == Role::Value ? assigned_name(tree, expression) : kNoNode;
        return name == kNoNode ? Dropped{} : held_by(model, name, parent, direct);
    }
    case Kind::NamedExpr: {
        if (role != Role::Value || !tree.is(tree.parent(parent), Kind::ExprStmt)) return {};
        const NodeId name = tree.child(parent, Role::Target);
        return name == kNoNode ? Dropped{} : held_by(model, name, tree.parent(parent), false);
    }
    case Kind::Not: // a task is true, and that is all that is asked here
    case Kind::If:
    case Kind::Elif:
    case Kind::While:
    case Kind::CompIf: return {Loss::Statement, parent, kNoNode, false};
    case Kind::Conditional:
        return role == Role::Test ? Dropped{Loss::Statement, parent, kNoNode, false}
                                  : lost(model, parent, false);
    case Kind::BoolOp: return role == Role::Right ? lost(model, parent, false) : Dropped{};
    case Kind::ListComp:
    case Kind::SetComp: return role == Role::Element ? lost(model, parent, false) : Dropped{};
    case Kind::List:
    case Kind::Set:
    case Kind::Tuple:
        return tree[parent].has(node_flag::kStore) ? Dropped{} : lost(model, parent, false);
    case Kind::Attribute: {
        // `create_task(..).add_done_callback(..)`: the task refers to the callback, not the other way round.
        const std::string_view method = identifier(tree, parent, Role::Attr);
        const NodeId call = tree.parent(parent);
        const bool chained = (method == "add_done_callback" || method == "set_name") &&
                             tree.is(call, Kind::Call) && tree[parent].role == Role::Callee &&
                             tree.is(tree.parent(call), Kind::ExprStmt);
        if (!chained) return {};
        return {Loss::Statement, tree.parent(call), kNoNode, false, direct};
    }
    case Kind::Call: {
        const NodeId callee = tree.child(parent, Role::Callee);
        if (role != Role::Argument || !tree.is(callee, Kind::Attribute)) return {};
        const std::string_view method = identifier(tree, callee, Role::Attr);
        const NodeId object = tree.child(callee, Role::Object);
        const bool added = (method == "append" || method == "add") && tree.is(object, Kind::Name) &&
                           tree.is(tree.parent(parent), Kind::ExprStmt) &&
                           is_unread_container(model, object);
        return added ? Dropped{Loss::Container, tree.parent(parent), object, false} : Dropped{};
    }
    case Kind::Lambda: {
        NodeId callback = parent;
        if (role != Role::Body) return {};
        std::string_view keyword;
        if (tree.is(tree.parent(callback), Kind::Keyword)) {
            callback = tree.parent(callback);
            keyword = identifier(tree, callback);
        }
        const NodeId call = tree.parent(callback);
        if (!tree.is(call, Kind::Call) || tree[callback].role != Role::Argument) return {};
        const Runner* const runner = find_runner(model.target(call).name);
        if (runner == nullptr || runner->where != RunsOn::Loop) return {};
        return argument(tree, call, runner->position, runner->keyword) == parent
                   ? Dropped{Loss::Lambda, parent, kNoNode, false}
                   : Dropped{};
    }
    default: return {};
    }
}

/// ensure_future gives a future back as it is, so somebody else may hold it.
bool may_wrap_future(const Model& model, NodeId call) {
    if (model.target(call).name != "asyncio.ensure_future") return false;
    const NodeId value = argument(model.tree(), call, 0, "coro_or_future");
    if (value == kNoNode) return true;
    const Type type = model.type_of(value);
    if (Model::must_be_awaited(type)) return false;
    return is_future(model, type) || !model.tree().is(value, Kind::Call);
}

/// The coroutine gives way to others at most by `asyncio.sleep(0)`: until it ends, the loop has it in the queue of what is
/// ready.
bool stays_ready(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId coroutine = argument(tree, call, 0, "coro");
    if (!tree.is(coroutine, Kind::Call)) return false;
    const FunctionDef* const function = model.target(coroutine).function;
    if (function == nullptr || !function->is_async) return false;
    const std::optional<std::vector<Model::CallSite>> points = model.suspension_points(*function);
    return points && std::all_of(points->begin(), points->end(), [](const Model::CallSite& point) {
               const Tree& there = point.model->tree();
               if (!there.is(point.call, Kind::Await)) return false;
               const NodeId awaited = there.child(point.call, Role::Value);
               if (!there.is(awaited, Kind::Call) || !calls(*point.model, awaited, "asyncio.sleep"))
                   return false;
               const NodeId delay = argument(there, awaited, 0, "delay");
               return delay != kNoNode && number_value(there, delay) == 0.0;
           });
}

/// Where the set of a fix lives, and how code at the task names it.
struct Keeper {
    std::string definition; // the new name, or empty when the region uses it already
    std::uint32_t at = 0;   // where its line goes
    std::string indent;
    std::string reference;
};

bool keeper(const Model& model, NodeId call, Keeper& result) {
    const Tree& tree = model.tree();
    NodeId outermost = kNoNode;
    for (NodeId up = tree.parent(call); up != kNoNode; up = tree.parent(up)) {
        if (tree.kind(up) == Kind::FunctionDef) outermost = up;
        if (tree.kind(up) == Kind::ClassDef && outermost != kNoNode)
            return false; // a class within a function
    }
    if (outermost == kNoNode || tree.parent(outermost) != 0) return false;
    const NodeId body = tree.child(outermost, Role::Body);
    const FunctionDef* const function = body == kNoNode ? nullptr : model.function_at(body);
    if (function == nullptr || function->is_nested || model.node_of(*function) != outermost)
        return false;

    // `__aenter__` gives `_aenter_tasks`.
    std::string name = function->name;
    while (!name.empty() && name.front() == '_') name.erase(0, 1);
    while (!name.empty() && name.back() == '_') name.pop_back();
    const std::string set = "_" + (name.empty() ? name : name + "_") + "tasks";
    result.indent = indentation(tree, outermost);
    result.at = line_begin(tree, tree[outermost].begin);
    if (function->class_id < 0) {
        if (!result.indent.empty()) return false;
        bool needs_import = false;
        const bool used = mentions(tree, outermost, set);
        if (!used && model.module_name(set, call, needs_import).empty())
            return false; // it means something else
        if (!used && !needs_import) return false;
        result.reference = set;
        if (!used) result.definition = set;
        return true;
    }

    // A method: the set is an attribute of the class.
    for (const NodeId child : tree.children(outermost)) {
        if (tree.kind(child) != Kind::Decorator) continue;
        if (model.name_of(tree.child(child, Role::Value)) == "builtins.staticmethod") return false;
    }
    const NodeId parameters = tree.child(outermost, Kind::Parameters);
    const NodeId self = parameters == kNoNode ? kNoNode : tree.child(parameters, Kind::Parameter);
    if (self == kNoNode) return false;
    const std::string receiver(identifier(tree, self));
    if (receiver != "self" && receiver != "cls") return false;
    result.reference = receiver + "." + set;
    bool used = false;
    for (NodeId node = outermost; node < tree[outermost].next; ++node)
        used = used || (tree.kind(node) == Kind::Attribute && tree.text(node) == result.reference);
    if (!used) result.definition = set;
    return true;
}

void offer_to_keep(const RuleContext& context, Finding& finding, NodeId call,
                   const Dropped& dropped) {
    const Tree& tree = context.tree;
    const bool statement = dropped.loss == Loss::Statement;
    if ((!dropped.direct && !dropped.chained) || (!statement && dropped.loss != Loss::Local))
        return;
    if (!has_own_lines(tree, dropped.place)) return;
    if (statement && tree[call].begin != tree[dropped.place].begin) return; // parentheses
    Keeper kept;
    if (!keeper(context.model, call, kept)) return;

    const NodeId root = function_around(tree, call);
    std::string variable =
        statement || tree.text(dropped.name) == "_" ? "task" : std::string(tree.text(dropped.name));
    if (statement || tree.text(dropped.name) == "_") {
        while (mentions(tree, 0, variable))
            variable = variable == "task" ? "background_task" : variable + "_";
    }
    if (!statement && context.model.uses_of_local(dropped.name).size() != 1) return;
    if (tree.is(root, Kind::Lambda)) return;

    const std::string end = line_break(tree);
    const std::string indent = indentation(tree, dropped.place);
    std::vector<Edit> edits;
    if (!kept.definition.empty()) {
        const std::string gap = kept.indent.empty() ? end + end : end;
        edits.push_back(
            {{kept.at, kept.at}, kept.indent + kept.definition + " = set()" + end + gap});
    }
    if (statement) {
        edits.push_back({{tree[call].begin, tree[call].begin}, variable + " = "});
    } else if (variable != tree.text(dropped.name)) {
        edits.push_back({tree[dropped.name].span(), variable});
    }
    std::string kept_lines = end + indent + kept.reference + ".add(" + variable + ")" + end +
                             indent + variable + ".add_done_callback(" + kept.reference +
                             ".discard)";
    std::uint32_t behind = line_end(tree, tree[dropped.place].end);
    if (dropped.chained) {
        // The method stands behind, on a line of its own.
        behind = tree[call].end;
        if (behind >= tree.text().size() || tree.text()[behind] != '.') return;
        kept_lines += end + indent + variable;
    }
    edits.push_back({{behind, behind}, std::move(kept_lines)});
    finding.fix("Keep the task in `" + kept.reference + "` until it is done", Applicability::Safe,
                std::move(edits));
}

std::string message(const Tree& tree, NodeId call, const Dropped& dropped) {
    const std::string made = "the task that `" + callee_text(tree, call) + "()` makes ";
    const std::string name =
        dropped.name == kNoNode ? "" : "`" + std::string(tree.text(dropped.name)) + "`";
    switch (dropped.loss) {
    case Loss::Local:
        return made + "is referenced only by " + name +
               ", which is never read, and can be collected before it ends; keep it where it lives "
               "long enough";
    case Loss::Container:
        return made + "is referenced only by the local " + name +
               ", which is never read, and can be collected before it ends; keep it where it lives "
               "long enough";
    case Loss::Loop:
        return made + "is overwritten in the next round of the loop, so all but the last can be "
                      "collected before they end; "
                      "keep them in a list";
    case Loss::Lambda:
        return made + "is returned to the event loop, which drops it, and can be collected before "
                      "it ends; keep a reference";
    default:
        return made +
               "is referenced by nothing and can be collected before it ends; keep a reference";
    }
}

/// RuleInfo::shapes. kVariable: a variable that is never read holds the task, or the function that makes it.
enum Part : std::size_t { kUnnamed, kVariable, kBeyond };

/// `(create_task(..) for ..)` as a statement, `with create_task(..)`: no task is left, or none is made.
bool is_misplaced(const Tree& tree, NodeId call) {
    const NodeId up = tree.parent(call);
    return (tree.is(up, Kind::Generator) && tree.role(call) == Role::Element &&
            tree.is(tree.parent(up), Kind::ExprStmt)) ||
           tree.is(up, Kind::WithItem);
}

void check(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    if (!makes_task(model, call) || may_wrap_future(model, call)) return;
    const Dropped dropped = lost(model, call, true);
    if (dropped.loss == Loss::None && context.wants(kBeyond) && is_misplaced(context.tree, call))
        context
            .report(call, "the result of `" + callee_text(context.tree, call) + "()` is not kept")
            .shape(kBeyond);
    if (dropped.loss == Loss::None || stays_ready(model, call)) return;
    Finding finding = context.report(call, message(context.tree, call, dropped));
    const NodeId callee = context.tree.child(call, Role::Callee);
    const bool renamed = context.tree.is(callee, Kind::Name) && model.is_local(callee) &&
                         model.value_of_local(callee) != kNoNode;
    if (dropped.loss == Loss::Local || renamed) finding.shape(kVariable);
    offer_to_keep(context, finding, call, dropped);
}

} // namespace

Rule rule_dangling_task() {
    return {
        {.name = "dangling-task",
         .category = Category::Task,
         .severity = Severity::Warning,
         .fix = FixAvailability::Sometimes,
         .aliases = {"RUF006", "ASYNC300", "S7502", "unused-awaitable"},
         .shapes =
             {{{"ASYNC300"}},
              {},
              {.codes = {"ASYNC300"},
               .beyond =
                   "a generator expression of tasks as a statement, and `with create_task(..)`"}},
         .summary =
             "The result of `create_task` or `ensure_future` is not kept, so the task can vanish.",
         .options = {},
         .doc = kDoc},
        {Kind::Call},
        check};
}

} // namespace awaitls::analysis
