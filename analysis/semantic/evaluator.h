#pragma once

// Works out what expressions denote, for all regions of one version of a file, on one thread; every answer is computed at
// most once. While no surface changes, it can go on with the file's next version.

#include "analysis/semantic/annotation.h"
#include "analysis/semantic/effects.h"
#include "analysis/semantic/model.h"
#include "analysis/semantic/module.h"
#include "analysis/semantic/uses.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace awaitls::analysis {

/// What the calls of a region register: sync functions that the loop calls back, and functions that run their first argument
/// in a thread. Kept like RegionEffects. Each is a slot and an index in Region::functions.
struct RunnerFacts {
    std::vector<std::uint64_t> callbacks;
    std::vector<std::uint64_t> wrappers;
    friend bool operator==(const RunnerFacts&, const RunnerFacts&) = default;
};

/// What holds for the whole file beyond surfaces.
struct FileContext {
    std::uint64_t hash = 0;
    std::unordered_set<std::uint64_t> loop_callbacks;
    std::vector<std::uint64_t> thread_wrappers;
};

/// Why a function blocks, with what identifies the answer.
struct FunctionSummary {
    BlockingChain chain;                // steps are empty when it does not block
    std::uint64_t hash = 0;             // of everything that a message may show but places
    std::uint64_t iterated = 0;         // a bit for each parameter that the body iterates
    std::vector<std::uint32_t> sources; // slots whose effects decide it
    bool blocks() const { return !chain.steps.empty(); }
};

/// What the functions of a region call, for Model::reaches(). Kept like RegionEffects.
struct RegionCalls {
    struct Calls {
        std::vector<std::string> names;       // library things
        std::vector<std::uint64_t> functions; // functions of the file: slot and index
    };
    std::vector<Calls> functions; // by index in Region::functions
};

/// A question that an analysis of a region asked about another place of the file, and the answer's hash.
struct SummaryDemand {
    enum class Question : std::uint8_t {
        Blocks,
        Reaches,
        CallsInLoops,
        Mentions,
        Suspends,
        OtherHalf,
        Held
    };
    Question question;
    std::uint32_t slot;
    std::uint32_t
        index; // of the function in Region::functions; for Mentions the node that spells the name
    std::uint64_t hash;
    friend bool operator==(const SummaryDemand&, const SummaryDemand&) = default;
};

/// What a result about a region rests on beside its text and what the names in it mean.
struct ResultInputs {
    std::vector<SummaryDemand> demands;
    std::vector<std::uint32_t>
        sources; // slots that decide the answers to Blocks, Reaches, Suspends and Held
    std::vector<std::string> names; // looked up at module level, for code to be written
    bool empty() const { return demands.empty() && names.empty(); }
};

class FileCalls;
class RegionModel;

class Evaluator {
public:
    /// `settings` outlive it. `uses` are those of an earlier evaluation whose answers still count: modules get the numbers
    /// that they had there.
    Evaluator(std::shared_ptr<const Module> module, const Settings& settings, ModulePlace place,
              const Uses& uses);
    ~Evaluator();
    Evaluator(const Evaluator&) = delete;
    Evaluator& operator=(const Evaluator&) = delete;

    /// Goes on with a version in which only the `changed` regions differ, and no surface: same FileModel, equal settings, no
    /// other module changed. False where it cannot, and is of no more use: their functions are others. `effects` to
    /// `context` are the caller's to set.
    bool advance(std::shared_ptr<const Module> module, ModulePlace place,
                 const std::vector<std::uint32_t>& changed);
    const Uses& uses() const { return uses_; }
    /// How much it remembers: of regions, and of types.
    std::size_t model_count() const { return model_count_; }
    std::size_t type_count() const { return types_.size(); }

    /// Effects of unchanged regions from an earlier version; null where unknown. Filled as they are asked for.
    SlotArray<RegionEffects> effects;
    SlotArray<RunnerFacts> runners;
    SlotArray<RegionCalls> calls;
    /// That of an earlier version of the same surface whose runner facts are the same; null: worked out.
    std::shared_ptr<const FileContext> context;

    RegionModel& model(std::uint32_t slot);

    const FileContext& file_context();
    /// Empty for a region without runners.
    const RunnerFacts& runner_facts(std::uint32_t slot);
    const FunctionSummary& summary(std::uint32_t slot, std::uint32_t function);
    const std::vector<std::string>& reaches(std::uint32_t slot, std::uint32_t function);
    std::optional<std::vector<Model::CallSite>> suspension_points(std::uint32_t slot,
                                                                  std::uint32_t function);
    const std::vector<std::string>& held_at_yields(std::uint32_t slot, std::uint32_t function);
    OtherHalf other_half(std::uint32_t slot, std::uint32_t function);
    std::vector<Model::CallSite> calls_in_loops(std::uint32_t slot, std::uint32_t function);
    const std::vector<Model::CallSite>& mentions(std::uint32_t slot, NodeId node);
    std::optional<std::vector<Model::CallSite>> mentions_elsewhere(std::uint32_t slot, NodeId node);
    /// The hash of the answer to a question that was noted earlier.
    std::uint64_t answer_hash(const SummaryDemand& demand);
    /// Everything that is asked is noted there from now on; null: nowhere. Slots count while surfaces and context are the same.
    void note_inputs(ResultInputs* inputs) { inputs_ = inputs; }
    /// The name that decides, with the texts of the regions that have it, what Mentions, CallsInLoops and OtherHalf answer.
    static std::string_view searched_name(const std::vector<Slot>& slots,
                                          const SummaryDemand& demand);

private:
    friend class RegionModel;
    friend class FileCalls; // which asks for definitions, whatever decorators make of them

    struct FunctionKeyHash {
        std::size_t operator()(std::uint64_t key) const {
            return static_cast<std::size_t>(key * 0x9e3779b97f4a7c15ULL);
        }
    };
    static std::uint64_t key(std::uint32_t slot, std::uint32_t index) {
        return (static_cast<std::uint64_t>(slot) << 32) | index;
    }

    // Slots and classes of all modules have numbers of one kind: above these bits that of the space, which is 0 for the file
    // under analysis, so its own have theirs.
    static constexpr int kSpaceBits = 20;
    static constexpr std::size_t kMaxSlots = std::size_t{1} << kSpaceBits;
    static constexpr std::size_t kMaxSpaces = 2'048;
    using NameSet = std::unordered_set<std::string, StringHash, std::equal_to<>>;
    struct Space {
        std::shared_ptr<const Module> module;
        std::shared_ptr<const ModuleFile> file; // null for the file under analysis
        std::uint32_t first_slot = 0;
        std::int32_t first_class = 0;
        NameMap<Type> variables;
        NameMap<std::int32_t> modules;   // what absolute names mean here: a space, or -1
        NameMap<bool> roots;             // Uses::Root::known
        std::optional<NameSet> imported; // by statements at module level
    };
    std::string_view path_of(const Space& space) const {
        return space.file ? std::string_view(space.file->path) : std::string_view(place_.path);
    }
    std::string_view name_of(const Space& space) const {
        return space.file ? space.file->name : place_.name;
    }
    bool is_package(const Space& space) const {
        return space.file ? space.file->package : place_.package;
    }
    Space& space_of(std::uint32_t slot) { return *spaces_[slot >> kSpaceBits]; }
    const Space& space_of(std::uint32_t slot) const { return *spaces_[slot >> kSpaceBits]; }
    Space& space_of_class(std::int32_t id) {
        return *spaces_[static_cast<std::size_t>(id >> kSpaceBits)];
    }
    const Slot& slot_at(std::uint32_t slot) const {
        return slot < slots_.size() ? slots_[slot]
                                    : space_of(slot).module->slots[slot & (kMaxSlots - 1)];
    }
    const ClassEntry& class_entry(std::int32_t id);
    /// The slot where a class's ClassDef stands.
    std::uint32_t class_slot(std::int32_t id);
    std::int32_t class_at(std::uint32_t slot, NodeId node);
    /// The class whose head the slot is; `head` as in Slot, of a member's slot.
    std::int32_t class_of_member(std::uint32_t slot);
    std::int32_t number_of(std::string_view path) const;
    std::int32_t add_space(std::shared_ptr<const ModuleFile> file);
    /// The module of the project that an absolute name means to code of a space; -1: there is none.
    std::int32_t find_module(std::string_view name, Space& importer) {
        const std::int32_t found = find_any_module(name, importer);
        return found >= 0 && is_library(found) ? -1 : found;
    }
    /// The same with those of libraries.
    std::int32_t find_any_module(std::string_view name, Space& importer);
    bool is_library(const Space& space) const {
        return space.file ? space.file->library : place_.library;
    }
    bool is_library(std::int32_t space) const {
        return is_library(*spaces_[static_cast<std::size_t>(space)]);
    }
    Type module_object(std::int32_t space, std::string_view name);
    /// What `name` is in a module of the workspace: a variable, or a module of the package.
    Type module_member(std::int32_t space, std::string_view name, int depth = 0);
    enum class Owner : std::uint8_t { Project, Library };
    /// What the code of the project, or of libraries, has under a dotted name; null where it has no such module.
    Type source_name(std::string_view qualified, Owner owner);
    /// What `from module import *` gives under a name; unknown where it gives nothing.
    Type star_member(std::string_view module, std::string_view name, Space& importer, int depth);
    /// Whether `from module import *` gives a name, by the module's `__all__`, or as long as it has none that can be read, by
    /// the name's first letter.
    bool exports(const Space& space, std::string_view name) const;
    /// The absolute name of what an ImportFrom's ModuleName says; empty where it leads out of all packages.
    std::string imported_name(const Space& importer, const Tree& tree, NodeId module) const;

    Type make(TypeData data);
    /// The same text, alive as long as the evaluator.
    std::string_view kept(std::string_view name);
    /// `head.tail`, until the next call.
    std::string_view joined(std::string_view head, std::string_view tail);
    Type instance(std::string_view name, std::vector<Type> args = {});
    Type instance_of(const ClassDef* cls);
    Type class_object(const ClassDef* cls);
    Type wrap(TypeKind kind, Type inner, const FunctionDef* function = nullptr,
              std::string_view name = {});
    Type join(Type a, Type b);
    /// What `question` gives for every type that a value may be of, joined.
    template <typename Question>
    Type of_each(Type type, Question question) {
        Type result = question(type->args.front());
        for (std::size_t i = 1; i < type->args.size() && result->known(); ++i)
            result = join(result, question(type->args[i]));
        return result;
    }
    /// A type derived from others is only as certain as they are.
    Type limit(Type type, Confidence confidence);

    const FunctionDef* function_def(std::uint32_t slot, std::uint32_t index);
    const ClassDef* class_def(std::int32_t id);
    std::uint32_t index_of(const FunctionDef& function) const;

    // Library things.
    Type external(std::string_view qualified);
    Type external_member(std::string_view cls, std::string_view name, Type receiver);
    /// What a library class has under a name, whoever the receiver is: a fixed type, or a method.
    struct ExternalMember {
        Type type = nullptr;
        std::string_view method; // its qualified name, where there is no type
    };
    ExternalMember find_external_member(std::string_view cls, std::string_view name);
    bool external_subclass(std::string_view cls, std::string_view base);
    Type from_annotation(const Annotation& annotation, const RegionModel* scope, NodeId at,
                         int depth = 0);
    Type from_table(std::string_view returns);
    Type api_result(const Api& api);

    // Things of this file.
    /// A statement at module level imports it, or something of it.
    static bool file_imports(Space& space, std::string_view module);
    static void note_overload(Type& noted, Type overload);
    Type module_variable(Space& space, std::string_view name);
    /// What an annotation says that is a name for another one: `Stores = dict[str, Store]`, `type Id = int | str`. Unknown
    /// where the module has no such name.
    Type type_alias(Space& space, std::string_view name, int depth);
    Type binding_type(std::uint32_t slot, const Binding& binding);
    Type source_type(std::uint32_t slot, BindingKind kind, NodeId name, NodeId source);
    Type function_binding(std::uint32_t slot, NodeId node);
    /// `receiver`: the object or class that it is called on, or null.
    Type call_result(const FunctionDef& function, Type receiver = nullptr);
    /// The same of one of several overloads, which a call means.
    Type chosen_result(const FunctionDef& function, Type receiver);
    Type declared_call_result(const FunctionDef& function);
    /// The overloads of a function, itself among them where it is one, in the order of the text; empty where it has none.
    const std::vector<const FunctionDef*>& overloads(const FunctionDef& function);
    struct Decorated {
        bool known = true; // all decorators are understood
        bool property = false;
        bool static_method = false;
        bool class_method = false;
        bool manager = false;       // contextmanager
        bool async_manager = false; // asynccontextmanager
        bool overload = false;
        bool sync_to_async = false;
        friend bool operator==(const Decorated&, const Decorated&) = default;
    };
    const Decorated& decorators(const FunctionDef& function);
    /// What is known of a function once a decorator, called first or not, is applied to it.
    Decorated decorate(Decorated before, Type decorator, bool called, const FunctionDef& function);
    /// What a decorator of the project, or of a library whose source is read, makes of a function.
    enum class Decoration : std::uint8_t {
        Unknown,
        Same,      // something that is called, and gives, as the function does
        Coroutine, // an async function around a sync one
    };
    Decoration decoration(const FunctionDef& decorator, bool called, const FunctionDef& decorated);
    /// The functions that every `return` of a function gives by name; empty where one gives something else.
    std::vector<const FunctionDef*> returned_functions(const FunctionDef& function);
    Type return_annotation(const FunctionDef& function);
    /// The type of what the body returns, or, of a generator, yields.
    Type inferred_result(const FunctionDef& function);
    Type member(Type object, std::string_view name, int depth = 0);
    static constexpr std::size_t kMaxAncestors = 100;
    static constexpr int kMaxLineage = 200; // of classes, one below the other
    const std::vector<Type>& linearized(std::int32_t id);
    Type own_member(std::int32_t id, std::string_view name, Type receiver, bool on_class);
    Type class_member(std::int32_t id, std::string_view name, Type receiver, bool on_class,
                      bool& open, bool inherited = false);
    Type held_by_class(std::int32_t id, std::string_view name, const Binding& binding, Type type);
    Answer has_method(std::int32_t id, std::string_view name, int depth = 0);
    /// Whether a base of the class has it.
    Answer inherits_method(std::int32_t id, std::string_view name, int depth = 0);
    bool overridden_differently(std::int32_t id, std::string_view name, const FunctionDef& method);
    /// Nothing outside of the project calls the methods of a class but by its name.
    bool is_called_by_project_only(std::int32_t id, int depth = 0);
    bool find_different_override(std::int32_t id, std::string_view name, const FunctionDef& method);
    /// The number of a project's module by its path, which is met now if it was not before; -1: it is gone, or one too many.
    std::int32_t space_at(const std::string& path);
    void note_search(Uses::Search::Kind kind, std::string_view name, std::string_view base,
                     std::string_view importer, std::uint64_t answer);
    /// What all calls that the project has pass for a parameter without annotation; unknown where one does not tell.
    Type parameter_from_callers(std::uint32_t slot, NodeId parameter);
    Type find_parameter_from_callers(std::uint32_t slot, NodeId parameter);
    /// Adds what the calls in one module pass. False where one does not tell.
    bool add_passed(std::int32_t space, std::string_view name, const FunctionDef& function,
                    NodeId parameter, int& found_calls, Type& passed);
    /// The only method of the name that the project's classes have, certain to be no more than likely.
    Type only_method(std::string_view name, Space& asker); /// Types of a class's bases.
    std::vector<Type> bases(std::int32_t id);
    bool derives_from(std::int32_t id, std::int32_t base, int depth = 0);
    Type entered(Type type, bool is_async);
    Type iterated(Type type, bool is_async);
    Type element_of(Type type, int index, int count);
    /// What a name in the tuples and lists of a target holds, when a value of this type is taken apart.
    Type unpacked(const Tree& tree, Type type, NodeId name);

    RunnerFacts find_runners(std::uint32_t slot);
    SharedEffects* shared_effects(); // null where they cannot be used
    const RegionEffects& region_effects(std::uint32_t slot);
    std::shared_ptr<const RegionEffects> find_effects(std::uint32_t slot);
    /// What runs when an abstract method is called: its overrides, anywhere in the project.
    void add_overrides(std::uint32_t slot, const FunctionDef& method,
                       std::vector<RegionEffects::Effect>& effects_of_method);
    /// The function that an effect in a slot calls.
    std::uint64_t callee_of(std::uint32_t slot, const RegionEffects::Effect& effect);
    const std::shared_ptr<const ModuleFile>& own_file() const;
    void set_callee(RegionEffects::Effect& effect, std::uint32_t slot,
                    const FunctionDef& callee) const;
    const RegionCalls& region_calls(std::uint32_t slot);
    void note_demand(SummaryDemand::Question question, std::uint32_t slot, std::uint32_t function,
                     std::uint64_t hash) {
        if (inputs_ != nullptr) inputs_->demands.push_back({question, slot, function, hash});
    }
    void note_sources(const std::vector<std::uint32_t>& slots) {
        if (inputs_ != nullptr)
            inputs_->sources.insert(inputs_->sources.end(), slots.begin(), slots.end());
    }
    void note_name(std::string_view name) {
        if (inputs_ != nullptr) inputs_->names.emplace_back(name);
    }
    const FunctionSummary& summary_of(std::uint64_t function);

    const Settings& settings_;
    ModulePlace place_;
    Uses uses_;
    std::vector<std::unique_ptr<Space>> spaces_; // the file's own first
    NameMap<std::int32_t> numbers_;              // of the others, by path
    std::optional<std::uint64_t> settings_fingerprint_;
    mutable std::shared_ptr<const ModuleFile>
        own_file_;                      // stands for the file under analysis; without its module
    std::optional<bool> is_in_modules_; // the modules, too, have the text under analysis, or none
    std::span<const Slot> slots_;       // of the file
    // Of other slots.
    std::unordered_map<std::uint32_t, std::unique_ptr<RegionModel>> other_models_;
    std::unordered_map<std::uint32_t, std::shared_ptr<const RegionEffects>> other_effects_;
    std::unordered_map<std::uint32_t, std::shared_ptr<const RegionCalls>> other_calls_;
    std::deque<TypeData> types_;
    std::vector<std::unique_ptr<RegionModel>> models_; // of own slots
    std::size_t model_count_ = 0;                      // of all
    std::unordered_map<std::uint64_t, std::unique_ptr<FunctionDef>, FunctionKeyHash> functions_;
    std::unordered_map<std::int32_t, std::unique_ptr<ClassDef>> class_defs_;
    std::unordered_map<const FunctionDef*, Decorated> decorated_;
    std::unordered_map<const FunctionDef*, std::vector<const FunctionDef*>> overloads_;
    NameMap<Type> external_types_;
    NameMap<ExternalMember> external_members_;
    NameSet names_;
    std::string joined_;
    std::unordered_map<std::uint64_t, FunctionSummary, FunctionKeyHash> summaries_;
    struct Reached {
        std::vector<std::string> names;
        std::vector<std::uint32_t> sources;
    };
    std::unordered_map<std::uint64_t, Reached, FunctionKeyHash> reached_;
    std::unordered_map<std::uint64_t, Reached, FunctionKeyHash> held_; // at yields
    struct Mentions {
        std::vector<Model::CallSite> sites;
        std::uint64_t hash;
    };
    NameMap<Mentions> mentions_;
    std::unordered_map<std::int32_t, std::vector<Type>> linearized_; // by class
    std::unordered_map<std::uint64_t, bool> overridden_;             // by class and name
    std::unordered_map<std::uint64_t, Type> passed_;                 // by slot and Parameter
    std::unordered_set<std::uint64_t> searches_;                     // those in uses_, by hash
    /// Functions whose result, and members whose type is being worked out, the innermost last.
    std::vector<std::uint64_t> evaluating_;
    bool is_evaluating(std::uint64_t id) const {
        return std::find(evaluating_.begin(), evaluating_.end(), id) != evaluating_.end();
    }
    ResultInputs* inputs_ = nullptr;
    int depth_ = 0;
};

/// The Model of one region.
class RegionModel final : public Model {
public:
    RegionModel(Evaluator& evaluator, std::uint32_t slot);

    const Tree& tree() const override { return region_.tree; }
    const Region& region() const override { return region_; }
    std::string_view path_of(const Region& region) const override;
    std::string_view module_of(const Region& region) const override;
    const Settings& settings() const override { return evaluator_.settings_; }
    Type type_of(NodeId expression) const override;
    Type awaited(Type type) const override;
    CallTarget target(NodeId call) const override;
    std::string_view name_of(NodeId expression) const override;
    bool is_instance(Type type, std::string_view qualified_class) const override;
    Answer has_method(const ClassDef& cls, std::string_view name) const override;
    Answer overrides(const FunctionDef& function) const override;
    const ClassDef* class_at(NodeId definition) const override;
    const ClassDef* class_of(const FunctionDef& method) const override;
    bool is_of_library(const FunctionDef& function) const override;
    bool constructed_with(const ClassDef& cls, std::string_view text) const override;
    bool defines(const ClassDef& cls, std::string_view name) const override;
    bool keeps_result(const FunctionDef& function) const override;
    Type overridden(const FunctionDef& method) const override;
    Type declared_result(const FunctionDef& function) const override;
    Type declared_parameter(NodeId call, NodeId value) const override;
    bool iterates(NodeId call, NodeId value) const override;
    bool catches(NodeId exception, std::string_view qualified_class) const override;
    const FunctionDef* function_at(NodeId node) const override;
    bool in_async(NodeId node) const override;
    bool on_loop(NodeId node) const override;
    bool in_loop_callback(NodeId node) const override;
    const BlockingChain* blocking(const FunctionDef& function) const override;
    const std::vector<std::string>& reaches(const FunctionDef& function) const override;
    std::optional<std::vector<CallSite>>
    suspension_points(const FunctionDef& function) const override;
    const std::vector<std::string>& held_at_yields(const FunctionDef& generator) const override;
    OtherHalf other_half(const FunctionDef& method) const override;
    std::vector<CallSite> calls_in_loops(const FunctionDef& function) const override;
    const std::vector<CallSite>& mentions(NodeId name) const override;
    std::optional<std::vector<CallSite>> mentions_elsewhere(NodeId name) const override;
    std::vector<NodeId> uses_of_local(NodeId name) const override;
    bool is_local(NodeId name) const override;
    NodeId value_of_local(NodeId name) const override;
    bool may_hold(NodeId use, NodeId target) const override;
    bool imports(std::string_view module) const override;
    AsyncLibrary library() const override;
    std::string module_name(std::string_view module, NodeId at, bool& needs_import) const override;
    std::string thread_wrapper(NodeId at) const override;

    std::uint32_t slot() const { return slot_; }

private:
    friend class Evaluator;

    struct Variable {
        ScopeId scope = 0;
        bool module = false; // found at module level, maybe in another region
        bool found = false;
    };
    Variable resolve(std::string_view name, NodeId at) const;
    Type name_type(NodeId name) const;
    Type lookup(std::string_view name, NodeId at) const;
    Type local_type(ScopeId scope, std::string_view name, NodeId at) const;
    /// A nested function may assign the variable of this name at any time.
    bool is_assigned_elsewhere(std::string_view name) const;
    /// The other module where a region stands; null for the file under analysis.
    const ModuleFile* file_of(const Region& region) const;
    using Bindings = std::pmr::vector<const Binding*>;
    void find_reaching(ScopeId scope, std::string_view name, NodeId at, Bindings& result) const;
    Type evaluate(NodeId node) const;
    /// The type of a Name or Attribute where the tests around it have told more of it.
    Type narrowed(NodeId node, Type type) const;
    /// The same, given that a test came out as said.
    Type narrowed_by(NodeId test, bool truth, std::string_view text, Type type) const;
    CallTarget find_target(NodeId call) const;
    Type call_type(NodeId call) const;
    Type result_of_call(Type callee, NodeId call) const;
    bool is_at_module_level(NodeId node) const;
    bool is_loop_callback(std::uint32_t function) const;
    Type annotation_type(NodeId annotation) const;
    /// The parameter that an argument becomes: the callee, and its number among the Parameter nodes; -1 where not known.
    struct ParameterPlace {
        const FunctionDef* function = nullptr;
        NodeId node = kNoNode;
        int index = -1;
    };
    ParameterPlace parameter_of(NodeId call, NodeId value) const;
    /// Whether a call fits the parameters of an overload.
    enum class Fit : std::uint8_t { No, Maybe, Yes };
    Fit fit(NodeId call, const FunctionDef& function, bool bound,
            const std::vector<const FunctionDef*>& all) const;
    Fit fit_parameter(const FunctionDef& function, NodeId parameter, NodeId argument,
                      const std::vector<const FunctionDef*>& all) const;
    /// What a call gives by the overloads that it may mean.
    Type overloaded_result(NodeId call, Type callee) const;
    /// What a call of the function passes for a parameter: kNoNode for nothing; no answer where stars hide it.
    std::optional<NodeId> passed_to(NodeId call, NodeId parameter) const;
    std::string_view class_name(NodeId exception) const;
    void note_unspelt(std::string_view name) const;

    Evaluator& evaluator_;
    Evaluator::Space& space_;
    const Region& region_;
    std::uint32_t slot_;
    mutable std::vector<Type> memo_; // by node; null while unknown
    mutable std::optional<AsyncLibrary> library_;
    mutable std::vector<std::pair<std::string, bool>>
        imports_; // answers of imports(); few are asked
    /// An answer of target() for the next one who asks: many rules look at one call in turn.
    mutable NodeId last_call_ = kNoNode;
    mutable CallTarget last_target_;
    std::vector<std::string_view>
        nonlocals_; // names that some function of the region declares nonlocal
    mutable std::unordered_map<NodeId, Type> annotations_; // what annotations say, by node
    bool narrows_ = false;                                 // some test asks for a type
};

} // namespace awaitls::analysis
