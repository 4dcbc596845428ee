#include "analysis/rules/task/startable.h"

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"
#include "analysis/semantic/region.h"

#include <algorithm>

namespace awaitls::analysis::tasks {

namespace {

bool is_status_class(const Model& model, NodeId annotation) {
    const Tree& tree = model.tree();
    if (tree.is(annotation, Kind::Subscript)) annotation = tree.child(annotation, Role::Object);
    const std::string_view name =
        annotation == kNoNode ? std::string_view{} : model.name_of(annotation);
    return name == "trio.TaskStatus" || name == "anyio.abc.TaskStatus";
}

} // namespace

std::vector<NodeId> status_parameters(const Tree& tree, NodeId definition, const Model* model) {
    std::vector<NodeId> result;
    const NodeId parameters = tree.child(definition, Kind::Parameters);
    if (parameters == kNoNode) return result;
    for (const NodeId parameter : tree.children(parameters)) {
        if (!tree.is(parameter, Kind::Parameter)) continue;
        const auto form = static_cast<ParameterForm>(tree[parameter].op);
        if (form == ParameterForm::VarArgs || form == ParameterForm::VarKeywords) continue;
        const NodeId annotation = tree.child(parameter, Role::Annotation);
        const bool named =
            form != ParameterForm::PositionalOnly && identifier(tree, parameter) == "task_status";
        const bool annotated =
            model != nullptr && annotation != kNoNode && is_status_class(*model, annotation);
        if (named || annotated) result.push_back(parameter);
    }
    return result;
}

bool is_startable(const RuleContext& context, NodeId function) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (calls(model, function, "functools.partial")) function = argument(tree, function, 0, {});
    if (function == kNoNode || tree.is(function, Kind::Call)) return false;
    if (is_in_option(context, function, "startable-in-context-manager")) return true;
    const Type type = model.type_of(function);
    if (type->kind != TypeKind::Function) return false;
    if (type->function != nullptr)
        return !type->function->is_lambda &&
               !status_parameters(type->function->region->tree, type->function->node, nullptr)
                    .empty();
    for (const std::string_view known :
         {"trio.run_process", "trio.serve_listeners", "trio.serve_ssl_over_tcp", "trio.serve_tcp",
          "trio.DTLSEndpoint.serve"})
        if (type->name == known) return true;
    return false;
}

} // namespace awaitls::analysis::tasks
