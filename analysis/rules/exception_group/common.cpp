#include "analysis/rules/exception_group/common.h"

namespace awaitls::analysis::groups {

bool is_group_class(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    if (expression == kNoNode) return false;
    const NodeId named =
        tree.is(expression, Kind::Subscript) ? tree.child(expression, Role::Object) : expression;
    if (named == kNoNode) return false;
    const std::string_view name = model.name_of(named);
    return name == "builtins.ExceptionGroup" || name == "builtins.BaseExceptionGroup" ||
           name == "exceptiongroup.ExceptionGroup" || name == "exceptiongroup.BaseExceptionGroup";
}

bool names_group_class(const Model& model, NodeId expression) {
    const Tree& tree = model.tree();
    if (!tree.is(expression, Kind::Tuple)) return is_group_class(model, expression);
    for (const NodeId element : tree.children(expression))
        if (names_group_class(model, element)) return true;
    return false;
}

std::vector<NodeId> uses_in_handler(const Tree& tree, NodeId handler) {
    std::vector<NodeId> uses;
    const NodeId target = tree.child(handler, Role::Target);
    const NodeId body = tree.child(handler, Role::Body);
    if (!tree.is(target, Kind::Name) || body == kNoNode) return uses;
    const std::string_view name = tree.text(target);
    bool bound = false;
    search_same_function(tree, body, [&](NodeId node) {
        if (bound) return false;
        if (tree.is(node, Kind::Except)) {
            const NodeId inner = tree.child(node, Role::Target);
            return inner == kNoNode || tree.text(inner) != name;
        }
        if (!tree.is(node, Kind::Name) || tree.text(node) != name) return true;
        bound = tree[node].has(node_flag::kStore) || tree[node].has(node_flag::kDel);
        if (!bound) uses.push_back(node);
        return true;
    });
    return uses;
}

} // namespace awaitls::analysis::groups
