#include "analysis/semantic/surface.h"

#include "analysis/semantic/model.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace awaitls::analysis {

namespace {

/// What decides the values that an expression reads from local variables of its function: how these are bound, how what
/// their values read is bound, and so on; and how all that is ordered and nested, which tells what reaches what.
class LocalInputs {
public:
    LocalInputs(const Region& region, const RegionFunction& function)
        : region_(region), tree_(region.tree), function_(function) {}

    /// The same for the same inputs; 0 where the expression reads none.
    std::uint64_t hash(NodeId expression) {
        read(expression, tree_[expression].next);
        if (bindings_.empty()) return 0;
        // read() appends.
        for (std::size_t i = 0; i < bindings_.size(); ++i) {
            const Binding& binding = *bindings_[i];
            if (const NodeId holder = holder_of(binding); holder != kNoNode)
                read(holder, end_of(binding, holder));
        }
        std::sort(bindings_.begin(), bindings_.end(),
                  [](const Binding* x, const Binding* y) { return x->name < y->name; });
        std::uint64_t hash = bindings_.size();
        bool placed = false; // the expression
        for (const Binding* binding : bindings_) {
            if (!placed && expression < binding->name) {
                hash = place(hash, expression);
                placed = true;
            }
            hash = place(hash, binding->name);
            hash = hash_combine(hash, hash_bytes(region_.name_of(*binding),
                                                 static_cast<std::uint64_t>(binding->kind)));
            const NodeId holder = holder_of(*binding);
            if (holder == kNoNode) continue;
            const NodeId end = end_of(*binding, holder);
            const Span text{tree_[holder].begin,
                            end == tree_[holder].next ? tree_[holder].end : tree_[end].begin};
            hash = hash_combine(hash, hash_bytes(tree_.text(text)));
            spans_.push_back(text);
        }
        return placed ? hash : place(hash, expression);
    }

    /// Where the hash says that they are bound.
    const std::vector<Span>& spans() const { return spans_; }

private:
    /// Notes the bindings of the variables that are named in a run of nodes. Parameters show in the header.
    void read(NodeId begin, NodeId end) {
        for (NodeId n = begin; n < end; ++n) {
            if (tree_.kind(n) != Kind::Name) continue;
            for (const Binding& binding : region_.find(function_.scope, tree_.text(n)))
                if (binding.kind != BindingKind::Parameter &&
                    std::find(bindings_.begin(), bindings_.end(), &binding) == bindings_.end())
                    bindings_.push_back(&binding);
        }
    }

    /// The node that says what the name is bound to; kNoNode where nothing does.
    NodeId holder_of(const Binding& binding) const {
        switch (binding.kind) {
        case BindingKind::Assign:
        case BindingKind::Annotated:
        case BindingKind::Augmented:
        case BindingKind::Unpack: {
            NodeId holder = tree_.parent(binding.name);
            while (tree_.kind(holder) != Kind::NamedExpr && tree_.role(holder) != Role::Statement)
                holder = tree_.parent(holder);
            return holder;
        }
        case BindingKind::With:
        case BindingKind::Import:
        case BindingKind::ImportFrom: return tree_.parent(binding.source);
        case BindingKind::For:
        case BindingKind::Except:
        case BindingKind::Function:
        case BindingKind::Class: return binding.source;
        default: return kNoNode;
        }
    }

    /// Where the nodes that matter end: of a loop, handler or `with` only the first line does.
    NodeId end_of(const Binding& binding, NodeId holder) const {
        const bool header = binding.kind == BindingKind::For ||
                            binding.kind == BindingKind::Except ||
                            binding.kind == BindingKind::With;
        const NodeId body = header ? tree_.child(holder, Role::Body) : kNoNode;
        return body == kNoNode ? tree_[holder].next : body;
    }

    /// Adds a node's place: the constructs around it up to the function, numbered as they are met.
    std::uint64_t place(std::uint64_t hash, NodeId node) {
        for (NodeId up = node; up != function_.node && up != kNoNode; up = tree_.parent(up)) {
            const auto [met, is_new] = constructs_.emplace(up, constructs_.size());
            hash = hash_combine(hash, met->second);
            if (!is_new) break;
            hash = hash_combine(hash, static_cast<std::uint64_t>(tree_.kind(up)) << 8 |
                                          static_cast<std::uint64_t>(tree_.role(up)));
        }
        return hash_combine(hash, 5);
    }

    const Region& region_;
    const Tree& tree_;
    const RegionFunction& function_;
    std::vector<const Binding*> bindings_;
    std::vector<Span> spans_;
    std::unordered_map<NodeId, std::uint64_t> constructs_;
};

/// A definition with its decorators, without its body and the comments before that.
Span header_of(const Tree& tree, NodeId definition) {
    Span header{tree[definition].begin, tree[definition].begin};
    for (const NodeId child : tree.children(definition))
        if (tree.role(child) != Role::Body) header.end = tree[child].end;
    return header;
}

/// The model does not look at what is bound: others see that something is.
bool says_nothing(BindingKind kind) {
    return kind == BindingKind::Augmented || kind == BindingKind::Other;
}

/// The number of the first function or lambda in a node's subtree, plus one; 0 where there is none.
std::uint64_t first_function(const Region& region, NodeId node) {
    const auto found = std::lower_bound(
        region.functions.begin(), region.functions.end(), node,
        [](const RegionFunction& function, NodeId n) { return function.node < n; });
    return found == region.functions.end() || !region.tree.within(found->node, node)
               ? 0
               : static_cast<std::uint64_t>(found - region.functions.begin()) + 1;
}

/// The node that says what an attribute is; kNoNode where none does.
NodeId shown_of(const Region& region, const SelfAttribute& attribute) {
    const NodeId statement = region.tree.statement(attribute.target);
    if (attribute.source == kNoNode || statement == kNoNode || says_nothing(attribute.kind))
        return kNoNode;
    const bool simple =
        attribute.kind == BindingKind::Assign || attribute.kind == BindingKind::Annotated;
    return simple ? attribute.source : statement;
}

/// True when others look into the whole body: it makes functions, as decorators do.
bool shows_whole_body(const Region& region, const RegionFunction& function, NodeId body) {
    const Tree& tree = region.tree;
    bool whole = false;
    if (function.is_async || function.is_generator) return false;
    walk_same_function(tree, body, [&](NodeId n) {
        if (whole || tree.kind(n) != Kind::Return) return !whole;
        const NodeId value = tree.child(n, Role::Value);
        if (tree.is(value, Kind::Name))
            for (const Binding& binding : region.find(function.scope, tree.text(value)))
                whole = whole || binding.kind == BindingKind::Function;
        return true;
    });
    return whole;
}

/// Hash of what a function's body says of its result; `spans` are where it says so.
std::uint64_t returns_hash(const Region& region, const RegionFunction& function,
                           std::vector<Span>* spans = nullptr) {
    const Tree& tree = region.tree;
    const NodeId body = tree.child(function.node, Role::Body);
    if (body == kNoNode) return 0;
    std::uint64_t hash = (function.is_generator ? 2 : 1) + (is_stub(tree, body) ? 4 : 0) +
                         (is_abstract(tree, body) ? 8 : 0);
    if (shows_whole_body(region, function, body)) {
        if (spans != nullptr) spans->push_back(tree[body].span());
        return hash_combine(hash, hash_bytes(tree.text(body)));
    }
    // An annotation says it all.
    const bool inferred = tree.child(function.node, Role::Returns) == kNoNode;
    if (inferred && region.tests_types) hash = hash_combine(hash, 6);
    walk_same_function(tree, body, [&](NodeId n) {
        const bool yields = function.is_generator && inferred &&
                            (tree.is(n, Kind::Yield) || tree.is(n, Kind::YieldFrom));
        if (!yields && tree.kind(n) != Kind::Return) return true;
        hash =
            hash_combine(hash_combine(hash, hash_bytes(tree.text(n))), first_function(region, n));
        if (const NodeId value = tree.child(n, Role::Value); inferred && value != kNoNode)
            hash = hash_combine(hash, region.reads_local(function.scope, value) ? 7 : 8);
        if (spans != nullptr) spans->push_back(tree[n].span());
        return true;
    });
    // One that only raises is abstract, say; one that ends returns None.
    return exits_of(tree, body).falls_through ? hash : hash_combine(hash, 5);
}

} // namespace

std::uint64_t surface_hash(const Region& region) {
    const Tree& tree = region.tree;
    std::uint64_t hash =
        hash_combine(static_cast<std::uint64_t>(region.kind), region.member ? 1 : 2);
    if (region.kind != RegionKind::Definition) {
        // Module and class level: everything but its comments and blank ends shows.
        std::uint32_t at = 0;
        for (const Comment& comment : tree.comments()) {
            hash = hash_combine(hash, hash_bytes(tree.text(Span{at, comment.span.begin})));
            at = comment.span.end;
        }
        std::uint32_t end = static_cast<std::uint32_t>(tree.text().size());
        while (end > at && (tree.text()[end - 1] == '\n' || tree.text()[end - 1] == ' ' ||
                            tree.text()[end - 1] == '\r'))
            --end;
        return hash_combine(hash, hash_bytes(tree.text(Span{at, std::max(at, end)})));
    }
    for (const Binding& binding : region.bindings) {
        if (binding.kind == BindingKind::Global)
            hash = hash_combine(hash, hash_bytes(region.name_of(binding)));
        if (region.scopes[binding.scope].kind != ScopeKind::Module &&
            region.scopes[binding.scope].kind != ScopeKind::Class)
            continue;
        hash = hash_combine(
            hash, hash_bytes(region.name_of(binding), static_cast<std::uint64_t>(binding.kind)));
        // Other regions refer to bindings by index; those of scope 0 come first and keep theirs.
        if (binding.scope != 0)
            hash =
                hash_combine(hash, static_cast<std::uint64_t>(&binding - region.bindings.data()));
    }
    for (const RegionFunction& function : region.functions) {
        const ScopeKind outer = region.scopes[function.outer].kind;
        if (function.is_lambda || (outer != ScopeKind::Module && outer != ScopeKind::Class))
            continue;
        const NodeId body = tree.child(function.node, Role::Body);
        hash = hash_combine(hash, hash_bytes(tree.text(header_of(tree, function.node)), 4));
        hash = hash_combine(hash, returns_hash(region, function));
        if (body == kNoNode) continue;
        // Module variables that the function assigns.
        for (const Binding& binding : region.bindings)
            if (binding.scope == function.scope && binding.kind == BindingKind::Global) {
                hash = hash_combine(hash, hash_bytes(tree.text(body)));
                break;
            }
    }
    for (const SelfAttribute& attribute : region.attributes) {
        hash = hash_combine(hash, hash_bytes(tree.text(attribute.target),
                                             static_cast<std::uint64_t>(attribute.kind)));
        const NodeId shown = shown_of(region, attribute);
        if (shown == kNoNode) continue;
        hash = hash_combine(hash, hash_bytes(tree.text(shown)));
        hash = hash_combine(hash, first_function(region, shown));
        const RegionFunction& method = region.functions[attribute.function];
        hash = hash_combine(hash, LocalInputs(region, method).hash(shown));
    }
    // What is defined at the surface inside nested classes shows whole.
    for (const NodeId node : region.classes)
        hash = hash_combine(hash_combine(hash, node), hash_bytes(tree.text(node)));
    return hash;
}

std::uint64_t passed_hash(const Region& region, NodeId call) {
    const std::uint64_t text = hash_bytes(region.tree.text(call));
    const std::int32_t function = region.function_at(call);
    if (function < 0) return text;
    const RegionFunction& owner = region.functions[static_cast<std::size_t>(function)];
    return hash_combine(text, LocalInputs(region, owner).hash(call));
}

namespace {

/// What a name stands for, as others see it.
struct NamedPart {
    std::string_view name;
    std::uint64_t hash;
    std::vector<Span> spans; // what explains it
};

/// A surface by names.
struct NamedSurface {
    std::vector<NamedPart> parts; // by name, those of one name in text order
    std::vector<Span> classes;    // decorators, names and bases of classes
    std::uint64_t rest = 0;       // of all that no part shows
};

/// Takes a surface apart. Whatever decides surface_hash() and is seen from elsewhere is in the result.
class SurfaceReader {
public:
    explicit SurfaceReader(const Region& region) : region_(region), tree_(region.tree) {}

    NamedSurface read() {
        add_rest(static_cast<std::uint64_t>(region_.kind) * 2 + (region_.member ? 1 : 0));
        for (const NodeId import : region_.star_imports) add_rest(tree_.text(import));
        for (const NodeId cls : region_.classes) class_line(cls);
        for (const Binding& binding : region_.bindings) bound(binding);
        for (const SelfAttribute& attribute : region_.attributes) self_attribute(attribute);
        std::stable_sort(surface_.parts.begin(), surface_.parts.end(),
                         [](const NamedPart& a, const NamedPart& b) { return a.name < b.name; });
        return std::move(surface_);
    }

private:
    void add_rest(std::uint64_t hash) { surface_.rest = hash_combine(surface_.rest, hash); }
    void add_rest(std::string_view text) { add_rest(hash_bytes(text)); }

    std::uint64_t header_hash(NodeId definition) const {
        return hash_bytes(tree_.text(header_of(tree_, definition)));
    }

    /// What in a function's header says what it and its parameters are: their names do not.
    std::vector<Span> explained_by_header(NodeId function) const {
        std::vector<Span> spans;
        const NodeId body = tree_.child(function, Role::Body);
        const NodeId end = body == kNoNode ? tree_[function].next : body;
        for (NodeId n = function + 1; n < end;) {
            const Role role = tree_.role(n);
            const bool says = role == Role::Annotation || role == Role::Returns ||
                              tree_.is(n, Kind::Decorator) || tree_.is(n, Kind::TypeParameters);
            if (says) spans.push_back(tree_[n].span());
            n = says ? tree_[n].next : n + 1;
        }
        return spans;
    }

    void class_line(NodeId cls) {
        const Span line = header_of(tree_, cls);
        surface_.classes.push_back(line);
        add_rest(tree_.text(line));
        // Its qualified name.
        for (ScopeId scope = region_.scope_at(cls); scope != 0;
             scope = region_.scopes[scope].parent)
            add_rest(identifier(tree_, region_.scopes[scope].node));
    }

    /// The statement of the binding's scope that holds the binding.
    NodeId statement_of(const Binding& binding) const {
        const NodeId block = region_.scopes[binding.scope].first;
        NodeId statement = binding.name;
        while (tree_.parent(statement) != block && tree_.parent(statement) != kNoNode)
            statement = tree_.parent(statement);
        return statement;
    }

    /// Tells functions apart whose text is the same: others refer to them by their number.
    std::uint64_t number_of(NodeId node) const { return first_function(region_, node); }

    void part(std::string_view name, std::uint64_t seed, std::vector<Span> spans) {
        std::uint64_t hash = seed;
        for (const Span span : spans) hash = hash_combine(hash, hash_bytes(tree_.text(span)));
        surface_.parts.push_back({name, hash, std::move(spans)});
    }

    void bound(const Binding& binding) {
        const Scope& scope = region_.scopes[binding.scope];
        const std::string_view name = region_.name_of(binding);
        const std::uint64_t kind = static_cast<std::uint64_t>(binding.kind);
        if (binding.kind == BindingKind::Global) {
            part(name, kind, {tree_[scope.node].span()});
            return;
        }
        if (scope.kind != ScopeKind::Module && scope.kind != ScopeKind::Class) return;
        const NodeId statement = statement_of(binding);
        if (binding.kind == BindingKind::Import || binding.kind == BindingKind::ImportFrom) {
            add_rest(tree_.text(tree_.parent(binding.source)));
        } else if (binding.kind == BindingKind::Function && statement == binding.source) {
            std::vector<Span> spans = explained_by_header(statement);
            std::uint64_t body = 0;
            for (const RegionFunction& function : region_.functions)
                if (function.node == statement) body = returns_hash(region_, function, &spans);
            part(name,
                 hash_combine(hash_combine(body, number_of(statement)), header_hash(statement)),
                 std::move(spans));
        } else if (says_nothing(binding.kind) ||
                   (binding.kind == BindingKind::Class && statement == binding.source)) {
            part(name, kind, {});
        } else {
            part(name, hash_combine(kind, number_of(statement)), {tree_[statement].span()});
        }
    }

    void self_attribute(const SelfAttribute& attribute) {
        const NodeId name = tree_.child(attribute.target, Role::Attr);
        if (name == kNoNode) return;
        const RegionFunction& method = region_.functions[attribute.function];
        std::vector<Span> spans = explained_by_header(method.node);
        std::uint64_t hash =
            hash_combine(static_cast<std::uint64_t>(attribute.kind), header_hash(method.node));
        if (const NodeId shown = shown_of(region_, attribute); shown != kNoNode) {
            spans.push_back(tree_[shown].span());
            LocalInputs inputs(region_, method);
            hash = hash_combine(hash_combine(hash, inputs.hash(shown)), number_of(shown));
            spans.insert(spans.end(), inputs.spans().begin(), inputs.spans().end());
        }
        part(tree_.text(name), hash, std::move(spans));
    }

    const Region& region_;
    const Tree& tree_;
    NamedSurface surface_;
};

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool has_name(std::string_view text, std::string_view name) {
    const char* const end_of_text = text.data() + text.size();
    const char* from = text.data();
    while (const void* const found = memmem(from, static_cast<std::size_t>(end_of_text - from),
                                            name.data(), name.size())) {
        const std::size_t at =
            static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
        const std::size_t end = at + name.size();
        from = text.data() + at + 1;
        if ((at == 0 || !is_name_byte(text[at - 1])) &&
            (end == text.size() || !is_name_byte(text[end])))
            return true;
    }
    return false;
}

/// More are searched for no faster than regions are analysed.
constexpr std::size_t kMaxChangedNames = 32;

/// The language, and so the model, looks it up where no code spells it.
bool is_special(std::string_view name) {
    return name.starts_with("__") && name.ends_with("__") && name != "__slots__" &&
           name != "__match_args__" && name != "__doc__" && name != "__version__";
}

} // namespace

bool ChangedNames::contains(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
}

bool ChangedNames::insert(std::string_view name) {
    if (contains(name)) return true;
    if (names_.size() == kMaxChangedNames || name.empty() || is_special(name)) return false;
    names_.emplace_back(name);
    return true;
}

bool ChangedNames::any_in(std::string_view text, std::size_t from) const {
    return std::any_of(names_.begin() + static_cast<std::ptrdiff_t>(from), names_.end(),
                       [text](const std::string& name) { return has_name(text, name); });
}

bool ChangedNames::add(const Module& before, const Module& after) {
    if (before.slots.size() != after.slots.size()) return false;
    for (std::size_t i = 0; i < after.slots.size(); ++i) {
        const Slot& old_slot = before.slots[i];
        const Slot& new_slot = after.slots[i];
        if (old_slot.head != new_slot.head) return false;
        if (old_slot.surface == new_slot.surface) continue;
        const NamedSurface then = SurfaceReader(*old_slot.region).read();
        const NamedSurface now = SurfaceReader(*new_slot.region).read();
        if (then.rest != now.rest) return false;
        auto a = then.parts.begin();
        auto b = now.parts.begin();
        while (a != then.parts.end() || b != now.parts.end()) {
            const std::string_view name =
                b == now.parts.end() || (a != then.parts.end() && a->name < b->name) ? a->name
                                                                                     : b->name;
            bool same = true;
            for (;;) {
                const bool old_has = a != then.parts.end() && a->name == name;
                const bool new_has = b != now.parts.end() && b->name == name;
                if (!old_has && !new_has) break;
                same = same && old_has && new_has && a->hash == b->hash;
                if (old_has) ++a;
                if (new_has) ++b;
            }
            if (!same && !insert(name)) return false;
        }
    }
    return true;
}

bool ChangedNames::close_over(const std::vector<const Module*>& modules) {
    for (std::size_t known = 0; known < names_.size();) {
        const std::size_t from = known;
        known = names_.size();
        for (const Module* const module : modules) {
            for (const Slot& slot : module->slots) {
                const Tree& tree = slot.region->tree;
                if (!any_in(tree.text(), from)) continue;
                const NamedSurface surface = SurfaceReader(*slot.region).read();
                const auto explained = [&](Span span) { return any_in(tree.text(span), from); };
                if (std::any_of(surface.classes.begin(), surface.classes.end(), explained))
                    return false;
                for (const NamedPart& part : surface.parts)
                    if (std::any_of(part.spans.begin(), part.spans.end(), explained) &&
                        !insert(part.name))
                        return false;
            }
        }
    }
    return true;
}

} // namespace awaitls::analysis
