#include "analysis/semantic/region.h"

#include "analysis/semantic/model.h"
#include "analysis/semantic/surface.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <unordered_map>

namespace awaitls::analysis {

namespace {

bool is_comprehension(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
           kind == Kind::Generator;
}

/// Names that a call of something which runs a callable elsewhere ends with. Only these calls are resolved when the
/// callbacks of the loop and the thread wrappers of a file are collected.
bool is_runner_name(std::string_view name) {
    return name == "call_soon" || name == "call_later" || name == "call_at" ||
           name == "call_soon_threadsafe" || name == "add_done_callback" || name == "add_reader" ||
           name == "add_writer" || name == "add_signal_handler" || name == "run_in_executor" ||
           name == "to_thread" || name == "run_sync" || name == "run_in_threadpool";
}

class Binder {
public:
    explicit Binder(Region& region) : region_(region), tree_(region.tree) {}

    void run() {
        region_.scopes.push_back({region_.member ? ScopeKind::Class : ScopeKind::Module, 0, 0, -1,
                                  0, 0, tree_.size(), 0, 0});
        const NodeId count = tree_.size();
        for (NodeId id = 0; id < count; ++id) {
            const Node& node = tree_[id];
            switch (node.kind) {
            case Kind::FunctionDef: function(id); break;
            case Kind::Lambda: function(id); break;
            case Kind::ClassDef: {
                bind(region_.scope_at(id), BindingKind::Class, tree_.child(id, Role::Name), id);
                region_.classes.push_back(id);
                open_scope(ScopeKind::Class, id, -1);
                break;
            }
            case Kind::ListComp:
            case Kind::SetComp:
            case Kind::DictComp:
            case Kind::Generator: open_scope(ScopeKind::Comprehension, id, -1); break;
            case Kind::Parameter: parameter(id); break;
            case Kind::Name:
                if (node.has(node_flag::kStore | node_flag::kDel)) stored_name(id);
                break;
            case Kind::Attribute:
                if (node.has(node_flag::kStore)) stored_attribute(id);
                break;
            case Kind::Import:
            case Kind::ImportFrom: imports(id); break;
            case Kind::Global:
            case Kind::Nonlocal:
                for (const NodeId name : tree_.children(id))
                    bind(region_.scope_at(id),
                         node.kind == Kind::Global ? BindingKind::Global : BindingKind::Nonlocal,
                         name, id);
                break;
            case Kind::Yield:
            case Kind::YieldFrom: {
                const std::int32_t owner = region_.function_at(id);
                if (owner >= 0)
                    region_.functions[static_cast<std::size_t>(owner)].is_generator = true;
                break;
            }
            case Kind::Call: {
                const NodeId callee = tree_.child(id, Role::Callee);
                std::string_view name;
                if (tree_.is(callee, Kind::Attribute))
                    name = identifier(tree_, callee, Role::Attr);
                else if (tree_.is(callee, Kind::Name))
                    name = tree_.text(callee);
                if (is_runner_name(name)) region_.runner_calls.push_back(id);
                if (name == "isinstance") region_.tests_types = true;
                if (is_repeated(id)) region_.repeated_calls.push_back(id);
                break;
            }
            default: break;
            }
        }
        std::stable_sort(region_.bindings.begin(), region_.bindings.end(),
                         [this](const Binding& a, const Binding& b) {
                             return std::tuple(a.scope, region_.name_of(a), a.name) <
                                    std::tuple(b.scope, region_.name_of(b), b.name);
                         });
    }

private:
    bool is_repeated(NodeId call) const {
        constexpr int kMaxNesting = 200; // deeper than anybody writes
        NodeId child = call;
        int nesting = 0;
        for (NodeId up = tree_.parent(call); up != kNoNode && nesting < kMaxNesting;
             child = up, up = tree_.parent(up), ++nesting) {
            const Kind kind = tree_.kind(up);
            const Role role = tree_.role(child);
            if (kind == Kind::FunctionDef || kind == Kind::ClassDef) return false;
            if ((kind == Kind::For || kind == Kind::While) && role == Role::Body) return true;
            if (is_comprehension(kind) && role == Role::Element) return true;
        }
        return false;
    }

    void open_scope(ScopeKind kind, NodeId node, std::int32_t function) {
        const ScopeId outer = region_.scope_at(node);
        ScopeId around = static_cast<ScopeId>(region_.scopes.size() - 1);
        while (around != 0 && !tree_.within(node, region_.scopes[around].node))
            around = region_.scopes[around].around;
        Scope scope{kind, node, outer, function, around, 0, 0, 0, 0};
        if (kind == ScopeKind::Comprehension) {
            // The first iterable is worked out outside.
            scope.first = node + 1;
            scope.last = tree_[node].next;
            const NodeId clause = tree_.child(node, Kind::CompFor);
            const NodeId iterable = clause == kNoNode ? kNoNode : tree_.child(clause, Role::Iter);
            if (iterable != kNoNode) {
                scope.hole_first = iterable;
                scope.hole_last = tree_[iterable].next;
            }
        } else if (const NodeId body = tree_.child(node, Role::Body); body != kNoNode) {
            // Decorators, defaults, annotations and bases belong outside.
            scope.first = body;
            scope.last = tree_[body].next;
        }
        region_.scopes.push_back(scope);
    }

    void bind(ScopeId scope, BindingKind kind, NodeId name, NodeId source) {
        if (name == kNoNode) return;
        region_.bindings.push_back({scope, kind, name, source});
    }

    void function(NodeId id) {
        const ScopeId outer = region_.scope_at(id);
        const bool lambda = tree_.kind(id) == Kind::Lambda;
        if (!lambda) bind(outer, BindingKind::Function, tree_.child(id, Role::Name), id);
        const std::int32_t index = static_cast<std::int32_t>(region_.functions.size());
        open_scope(lambda ? ScopeKind::Lambda : ScopeKind::Function, id, index);
        region_.functions.push_back({id, static_cast<ScopeId>(region_.scopes.size() - 1), outer,
                                     tree_[id].is_async(), false, lambda});
    }

    void parameter(NodeId id) {
        const NodeId owner = tree_.parent(tree_.parent(id));
        bind(region_.scope_of(owner), BindingKind::Parameter, tree_.child(id, Role::Name), id);
    }

    /// A value behind `a = b = value`.
    NodeId final_value(NodeId assign) const {
        NodeId value = tree_.child(assign, Role::Value);
        while (tree_.is(value, Kind::Assign)) value = tree_.child(value, Role::Value);
        return value;
    }

    /// How a stored Name or Attribute gets its value.
    std::pair<BindingKind, NodeId> source_of(NodeId id) const {
        const NodeId parent = tree_.parent(id);
        const Role role = tree_.role(id);
        switch (tree_.kind(parent)) {
        case Kind::Assign:
            if (role == Role::Target) {
                const NodeId value = final_value(parent);
                if (tree_.is(value, Kind::AnnAssign)) return {BindingKind::Other, parent};
                return {BindingKind::Assign, value};
            }
            break;
        case Kind::AnnAssign: return {BindingKind::Annotated, parent};
        case Kind::AugAssign: return {BindingKind::Augmented, parent};
        case Kind::NamedExpr: return {BindingKind::Assign, tree_.child(parent, Role::Value)};
        case Kind::For:
        case Kind::CompFor: return {BindingKind::For, parent};
        case Kind::WithItem: return {BindingKind::With, parent};
        case Kind::Except: return {BindingKind::Except, parent};
        case Kind::Tuple:
        case Kind::List: {
            NodeId target = parent;
            NodeId outer = tree_.parent(target);
            while (tree_.is(outer, Kind::Tuple) || tree_.is(outer, Kind::List)) {
                target = outer;
                outer = tree_.parent(target);
            }
            if (tree_.role(target) != Role::Target) break;
            if (tree_.is(outer, Kind::Assign)) return {BindingKind::Unpack, final_value(outer)};
            if (tree_.is(outer, Kind::For) || tree_.is(outer, Kind::CompFor))
                return {BindingKind::For, outer};
            if (tree_.is(outer, Kind::WithItem)) return {BindingKind::With, outer};
            break;
        }
        default: break;
        }
        return {BindingKind::Other, parent};
    }

    void stored_name(NodeId id) {
        ScopeId scope = region_.scope_at(id);
        const NodeId parent = tree_.parent(id);
        // A walrus inside a comprehension binds in the function around it.
        if (tree_.is(parent, Kind::NamedExpr))
            while (region_.scopes[scope].kind == ScopeKind::Comprehension)
                scope = region_.scopes[scope].parent;
        if (tree_[id].has(node_flag::kDel)) {
            bind(scope, BindingKind::Other, id, parent);
            return;
        }
        const auto [kind, source] = source_of(id);
        bind(scope, kind, id, source);
    }

    void stored_attribute(NodeId id) {
        const NodeId object = tree_.child(id, Role::Object);
        if (!tree_.is(object, Kind::Name)) return;
        const std::int32_t index = region_.function_at(id);
        if (index < 0) return;
        const RegionFunction& method = region_.functions[static_cast<std::size_t>(index)];
        if (method.is_lambda || region_.scopes[method.outer].kind != ScopeKind::Class) return;
        const NodeId parameters = tree_.child(method.node, Kind::Parameters);
        const NodeId first = parameters == kNoNode ? kNoNode : tree_.first_child(parameters);
        if (first == kNoNode || identifier(tree_, first) != tree_.text(object)) return;
        const auto [kind, source] = source_of(id);
        region_.attributes.push_back({static_cast<std::uint32_t>(index), kind, id, source});
    }

    void imports(NodeId id) {
        const bool from = tree_.kind(id) == Kind::ImportFrom;
        if (tree_[id].has(node_flag::kStar)) region_.star_imports.push_back(id);
        for (const NodeId alias : tree_.children(id))
            if (tree_.kind(alias) == Kind::Alias)
                bind(region_.scope_at(id), from ? BindingKind::ImportFrom : BindingKind::Import,
                     alias, alias);
    }

    Region& region_;
    const Tree& tree_;
};

} // namespace

std::string_view Region::name_of(const Binding& binding) const {
    if (binding.kind == BindingKind::Import || binding.kind == BindingKind::ImportFrom) {
        const NodeId as = tree.child(binding.name, Role::AsName);
        if (as != kNoNode) return tree.text(as);
        const NodeId name = tree.child(binding.name, Role::Name);
        if (name == kNoNode) return {};
        // `import a.b` binds `a`.
        return tree.is(name, Kind::ModuleName) ? identifier(tree, name) : tree.text(name);
    }
    return tree.text(binding.name);
}

Region::Range Region::find(ScopeId scope, std::string_view name) const {
    const auto less = [this](const Binding& b, const std::pair<ScopeId, std::string_view>& key) {
        return b.scope != key.first ? b.scope < key.first : name_of(b) < key.second;
    };
    const auto first =
        std::lower_bound(bindings.begin(), bindings.end(), std::pair(scope, name), less);
    auto last = first;
    while (last != bindings.end() && last->scope == scope && name_of(*last) == name) ++last;
    const Binding* const base = bindings.data();
    return {base + (first - bindings.begin()), base + (last - bindings.begin())};
}

ScopeId Region::scope_of(NodeId node) const {
    // Scopes are in text order of their nodes.
    const auto it = std::lower_bound(scopes.begin() + 1, scopes.end(), node,
                                     [](const Scope& scope, NodeId n) { return scope.node < n; });
    return it != scopes.end() && it->node == node ? static_cast<ScopeId>(it - scopes.begin()) : 0;
}

ScopeId Region::scope_at(NodeId node) const {
    const auto behind =
        std::lower_bound(scopes.begin() + 1, scopes.end(), node,
                         [](const Scope& scope, NodeId n) { return scope.node < n; });
    ScopeId scope = static_cast<ScopeId>(behind - scopes.begin()) - 1;
    while (scope != 0 && !scopes[scope].holds(node)) scope = scopes[scope].around;
    return scope;
}

bool Region::reads_local(ScopeId function, NodeId value) const {
    for (NodeId n = value; n < tree[value].next; ++n)
        if (tree.kind(n) == Kind::Name)
            for (const Binding& binding : find(function, tree.text(n)))
                if (binding.kind != BindingKind::Parameter) return true;
    return false;
}

std::int32_t Region::function_at(NodeId node) const {
    ScopeId scope = scope_at(node);
    while (scopes[scope].kind == ScopeKind::Comprehension) scope = scopes[scope].parent;
    return scopes[scope].function;
}

std::shared_ptr<const Region> make_region(std::string_view text, RegionKind kind, bool member,
                                          bool has_members, const Region* previous) {
    auto region = std::make_shared<Region>();
    region->kind = kind;
    region->member = member;
    region->id = hash_combine(hash_bytes(text), static_cast<std::uint64_t>(kind) * 4 +
                                                    (member ? 2 : 0) + (has_members ? 1 : 0));
    ParsedRegion parsed = previous != nullptr
                              ? parse_region(std::string(text), previous->parse, &previous->tree)
                              : parse_region(std::string(text), nullptr, nullptr, has_members);
    region->parse = std::move(parsed.parse);
    region->gave_up = parsed.gave_up;
    region->python2 = parsed.python2;
    region->tree = std::move(parsed.tree);
    if (has_members && !region->tree.clean()) {
        // The class line's body may be empty here: its methods are regions of their own.
        const Tree& tree = region->tree;
        std::vector<Span> damage = tree.damage();
        std::vector<Node> nodes = tree.nodes();
        bool only_empty_body = damage.size() == 1;
        for (NodeId n = 0; only_empty_body && n < tree.size(); ++n) {
            if (tree.kind(n) != Kind::Block || tree[n].next != n + 1 ||
                tree[n].begin != damage[0].begin)
                continue;
            damage.clear();
            for (Node& node : nodes) node.flags &= static_cast<std::uint8_t>(~node_flag::kDamaged);
            std::vector<Comment> comments = tree.comments();
            region->tree = Tree(std::string(text), std::move(nodes), std::move(comments), {});
            break;
        }
    }
    Binder(*region).run();
    region->surface = surface_hash(*region);
    return region;
}

} // namespace awaitls::analysis
