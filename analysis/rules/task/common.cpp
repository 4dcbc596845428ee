#include "analysis/rules/task/common.h"

#include <algorithm>

namespace awaitls::analysis::tasks {

bool is_method(const CallTarget& target, std::string_view base_class, std::string_view method) {
    // The method first: nearly all calls fail there, and the class is a walk through tables.
    if (!target.name.ends_with(method) || target.name.size() <= method.size()) return false;
    const std::size_t dot = target.name.size() - method.size() - 1;
    return target.name[dot] == '.' && inherits_from(target.name.substr(0, dot), base_class);
}

bool makes_task(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    return target.name == "asyncio.create_task" || target.name == "asyncio.ensure_future" ||
           is_method(target, "asyncio.AbstractEventLoop", "create_task");
}

bool calls(const Model& model, NodeId expression, std::string_view name) {
    return expression != kNoNode && model.tree().is(expression, Kind::Call) &&
           model.target(expression).name == name;
}

bool reads_only(std::string_view name) {
    if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos)
        name.remove_prefix(dot + 1);
    while (!name.empty() && name.front() == '_') name.remove_prefix(1);
    for (const std::string_view verb :
         {"get", "fetch", "load", "read", "find", "list", "query", "lookup", "download", "search",
          "count", "select", "retrieve"}) {
        if (!name.starts_with(verb)) continue;
        if (name.size() == verb.size() || name[verb.size()] == '_') return name != "get_or_create";
    }
    return false;
}

bool is_immutable(Type type) {
    if (type->kind == TypeKind::None || type->kind == TypeKind::Module ||
        type->kind == TypeKind::Class)
        return true;
    if (type->kind != TypeKind::Instance) return false;
    for (const std::string_view name :
         {"builtins.str", "builtins.int", "builtins.float", "builtins.bool", "builtins.bytes",
          "uuid.UUID", "datetime.datetime", "datetime.date", "decimal.Decimal"})
        if (type->name == name) return true;
    return false;
}

bool is_future(const Model& model, Type type) {
    if (type->kind == TypeKind::Awaitable) return true;
    return type->kind == TypeKind::Instance && model.is_instance(type, "asyncio.Future");
}

bool is_timeout_name(std::string_view name) {
    for (const std::string_view known :
         {"asyncio.timeout", "asyncio.timeout_at", "async_timeout.timeout",
          "async_timeout.timeout_at", "anyio.fail_after", "anyio.move_on_after",
          "anyio.CancelScope", "trio.fail_after", "trio.fail_at", "trio.move_on_after",
          "trio.move_on_at", "trio.CancelScope"})
        if (name == known) return true;
    return false;
}

bool is_timeout(const Model& model, NodeId expression) {
    return model.tree().is(expression, Kind::Call) &&
           is_timeout_name(model.target(expression).name);
}

bool is_task_group_name(std::string_view name) {
    return name == "asyncio.TaskGroup" || name == "anyio.create_task_group" ||
           name == "trio.open_nursery";
}

bool is_task_group(const Model& model, NodeId expression) {
    return model.tree().is(expression, Kind::Call) &&
           is_task_group_name(model.target(expression).name);
}

bool in_timeout(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const NodeId function = function_around(tree, node);
    NodeId inner = node;
    for (NodeId up = tree.parent(node); up != kNoNode && up != function;
         inner = up, up = tree.parent(up)) {
        if (!tree.is(up, Kind::With) || tree[inner].role != Role::Body) continue;
        for (const NodeId item : tree.children(up)) {
            const NodeId value =
                tree.is(item, Kind::WithItem) ? tree.child(item, Role::Value) : kNoNode;
            if (value == kNoNode) continue;
            const NodeId callee = tree.child(value, Role::Callee);
            const std::string_view text = tree.text(callee == kNoNode ? value : callee);
            if (is_timeout(model, value) || text.find("timeout") != std::string_view::npos ||
                text.find("deadline") != std::string_view::npos)
                return true;
        }
    }
    return false;
}

NodeId sleep_delay(const Tree& tree, NodeId call) {
    bool starred = false;
    const int count = positional_count(tree, call, starred);
    const std::vector<NodeId> values = argument_values(tree, call);
    if (starred || count > 1 || values.empty()) return kNoNode;
    return count == 1 || values.size() == 1 ? values.front() : kNoNode;
}

bool catches_cancellation(const Model& model, NodeId exception) {
    const Tree& tree = model.tree();
    if (tree.is(exception, Kind::Tuple)) {
        for (const NodeId element : tree.children(exception))
            if (catches_cancellation(model, element)) return true;
        return false;
    }
    if (tree.is(exception, Kind::Call))
        return calls(model, exception, "anyio.get_cancelled_exc_class") &&
               argument_values(tree, exception).empty();
    return model.catches(exception, "asyncio.CancelledError") ||
           model.catches(exception, "trio.Cancelled");
}

NodeId assigned_name(const Tree& tree, NodeId expression) {
    const NodeId parent = tree.parent(expression);
    if (tree[expression].role != Role::Value || parent == kNoNode) return kNoNode;
    if (tree.kind(parent) != Kind::Assign && tree.kind(parent) != Kind::AnnAssign) return kNoNode;
    if (tree[parent].role != Role::Statement) return kNoNode;
    const NodeId target = tree.child(parent, Role::Target);
    return tree.is(target, Kind::Name) ? target : kNoNode;
}

bool is_unread_local(const Model& model, NodeId name) {
    if (!model.is_local(name)) return false;
    const std::vector<NodeId> uses = model.uses_of_local(name);
    if (uses.empty()) return false;
    for (const NodeId use : uses) {
        const Node& node = model.tree()[use];
        if (!node.has(node_flag::kStore) && !node.has(node_flag::kDel)) return false;
        if (model.tree().is(node.parent, Kind::AugAssign)) return false;
    }
    return true;
}

bool mentions(const Tree& tree, NodeId subtree, std::string_view name) {
    for (NodeId node = subtree; node < tree[subtree].next; ++node)
        if (tree.kind(node) == Kind::Name && tree.text(node) == name) return true;
    return false;
}

NodeId function_around(const Tree& tree, NodeId node) {
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode; child = up, up = tree.parent(up)) {
        const bool function = tree.kind(up) == Kind::FunctionDef || tree.kind(up) == Kind::Lambda;
        if (function && tree[child].role == Role::Body) return up;
    }
    return 0;
}

bool is_decorated(const Model& model, NodeId function) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(function)) {
        if (!tree.is(child, Kind::Decorator)) continue;
        const NodeId value = tree.child(child, Role::Value);
        const std::string_view name = value == kNoNode ? std::string_view{} : model.name_of(value);
        if (name != "typing.no_type_check" && name != "typing.final" &&
            name != "typing_extensions.final")
            return true;
    }
    return false;
}

NodeId loop_around(const Tree& tree, NodeId node) {
    NodeId child = node;
    for (NodeId up = tree.parent(node); up != kNoNode; child = up, up = tree.parent(up)) {
        const Kind kind = tree.kind(up);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef)
            return kNoNode;
        const bool loop = kind == Kind::For || kind == Kind::While;
        if (loop && tree[child].role == Role::Body) return up;
    }
    return kNoNode;
}

std::vector<NodeId> statements(const Tree& tree, NodeId block) {
    std::vector<NodeId> result;
    if (block == kNoNode) return result;
    for (const NodeId child : tree.children(block))
        if (tree[child].role == Role::Statement) result.push_back(child);
    return result;
}

namespace {

/// The iterable behind a loop variable: `tasks` for `task` in `for task in tasks`, or kNoNode. Copies
/// (`list(tasks)`) and views (`tasks.values()`) count as what they are made of.
NodeId iterated(const Tree& tree, NodeId function, std::string_view variable) {
    for (NodeId node = function; node < tree[function].next; ++node) {
        if (tree.kind(node) != Kind::For && tree.kind(node) != Kind::CompFor) continue;
        const NodeId target = tree.child(node, Role::Target);
        if (target == kNoNode || !mentions(tree, target, variable)) continue;
        NodeId iterable = tree.child(node, Role::Iter);
        while (tree.is(iterable, Kind::Call)) {
            const NodeId callee = tree.child(iterable, Role::Callee);
            const NodeId first = argument(tree, iterable, 0, {});
            if (tree.is(callee, Kind::Attribute))
                iterable = tree.child(callee, Role::Object);
            else if (first != kNoNode)
                iterable = first;
            else
                break;
        }
        return iterable;
    }
    return kNoNode;
}

/// The expression, or one in its subtree, reads the same thing as `text` says.
bool reads(const Tree& tree, NodeId subtree, std::string_view text) {
    for (NodeId node = subtree; node < tree[subtree].next; ++node) {
        const Kind kind = tree.kind(node);
        const bool reference =
            kind == Kind::Name || kind == Kind::Attribute || kind == Kind::Subscript;
        if (reference && tree.text(node) == text) return true;
    }
    return false;
}

/// What is awaited, with loop variables also as what they run over.
bool awaits_text(const Tree& tree, NodeId function, NodeId awaited, std::string_view text) {
    if (reads(tree, awaited, text)) return true;
    for (NodeId node = awaited; node < tree[awaited].next; ++node) {
        if (tree.kind(node) != Kind::Name) continue;
        const NodeId iterable = iterated(tree, function, tree.text(node));
        if (iterable != kNoNode && reads(tree, iterable, text)) return true;
    }
    return false;
}

/// `task` in `await task`, `await asyncio.wait_for(asyncio.shield(task), 1)`: a Name or Attribute, or kNoNode.
NodeId awaited_thing(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    while (tree.is(expression, Kind::Call)) {
        if (!calls(model, expression, "asyncio.wait_for") &&
            !calls(model, expression, "asyncio.shield"))
            return kNoNode;
        expression = argument(tree, expression, 0, {});
    }
    if (tree.is(expression, Kind::Name))
        if (const NodeId held = model.value_of_local(expression); tree.is(held, Kind::Attribute))
            return held;
    return tree.is(expression, Kind::Name) || tree.is(expression, Kind::Attribute) ? expression
                                                                                   : kNoNode;
}

/// `x.cancel()` of the Name or Attribute, or of the local variable that it is assigned to.
bool is_cancelled(const Tree& tree, NodeId mention) {
    const NodeId parent = tree.parent(mention);
    if (tree.is(parent, Kind::Attribute) && identifier(tree, parent, Role::Attr) == "cancel")
        return tree.is(tree.parent(parent), Kind::Call) && tree.role(parent) == Role::Callee;
    const NodeId name = assigned_name(tree, mention);
    if (name == kNoNode) return false;
    const NodeId function = function_around(tree, name);
    for (NodeId node = function; node < tree[function].next; ++node)
        if (tree.is(node, Kind::Name) && tree.text(node) == tree.text(name) &&
            tree.is(tree.parent(node), Kind::Attribute) && is_cancelled(tree, node))
            return true;
    return false;
}

/// All that the block waits for are things that the file cancels somewhere: attributes and variables of the module anywhere,
/// others in the same function.
bool waits_for_cancelled(const Model& model, NodeId block, NodeId function,
                         const std::vector<NodeId>& awaited) {
    const Tree& tree = model.tree();
    if (awaited.empty()) return false;
    bool only_awaits = true;
    search_same_function(tree, block, [&](NodeId inner) {
        const Kind kind = tree.kind(inner);
        const bool suspends = kind == Kind::For || kind == Kind::With || kind == Kind::CompFor;
        // `async with asyncio.timeout(1)` around the wait suspends nowhere.
        if (suspends && tree[inner].is_async() &&
            !(kind == Kind::With &&
              is_timeout(model, tree.child(tree.first_child(inner), Role::Value))))
            only_awaits = false;
        return only_awaits;
    });
    if (!only_awaits) return false;
    for (const NodeId expression : awaited) {
        const NodeId thing = awaited_thing(model, expression);
        if (thing == kNoNode) return false;
        const NodeId name = tree.is(thing, Kind::Attribute) ? tree.child(thing, Role::Attr) : thing;
        bool cancelled = false;
        if (tree.is(thing, Kind::Name) && model.is_local(thing)) {
            for (NodeId node = function; node < tree[function].next && !cancelled; ++node)
                cancelled = tree.is(node, Kind::Name) && tree.text(node) == tree.text(thing) &&
                            is_cancelled(tree, node);
        } else {
            for (const Model::CallSite& mention : model.mentions(name)) {
                cancelled = is_cancelled(mention.model->tree(), mention.call);
                if (cancelled) break;
            }
        }
        if (!cancelled) return false;
    }
    return true;
}

} // namespace

bool follows_cancel(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const NodeId function = function_around(tree, node);
    std::vector<NodeId> awaited;
    search_same_function(tree, node, [&](NodeId inner) {
        if (tree.kind(inner) == Kind::Await) awaited.push_back(tree.child(inner, Role::Value));
        return true;
    });
    std::erase(awaited, kNoNode);
    for (NodeId call = function; call < tree[node].next; ++call) {
        if (tree.kind(call) != Kind::Call) continue;
        const NodeId callee = tree.child(call, Role::Callee);
        if (!tree.is(callee, Kind::Attribute) || identifier(tree, callee, Role::Attr) != "cancel")
            continue;
        const NodeId object = tree.child(callee, Role::Object);
        if (object == kNoNode) continue;
        const NodeId iterable =
            tree.is(object, Kind::Name) ? iterated(tree, function, tree.text(object)) : kNoNode;
        for (const NodeId expression : awaited) {
            if (awaits_text(tree, function, expression, tree.text(object))) return true;
            if (iterable != kNoNode && awaits_text(tree, function, expression, tree.text(iterable)))
                return true;
        }
    }
    return waits_for_cancelled(model, node, function, awaited);
}

std::string line_break(const Tree& tree) {
    const std::string_view text = tree.text();
    const std::size_t at = text.find_first_of("\r\n");
    if (at == std::string_view::npos || text[at] == '\n') return "\n";
    return at + 1 < text.size() && text[at + 1] == '\n' ? "\r\n" : "\r";
}

std::uint32_t line_begin(const Tree& tree, std::uint32_t offset) {
    const std::string_view text = tree.text();
    while (offset > 0 && text[offset - 1] != '\n' && text[offset - 1] != '\r') --offset;
    return offset;
}

std::uint32_t line_end(const Tree& tree, std::uint32_t offset) {
    const std::string_view text = tree.text();
    while (offset < text.size() && text[offset] != '\n' && text[offset] != '\r') ++offset;
    return offset;
}

std::uint32_t next_line(const Tree& tree, std::uint32_t offset) {
    const std::string_view text = tree.text();
    std::uint32_t end = line_end(tree, offset);
    if (end < text.size() && text[end] == '\r') ++end;
    if (end < text.size() && text[end] == '\n' &&
        (text[end - 1] == '\r' || end == line_end(tree, offset)))
        ++end;
    return end;
}

bool has_own_lines(const Tree& tree, NodeId statement) {
    const std::string_view text = tree.text();
    const Span span = tree[statement].span();
    for (std::uint32_t at = line_begin(tree, span.begin); at < span.begin; ++at)
        if (text[at] != ' ' && text[at] != '\t' && text[at] != '\f') return false;
    for (std::uint32_t at = span.end; at < line_end(tree, span.end); ++at) {
        if (text[at] == '#') return true;
        if (text[at] != ' ' && text[at] != '\t' && text[at] != '\f') return false;
    }
    return true;
}

std::string indentation(const Tree& tree, NodeId statement) {
    const std::uint32_t begin = line_begin(tree, tree[statement].begin);
    return std::string(tree.text().substr(begin, tree[statement].begin - begin));
}

Span code_span(const Tree& tree, NodeId statement) {
    Span span{tree[statement].begin, tree[statement].begin};
    for (NodeId node = statement; node < tree[statement].next; ++node) {
        bool holds_block = tree.is(node, Kind::Block);
        for (const NodeId child : tree.children(node)) {
            const NodeId block =
                tree.is(child, Kind::Block) ? child : tree.child(child, Kind::Block);
            holds_block = holds_block || block != kNoNode;
        }
        if (!holds_block) span.end = std::max(span.end, tree[node].end);
    }
    return span;
}

bool has_comment(const Tree& tree, Span span) {
    return std::any_of(tree.comments().begin(), tree.comments().end(),
                       [&](const Comment& comment) { return comment.span.overlaps(span); });
}

} // namespace awaitls::analysis::tasks
