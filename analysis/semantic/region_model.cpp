// The Model of a region: names, expressions, and where code runs.

#include "analysis/semantic/evaluator.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace awaitls::analysis {

namespace {

/// Nested evaluations beyond this are answered "unknown".
constexpr int kMaxNesting = 150;

Type in_progress() {
    static const TypeData mark{};
    return &mark;
}

/// Where lists of bindings live that one question needs: on the stack, but for the rare long ones.
struct BindingsMemory {
    std::array<std::byte, 512> bytes;
    std::pmr::monotonic_buffer_resource resource{bytes.data(), bytes.size()};
};

bool is_comprehension(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
           kind == Kind::Generator;
}

/// A method that every kind of object may have says nothing about whose it is.
bool is_common_method(std::string_view name) {
    for (const std::string_view common :
         {"get", "set", "put", "add", "pop", "run", "start", "stop", "close", "open", "read",
          "write", "send", "update", "clear", "append", "remove", "connect", "execute", "wait",
          "join", "cancel", "save", "load", "delete", "create", "fetch", "call", "process",
          // Of strings, containers, files, futures and protocols.
          "encode", "decode", "replace", "items", "values", "keys", "copy", "index", "count",
          "format", "split", "strip", "lower", "upper", "match", "group", "search", "date",
          "exists", "parse", "refresh", "abort", "add_done_callback", "wait_closed",
          "connection_made", "result", "done", "release", "acquire", "flush", "seek", "readline",
          "drain", "insert", "extend", "sort", "commit", "rollback", "cursor", "query", "filter",
          "all", "first"})
        if (name == common) return true;
    return name.size() < 4 || name.front() == '_';
}

} // namespace

RegionModel::RegionModel(Evaluator& evaluator, std::uint32_t slot)
    : evaluator_(evaluator),
      space_(evaluator.space_of(slot)),
      region_(*evaluator.slot_at(slot).region),
      slot_(slot),
      memo_(region_.tree.size(), nullptr),
      narrows_(region_.tests_types) {
    for (const Binding& binding : region_.bindings)
        if (binding.kind == BindingKind::Nonlocal) nonlocals_.push_back(region_.name_of(binding));
}

const ModuleFile* RegionModel::file_of(const Region& region) const {
    for (const auto& space : evaluator_.spaces_) {
        const std::vector<Slot>& slots = space->module->slots;
        if (space->file && std::any_of(slots.begin(), slots.end(),
                                       [&](const Slot& slot) { return slot.region == &region; }))
            return space->file.get();
    }
    return nullptr;
}

std::string_view RegionModel::path_of(const Region& region) const {
    const ModuleFile* const file = file_of(region);
    return file != nullptr ? std::string_view(file->path) : std::string_view{};
}

std::string_view RegionModel::module_of(const Region& region) const {
    const ModuleFile* const file = file_of(region);
    return file != nullptr ? file->name : evaluator_.place_.name;
}

bool RegionModel::is_assigned_elsewhere(std::string_view name) const {
    return std::find(nonlocals_.begin(), nonlocals_.end(), name) != nonlocals_.end();
}

// --- names ---------------------------------------------------------------------------------------------

RegionModel::Variable RegionModel::resolve(std::string_view name, NodeId at) const {
    ScopeId scope = region_.scope_at(at);
    bool innermost = true;
    for (;;) {
        const Scope& here = region_.scopes[scope];
        if (here.kind == ScopeKind::Module) break;
        // Class scopes are seen only by code directly in them.
        if (scope != 0 && (here.kind != ScopeKind::Class || innermost)) {
            const Region::Range range = region_.find(scope, name);
            if (!range.empty()) {
                bool outward = false;
                for (const Binding& binding : range) {
                    if (binding.kind == BindingKind::Global) return {0, true, true};
                    if (binding.kind == BindingKind::Nonlocal) outward = true;
                }
                if (!outward) return {scope, false, true};
            }
        }
        if (scope == 0) {
            // The class body that this region is a part of.
            if (innermost && here.kind == ScopeKind::Class && !region_.find(0, name).empty())
                return {0, false, true};
            break;
        }
        innermost = false;
        scope = here.parent;
    }
    return {0, true, space_.module->model->find_name(name) != nullptr};
}

Type RegionModel::lookup(std::string_view name, NodeId at) const {
    const Variable variable = resolve(name, at);
    if (variable.found && !variable.module) return local_type(variable.scope, name, at);
    if (variable.found) return evaluator_.module_variable(space_, name);
    // Names of the class body, for code at class level of another region of the class.
    if (region_.scopes[region_.scope_at(at)].kind == ScopeKind::Class) {
        const std::int32_t id = evaluator_.class_of_member(slot_);
        if (id >= 0) {
            const ClassEntry& entry = evaluator_.class_entry(id);
            const auto found = entry.members.find(name);
            if (found != entry.members.end()) {
                bool open = false;
                return evaluator_.class_member(id, name, nullptr, true, open);
            }
        }
    }
    // The last one counts.
    const std::vector<Reference>& stars = space_.module->model->star_imports();
    for (auto last = stars.rbegin(); last != stars.rend(); ++last) {
        const Reference& star = *last;
        const Region& region = *evaluator_.slot_at(space_.first_slot + star.slot).region;
        const NodeId module = region.tree.child(region.star_imports[star.index], Kind::ModuleName);
        if (module == kNoNode) continue;
        const std::string qualified = evaluator_.imported_name(space_, region.tree, module);
        const Type type = evaluator_.star_member(qualified, name, space_, 0);
        if (type->known()) return type;
    }
    const Type builtin = evaluator_.external(evaluator_.joined("builtins", name));
    if (builtin->kind != TypeKind::Module) return builtin;
    for (const std::string_view known :
         {"property", "staticmethod", "classmethod", "super", "type", "object"})
        if (name == known) return builtin;
    // A module whose import is still to be written: read as its code will be then.
    if (stars.empty() && is_known_package(name)) return evaluator_.external(name);
    return unknown_type();
}

/// The bindings whose value a use of a local variable may see, the nearest first. A binding hides earlier ones when its
/// statement stands in a block around the use.
void RegionModel::find_reaching(ScopeId scope, std::string_view name, NodeId at,
                                Bindings& result) const {
    const Tree& tree = region_.tree;
    const Region::Range range = region_.find(scope, name);
    ScopeId own = region_.scope_at(at);
    while (own != scope && region_.scopes[own].kind == ScopeKind::Comprehension)
        own = region_.scopes[own].parent;
    if (own != scope || scope == 0) {
        for (const Binding& binding : range) result.push_back(&binding);
        return;
    }
    // True once the binding has happened when `at` runs, reading down the text.
    const auto precedes = [&](const Binding& binding) {
        if (binding.kind == BindingKind::Parameter) return true;
        // A comprehension's element stands before the loop that binds its names.
        if (tree.is(binding.source, Kind::CompFor))
            return !tree.within(at, binding.source) ||
                   tree.within(at, tree.child(binding.source, Role::Target));
        if (binding.name >= at) return false;
        const NodeId parent = tree.parent(binding.name);
        switch (binding.kind) {
        case BindingKind::Assign:
        case BindingKind::Annotated:
        case BindingKind::Augmented:
        case BindingKind::Unpack: {
            // The value is worked out before the target is bound.
            NodeId whole = parent;
            while (tree.is(tree.parent(whole), Kind::Assign) || tree.is(whole, Kind::Tuple) ||
                   tree.is(whole, Kind::List)) {
                const NodeId up = tree.parent(whole);
                if (up == kNoNode) break;
                whole = up;
                if (tree.role(whole) == Role::Statement) break;
            }
            return !tree.within(at, whole);
        }
        case BindingKind::For: {
            const NodeId body = tree.child(binding.source, Role::Body);
            return !tree.within(at, binding.source) || (body != kNoNode && at >= body);
        }
        default: return true;
        }
    };
    const auto dominates = [&](const Binding& binding) {
        switch (binding.kind) {
        case BindingKind::Parameter: return true;
        case BindingKind::For:
            if (tree.is(binding.source, Kind::CompFor)) return true;
            return tree.within(at, tree.child(binding.source, Role::Body));
        case BindingKind::Except: return tree.within(at, binding.source);
        default: break;
        }
        const NodeId statement = tree.statement(binding.name);
        if (statement == kNoNode) return false;
        return tree.within(at, tree.parent(statement));
    };
    Bindings later(result.get_allocator());
    const Binding* dominator = nullptr;
    for (const Binding* binding = range.last; binding-- != range.first;) {
        if (!precedes(*binding)) {
            later.push_back(binding);
            continue;
        }
        // The name of an exception is gone behind its handler.
        if (binding->kind == BindingKind::Except && !tree.within(at, binding->source)) continue;
        result.push_back(binding);
        if (dominates(*binding)) {
            dominator = binding;
            break;
        }
    }
    // What a later statement of the same loop binds is seen in the next round.
    for (const Binding* binding : later) {
        bool carried = false;
        for (NodeId loop = tree.parent(at); loop != kNoNode; loop = tree.parent(loop)) {
            const Kind kind = tree.kind(loop);
            if (kind == Kind::FunctionDef || kind == Kind::Lambda) break;
            if (kind != Kind::For && kind != Kind::While) continue;
            if (dominator != nullptr && dominator->kind != BindingKind::Parameter &&
                tree.within(dominator->name, loop))
                break;
            if (tree.within(binding->name, loop)) carried = true;
        }
        if (carried) result.push_back(binding);
    }
}

Type RegionModel::local_type(ScopeId scope, std::string_view name, NodeId at) const {
    Type result = unknown_type();
    if (is_assigned_elsewhere(name)) return result;
    bool first = true;
    BindingsMemory memory;
    Bindings bindings(&memory.resource);
    find_reaching(scope, name, at, bindings);
    for (const Binding* const binding : bindings) {
        if (binding->kind == BindingKind::Global || binding->kind == BindingKind::Nonlocal)
            continue;
        Type type = evaluator_.binding_type(slot_, *binding);
        result = first ? type : evaluator_.join(result, type);
        first = false;
        if (!result->known()) break;
    }
    return result;
}

bool RegionModel::is_local(NodeId name) const {
    if (!tree().is(name, Kind::Name)) return false;
    const Variable variable = resolve(tree().text(name), name);
    if (!variable.found || variable.module) return false;
    const ScopeKind kind = region_.scopes[variable.scope].kind;
    return kind == ScopeKind::Function || kind == ScopeKind::Lambda ||
           kind == ScopeKind::Comprehension;
}

std::vector<NodeId> RegionModel::uses_of_local(NodeId name) const {
    std::vector<NodeId> result;
    if (!is_local(name)) return result;
    const Tree& tree = region_.tree;
    const std::string_view text = tree.text(name);
    const ScopeId scope = resolve(text, name).scope;
    const NodeId owner = region_.scopes[scope].node;
    for (NodeId n = owner; n < tree[owner].next; ++n) {
        if (tree.kind(n) != Kind::Name || tree.text(n) != text) continue;
        const Variable variable = resolve(text, n);
        if (variable.found && !variable.module && variable.scope == scope) result.push_back(n);
    }
    return result;
}

NodeId RegionModel::value_of_local(NodeId name) const {
    if (!is_local(name)) return kNoNode;
    const std::string_view text = tree().text(name);
    if (is_assigned_elsewhere(text)) return kNoNode;
    const Variable variable = resolve(text, name);
    BindingsMemory memory;
    Bindings bindings(&memory.resource);
    find_reaching(variable.scope, text, name, bindings);
    if (bindings.size() != 1) return kNoNode;
    const Binding& only = *bindings.front();
    if (only.kind == BindingKind::Assign) return only.source;
    if (only.kind == BindingKind::Annotated) return tree().child(only.source, Role::Value);
    return kNoNode;
}

bool RegionModel::may_hold(NodeId use, NodeId target) const {
    if (!is_local(use)) return true;
    const std::string_view text = tree().text(use);
    if (is_assigned_elsewhere(text)) return true;
    BindingsMemory memory;
    Bindings bindings(&memory.resource);
    find_reaching(resolve(text, use).scope, text, use, bindings);
    return std::any_of(bindings.begin(), bindings.end(), [target](const Binding* binding) {
        // `items += more` keeps what was there.
        return binding->name == target || binding->kind == BindingKind::Augmented;
    });
}

// --- what tests tell -----------------------------------------------------------------------------------

Type RegionModel::narrowed_by(NodeId test, bool truth, std::string_view text, Type type) const {
    const Tree& tree = region_.tree;
    Evaluator& ev = evaluator_;
    switch (tree.kind(test)) {
    case Kind::Not: return narrowed_by(tree.child(test, Role::Value), !truth, text, type);
    case Kind::BoolOp:
        // Both parts hold of a true `and`, and neither of a false `or`.
        if ((static_cast<Op>(tree[test].op) == Op::And) == truth)
            for (const NodeId part : tree.children(test))
                type = narrowed_by(part, truth, text, type);
        return type;
    case Kind::Call: break;
    default: return type;
    }
    const NodeId callee = tree.child(test, Role::Callee);
    const NodeId subject = argument(tree, test, 0, {});
    const NodeId wanted = argument(tree, test, 1, {});
    if (!tree.is(callee, Kind::Name) || tree.text(callee) != "isinstance" || subject == kNoNode ||
        wanted == kNoNode || tree.text(subject) != text || name_of(callee) != "builtins.isinstance")
        return type;
    std::vector<Type> classes;
    const Type named = type_of(wanted);
    if (named->kind == TypeKind::Instance && named->name == "builtins.tuple")
        classes = named->args;
    else
        classes = {named};
    if (classes.empty()) return type;
    for (const Type cls : classes)
        if (cls->kind != TypeKind::Class || cls->confidence != Confidence::Certain)
            return truth && !type->known() ? type : unknown_type();
    const auto fits = [&](Type one) {
        return std::any_of(classes.begin(), classes.end(), [&](Type cls) {
            if (one->kind != TypeKind::Instance) return false;
            if (cls->cls != nullptr)
                return one->cls != nullptr && ev.derives_from(one->cls->id, cls->cls->id);
            return is_instance(one, cls->name);
        });
    };
    const std::vector<Type> before =
        type->kind == TypeKind::Union ? type->args : std::vector<Type>{type};
    Type result = nullptr;
    for (const Type one : before)
        if (fits(one) == truth) result = result == nullptr ? one : ev.join(result, one);
    if (!truth) return result != nullptr ? result : type;
    if (result != nullptr) return result;
    for (const Type cls : classes) {
        const Type one = cls->cls != nullptr ? ev.instance_of(cls->cls) : ev.instance(cls->name);
        result = result == nullptr ? one : ev.join(result, one);
    }
    return result;
}

Type RegionModel::narrowed(NodeId node, Type type) const {
    const Tree& tree = region_.tree;
    // Others see what a method assigns to attributes, and are not to depend on its tests.
    const std::int32_t function = region_.function_at(node);
    if (std::any_of(region_.attributes.begin(), region_.attributes.end(),
                    [function](const SelfAttribute& attribute) {
                        return static_cast<std::int32_t>(attribute.function) == function;
                    }))
        return type;
    const std::string_view text = tree.text(node);
    // True when something between the two binds the name anew, or the object whose attribute it is.
    const auto is_bound_in = [&](NodeId begin, NodeId end) {
        for (NodeId n = begin; n < end; ++n)
            if ((tree.kind(n) == Kind::Name || tree.kind(n) == Kind::Attribute) &&
                tree[n].has(node_flag::kStore | node_flag::kDel)) {
                const std::string_view stored = tree.text(n);
                if (text.starts_with(stored) &&
                    (text.size() == stored.size() || text[stored.size()] == '.'))
                    return true;
            }
        return false;
    };
    // From the outermost test inwards, each knows what those around it left.
    struct Test {
        NodeId node;
        bool truth;
    };
    std::vector<Test> tests;
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        const Role role = tree.role(inner);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda || kind == Kind::ClassDef) break;
        if ((kind == Kind::If || kind == Kind::Elif || kind == Kind::While ||
             kind == Kind::Conditional) &&
            role == Role::Body) {
            if (is_bound_in(inner, tree[inner].next)) break;
            tests.push_back({tree.child(outer, Role::Test), true});
        } else if (kind == Kind::Conditional && role == Role::OrElse) {
            tests.push_back({tree.child(outer, Role::Test), false});
        } else if (kind == Kind::If && (tree.is(inner, Kind::Else) || tree.is(inner, Kind::Elif))) {
            if (is_bound_in(inner, tree[inner].next)) break;
            tests.push_back({tree.child(outer, Role::Test), false});
            for (const NodeId branch : tree.children(outer)) {
                if (branch == inner) break;
                if (tree.is(branch, Kind::Elif))
                    tests.push_back({tree.child(branch, Role::Test), false});
            }
        } else if (kind == Kind::BoolOp && role == Role::Right) {
            tests.push_back(
                {tree.child(outer, Role::Left), static_cast<Op>(tree[outer].op) == Op::And});
        } else if (is_comprehension(kind) && role == Role::Element) {
            for (const NodeId part : tree.children(outer))
                if (tree.is(part, Kind::CompIf))
                    tests.push_back({tree.child(part, Role::Test), true});
        } else if (kind == Kind::Block) {
            for (const NodeId statement : tree.children(outer)) {
                if (statement == inner) break;
                if (tree.is(statement, Kind::Assert)) {
                    if (!is_bound_in(statement, node))
                        tests.push_back({tree.child(statement, Role::Test), true});
                } else if (tree.is(statement, Kind::If) &&
                           tree.child(statement, Kind::Elif) == kNoNode &&
                           tree.child(statement, Kind::Else) == kNoNode) {
                    const NodeId body = tree.child(statement, Role::Body);
                    if (body != kNoNode && !exits_of(tree, body).falls_through &&
                        !is_bound_in(tree[body].next, node))
                        tests.push_back({tree.child(statement, Role::Test), false});
                }
            }
        }
    }
    for (auto test = tests.rbegin(); test != tests.rend(); ++test)
        if (test->node != kNoNode) type = narrowed_by(test->node, test->truth, text, type);
    return type;
}

// --- expressions ---------------------------------------------------------------------------------------

Type RegionModel::type_of(NodeId expression) const {
    if (expression == kNoNode) return unknown_type();
    const Type known = memo_[expression];
    if (known == in_progress()) return unknown_type();
    if (known != nullptr) return known;
    if (evaluator_.depth_ > kMaxNesting) return unknown_type();
    memo_[expression] = in_progress();
    ++evaluator_.depth_;
    const Type result = evaluate(expression);
    --evaluator_.depth_;
    memo_[expression] = result;
    return result;
}

Type RegionModel::evaluate(NodeId node) const {
    const Tree& tree = region_.tree;
    Evaluator& ev = evaluator_;
    switch (tree.kind(node)) {
    case Kind::Name:
        if (tree[node].has(node_flag::kDel)) return unknown_type();
        if (tree[node].has(node_flag::kStore)) {
            // What the target holds afterwards.
            const Variable variable = resolve(tree.text(node), node);
            if (!variable.found || variable.module) return lookup(tree.text(node), node);
            for (const Binding& binding : region_.find(variable.scope, tree.text(node)))
                if (binding.name == node) return ev.binding_type(slot_, binding);
            return unknown_type();
        }
        return narrows_ ? narrowed(node, lookup(tree.text(node), node))
                        : lookup(tree.text(node), node);
    case Kind::Attribute: {
        const Type object = type_of(tree.child(node, Role::Object));
        const std::string_view name = identifier(tree, node, Role::Attr);
        const bool loaded = !tree[node].has(node_flag::kStore | node_flag::kDel);
        if (object->known())
            return narrows_ && loaded ? narrowed(node, ev.member(object, name))
                                      : ev.member(object, name);
        if (ev.settings_.strictness != Strictness::Likely || is_common_method(name))
            return unknown_type();
        const Type only = ev.only_method(name, space_);
        return ev.limit(only, Confidence::Likely);
    }
    case Kind::Call: return call_type(node);
    case Kind::Await: return awaited(type_of(tree.child(node, Role::Value)));
    case Kind::Conditional:
        return ev.join(type_of(tree.child(node, Role::Body)),
                       type_of(tree.child(node, Role::OrElse)));
    case Kind::BoolOp:
        return ev.join(type_of(tree.child(node, Role::Left)),
                       type_of(tree.child(node, Role::Right)));
    case Kind::NamedExpr: return type_of(tree.child(node, Role::Value));
    case Kind::Not:
    case Kind::Compare:
    case Kind::True:
    case Kind::False: return ev.instance("builtins.bool");
    case Kind::Integer: return ev.instance("builtins.int");
    case Kind::Float: return ev.instance("builtins.float");
    case Kind::String: {
        bool bytes = tree[node].has(node_flag::kBytes);
        for (const NodeId part : tree.children(node))
            bytes = bytes || (tree.is(part, Kind::String) && tree[part].has(node_flag::kBytes));
        return ev.instance(bytes ? "builtins.bytes" : "builtins.str");
    }
    case Kind::None: {
        TypeData none;
        none.kind = TypeKind::None;
        return ev.make(std::move(none));
    }
    case Kind::List:
    case Kind::Set:
    case Kind::Tuple: {
        const Kind kind = tree.kind(node);
        if (kind == Kind::Tuple) {
            std::vector<Type> args;
            for (const NodeId element : tree.children(node)) {
                if (tree.is(element, Kind::Starred)) return ev.instance("builtins.tuple");
                args.push_back(type_of(element));
            }
            return ev.instance("builtins.tuple", std::move(args));
        }
        Type item = unknown_type();
        bool first = true;
        for (const NodeId element : tree.children(node)) {
            item = first ? type_of(element) : ev.join(item, type_of(element));
            first = false;
            if (!item->known()) break;
        }
        std::vector<Type> args;
        if (item->known()) args.push_back(item);
        return ev.instance(kind == Kind::List ? "builtins.list" : "builtins.set", std::move(args));
    }
    case Kind::Dict: {
        Type key = unknown_type();
        Type value = unknown_type();
        bool first = true;
        for (const NodeId pair : tree.children(node)) {
            if (!tree.is(pair, Kind::Pair)) return ev.instance("builtins.dict");
            const Type k = type_of(tree.child(pair, Role::Key));
            const Type v = type_of(tree.child(pair, Role::Value));
            key = first ? k : ev.join(key, k);
            value = first ? v : ev.join(value, v);
            first = false;
        }
        if (first) return ev.instance("builtins.dict");
        return ev.instance("builtins.dict", {key, value});
    }
    case Kind::ListComp:
    case Kind::SetComp: {
        const Type item = type_of(tree.child(node, Role::Element));
        return ev.instance(tree.kind(node) == Kind::ListComp ? "builtins.list" : "builtins.set",
                           item->known() ? std::vector<Type>{item} : std::vector<Type>{});
    }
    case Kind::DictComp: {
        const NodeId pair = tree.child(node, Role::Element);
        if (!tree.is(pair, Kind::Pair)) return ev.instance("builtins.dict");
        return ev.instance("builtins.dict", {type_of(tree.child(pair, Role::Key)),
                                             type_of(tree.child(pair, Role::Value))});
    }
    case Kind::Generator: {
        bool async = false;
        for (const NodeId part : tree.children(node))
            async = async || (tree.is(part, Kind::CompFor) && tree[part].is_async());
        const NodeId element = tree.child(node, Role::Element);
        if (element != kNoNode)
            walk_same_function(tree, element, [&](NodeId n) {
                async = async || tree.is(n, Kind::Await);
                return !is_comprehension(tree.kind(n));
            });
        return ev.wrap(async ? TypeKind::AsyncIterator : TypeKind::Iterator, type_of(element));
    }
    case Kind::Lambda: {
        const std::int32_t index = [&] {
            for (std::size_t i = 0; i < region_.functions.size(); ++i)
                if (region_.functions[i].node == node) return static_cast<std::int32_t>(i);
            return -1;
        }();
        if (index < 0) return unknown_type();
        TypeData data;
        data.kind = TypeKind::Function;
        data.function = ev.function_def(slot_, static_cast<std::uint32_t>(index));
        return ev.make(std::move(data));
    }
    case Kind::Binary: {
        const Type left = type_of(tree.child(node, Role::Left));
        const Type right = type_of(tree.child(node, Role::Right));
        const Op op = static_cast<Op>(tree[node].op);
        if (op == Op::Div) {
            if (left->kind == TypeKind::Instance && is_instance(left, "pathlib.PurePath"))
                return left;
            if (right->kind == TypeKind::Instance && is_instance(right, "pathlib.PurePath") &&
                left->is_instance_of("builtins.str"))
                return right;
        }
        if (op == Op::Mod &&
            (left->is_instance_of("builtins.str") || left->is_instance_of("builtins.bytes")))
            return left;
        if (left->kind == TypeKind::Instance && right->kind == TypeKind::Instance) {
            const auto number = [](Type type) {
                return type->is_instance_of("builtins.int") ||
                       type->is_instance_of("builtins.float");
            };
            if (number(left) && number(right))
                return ev.instance(left->name == "builtins.int" && right->name == "builtins.int" &&
                                           op != Op::Div && op != Op::Pow
                                       ? "builtins.int"
                                       : "builtins.float");
            if (op == Op::Add && left->name == right->name && !left->name.empty() &&
                (left->name == "builtins.str" || left->name == "builtins.bytes" ||
                 left->name == "builtins.list"))
                return ev.join(left, right);
        }
        return unknown_type();
    }
    case Kind::Subscript: {
        const Type object = type_of(tree.child(node, Role::Object));
        if (object->kind == TypeKind::Class) return object; // Queue[int]
        if (object->kind != TypeKind::Instance) return unknown_type();
        const NodeId index = tree.child(node, Role::Index);
        if (object->name == "builtins.str" || object->name == "builtins.bytes")
            return unknown_type();
        if (tree.is(index, Kind::Slice)) {
            return object->name == "builtins.list" ? object : unknown_type();
        }
        if (object->name == "builtins.tuple") {
            const std::optional<double> number = number_value(tree, index);
            if (!number || *number < 0 || *number >= static_cast<double>(object->args.size()))
                return unknown_type();
            return object->arg(static_cast<std::size_t>(*number));
        }
        if (object->name == "builtins.dict" || object->name == "collections.defaultdict" ||
            object->name == "collections.OrderedDict" ||
            object->name == "collections.abc.Mapping" ||
            object->name == "collections.abc.MutableMapping")
            return object->arg(1);
        if (object->name == "builtins.list" || object->name == "collections.deque" ||
            object->name == "collections.abc.Sequence")
            return object->arg(0);
        return unknown_type();
    }
    default: return unknown_type();
    }
}

Type RegionModel::awaited(Type type) const {
    switch (type->kind) {
    case TypeKind::Coroutine:
    case TypeKind::Awaitable:
    case TypeKind::CoroutineOrManager: return evaluator_.limit(type->arg(0), type->confidence);
    case TypeKind::Union:
        return evaluator_.of_each(type, [this](Type one) { return awaited(one); });
    case TypeKind::Instance:
        if (type->name == "asyncio.Task" || type->name == "asyncio.Future") return type->arg(0);
        return unknown_type();
    default: return unknown_type();
    }
}

Type RegionModel::call_type(NodeId call) const {
    const Tree& tree = region_.tree;
    const NodeId callee = tree.child(call, Role::Callee);
    if (callee == kNoNode) return unknown_type();
    const Type type = type_of(callee);
    return evaluator_.limit(result_of_call(type, call), type->confidence);
}

Type RegionModel::result_of_call(Type callee, NodeId call) const {
    const Tree& tree = region_.tree;
    Evaluator& ev = evaluator_;
    if (callee->kind == TypeKind::Union)
        return ev.of_each(callee, [&](Type one) { return result_of_call(one, call); });
    if (callee->kind == TypeKind::Class) {
        if (callee->cls != nullptr) return ev.instance_of(callee->cls);
        const std::string_view name = callee->name;
        if (name == "builtins.super") {
            const FunctionDef* const function = function_at(call);
            if (function == nullptr || function->class_id < 0 ||
                !argument_values(tree, call).empty())
                return unknown_type();
            TypeData data;
            data.kind = TypeKind::Super;
            data.cls = ev.class_def(function->class_id);
            return ev.make(std::move(data));
        }
        if (name == "builtins.type") return unknown_type();
        if (name == "functools.partial") {
            const NodeId wrapped = argument(tree, call, 0, {});
            const Type type = wrapped == kNoNode ? unknown_type() : type_of(wrapped);
            return type->kind == TypeKind::Function ? type : unknown_type();
        }
        if (name == "builtins.list" || name == "builtins.set" || name == "builtins.tuple" ||
            name == "builtins.frozenset" || name == "collections.deque") {
            const NodeId items = argument(tree, call, 0, {});
            const Type item =
                items == kNoNode ? unknown_type() : ev.iterated(type_of(items), false);
            if (name == "builtins.tuple")
                return ev.instance(item->known() ? "collections.abc.Sequence" : name,
                                   item->known() ? std::vector<Type>{item} : std::vector<Type>{});
            return ev.instance(name, item->known() ? std::vector<Type>{item} : std::vector<Type>{});
        }
        if (name == "typing.TypeVar") {
            const NodeId bound = keyword_argument(tree, call, "bound");
            return ev.instance(name, {bound == kNoNode ? unknown_type() : annotation_type(bound)});
        }
        if (name == "builtins.enumerate" || name == "builtins.reversed" ||
            name == "builtins.filter" || name == "builtins.zip") {
            std::vector<Type> items;
            for (const NodeId value : argument_values(tree, call)) {
                if (tree.is(value, Kind::Starred)) return ev.instance(name);
                if (!tree.is(tree.parent(value), Kind::Keyword))
                    items.push_back(ev.iterated(type_of(value), false));
            }
            if (items.empty()) return ev.instance(name);
            if (name == "builtins.zip")
                return ev.wrap(TypeKind::Iterator, ev.instance("builtins.tuple", std::move(items)));
            if (name == "builtins.enumerate")
                return ev.wrap(
                    TypeKind::Iterator,
                    ev.instance("builtins.tuple", {ev.instance("builtins.int"), items.front()}));
            return ev.wrap(TypeKind::Iterator, items.back());
        }
        if (name == "contextlib.closing" || name == "contextlib.aclosing") {
            const NodeId thing = argument(tree, call, 0, "thing");
            return ev.wrap(name == "contextlib.closing" ? TypeKind::Manager
                                                        : TypeKind::AsyncManager,
                           thing == kNoNode ? unknown_type() : type_of(thing), nullptr, name);
        }
        return ev.instance(name);
    }
    if (callee->kind == TypeKind::Instance && callee->cls != nullptr) {
        const Type method = ev.member(callee, "__call__");
        return method->kind == TypeKind::Function && method->function != nullptr
                   ? ev.call_result(*method->function)
                   : unknown_type();
    }
    if (callee->kind != TypeKind::Function) {
        if (callee->kind == TypeKind::Module && callee->name == "builtins.super") {
            const FunctionDef* const function = function_at(call);
            if (function == nullptr || function->class_id < 0 ||
                !argument_values(tree, call).empty())
                return unknown_type();
            TypeData data;
            data.kind = TypeKind::Super;
            data.cls = ev.class_def(function->class_id);
            return ev.make(std::move(data));
        }
        return unknown_type();
    }
    if (callee->function != nullptr) {
        const Type chosen = overloaded_result(call, callee);
        return chosen->known() ? chosen : ev.call_result(*callee->function, callee->receiver);
    }

    const std::string_view name = callee->name;
    const auto first = [&](std::string_view keyword) {
        const NodeId node = argument(tree, call, 0, keyword);
        return node == kNoNode ? unknown_type() : type_of(node);
    };
    const std::size_t dot = name.rfind('.');
    const std::string_view method = dot == std::string_view::npos ? name : name.substr(dot + 1);
    if (callee->receiver != nullptr && callee->receiver->kind == TypeKind::Instance) {
        const Type object = callee->receiver;
        const bool mapping = object->name == "builtins.dict" ||
                             object->name == "collections.defaultdict" ||
                             object->name == "collections.OrderedDict" ||
                             object->name == "collections.abc.Mapping" ||
                             object->name == "collections.abc.MutableMapping";
        if (mapping && object->args.size() == 2) {
            if (method == "get" || method == "pop" || method == "setdefault") return object->arg(1);
            if (method == "values") return ev.wrap(TypeKind::Iterator, object->arg(1));
            if (method == "keys") return ev.wrap(TypeKind::Iterator, object->arg(0));
            if (method == "items")
                return ev.wrap(TypeKind::Iterator,
                               ev.instance("builtins.tuple", {object->arg(0), object->arg(1)}));
        }
        if ((object->name == "builtins.list" || object->name == "collections.deque" ||
             object->name == "builtins.set") &&
            (method == "pop" || method == "popleft") && !object->args.empty())
            return object->arg(0);
        if ((object->name == "asyncio.Queue" || object->name == "asyncio.LifoQueue" ||
             object->name == "asyncio.PriorityQueue") &&
            !object->args.empty()) {
            if (method == "get") return ev.wrap(TypeKind::Coroutine, object->arg(0), nullptr, name);
            if (method == "get_nowait") return object->arg(0);
        }
    }
    if (name == "typing.cast") {
        const NodeId target = argument(tree, call, 0, "typ");
        return target == kNoNode ? unknown_type() : annotation_type(target);
    }
    if (name == "functools.partial") {
        const Type wrapped = first({});
        return wrapped->kind == TypeKind::Function ? wrapped : unknown_type();
    }
    if (name == "builtins.sorted") {
        const Type item = ev.iterated(first({}), false);
        return ev.instance("builtins.list",
                           item->known() ? std::vector<Type>{item} : std::vector<Type>{});
    }
    if (name == "builtins.next" || name == "builtins.iter") {
        const Type item = ev.iterated(first({}), false);
        return name == "builtins.next" ? item : ev.wrap(TypeKind::Iterator, item);
    }
    if (name == "builtins.anext")
        return ev.wrap(TypeKind::Coroutine, first({})->arg(0), nullptr, name);
    if (name == "asyncio.create_task" || name == "asyncio.ensure_future" ||
        name == "asyncio.TaskGroup.create_task" ||
        name == "asyncio.AbstractEventLoop.create_task") {
        return ev.instance(name == "asyncio.ensure_future" ? "asyncio.Future" : "asyncio.Task",
                           {awaited(first("coro"))});
    }
    if (name == "asyncio.wait_for")
        return ev.wrap(TypeKind::Coroutine, awaited(first("fut")), nullptr, name);
    if (name == "asyncio.shield") return ev.instance("asyncio.Future", {awaited(first("arg"))});
    if (name == "asyncio.run") return awaited(first("main"));
    if (name == "asyncio.AbstractEventLoop.run_until_complete" || name == "asyncio.Runner.run")
        return awaited(first({}));
    if (name == "asyncio.to_thread" || name == "anyio.to_thread.run_sync" ||
        name == "trio.to_thread.run_sync" || name == "starlette.concurrency.run_in_threadpool") {
        const Type function = first("func");
        const Type result = function->kind == TypeKind::Function && function->function != nullptr &&
                                    !function->function->is_async
                                ? ev.call_result(*function->function)
                                : unknown_type();
        return ev.wrap(TypeKind::Coroutine, result, nullptr, name);
    }
    if (name == "builtins.open" || name == "io.open") {
        const NodeId mode = argument(tree, call, 1, "mode");
        const std::optional<std::string_view> text =
            mode == kNoNode ? std::nullopt : string_value(tree, mode);
        const auto has = [&](char letter) { return text->find(letter) != std::string_view::npos; };
        if (text && has('b') && keyword_argument(tree, call, "buffering") == kNoNode)
            return ev.instance(has('+')   ? "io.BufferedRandom"
                               : has('r') ? "io.BufferedReader"
                                          : "io.BufferedWriter");
    }
    if (method == "enter_async_context" && name.starts_with("contextlib.AsyncExitStack"))
        return ev.wrap(TypeKind::Coroutine, ev.entered(first("cm"), true), nullptr, name);
    if (method == "enter_context" &&
        (name.starts_with("contextlib.AsyncExitStack") || name.starts_with("contextlib.ExitStack")))
        return ev.entered(first("cm"), false);
    if (const Api* const api = find_api(name)) {
        const Type result = ev.api_result(*api);
        // A method that gives its own class gives the receiver's.
        if (callee->receiver != nullptr && callee->receiver->kind == TypeKind::Instance &&
            result->kind == TypeKind::Instance && result->cls == nullptr &&
            callee->receiver->cls == nullptr && dot != std::string_view::npos &&
            result->name == name.substr(0, dot) && result->args.empty())
            return callee->receiver;
        return result;
    }
    return unknown_type();
}

Type RegionModel::annotation_type(NodeId annotation) const {
    const Tree& tree = region_.tree;
    Evaluator& ev = evaluator_;
    if (annotation == kNoNode) return unknown_type();
    // Unknown while it is worked out: `x: x` in a loop asks for itself.
    if (const auto [known, fresh] = annotations_.emplace(annotation, unknown_type()); !fresh)
        return known->second;
    // The text of an annotation says the same as its nodes, and strings need the text's reader anyway.
    std::optional<std::string_view> text = tree.text(annotation);
    if (tree.is(annotation, Kind::String)) text = string_value(tree, annotation);
    constexpr std::size_t kLongest = 2000;
    if (!text || text->size() > kLongest) return unknown_type();
    std::string plain;
    if (!is_plain_annotation(*text)) text = plain = plain_annotation(*text);
    const Type result = ev.from_annotation(parse_annotation(*text), this, annotation);
    annotations_[annotation] = result;
    return result;
}

CallTarget RegionModel::target(NodeId call) const {
    if (call == last_call_) return last_target_;
    const CallTarget result = find_target(call);
    // What is found while something else is worked out may rest on that being unknown.
    if (evaluator_.depth_ == 0 && evaluator_.evaluating_.empty()) {
        last_call_ = call;
        last_target_ = result;
    }
    return result;
}

CallTarget RegionModel::find_target(NodeId call) const {
    const Tree& tree = region_.tree;
    CallTarget result;
    if (!tree.is(call, Kind::Call)) return result;
    const NodeId callee = tree.child(call, Role::Callee);
    if (callee == kNoNode) return result;
    const Type type = type_of(callee);
    switch (type->kind) {
    case TypeKind::Function:
        if (type->function != nullptr && !evaluator_.decorators(*type->function).known)
            return result;
        result.function = type->function;
        result.name = type->name;
        result.receiver = type->receiver;
        break;
    case TypeKind::Class:
        result.cls = type->cls;
        result.name = type->name;
        if (type->cls != nullptr) {
            const ClassEntry& entry = evaluator_.class_entry(type->cls->id);
            if (entry.members.contains("__init__")) {
                bool open = false;
                const Type init =
                    evaluator_.class_member(type->cls->id, "__init__", nullptr, false, open);
                if (init->kind == TypeKind::Function) result.function = init->function;
            }
        }
        break;
    case TypeKind::Module: result.name = type->name; break;
    case TypeKind::Union: {
        // Whichever of them it is, it blocks.
        for (const Type one : type->args)
            if (one->kind != TypeKind::Function || one->function != nullptr ||
                find_blocking(one->name, BlockingUse::Call) == nullptr)
                return result;
        result.name = type->args.front()->name;
        result.receiver = type->args.front()->receiver;
        break;
    }
    case TypeKind::Instance: {
        if (type->cls == nullptr) return result;
        const Type method = evaluator_.member(type, "__call__");
        if (method->kind != TypeKind::Function || method->function == nullptr) return result;
        result.function = method->function;
        result.receiver = type;
        break;
    }
    default: return result;
    }
    result.confidence = type->confidence;
    return result;
}

std::string_view RegionModel::name_of(NodeId expression) const {
    const Type type = type_of(expression);
    if (type->kind != TypeKind::Function && type->kind != TypeKind::Class &&
        type->kind != TypeKind::Module)
        return {};
    if (type->confidence != Confidence::Certain) return {};
    return type->name;
}

bool RegionModel::is_instance(Type type, std::string_view qualified_class) const {
    if (type->kind == TypeKind::Union)
        return std::all_of(type->args.begin(), type->args.end(),
                           [&](Type one) { return is_instance(one, qualified_class); });
    if (type->kind != TypeKind::Instance) return false;
    if (type->cls == nullptr) return evaluator_.external_subclass(type->name, qualified_class);
    std::vector<std::int32_t> queue{type->cls->id};
    for (std::size_t i = 0; i < queue.size() && i < 64; ++i) {
        for (const Type base : evaluator_.bases(queue[i])) {
            if (base->kind != TypeKind::Class) continue;
            if (base->cls != nullptr)
                queue.push_back(base->cls->id);
            else if (evaluator_.external_subclass(base->name, qualified_class))
                return true;
        }
    }
    return false;
}

Answer RegionModel::has_method(const ClassDef& cls, std::string_view name) const {
    note_unspelt(name);
    return evaluator_.has_method(cls.id, name);
}

Answer RegionModel::overrides(const FunctionDef& function) const {
    return function.class_id < 0 ? Answer::No
                                 : evaluator_.inherits_method(function.class_id, function.name);
}

const ClassDef* RegionModel::class_at(NodeId definition) const {
    const std::int32_t id = evaluator_.class_at(slot_, definition);
    return id < 0 ? nullptr : evaluator_.class_def(id);
}

const ClassDef* RegionModel::class_of(const FunctionDef& method) const {
    return method.class_id < 0 ? nullptr : evaluator_.class_def(method.class_id);
}

/// A rule may ask for a member whose name the region does not spell. Changes of special methods concern every region anyway.
void RegionModel::note_unspelt(std::string_view name) const {
    if (!name.starts_with("__")) evaluator_.note_name(name);
}

bool RegionModel::is_of_library(const FunctionDef& function) const {
    return evaluator_.is_library(evaluator_.space_of(function.slot));
}

bool RegionModel::constructed_with(const ClassDef& cls, std::string_view text) const {
    bool open = false;
    Type type = evaluator_.class_member(cls.id, "__init__", nullptr, true, open);
    while (type->kind == TypeKind::Function && type->function != nullptr) {
        const FunctionDef& constructor = *type->function;
        const Tree& tree = constructor.region->tree;
        const NodeId parameters = tree.child(constructor.node, Kind::Parameters);
        if (parameters == kNoNode) return false;
        bool takes_any = false;
        for (const NodeId parameter : tree.children(parameters)) {
            const NodeId value = tree.child(parameter, Role::Default);
            if (value != kNoNode && string_value(tree, value) == text) return true;
            takes_any = takes_any || static_cast<ParameterForm>(tree[parameter].op) ==
                                         ParameterForm::VarKeywords;
        }
        // `def __init__(self, **options): super().__init__(**options)`
        if (!takes_any || constructor.class_id < 0) return false;
        type = evaluator_.class_member(constructor.class_id, "__init__", nullptr, true, open, true);
    }
    return false;
}

bool RegionModel::defines(const ClassDef& cls, std::string_view name) const {
    note_unspelt(name);
    return evaluator_.class_entry(cls.id).members.contains(name);
}

bool RegionModel::keeps_result(const FunctionDef& function) const {
    const Evaluator::Decorated& decorated = evaluator_.decorators(function);
    return decorated.known && !decorated.property && !decorated.manager &&
           !decorated.async_manager && !decorated.overload && !decorated.sync_to_async;
}

Type RegionModel::overridden(const FunctionDef& method) const {
    if (method.class_id < 0 || !keeps_result(method)) return unknown_type();
    bool open = false;
    const Type type =
        evaluator_.class_member(method.class_id, method.name, nullptr, true, open, true);
    if (type->kind != TypeKind::Function || type->confidence != Confidence::Certain)
        return unknown_type();
    return type->function == nullptr || keeps_result(*type->function) ? type : unknown_type();
}

Type RegionModel::declared_result(const FunctionDef& function) const {
    return evaluator_.return_annotation(function);
}

RegionModel::ParameterPlace RegionModel::parameter_of(NodeId call, NodeId value) const {
    const Tree& tree = region_.tree;
    const CallTarget callee = target(call);
    if (callee.function == nullptr || callee.function->is_lambda) return {};
    const FunctionDef& function = *callee.function;
    const Evaluator::Decorated& decorated = evaluator_.decorators(function);
    if (!decorated.known || decorated.overload) return {};
    const Tree& there = function.region->tree;
    const NodeId parameters = there.child(function.node, Kind::Parameters);
    if (parameters == kNoNode) return {};
    // Bound methods, class methods and constructors leave the first one out.
    const bool bound =
        function.class_id >= 0 && !decorated.static_method &&
        (callee.cls != nullptr || callee.receiver != nullptr || decorated.class_method);
    const std::string_view keyword = tree.is(tree.parent(value), Kind::Keyword)
                                         ? identifier(tree, tree.parent(value))
                                         : std::string_view{};
    int position = bound ? 1 : 0;
    if (keyword.empty()) {
        bool found = false;
        for (const NodeId child : tree.children(call)) {
            if (tree.role(child) != Role::Argument) continue;
            if (tree.is(child, Kind::Keyword) || tree.is(child, Kind::DoubleStarred)) continue;
            if (tree.is(child, Kind::Starred)) return {};
            found = child == value;
            if (found) break;
            ++position;
        }
        if (!found) return {};
    }
    int at = 0;
    for (const NodeId parameter : there.children(parameters)) {
        if (!there.is(parameter, Kind::Parameter)) continue;
        const ParameterForm form = static_cast<ParameterForm>(there[parameter].op);
        if (form == ParameterForm::VarArgs || form == ParameterForm::VarKeywords) {
            if (keyword.empty()) return {};
            continue;
        }
        const bool fits =
            keyword.empty() ? at == position : identifier(there, parameter) == keyword;
        if (fits) return {&function, parameter, at};
        ++at;
    }
    return {};
}

std::optional<NodeId> RegionModel::passed_to(NodeId call, NodeId parameter) const {
    const Tree& tree = region_.tree;
    for (const NodeId child : tree.children(call)) {
        if (tree.role(child) != Role::Argument) continue;
        if (tree.is(child, Kind::Starred) || tree.is(child, Kind::DoubleStarred))
            return std::nullopt;
        const NodeId value = tree.is(child, Kind::Keyword) ? tree.child(child, Role::Value) : child;
        if (value != kNoNode && parameter_of(call, value).node == parameter) return value;
    }
    return kNoNode;
}

Type RegionModel::declared_parameter(NodeId call, NodeId value) const {
    const ParameterPlace place = parameter_of(call, value);
    if (place.function == nullptr) return unknown_type();
    const NodeId annotation = place.function->region->tree.child(place.node, Role::Annotation);
    return annotation == kNoNode
               ? unknown_type()
               : evaluator_.model(place.function->slot).annotation_type(annotation);
}

bool RegionModel::iterates(NodeId call, NodeId value) const {
    const ParameterPlace place = parameter_of(call, value);
    if (place.function == nullptr || place.function->is_async || place.function->is_generator ||
        place.index >= 64)
        return false;
    const FunctionSummary& summary =
        evaluator_.summary(place.function->slot, evaluator_.index_of(*place.function));
    return (summary.iterated >> place.index & 1) != 0;
}

bool RegionModel::catches(NodeId exception, std::string_view qualified_class) const {
    const Tree& tree = region_.tree;
    if (exception == kNoNode) return true; // a bare except
    if (tree.is(exception, Kind::Tuple)) {
        for (const NodeId element : tree.children(exception))
            if (catches(element, qualified_class)) return true;
        return false;
    }
    if (tree.is(exception, Kind::Call)) {
        const CallTarget function = target(exception);
        return function.name == "anyio.get_cancelled_exc_class" &&
               argument_values(tree, exception).empty() &&
               (qualified_class == "asyncio.CancelledError" || qualified_class == "trio.Cancelled");
    }
    const Type type = type_of(exception);
    if (type->kind == TypeKind::Instance && type->name == "builtins.tuple") {
        for (const Type element : type->args)
            if (element->kind == TypeKind::Class && element->cls == nullptr &&
                evaluator_.external_subclass(qualified_class, element->name))
                return true;
        return false;
    }
    if (type->kind != TypeKind::Class || type->cls != nullptr) return false;
    return evaluator_.external_subclass(qualified_class, type->name);
}

// --- where code runs -----------------------------------------------------------------------------------

const FunctionDef* RegionModel::function_at(NodeId node) const {
    const std::int32_t index = region_.function_at(node);
    return index < 0 ? nullptr : evaluator_.function_def(slot_, static_cast<std::uint32_t>(index));
}

bool RegionModel::is_at_module_level(NodeId node) const {
    ScopeId scope = region_.scope_at(node);
    while (region_.scopes[scope].kind == ScopeKind::Comprehension)
        scope = region_.scopes[scope].parent;
    return region_.scopes[scope].kind == ScopeKind::Module;
}

bool RegionModel::in_async(NodeId node) const {
    const std::int32_t index = region_.function_at(node);
    if (index >= 0) return region_.functions[static_cast<std::size_t>(index)].is_async;
    return evaluator_.place_.notebook && !space_.file && is_at_module_level(node);
}

bool RegionModel::on_loop(NodeId node) const {
    const std::int32_t index = region_.function_at(node);
    return index >= 0 && (region_.functions[static_cast<std::size_t>(index)].is_async ||
                          is_loop_callback(static_cast<std::uint32_t>(index)));
}

bool RegionModel::in_loop_callback(NodeId node) const {
    const std::int32_t index = region_.function_at(node);
    return index >= 0 && !region_.functions[static_cast<std::size_t>(index)].is_async &&
           is_loop_callback(static_cast<std::uint32_t>(index));
}

bool RegionModel::is_loop_callback(std::uint32_t function) const {
    return evaluator_.file_context().loop_callbacks.contains(Evaluator::key(slot_, function));
}

const BlockingChain* RegionModel::blocking(const FunctionDef& function) const {
    const FunctionSummary& summary =
        evaluator_.summary(function.slot, evaluator_.index_of(function));
    return summary.blocks() ? &summary.chain : nullptr;
}

const std::vector<std::string>& RegionModel::reaches(const FunctionDef& function) const {
    return evaluator_.reaches(function.slot, evaluator_.index_of(function));
}

std::optional<std::vector<Model::CallSite>>
RegionModel::suspension_points(const FunctionDef& function) const {
    return evaluator_.suspension_points(function.slot, evaluator_.index_of(function));
}

const std::vector<std::string>& RegionModel::held_at_yields(const FunctionDef& generator) const {
    return evaluator_.held_at_yields(generator.slot, evaluator_.index_of(generator));
}

OtherHalf RegionModel::other_half(const FunctionDef& method) const {
    return evaluator_.other_half(method.slot, evaluator_.index_of(method));
}

std::vector<Model::CallSite> RegionModel::calls_in_loops(const FunctionDef& function) const {
    return evaluator_.calls_in_loops(function.slot, evaluator_.index_of(function));
}

std::optional<std::vector<Model::CallSite>> RegionModel::mentions_elsewhere(NodeId name) const {
    return evaluator_.mentions_elsewhere(slot_, name);
}

const std::vector<Model::CallSite>& RegionModel::mentions(NodeId name) const {
    return evaluator_.mentions(slot_, name);
}

// --- for fixes -----------------------------------------------------------------------------------------

namespace {
/// The module that an import statement names, where it names one absolute module: "os" for `from os import path`.
std::string_view imported_module(const Region& region, const Binding& binding) {
    const NodeId statement = region.tree.parent(binding.name);
    const NodeId path = region.tree.is(statement, Kind::ImportFrom)
                            ? region.tree.child(statement, Kind::ModuleName)
                            : region.tree.child(binding.name, Kind::ModuleName);
    return path == kNoNode || region.tree[path].op != 0 ? std::string_view{}
                                                        : identifier(region.tree, path);
}
} // namespace

bool Evaluator::file_imports(Space& space, std::string_view module) {
    if (!space.imported) {
        space.imported.emplace();
        for (const auto& [name, reference] : space.module->model->imports()) {
            const Region& region = *space.module->slots[reference.slot].region;
            space.imported->emplace(imported_module(region, region.bindings[reference.index]));
        }
    }
    return space.imported->contains(module);
}

bool RegionModel::imports(std::string_view module) const {
    for (const auto& [known, answer] : imports_)
        if (known == module) return answer;
    const bool answer =
        Evaluator::file_imports(space_, module) ||
        std::any_of(region_.bindings.begin(), region_.bindings.end(), [&](const Binding& binding) {
            return (binding.kind == BindingKind::Import ||
                    binding.kind == BindingKind::ImportFrom) &&
                   imported_module(region_, binding) == module;
        });
    imports_.emplace_back(module, answer);
    return answer;
}

AsyncLibrary RegionModel::library() const {
    if (!library_) {
        const bool anyio = imports("anyio");
        if (imports("asyncio") || anyio == imports("trio"))
            library_ = AsyncLibrary::Asyncio;
        else
            library_ = anyio ? AsyncLibrary::Anyio : AsyncLibrary::Trio;
    }
    return *library_;
}

std::string RegionModel::module_name(std::string_view module, NodeId at, bool& needs_import) const {
    needs_import = false;
    const std::size_t dot = module.find('.');
    const std::string_view root = module.substr(0, dot);
    evaluator_.note_name(root);
    const Variable variable = resolve(root, at);
    if (variable.found) {
        const Type type = lookup(root, at);
        if (type->kind == TypeKind::Module && type->name == root) return std::string(module);
    }
    for (const auto& [name, reference] : space_.module->model->imports()) {
        const Region& region = *evaluator_.slots_[reference.slot].region;
        const Type type = evaluator_.binding_type(reference.slot, region.bindings[reference.index]);
        if (type->kind != TypeKind::Module) continue;
        const bool whole = type->name == module;
        const bool of_root = dot != std::string_view::npos && type->name == root;
        if (!whole && !of_root) continue;
        evaluator_.note_name(name);
        const Type here = lookup(name, at);
        if (here->kind != TypeKind::Module || here->name != type->name) continue;
        return whole ? name : name + std::string(module.substr(dot));
    }
    if (variable.found) return {};
    needs_import = true;
    return std::string(module);
}

std::string RegionModel::thread_wrapper(NodeId at) const {
    const FunctionDef* const here = function_at(at);
    for (const std::uint64_t wrapper : evaluator_.file_context().thread_wrappers) {
        const FunctionDef* const function = evaluator_.function_def(
            static_cast<std::uint32_t>(wrapper >> 32), static_cast<std::uint32_t>(wrapper));
        if (function == here) continue;
        if (function->class_id < 0) {
            const Type type = lookup(function->name, at);
            if (type->kind == TypeKind::Function && type->function == function)
                return function->name;
            continue;
        }
        if (here == nullptr || here->class_id < 0 || here->is_nested ||
            !evaluator_.derives_from(here->class_id, function->class_id))
            continue;
        const Evaluator::Decorated& decorated = evaluator_.decorators(*here);
        if (decorated.static_method || decorated.class_method) continue;
        const NodeId parameters = tree().child(here->node, Kind::Parameters);
        const NodeId self = parameters == kNoNode ? kNoNode : tree().first_child(parameters);
        if (self == kNoNode) continue;
        return std::string(identifier(tree(), self)) + "." + function->name;
    }
    return {};
}

} // namespace awaitls::analysis
