// Evaluator: decorators, and what calling a function gives.

#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr int kMaxReturns = 12; // of a function whose result is inferred

/// Decorators of libraries that give back a function of the same kind.
bool keeps_signature(std::string_view name) {
    if (is_one_of(name, {"typing.final", "typing.override", "typing_extensions.override",
                         "typing_extensions.final", "typing.no_type_check",
                         "typing.type_check_only", "abc.abstractmethod", "functools.wraps",
                         "functools.lru_cache", "functools.cache", "warnings.deprecated",
                         "typing_extensions.deprecated", "tenacity.retry", "backoff.on_exception",
                         "backoff.on_predicate", "atexit.register", "functools.singledispatch",
                         "functools.total_ordering", "async_lru.alru_cache"}))
        return true;
    for (const std::string_view prefix :
         {"fastapi.FastAPI.", "fastapi.APIRouter.", "fastapi.applications.FastAPI.",
          "fastapi.routing.APIRouter.", "starlette.applications.Starlette.",
          "aiohttp.web.RouteTableDef.", "pytest.mark.", "unittest.skip", "unittest.mock.patch",
          "quart.Quart.", "sanic.Sanic.", "discord.Client.event", "discord.ext.commands.Bot.event",
          "discord.Bot.event", "hypothesis.given", "hypothesis.settings", "asyncio.coroutine"})
        if (name.substr(0, prefix.size()) == prefix) return true;
    return false;
}

} // namespace

// --- functions and classes of the file -----------------------------------------------------------------

const Evaluator::Decorated& Evaluator::decorators(const FunctionDef& function) {
    // Decorators stand first, and most functions have none: those need no entry.
    static const Decorated plain;
    const Tree& tree = function.region->tree;
    if (!tree.is(tree.first_child(function.node), Kind::Decorator)) return plain;
    const auto found = decorated_.find(&function);
    if (found != decorated_.end()) return found->second;
    decorated_.emplace(&function, Decorated{false, false, false, false, false, false, false,
                                            false}); // while it is worked out
    Decorated result;
    RegionModel& scope = model(function.slot);
    for (const NodeId decorator : tree.children(function.node)) {
        if (tree.kind(decorator) != Kind::Decorator) continue;
        const NodeId value = tree.child(decorator, Role::Value);
        if (value == kNoNode) {
            result.known = false;
            continue;
        }
        const bool call = tree.is(value, Kind::Call);
        const NodeId callee = call ? tree.child(value, Role::Callee) : value;
        // `@name.setter` and the like belong to a property.
        if (tree.is(callee, Kind::Attribute)) {
            const std::string_view attribute = identifier(tree, callee, Role::Attr);
            if (attribute == "setter" || attribute == "deleter" || attribute == "getter") {
                result.property = true;
                continue;
            }
        }
        result = decorate(result, scope.type_of(callee), call, function);
    }
    Decorated& stored = decorated_[&function];
    stored = result;
    return stored;
}

Evaluator::Decorated Evaluator::decorate(Decorated result, Type decorator, bool called,
                                         const FunctionDef& function) {
    if (decorator->confidence != Confidence::Certain) {
        result.known = false;
        return result;
    }
    if (decorator->kind == TypeKind::Union) {
        // One or the other, by the version of Python, say: they mean the same or nothing is known.
        const Decorated first = decorate(result, decorator->args.front(), called, function);
        for (const Type other : decorator->args)
            if (decorate(result, other, called, function) != first) result.known = false;
        return result.known ? first : result;
    }
    const bool named = decorator->kind == TypeKind::Function ||
                       decorator->kind == TypeKind::Class || decorator->kind == TypeKind::Module;
    const std::string_view name = named ? decorator->name : std::string_view{};
    if (is_one_of(name, {"builtins.property", "functools.cached_property", "abc.abstractproperty",
                         "types.DynamicClassAttribute", "propcache.cached_property",
                         "propcache.api.cached_property", "propcache.under_cached_property",
                         "propcache.api.under_cached_property", "werkzeug.utils.cached_property",
                         "django.utils.functional.cached_property"}))
        result.property = true;
    else if (is_one_of(name, {"builtins.staticmethod", "abc.abstractstaticmethod"}))
        result.static_method = true;
    else if (is_one_of(name, {"builtins.classmethod", "abc.abstractclassmethod"}))
        result.class_method = true;
    else if (name == "contextlib.contextmanager")
        result.manager = true;
    else if (name == "contextlib.asynccontextmanager")
        result.async_manager = true;
    else if (is_one_of(name, {"typing.overload", "typing_extensions.overload"}))
        result.overload = true;
    else if (name == "asgiref.sync.sync_to_async")
        result.sync_to_async = true;
    else if (!keeps_signature(name)) {
        const Decoration made =
            decorator->kind == TypeKind::Function && decorator->function != nullptr
                ? decoration(*decorator->function, called, function)
                : Decoration::Unknown;
        if (made == Decoration::Coroutine)
            result.sync_to_async = true;
        else if (made == Decoration::Unknown)
            result.known = false;
    }
    return result;
}

std::vector<const FunctionDef*> Evaluator::returned_functions(const FunctionDef& function) {
    const Region& region = *function.region;
    const Tree& tree = region.tree;
    std::vector<const FunctionDef*> result;
    const NodeId body = function.is_lambda ? kNoNode : tree.child(function.node, Role::Body);
    if (body == kNoNode || function.is_async || function.is_generator) return result;
    const ScopeId own = region.scope_of(function.node);
    bool all = !exits_of(tree, body).falls_through;
    walk_same_function(tree, body, [&](NodeId n) {
        if (!all || tree.kind(n) != Kind::Return) return all;
        const NodeId value = tree.child(n, Role::Value);
        const Region::Range bindings = tree.is(value, Kind::Name)
                                           ? region.find(own, tree.text(value))
                                           : Region::Range{nullptr, nullptr};
        all = !bindings.empty();
        // A name that is defined in both branches of an `if` may be either.
        for (const Binding& binding : bindings) {
            const Type type = binding.kind == BindingKind::Function
                                  ? function_binding(function.slot, binding.source)
                                  : unknown_type();
            all = all && type->kind == TypeKind::Function;
            if (all) result.push_back(type->function);
        }
        return all;
    });
    if (!all) result.clear();
    return result;
}

namespace {
/// The first parameter of a function that is no method; kNoNode where it takes none, or any number.
NodeId first_parameter(const FunctionDef& function) {
    const Tree& tree = function.region->tree;
    const NodeId parameters = tree.child(function.node, Kind::Parameters);
    const NodeId first = parameters == kNoNode ? kNoNode : tree.first_child(parameters);
    const bool plain = tree.is(first, Kind::Parameter) &&
                       static_cast<ParameterForm>(tree[first].op) <= ParameterForm::PositionalOnly;
    return plain ? first : kNoNode;
}

/// `name(..)`, or `await name(..)`.
bool is_call_of(const Tree& tree, NodeId expression, std::string_view name) {
    if (tree.is(expression, Kind::Await)) expression = tree.child(expression, Role::Value);
    if (!tree.is(expression, Kind::Call)) return false;
    const NodeId callee = tree.child(expression, Role::Callee);
    return tree.is(callee, Kind::Name) && tree.text(callee) == name;
}
} // namespace

Evaluator::Decoration Evaluator::decoration(const FunctionDef& decorator, bool called,
                                            const FunctionDef& decorated) {
    if (decorator.is_lambda || decorator.class_id >= 0 || !decorators(decorator).known)
        return Decoration::Unknown;
    const Region& region = *decorator.region;
    const Tree& tree = region.tree;
    if (called) {
        // A function that gives the decorator.
        const std::vector<const FunctionDef*> made = returned_functions(decorator);
        return made.size() == 1 ? decoration(*made.front(), false, decorated) : Decoration::Unknown;
    }
    const NodeId parameter = first_parameter(decorator);
    if (parameter == kNoNode) return Decoration::Unknown;
    // `(f: F) -> F`, and `(f: Callable[P, R]) -> Callable[P, R]`.
    const NodeId taken = tree.child(parameter, Role::Annotation);
    const NodeId given = tree.child(decorator.node, Role::Returns);
    if (taken != kNoNode && given != kNoNode && tree.text(taken) == tree.text(given)) {
        const RegionModel& scope = model(decorator.slot);
        const NodeId name =
            tree.is(taken, Kind::Subscript) ? tree.child(taken, Role::Object) : taken;
        const bool callable =
            is_one_of(scope.name_of(name), {"typing.Callable", "collections.abc.Callable"});
        if (tree.is(taken, Kind::Subscript)
                ? callable
                : scope.type_of(taken)->is_instance_of("typing.TypeVar"))
            return Decoration::Same;
    }
    const std::string_view name = identifier(tree, parameter);
    const NodeId body = tree.child(decorator.node, Role::Body);
    bool itself = body != kNoNode && !exits_of(tree, body).falls_through;
    walk_same_function(tree, body, [&](NodeId n) {
        if (tree.kind(n) == Kind::Return) {
            const NodeId value = tree.child(n, Role::Value);
            itself = itself && tree.is(value, Kind::Name) && tree.text(value) == name;
        }
        return itself;
    });
    if (itself && region.find(region.scope_of(decorator.node), name).last -
                          region.find(region.scope_of(decorator.node), name).first ==
                      1)
        return Decoration::Same;
    // A function around it. Where there are an async and a sync one, the decorator chooses that of its kind.
    std::vector<const FunctionDef*> wrappers = returned_functions(decorator);
    const auto of_its_kind = [&](const FunctionDef* wrapper) {
        return wrapper->is_async == decorated.is_async;
    };
    if (wrappers.size() > 1) {
        if (std::none_of(wrappers.begin(), wrappers.end(), of_its_kind)) return Decoration::Unknown;
        std::erase_if(wrappers, [&](const FunctionDef* wrapper) { return !of_its_kind(wrapper); });
    }
    for (const FunctionDef* const wrapper : wrappers) {
        if (wrapper->is_generator != decorated.is_generator || !decorators(*wrapper).known)
            return Decoration::Unknown;
        // Each of its results is what the function gave, or None.
        std::vector<std::string_view> held;
        bool forwards = false;
        bool faithful = true;
        const NodeId inner = tree.child(wrapper->node, Role::Body);
        walk_same_function(tree, inner, [&](NodeId n) {
            if (is_call_of(tree, n, name)) {
                forwards = true;
                if (tree.is(tree.parent(n), Kind::Assign))
                    if (const NodeId target = tree.child(tree.parent(n), Role::Target);
                        tree.is(target, Kind::Name))
                        held.push_back(tree.text(target));
            }
            return true;
        });
        walk_same_function(tree, inner, [&](NodeId n) {
            if (tree.kind(n) != Kind::Return) return true;
            const NodeId value = tree.child(n, Role::Value);
            faithful =
                faithful &&
                (value == kNoNode || tree.is(value, Kind::None) || is_call_of(tree, value, name) ||
                 (tree.is(value, Kind::Name) &&
                  std::find(held.begin(), held.end(), tree.text(value)) != held.end()));
            return true;
        });
        if (!forwards || !faithful) return Decoration::Unknown;
        if (decorated.is_async && !wrapper->is_async) {
            // The coroutine itself must come out.
            bool handed_on = false;
            walk_same_function(tree, inner, [&](NodeId n) {
                handed_on = handed_on || tree.kind(n) == Kind::Return;
                return true;
            });
            if (!handed_on || exits_of(tree, inner).falls_through) return Decoration::Unknown;
        }
    }
    if (wrappers.empty()) return Decoration::Unknown;
    return wrappers.front()->is_async && !decorated.is_async ? Decoration::Coroutine
                                                             : Decoration::Same;
}

Type Evaluator::return_annotation(const FunctionDef& function) {
    if (function.is_lambda) return unknown_type();
    const NodeId returns = function.region->tree.child(function.node, Role::Returns);
    if (returns == kNoNode) return unknown_type();
    return model(function.slot).annotation_type(returns);
}

Type Evaluator::call_result(const FunctionDef& function, Type receiver) {
    // Which overload is meant, only a call tells.
    return decorators(function).overload ? unknown_type() : chosen_result(function, receiver);
}

Type Evaluator::chosen_result(const FunctionDef& function, Type receiver) {
    const Type result = declared_call_result(function);
    const ClassDef* const cls = receiver == nullptr ? nullptr : receiver->cls;
    if (cls == nullptr || function.class_id < 0 || cls->id == function.class_id) return result;
    // `Self`, `return self` and `return cls()` are of the class that the method is called on.
    const auto is_own = [&](Type type) {
        return type->kind == TypeKind::Instance && type->cls != nullptr &&
               type->cls->id == function.class_id;
    };
    const Type inner = is_own(result) ? result : result->arg(0);
    if (!is_own(inner)) return result;
    const Tree& tree = function.region->tree;
    const NodeId returns = function.is_lambda ? kNoNode : tree.child(function.node, Role::Returns);
    if (returns != kNoNode && !is_one_of(model(function.slot).name_of(returns),
                                         {"typing.Self", "typing_extensions.Self"}))
        return result;
    if (returns == kNoNode) return unknown_type(); // or it says the class's name
    if (inner == result) return limit(instance_of(cls), result->confidence);
    TypeData data = *result;
    data.args = {instance_of(cls)};
    return make(std::move(data));
}

/// What calling a function of this file gives, its decorators included.
Type Evaluator::declared_call_result(const FunctionDef& function) {
    const Decorated& decorated = decorators(function);
    if (!decorated.known) return unknown_type();
    const Tree& tree = function.region->tree;
    const bool is_annotated =
        !function.is_lambda && tree.child(function.node, Role::Returns) != kNoNode;
    const Type annotated = return_annotation(function);
    if (decorated.async_manager || decorated.manager) {
        // The annotation is of the generator: Iterator[X], AsyncIterator[X].
        const bool generator =
            annotated->kind == TypeKind::Iterator || annotated->kind == TypeKind::AsyncIterator;
        const Type inner = generator      ? annotated->arg(0)
                           : is_annotated ? unknown_type()
                                          : inferred_result(function);
        return wrap(decorated.async_manager ? TypeKind::AsyncManager : TypeKind::Manager, inner,
                    &function);
    }
    const auto result = [&] { return is_annotated ? annotated : inferred_result(function); };
    if (decorated.sync_to_async) return wrap(TypeKind::Coroutine, result(), &function);
    if (function.is_generator) {
        const TypeKind kind = function.is_async ? TypeKind::AsyncIterator : TypeKind::Iterator;
        return wrap(kind,
                    is_annotated ? annotated->kind == kind ? annotated->arg(0) : unknown_type()
                                 : inferred_result(function),
                    &function);
    }
    // `async def items(self) -> AsyncIterator[X]` without a body stands for an async generator: one that yields overrides it.
    if (function.is_async && annotated->kind == TypeKind::AsyncIterator &&
        is_abstract(tree, tree.child(function.node, Role::Body)))
        return wrap(TypeKind::AsyncIterator, annotated->arg(0));
    if (function.is_async) return wrap(TypeKind::Coroutine, result(), &function);
    if (annotated->kind == TypeKind::Coroutine || annotated->kind == TypeKind::Awaitable) {
        TypeData data = *annotated;
        data.function = &function;
        return make(std::move(data));
    }
    return result();
}

Type Evaluator::inferred_result(const FunctionDef& function) {
    const std::uint64_t id = key(function.slot, index_of(function));
    if (depth_ > kMaxDepth || is_evaluating(id)) return unknown_type();
    const Tree& tree = function.region->tree;
    const NodeId body = tree.child(function.node, Role::Body);
    if (body == kNoNode) return unknown_type();
    evaluating_.push_back(id);
    ++depth_;
    const RegionModel& scope = model(function.slot);
    TypeData none;
    none.kind = TypeKind::None;
    Type result = nullptr;
    if (function.is_lambda) {
        result = scope.type_of(body);
    } else {
        // What a local variable or a test decides is not followed: every letter typed there would concern all callers.
        const ScopeId own = function.region->scope_of(function.node);
        const Region& region = *function.region;
        int values = 0;
        const auto add = [&](Type type) { result = result == nullptr ? type : join(result, type); };
        walk_same_function(tree, body, [&](NodeId n) {
            const Kind kind = tree.kind(n);
            if (kind == Kind::YieldFrom && function.is_generator) add(unknown_type());
            if (kind != (function.is_generator ? Kind::Yield : Kind::Return)) return true;
            const NodeId value = tree.child(n, Role::Value);
            if (++values > kMaxReturns || region.tests_types ||
                (value != kNoNode && region.reads_local(own, value)))
                result = unknown_type();
            else if (value == kNoNode)
                add(make(none));
            else
                add(scope.type_of(value));
            return true;
        });
        if (result == nullptr && !function.is_generator && !is_stub(tree, body) &&
            exits_of(tree, body).falls_through)
            result = make(none);
        // An abstract method or one that only raises says nothing of what its overrides return.
        if (result == nullptr || (result->kind == TypeKind::None && function.class_id >= 0))
            result = unknown_type();
    }
    --depth_;
    evaluating_.pop_back();
    return result;
}

Type Evaluator::function_binding(std::uint32_t slot, NodeId node) {
    const Region& region = *slot_at(slot).region;
    const std::vector<RegionFunction>& all = region.functions;
    const auto it = std::lower_bound(all.begin(), all.end(), node,
                                     [](const RegionFunction& f, NodeId n) { return f.node < n; });
    if (it == all.end() || it->node != node) return unknown_type();
    TypeData data;
    data.kind = TypeKind::Function;
    data.function = function_def(slot, static_cast<std::uint32_t>(it - all.begin()));
    return make(std::move(data));
}

} // namespace awaitls::analysis
