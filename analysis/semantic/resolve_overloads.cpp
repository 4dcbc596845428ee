// Evaluator and RegionModel: which of a function's overloads a call means.

#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

/// A literal as two that mean the same spell it; empty where the node is none.
std::string literal_text(const Tree& tree, NodeId node) {
    if (node == kNoNode) return {};
    switch (tree.kind(node)) {
    case Kind::True:
    case Kind::False:
    case Kind::None:
    case Kind::Integer: return std::string(tree.text(node));
    case Kind::String: {
        const std::optional<std::string_view> value = string_value(tree, node);
        return value ? '"' + std::string(*value) : std::string();
    }
    default: return {};
    }
}

/// The annotation of a parameter that has a default; kNoNode where there is none.
NodeId optional_parameter(const FunctionDef& function, std::string_view name) {
    const Tree& tree = function.region->tree;
    const NodeId parameters = tree.child(function.node, Kind::Parameters);
    if (parameters == kNoNode) return kNoNode;
    for (const NodeId one : tree.children(parameters))
        if (identifier(tree, one) == name && tree.child(one, Role::Default) != kNoNode)
            return tree.child(one, Role::Annotation);
    return kNoNode;
}

bool takes_rest(const Tree& tree, NodeId parameter, ParameterForm form) {
    return static_cast<ParameterForm>(tree[parameter].op) == form;
}

} // namespace

const std::vector<const FunctionDef*>& Evaluator::overloads(const FunctionDef& function) {
    const auto known = overloads_.find(&function);
    if (known != overloads_.end()) return known->second;
    std::vector<const FunctionDef*> found;
    const Space& space = space_of(function.slot);
    const std::vector<Reference>* references = nullptr;
    if (function.class_id >= 0 && !function.is_nested) {
        const ClassEntry& entry = class_entry(function.class_id);
        const auto members = entry.members.find(function.name);
        if (members != entry.members.end()) references = &members->second;
    } else if (!function.is_nested && !function.is_lambda) {
        references = space.module->model->find_name(function.name);
    }
    if (references != nullptr && references->size() > 1)
        for (const Reference& reference : *references) {
            const std::uint32_t slot = space.first_slot + reference.slot;
            const Region& region = *slot_at(slot).region;
            if (reference.attribute ||
                region.bindings[reference.index].kind != BindingKind::Function)
                continue;
            const Type type = binding_type(slot, region.bindings[reference.index]);
            if (type->kind == TypeKind::Function && type->function != nullptr &&
                decorators(*type->function).overload)
                found.push_back(type->function);
        }
    return overloads_[&function] = std::move(found);
}

RegionModel::Fit RegionModel::fit(NodeId call, const FunctionDef& function, bool bound,
                                  const std::vector<const FunctionDef*>& all) const {
    const Tree& tree = region_.tree;
    const Tree& there = function.region->tree;
    const NodeId parameters = there.child(function.node, Kind::Parameters);
    std::vector<NodeId> positional;
    std::vector<NodeId> parameter_nodes;
    bool more_positional = false;
    bool more_keywords = false;
    if (parameters != kNoNode)
        for (const NodeId parameter : there.children(parameters)) {
            if (!there.is(parameter, Kind::Parameter)) continue;
            if (takes_rest(there, parameter, ParameterForm::VarArgs)) {
                more_positional = true;
            } else if (takes_rest(there, parameter, ParameterForm::VarKeywords)) {
                more_keywords = true;
            } else {
                parameter_nodes.push_back(parameter);
                if (!takes_rest(there, parameter, ParameterForm::KeywordOnly))
                    positional.push_back(parameter);
            }
        }
    if (bound && !positional.empty()) {
        parameter_nodes.erase(
            std::find(parameter_nodes.begin(), parameter_nodes.end(), positional.front()));
        positional.erase(positional.begin());
    }
    std::vector<std::pair<NodeId, NodeId>> given; // parameter, argument
    std::size_t next = 0;
    for (const NodeId child : tree.children(call)) {
        if (tree.role(child) != Role::Argument) continue;
        if (tree.is(child, Kind::Starred) || tree.is(child, Kind::DoubleStarred)) return Fit::Maybe;
        if (!tree.is(child, Kind::Keyword)) {
            if (next < positional.size())
                given.emplace_back(positional[next++], child);
            else if (!more_positional)
                return Fit::No;
            continue;
        }
        const std::string_view keyword = identifier(tree, child);
        const auto named =
            std::find_if(parameter_nodes.begin(), parameter_nodes.end(),
                         [&](NodeId parameter) { return identifier(there, parameter) == keyword; });
        if (named != parameter_nodes.end())
            given.emplace_back(*named, tree.child(child, Role::Value));
        else if (!more_keywords)
            return Fit::No;
    }
    Fit result = Fit::Yes;
    for (const NodeId parameter : parameter_nodes) {
        const auto argument = std::find_if(
            given.begin(), given.end(), [&](const auto& pair) { return pair.first == parameter; });
        const bool is_given = argument != given.end();
        if (!is_given && there.child(parameter, Role::Default) == kNoNode) return Fit::No;
        const Fit one =
            fit_parameter(function, parameter, is_given ? argument->second : kNoNode, all);
        if (one == Fit::No) return Fit::No;
        if (one == Fit::Maybe) result = Fit::Maybe;
    }
    return result;
}

RegionModel::Fit RegionModel::fit_parameter(const FunctionDef& function, NodeId parameter,
                                            NodeId argument,
                                            const std::vector<const FunctionDef*>& all) const {
    const Tree& there = function.region->tree;
    const NodeId annotation = there.child(parameter, Role::Annotation);
    if (annotation == kNoNode) return Fit::Yes;
    // What all overloads say of a parameter tells none from another.
    const auto says_the_same = [&](const FunctionDef* other) {
        const Tree& tree = other->region->tree;
        const NodeId parameters = tree.child(other->node, Kind::Parameters);
        if (parameters == kNoNode) return false;
        for (const NodeId one : tree.children(parameters)) {
            const NodeId says = tree.child(one, Role::Annotation);
            if (identifier(tree, one) == identifier(there, parameter))
                return says != kNoNode && tree.text(says) == there.text(annotation);
        }
        return false;
    };
    if (std::all_of(all.begin(), all.end(), says_the_same)) return Fit::Yes;
    if (argument == kNoNode) {
        // Its default is one that it admits. Where another literal is a default, too, what is left out chooses none.
        const bool is_clear = std::none_of(all.begin(), all.end(), [&](const FunctionDef* other) {
            const NodeId literal = optional_parameter(*other, identifier(there, parameter));
            const Tree& tree = other->region->tree;
            return other != &function && tree.is(literal, Kind::Subscript) &&
                   is_one_of(
                       evaluator_.model(other->slot).name_of(tree.child(literal, Role::Object)),
                       {"typing.Literal", "typing_extensions.Literal"});
        });
        return is_clear ? Fit::Yes : Fit::Maybe;
    }
    RegionModel& scope = evaluator_.model(function.slot);
    std::vector<std::string> admitted;
    bool only_literals = true;
    const auto read = [&](const auto& self, NodeId node) -> void {
        if (there.is(node, Kind::Binary)) {
            self(self, there.child(node, Role::Left));
            self(self, there.child(node, Role::Right));
        } else if (there.is(node, Kind::None)) {
            admitted.emplace_back("None");
        } else if (there.is(node, Kind::Subscript) &&
                   is_one_of(scope.name_of(there.child(node, Role::Object)),
                             {"typing.Literal", "typing_extensions.Literal"})) {
            for (const NodeId item : there.children(node)) {
                if (there.role(item) != Role::Index) continue;
                if (there.is(item, Kind::Tuple))
                    for (const NodeId inner : there.children(item))
                        admitted.push_back(literal_text(there, inner));
                else
                    admitted.push_back(literal_text(there, item));
            }
        } else {
            only_literals = false;
        }
    };
    read(read, annotation);
    const std::string value = literal_text(region_.tree, argument);
    const bool is_admitted =
        !value.empty() && std::find(admitted.begin(), admitted.end(), value) != admitted.end();
    if (is_admitted) return Fit::Yes;
    if (only_literals) return value.empty() ? Fit::Maybe : Fit::No;
    if (value.empty()) return Fit::Maybe;
    const std::string_view name = scope.name_of(annotation);
    const auto is_of = [&](std::string_view type) {
        return name == "builtins." + std::string(type);
    };
    if (name.empty()) return Fit::Maybe;
    if (value == "True" || value == "False")
        return is_of("bool") ? Fit::Yes : is_of("str") || is_of("bytes") ? Fit::No : Fit::Maybe;
    if (value.front() == '"')
        return is_of("str")                                      ? Fit::Yes
               : is_of("int") || is_of("bool") || is_of("bytes") ? Fit::No
                                                                 : Fit::Maybe;
    if (value == "None")
        return is_of("str") || is_of("int") || is_of("bool") ? Fit::No : Fit::Maybe;
    return is_of("int")                                      ? Fit::Yes
           : is_of("str") || is_of("bool") || is_of("bytes") ? Fit::No
                                                             : Fit::Maybe;
}

Type RegionModel::overloaded_result(NodeId call, Type callee) const {
    const FunctionDef& function = *callee->function;
    const std::vector<const FunctionDef*>& all = evaluator_.overloads(function);
    Type result = unknown_type();
    bool any = false;
    for (const FunctionDef* const overload : all) {
        const Evaluator::Decorated& decorated = evaluator_.decorators(*overload);
        const bool bound = overload->class_id >= 0 && !decorated.static_method &&
                           (callee->receiver != nullptr || decorated.class_method);
        const Fit found = fit(call, *overload, bound, all);
        if (found == Fit::No) continue;
        const Type one = evaluator_.chosen_result(*overload, callee->receiver);
        result = any ? evaluator_.join(result, one) : one;
        any = true;
        if (found == Fit::Yes || !result->known()) break;
    }
    return result;
}

} // namespace awaitls::analysis
