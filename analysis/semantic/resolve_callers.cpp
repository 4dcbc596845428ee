// Evaluator: what other files of the project tell, by overriding a method and by calling a function.

#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"
#include "analysis/semantic/surface.h"

#include <algorithm>

namespace awaitls::analysis {

std::int32_t Evaluator::space_at(const std::string& path) {
    const std::int32_t known = number_of(path);
    if (known >= 0) return known;
    std::shared_ptr<const ModuleFile> file = place_.modules->at(path);
    if (!file || file->module->slots.size() > kMaxSlots || spaces_.size() >= kMaxSpaces) return -1;
    return add_space(std::move(file));
}

void Evaluator::note_search(Uses::Search::Kind kind, std::string_view name, std::string_view base,
                            std::string_view importer, std::uint64_t answer) {
    const std::uint64_t id =
        hash_bytes(name, hash_bytes(base, hash_bytes(importer, static_cast<std::uint64_t>(kind))));
    if (searches_.insert(id).second)
        uses_.searches.push_back(
            {kind, std::string(name), std::string(base), std::string(importer), answer});
}

std::uint64_t hash_of(const std::vector<ClassPlace>& places) {
    std::uint64_t hash = places.size();
    for (const ClassPlace& place : places)
        hash = hash_combine(hash, hash_bytes(place.name, hash_bytes(place.path)));
    return hash;
}

namespace {
std::uint64_t hash_of(const std::optional<std::vector<ClassPlace>>& places) {
    return places ? hash_of(*places) : 1;
}
std::uint64_t hash_of(const std::optional<std::vector<std::string>>& paths) {
    if (!paths) return 1;
    std::uint64_t hash = paths->size();
    for (const std::string& path : *paths) hash = hash_combine(hash, hash_bytes(path));
    return hash;
}

constexpr std::size_t kMaxCallerFiles = 24;

/// A Name, or the Identifier of an Attribute, that spells a name.
template <typename Visit>
void visit_mentions(const Module& module, std::string_view name, Visit visit) {
    for (std::uint32_t slot = 0; slot < module.slots.size(); ++slot) {
        const Tree& tree = module.slots[slot].region->tree;
        if (tree.text().find(name) == std::string_view::npos) continue;
        for (NodeId n = 0; n < tree.size(); ++n)
            if ((tree.kind(n) == Kind::Name || tree.kind(n) == Kind::Identifier) &&
                tree.text(n) == name)
                visit(slot, n);
    }
}

/// The call whose callee a mention is; kNoNode where it is none.
NodeId call_of(const Tree& tree, NodeId mention) {
    NodeId callee = mention;
    if (tree.is(mention, Kind::Identifier) && tree.role(mention) == Role::Attr)
        callee = tree.parent(mention);
    return tree.role(callee) == Role::Callee ? tree.parent(callee) : kNoNode;
}

/// Everything in a module that decides what the calls of a name pass.
std::uint64_t calls_hash(const Module& module, std::string_view name) {
    std::uint64_t hash = module.surface;
    visit_mentions(module, name, [&](std::uint32_t slot, NodeId mention) {
        const Region& region = *module.slots[slot].region;
        const NodeId call = call_of(region.tree, mention);
        hash = hash_combine(hash, slot);
        hash = hash_combine(hash, call == kNoNode ? 2 : passed_hash(region, call));
    });
    return hash;
}

/// The regions of a module that mention a name.
std::uint64_t mentions_hash(const Module& module, std::string_view name) {
    std::uint64_t hash = module.surface;
    for (const Slot& slot : module.slots)
        if (slot.region->tree.text().find(name) != std::string_view::npos)
            hash = hash_combine(hash, slot.region->id);
    return hash;
}

} // namespace

std::uint64_t answer_of(const Uses::Search& search, const Modules* modules, const Module& own,
                        std::string_view own_path) {
    using Asked = Uses::Search::Kind;
    switch (search.kind) {
    case Asked::FilesWith:
        return hash_of(modules->files_with(search.name, search.importer, kMaxCallerFiles));
    case Asked::SyncOverriders:
    case Asked::AsyncOverriders:
        return hash_of(modules->overriders(search.base, search.name,
                                           search.kind == Asked::AsyncOverriders, search.importer));
    case Asked::ClassesWith: return hash_of(modules->classes_with(search.name, search.importer, 2));
    case Asked::CallsOf: {
        if (search.importer == own_path) return calls_hash(own, search.name);
        const std::shared_ptr<const ModuleFile> file = modules->at(search.importer);
        return file ? calls_hash(*file->module, search.name) : 0;
    }
    case Asked::MentionsIn: {
        const std::shared_ptr<const ModuleFile> file = modules->at(search.importer);
        return file ? mentions_hash(*file->module, search.name) : 0;
    }
    }
    return 0;
}

/// True when a class that derives from `id`, in its own module or anywhere in the project, defines the method with another kind
/// of result.
bool Evaluator::overridden_differently(std::int32_t id, std::string_view name,
                                       const FunctionDef& method) {
    const std::uint64_t question =
        hash_combine(hash_bytes(name, 78), static_cast<std::uint64_t>(id));
    if (const auto known = overridden_.find(question); known != overridden_.end())
        return known->second;
    const bool result = find_different_override(id, name, method);
    overridden_.emplace(question, result);
    return result;
}

bool Evaluator::find_different_override(std::int32_t id, std::string_view name,
                                        const FunctionDef& method) {
    const auto differs = [&](Space& space, std::size_t index) {
        const ClassEntry& entry = space.module->model->classes()[index];
        const std::int32_t other = space.first_class + static_cast<std::int32_t>(index);
        const auto found = entry.members.find(name);
        if (other == id || found == entry.members.end() || !derives_from(other, id)) return false;
        for (const Reference& reference : found->second) {
            if (reference.attribute) return true;
            const std::uint32_t slot = space.first_slot + reference.slot;
            const Type type = binding_type(slot, slot_at(slot).region->bindings[reference.index]);
            if (type->kind != TypeKind::Function || type->function == nullptr ||
                type->function->is_async != method.is_async ||
                type->function->is_generator != method.is_generator)
                return true;
        }
        return false;
    };
    Space& own = space_of_class(id);
    const std::size_t count = own.module->model->classes().size();
    for (std::size_t i = 0; i < count; ++i)
        if (differs(own, i)) return true;
    if (!place_.modules || is_library(own)) return false;
    const std::string importer(path_of(own));
    const std::string base = class_entry(id).name;
    const std::vector<ClassPlace> places =
        place_.modules->overriders(base, name, !method.is_async, importer);
    note_search(method.is_async ? Uses::Search::Kind::SyncOverriders
                                : Uses::Search::Kind::AsyncOverriders,
                name, base, importer, hash_of(places));
    for (const ClassPlace& place : places) {
        const std::int32_t number = space_at(place.path);
        if (number < 0) return true; // who knows
        Space& space = *spaces_[static_cast<std::size_t>(number)];
        for (std::size_t i = 0; i < space.module->model->classes().size(); ++i)
            if (space.module->model->classes()[i].name == place.name && differs(space, i))
                return true;
    }
    return false;
}

Type Evaluator::only_method(std::string_view name, Space& asker) {
    Type only = unknown_type();
    const auto add = [&](Space& space, std::string_view cls) {
        const std::vector<ClassEntry>& classes = space.module->model->classes();
        for (std::size_t i = 0; i < classes.size(); ++i) {
            if (!classes[i].members.contains(name) || (!cls.empty() && classes[i].name != cls))
                continue;
            if (only->known()) return false;
            const std::int32_t id = space.first_class + static_cast<std::int32_t>(i);
            bool open = false;
            only = class_member(id, name, instance_of(class_def(id)), false, open);
            if (only->kind != TypeKind::Function) return false;
        }
        return true;
    };
    const std::string importer(path_of(asker));
    const std::optional<std::vector<ClassPlace>> places =
        place_.modules ? place_.modules->classes_with(name, importer, 2) : std::nullopt;
    if (place_.modules)
        note_search(Uses::Search::Kind::ClassesWith, name, {}, importer, hash_of(places));
    if (!places) return add(asker, {}) ? only : unknown_type();
    for (const ClassPlace& place : *places) {
        const std::int32_t number = space_at(place.path);
        if (number < 0 || !add(*spaces_[static_cast<std::size_t>(number)], place.name))
            return unknown_type();
    }
    return only;
}

bool Evaluator::is_called_by_project_only(std::int32_t id, int depth) {
    if (id < 0) return true;
    if (depth > kMaxClassDepth) return false;
    const std::vector<Type> all = bases(id);
    return std::all_of(all.begin(), all.end(), [&](Type base) {
        return base->kind == TypeKind::Class &&
               (base->cls != nullptr ? !is_library(space_of_class(base->cls->id)) &&
                                           is_called_by_project_only(base->cls->id, depth + 1)
                                     : is_one_of(base->name, {"builtins.object", "abc.ABC"}));
    });
}

Type Evaluator::parameter_from_callers(std::uint32_t slot, NodeId parameter) {
    const std::uint64_t id = key(slot, parameter);
    if (const auto known = passed_.find(id); known != passed_.end()) return known->second;
    if (depth_ > kMaxDepth) return unknown_type();
    // While it is looked for: parameters that pass one another on in circles are all unknown, whichever is asked for first.
    passed_.emplace(id, unknown_type());
    ++depth_;
    const Type result = find_parameter_from_callers(slot, parameter);
    --depth_;
    passed_[id] = result;
    return result;
}

Type Evaluator::find_parameter_from_callers(std::uint32_t slot, NodeId parameter) {
    const Tree& tree = slot_at(slot).region->tree;
    const NodeId definition = tree.parent(tree.parent(parameter));
    if (tree.kind(definition) != Kind::FunctionDef ||
        tree.child(definition, Kind::Decorator) != kNoNode)
        return unknown_type();
    const Type bound = function_binding(slot, definition);
    if (bound->function == nullptr || is_library(space_of(slot))) return unknown_type();
    const FunctionDef& function = *bound->function;
    std::string_view name = function.name;
    if (function.class_id >= 0) {
        // Python calls special methods itself; __init__ is called by the name of the class.
        const bool makes = name == "__init__";
        if (makes)
            name = class_entry(function.class_id).name;
        else if (name.starts_with("__"))
            return unknown_type();
        if (!is_called_by_project_only(makes ? -1 : function.class_id)) return unknown_type();
        // `cls(..)` in a class method makes one without the name.
        const Space& there = space_of(slot);
        for (const Slot& member : there.module->slots)
            for (const std::string_view form : {"cls(", "__class__(", "type(self)("})
                if (makes && member.region->member &&
                    member.region->tree.text().find(form) != std::string_view::npos)
                    return unknown_type();
    }
    Space& own = space_of(slot);
    const std::string importer(path_of(own));
    std::vector<std::string> paths;
    if (place_.modules && !function.is_nested) {
        std::optional<std::vector<std::string>> found =
            place_.modules->files_with(name, importer, kMaxCallerFiles);
        note_search(Uses::Search::Kind::FilesWith, name, {}, importer, hash_of(found));
        if (!found) return unknown_type();
        paths = std::move(*found);
    }
    if (std::find(paths.begin(), paths.end(), importer) == paths.end()) paths.push_back(importer);
    int found_calls = 0;
    Type passed = nullptr;
    for (const std::string& path : paths) {
        const std::int32_t number = path == importer && !own.file ? 0 : space_at(path);
        if (number < 0) return unknown_type();
        if (!add_passed(number, name, function, parameter, found_calls, passed))
            return unknown_type();
    }
    if (found_calls == 0 || passed == nullptr || passed->confidence != Confidence::Certain)
        return unknown_type();
    return passed;
}

std::optional<std::vector<Model::CallSite>> Evaluator::mentions_elsewhere(std::uint32_t slot,
                                                                          NodeId node) {
    const std::string_view name = slot_at(slot).region->tree.text(node);
    const std::string importer(path_of(space_of(slot)));
    if (!place_.modules) return std::nullopt;
    const std::optional<std::vector<std::string>> paths =
        place_.modules->files_with(name, importer, kMaxCallerFiles);
    note_search(Uses::Search::Kind::FilesWith, name, {}, importer, hash_of(paths));
    if (!paths) return std::nullopt;
    std::vector<Model::CallSite> result;
    for (const std::string& path : *paths) {
        if (path == importer) continue;
        const std::int32_t number = space_at(path);
        if (number < 0) return std::nullopt;
        const Space& space = *spaces_[static_cast<std::size_t>(number)];
        const std::shared_ptr<const Module> module = space.module;
        const std::uint32_t first_slot = space.first_slot;
        note_search(Uses::Search::Kind::MentionsIn, name, {}, path, mentions_hash(*module, name));
        visit_mentions(*module, name, [&](std::uint32_t at, NodeId mention) {
            const Tree& tree = module->slots[at].region->tree;
            const bool attribute =
                tree.is(mention, Kind::Identifier) && tree.role(mention) == Role::Attr;
            if (!attribute && !tree.is(mention, Kind::Name)) return;
            result.push_back({&model(first_slot + at), attribute ? tree.parent(mention) : mention});
        });
    }
    return result;
}

bool Evaluator::add_passed(std::int32_t number, std::string_view name, const FunctionDef& function,
                           NodeId parameter, int& found_calls, Type& passed) {
    constexpr int kMaxCalls = 24;
    Space& space = *spaces_[static_cast<std::size_t>(number)];
    const std::shared_ptr<const Module> module = space.module;
    note_search(Uses::Search::Kind::CallsOf, name, {}, path_of(space), calls_hash(*module, name));
    const std::uint32_t first_slot = space.first_slot;
    bool all = true;
    visit_mentions(*module, name, [&](std::uint32_t at, NodeId mention) {
        if (!all) return;
        const std::uint32_t slot = first_slot + at;
        const Region& region = *slot_at(slot).region;
        const Tree& tree = region.tree;
        const NodeId parent = tree.parent(mention);
        if (!region.clean()) {
            all = false;
            return;
        }
        switch (tree.kind(parent)) {
        case Kind::FunctionDef:
        case Kind::ClassDef:
            // Its definition, or another one of the name. A class that others derive from may be made by them.
            if (tree.role(mention) == Role::Name) return;
            break;
        case Kind::Alias:
        case Kind::ModuleName:
        case Kind::Keyword: return;
        default: break;
        }
        // What an annotation names, or an isinstance() asks for, calls nothing.
        for (NodeId up = mention; up != kNoNode && tree.role(up) != Role::Statement;
             up = tree.parent(up))
            if (tree.role(up) == Role::Annotation || tree.role(up) == Role::Returns) return;
        const RegionModel& scope = model(slot);
        const NodeId call = call_of(tree, mention);
        if (call == kNoNode) {
            const NodeId whole = tree.is(parent, Kind::Attribute) ? parent : mention;
            const NodeId outer = tree.parent(whole);
            const bool asked =
                tree.is(outer, Kind::Call) &&
                scope.name_of(tree.child(outer, Role::Callee)) == "builtins.isinstance";
            // It may be something else that has the name.
            const Type type = asked ? unknown_type() : scope.type_of(whole);
            const bool other = type->known() && type->kind != TypeKind::Union &&
                               type->function != &function &&
                               (type->kind != TypeKind::Class || type->cls == nullptr ||
                                type->cls->id != function.class_id);
            all = asked || other;
            return;
        }
        const CallTarget target = scope.target(call);
        if (target.confidence != Confidence::Certain) {
            all = false;
            return;
        }
        if (target.function != &function) {
            all = target.function != nullptr || target.cls != nullptr || !target.name.empty();
            return;
        }
        if (++found_calls > kMaxCalls) {
            all = false;
            return;
        }
        const std::optional<NodeId> value = scope.passed_to(call, parameter);
        Type type = unknown_type();
        if (value && *value != kNoNode) {
            type = scope.type_of(*value);
        } else if (value) {
            const Tree& definition = function.region->tree;
            const NodeId fallback = definition.child(parameter, Role::Default);
            if (fallback != kNoNode) type = model(function.slot).type_of(fallback);
        }
        passed = passed == nullptr ? type : join(passed, type);
        all = passed->known();
    });
    return all;
}

} // namespace awaitls::analysis
