#include "analysis/semantic/evaluator.h"

#include "analysis/semantic/evaluator_support.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {
constexpr std::size_t kMaxUnion = 8;
} // namespace

Type unknown_type() {
    static const TypeData unknown{};
    return &unknown;
}

Type TypeData::arg(std::size_t index) const {
    return index < args.size() ? args[index] : unknown_type();
}

// --- construction --------------------------------------------------------------------------------------

Evaluator::Evaluator(std::shared_ptr<const Module> module, const Settings& settings,
                     ModulePlace place, const Uses& uses)
    : settings_(settings), place_(std::move(place)), slots_(module->slots) {
    effects.reset(slots_.size());
    runners.reset(slots_.size());
    calls.reset(slots_.size());
    models_.resize(slots_.size());
    auto own = std::make_unique<Space>();
    own->module = std::move(module);
    spaces_.push_back(std::move(own));
    for (const std::shared_ptr<const ModuleFile>& file : uses.files) add_space(file);
    uses_.questions = uses.questions;
    uses_.roots = uses.roots;
    for (const Uses::Search& search : uses.searches)
        note_search(search.kind, search.name, search.base, search.importer, search.answer);
    for (const Uses::Question& question : uses.questions)
        if (const std::int32_t importer = number_of(question.importer); importer >= 0)
            spaces_[static_cast<std::size_t>(importer)]->modules.emplace(
                question.name, question.answer.empty() ? -1 : number_of(question.answer));
    for (const Uses::Root& root : uses.roots)
        if (const std::int32_t importer = number_of(root.importer); importer >= 0)
            spaces_[static_cast<std::size_t>(importer)]->roots.emplace(root.name, root.known);
}

Evaluator::~Evaluator() = default;

bool Evaluator::advance(std::shared_ptr<const Module> module, ModulePlace place,
                        const std::vector<std::uint32_t>& changed) {
    const std::vector<Slot>& slots = module->slots;
    for (const std::uint32_t slot : changed) {
        const std::vector<RegionFunction>& before = slots_[slot].region->functions;
        const std::vector<RegionFunction>& after = slots[slot].region->functions;
        const bool alike = std::equal(before.begin(), before.end(), after.begin(), after.end(),
                                      [](const RegionFunction& a, const RegionFunction& b) {
                                          return a.is_async == b.is_async &&
                                                 a.is_generator == b.is_generator &&
                                                 a.is_lambda == b.is_lambda && a.outer == b.outer;
                                      });
        if (!alike) return false;
    }
    place_ = std::move(place);
    is_in_modules_.reset();
    slots_ = slots;
    spaces_.front()->module = std::move(module);
    summaries_.clear();
    reached_.clear();
    held_.clear();
    mentions_.clear();
    for (const std::unique_ptr<RegionModel>& model : models_)
        if (model) model->last_call_ = kNoNode; // its definitions may be others now
    for (const std::uint32_t slot : changed) {
        if (models_[slot]) {
            models_[slot].reset();
            --model_count_;
        }
        // Types refer to definitions: each stays where it is, and says what the region says now.
        for (std::uint32_t index = 0; index < slots[slot].region->functions.size(); ++index) {
            const auto found = functions_.find(key(slot, index));
            if (found == functions_.end() || !found->second) continue;
            std::unique_ptr<FunctionDef> kept = std::move(found->second);
            decorated_.erase(kept.get());
            overloads_.clear();
            *kept = *function_def(slot, index);
            functions_[key(slot, index)] = std::move(kept);
        }
        for (const auto& [id, cls] : class_defs_)
            if (class_slot(cls->id) == slot) cls->region = slots[slot].region;
    }
    return true;
}

// --- modules -------------------------------------------------------------------------------------------

const ClassEntry& Evaluator::class_entry(std::int32_t id) {
    const Space& space = space_of_class(id);
    return space.module->model->classes()[static_cast<std::size_t>(id - space.first_class)];
}

std::uint32_t Evaluator::class_slot(std::int32_t id) {
    return space_of_class(id).first_slot + class_entry(id).slot;
}

std::int32_t Evaluator::class_at(std::uint32_t slot, NodeId node) {
    const Space& space = space_of(slot);
    const std::int32_t id = space.module->model->class_at(slot - space.first_slot, node);
    return id < 0 ? -1 : space.first_class + id;
}

std::int32_t Evaluator::class_of_member(std::uint32_t slot) {
    const Space& space = space_of(slot);
    const std::int32_t head = slot_at(slot).head;
    if (head < 0) return -1;
    const std::int32_t id =
        space.module->model->head_class(space.module->slots, static_cast<std::uint32_t>(head));
    return id < 0 ? -1 : space.first_class + id;
}

std::int32_t Evaluator::add_space(std::shared_ptr<const ModuleFile> file) {
    const std::int32_t number = static_cast<std::int32_t>(spaces_.size());
    auto space = std::make_unique<Space>();
    space->module = file->module;
    space->first_slot = static_cast<std::uint32_t>(number) << kSpaceBits;
    space->first_class = number << kSpaceBits;
    uses_.files.push_back(file);
    numbers_.emplace(file->path, number);
    space->file = std::move(file);
    spaces_.push_back(std::move(space));
    return number;
}

std::int32_t Evaluator::number_of(std::string_view path) const {
    if (path == place_.path) return 0;
    const auto found = numbers_.find(path);
    return found == numbers_.end() ? -1 : found->second;
}

std::int32_t Evaluator::find_any_module(std::string_view name, Space& importer) {
    if (!place_.modules || name.empty()) return -1;
    // Most names are of libraries: their roots say so, once for all that is below them.
    const std::string_view from = path_of(importer);
    const std::string_view root = name.substr(0, name.find('.'));
    auto below = importer.roots.find(root);
    if (below == importer.roots.end()) {
        const bool known = place_.modules->has_root(root, from);
        uses_.roots.push_back({std::string(root), std::string(from), known});
        below = importer.roots.emplace(root, known).first;
    }
    if (!below->second) return -1;
    if (const auto known = importer.modules.find(name); known != importer.modules.end())
        return known->second;
    const std::shared_ptr<const ModuleFile> found = place_.modules->find(name, from);
    uses_.questions.push_back(
        {std::string(name), std::string(from), found ? found->path : std::string()});
    std::int32_t number = found ? number_of(found->path) : -1;
    const bool numbers =
        std::max(slots_.size(), found ? found->module->slots.size() : 0) <= kMaxSlots &&
        spaces_.size() < kMaxSpaces;
    if (found && number < 0 && numbers) number = add_space(found);
    importer.modules.emplace(name, number);
    return number;
}

Type Evaluator::module_object(std::int32_t space, std::string_view name) {
    TypeData data;
    data.kind = TypeKind::Module;
    data.name = kept(name);
    data.space = space;
    return make(std::move(data));
}

Type Evaluator::module_member(std::int32_t number, std::string_view name, int depth) {
    Space& space = *spaces_[static_cast<std::size_t>(number)];
    const FileModel& file = *space.module->model;
    if (file.find_name(name) != nullptr) return module_variable(space, name);
    const std::string own_name(name_of(space));
    const bool package = is_package(space);
    if (package) {
        const std::string inner = own_name + "." + std::string(name);
        if (const std::int32_t found = find_any_module(inner, space); found >= 0)
            return is_library(found) ? external(inner) : module_object(found, inner);
    }
    if (depth > kMaxDepth) return unknown_type();
    // The last one counts.
    const std::vector<Reference>& stars = file.star_imports();
    for (auto at = stars.rbegin(); at != stars.rend(); ++at) {
        const Reference& star = *at;
        const std::uint32_t slot = space.first_slot + star.slot;
        const Region& region = *slot_at(slot).region;
        const NodeId path = region.tree.child(region.star_imports[star.index], Kind::ModuleName);
        if (path == kNoNode) continue;
        const std::string from = imported_name(space, region.tree, path);
        if (find_any_module(from, space) == number) continue;
        const Type found = star_member(from, name, space, depth + 1);
        if (found->known()) return found;
    }
    return unknown_type();
}

bool Evaluator::exports(const Space& space, std::string_view name) const {
    const bool is_public = !name.starts_with('_');
    const std::vector<Reference>* const lists = space.module->model->find_name("__all__");
    if (lists == nullptr) return is_public;
    for (const Reference& reference : *lists) {
        const Region& region = *space.module->slots[reference.slot].region;
        const Tree& tree = region.tree;
        const Binding& binding = region.bindings[reference.index];
        const bool added = binding.kind == BindingKind::Augmented;
        if (!added && binding.kind != BindingKind::Assign && binding.kind != BindingKind::Annotated)
            return is_public;
        const NodeId value = binding.kind == BindingKind::Assign
                                 ? binding.source
                                 : tree.child(binding.source, Role::Value);
        if (!tree.is(value, Kind::List) && !tree.is(value, Kind::Tuple)) return is_public;
        for (const NodeId element : tree.children(value)) {
            const std::optional<std::string_view> listed =
                tree.is(element, Kind::String) ? string_value(tree, element) : std::nullopt;
            if (!listed) return is_public; // `*other.__all__`, say
            if (*listed == name) return true;
        }
    }
    return false;
}

Type Evaluator::star_member(std::string_view module, std::string_view name, Space& importer,
                            int depth) {
    if (const std::int32_t found = find_module(module, importer); found >= 0)
        return exports(*spaces_[static_cast<std::size_t>(found)], name)
                   ? module_member(found, name, depth)
                   : unknown_type();
    const std::span<const std::string_view> names = star_names(module);
    const bool listed = std::binary_search(names.begin(), names.end(), name);
    if (!listed && (name.starts_with('_') || find_any_module(module, importer) < 0))
        return unknown_type();
    const Type type = external(std::string(module) + "." + std::string(name));
    // Of a name that nothing is known of, a library need not have it.
    return listed || type->kind != TypeKind::Module ? type : unknown_type();
}

Type Evaluator::source_name(std::string_view qualified, Owner owner) {
    if (!place_.modules) return nullptr;
    // The longest beginning that is a module; what is behind it are members.
    std::string_view head = qualified;
    for (;;) {
        const std::int32_t number = find_any_module(head, *spaces_.front());
        if (number >= 0) {
            if (is_library(number) != (owner == Owner::Library)) return nullptr;
            Type type = module_object(number, head);
            std::string_view rest = qualified.substr(head.size());
            while (!rest.empty() && type->known()) {
                rest.remove_prefix(1);
                const std::size_t dot = rest.find('.');
                type = member(type, rest.substr(0, dot));
                rest = dot == std::string_view::npos ? std::string_view{} : rest.substr(dot);
            }
            return type;
        }
        const std::size_t dot = head.rfind('.');
        if (dot == std::string_view::npos) return nullptr;
        head = head.substr(0, dot);
    }
}

std::string Evaluator::imported_name(const Space& importer, const Tree& tree, NodeId module) const {
    std::string result;
    if (std::uint8_t level = tree[module].op; level > 0) {
        const std::string_view own = name_of(importer);
        const bool package = is_package(importer);
        std::string_view base = own;
        for (level = package ? level - 1 : level; level > 0; --level) {
            const std::size_t dot = base.rfind('.');
            if (dot == std::string_view::npos) return {};
            base = base.substr(0, dot);
        }
        if (base.empty()) return {};
        result = base;
    }
    for (const NodeId part : tree.children(module)) {
        if (!result.empty()) result += '.';
        result += tree.text(part);
    }
    return result;
}

RegionModel& Evaluator::model(std::uint32_t slot) {
    std::unique_ptr<RegionModel>& found =
        slot < slots_.size() ? models_[slot] : other_models_[slot];
    if (!found) {
        found = std::make_unique<RegionModel>(*this, slot);
        ++model_count_;
    }
    return *found;
}

Type Evaluator::make(TypeData data) {
    return &types_.emplace_back(std::move(data));
}

std::string_view Evaluator::kept(std::string_view name) {
    if (name.empty()) return {};
    const auto found = names_.find(name);
    return found != names_.end() ? *found : *names_.emplace(name).first;
}

std::string_view Evaluator::joined(std::string_view head, std::string_view tail) {
    joined_.assign(head);
    joined_ += '.';
    joined_ += tail;
    return joined_;
}

Type Evaluator::instance(std::string_view name, std::vector<Type> args) {
    TypeData data;
    data.kind = TypeKind::Instance;
    data.name = kept(name);
    data.args = std::move(args);
    return make(std::move(data));
}

Type Evaluator::instance_of(const ClassDef* cls) {
    TypeData data;
    data.kind = TypeKind::Instance;
    data.cls = cls;
    return make(std::move(data));
}

Type Evaluator::class_object(const ClassDef* cls) {
    TypeData data;
    data.kind = TypeKind::Class;
    data.cls = cls;
    return make(std::move(data));
}

Type Evaluator::wrap(TypeKind kind, Type inner, const FunctionDef* function,
                     std::string_view name) {
    TypeData data;
    data.kind = kind;
    data.function = function;
    data.name = kept(name);
    data.args.push_back(inner);
    return make(std::move(data));
}

Type Evaluator::limit(Type type, Confidence confidence) {
    if (!type->known() || confidence >= type->confidence) return type;
    TypeData data = *type;
    data.confidence = confidence;
    return make(std::move(data));
}

namespace {
bool same_type(Type a, Type b, int depth = 0) {
    if (a == b) return true;
    if (depth > 8 || a->kind != b->kind || a->name != b->name || a->function != b->function ||
        a->cls != b->cls || a->args.size() != b->args.size())
        return false;
    for (std::size_t i = 0; i < a->args.size(); ++i)
        if (!same_type(a->args[i], b->args[i], depth + 1)) return false;
    return true;
}
/// Kinds that are told apart by what is in them only.
bool is_wrapper(TypeKind kind) {
    switch (kind) {
    case TypeKind::Coroutine:
    case TypeKind::Awaitable:
    case TypeKind::CoroutineOrManager:
    case TypeKind::AsyncManager:
    case TypeKind::Manager:
    case TypeKind::AsyncIterator:
    case TypeKind::Iterator: return true;
    default: return false;
    }
}
} // namespace

/// The type of a value that is one or the other. None beside a class counts as Optional: it has no attributes to ask for.
Type Evaluator::join(Type a, Type b) {
    if (!a->known() || !b->known()) return unknown_type();
    if (a->kind == TypeKind::None || b->kind == TypeKind::None) {
        // One that may be missing is tested before it is awaited.
        const Type other = a->kind == TypeKind::None ? b : a;
        return Model::must_be_awaited(other) ? unknown_type() : other;
    }
    if (same_type(a, b)) return a->confidence <= b->confidence ? a : b;
    if (a->kind == TypeKind::Instance && b->kind == TypeKind::Instance && a->name == b->name &&
        a->cls == b->cls) {
        TypeData data = *a;
        data.args.clear();
        data.confidence = std::min(a->confidence, b->confidence);
        return make(std::move(data));
    }
    if (a->kind == b->kind && is_wrapper(a->kind)) {
        TypeData data = *a;
        data.confidence = std::min(a->confidence, b->confidence);
        data.args = {join(a->arg(0), b->arg(0))};
        return make(std::move(data));
    }
    TypeData data;
    data.kind = TypeKind::Union;
    data.confidence = std::min(a->confidence, b->confidence);
    for (const Type part : {a, b}) {
        const std::vector<Type> parts =
            part->kind == TypeKind::Union ? part->args : std::vector<Type>{part};
        for (const Type one : parts)
            if (std::none_of(data.args.begin(), data.args.end(),
                             [one](Type other) { return same_type(one, other); }))
                data.args.push_back(one);
    }
    if (data.args.size() > kMaxUnion) return unknown_type();
    return data.args.size() == 1 ? limit(data.args.front(), data.confidence)
                                 : make(std::move(data));
}

const FunctionDef* Evaluator::function_def(std::uint32_t slot, std::uint32_t index) {
    std::unique_ptr<FunctionDef>& found = functions_[key(slot, index)];
    if (found) return found.get();
    const Region& region = *slot_at(slot).region;
    const RegionFunction& function = region.functions[index];
    auto def = std::make_unique<FunctionDef>();
    def->region = &region;
    def->slot = slot;
    def->node = function.node;
    def->is_async = function.is_async;
    def->is_generator = function.is_generator;
    def->is_lambda = function.is_lambda;
    const NodeId name = function.is_lambda ? kNoNode : region.tree.child(function.node, Role::Name);
    def->name = function.is_lambda ? "<lambda>"
                : name == kNoNode  ? std::string()
                                   : std::string(region.tree.text(name));
    def->class_id = -1;
    std::string qualname = def->name;
    bool innermost = true;
    for (ScopeId scope = function.outer;; scope = region.scopes[scope].parent) {
        const Scope& around = region.scopes[scope];
        if (around.kind == ScopeKind::Class) {
            const std::int32_t id =
                scope == 0 ? class_of_member(slot) : class_at(slot, around.node);
            if (innermost) def->class_id = id;
            if (id >= 0) {
                // A class's own qualified name already holds what is around it.
                qualname = class_entry(id).qualname + "." + qualname;
                break;
            }
        } else if (around.kind == ScopeKind::Function || around.kind == ScopeKind::Lambda) {
            const NodeId outer = around.kind == ScopeKind::Lambda
                                     ? kNoNode
                                     : region.tree.child(around.node, Role::Name);
            qualname = (outer == kNoNode ? std::string("<lambda>")
                                         : std::string(region.tree.text(outer))) +
                       ".<locals>." + qualname;
            def->is_nested = true;
        }
        innermost = innermost && around.kind == ScopeKind::Comprehension;
        if (scope == 0) break;
    }
    def->qualname = std::move(qualname);
    found = std::move(def);
    return found.get();
}

const ClassDef* Evaluator::class_def(std::int32_t id) {
    std::unique_ptr<ClassDef>& found = class_defs_[id];
    if (!found) {
        const ClassEntry& entry = class_entry(id);
        found = std::make_unique<ClassDef>(
            ClassDef{entry.name, entry.qualname, slot_at(class_slot(id)).region, entry.node, id});
    }
    return found.get();
}

std::uint32_t Evaluator::index_of(const FunctionDef& function) const {
    const std::vector<RegionFunction>& all = function.region->functions;
    const auto it =
        std::lower_bound(all.begin(), all.end(), function.node,
                         [](const RegionFunction& f, NodeId node) { return f.node < node; });
    return static_cast<std::uint32_t>(it - all.begin());
}

} // namespace awaitls::analysis
