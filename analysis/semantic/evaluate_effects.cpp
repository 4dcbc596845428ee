// Evaluator: what runs where, and what functions do to the event loop.

#include "analysis/semantic/blocking.h"
#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/evaluator_support.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {
constexpr int kMaxChain = 12; // calls in a chain that is shown
} // namespace

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
    case BlockingKind::FileMethod:
    case BlockingKind::DirectoryWalk:
    case BlockingKind::TlsCerts: return 1;
    case BlockingKind::Lock: return 2;
    case BlockingKind::Path: return 3;
    case BlockingKind::Cpu:
    case BlockingKind::Import: return 4;
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

/// Shared effects name functions of the file under analysis by their places in the text that the modules have: of another
/// text (an edited one, standard input) they say nothing.
SharedEffects* Evaluator::shared_effects() {
    SharedEffects* const shared = place_.modules->effects();
    if (shared == nullptr) return nullptr;
    if (!is_in_modules_) {
        const std::shared_ptr<const ModuleFile> own = place_.modules->at(place_.path);
        is_in_modules_ = !own || own->module == spaces_.front()->module;
    }
    return *is_in_modules_ ? shared : nullptr;
}

const RegionEffects& Evaluator::region_effects(std::uint32_t slot) {
    if (slot < slots_.size()) {
        if (!effects[slot]) effects.set(slot, find_effects(slot));
        return *effects[slot];
    }
    std::shared_ptr<const RegionEffects>& known = other_effects_[slot];
    if (known) return *known;
    const Space& space = space_of(slot);
    SharedEffects* const shared = shared_effects();
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
        shared->add(key, known, alone.uses());
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
        if (slot_at(slot).region->functions[index].is_async) continue;
        const std::vector<RegionEffects::Effect>& effects_there =
            region_effects(slot).functions[index];
        // What decorators make of it takes longer to find out.
        if (effects_there.empty() || !decorators(*function_def(slot, index)).known) continue;
        for (const RegionEffects::Effect& effect : effects_there) {
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

const std::vector<std::string>& Evaluator::held_at_yields(std::uint32_t slot,
                                                          std::uint32_t function) {
    const std::uint64_t start = key(slot, function);
    auto found = held_.find(start);
    if (found == held_.end()) {
        std::vector<std::uint64_t> queue{start};
        std::unordered_set<std::uint64_t> seen{start};
        Reached result;
        for (std::size_t i = 0; i < queue.size(); ++i) {
            const std::uint32_t at = static_cast<std::uint32_t>(queue[i] >> 32);
            result.sources.push_back(at);
            RegionModel& scope = model(at);
            const Tree& tree = scope.tree();
            const NodeId body = tree.child(
                scope.region().functions[static_cast<std::uint32_t>(queue[i])].node, Role::Body);
            if (body == kNoNode || !scope.region().clean()) continue;
            std::vector<NodeId> entered;
            walk_same_function(tree, body, [&](NodeId node) {
                if (tree.is(node, Kind::Yield) || tree.is(node, Kind::YieldFrom)) {
                    const std::vector<NodeId> open = open_items(tree, node);
                    entered.insert(entered.end(), open.begin(), open.end());
                }
                return true;
            });
            std::sort(entered.begin(), entered.end());
            entered.erase(std::unique(entered.begin(), entered.end()), entered.end());
            for (const NodeId item : entered) {
                const NodeId value = tree.child(item, Role::Value);
                if (!tree.is(value, Kind::Call)) continue;
                const CallTarget target = scope.target(value);
                if (target.confidence != Confidence::Certain) continue;
                if (!target.name.empty()) result.names.emplace_back(target.name);
                if (target.function == nullptr || !target.function->is_generator) continue;
                const std::uint64_t next = key(target.function->slot, index_of(*target.function));
                if (seen.insert(next).second) queue.push_back(next);
            }
        }
        std::sort(result.names.begin(), result.names.end());
        found = held_.emplace(start, std::move(result)).first;
    }
    std::uint64_t hash = 20;
    for (const std::string& name : found->second.names) hash = hash_combine(hash, hash_bytes(name));
    note_demand(SummaryDemand::Question::Held, slot, function, hash);
    note_sources(found->second.sources);
    return found->second.names;
}

std::optional<std::vector<Model::CallSite>> Evaluator::suspension_points(std::uint32_t slot,
                                                                         std::uint32_t function) {
    const Region& region = *slot_at(slot).region;
    const Tree& tree = region.tree;
    const RegionFunction& asked = region.functions[function];
    const NodeId body = tree.child(asked.node, Role::Body);
    std::optional<std::vector<Model::CallSite>> result;
    std::uint64_t hash = 6;
    if (region.clean() && body != kNoNode && !asked.is_generator && !is_abstract(tree, body)) {
        result.emplace();
        hash = 5;
        if (has_suspension_point(tree, body)) {
            walk_same_function(tree, body, [&](NodeId node) {
                const Kind kind = tree.kind(node);
                const bool loop = kind == Kind::For || kind == Kind::CompFor || kind == Kind::With;
                if (kind == Kind::Await || (loop && tree[node].is_async()))
                    result->push_back({&model(slot), node});
                return true;
            });
            // The asker may look at all of the function.
            hash = hash_combine(hash, region.id);
        }
    }
    note_demand(SummaryDemand::Question::Suspends, slot, function, hash);
    note_sources({slot});
    return result;
}

namespace {
std::string_view other_half_of(std::string_view method) {
    return method == "__aenter__"  ? "__aexit__"
           : method == "__aexit__" ? "__aenter__"
                                   : std::string_view{};
}
} // namespace

OtherHalf Evaluator::other_half(std::uint32_t slot, std::uint32_t function) {
    const FunctionDef& method = *function_def(slot, function);
    const std::string_view other = other_half_of(method.name);
    const auto find = [&] {
        if (other.empty() || method.class_id < 0) return OtherHalf::Unknown;
        const ClassEntry& entry = class_entry(method.class_id);
        const auto found = entry.members.find(other);
        if (found == entry.members.end()) {
            const Tree& head = slot_at(class_slot(method.class_id)).region->tree;
            for (const NodeId child : head.children(entry.node))
                if (head.role(child) == Role::Base && !head.is(child, Kind::Keyword))
                    return OtherHalf::Unknown;
            return OtherHalf::Missing;
        }
        const Reference& last = found->second.back();
        const std::uint32_t there = space_of_class(method.class_id).first_slot + last.slot;
        const Region& region = *slot_at(there).region;
        if (last.attribute || !region.clean() ||
            region.bindings[last.index].kind != BindingKind::Function)
            return OtherHalf::Unknown;
        return has_suspension_point(region.tree, region.bindings[last.index].source)
                   ? OtherHalf::Suspends
                   : OtherHalf::Runs;
    };
    const OtherHalf result = find();
    note_demand(SummaryDemand::Question::OtherHalf, slot, function,
                7 + static_cast<std::uint64_t>(result));
    return result;
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
    const std::string_view name = identifier(region.tree, region.functions[demand.index].node);
    return demand.question == SummaryDemand::Question::OtherHalf ? other_half_of(name) : name;
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
    case SummaryDemand::Question::Held: held_at_yields(demand.slot, demand.index); break;
    case SummaryDemand::Question::Suspends: suspension_points(demand.slot, demand.index); break;
    case SummaryDemand::Question::OtherHalf: other_half(demand.slot, demand.index); break;
    }
    inputs_ = nullptr;
    return answer.demands.front().hash;
}

} // namespace awaitls::analysis
