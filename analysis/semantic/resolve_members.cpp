// Evaluator: what names, attributes and parts of values are.

#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"

#include <algorithm>

namespace awaitls::analysis {

/// The type that one binding gives its name.
Type Evaluator::binding_type(std::uint32_t slot, const Binding& binding) {
    const Region& region = *slot_at(slot).region;
    const Tree& tree = region.tree;
    switch (binding.kind) {
    case BindingKind::Import: {
        const NodeId module = tree.child(binding.name, Kind::ModuleName);
        if (module == kNoNode) return unknown_type();
        std::string name;
        if (tree.child(binding.name, Role::AsName) != kNoNode) {
            for (const NodeId part : tree.children(module)) {
                if (!name.empty()) name += '.';
                name += tree.text(part);
            }
        } else {
            name = identifier(tree, module);
        }
        Space& importer = space_of(slot);
        if (const std::int32_t number = find_module(name, importer); number >= 0)
            return module_object(number, name);
        return external(name);
    }
    case BindingKind::ImportFrom: {
        const NodeId statement = tree.parent(binding.name);
        const NodeId module = tree.child(statement, Kind::ModuleName);
        const NodeId name = tree.child(binding.name, Role::Name);
        if (module == kNoNode || name == kNoNode) return unknown_type();
        Space& importer = space_of(slot);
        const std::string from = imported_name(importer, tree, module);
        if (from.empty()) return unknown_type();
        const std::string_view member_name = tree.text(name);
        const std::string whole = from + "." + std::string(member_name);
        // `from . import part` in the package itself names a module: the binding is this one.
        const std::int32_t number = find_module(from, importer);
        if (number >= 0 && spaces_[static_cast<std::size_t>(number)].get() != &importer)
            return module_member(number, member_name);
        // A package without code of its own.
        if (const std::int32_t inner = find_module(whole, importer); inner >= 0)
            return module_object(inner, whole);
        if ((tree[module].op > 0 && !is_library(importer)) || number >= 0)
            return unknown_type(); // of the project, and not found
        return external(whole);
    }
    case BindingKind::Function: return function_binding(slot, binding.source);
    case BindingKind::Class: {
        const std::int32_t id = class_at(slot, binding.source);
        return id < 0 ? unknown_type() : class_object(class_def(id));
    }
    default: return source_type(slot, binding.kind, binding.name, binding.source);
    }
}

/// The type that an assignment-like construct gives its target (a Name or an Attribute).
Type Evaluator::source_type(std::uint32_t slot, BindingKind kind, NodeId name, NodeId source) {
    const RegionModel& scope = model(slot);
    const Tree& tree = scope.tree();
    if (source == kNoNode) return unknown_type();
    switch (kind) {
    case BindingKind::Assign: return scope.type_of(source);
    case BindingKind::Annotated: {
        const NodeId annotation = tree.child(source, Role::Annotation);
        const Type annotated =
            annotation == kNoNode ? unknown_type() : scope.annotation_type(annotation);
        if (annotated->known() && annotated->kind != TypeKind::None) return annotated;
        const NodeId value = tree.child(source, Role::Value);
        // `x: Final = value`; any other annotation that is not understood hides the value's type.
        if (value != kNoNode && annotation != kNoNode &&
            scope.name_of(annotation) == "typing.Final")
            return scope.type_of(value);
        return unknown_type();
    }
    case BindingKind::Unpack: {
        // `a, b = x, y`
        const NodeId target = tree.parent(name);
        if ((tree.is(source, Kind::Tuple) || tree.is(source, Kind::List)) &&
            !tree[source].has(node_flag::kStore) && tree.role(target) == Role::Target) {
            NodeId value = tree.first_child(source);
            for (const NodeId element : tree.children(target)) {
                if (value == kNoNode || tree.is(element, Kind::Starred) ||
                    tree.is(value, Kind::Starred))
                    return unknown_type();
                if (element == name) return scope.type_of(value);
                value = tree.next_sibling(value);
            }
            return unknown_type();
        }
        return unpacked(tree, scope.type_of(source), name);
    }
    case BindingKind::For: {
        const NodeId iterable = tree.child(source, Role::Iter);
        if (iterable == kNoNode) return unknown_type();
        return unpacked(tree, iterated(scope.type_of(iterable), tree[source].is_async()), name);
    }
    case BindingKind::With: {
        const NodeId value = tree.child(source, Role::Value);
        if (value == kNoNode) return unknown_type();
        return unpacked(tree, entered(scope.type_of(value), tree[tree.parent(source)].is_async()),
                        name);
    }
    case BindingKind::Except: {
        const NodeId value = tree.child(source, Role::Value);
        if (value == kNoNode || tree[source].has(node_flag::kStar)) return unknown_type();
        const Type cls = scope.type_of(value);
        if (cls->kind != TypeKind::Class) return unknown_type();
        return cls->cls != nullptr ? instance_of(cls->cls) : instance(cls->name);
    }
    case BindingKind::Parameter: {
        const NodeId parameters = tree.parent(source);
        const NodeId owner = tree.parent(parameters);
        const ParameterForm form = static_cast<ParameterForm>(tree[source].op);
        const NodeId annotation = tree.child(source, Role::Annotation);
        if (form == ParameterForm::VarArgs) return instance("builtins.tuple");
        if (form == ParameterForm::VarKeywords) return instance("builtins.dict");
        if (annotation != kNoNode) return scope.annotation_type(annotation);
        // self and cls.
        if (tree.first_child(parameters) != source || tree.kind(owner) != Kind::FunctionDef)
            return parameter_from_callers(slot, source);
        const Type bound = function_binding(slot, owner);
        if (bound->kind != TypeKind::Function || bound->function->class_id < 0)
            return parameter_from_callers(slot, source);
        const Decorated& decorated = decorators(*bound->function);
        if (decorated.static_method) return unknown_type();
        const ClassDef* const cls = class_def(bound->function->class_id);
        if (decorated.class_method || bound->function->name == "__new__" ||
            bound->function->name == "__init_subclass__" ||
            bound->function->name == "__class_getitem__")
            return class_object(cls);
        return instance_of(cls);
    }
    default: return unknown_type();
    }
}

Type Evaluator::type_alias(Space& space, std::string_view name, int depth) {
    const std::vector<Reference>* const references = space.module->model->find_name(name);
    if (depth > kMaxClassDepth || references == nullptr || references->size() != 1)
        return unknown_type();
    const std::uint32_t slot = space.first_slot + references->front().slot;
    const Region& region = *slot_at(slot).region;
    const Tree& tree = region.tree;
    const Binding& binding = region.bindings[references->front().index];
    NodeId value = kNoNode;
    switch (binding.kind) {
    case BindingKind::Assign: value = binding.source; break;
    case BindingKind::Annotated: // `X: TypeAlias = ..`
        if (is_one_of(model(slot).name_of(tree.child(binding.source, Role::Annotation)),
                      {"typing.TypeAlias", "typing_extensions.TypeAlias"}))
            value = tree.child(binding.source, Role::Value);
        break;
    case BindingKind::Other: // `type X = ..`
        if (tree.is(binding.source, Kind::TypeAlias))
            value = tree.child(binding.source, Role::Value);
        break;
    case BindingKind::ImportFrom: {
        const NodeId module = tree.child(tree.parent(binding.name), Kind::ModuleName);
        const NodeId imported = tree.child(binding.name, Role::Name);
        if (module == kNoNode || imported == kNoNode) return unknown_type();
        const std::int32_t number = find_any_module(imported_name(space, tree, module), space);
        if (number < 0 || spaces_[static_cast<std::size_t>(number)].get() == &space)
            return unknown_type();
        return type_alias(*spaces_[static_cast<std::size_t>(number)], tree.text(imported),
                          depth + 1);
    }
    default: break;
    }
    if (!tree.is(value, Kind::Subscript) && !tree.is(value, Kind::Binary) &&
        !tree.is(value, Kind::Name) && !tree.is(value, Kind::Attribute))
        return unknown_type();
    return model(slot).annotation_type(value);
}

namespace {
/// A function at module level that an `if` or `try` may leave out.
bool is_in_branch(const FunctionDef& function) {
    const Tree& tree = function.region->tree;
    for (NodeId up = tree.parent(function.node); up != kNoNode; up = tree.parent(up))
        if (tree.is(up, Kind::If) || tree.is(up, Kind::Try)) return true;
    return false;
}
} // namespace

/// `noted` becomes the last overload of a function while all are async, or all are not; else unknown.
void Evaluator::note_overload(Type& noted, Type overload) {
    const bool agrees = noted == nullptr || (noted->known() && noted->function->is_async ==
                                                                   overload->function->is_async);
    noted = agrees ? overload : unknown_type();
}

/// A variable of the module, as code in functions sees it: any of its assignments may have happened.
Type Evaluator::module_variable(Space& space, std::string_view name) {
    const auto known = space.variables.find(name);
    if (known != space.variables.end()) return known->second;
    space.variables.emplace(name, unknown_type()); // while it is worked out
    const std::vector<Reference>* const references = space.module->model->find_name(name);
    Type result = unknown_type();
    Type overloaded = nullptr; // the last overload: stubs have nothing else
    bool first = true;
    if (references != nullptr) {
        // An annotation says what all assignments may give.
        const auto is_declared = [&](const Reference& reference) {
            return slot_at(space.first_slot + reference.slot)
                       .region->bindings[reference.index]
                       .kind == BindingKind::Annotated;
        };
        const bool declared = std::any_of(references->begin(), references->end(), is_declared);
        for (const Reference& reference : *references) {
            if (declared && !is_declared(reference)) continue;
            const std::uint32_t slot = space.first_slot + reference.slot;
            Type type = binding_type(slot, slot_at(slot).region->bindings[reference.index]);
            if (type->kind == TypeKind::Function && type->function != nullptr &&
                references->size() > 1 && decorators(*type->function).overload) {
                note_overload(overloaded, type);
                continue;
            }
            if (first)
                result = type;
            else if (result->kind == TypeKind::Function && type->kind == TypeKind::Function &&
                     result->function != nullptr && type->function != nullptr)
                // Defined again: the last one counts, where all agree on being async. What the bodies of two that stand in branches
                // do is not known.
                result =
                    result->function->is_async == type->function->is_async &&
                            result->function->is_generator == type->function->is_generator
                        ? limit(type, is_in_branch(*type->function) && !type->function->is_async
                                          ? Confidence::Likely
                                          : Confidence::Certain)
                        : unknown_type();
            else
                result = join(result, type);
            first = false;
            if (!result->known()) break;
        }
        if (first && overloaded != nullptr) result = overloaded;
    }
    space.variables[std::string(name)] = result;
    return result;
}

std::vector<Type> Evaluator::bases(std::int32_t id) {
    const ClassEntry& entry = class_entry(id);
    const RegionModel& scope = model(class_slot(id));
    const Tree& tree = scope.tree();
    std::vector<Type> result;
    for (const NodeId base : tree.children(entry.node)) {
        if (tree.role(base) != Role::Base || tree.is(base, Kind::Keyword)) continue;
        // Generic[T] and Base[T] are subscripted classes.
        const NodeId named = tree.is(base, Kind::Subscript) ? tree.child(base, Role::Object) : base;
        result.push_back(named == kNoNode ? unknown_type() : scope.type_of(named));
    }
    return result;
}

Answer Evaluator::has_method(std::int32_t id, std::string_view name, int depth) {
    const ClassEntry& entry = class_entry(id);
    if (entry.members.contains(name)) return Answer::Yes;
    if (depth > kMaxClassDepth) return Answer::Unknown;
    const RegionModel& scope = model(class_slot(id));
    for (const NodeId child : scope.tree().children(entry.node)) {
        if (!scope.tree().is(child, Kind::Decorator)) continue;
        NodeId decorator = scope.tree().child(child, Role::Value);
        if (scope.tree().is(decorator, Kind::Call))
            decorator = scope.tree().child(decorator, Role::Callee);
        const std::string_view known =
            decorator == kNoNode ? std::string_view{} : scope.name_of(decorator);
        if (!is_one_of(known, {"dataclasses.dataclass", "attr.s", "attr.attrs", "attr.define",
                               "attrs.define", "attrs.frozen", "functools.total_ordering",
                               "typing.final", "typing.runtime_checkable", "enum.unique"}))
            return Answer::Unknown;
    }
    return inherits_method(id, name, depth);
}

Answer Evaluator::inherits_method(std::int32_t id, std::string_view name, int depth) {
    Answer result = Answer::No;
    for (const Type base : bases(id)) {
        if (base->kind == TypeKind::Class && base->cls != nullptr) {
            const Answer inherited = has_method(base->cls->id, name, depth + 1);
            if (inherited == Answer::Yes) return inherited;
            if (inherited == Answer::Unknown) result = inherited;
        } else if (base->kind == TypeKind::Class || base->kind == TypeKind::Module) {
            if (is_one_of(base->name,
                          {"builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol",
                           "typing_extensions.Protocol", "typing.TypedDict",
                           "typing_extensions.TypedDict", "typing.NamedTuple", "enum.Enum",
                           "enum.StrEnum", "enum.IntEnum"}))
                continue;
            if (find_api(joined(base->name, name)) != nullptr) return Answer::Yes;
            const ClassInfo* const info = find_class(base->name);
            bool present = info == nullptr || !info->complete;
            if (info != nullptr) {
                present = present ||
                          (is_one_of(name, {"__enter__", "__exit__"}) && info->sync_manager) ||
                          (is_one_of(name, {"__aenter__", "__aexit__"}) && info->async_manager) ||
                          (name == "__iter__" && info->sync_iterable) ||
                          (name == "__aiter__" && info->async_iterable) ||
                          (name == "__await__" && info->awaitable);
            }
            if (present) result = Answer::Unknown;
        } else {
            result = Answer::Unknown;
        }
    }
    return result;
}

bool Evaluator::derives_from(std::int32_t id, std::int32_t base, int depth) {
    if (id == base) return true;
    if (depth > kMaxClassDepth) return false;
    for (const Type type : bases(id))
        if (type->kind == TypeKind::Class && type->cls != nullptr &&
            derives_from(type->cls->id, base, depth + 1))
            return true;
    return false;
}

/// What reading a class-level variable gives, whose value is of the type: a descriptor gives what its __get__ does, which
/// is not followed, and the members of an enum are of the enum.
Type Evaluator::held_by_class(std::int32_t id, std::string_view name, const Binding& binding,
                              Type type) {
    if (binding.kind != BindingKind::Assign) return type;
    if (type->kind == TypeKind::Instance && type->cls != nullptr)
        return has_method(type->cls->id, "__get__") == Answer::Yes ? unknown_type() : type;
    if (name.starts_with('_') || type->kind == TypeKind::Function || type->kind == TypeKind::Class)
        return type;
    for (const Type base : bases(id))
        if (base->cls == nullptr &&
            is_one_of(base->name,
                      {"enum.Enum", "enum.StrEnum", "enum.IntEnum", "enum.Flag", "enum.IntFlag"}))
            return instance_of(class_def(id));
    return type;
}

/// Classes in the order in which attributes are looked up in them (C3), the class itself first; of a hierarchy that Python would
/// refuse, depth first.
const std::vector<Type>& Evaluator::linearized(std::int32_t id) {
    const auto [known, is_new] = linearized_.try_emplace(id);
    std::vector<Type>& result = known->second;
    if (!is_new) return result;
    const Type own = class_object(class_def(id));
    result = {own}; // while it is worked out: a class may be its own base
    const auto same = [](Type a, Type b) {
        return a == b || (a->kind == b->kind && a->kind != TypeKind::Unknown && a->cls == b->cls &&
                          a->name == b->name);
    };
    const auto has = [&](const std::vector<Type>& list, Type type, std::size_t from) {
        return std::any_of(list.begin() + static_cast<std::ptrdiff_t>(from), list.end(),
                           [&](Type one) { return same(one, type); });
    };
    const std::vector<Type> direct = bases(id);
    std::vector<std::vector<Type>> lists;
    std::size_t count = 0;
    ++depth_;
    for (const Type base : direct) {
        const bool project =
            base->kind == TypeKind::Class && base->cls != nullptr && depth_ <= kMaxLineage;
        lists.push_back(project ? linearized(base->cls->id) : std::vector<Type>{base});
        count += lists.back().size();
    }
    --depth_;
    if (direct.size() == 1) { // as most do
        std::vector<Type> order{own};
        const std::vector<Type>& above = lists.front();
        order.insert(order.end(), above.begin(),
                     above.begin() +
                         static_cast<std::ptrdiff_t>(std::min(above.size(), kMaxAncestors)));
        return linearized_[id] = std::move(order);
    }
    lists.push_back(direct);
    std::vector<Type> merged{own};
    std::vector<std::size_t> at(lists.size(), 0);
    bool whole = count <= kMaxAncestors;
    while (whole) {
        Type next = nullptr;
        bool left = false;
        for (std::size_t i = 0; i < lists.size() && next == nullptr; ++i) {
            if (at[i] == lists[i].size()) continue;
            left = true;
            const Type head = lists[i][at[i]];
            bool behind_another = false;
            for (std::size_t k = 0; k < lists.size(); ++k)
                behind_another =
                    behind_another || (at[k] < lists[k].size() && has(lists[k], head, at[k] + 1));
            if (!behind_another) next = head;
        }
        if (!left) break;
        whole = next != nullptr;
        if (!whole) break;
        merged.push_back(next);
        for (std::size_t i = 0; i < lists.size(); ++i)
            while (at[i] < lists[i].size() && same(lists[i][at[i]], next)) ++at[i];
    }
    if (!whole) {
        merged = {own};
        for (std::size_t i = 0; i + 1 < lists.size() && merged.size() <= kMaxAncestors; ++i)
            for (const Type type : lists[i])
                if (!has(merged, type, 0)) merged.push_back(type);
    }
    // The map may have grown.
    return linearized_[id] = std::move(merged);
}

/// What a class itself defines under a name; unknown where it defines nothing.
Type Evaluator::own_member(std::int32_t id, std::string_view name, Type receiver, bool on_class) {
    const ClassEntry& entry = class_entry(id);
    const std::uint32_t first_slot = space_of_class(id).first_slot;
    const auto found = entry.members.find(name);
    if (found == entry.members.end()) return unknown_type();
    {
        Type result = unknown_type();
        Type overloaded = nullptr; // the last overload: stubs have nothing else
        bool first = true;
        const std::uint64_t guard =
            hash_combine(hash_bytes(name, 77), static_cast<std::uint64_t>(id));
        if (depth_ > kMaxDepth || is_evaluating(guard)) return unknown_type();
        evaluating_.push_back(guard);
        ++depth_;
        const auto is_declared = [&](const Reference& reference) {
            const Region& region = *slot_at(first_slot + reference.slot).region;
            return (reference.attribute
                        ? region.attributes[reference.index].kind
                        : region.bindings[reference.index].kind) == BindingKind::Annotated;
        };
        // An annotation says what all assignments may give.
        const bool declared =
            !on_class && std::any_of(found->second.begin(), found->second.end(), is_declared);
        for (const Reference& reference : found->second) {
            if (declared && !is_declared(reference)) continue;
            const std::uint32_t slot = first_slot + reference.slot;
            const Region& region = *slot_at(slot).region;
            Type type;
            if (reference.attribute) {
                const SelfAttribute& attribute = region.attributes[reference.index];
                if (on_class) {
                    type = unknown_type();
                } else {
                    type =
                        attribute.kind == BindingKind::Augmented && !first
                            ? result
                            : source_type(slot, attribute.kind, attribute.target, attribute.source);
                }
            } else {
                const Binding& binding = region.bindings[reference.index];
                type = held_by_class(id, name, binding, binding_type(slot, binding));
            }
            if (type->kind == TypeKind::Function && type->function != nullptr &&
                found->second.size() > 1) {
                const Decorated& decorated = decorators(*type->function);
                if (decorated.overload) {
                    note_overload(overloaded, type);
                    continue;
                }
                if (decorated.property && !first)
                    continue; // setter or deleter of the property before
            }
            result = first ? type : join(result, type);
            first = false;
            if (!result->known()) break;
        }
        if (first && overloaded != nullptr) result = overloaded;
        --depth_;
        evaluating_.pop_back();
        // Methods that are defined differently in branches: which one is bound is not known.
        if (result->kind == TypeKind::Union &&
            std::any_of(result->args.begin(), result->args.end(), [](Type type) {
                return type->kind == TypeKind::Function && type->function != nullptr;
            }))
            return unknown_type();
        if (result->kind != TypeKind::Function || result->function == nullptr ||
            result->function->class_id < 0)
            return result;
        // A method: bound, or the value of a property.
        const FunctionDef& method = *result->function;
        const Decorated& decorated = decorators(method);
        if (!decorated.known) return unknown_type();
        if (!on_class && receiver != nullptr && overridden_differently(id, name, method))
            return unknown_type();
        if (decorated.property) return on_class ? unknown_type() : call_result(method, receiver);
        TypeData data = *result;
        // A class method is bound to the class.
        data.receiver = on_class && !decorated.class_method ? nullptr : receiver;
        if (const Space& owner = space_of(method.slot); is_library(owner)) {
            // The tables know more of it, or rules know it by its name.
            data.name = kept(canonical(std::string(name_of(owner)) + "." + method.qualname));
            if (find_api(data.name) != nullptr) data.function = nullptr;
        }
        return make(std::move(data));
    }
}

/// A member of a class, looked up in it and what it derives from, or only in the latter. `open` is set when a base that is not
/// known could define it.
Type Evaluator::class_member(std::int32_t id, std::string_view name, Type receiver, bool on_class,
                             bool& open, bool inherited) {
    const std::vector<Type> order = linearized(id);
    for (std::size_t i = inherited ? 1 : 0; i < order.size(); ++i) {
        const Type base = order[i];
        if (base->kind == TypeKind::Class && base->cls != nullptr) {
            if (class_entry(base->cls->id).members.contains(name))
                return own_member(base->cls->id, name, receiver, on_class);
        } else if (base->kind == TypeKind::Class) {
            if (is_one_of(base->name, {"builtins.object", "abc.ABC", "typing.Generic",
                                       "typing.Protocol", "enum.Enum"}))
                continue;
            const Type type = external_member(base->name, name, on_class ? nullptr : receiver);
            if (type->kind != TypeKind::Function) return type;
            const ClassInfo* const info = find_class(base->name);
            const bool known = find_api(type->name) != nullptr ||
                               find_blocking(type->name, BlockingUse::Call) != nullptr ||
                               find_runner(type->name) != nullptr;
            if (known) return type;
            open = info == nullptr || !info->complete;
        } else {
            open = base->kind != TypeKind::Module ||
                   !is_one_of(base->name, {"typing.Generic", "typing.Protocol", "abc.ABC",
                                           "typing_extensions.Protocol"});
        }
        if (open) return unknown_type();
    }
    return unknown_type();
}

Type Evaluator::member(Type object, std::string_view name, int depth) {
    if (depth > kMaxDepth) return unknown_type();
    switch (object->kind) {
    case TypeKind::Module:
        return object->space >= 0 ? module_member(object->space, name)
                                  : external(joined(object->name, name));
    case TypeKind::Class: {
        if (object->cls == nullptr) {
            const Type type = external(joined(object->name, name));
            if (type->kind != TypeKind::Module) return type;
            const Type inherited = external_member(object->name, name, nullptr);
            return inherited->kind == TypeKind::Function && find_api(inherited->name) != nullptr
                       ? inherited
                       : type;
        }
        bool open = false;
        return class_member(object->cls->id, name, object, true, open);
    }
    case TypeKind::Instance: {
        if (object->cls == nullptr)
            return limit(external_member(object->name, name, object), object->confidence);
        bool open = false;
        return limit(class_member(object->cls->id, name, object, false, open), object->confidence);
    }
    case TypeKind::Super: {
        bool open = false;
        return class_member(object->cls->id, name, nullptr, false, open, true);
    }
    case TypeKind::Awaitable: return external_member("asyncio.Future", name, object);
    case TypeKind::Union:
        return limit(of_each(object, [&](Type type) { return member(type, name, depth + 1); }),
                     object->confidence);
    default: return unknown_type();
    }
}

Type Evaluator::entered(Type type, bool is_async) {
    switch (type->kind) {
    case TypeKind::Union: return of_each(type, [&](Type one) { return entered(one, is_async); });
    case TypeKind::Manager: return is_async ? unknown_type() : type->arg(0);
    case TypeKind::AsyncManager:
    case TypeKind::CoroutineOrManager: return is_async ? type->arg(0) : unknown_type();
    case TypeKind::Instance: {
        const std::string_view method = is_async ? "__aenter__" : "__enter__";
        if (type->cls == nullptr) {
            if (const Api* const api = find_api(joined(type->name, method))) {
                const Type result = from_table(api->returns);
                if (result->known()) return result;
                return unknown_type();
            }
            const ClassInfo* const info = find_class(type->name);
            if (info != nullptr && (is_async ? info->async_manager : info->sync_manager)) {
                const Type inherited = external_member(type->name, method, type);
                if (const Api* const api = inherited->kind == TypeKind::Function
                                               ? find_api(inherited->name)
                                               : nullptr) {
                    const Type result = from_table(api->returns);
                    // Most managers give themselves; a subclass gives its own kind.
                    if (result->kind == TypeKind::Instance &&
                        external_subclass(type->name, result->name))
                        return type;
                    return result;
                }
                return type;
            }
            return unknown_type();
        }
        bool open = false;
        const Type found = class_member(type->cls->id, method, type, false, open);
        if (found->kind != TypeKind::Function) return unknown_type();
        if (found->function == nullptr) return unknown_type();
        const FunctionDef& function = *found->function;
        const Type annotated = return_annotation(function);
        if (annotated->known() && annotated->kind != TypeKind::None) return annotated;
        // `return self` in every return.
        const Tree& tree = function.region->tree;
        const NodeId parameters = tree.child(function.node, Kind::Parameters);
        const NodeId self = parameters == kNoNode ? kNoNode : tree.first_child(parameters);
        const NodeId body = tree.child(function.node, Role::Body);
        if (self == kNoNode || body == kNoNode) return unknown_type();
        const std::string_view self_name = identifier(tree, self);
        bool all = true;
        bool any = false;
        walk_same_function(tree, body, [&](NodeId n) {
            if (tree.kind(n) != Kind::Return) return true;
            const NodeId value = tree.child(n, Role::Value);
            any = true;
            if (!tree.is(value, Kind::Name) || tree.text(value) != self_name) all = false;
            return true;
        });
        return any && all ? type : unknown_type();
    }
    default: return unknown_type();
    }
}

Type Evaluator::iterated(Type type, bool is_async) {
    if (type->kind == TypeKind::Union)
        return of_each(type, [&](Type one) { return iterated(one, is_async); });
    if (is_async) {
        if (type->kind == TypeKind::AsyncIterator) return type->arg(0);
        return unknown_type();
    }
    if (type->kind == TypeKind::Iterator) return type->arg(0);
    if (type->kind != TypeKind::Instance) return unknown_type();
    if (type->name == "builtins.tuple") {
        Type result = type->arg(0);
        for (const Type arg : type->args) result = join(result, arg);
        return result;
    }
    if (is_container(type->name)) return type->arg(0);
    if (type->name == "builtins.str") return instance("builtins.str");
    return unknown_type();
}

Type Evaluator::element_of(Type type, int index, int count) {
    if (type->kind == TypeKind::Union)
        return of_each(type, [&](Type one) { return element_of(one, index, count); });
    if (type->kind != TypeKind::Instance) return unknown_type();
    if (type->name == "builtins.tuple") {
        if (static_cast<int>(type->args.size()) != count && count >= 0) return unknown_type();
        return type->arg(static_cast<std::size_t>(index));
    }
    if (is_container(type->name) && !is_mapping(type->name)) return type->arg(0);
    return unknown_type();
}

Type Evaluator::unpacked(const Tree& tree, Type type, NodeId name) {
    const NodeId target = tree.parent(name);
    if (!tree.is(target, Kind::Tuple) && !tree.is(target, Kind::List)) return type;
    int index = 0;
    int count = 0;
    for (const NodeId element : tree.children(target)) {
        if (tree.is(element, Kind::Starred)) return unknown_type();
        if (element == name) index = count;
        ++count;
    }
    return element_of(unpacked(tree, type, target), index, count);
}

} // namespace awaitls::analysis
