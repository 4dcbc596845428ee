// Evaluator: what libraries have, and what annotations say.

#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

constexpr std::array<std::string_view, 14> kContainers = {"builtins.list",
                                                          "builtins.set",
                                                          "builtins.frozenset",
                                                          "builtins.tuple",
                                                          "builtins.dict",
                                                          "collections.deque",
                                                          "collections.OrderedDict",
                                                          "collections.defaultdict",
                                                          "collections.abc.Sequence",
                                                          "collections.abc.Mapping",
                                                          "collections.abc.Set",
                                                          "collections.abc.Iterable",
                                                          "collections.abc.Collection",
                                                          "collections.abc.MutableMapping"};

/// Canonical names of the typing aliases of containers; empty for other names.
std::string_view typing_container(std::string_view name) {
    constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
        {"typing.List", "builtins.list"},
        {"typing.Set", "builtins.set"},
        {"typing.FrozenSet", "builtins.frozenset"},
        {"typing.Tuple", "builtins.tuple"},
        {"typing.Dict", "builtins.dict"},
        {"typing.Deque", "collections.deque"},
        {"typing.Sequence", "collections.abc.Sequence"},
        {"typing.MutableSequence", "collections.abc.Sequence"},
        {"typing.Mapping", "collections.abc.Mapping"},
        {"typing.MutableMapping", "collections.abc.MutableMapping"},
        {"typing.Iterable", "collections.abc.Iterable"},
        {"typing.Collection", "collections.abc.Collection"},
        {"typing.DefaultDict", "collections.defaultdict"},
        {"typing.OrderedDict", "collections.OrderedDict"},
        {"typing.AbstractSet", "collections.abc.Set"},
        {"collections.abc.MutableSequence", "collections.abc.Sequence"},
        {"typing.Type", "builtins.type"}};
    for (const auto& [alias, name_of_container] : kAliases)
        if (alias == name) return name_of_container;
    return {};
}

} // namespace

std::string canonical(std::string_view name) {
    std::string_view head;
    std::string_view tail;
    if (!canonical_name(name, head, tail)) return std::string(name);
    return std::string(head) + std::string(tail);
}

bool is_mapping(std::string_view name) {
    return is_one_of(name, {"builtins.dict", "collections.OrderedDict", "collections.defaultdict",
                            "collections.abc.Mapping", "collections.abc.MutableMapping"});
}

bool is_container(std::string_view name) {
    return std::find(kContainers.begin(), kContainers.end(), name) != kContainers.end();
}

// --- library things ------------------------------------------------------------------------------------

Type Evaluator::from_table(std::string_view returns) {
    if (returns.empty()) return unknown_type();
    return from_annotation(parse_annotation(returns), nullptr, kNoNode);
}

Type Evaluator::external(std::string_view qualified) {
    const auto found = external_types_.find(qualified);
    if (found != external_types_.end()) return found->second;
    const std::string key(qualified);
    if (const Type own = source_name(key, Owner::Project)) {
        external_types_.emplace(key, own);
        return own;
    }
    const std::string_view name = kept(canonical(key));
    TypeData data;
    data.name = name;
    const Api* const api = find_api(name);
    const ClassInfo* const info = find_class(name);
    if (info != nullptr || (api != nullptr && api->kind == ApiKind::Class)) {
        data.kind = TypeKind::Class;
        if (info != nullptr && info->from_source) {
            external_types_.emplace(key, unknown_type()); // while it is looked for
            const Type source = source_name(key, Owner::Library);
            if (source != nullptr && source->kind == TypeKind::Class && source->cls != nullptr)
                data = *source;
            external_types_.erase(key);
        }
    } else if (api != nullptr && api->kind == ApiKind::Property) {
        const Type value = from_table(api->returns);
        external_types_.emplace(key, value);
        return value;
    } else if (ArgumentUse use; api != nullptr ||
                                find_blocking(name, BlockingUse::Call) != nullptr ||
                                find_runner(name) != nullptr || reenters_loop(name) ||
                                find_argument_use(name, use)) {
        data.kind = TypeKind::Function;
    } else {
        data.kind = TypeKind::Module; // a module, or something in one that no table knows
        const Type type = make(std::move(data));
        external_types_.emplace(key, type); // while it is looked for
        // A backport is the same thing, whatever its code does to get there.
        if (name.starts_with("typing.")) return type;
        Type source = source_name(key, Owner::Library);
        if (source == nullptr && name != key) source = source_name(name, Owner::Library);
        if (source == nullptr || !source->known() || source->kind == TypeKind::Module) return type;
        // Rules know some by their names.
        TypeData named = *source;
        if (named.kind == TypeKind::Function || named.kind == TypeKind::Class) named.name = name;
        const Type found_there = make(std::move(named));
        external_types_[key] = found_there;
        return found_there;
    }
    const Type type = make(std::move(data));
    external_types_.emplace(key, type);
    return type;
}

bool Evaluator::external_subclass(std::string_view cls, std::string_view base) {
    return cls == base || inherits_from(cls, base);
}

/// A member of an instance (or, with a Class receiver, of the class itself) of a library class.
Type Evaluator::external_member(std::string_view cls, std::string_view name, Type receiver) {
    auto found = external_members_.find(joined(cls, name));
    if (found == external_members_.end()) {
        std::string key(joined_);
        const ExternalMember member = find_external_member(cls, name);
        found = external_members_.emplace(std::move(key), member).first;
    }
    if (found->second.type != nullptr) return found->second.type;
    TypeData data;
    data.kind = TypeKind::Function;
    data.name = found->second.method;
    data.receiver = receiver;
    return make(std::move(data));
}

Evaluator::ExternalMember Evaluator::find_external_member(std::string_view cls,
                                                          std::string_view name) {
    std::vector<std::string_view> queue{cls};
    for (std::size_t i = 0; i < queue.size() && i < 32; ++i) {
        const std::string_view at = queue[i];
        const std::string_view qualified = kept(joined(at, name));
        const Api* const api = find_api(qualified);
        if (api != nullptr) {
            if (api->kind == ApiKind::Property) return {from_table(api->returns), {}};
            if (api->kind == ApiKind::CoroutineProperty)
                return {wrap(TypeKind::Coroutine, from_table(api->returns), nullptr, api->name),
                        {}};
        }
        const BlockingApi* const blocking = find_blocking(qualified, BlockingUse::Call);
        const bool exact = blocking != nullptr && blocking->name == qualified;
        if (api != nullptr || exact || find_runner(qualified) != nullptr ||
            reenters_loop(qualified)) {
            if (api != nullptr && api->kind == ApiKind::Class) return {external(qualified), {}};
            return {nullptr, qualified};
        }
        if (const ClassInfo* const info = find_class(at)) {
            std::string_view rest = info->bases; // one list at a time
            while (!rest.empty()) {
                const std::size_t comma = rest.find(", ");
                queue.push_back(rest.substr(0, comma));
                rest =
                    comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
            }
        }
    }
    // No row of its own anywhere: the name may still match a row for all methods of the class.
    for (const std::string_view owner : queue)
        if (find_blocking(joined(owner, name), BlockingUse::Call) != nullptr)
            return {nullptr, kept(joined_)};
    return {nullptr, kept(joined(cls, name))};
}

Type Evaluator::api_result(const Api& api) {
    const Type returns = from_table(api.returns);
    switch (api.kind) {
    case ApiKind::Function: return returns;
    case ApiKind::Coroutine: return wrap(TypeKind::Coroutine, returns, nullptr, api.name);
    case ApiKind::Awaitable:
        return returns->known() ? returns
                                : wrap(TypeKind::Awaitable, unknown_type(), nullptr, api.name);
    case ApiKind::CoroutineOrManager:
        return wrap(TypeKind::CoroutineOrManager, returns, nullptr, api.name);
    case ApiKind::AsyncManager: return wrap(TypeKind::AsyncManager, returns, nullptr, api.name);
    case ApiKind::Manager: return wrap(TypeKind::Manager, returns, nullptr, api.name);
    case ApiKind::AsyncIterator: return wrap(TypeKind::AsyncIterator, returns, nullptr, api.name);
    case ApiKind::Property:
    case ApiKind::CoroutineProperty: return unknown_type();
    case ApiKind::Class: return instance(api.name);
    }
    return unknown_type();
}

/// An annotation's type: of a value that is annotated so. Without a scope, names are canonical already.
Type Evaluator::from_annotation(const Annotation& annotation, const RegionModel* scope, NodeId at,
                                int depth) {
    if (depth > kMaxClassDepth || annotation.name.empty()) return unknown_type();
    const auto argument = [&](std::size_t i) {
        return i < annotation.arguments.size()
                   ? from_annotation(annotation.arguments[i], scope, at, depth + 1)
                   : unknown_type();
    };
    if (annotation.name == "|") {
        Type result = argument(0);
        for (std::size_t i = 1; i < annotation.arguments.size(); ++i)
            result = join(result, argument(i));
        return result;
    }
    if (annotation.name == "None") {
        TypeData none;
        none.kind = TypeKind::None;
        return make(std::move(none));
    }
    // What the name denotes.
    Type named = unknown_type();
    std::string name;
    if (scope != nullptr) {
        const std::size_t dot = annotation.name.find('.');
        named = scope->lookup(annotation.name.substr(0, dot), at);
        std::string_view rest =
            dot == std::string_view::npos ? std::string_view{} : annotation.name.substr(dot + 1);
        while (!rest.empty() && named->known()) {
            const std::size_t next = rest.find('.');
            named = member(named, rest.substr(0, next));
            rest = next == std::string_view::npos ? std::string_view{} : rest.substr(next + 1);
        }
    } else {
        named = external(annotation.name.find('.') == std::string_view::npos
                             ? "builtins." + std::string(annotation.name)
                             : std::string(annotation.name));
    }
    // Where the name is no class, it may stand for another annotation.
    if (scope != nullptr && annotation.arguments.empty() && named->kind != TypeKind::Class &&
        named->kind != TypeKind::None && !named->is_instance_of("typing.TypeVar")) {
        const std::size_t dot = annotation.name.rfind('.');
        Space* owner = nullptr;
        if (dot == std::string_view::npos) {
            if (scope->resolve(annotation.name, at).module) owner = &space_of(scope->slot());
        } else {
            Type module = scope->lookup(annotation.name.substr(0, annotation.name.find('.')), at);
            std::string_view rest = annotation.name.substr(annotation.name.find('.') + 1);
            for (std::size_t next = rest.find('.');
                 next != std::string_view::npos && module->known(); next = rest.find('.')) {
                module = member(module, rest.substr(0, next));
                rest = rest.substr(next + 1);
            }
            if (module->kind == TypeKind::Module && module->space >= 0)
                owner = spaces_[static_cast<std::size_t>(module->space)].get();
        }
        if (owner != nullptr) {
            const Type alias = type_alias(
                *owner,
                dot == std::string_view::npos ? annotation.name : annotation.name.substr(dot + 1),
                depth + 1);
            if (alias->known()) return alias;
        }
    }
    if (!named->known()) return unknown_type();
    if (named->kind == TypeKind::None) return named;
    if (named->is_instance_of("typing.TypeVar")) return named->arg(0); // its bound
    if (named->kind == TypeKind::Class && named->cls != nullptr) return instance_of(named->cls);
    name = named->name;
    if (name.empty()) return unknown_type();
    if (is_one_of(name, {"typing.Optional"})) return argument(0);
    if (is_one_of(name, {"typing.Union"})) {
        Type result = argument(0);
        for (std::size_t i = 1; i < annotation.arguments.size(); ++i)
            result = join(result, argument(i));
        return result;
    }
    if (is_one_of(name, {"typing.Annotated", "typing.Final", "typing.ClassVar",
                         "typing_extensions.Annotated", "typing.Required", "typing.NotRequired",
                         "typing.ReadOnly", "pydantic.InstanceOf", "pydantic.SkipValidation",
                         "sqlalchemy.orm.Mapped"}))
        return argument(0);
    if (is_one_of(name, {"typing.Self", "typing_extensions.Self"})) {
        if (scope == nullptr) return unknown_type();
        // An annotation of a method's head belongs to the class's code, yet means the method's class.
        const NodeId method = scope->tree().ancestor(at, Kind::FunctionDef);
        const Type bound =
            method == kNoNode ? unknown_type() : function_binding(scope->slot(), method);
        if (bound->function != nullptr && bound->function->class_id >= 0)
            return instance_of(class_def(bound->function->class_id));
        return unknown_type();
    }
    if (is_one_of(name, {"typing.Any", "typing.TypeVar", "typing.Callable",
                         "collections.abc.Callable", "typing.Generic", "typing.Protocol",
                         "typing.Literal", "builtins.object", "typing.NoReturn", "typing.Never"}))
        return unknown_type();
    if (is_one_of(name, {"typing.Awaitable", "collections.abc.Awaitable"}))
        return wrap(TypeKind::Awaitable, argument(0));
    if (is_one_of(name, {"typing.Coroutine", "collections.abc.Coroutine", "types.CoroutineType"}))
        return wrap(TypeKind::Coroutine, argument(2));
    if (is_one_of(name, {"typing.AsyncIterator", "typing.AsyncGenerator", "typing.AsyncIterable",
                         "collections.abc.AsyncIterator", "collections.abc.AsyncGenerator",
                         "collections.abc.AsyncIterable", "types.AsyncGeneratorType"}))
        return wrap(TypeKind::AsyncIterator, argument(0));
    if (is_one_of(name, {"typing.Iterator", "typing.Generator", "collections.abc.Iterator",
                         "collections.abc.Generator", "types.GeneratorType"}))
        return wrap(TypeKind::Iterator, argument(0));
    if (is_one_of(name, {"typing.AsyncContextManager", "contextlib.AbstractAsyncContextManager"}))
        return wrap(TypeKind::AsyncManager, argument(0));
    if (is_one_of(name, {"typing.ContextManager", "contextlib.AbstractContextManager"}))
        return wrap(TypeKind::Manager, argument(0));
    std::string_view container = typing_container(name);
    if (container.empty() && is_container(name)) container = name;
    if (container == "builtins.type" || name == "builtins.type") {
        if (annotation.arguments.empty()) return unknown_type();
        const Type inner = argument(0);
        if (inner->kind != TypeKind::Instance) return unknown_type();
        if (inner->cls != nullptr) return class_object(inner->cls);
        TypeData data;
        data.kind = TypeKind::Class;
        data.name = inner->name;
        return make(std::move(data));
    }
    if (!container.empty()) {
        std::vector<Type> args;
        for (std::size_t i = 0; i < annotation.arguments.size(); ++i) {
            // `tuple[int, ...]`: any number of the first.
            if (container == "builtins.tuple" && i == 1 && annotation.arguments[i].name.empty()) {
                return instance("collections.abc.Sequence", std::move(args));
            }
            args.push_back(argument(i));
        }
        return instance(container, std::move(args));
    }
    if (named->kind == TypeKind::Class) {
        std::vector<Type> args;
        for (std::size_t i = 0; i < annotation.arguments.size(); ++i) args.push_back(argument(i));
        return instance(name, std::move(args));
    }
    // A class that the tables do not have: its name is all that is known.
    if (named->kind == TypeKind::Module && name.find('.') != std::string::npos &&
        name.front() != '.')
        return instance(name);
    return unknown_type();
}

} // namespace awaitls::analysis
