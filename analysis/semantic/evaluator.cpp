#include "analysis/semantic/evaluator.h"

#include "analysis/semantic/blocking.h"
#include "analysis/semantic/surface.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

constexpr int kMaxDepth = 40;      // of evaluation: deeper questions are answered "unknown"
constexpr int kMaxChain = 12;      // calls in a chain that is shown
constexpr int kMaxClassDepth = 16; // of inheritance
constexpr int kMaxReturns = 12;    // of a function whose result is inferred
constexpr std::size_t kMaxUnion = 8;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

std::string canonical(std::string_view name) {
    std::string_view head;
    std::string_view tail;
    if (!canonical_name(name, head, tail)) return std::string(name);
    return std::string(head) + std::string(tail);
}

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

bool is_mapping(std::string_view name) {
    return is_one_of(name, {"builtins.dict", "collections.OrderedDict", "collections.defaultdict",
                            "collections.abc.Mapping", "collections.abc.MutableMapping"});
}

bool is_container(std::string_view name) {
    return std::find(kContainers.begin(), kContainers.end(), name) != kContainers.end();
}

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
    slots_ = slots;
    spaces_.front()->module = std::move(module);
    summaries_.clear();
    reached_.clear();
    mentions_.clear();
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
    if (depth > kMaxDepth || name.starts_with('_')) return unknown_type();
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

Type Evaluator::star_member(std::string_view module, std::string_view name, Space& importer,
                            int depth) {
    if (const std::int32_t found = find_module(module, importer); found >= 0)
        return name.starts_with('_') ? unknown_type() : module_member(found, name, depth);
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

bool Evaluator::external_subclass(std::string_view cls, std::string_view base, int depth) {
    if (cls == base || inherits_from(cls, base)) return true;
    (void)depth;
    return false;
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

Type Evaluator::api_result(const Api& api, Type receiver) {
    (void)receiver;
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

// --- functions and classes of the file -----------------------------------------------------------------

const Evaluator::Decorated& Evaluator::decorators(const FunctionDef& function) {
    const auto found = decorated_.find(&function);
    if (found != decorated_.end()) return found->second;
    decorated_.emplace(&function, Decorated{false, false, false, false, false, false, false,
                                            false}); // while it is worked out
    Decorated result;
    const Tree& tree = function.region->tree;
    RegionModel& scope = model(function.slot);
    if (tree.kind(function.node) == Kind::FunctionDef) {
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

/// What calling a function of this file gives, its decorators included.
Type Evaluator::call_result(const FunctionDef& function, Type receiver) {
    (void)receiver;
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

/// A variable of the module, as code in functions sees it: any of its assignments may have happened.
Type Evaluator::module_variable(Space& space, std::string_view name) {
    const auto known = space.variables.find(name);
    if (known != space.variables.end()) return known->second;
    space.variables.emplace(name, unknown_type()); // while it is worked out
    const std::vector<Reference>* const references = space.module->model->find_name(name);
    Type result = unknown_type();
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
                references->size() > 1 && decorators(*type->function).overload)
                continue;
            if (first)
                result = type;
            else if (result->kind == TypeKind::Function && type->kind == TypeKind::Function &&
                     result->function != nullptr && type->function != nullptr)
                // Defined again: the last one counts, where all agree on being async.
                result = result->function->is_async == type->function->is_async &&
                                 result->function->is_generator == type->function->is_generator
                             ? type
                             : unknown_type();
            else
                result = join(result, type);
            first = false;
            if (!result->known()) break;
        }
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

namespace {
std::uint64_t hash_of(const std::vector<ClassPlace>& places) {
    std::uint64_t hash = places.size();
    for (const ClassPlace& place : places)
        hash = hash_combine(hash, hash_bytes(place.name, hash_bytes(place.path)));
    return hash;
}
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
            only = class_member(id, name, instance_of(class_def(id)), false, 0, open);
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

/// A member of a class of this file, looked up in the class and its bases. `open` is set when a base that is not known could
/// define it.
Type Evaluator::class_member(std::int32_t id, std::string_view name, Type receiver, bool on_class,
                             int depth, bool& open) {
    if (depth > kMaxClassDepth) {
        open = true;
        return unknown_type();
    }
    const ClassEntry& entry = class_entry(id);
    const std::uint32_t first_slot = space_of_class(id).first_slot;
    const auto found = entry.members.find(name);
    if (found != entry.members.end()) {
        Type result = unknown_type();
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
                type = binding_type(slot, region.bindings[reference.index]);
            }
            if (type->kind == TypeKind::Function && type->function != nullptr &&
                found->second.size() > 1) {
                const Decorated& decorated = decorators(*type->function);
                if (decorated.overload) continue;
                if (decorated.property && !first)
                    continue; // setter or deleter of the property before
            }
            result = first ? type : join(result, type);
            first = false;
            if (!result->known()) break;
        }
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
        if (receiver != nullptr && overridden_differently(id, name, method)) return unknown_type();
        if (decorated.property) return on_class ? unknown_type() : call_result(method, receiver);
        TypeData data = *result;
        data.receiver = receiver;
        if (const Space& owner = space_of(method.slot); is_library(owner)) {
            // The tables know more of it, or rules know it by its name.
            data.name = kept(canonical(std::string(name_of(owner)) + "." + method.qualname));
            if (find_api(data.name) != nullptr) data.function = nullptr;
        }
        return make(std::move(data));
    }
    for (const Type base : bases(id)) {
        if (base->kind == TypeKind::Class && base->cls != nullptr) {
            const Type type =
                class_member(base->cls->id, name, receiver, on_class, depth + 1, open);
            if (type->known() || open) return type;
        } else if (base->kind == TypeKind::Class) {
            if (is_one_of(base->name, {"builtins.object", "abc.ABC", "typing.Generic",
                                       "typing.Protocol", "enum.Enum"}))
                continue;
            const Type type = external_member(base->name, name, receiver);
            if (type->kind != TypeKind::Function) return type;
            const ClassInfo* const info = find_class(base->name);
            const bool known = find_api(type->name) != nullptr ||
                               find_blocking(type->name, BlockingUse::Call) != nullptr ||
                               find_runner(type->name) != nullptr;
            if (known) return type;
            if (info == nullptr || !info->complete) open = true;
        } else if (base->kind == TypeKind::Module &&
                   is_one_of(base->name, {"typing.Generic", "typing.Protocol", "abc.ABC",
                                          "typing_extensions.Protocol"})) {
            continue;
        } else {
            open = true;
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
        return class_member(object->cls->id, name, nullptr, true, 0, open);
    }
    case TypeKind::Instance: {
        if (object->cls == nullptr)
            return limit(external_member(object->name, name, object), object->confidence);
        bool open = false;
        return limit(class_member(object->cls->id, name, object, false, 0, open),
                     object->confidence);
    }
    case TypeKind::Super: {
        bool open = false;
        for (const Type base : bases(object->cls->id)) {
            if (base->kind == TypeKind::Class && base->cls != nullptr) {
                const Type type = class_member(base->cls->id, name, nullptr, false, 0, open);
                if (type->known() || open) return type;
            } else if (base->kind == TypeKind::Class) {
                const Type type = external_member(base->name, name, nullptr);
                if (type->kind != TypeKind::Function || find_api(type->name) != nullptr ||
                    find_blocking(type->name, BlockingUse::Call) != nullptr)
                    return type;
                return unknown_type();
            } else {
                return unknown_type();
            }
        }
        return unknown_type();
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
            std::vector<std::string_view> names{type->name};
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
        const Type found = class_member(type->cls->id, method, type, false, 0, open);
        if (found->kind != TypeKind::Function) return unknown_type();
        if (found->function == nullptr)
            return external_subclass(found->name, found->name) ? unknown_type() : unknown_type();
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

// --- what runs where -----------------------------------------------------------------------------------

RunnerFacts Evaluator::find_runners(std::uint32_t slot) {
    RunnerFacts facts;
    const RegionModel& scope = model(slot);
    const Region& region = scope.region();
    const Tree& tree = region.tree;
    for (const NodeId call : region.runner_calls) {
        const CallTarget target = scope.target(call);
        if (target.name.empty()) continue;
        const Runner* const runner = find_runner(target.name);
        if (runner == nullptr) continue;
        const NodeId callable = argument(tree, call, runner->position, runner->keyword);
        if (callable == kNoNode) continue;
        if (runner->where == RunsOn::Loop) {
            // functools.partial(f, ..) and f itself are the same function type.
            const Type type = scope.type_of(callable);
            if (type->kind == TypeKind::Function && type->function != nullptr &&
                !type->function->is_async && type->function->slot < slots_.size())
                facts.callbacks.push_back(key(type->function->slot, index_of(*type->function)));
        } else if (runner->where == RunsOn::Thread && tree.is(callable, Kind::Name)) {
            // A function that hands its own first parameter to a thread is a wrapper.
            const FunctionDef* const function = scope.function_at(call);
            if (function == nullptr || function->is_lambda || function->is_nested ||
                !function->is_async)
                continue;
            const NodeId parameters = tree.child(function->node, Kind::Parameters);
            if (parameters == kNoNode || !decorators(*function).known) continue;
            NodeId first = tree.first_child(parameters);
            if (first != kNoNode && function->class_id >= 0 && !decorators(*function).static_method)
                first = tree.next_sibling(first);
            if (first == kNoNode || identifier(tree, first) != tree.text(callable)) continue;
            if (!is_awaited(tree, call) && !tree.is(tree.parent(call), Kind::Return)) continue;
            facts.wrappers.push_back(key(slot, index_of(*function)));
        }
    }
    return facts;
}

const RunnerFacts& Evaluator::runner_facts(std::uint32_t slot) {
    static const RunnerFacts none;
    if (!slots_[slot].runners) return none;
    if (!runners[slot]) runners.set(slot, std::make_shared<const RunnerFacts>(find_runners(slot)));
    return *runners[slot];
}

const FileContext& Evaluator::file_context() {
    if (context) return *context;
    auto result = std::make_shared<FileContext>();
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
        const RunnerFacts& facts = runner_facts(slot);
        for (const std::uint64_t callback : facts.callbacks)
            if (result->loop_callbacks.insert(callback).second)
                result->hash += hash_combine(callback, 1);
        for (const std::uint64_t wrapper : facts.wrappers) {
            result->thread_wrappers.push_back(wrapper);
            result->hash = hash_combine(result->hash, wrapper);
        }
    }
    context = std::move(result);
    return *context;
}

namespace {
/// `if done: return` and the like; one that raises only says what the function is not for.
bool may_end_early(const Tree& tree, NodeId statement) {
    if (!tree.is(statement, Kind::If)) return false;
    const NodeId body = tree.child(statement, Role::Body);
    if (body == kNoNode) return false;
    const Exits exits = exits_of(tree, body);
    return !exits.falls_through && (exits.returns || exits.breaks || exits.continues);
}

/// True when the code around a node may leave it out while its function runs to the end: a branch, a handler, the rest of an
/// `and`, a test above that returns. Loops count as run.
bool in_branch(const Tree& tree, NodeId node) {
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Role role = tree.role(inner);
        switch (tree.kind(outer)) {
        case Kind::FunctionDef:
        case Kind::Lambda: return false;
        case Kind::If:
        case Kind::Conditional:
            if (role != Role::Test) return true;
            break;
        case Kind::Case:
        case Kind::Except: return true;
        case Kind::BoolOp:
            if (role == Role::Right) return true;
            break;
        case Kind::Block:
            for (const NodeId statement : tree.children(outer)) {
                if (statement == inner) break;
                if (may_end_early(tree, statement)) return true;
            }
            break;
        default: break;
        }
    }
    return false;
}
} // namespace

namespace {
/// A literal pause that nobody notices: not worth a chain.
bool is_short_sleep(const Tree& tree, const BlockingOperation& operation) {
    if (operation.api->kind != BlockingKind::Sleep || !tree.is(operation.node, Kind::Call))
        return false;
    const NodeId seconds = argument(tree, operation.node, 0, "seconds");
    const std::optional<double> value =
        seconds == kNoNode ? std::nullopt : number_value(tree, seconds);
    return value && *value <= kNegligibleWait;
}

/// Helpers take locks to count and to look things up, and let go at once: that others hold one for long shows nowhere.
bool is_lock(const BlockingOperation& operation) {
    return operation.api != nullptr && operation.api->kind == BlockingKind::Lock;
}
} // namespace

namespace {
/// Smaller is worse; the worst way to block is the one to name.
int rank(BlockingKind kind) {
    switch (kind) {
    case BlockingKind::Sleep:
    case BlockingKind::Http:
    case BlockingKind::Subprocess:
    case BlockingKind::ProcessWait:
    case BlockingKind::Input:
    case BlockingKind::Database:
    case BlockingKind::Socket:
    case BlockingKind::Network:
    case BlockingKind::Wait: return 0;
    case BlockingKind::Open:
    case BlockingKind::FileMethod: return 1;
    case BlockingKind::Lock: return 2;
    case BlockingKind::Path: return 3;
    case BlockingKind::Cpu: return 4;
    }
    return 4;
}

/// A call of a library that ends so blocks. Libraries read files and take locks all over: that does not count.
bool counts_in_libraries(BlockingKind kind) {
    switch (kind) {
    case BlockingKind::Sleep:
    case BlockingKind::Http:
    case BlockingKind::Subprocess:
    case BlockingKind::ProcessWait:
    case BlockingKind::Database:
    case BlockingKind::Socket:
    case BlockingKind::Network: return true;
    default: return false;
    }
}
} // namespace

namespace {
/// Notes the parameter that a loop of a function iterates.
void note_iterated(const Region& region, NodeId loop, RegionEffects& effects) {
    const Tree& tree = region.tree;
    const NodeId iterable = tree.child(loop, Role::Iter);
    if (!tree.is(iterable, Kind::Name) || tree[loop].is_async()) return;
    const std::int32_t owner = region.function_at(loop);
    if (owner < 0) return;
    const std::size_t index = static_cast<std::size_t>(owner);
    const RegionFunction& function = region.functions[index];
    const NodeId parameters = tree.child(function.node, Kind::Parameters);
    // A parameter that is assigned is another object.
    const Region::Range bindings = region.find(function.scope, tree.text(iterable));
    if (function.is_lambda || parameters == kNoNode || bindings.last - bindings.first != 1) return;
    int at = 0;
    for (const NodeId parameter : tree.children(parameters)) {
        if (!tree.is(parameter, Kind::Parameter)) continue;
        const ParameterForm form = static_cast<ParameterForm>(tree[parameter].op);
        if (form == ParameterForm::VarArgs || form == ParameterForm::VarKeywords) continue;
        if (at < 64 && identifier(tree, parameter) == tree.text(iterable))
            effects.iterated[index] |= std::uint64_t{1} << at;
        ++at;
    }
}
} // namespace

const std::shared_ptr<const ModuleFile>& Evaluator::own_file() const {
    if (!own_file_) {
        auto file = std::make_shared<ModuleFile>();
        file->path = place_.path;
        own_file_ = std::move(file);
    }
    return own_file_;
}

void Evaluator::set_callee(RegionEffects::Effect& effect, std::uint32_t slot,
                           const FunctionDef& callee) const {
    effect.label = callee.qualname;
    effect.index = index_of(callee);
    effect.slot = callee.slot - space_of(callee.slot).first_slot;
    if (const Space& space = space_of(callee.slot); &space != &space_of(slot))
        effect.file = space.file ? space.file : own_file();
}

std::uint64_t Evaluator::callee_of(std::uint32_t slot, const RegionEffects::Effect& effect) {
    if (!effect.file) return key(space_of(slot).first_slot + effect.slot, effect.index);
    std::int32_t number = number_of(effect.file->path);
    if (number < 0) number = add_space(effect.file);
    return key(spaces_[static_cast<std::size_t>(number)]->first_slot + effect.slot, effect.index);
}

const RegionEffects& Evaluator::region_effects(std::uint32_t slot) {
    if (slot < slots_.size()) {
        if (!effects[slot]) effects.set(slot, find_effects(slot));
        return *effects[slot];
    }
    std::shared_ptr<const RegionEffects>& known = other_effects_[slot];
    if (known) return *known;
    const Space& space = space_of(slot);
    SharedEffects* const shared = place_.modules->effects();
    if (shared == nullptr) return *(other_effects_[slot] = find_effects(slot));
    if (!settings_fingerprint_) settings_fingerprint_ = settings_.fingerprint();
    const std::uint32_t own_slot = slot - space.first_slot;
    const SharedEffects::Key key{space.file.get(), *settings_fingerprint_, own_slot};
    known = shared->find(key);
    if (!known) {
        // By itself, so that it is the same whoever asks.
        const ModuleFile& file = *space.file;
        Evaluator alone(file.module, settings_,
                        {place_.modules, file.path, file.name, file.package, file.library}, {});
        known = alone.find_effects(own_slot);
        shared->add(key, known);
    }
    return *known;
}

void Evaluator::add_overrides(std::uint32_t slot, const FunctionDef& method,
                              std::vector<RegionEffects::Effect>& effects_of_method) {
    constexpr std::size_t kMaxOverrides = 16;
    const Tree& tree = method.region->tree;
    const NodeId body = tree.child(method.node, Role::Body);
    if (method.class_id < 0 || method.is_async || method.is_generator || body == kNoNode ||
        !is_abstract(tree, body))
        return;
    std::vector<const FunctionDef*> overrides;
    const auto add = [&](Space& space, std::size_t index) {
        const ClassEntry& entry = space.module->model->classes()[index];
        const std::int32_t id = space.first_class + static_cast<std::int32_t>(index);
        const auto found = entry.members.find(method.name);
        if (id == method.class_id || found == entry.members.end() || found->second.size() != 1 ||
            found->second.front().attribute || !derives_from(id, method.class_id))
            return;
        const Reference& reference = found->second.front();
        const std::uint32_t at = space.first_slot + reference.slot;
        const Type type = binding_type(at, slot_at(at).region->bindings[reference.index]);
        if (type->kind != TypeKind::Function || type->function == nullptr ||
            type->function->is_async || type->function->is_generator)
            return;
        overrides.push_back(type->function);
    };
    Space& own = space_of_class(method.class_id);
    for (std::size_t i = 0; i < own.module->model->classes().size(); ++i) add(own, i);
    if (place_.modules && !is_library(own)) {
        const std::string importer(path_of(own));
        const std::string base = class_entry(method.class_id).name;
        const std::vector<ClassPlace> places =
            place_.modules->overriders(base, method.name, false, importer);
        note_search(Uses::Search::Kind::SyncOverriders, method.name, base, importer,
                    hash_of(places));
        for (const ClassPlace& place : places) {
            if (overrides.size() > kMaxOverrides) break;
            if (place.path == importer) continue;
            const std::int32_t number = space_at(place.path);
            if (number < 0) continue;
            Space& space = *spaces_[static_cast<std::size_t>(number)];
            for (std::size_t i = 0; i < space.module->model->classes().size(); ++i)
                if (space.module->model->classes()[i].name == place.name) add(space, i);
        }
    }
    if (overrides.size() > kMaxOverrides) return;
    const NodeId name = tree.child(method.node, Role::Name);
    for (const FunctionDef* const override_ : overrides) {
        RegionEffects::Effect effect;
        effect.span = tree[name == kNoNode ? method.node : name].span();
        // Which one it is, is not known.
        effect.conditional = overrides.size() > 1;
        set_callee(effect, slot, *override_);
        effects_of_method.push_back(std::move(effect));
    }
}

std::shared_ptr<const RegionEffects> Evaluator::find_effects(std::uint32_t slot) {
    auto result = std::make_shared<RegionEffects>();
    RegionModel& scope = model(slot);
    const Region& region = scope.region();
    const Tree& tree = region.tree;
    result->functions.resize(region.functions.size());
    result->iterated.resize(region.functions.size());
    if (region.clean()) {
        for (std::uint32_t i = 0; i < region.functions.size(); ++i)
            if (!region.functions[i].is_lambda)
                add_overrides(slot, *function_def(slot, i), result->functions[i]);
        for (NodeId node = 0; node < tree.size(); ++node) {
            const Kind kind = tree.kind(node);
            if (kind == Kind::For || kind == Kind::CompFor) note_iterated(region, node, *result);
            if (kind != Kind::Call && kind != Kind::WithItem && kind != Kind::For &&
                kind != Kind::CompFor)
                continue;
            const std::int32_t owner = region.function_at(node);
            if (owner < 0 || region.functions[static_cast<std::size_t>(owner)].is_async) continue;
            std::vector<RegionEffects::Effect>& list =
                result->functions[static_cast<std::size_t>(owner)];
            if (const std::optional<BlockingOperation> operation =
                    blocking_operation(scope, node)) {
                if (operation->confidence != Confidence::Certain || is_off_loop(scope, node) ||
                    is_short_sleep(tree, *operation) || is_lock(*operation))
                    continue;
                if (is_library(space_of(slot)) &&
                    (operation->api == nullptr || !counts_in_libraries(operation->api->kind)))
                    continue;
                RegionEffects::Effect effect;
                effect.span = tree[operation->node].span();
                effect.conditional = in_branch(tree, operation->node);
                std::string_view label = operation->name;
                if (label.substr(0, 9) == "builtins.") label.remove_prefix(9);
                effect.label = label;
                effect.api = operation->api;
                effect.end = operation->name;
                list.push_back(std::move(effect));
                continue;
            }
            if (kind == Kind::For || kind == Kind::CompFor) {
                // A generator that a variable holds runs here.
                const NodeId iterable = tree.child(node, Role::Iter);
                if (!tree.is(iterable, Kind::Name)) continue;
                const Type type = scope.type_of(iterable);
                if (type->kind != TypeKind::Iterator || type->function == nullptr ||
                    !type->function->is_generator || type->confidence != Confidence::Certain ||
                    is_off_loop(scope, node))
                    continue;
                RegionEffects::Effect effect;
                effect.span = tree[iterable].span();
                effect.conditional = in_branch(tree, node);
                set_callee(effect, slot, *type->function);
                list.push_back(std::move(effect));
                continue;
            }
            if (kind != Kind::Call) continue;
            const CallTarget target = scope.target(node);
            if (target.function == nullptr || target.confidence != Confidence::Certain) continue;
            const FunctionDef& callee = *target.function;
            if (callee.is_async || is_off_loop(scope, node)) continue;
            // A generator runs when it is iterated.
            if (callee.is_generator) {
                const NodeId parent = tree.parent(node);
                const bool iterated_here =
                    tree.role(node) == Role::Iter &&
                    (tree.is(parent, Kind::For) || tree.is(parent, Kind::CompFor));
                if (!iterated_here) continue;
            }
            RegionEffects::Effect effect;
            effect.span = tree[node].span();
            effect.conditional = in_branch(tree, node);
            set_callee(effect, slot, callee);
            list.push_back(std::move(effect));
        }
    }
    return result;
}

/// Searches breadth first from the function for the worst operation that its calls lead to; among equals one that no branch
/// leaves out, then the nearest, then the first in the text. Depends on the functions that are reached and on nothing that was asked before.
const FunctionSummary& Evaluator::summary_of(std::uint64_t function) {
    const auto found = summaries_.find(function);
    if (found != summaries_.end()) return found->second;
    const std::uint32_t own_slot = static_cast<std::uint32_t>(function >> 32);
    const std::uint32_t own_index = static_cast<std::uint32_t>(function);
    const RegionEffects& own_effects = region_effects(own_slot);
    const std::uint64_t iterated = own_effects.iterated[own_index];
    // Most functions neither block nor call any that might.
    if (own_effects.functions[own_index].empty())
        return summaries_
            .emplace(function, FunctionSummary{{}, hash_combine(1, iterated), iterated, {own_slot}})
            .first->second;
    struct Visit {
        std::uint64_t function;
        std::size_t from;                  // index of the caller's visit
        const RegionEffects::Effect* call; // the caller's call; null for the first
        int depth;
        bool conditional;
    };
    std::vector<Visit> queue{{function, 0, nullptr, 0, false}};
    std::unordered_set<std::uint64_t> seen{function};        // on any way
    std::unordered_set<std::uint64_t> seen_surely{function}; // on a way without branches
    std::size_t best_visit = 0;
    const RegionEffects::Effect* best = nullptr;
    int best_rank = 100;
    for (std::size_t i = 0; i < queue.size() && best_rank > 0; ++i) {
        const Visit visit = queue[i];
        const std::uint32_t slot = static_cast<std::uint32_t>(visit.function >> 32);
        const std::uint32_t index = static_cast<std::uint32_t>(visit.function);
        const FunctionDef& def = *function_def(slot, index);
        if (def.is_async || !decorators(def).known) continue;
        for (const RegionEffects::Effect& effect : region_effects(slot).functions[index]) {
            if (effect.api != nullptr) {
                const int r =
                    2 * rank(effect.api->kind) + (visit.conditional || effect.conditional ? 1 : 0);
                if (r >= best_rank) continue;
                best_rank = r;
                best = &effect;
                best_visit = i;
            } else if (visit.depth + 1 < kMaxChain) {
                const bool conditional = visit.conditional || effect.conditional;
                const std::uint64_t callee = callee_of(slot, effect);
                const bool fresh = seen.insert(callee).second;
                if (conditional ? fresh : seen_surely.insert(callee).second)
                    queue.push_back({callee, i, &effect, visit.depth + 1, conditional});
            }
        }
    }
    FunctionSummary result;
    result.iterated = iterated;
    result.hash = hash_combine(1, iterated);
    for (const Visit& visit : queue)
        result.sources.push_back(static_cast<std::uint32_t>(visit.function >> 32));
    if (best != nullptr) {
        BlockingChain& chain = result.chain;
        chain.kind = best->api->kind;
        chain.api = best->api;
        chain.end = best->end;
        chain.conditional = best_rank % 2 != 0;
        const auto region_of = [this, &queue](std::size_t visit) {
            return slot_at(static_cast<std::uint32_t>(queue[visit].function >> 32)).region;
        };
        chain.steps.push_back({best->label, region_of(best_visit), best->span});
        for (std::size_t i = best_visit; i != 0; i = queue[i].from)
            chain.steps.push_back(
                {queue[i].call->label, region_of(queue[i].from), queue[i].call->span});
        std::reverse(chain.steps.begin(), chain.steps.end());
        result.hash = hash_combine(result.hash, static_cast<std::uint64_t>(chain.kind));
        result.hash = hash_combine(result.hash, hash_bytes(chain.end, chain.conditional ? 1 : 0));
        for (const ChainStep& step : chain.steps) {
            // Steps are shown as related places, so where they stand in their regions counts as well.
            result.hash = hash_combine(result.hash, hash_bytes(step.label, step.region->id));
            result.hash = hash_combine(
                result.hash, (static_cast<std::uint64_t>(step.span.begin) << 32) | step.span.end);
        }
    }
    return summaries_.emplace(function, std::move(result)).first->second;
}

const FunctionSummary& Evaluator::summary(std::uint32_t slot, std::uint32_t function) {
    const FunctionSummary& result = summary_of(key(slot, function));
    note_demand(SummaryDemand::Question::Blocks, slot, function, result.hash);
    note_sources(result.sources);
    return result;
}

const RegionCalls& Evaluator::region_calls(std::uint32_t slot) {
    const bool own = slot < slots_.size();
    if (own && calls[slot]) return *calls[slot];
    if (const auto known = other_calls_.find(slot); known != other_calls_.end())
        return *known->second;
    auto result = std::make_shared<RegionCalls>();
    RegionModel& scope = model(slot);
    const Region& region = scope.region();
    const Tree& tree = region.tree;
    result->functions.resize(region.functions.size());
    if (region.clean()) {
        for (NodeId node = 0; node < tree.size(); ++node) {
            const bool call = tree.is(node, Kind::Call);
            if (!call && !tree.is(node, Kind::WithItem)) continue;
            const std::int32_t owner = region.function_at(node);
            if (owner < 0) continue;
            RegionCalls::Calls& list = result->functions[static_cast<std::size_t>(owner)];
            if (call) {
                const CallTarget target = scope.target(node);
                if (target.confidence != Confidence::Certain) continue;
                if (!target.name.empty()) list.names.emplace_back(target.name);
                if (target.function != nullptr)
                    list.functions.push_back(
                        key(target.function->slot, index_of(*target.function)));
            } else {
                const Type entered_type = scope.type_of(tree.child(node, Role::Value));
                if (entered_type->kind == TypeKind::Instance && entered_type->cls == nullptr)
                    list.names.emplace_back(
                        joined(entered_type->name,
                               tree[tree.parent(node)].is_async() ? "__aenter__" : "__enter__"));
            }
        }
    }
    const RegionCalls& stored = *result;
    if (own)
        calls.set(slot, std::move(result));
    else
        other_calls_[slot] = std::move(result);
    return stored;
}

const std::vector<std::string>& Evaluator::reaches(std::uint32_t slot, std::uint32_t function) {
    const std::uint64_t start = key(slot, function);
    auto found = reached_.find(start);
    if (found == reached_.end()) {
        std::vector<std::uint64_t> queue{start};
        std::unordered_set<std::uint64_t> seen{start};
        std::vector<std::string> names;
        for (std::size_t i = 0; i < queue.size(); ++i) {
            const RegionCalls::Calls& list =
                region_calls(static_cast<std::uint32_t>(queue[i] >> 32))
                    .functions[static_cast<std::uint32_t>(queue[i])];
            names.insert(names.end(), list.names.begin(), list.names.end());
            for (const std::uint64_t next : list.functions)
                if (seen.insert(next).second) queue.push_back(next);
        }
        std::sort(names.begin(), names.end());
        names.erase(std::unique(names.begin(), names.end()), names.end());
        std::vector<std::uint32_t> sources;
        for (const std::uint64_t visited : queue)
            sources.push_back(static_cast<std::uint32_t>(visited >> 32));
        found = reached_.emplace(start, Reached{std::move(names), std::move(sources)}).first;
    }
    if (inputs_ != nullptr) {
        std::uint64_t hash = 2;
        for (const std::string& name : found->second.names)
            hash = hash_combine(hash, hash_bytes(name));
        note_demand(SummaryDemand::Question::Reaches, slot, function, hash);
        note_sources(found->second.sources);
    }
    return found->second.names;
}

std::vector<Model::CallSite> Evaluator::calls_in_loops(std::uint32_t slot, std::uint32_t function) {
    const FunctionDef* const def = function_def(slot, function);
    std::vector<Model::CallSite> result;
    std::uint64_t hash = 3;
    for (std::uint32_t s = 0; s < slots_.size(); ++s) {
        const Region& region = *slots_[s].region;
        const Tree& tree = region.tree;
        if (!region.clean()) continue;
        for (const NodeId call : region.repeated_calls) {
            const NodeId callee = tree.child(call, Role::Callee);
            const std::string_view name = tree.is(callee, Kind::Attribute)
                                              ? identifier(tree, callee, Role::Attr)
                                          : tree.is(callee, Kind::Name) ? tree.text(callee)
                                                                        : std::string_view{};
            if (name != def->name || model(s).target(call).function != def) continue;
            result.push_back({&model(s), call});
            // The asker may look at all of the call's surroundings.
            hash = hash_combine(hash, hash_combine(region.id, call));
        }
    }
    note_demand(SummaryDemand::Question::CallsInLoops, slot, function, hash);
    return result;
}

const std::vector<Model::CallSite>& Evaluator::mentions(std::uint32_t slot, NodeId node) {
    const std::string_view name = slots_[slot].region->tree.text(node);
    if (const auto found = mentions_.find(name); found != mentions_.end()) {
        note_demand(SummaryDemand::Question::Mentions, slot, node, found->second.hash);
        return found->second.sites;
    }
    std::vector<Model::CallSite> result;
    std::uint64_t hash = 4;
    for (std::uint32_t s = 0; s < slots_.size(); ++s) {
        const Region& region = *slots_[s].region;
        const Tree& tree = region.tree;
        if (tree.text().find(name) == std::string_view::npos) continue;
        // The asker may look at all of the surroundings.
        hash = hash_combine(hash, region.id);
        for (NodeId n = 0; n < tree.size(); ++n) {
            if (tree.is(n, Kind::Name)
                    ? tree.text(n) != name
                    : !tree.is(n, Kind::Attribute) || identifier(tree, n, Role::Attr) != name)
                continue;
            result.push_back({&model(s), n});
        }
    }
    note_demand(SummaryDemand::Question::Mentions, slot, node, hash);
    return mentions_.emplace(std::string(name), Mentions{std::move(result), hash})
        .first->second.sites;
}

std::string_view Evaluator::searched_name(const std::vector<Slot>& slots,
                                          const SummaryDemand& demand) {
    const Region& region = *slots[demand.slot].region;
    if (demand.question == SummaryDemand::Question::Mentions) return region.tree.text(demand.index);
    return identifier(region.tree, region.functions[demand.index].node);
}

std::uint64_t Evaluator::answer_hash(const SummaryDemand& demand) {
    // The place that asked may be another one by now: no answer has the hash 0.
    const Region& region = *slot_at(demand.slot).region;
    if (demand.index >= (demand.question == SummaryDemand::Question::Mentions
                             ? region.tree.size()
                             : region.functions.size()))
        return 0;
    ResultInputs answer;
    inputs_ = &answer;
    switch (demand.question) {
    case SummaryDemand::Question::Blocks: summary(demand.slot, demand.index); break;
    case SummaryDemand::Question::Reaches: reaches(demand.slot, demand.index); break;
    case SummaryDemand::Question::CallsInLoops: calls_in_loops(demand.slot, demand.index); break;
    case SummaryDemand::Question::Mentions: mentions(demand.slot, demand.index); break;
    }
    inputs_ = nullptr;
    return answer.demands.front().hash;
}

} // namespace awaitls::analysis
