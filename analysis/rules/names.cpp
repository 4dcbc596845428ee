#include "analysis/rules/names.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

bool matches_one(std::string_view pattern, std::size_t& at, char c) {
    if (pattern[at] == '?') {
        ++at;
        return true;
    }
    if (pattern[at] == '[') {
        std::size_t from = at + 1;
        const bool negated = from < pattern.size() && pattern[from] == '!';
        if (negated) ++from;
        // A bracket that comes first is one of the set.
        const std::size_t close = pattern.find(']', std::min(from + 1, pattern.size()));
        if (close != std::string_view::npos) {
            bool found = false;
            for (std::size_t i = from; i < close; ++i) {
                if (i + 2 < close && pattern[i + 1] == '-') {
                    found = found || (pattern[i] <= c && c <= pattern[i + 2]);
                    i += 2;
                } else {
                    found = found || pattern[i] == c;
                }
            }
            at = close + 1;
            return found != negated;
        }
    }
    return pattern[at++] == c;
}

} // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
    std::size_t p = 0;
    std::size_t t = 0;
    std::size_t star = std::string_view::npos;
    std::size_t resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = ++p;
            resume = t;
            continue;
        }
        std::size_t next = p;
        if (p < pattern.size() && matches_one(pattern, next, text[t])) {
            p = next;
            ++t;
            continue;
        }
        if (star == std::string_view::npos) return false;
        p = star;
        t = ++resume;
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool is_in_option(const RuleContext& context, NodeId expression, std::string_view option) {
    const std::vector<std::string>& patterns = context.option(option);
    if (patterns.empty() || expression == kNoNode) return false;
    const std::string written = dotted_name(context.tree, expression);
    const std::string_view names[] = {written, context.model.name_of(expression)};
    return std::any_of(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
        while (pattern.starts_with('@')) pattern.remove_prefix(1);
        return std::any_of(std::begin(names), std::end(names), [&](std::string_view name) {
            return !name.empty() && matches_pattern(pattern, name);
        });
    });
}

std::string dotted_name(const Tree& tree, NodeId node) {
    std::string text;
    while (tree.is(node, Kind::Attribute)) {
        text.insert(0, "." + std::string(identifier(tree, node, Role::Attr)));
        node = tree.child(node, Role::Object);
    }
    if (!tree.is(node, Kind::Name)) return {};
    return std::string(tree.text(node)) + text;
}

bool names_cleanup(std::string_view name) {
    while (name.starts_with('_')) name.remove_prefix(1);
    for (const std::string_view before : {"async_", "force_"})
        if (name.starts_with(before)) name.remove_prefix(before.size());
    std::size_t end = 0;
    while (end < name.size() && name[end] >= 'a' && name[end] <= 'z') ++end;
    const std::string_view word = name.substr(0, end);
    for (const std::string_view known :
         {"cancel",    "chdir",  "clean",      "cleanup",  "close",      "delete",
          "destroy",   "detach", "disconnect", "dispose",  "kill",       "release",
          "remove",    "reset",  "restore",    "rmdir",    "rmtree",     "rollback",
          "shutdown",  "stop",   "tear",       "teardown", "terminate",  "undo",
          "uninstall", "unlink", "unlock",     "unpatch",  "unregister", "unsubscribe"})
        if (word == known || (word.starts_with('a') && word.substr(1) == known)) // `aclose`
            return true;
    return false;
}

std::string_view called_name(const Tree& tree, NodeId call) {
    const NodeId callee = tree.child(call, Role::Callee);
    if (tree.is(callee, Kind::Attribute)) return identifier(tree, callee, Role::Attr);
    return tree.is(callee, Kind::Name) ? tree.text(callee) : std::string_view{};
}

std::vector<NodeId> decorators(const Tree& tree, NodeId definition) {
    std::vector<NodeId> result;
    for (const NodeId child : tree.children(definition)) {
        if (!tree.is(child, Kind::Decorator)) continue;
        NodeId value = tree.child(child, Role::Value);
        if (tree.is(value, Kind::Call)) value = tree.child(value, Role::Callee);
        if (value != kNoNode) result.push_back(value);
    }
    return result;
}

bool has_decorator(const Model& model, NodeId definition,
                   std::initializer_list<std::string_view> names) {
    for (const NodeId decorator : decorators(model.tree(), definition))
        if (std::find(names.begin(), names.end(), model.name_of(decorator)) != names.end())
            return true;
    return false;
}

bool has_decorator_called(const Model& model, NodeId definition, std::string_view name) {
    const Tree& tree = model.tree();
    for (const NodeId decorator : decorators(tree, definition)) {
        const std::string_view written = tree.is(decorator, Kind::Attribute)
                                             ? identifier(tree, decorator, Role::Attr)
                                             : tree.text(decorator);
        std::string_view meant = model.name_of(decorator);
        if (const std::size_t dot = meant.rfind('.'); dot != std::string_view::npos)
            meant.remove_prefix(dot + 1);
        if (written == name || meant == name) return true;
    }
    return false;
}

bool is_transformed_generator(const RuleContext& context, NodeId definition) {
    for (const std::string_view name :
         {"contextmanager", "asynccontextmanager", "fixture", "as_safe_channel"})
        if (has_decorator_called(context.model, definition, name)) return true;
    const std::vector<NodeId> all = decorators(context.tree, definition);
    return std::any_of(all.begin(), all.end(), [&](NodeId decorator) {
        return is_in_option(context, decorator, "transform-async-generator-decorators");
    });
}

} // namespace awaitls::analysis
