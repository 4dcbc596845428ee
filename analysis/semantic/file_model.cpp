#include "analysis/semantic/file_model.h"

namespace awaitls::analysis {

namespace {
std::uint64_t class_key(std::uint32_t slot, NodeId node) {
    return (static_cast<std::uint64_t>(slot) << 32) | node;
}

void add(NameMap<std::vector<Reference>>& names, std::string_view name, Reference reference) {
    auto found = names.find(name);
    if (found == names.end()) found = names.emplace(name, std::vector<Reference>{}).first;
    found->second.push_back(reference);
}
} // namespace

Slot make_slot(const Region& region, std::uint32_t begin, std::int32_t head) {
    return {&region, region.surface, begin, head, !region.runner_calls.empty()};
}

FileModel::FileModel(const std::vector<Slot>& slots) {
    // Classes first: members refer to them.
    for (std::uint32_t s = 0; s < slots.size(); ++s) {
        const Region& region = *slots[s].region;
        for (const NodeId node : region.classes) {
            const ScopeId outer = region.scope_at(node);
            std::string qualname{identifier_of_class(region, node)};
            ClassEntry entry{qualname, qualname, s, node, {}};
            for (ScopeId scope = outer;; scope = region.scopes[scope].parent) {
                const Scope& around = region.scopes[scope];
                if (around.kind == ScopeKind::Class && around.node != 0)
                    entry.qualname = std::string(identifier_of_class(region, around.node)) + "." +
                                     entry.qualname;
                else if (around.kind == ScopeKind::Function)
                    entry.qualname = std::string(identifier_of_class(region, around.node)) +
                                     ".<locals>." + entry.qualname;
                if (scope == 0) break;
            }
            if (slots[s].head >= 0) {
                const std::int32_t owner =
                    head_class(slots, static_cast<std::uint32_t>(slots[s].head));
                if (owner >= 0)
                    entry.qualname =
                        classes_[static_cast<std::size_t>(owner)].qualname + "." + entry.qualname;
            }
            class_ids_.emplace(class_key(s, node), static_cast<std::int32_t>(classes_.size()));
            classes_.push_back(std::move(entry));
        }
    }
    for (std::uint32_t s = 0; s < slots.size(); ++s) {
        const Region& region = *slots[s].region;
        const std::int32_t owner =
            slots[s].head >= 0 ? head_class(slots, static_cast<std::uint32_t>(slots[s].head)) : -1;
        const auto class_of_scope = [&](ScopeId scope) -> std::int32_t {
            if (scope == 0) return owner;
            return class_at(s, region.scopes[scope].node);
        };
        const Binding* global =
            nullptr; // the last `global` statement's; bindings of a name stand together
        for (std::uint32_t b = 0; b < region.bindings.size(); ++b) {
            const Binding& binding = region.bindings[b];
            const Scope& scope = region.scopes[binding.scope];
            if (binding.kind == BindingKind::Global) {
                // `global x` in a function: what the function assigns to x is the module's. One statement says it for all.
                if (global != nullptr && global->scope == binding.scope &&
                    region.name_of(*global) == region.name_of(binding))
                    continue;
                global = &binding;
                for (const Binding& assigned : region.find(binding.scope, region.name_of(binding)))
                    if (assigned.kind != BindingKind::Global)
                        add(names_, region.name_of(binding),
                            {s, static_cast<std::uint32_t>(&assigned - region.bindings.data())});
                continue;
            }
            if (scope.kind == ScopeKind::Module) {
                add(names_, region.name_of(binding), {s, b});
                if (binding.kind == BindingKind::Import || binding.kind == BindingKind::ImportFrom)
                    imports_.emplace_back(region.name_of(binding), Reference{s, b});
            } else if (scope.kind == ScopeKind::Class) {
                const std::int32_t id = class_of_scope(binding.scope);
                if (id >= 0)
                    add(classes_[static_cast<std::size_t>(id)].members, region.name_of(binding),
                        {s, b});
            }
        }
        for (std::uint32_t a = 0; a < region.attributes.size(); ++a) {
            const SelfAttribute& attribute = region.attributes[a];
            const std::int32_t id = class_of_scope(region.functions[attribute.function].outer);
            if (id < 0) continue;
            const NodeId name = region.tree.child(attribute.target, Role::Attr);
            if (name == kNoNode) continue;
            add(classes_[static_cast<std::size_t>(id)].members, region.tree.text(name),
                {s, a, true});
        }
        for (std::uint32_t i = 0; i < region.star_imports.size(); ++i)
            if (region.scope_at(region.star_imports[i]) == 0) star_imports_.push_back({s, i});
    }
}

std::string_view FileModel::identifier_of_class(const Region& region, NodeId node) {
    const NodeId name = region.tree.child(node, Role::Name);
    return name == kNoNode ? std::string_view{} : region.tree.text(name);
}

std::int32_t FileModel::head_class(std::span<const Slot> slots, std::uint32_t head) const {
    const Region& region = *slots[head].region;
    return region.classes.empty() ? -1 : class_at(head, region.classes.front());
}

const std::vector<Reference>* FileModel::find_name(std::string_view name) const {
    const auto it = names_.find(name);
    return it == names_.end() ? nullptr : &it->second;
}

std::int32_t FileModel::class_at(std::uint32_t slot, NodeId node) const {
    const auto it = class_ids_.find(class_key(slot, node));
    return it == class_ids_.end() ? -1 : it->second;
}

bool have_same_names(const Region& a, const Region& b) {
    if (a.kind != b.kind || a.member != b.member || a.classes != b.classes ||
        a.star_imports != b.star_imports || a.bindings.size() != b.bindings.size() ||
        a.attributes.size() != b.attributes.size())
        return false;
    const auto same_scope = [&](ScopeId id) {
        const Scope& x = a.scopes[id];
        const Scope& y = b.scopes[id];
        return x.kind == y.kind && (x.kind != ScopeKind::Class || x.node == y.node);
    };
    for (std::size_t i = 0; i < a.bindings.size(); ++i) {
        const Binding& x = a.bindings[i];
        const Binding& y = b.bindings[i];
        if (x.scope != y.scope || x.kind != y.kind || !same_scope(x.scope) ||
            a.name_of(x) != b.name_of(y))
            return false;
    }
    for (std::size_t i = 0; i < a.attributes.size(); ++i) {
        const SelfAttribute& x = a.attributes[i];
        const SelfAttribute& y = b.attributes[i];
        const ScopeId outer = a.functions[x.function].outer;
        if (outer != b.functions[y.function].outer || !same_scope(outer) ||
            a.tree.text(x.target) != b.tree.text(y.target))
            return false;
    }
    return true;
}

std::uint64_t surface_hash(const std::vector<Slot>& slots) {
    std::uint64_t hash = slots.size();
    for (const Slot& slot : slots) {
        const std::uint64_t parent = slot.head < 0 ? 0 : static_cast<std::uint64_t>(slot.head) + 1;
        hash = hash_combine(hash_combine(hash, slot.surface), parent);
    }
    return hash;
}

} // namespace awaitls::analysis
