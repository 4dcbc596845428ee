#include "analysis/calls.h"

#include "analysis/rules/blocking/common.h"
#include "analysis/semantic/evaluator.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

namespace awaitls::analysis {

namespace {

constexpr int kMaxWraps = 8; // partial() in partial()

template <typename Value>
bool contains(const std::vector<Value>& values, std::string_view wanted) {
    return std::find(values.begin(), values.end(), wanted) != values.end();
}

void add_name(std::vector<std::string>& names, std::string_view name) {
    if (!name.empty() && !contains(names, name)) names.emplace_back(name);
}

std::string_view last_part(std::string_view dotted) {
    return dotted.substr(dotted.rfind('.') + 1);
}

/// The name that stands for what is called or handed on: `load` of `self.store.load`, `f` of `partial(f, 1)`.
NodeId name_in(const Tree& tree, NodeId expression, int depth = 0) {
    if (tree.is(expression, Kind::Attribute)) {
        const NodeId attr = tree.child(expression, Role::Attr);
        return attr == kNoNode ? expression : attr;
    }
    if (!tree.is(expression, Kind::Call) || depth > kMaxWraps) return expression;
    const NodeId callee = tree.child(expression, Role::Callee);
    const NodeId first = argument(tree, expression, 0, {});
    const NodeId callee_name = callee == kNoNode ? kNoNode : name_in(tree, callee, depth + 1);
    if (callee_name == kNoNode) return expression;
    return tree.text(callee_name) == "partial" && first != kNoNode ? name_in(tree, first, depth + 1)
                                                                   : callee_name;
}

/// Given a callable they only keep it: what calls the result, or ends the program, runs it.
bool only_keeps(std::string_view runner) {
    return runner.starts_with("functools.partial") || runner == "functools.cmp_to_key" ||
           runner.starts_with("contextlib.");
}

/// They run it where no code of ours goes on: at the end, or between two instructions.
bool runs_apart(std::string_view runner) {
    return runner.starts_with("atexit.") || runner.starts_with("signal.") ||
           runner.starts_with("weakref.");
}

} // namespace

std::vector<std::string> names_of(const CallItem& item) {
    const std::string_view name = item.name;
    const std::string_view own = last_part(name);
    if (item.kind == CallItem::Kind::Module) return {};
    if (item.kind != CallItem::Kind::Constructor && own != "__call__") return {std::string(own)};
    // Objects are made and called by the name of the class, or of what holds one.
    const std::size_t dot = name.rfind('.');
    std::vector<std::string> names;
    if (dot != std::string_view::npos) names.emplace_back(last_part(name.substr(0, dot)));
    add_name(names, own);
    return names;
}

// --- what is called ------------------------------------------------------------------------------------

class FileCalls::Impl {
public:
    Impl(std::shared_ptr<const Module> module, std::shared_ptr<const Settings> settings,
         ModulePlace place)
        : module_(std::move(module)),
          settings_(std::move(settings)),
          place_(std::move(place)),
          evaluator_(module_, *settings_, place_, {}) {}

    /// A function, or a class that has no `__init__`.
    struct Target {
        const FunctionDef* function = nullptr;
        const ClassDef* cls = nullptr;
        bool operator==(const Target&) const = default;
    };
    using Targets = std::vector<Target>;

    std::uint32_t slot_count() const { return static_cast<std::uint32_t>(module_->slots.size()); }
    const Slot& slot(std::uint32_t index) const { return module_->slots[index]; }
    RegionModel& model(std::uint32_t slot) { return evaluator_.model(slot); }
    const Module& module() const { return *module_; }

    const FunctionDef* function(std::uint32_t slot, std::int32_t index) {
        return evaluator_.function_def(slot, static_cast<std::uint32_t>(index));
    }
    const ClassDef* class_at(std::uint32_t slot, NodeId node) {
        const std::int32_t id = evaluator_.class_at(slot, node);
        return id < 0 ? nullptr : evaluator_.class_def(id);
    }

    CallItem item(const Target& target);
    CallItem module_item() const;
    bool is(const Target& target, const CallItem& item);

    /// What making an instance calls.
    Target constructor(const ClassDef& cls);
    /// What the name of a class leads to: its constructor, or the method that calls of its objects call.
    Targets through_class(const ClassDef& cls, bool objects) {
        if (!objects) return {constructor(cls)};
        const FunctionDef* const method = member(evaluator_.instance_of(&cls), "__call__");
        return method == nullptr ? Targets() : Targets{Target{method, nullptr}};
    }
    /// What an expression refers to. `called`: it is the callee of a call.
    Targets targets(const RegionModel& model, NodeId expression, bool called);
    /// What an Alias of an import gives its name.
    Targets imported(std::uint32_t slot, NodeId alias);
    /// The property that is read there; null: it is none.
    const FunctionDef* property_read(const RegionModel& model, NodeId attribute);

    /// The function that a node's code counts for, as an index in Region::functions; -1: the module.
    static std::int32_t owner(const Region& region, NodeId node) {
        std::int32_t index = region.function_at(node);
        while (index >= 0 && region.functions[static_cast<std::size_t>(index)].is_lambda)
            index = region.function_at(region.functions[static_cast<std::size_t>(index)].node);
        return index;
    }

    /// Whether names that the tables know are looked up in the sources of installed packages as well. Costs their parsing.
    void read_libraries(bool read) { reads_libraries_ = read; }
    bool is_library(const CallItem& item) const {
        const std::shared_ptr<const ModuleFile> file =
            place_.modules ? place_.modules->at(item.path) : nullptr;
        return file && file->library;
    }

    struct Found {
        std::uint32_t slot;
        NodeId node; // the Call, Attribute or Decorator
        NodeId name;
        Target target;
        const Runner* runner; // that is given the target; null where it is called itself
    };
    /// Calls found(Found) for each call in a region, in text order but for callables among the arguments.
    template <typename Visit>
    void each_call(std::uint32_t slot, Visit found);
    CallSite site(const Found& found);

private:
    const FunctionDef* member(Type object, std::string_view name);
    const FunctionDef* own_function(std::int32_t id, std::string_view name);
    void add(Type type, bool called, Targets& result);
    void add(Target target, Targets& result) {
        if (std::find(result.begin(), result.end(), target) == result.end())
            result.push_back(target);
    }
    /// Where an installed package defines what has a canonical name; nothing where it has no source.
    std::optional<Target> library_definition(std::string_view qualified);
    std::optional<Target> definition_in(std::int32_t space, std::string_view path, int depth);
    /// Where a call runs a callable that it is given; null where it is given none, as far as is known.
    const Runner* runner_at(const RegionModel& model, NodeId call);
    const Runner* runner_of(const RegionModel& model, NodeId callable);
    CallMark fate(const RegionModel& model, NodeId value, bool follow, bool lambdas);
    CallMark fate_of_uses(const RegionModel& model, NodeId name);
    std::string witness(const RegionModel& model, const Found& found);

    std::shared_ptr<const Module> module_;
    std::shared_ptr<const Settings> settings_;
    ModulePlace place_;
    Evaluator evaluator_;
    bool reads_libraries_ = true;
    std::unordered_map<std::uint32_t, std::vector<std::uint64_t>> wrappers_; // by slot
    NameMap<std::optional<Target>> library_definitions_;
};

CallItem FileCalls::Impl::module_item() const {
    CallItem result;
    result.kind = CallItem::Kind::Module;
    result.path = place_.path;
    result.module = place_.name;
    result.source = module_->source;
    result.range = {0, static_cast<std::uint32_t>(module_->text().size())};
    return result;
}

CallItem FileCalls::Impl::item(const Target& target) {
    const std::uint32_t at =
        target.function != nullptr ? target.function->slot : evaluator_.class_slot(target.cls->id);
    const NodeId node = target.function != nullptr ? target.function->node : target.cls->node;
    const Evaluator::Space& space = evaluator_.space_of(at);
    const Slot& place = evaluator_.slot_at(at);
    const Tree& tree = place.region->tree;
    CallItem result;
    result.path = evaluator_.path_of(space);
    result.module = evaluator_.name_of(space);
    result.source = space.module->source;
    result.range = tree[node].span().shifted(place.begin);
    const NodeId name = tree.child(node, Role::Name);
    result.name_range = name == kNoNode ? Span{result.range.begin, result.range.begin}
                                        : tree[name].span().shifted(place.begin);
    if (target.function == nullptr) {
        result.kind = CallItem::Kind::Class;
        result.name = target.cls->qualname;
    } else {
        result.kind = target.function->class_id < 0         ? CallItem::Kind::Function
                      : target.function->name == "__init__" ? CallItem::Kind::Constructor
                                                            : CallItem::Kind::Method;
        result.name = target.function->qualname;
    }
    return result;
}

bool FileCalls::Impl::is(const Target& target, const CallItem& wanted) {
    const std::string_view name =
        target.function != nullptr ? target.function->qualname : target.cls->qualname;
    return name == wanted.name && item(target).is(wanted);
}

const FunctionDef* FileCalls::Impl::own_function(std::int32_t id, std::string_view name) {
    const ClassEntry& entry = evaluator_.class_entry(id);
    const auto found = entry.members.find(name);
    if (found == entry.members.end()) return nullptr;
    const std::uint32_t first_slot = evaluator_.space_of_class(id).first_slot;
    const FunctionDef* result = nullptr;
    for (const Reference& reference : found->second) {
        if (reference.attribute) continue;
        const std::uint32_t at = first_slot + reference.slot;
        const Type type =
            evaluator_.binding_type(at, evaluator_.slot_at(at).region->bindings[reference.index]);
        if (type->kind != TypeKind::Function || type->function == nullptr ||
            type->function->is_lambda)
            continue;
        // The last one counts, but for what declares overloads, and for the setter of a property.
        const Evaluator::Decorated& decorated = evaluator_.decorators(*type->function);
        if (result != nullptr && (decorated.overload || decorated.property)) continue;
        result = type->function;
    }
    return result;
}

const FunctionDef* FileCalls::Impl::member(Type object, std::string_view name) {
    if (object->cls == nullptr ||
        (object->kind != TypeKind::Instance && object->kind != TypeKind::Class &&
         object->kind != TypeKind::Super))
        return nullptr;
    const std::vector<Type> order = evaluator_.linearized(object->cls->id);
    for (std::size_t i = object->kind == TypeKind::Super ? 1 : 0; i < order.size(); ++i) {
        const Type cls = order[i];
        if (cls->kind != TypeKind::Class) return nullptr; // who knows what it defines
        if (cls->cls == nullptr) {
            if (evaluator_.find_external_member(cls->name, name).type != nullptr) return nullptr;
            const ClassInfo* const info = find_class(cls->name);
            if (cls->name != "builtins.object" && cls->name != "abc.ABC" &&
                cls->name != "typing.Generic" && cls->name != "typing.Protocol" &&
                (info == nullptr || !info->complete))
                return nullptr;
        } else if (evaluator_.class_entry(cls->cls->id).members.contains(name)) {
            return own_function(cls->cls->id, name);
        }
    }
    return nullptr;
}

FileCalls::Impl::Target FileCalls::Impl::constructor(const ClassDef& cls) {
    const std::vector<Type> order = evaluator_.linearized(cls.id);
    for (const Type one : order) {
        if (one->kind != TypeKind::Class) break;
        if (one->cls == nullptr) {
            if (one->name == "builtins.object" || one->name == "abc.ABC" ||
                one->name == "typing.Generic" || one->name == "typing.Protocol")
                continue;
            break;
        }
        if (evaluator_.class_entry(one->cls->id).members.contains("__init__")) {
            const FunctionDef* const init = own_function(one->cls->id, "__init__");
            return init != nullptr ? Target{init, nullptr} : Target{nullptr, &cls};
        }
        // A decorator such as dataclass makes one.
        const Tree& tree = one->cls->region->tree;
        if (tree.child(one->cls->node, Kind::Decorator) != kNoNode) break;
    }
    return {nullptr, &cls};
}

void FileCalls::Impl::add(Type type, bool called, Targets& result) {
    switch (type->kind) {
    case TypeKind::Function:
        if (type->function != nullptr) {
            if (!type->function->is_lambda) add(Target{type->function, nullptr}, result);
        } else if (const std::optional<Target> found = library_definition(type->name)) {
            add(*found, result);
        }
        break;
    case TypeKind::Class:
        if (type->cls != nullptr)
            add(constructor(*type->cls), result);
        else if (const std::optional<Target> found = library_definition(type->name))
            add(*found, result);
        break;
    case TypeKind::Instance:
        if (const FunctionDef* const method = called ? member(type, "__call__") : nullptr)
            add(Target{method, nullptr}, result);
        break;
    case TypeKind::Union:
        for (const Type one : type->args) add(one, called, result);
        break;
    default: break;
    }
}

std::optional<FileCalls::Impl::Target>
FileCalls::Impl::library_definition(std::string_view qualified) {
    if (!reads_libraries_ || qualified.empty()) return std::nullopt;
    if (const auto known = library_definitions_.find(qualified);
        known != library_definitions_.end())
        return known->second;
    // The longest beginning that is a module; what is behind it are members.
    Evaluator::Space& own = *evaluator_.spaces_.front();
    std::optional<Target> result;
    for (std::size_t end = qualified.rfind('.'); end != std::string_view::npos && end != 0;
         end = qualified.rfind('.', end - 1)) {
        const std::int32_t space = evaluator_.find_any_module(qualified.substr(0, end), own);
        if (space < 0) continue;
        if (evaluator_.is_library(space))
            result = definition_in(space, qualified.substr(end + 1), 0);
        break;
    }
    library_definitions_.emplace(std::string(qualified), result);
    return result;
}

std::optional<FileCalls::Impl::Target>
FileCalls::Impl::definition_in(std::int32_t number, std::string_view path, int depth) {
    constexpr int kMaxImports = 20; // on the way to a definition
    if (number < 0 || depth > kMaxImports) return std::nullopt;
    Evaluator::Space& space = *evaluator_.spaces_[static_cast<std::size_t>(number)];
    const FileModel& file = *space.module->model;
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    const std::string_view rest =
        dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    const auto imported = [&](std::uint32_t at, NodeId statement, std::string_view member) {
        const Tree& tree = evaluator_.slot_at(at).region->tree;
        const NodeId module = tree.child(statement, Kind::ModuleName);
        const std::string from =
            module == kNoNode ? std::string() : evaluator_.imported_name(space, tree, module);
        return from.empty()
                   ? std::optional<Target>()
                   : definition_in(evaluator_.find_any_module(from, space),
                                   rest.empty() ? std::string(member)
                                                : std::string(member) + "." + std::string(rest),
                                   depth + 1);
    };
    const std::vector<Reference>* const references = file.find_name(name);
    if (references != nullptr) {
        const Reference& last = references->back();
        const std::uint32_t at = space.first_slot + last.slot;
        const Region& region = *evaluator_.slot_at(at).region;
        const Binding& binding = region.bindings[last.index];
        if (binding.kind == BindingKind::ImportFrom)
            return imported(at, region.tree.parent(binding.name),
                            identifier(region.tree, binding.name));
        if (binding.kind == BindingKind::Function && rest.empty()) {
            const Type type = evaluator_.function_binding(at, binding.source);
            if (type->function != nullptr) return Target{type->function, nullptr};
        }
        if (binding.kind == BindingKind::Class) {
            const std::int32_t id = evaluator_.class_at(at, binding.source);
            const ClassDef* const cls = id < 0 ? nullptr : evaluator_.class_def(id);
            if (cls != nullptr && rest.empty()) return constructor(*cls);
            const FunctionDef* const method =
                cls == nullptr ? nullptr : member(evaluator_.class_object(cls), rest);
            if (method != nullptr) return Target{method, nullptr};
        }
        return std::nullopt;
    }
    // The last one counts.
    for (auto star = file.star_imports().rbegin(); star != file.star_imports().rend(); ++star) {
        const std::uint32_t at = space.first_slot + star->slot;
        const Region& region = *evaluator_.slot_at(at).region;
        if (std::optional<Target> found = imported(at, region.star_imports[star->index], name))
            return found;
    }
    return std::nullopt;
}

const FunctionDef* FileCalls::Impl::property_read(const RegionModel& scope, NodeId attribute) {
    const Tree& tree = scope.tree();
    if (!tree.is(attribute, Kind::Attribute) ||
        tree[attribute].has(node_flag::kStore | node_flag::kDel))
        return nullptr;
    const NodeId object = tree.child(attribute, Role::Object);
    const Type type = object == kNoNode ? unknown_type() : scope.type_of(object);
    if (type->kind != TypeKind::Instance && type->kind != TypeKind::Super) return nullptr;
    const FunctionDef* const found = member(type, identifier(tree, attribute, Role::Attr));
    return found != nullptr && evaluator_.decorators(*found).property ? found : nullptr;
}

FileCalls::Impl::Targets FileCalls::Impl::targets(const RegionModel& scope, NodeId expression,
                                                  bool called) {
    const Tree& tree = scope.tree();
    Targets result;
    if (expression == kNoNode) return result;
    if (!called)
        if (const FunctionDef* const property = property_read(scope, expression))
            return {Target{property, nullptr}};
    add(scope.type_of(expression), called, result);
    if (!result.empty() || !tree.is(expression, Kind::Attribute)) return result;
    // What a decorator or an override makes of a method may be unknown: its definition is not.
    const NodeId object = tree.child(expression, Role::Object);
    const Type type = object == kNoNode ? unknown_type() : scope.type_of(object);
    const std::string_view name = identifier(tree, expression, Role::Attr);
    for (const Type one : type->kind == TypeKind::Union ? type->args : std::vector<Type>{type})
        if (const FunctionDef* const method = member(one, name);
            method != nullptr && !evaluator_.decorators(*method).property)
            add(Target{method, nullptr}, result);
    return result;
}

FileCalls::Impl::Targets FileCalls::Impl::imported(std::uint32_t at, NodeId alias) {
    Targets result;
    for (const Binding& binding : slot(at).region->bindings)
        if (binding.name == alias && binding.kind == BindingKind::ImportFrom)
            add(evaluator_.binding_type(at, binding), false, result);
    return result;
}

template <typename Visit>
void FileCalls::Impl::each_call(std::uint32_t at, Visit found) {
    const RegionModel& scope = model(at);
    const Tree& tree = scope.tree();
    for (NodeId node = 0; node < tree.size(); ++node) {
        switch (tree.kind(node)) {
        case Kind::Attribute:
            if (const FunctionDef* const property = property_read(scope, node))
                found(Found{at, node, name_in(tree, node), {property, nullptr}, nullptr});
            break;
        case Kind::Decorator: {
            const NodeId value = tree.child(node, Role::Value);
            if (value == kNoNode || tree.is(value, Kind::Call)) break;
            for (const Target& target : targets(scope, value, true))
                found(Found{at, node, name_in(tree, value), target, nullptr});
            break;
        }
        case Kind::Call: {
            const NodeId callee = tree.child(node, Role::Callee);
            if (callee == kNoNode) break;
            for (const Target& target : targets(scope, callee, true))
                found(Found{at, node, name_in(tree, callee), target, nullptr});
            const Runner* const runner = runner_at(scope, node);
            if (runner == nullptr || only_keeps(runner->name)) break;
            const NodeId callable = argument(tree, node, runner->position, runner->keyword);
            for (const Target& target : targets(scope, callable, false))
                found(Found{at, node, name_in(tree, callable), target, runner});
            break;
        }
        default: break;
        }
    }
}

// --- what calls do -------------------------------------------------------------------------------------

const Runner* FileCalls::Impl::runner_at(const RegionModel& scope, NodeId call) {
    // A function of the project that runs its first argument in a thread.
    static constexpr Runner kWrapper{"", RunsOn::Thread, 0, ""};
    const CallTarget target = scope.target(call);
    const FunctionDef* const function = target.function;
    if (function == nullptr || target.cls != nullptr) return find_runner(target.name);
    if (function->is_lambda || evaluator_.is_library(evaluator_.space_of(function->slot)))
        return nullptr;
    const auto [known, is_new] = wrappers_.try_emplace(function->slot);
    if (is_new && evaluator_.slot_at(function->slot).runners)
        known->second = evaluator_.find_runners(function->slot).wrappers;
    const std::uint64_t key = Evaluator::key(function->slot, evaluator_.index_of(*function));
    return std::find(known->second.begin(), known->second.end(), key) != known->second.end()
               ? &kWrapper
               : nullptr;
}

/// The runner that an expression is given to as the callable; null where it is not.
const Runner* FileCalls::Impl::runner_of(const RegionModel& scope, NodeId callable) {
    const Tree& tree = scope.tree();
    NodeId call = tree.parent(callable);
    if (tree.is(call, Kind::Keyword)) call = tree.parent(call);
    if (!tree.is(call, Kind::Call)) return nullptr;
    const Runner* const runner = runner_at(scope, call);
    return runner != nullptr && argument(tree, call, runner->position, runner->keyword) == callable
               ? runner
               : nullptr;
}

/// What becomes of a coroutine in the uses of a local variable that holds it, alone or with others.
CallMark FileCalls::Impl::fate_of_uses(const RegionModel& scope, NodeId name) {
    for (const NodeId use : scope.uses_of_local(name)) {
        if (use == name || scope.tree()[use].has(node_flag::kStore | node_flag::kDel)) continue;
        const CallMark found = fate(scope, use, false, false);
        if (found != CallMark::Plain) return found;
    }
    return CallMark::Plain;
}

/// What becomes of the coroutine that an expression gives. `follow`: through a variable, too; `lambdas`: it is certain to be
/// one, so that whoever runs a lambda around it gets a coroutine.
CallMark FileCalls::Impl::fate(const RegionModel& scope, NodeId value, bool follow, bool lambdas) {
    const Tree& tree = scope.tree();
    for (;;) {
        const NodeId parent = tree.parent(value);
        const Role role = tree.role(value);
        if (parent == kNoNode) return CallMark::Plain;
        switch (tree.kind(parent)) {
        case Kind::Await: return CallMark::Awaited;
        case Kind::WithItem:
            return role == Role::Value && tree[tree.parent(parent)].is_async() ? CallMark::Awaited
                                                                               : CallMark::Plain;
        case Kind::For:
        case Kind::CompFor:
            return role == Role::Iter && tree[parent].is_async() ? CallMark::Awaited
                                                                 : CallMark::Plain;
        case Kind::Conditional:
            if (role == Role::Test) return CallMark::Plain;
            break;
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::DictComp:
        case Kind::Generator:
            if (role != Role::Element) return CallMark::Plain;
            break;
        case Kind::NamedExpr:
        case Kind::Assign:
        case Kind::AnnAssign: {
            if (role != Role::Value) return CallMark::Plain;
            const NodeId target = tree.child(parent, Role::Target);
            if (follow && tree.is(target, Kind::Name)) {
                const CallMark found = fate_of_uses(scope, target);
                if (found != CallMark::Plain) return found;
            }
            if (tree.is(parent, Kind::AnnAssign)) return CallMark::Plain;
            break;
        }
        case Kind::Keyword:
        case Kind::Starred:
        case Kind::DoubleStarred:
        case Kind::List:
        case Kind::Tuple:
        case Kind::Set:
        case Kind::Dict:
        case Kind::Pair:
        case Kind::BoolOp: break;
        case Kind::Lambda: {
            const Runner* const runner =
                lambdas && role == Role::Body ? runner_of(scope, parent) : nullptr;
            if (runner == nullptr) return CallMark::Plain;
            if (runner->where == RunsOn::Loop) return CallMark::Task;
            return runner->where == RunsOn::NewLoop ? CallMark::Awaited : CallMark::Plain;
        }
        case Kind::Call: {
            if (role == Role::Callee) return CallMark::Plain;
            const std::string_view name = scope.target(parent).name;
            ArgumentUse use = ArgumentUse::Discards;
            if (find_argument_use(name, use) && use != ArgumentUse::Discards)
                return use == ArgumentUse::Spawns ? CallMark::Task : CallMark::Awaited;
            if (name == "builtins.list" || name == "builtins.tuple" || name == "builtins.set")
                break;
            // `coros.append(load())`
            const NodeId callee = tree.child(parent, Role::Callee);
            const NodeId object =
                tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
            const std::string_view method =
                object == kNoNode ? std::string_view{} : identifier(tree, callee, Role::Attr);
            return follow && (method == "append" || method == "add") && tree.is(object, Kind::Name)
                       ? fate_of_uses(scope, object)
                       : CallMark::Plain;
        }
        default: return CallMark::Plain;
        }
        value = parent;
    }
}

/// The operation that makes a call block; empty where it does not, as far as is known.
std::string FileCalls::Impl::witness(const RegionModel& scope, const Found& found) {
    const Region& region = scope.region();
    // A loop runs functions. What stands at the top has run before.
    if ((owner(region, found.node) < 0 && !scope.in_async(found.node)) ||
        is_off_loop(scope, found.node))
        return {};
    if (found.runner == nullptr) {
        const std::optional<BlockingOperation> operation = blocking_operation(scope, found.node);
        if (operation && operation->confidence == Confidence::Certain &&
            counts(*settings_, *operation))
            return display_name(operation->name);
    }
    const FunctionDef* const function = found.target.function;
    if (function == nullptr || function->is_async) return {};
    if (function->is_generator && (found.runner != nullptr || !is_consumed(scope, found.node)))
        return {};
    const BlockingChain* const chain = scope.blocking(*function);
    return chain != nullptr && counts(*settings_, *chain) ? display_name(chain->end)
                                                          : std::string();
}

CallSite FileCalls::Impl::site(const Found& found) {
    const RegionModel& scope = model(found.slot);
    const Region& region = scope.region();
    const Tree& tree = region.tree;
    CallSite result;
    result.span = tree[found.name].span().shifted(slot(found.slot).begin);
    const bool is_async = found.target.function != nullptr && found.target.function->is_async;
    const bool is_call = tree.is(found.node, Kind::Call);
    // Who runs it, and the lambdas that it stands in.
    bool known = true;
    std::optional<RunsOn> where;
    if (found.runner != nullptr && found.runner->where != RunsOn::Caller)
        where = found.runner->where;
    for (std::int32_t index = region.function_at(found.node);
         index >= 0 && region.functions[static_cast<std::size_t>(index)].is_lambda;) {
        const NodeId lambda = region.functions[static_cast<std::size_t>(index)].node;
        const Runner* const runner = runner_of(scope, lambda);
        if (runner == nullptr || runs_apart(runner->name))
            known = false;
        else if (!where && (runner->where == RunsOn::Thread || runner->where == RunsOn::Process))
            where = runner->where;
        index = region.function_at(lambda);
    }
    if (where == RunsOn::Thread || where == RunsOn::Process) {
        result.mark = where == RunsOn::Thread ? CallMark::Thread : CallMark::Process;
        return result;
    }
    if (where == RunsOn::NewLoop || (where == RunsOn::Loop && is_async)) {
        result.mark = where == RunsOn::Loop ? CallMark::Task : CallMark::Awaited;
        return result;
    }
    if (is_call && where != RunsOn::Loop) {
        result.mark = fate(scope, found.node, true, is_async);
        // The value of map() is what the function gives; of other runners it is their own.
        if (found.runner != nullptr && !is_async) result.mark = CallMark::Plain;
        if (result.mark != CallMark::Plain) return result;
    }
    if (known && (found.runner == nullptr || !runs_apart(found.runner->name)) &&
        !tree.is(found.node, Kind::Decorator)) {
        result.witness = witness(scope, found);
        if (!result.witness.empty()) {
            result.mark = CallMark::Blocks;
            return result;
        }
    }
    if (where == RunsOn::Loop) result.mark = CallMark::Callback;
    return result;
}

// --- questions -----------------------------------------------------------------------------------------

FileCalls::FileCalls(std::shared_ptr<const Module> module, std::shared_ptr<const Settings> settings,
                     ModulePlace place)
    : impl_(std::make_unique<Impl>(std::move(module), std::move(settings), std::move(place))) {}
FileCalls::~FileCalls() = default;

std::vector<CallItem> FileCalls::items_at(std::uint32_t offset) const {
    impl_->read_libraries(true);
    const std::vector<Slot>& slots = impl_->module().slots;
    const auto behind =
        std::upper_bound(slots.begin(), slots.end(), offset,
                         [](std::uint32_t o, const Slot& slot) { return o < slot.begin; });
    // A name may end where the next region begins.
    Impl::Targets found;
    for (auto place = behind; place != slots.begin() && found.empty();) {
        --place;
        const std::uint32_t index = static_cast<std::uint32_t>(place - slots.begin());
        const RegionModel& scope = impl_->model(index);
        const Tree& tree = scope.tree();
        const std::uint32_t at = offset - place->begin;
        if (at > tree.text().size()) break;
        // The name under the offset, rather than one that ends there.
        NodeId name = kNoNode;
        for (NodeId n = 0; n < tree.size(); ++n) {
            if (tree[n].begin > at) break;
            if ((tree.is(n, Kind::Name) || tree.is(n, Kind::Identifier)) && at <= tree[n].end)
                name = n;
        }
        if (name != kNoNode) {
            const NodeId parent = tree.parent(name);
            if (tree.is(name, Kind::Name)) {
                found = impl_->targets(scope, name, tree.role(name) == Role::Callee);
            } else if (tree.is(parent, Kind::Attribute)) {
                found = impl_->targets(scope, parent, tree.role(parent) == Role::Callee);
            } else if (tree.is(parent, Kind::Alias)) {
                found = impl_->imported(index, parent);
            } else if (tree.is(parent, Kind::FunctionDef) && tree.role(name) == Role::Name) {
                const std::vector<RegionFunction>& functions = scope.region().functions;
                for (std::size_t i = 0; i < functions.size(); ++i)
                    if (functions[i].node == parent)
                        found.push_back(
                            {impl_->function(index, static_cast<std::int32_t>(i)), nullptr});
            } else if (tree.is(parent, Kind::ClassDef) && tree.role(name) == Role::Name) {
                if (const ClassDef* const cls = impl_->class_at(index, parent))
                    found.push_back(impl_->constructor(*cls));
            }
        }
        if (at > 0) break;
    }
    std::vector<CallItem> result;
    for (const Impl::Target& target : found) result.push_back(impl_->item(target));
    return result;
}

std::optional<CallItem> FileCalls::find(CallItem::Kind kind, std::string_view name,
                                        std::uint32_t near_offset) const {
    if (kind == CallItem::Kind::Module) return impl_->module_item();
    const auto distance = [near_offset](const CallItem& item) {
        const std::uint32_t at = item.name_range.begin;
        return at > near_offset ? at - near_offset : near_offset - at;
    };
    std::optional<CallItem> best;
    const auto add = [&](const Impl::Target& target) {
        CallItem item = impl_->item(target);
        if (item.kind == kind && item.name == name && (!best || distance(item) < distance(*best)))
            best = std::move(item);
    };
    for (std::uint32_t at = 0; at < impl_->slot_count(); ++at) {
        const Region& region = *impl_->slot(at).region;
        const Tree& tree = region.tree;
        if (kind == CallItem::Kind::Class) {
            for (const NodeId node : region.classes)
                if (identifier(tree, node) == last_part(name))
                    if (const ClassDef* const cls = impl_->class_at(at, node)) add({nullptr, cls});
            continue;
        }
        for (std::size_t i = 0; i < region.functions.size(); ++i)
            if (!region.functions[i].is_lambda &&
                identifier(tree, region.functions[i].node) == last_part(name))
                add({impl_->function(at, static_cast<std::int32_t>(i)), nullptr});
    }
    return best;
}

std::vector<CallEdge> FileCalls::outgoing(const CallItem& caller) const {
    impl_->read_libraries(true);
    struct Edge {
        Impl::Target target;
        std::vector<CallSite> sites;
    };
    std::vector<Edge> edges;
    for (std::uint32_t at = 0; at < impl_->slot_count(); ++at) {
        const Slot& slot = impl_->slot(at);
        const Region& region = *slot.region;
        // The function, as an index; -1 for the module.
        std::int32_t wanted = -1;
        if (caller.kind != CallItem::Kind::Module) {
            for (std::size_t i = 0; i < region.functions.size() && wanted < 0; ++i) {
                const NodeId name = region.tree.child(region.functions[i].node, Role::Name);
                if (!region.functions[i].is_lambda && name != kNoNode &&
                    slot.begin + region.tree[name].begin == caller.name_range.begin)
                    wanted = static_cast<std::int32_t>(i);
            }
            if (wanted < 0) continue;
        }
        impl_->each_call(at, [&](const Impl::Found& found) {
            if (Impl::owner(region, found.node) != wanted) return;
            auto edge = std::find_if(edges.begin(), edges.end(),
                                     [&](const Edge& one) { return one.target == found.target; });
            if (edge == edges.end()) edge = edges.insert(edge, Edge{found.target, {}});
            edge->sites.push_back(impl_->site(found));
        });
    }
    std::vector<CallEdge> result;
    for (Edge& edge : edges) {
        std::sort(edge.sites.begin(), edge.sites.end(),
                  [](const CallSite& a, const CallSite& b) { return a.span.begin < b.span.begin; });
        result.push_back({impl_->item(edge.target), std::move(edge.sites)});
    }
    std::stable_sort(result.begin(), result.end(), [](const CallEdge& a, const CallEdge& b) {
        return a.sites.front().span.begin < b.sites.front().span.begin;
    });
    return result;
}

std::optional<std::vector<CallEdge>> FileCalls::incoming(const CallItem& callee,
                                                         const Cancellation& cancellation) const {
    impl_->read_libraries(impl_->is_library(callee));
    std::vector<CallEdge> result;
    std::size_t module_edge = 0; // one more than its index
    for (std::uint32_t at = 0; at < impl_->slot_count(); ++at) {
        if (cancellation.cancelled()) return std::nullopt;
        const Region& region = *impl_->slot(at).region;
        std::unordered_map<std::int32_t, std::size_t> by_owner;
        impl_->each_call(at, [&](const Impl::Found& found) {
            if (!impl_->is(found.target, callee)) return;
            const std::int32_t owner = Impl::owner(region, found.node);
            std::size_t& edge = owner < 0 ? module_edge : by_owner[owner];
            if (edge == 0) {
                result.push_back({owner < 0 ? impl_->module_item()
                                            : impl_->item({impl_->function(at, owner), nullptr}),
                                  {}});
                edge = result.size();
            }
            result[edge - 1].sites.push_back(impl_->site(found));
        });
    }
    for (CallEdge& edge : result)
        std::sort(edge.sites.begin(), edge.sites.end(),
                  [](const CallSite& a, const CallSite& b) { return a.span.begin < b.span.begin; });
    std::stable_sort(result.begin(), result.end(), [](const CallEdge& a, const CallEdge& b) {
        return a.item.name_range.begin < b.item.name_range.begin;
    });
    return result;
}

CallLeads FileCalls::leads(const CallItem& callee, const std::vector<std::string>& names) const {
    impl_->read_libraries(impl_->is_library(callee));
    CallLeads result;
    // Whoever has the object calls its `__call__`.
    const bool called = last_part(callee.name) == "__call__";
    const auto leads_to_callee = [&](const Impl::Targets& targets) {
        return std::any_of(targets.begin(), targets.end(),
                           [&](const Impl::Target& target) { return impl_->is(target, callee); });
    };
    const auto add = [&](std::string_view name) {
        if (!contains(names, name)) add_name(result.names, name);
    };
    for (std::uint32_t at = 0; at < impl_->slot_count(); ++at) {
        const Region& region = *impl_->slot(at).region;
        const Tree& tree = region.tree;
        if (std::none_of(names.begin(), names.end(), [&](const std::string& name) {
                return tree.text().find(name) != std::string_view::npos;
            }))
            continue;
        const RegionModel& scope = impl_->model(at);
        // The value is the callee, or holds it: `{"load": load}`, `partial(load, 1)`.
        const auto holds_callee = [&](NodeId value) {
            if (value == kNoNode) return false;
            if (leads_to_callee(impl_->targets(scope, value, called))) return true;
            for (NodeId n = value; n < tree[value].next; ++n)
                if ((tree.is(n, Kind::Name) || tree.is(n, Kind::Attribute)) &&
                    tree.role(n) != Role::Callee && contains(names, tree.text(name_in(tree, n))) &&
                    leads_to_callee(impl_->targets(scope, n, called)))
                    return true;
            return false;
        };
        const auto assigned = [&](BindingKind kind, NodeId source) {
            return kind == BindingKind::Assign      ? source
                   : kind == BindingKind::Annotated ? tree.child(source, Role::Value)
                                                    : kNoNode;
        };
        for (const Binding& binding : region.bindings) {
            if (binding.kind == BindingKind::ImportFrom) {
                const NodeId renamed = tree.child(binding.name, Role::AsName);
                if (renamed != kNoNode && contains(names, identifier(tree, binding.name)) &&
                    (called || leads_to_callee(impl_->imported(at, binding.name))))
                    add(tree.text(renamed));
            } else if ((region.scopes[binding.scope].kind == ScopeKind::Module ||
                        region.scopes[binding.scope].kind == ScopeKind::Class) &&
                       holds_callee(assigned(binding.kind, binding.source))) {
                add(region.name_of(binding));
            }
        }
        for (const SelfAttribute& attribute : region.attributes)
            if (holds_callee(assigned(attribute.kind, attribute.source)))
                add(identifier(tree, attribute.target, Role::Attr));
        if (called || callee.kind == CallItem::Kind::Constructor)
            for (const NodeId node : region.classes)
                if (const ClassDef* const cls = impl_->class_at(at, node);
                    cls != nullptr && leads_to_callee(impl_->through_class(*cls, called)))
                    add(cls->name);
        for (NodeId node = 0; node < tree.size(); ++node) {
            if (!tree.is(node, Kind::Call)) continue;
            const FunctionDef* const taker = scope.target(node).function;
            const std::string path(taker == nullptr ? std::string_view{}
                                                    : scope.path_of(*taker->region));
            if (path.empty()) continue;
            for (const NodeId value : argument_values(tree, node))
                if (holds_callee(value)) add_name(result.paths, path);
        }
    }
    return result;
}

} // namespace awaitls::analysis
