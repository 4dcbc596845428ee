#include "analysis/analysis.h"

#include "analysis/fix/imports.h"
#include "analysis/rules/catalog.h"
#include "analysis/rules/driver.h"
#include "analysis/rules/suppressions.h"
#include "analysis/semantic/evaluator.h"
#include "analysis/semantic/module.h"
#include "analysis/semantic/surface.h"

#include <algorithm>
#include <atomic>

namespace awaitls::analysis {

namespace {

/// What a region and its result have, side by side: most have nothing, and an edit need not visit those.
struct ResultShape {
    bool findings = false;
    bool inputs = false;  // beside its text and what its names mean
    bool ignores = false; // suppressions of the whole file
    bool notes = false;   // about the region
    bool broken = false;
};

/// An evaluator, and what it looks at.
struct Evaluation {
    Evaluation(std::shared_ptr<const Module> module, std::shared_ptr<const Settings> s,
               const ModulePlace& place, const Uses& uses)
        : settings(std::move(s)), evaluator(std::move(module), *settings, place, uses) {}

    const std::shared_ptr<const Settings> settings;
    Evaluator evaluator;
};

/// The evaluation of the newest version of a file, for whoever analyses the next one: only one can have it.
class KeptEvaluation {
public:
    KeptEvaluation() = default;
    ~KeptEvaluation() { delete kept_.load(); }
    KeptEvaluation(const KeptEvaluation&) = delete;
    KeptEvaluation& operator=(const KeptEvaluation&) = delete;

    void keep(std::unique_ptr<Evaluation> evaluation) {
        delete kept_.exchange(evaluation.release());
    }
    std::unique_ptr<Evaluation> take() const {
        return std::unique_ptr<Evaluation>(kept_.exchange(nullptr));
    }

private:
    mutable std::atomic<Evaluation*> kept_{nullptr};
};

/// What a change elsewhere is to the result of a region.
enum class Concern : std::uint8_t {
    None,
    Answers, // those that it noted may be others
    Meaning, // what it looked at may mean something else
};

/// An evaluation that remembers more regions or types is not kept: it is as large as the analysis, or becomes so.
constexpr std::size_t kKeptModels = 24;
constexpr std::size_t kKeptTypes = 2'000;

} // namespace

struct FileAnalysis::Impl {
    std::shared_ptr<const Module> module;
    ModulePlace place;
    std::shared_ptr<const Uses> uses; // of other modules
    std::shared_ptr<const Settings> settings;
    std::uint64_t settings_fingerprint = 0;
    std::string name;
    std::shared_ptr<const FileContext> context;
    SlotArray<RegionEffects> effects;
    SlotArray<RunnerFacts> runners;
    SlotArray<RegionCalls> calls;
    SlotArray<RegionResult> results;
    std::vector<ResultShape> shapes; // of the results
    std::vector<Diagnostic> diagnostics;
    std::uint32_t computed = 0;
    std::vector<GivenUp> given_up;
    KeptEvaluation kept;

    const std::string& text() const { return module->text(); }
    const LineIndex& lines() const { return module->lines(); }
    const std::vector<Slot>& slots() const { return module->slots; }
    struct Update;
    bool analyse_regions(const Impl* before, const Cancellation* cancellation,
                         RuleObserver* observer);
    Concern concern(const Impl& before, const std::vector<std::uint32_t>& changed,
                    const ChangedNames& names, const RegionResult& result) const;
    void compose();
    Diagnostic place_finding(const RegionFinding& finding, std::uint32_t begin) const;
    /// A line as people count it: from 1, in a notebook from the beginning of its cell.
    struct Line {
        std::uint32_t number;
        std::string cell; // what it is called; empty outside of notebooks
    };
    Line shown_line(std::uint32_t offset) const;
    void place_fixes(Diagnostic& diagnostic) const;
    void add_notes();
};

/// `changed` are the regions whose text changed or has changed names; the result's own is not among them.
Concern FileAnalysis::Impl::concern(const Impl& before, const std::vector<std::uint32_t>& changed,
                                    const ChangedNames& names, const RegionResult& result) const {
    const ResultInputs& inputs = result.inputs;
    if (std::any_of(inputs.names.begin(), inputs.names.end(),
                    [&](const std::string& used) { return names.contains(used); }))
        return Concern::Meaning;
    Concern found = Concern::None;
    for (const std::uint32_t c : changed)
        if (std::binary_search(inputs.sources.begin(), inputs.sources.end(), c))
            found = Concern::Answers;
    for (const SummaryDemand& demand : inputs.demands) {
        if (demand.question != SummaryDemand::Question::Mentions &&
            demand.question != SummaryDemand::Question::CallsInLoops &&
            demand.question != SummaryDemand::Question::OtherHalf)
            continue;
        // The place that asks may itself be what changed: it has another name there now, or none. Functions of other modules
        // are not searched for.
        bool searched = demand.slot >= slots().size() ||
                        std::binary_search(changed.begin(), changed.end(), demand.slot);
        if (!searched) {
            const std::string_view wanted = Evaluator::searched_name(slots(), demand);
            for (const std::uint32_t c : changed)
                for (const Region* const region : {before.slots()[c].region, slots()[c].region})
                    searched =
                        searched || region->tree.text().find(wanted) != std::string_view::npos;
        }
        if (!searched) continue;
        if (!names.empty()) return Concern::Meaning;
        found = Concern::Answers;
    }
    return found;
}

namespace {

/// What earlier questions about other modules come to now.
enum class World : std::uint8_t {
    Same,
    Changed, // the answers are the same modules, of which some have other code
    Other,
};

/// `files` are those of `uses`, and become what they are now; `names` gets those that they changed.
World compare_world(const ModulePlace& before, const Uses& uses, const ModulePlace& now,
                    const Module& own_module, std::vector<std::shared_ptr<const ModuleFile>>& files,
                    ChangedNames& names) {
    if (before.path != now.path || before.name != now.name || before.package != now.package ||
        (before.modules == nullptr) != (now.modules == nullptr))
        return World::Other;
    World result = World::Same;
    for (const Uses::Root& root : uses.roots)
        if (now.modules->has_root(root.name, root.importer) != root.known) return World::Other;
    for (const Uses::Question& question : uses.questions) {
        const std::shared_ptr<const ModuleFile> found =
            now.modules->find(question.name, question.importer);
        if ((found ? found->path : std::string_view{}) != question.answer) return World::Other;
    }
    for (const Uses::Search& search : uses.searches) {
        // Those in the file itself are looked at where its versions are compared.
        const bool own = search.kind == Uses::Search::Kind::CallsOf && search.importer == now.path;
        if (!own && answer_of(search, now.modules.get(), own_module, now.path) != search.answer)
            return World::Other;
    }
    for (std::shared_ptr<const ModuleFile>& file : files) {
        std::shared_ptr<const ModuleFile> present = now.modules->at(file->path);
        if (present == file) continue;
        if (!present || present->name != file->name || present->package != file->package)
            return World::Other;
        if (present->module != file->module) {
            result = World::Changed;
            if (!names.add(*file->module, *present->module)) return World::Other;
        }
        file = std::move(present);
    }
    return result;
}

} // namespace

/// Works out which regions of a file another version of it, and of the modules around, is about.
struct FileAnalysis::Impl::Update {
    World world = World::Other;
    bool keeps_results = false; // of the other regions
    ChangedNames names;
    std::vector<std::uint32_t> concerned;                 // their text changed, or what it means
    std::vector<std::shared_ptr<const ModuleFile>> files; // of the version before, as they are now

    Update(const Impl* before, const Impl& now) {
        if (before != nullptr) compare(*before, now);
        if (keeps_results) return;
        for (std::uint32_t i = 0; i < now.slots().size(); ++i) concerned.push_back(i);
    }

private:
    /// A region that another version has in its place, before or now, spells the name.
    static bool is_spelt_in_what_changed(std::string_view name, const Impl& before,
                                         const Impl& now) {
        if (before.module == now.module) return false;
        for (std::size_t i = 0; i < now.slots().size(); ++i) {
            const Region* const old_region = before.slots()[i].region;
            const Region* const new_region = now.slots()[i].region;
            if (old_region == new_region) continue;
            for (const Region* const region : {old_region, new_region})
                if (region->tree.text().find(name) != std::string_view::npos) return true;
        }
        return false;
    }
    void compare(const Impl& before, const Impl& now) {
        files = before.uses->files;
        world =
            before.place.modules == now.place.modules
                ? World::Same
                : compare_world(before.place, *before.uses, now.place, *now.module, files, names);
        if (world == World::Other || before.settings_fingerprint != now.settings_fingerprint ||
            !names.add(*before.module, *now.module))
            return;
        for (const Uses::Search& search : before.uses->searches)
            if (search.kind == Uses::Search::Kind::CallsOf && search.importer == now.place.path &&
                is_spelt_in_what_changed(search.name, before, now) &&
                answer_of(search, now.place.modules.get(), *now.module, now.place.path) !=
                    search.answer)
                return;
        if (!names.empty()) {
            std::vector<const Module*> modules{now.module.get()};
            const std::vector<Uses::Question>& questions = before.uses->questions;
            const bool seen_elsewhere =
                world == World::Changed ||
                std::any_of(questions.begin(), questions.end(),
                            [&](const Uses::Question& q) { return q.answer == now.place.path; });
            if (seen_elsewhere)
                for (const std::shared_ptr<const ModuleFile>& file : files)
                    modules.push_back(file->module.get());
            if (!names.close_over(modules)) return;
        }
        // By place: of two versions with equal surfaces, one may have a region where the other has its like.
        for (std::uint32_t i = 0; i < now.slots().size(); ++i) {
            const Region* const region = now.slots()[i].region;
            if (region != before.slots()[i].region || names.any_in(region->tree.text()))
                concerned.push_back(i);
        }
        // How a thread wrapper is called shows wherever one is of use.
        const std::vector<std::uint64_t>& wrappers = before.context->thread_wrappers;
        keeps_results =
            names.empty() || std::none_of(wrappers.begin(), wrappers.end(), [&](std::uint64_t f) {
                return std::binary_search(concerned.begin(), concerned.end(),
                                          static_cast<std::uint32_t>(f >> 32));
            });
        if (!keeps_results) concerned.clear();
    }
};

bool FileAnalysis::Impl::analyse_regions(const Impl* before, const Cancellation* cancellation,
                                         RuleObserver* observer) {
    const std::vector<Slot>& slots = module->slots;
    Update update(before, *this);
    const World world = update.world;
    const std::vector<std::uint32_t>& concerned = update.concerned;
    const bool keeps = update.keeps_results;
    std::unique_ptr<Evaluation> evaluation = keeps && world == World::Same &&
                                                     update.names.empty() &&
                                                     module->model == before->module->model
                                                 ? before->kept.take()
                                                 : nullptr;
    if (!evaluation || !evaluation->evaluator.advance(module, place, concerned))
        evaluation = std::make_unique<Evaluation>(
            module, settings, place,
            keeps ? Uses{before->uses->questions, before->uses->roots, before->uses->searches,
                         std::move(update.files)}
                  : Uses{});
    Evaluator& evaluator = evaluation->evaluator;
    if (keeps) {
        evaluator.context = nullptr;
        evaluator.effects = before->effects;
        evaluator.runners = before->runners;
        evaluator.calls = before->calls;
        for (const std::uint32_t i : concerned) {
            evaluator.effects.set(i, nullptr);
            evaluator.runners.set(i, nullptr);
            evaluator.calls.set(i, nullptr);
        }
        const auto runs_the_same = [&](std::uint32_t i) {
            return evaluator.runner_facts(i) ==
                   (before->slots()[i].runners ? *before->runners[i] : RunnerFacts{});
        };
        if (std::all_of(concerned.begin(), concerned.end(), runs_the_same))
            evaluator.context = before->context;
    }
    const std::uint64_t context_hash = evaluator.file_context().hash;
    const bool same_context = keeps && before->context->hash == context_hash;
    if (same_context) {
        results = before->results;
        shapes = before->shapes;
    } else {
        results.reset(slots.size());
        shapes.resize(slots.size());
    }
    for (std::uint32_t i = 0; i < slots.size(); ++i) {
        if (same_context && !std::binary_search(concerned.begin(), concerned.end(), i)) {
            if (!shapes[i].inputs) continue;
            const Concern found = concern(*before, concerned, update.names, *results[i]);
            if (found == Concern::None && world == World::Same) continue;
            const std::vector<SummaryDemand>& demands = results[i]->inputs.demands;
            if (found != Concern::Meaning &&
                std::all_of(demands.begin(), demands.end(), [&](const SummaryDemand& d) {
                    return evaluator.answer_hash(d) == d.hash;
                }))
                continue;
        }
        if (cancellation != nullptr && cancellation->cancelled()) return false;
        std::shared_ptr<const RegionResult> result = run_rules(evaluator, i, *settings, observer);
        const Region& region = *slots[i].region;
        const std::uint32_t begin = slots[i].begin;
        const auto size = static_cast<std::uint32_t>(region.tree.text().size());
        for (const GivenUpRule& left_out : result->given_up)
            given_up.push_back({left_out.rule, {begin, begin + size}, left_out.reason});
        shapes[i] = {!result->findings.empty(), !result->inputs.empty(),
                     result->ignores_file || !result->ignores_file_rules.empty(),
                     region.gave_up || region.python2, !region.clean()};
        results.set(i, std::move(result));
        ++computed;
    }
    effects = std::move(evaluator.effects);
    runners = std::move(evaluator.runners);
    context = std::move(evaluator.context);
    calls = std::move(evaluator.calls);
    const bool same_uses = keeps && world == World::Same &&
                           evaluator.uses().questions.size() == before->uses->questions.size() &&
                           evaluator.uses().roots.size() == before->uses->roots.size() &&
                           evaluator.uses().searches.size() == before->uses->searches.size();
    uses = same_uses ? before->uses : std::make_shared<const Uses>(evaluator.uses());
    // What threw may have left something half done.
    if (given_up.empty() && evaluator.model_count() <= kKeptModels &&
        evaluator.type_count() <= kKeptTypes)
        kept.keep(std::move(evaluation));
    return true;
}

/// A finding in file positions, with its related places and fixes.
Diagnostic FileAnalysis::Impl::place_finding(const RegionFinding& finding,
                                             std::uint32_t begin) const {
    Diagnostic result = finding.diagnostic;
    result.span = result.span.shifted(begin);
    for (std::size_t i = 0; i < result.related.size(); ++i) {
        Related& related = result.related[i];
        std::uint32_t base = begin;
        const Module* owner = module.get();
        if (!related.path.empty()) {
            const std::shared_ptr<const ModuleFile> file = place.modules->at(related.path);
            if (!file) continue;
            related.source = file->module->source;
            owner = file->module.get();
        }
        if (!related.path.empty() || finding.related_regions[i] != result.region) {
            for (const Slot& slot : owner->slots) {
                if (slot.region->id != finding.related_regions[i]) continue;
                base = slot.begin;
                break;
            }
        }
        related.span = related.span.shifted(base);
    }
    std::erase_if(result.related, [](const Related& related) {
        return !related.path.empty() && related.source == nullptr;
    });
    const std::size_t mark = result.message.find("{place}");
    if (mark != std::string::npos) {
        std::string where = name;
        if (!result.related.empty()) {
            const Related& last = result.related.back();
            if (!last.path.empty()) where = last.path.substr(last.path.rfind('/') + 1);
            if (last.source)
                where += ":" + std::to_string(last.source->lines().line_of(last.span.begin) + 1);
            else {
                const Line line = shown_line(last.span.begin);
                where +=
                    ":" + (line.cell.empty() ? "" : line.cell + ":") + std::to_string(line.number);
            }
        }
        result.message.replace(mark, 7, where);
    }
    const auto begin_of = [&](std::uint64_t region) {
        const auto slot = std::find_if(slots().begin(), slots().end(),
                                       [&](const Slot& one) { return one.region->id == region; });
        return slot == slots().end() ? std::nullopt : std::optional(slot->begin);
    };
    std::erase_if(result.fixes, [&](Fix& fix) {
        for (std::size_t i = 0; i < fix.edits.size(); ++i) {
            const std::optional<std::uint32_t> base =
                fix.regions.empty() ? std::optional(begin) : begin_of(fix.regions[i]);
            if (!base) return true;
            fix.edits[i].span = fix.edits[i].span.shifted(*base);
        }
        fix.regions.clear();
        return false;
    });
    place_fixes(result);
    return result;
}

FileAnalysis::Impl::Line FileAnalysis::Impl::shown_line(std::uint32_t offset) const {
    const std::uint32_t number = lines().line_of(offset);
    for (std::uint32_t first = number + 1; place.notebook && first-- > 0;) {
        const std::string_view line = line_text(text(), lines(), first);
        if (line.starts_with(kCellMark))
            return {number - first, std::string(line.substr(kCellMark.size()))};
    }
    return {number + 1, {}};
}

/// Turns the modules that fixes need into edits.
void FileAnalysis::Impl::place_fixes(Diagnostic& diagnostic) const {
    for (Fix& fix : diagnostic.fixes) {
        for (const std::string& imported : fix.imports)
            for (Edit& edit : import_edit(slots(), text(), imported))
                fix.edits.push_back(std::move(edit));
        std::stable_sort(fix.edits.begin(), fix.edits.end(),
                         [](const Edit& a, const Edit& b) { return a.span.begin < b.span.begin; });
    }
}

void FileAnalysis::Impl::add_notes() {
    bool python2 = false;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        if (!shapes[i].notes) continue;
        const Slot& slot = slots()[i];
        const Region& region = *slot.region;
        const auto note = [&](Span span, std::string message) {
            Diagnostic diagnostic;
            diagnostic.rule = kNoteRule;
            diagnostic.severity = Severity::Information;
            diagnostic.span = span;
            diagnostic.message = std::move(message);
            diagnostic.region = region.id;
            diagnostics.push_back(std::move(diagnostic));
        };
        if (region.gave_up)
            note({slot.begin, slot.begin},
                 "this part of the file is too damaged to be parsed; it is not analysed");
        if (region.python2 && !python2) {
            note({slot.begin, slot.begin}, "Python 2 code is not analysed");
            python2 = true;
        }
    }
}

void FileAnalysis::Impl::compose() {
    std::vector<std::string> ignored;
    bool all_ignored = false;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        if (!shapes[i].ignores) continue;
        const RegionResult& result = *results[i];
        all_ignored = all_ignored || result.ignores_file;
        ignored.insert(ignored.end(), result.ignores_file_rules.begin(),
                       result.ignores_file_rules.end());
    }
    if (all_ignored) return;
    add_notes();
    const bool notes = !diagnostics.empty();
    std::uint32_t left_out = 0;
    for (std::size_t i = 0; i < shapes.size(); ++i) {
        if (!shapes[i].findings) continue;
        for (const RegionFinding& finding : results[i]->findings) {
            const auto [rule, shape] = std::pair(finding.diagnostic.rule, finding.diagnostic.shape);
            if (std::any_of(ignored.begin(), ignored.end(), [rule, shape](const std::string& code) {
                    return code_means(code, rule, shape);
                }))
                continue;
            if (diagnostics.size() >= settings->max_diagnostics) {
                ++left_out;
                continue;
            }
            diagnostics.push_back(place_finding(finding, slots()[i].begin));
        }
    }
    if (notes)
        std::stable_sort(
            diagnostics.begin(), diagnostics.end(),
            [](const Diagnostic& a, const Diagnostic& b) { return a.span.begin < b.span.begin; });
    if (left_out > 0) {
        Diagnostic note;
        note.rule = kNoteRule;
        note.severity = Severity::Information;
        note.message = std::to_string(left_out) + " more findings in this file are not shown";
        note.region = slots().front().region->id;
        diagnostics.push_back(std::move(note));
    }
}

FileAnalysis::FileAnalysis(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
FileAnalysis::~FileAnalysis() = default;

std::shared_ptr<const FileAnalysis>
FileAnalysis::analyse(std::shared_ptr<const SourceText> text,
                      std::shared_ptr<const Settings> settings, std::string display_name,
                      std::shared_ptr<const FileAnalysis> previous,
                      const Cancellation* cancellation, ModulePlace place) {
    const Module* const before = previous ? previous->impl_->module.get() : nullptr;
    std::shared_ptr<const Module> module = before != nullptr && text->text() == before->text()
                                               ? previous->impl_->module
                                               : make_module(std::move(text), before);
    return analyse_module(std::move(module), std::move(settings), std::move(display_name),
                          std::move(previous), cancellation, std::move(place));
}

std::shared_ptr<const FileAnalysis> FileAnalysis::analyse_module(
    std::shared_ptr<const Module> module, std::shared_ptr<const Settings> settings,
    std::string display_name, std::shared_ptr<const FileAnalysis> previous,
    const Cancellation* cancellation, ModulePlace place, RuleObserver* observer) {
    const Impl* const before = previous ? previous->impl_.get() : nullptr;
    auto impl = std::make_unique<Impl>();
    impl->module = std::move(module);
    impl->place = std::move(place);
    impl->settings = std::move(settings);
    impl->settings_fingerprint = before != nullptr && before->settings == impl->settings
                                     ? before->settings_fingerprint
                                     : impl->settings->fingerprint();
    impl->name = std::move(display_name);
    if (before != nullptr && before->module == impl->module && before->name == impl->name &&
        before->settings_fingerprint == impl->settings_fingerprint &&
        before->place.modules == impl->place.modules)
        return previous;
    if (!impl->analyse_regions(before, cancellation, observer)) return nullptr;
    impl->compose();
    return std::make_shared<const FileAnalysis>(std::move(impl));
}

bool FileAnalysis::may_use(std::string_view path) const {
    const auto is_at = [&](const std::shared_ptr<const ModuleFile>& file) {
        const std::string& held = file->path;
        return held == path || (held.starts_with(path) && held[path.size()] == '/');
    };
    if (std::any_of(impl_->uses->files.begin(), impl_->uses->files.end(), is_at)) return true;
    // "store" for "app/store.py", "app" for "app/__init__.py"
    std::string_view name = path.substr(path.rfind('/') + 1);
    name = name.substr(0, name.find('.'));
    if (name == "__init__") {
        const std::string_view folder = path.substr(0, path.rfind('/'));
        name = folder.substr(folder.rfind('/') + 1);
    }
    const auto part = [&](std::string_view folder) {
        return path.find('/' + std::string(folder) + '/') != std::string_view::npos;
    };
    return std::any_of(impl_->uses->questions.begin(), impl_->uses->questions.end(),
                       [&](const Uses::Question& question) {
                           const std::string_view asked = question.name;
                           return asked.substr(asked.rfind('.') + 1) == name;
                       }) ||
           std::any_of(impl_->uses->roots.begin(), impl_->uses->roots.end(),
                       [&](const Uses::Root& root) {
                           return !root.known && (root.name == name || part(root.name));
                       });
}
const std::vector<GivenUp>& FileAnalysis::given_up() const {
    return impl_->given_up;
}
std::string FileAnalysis::describe(const GivenUp& given_up, std::string_view file) const {
    const Impl::Line line = impl_->shown_line(given_up.region.begin);
    return std::string(file) + (line.cell.empty() ? "" : ", " + line.cell) +
           ": the code from line " + std::to_string(line.number) + " on is not checked for `" +
           std::string(catalog()[given_up.rule].info.name) +
           "`, a defect of awaitls: " + given_up.reason;
}
const Uses& FileAnalysis::uses() const {
    return *impl_->uses;
}
bool FileAnalysis::searches_project() const {
    return !impl_->uses->searches.empty();
}
const ModulePlace& FileAnalysis::place() const {
    return impl_->place;
}
const std::shared_ptr<const Module>& FileAnalysis::module() const {
    return impl_->module;
}
const std::string& FileAnalysis::text() const {
    return impl_->text();
}
const LineIndex& FileAnalysis::lines() const {
    return impl_->lines();
}
const Settings& FileAnalysis::settings() const {
    return *impl_->settings;
}
const std::vector<Diagnostic>& FileAnalysis::diagnostics() const {
    return impl_->diagnostics;
}
std::uint32_t FileAnalysis::regions_computed() const {
    return impl_->computed;
}

std::vector<RegionInfo> FileAnalysis::regions() const {
    std::vector<RegionInfo> result;
    const Module& module = *impl_->module;
    result.reserve(module.slots.size());
    for (std::size_t i = 0; i < module.slots.size(); ++i) {
        const Region& region = *module.slots[i].region;
        result.push_back({module.outline.regions[i].span,
                          region.clean() ? Health::Clean : Health::Broken, region.id});
    }
    return result;
}

std::vector<Span> FileAnalysis::broken_regions() const {
    std::vector<Span> result;
    for (std::size_t i = 0; i < impl_->shapes.size(); ++i)
        if (impl_->shapes[i].broken) result.push_back(impl_->module->outline.regions[i].span);
    return result;
}

std::optional<HoverInfo> FileAnalysis::hover(std::uint32_t offset) const {
    const std::vector<Slot>& slots = impl_->slots();
    const auto behind =
        std::upper_bound(slots.begin(), slots.end(), offset,
                         [](std::uint32_t o, const Slot& slot) { return o < slot.begin; });
    if (behind == slots.begin()) return std::nullopt;
    const std::uint32_t index = static_cast<std::uint32_t>(behind - slots.begin()) - 1;
    const Slot& slot = slots[index];
    const Region& region = *slot.region;
    if (!region.clean()) return std::nullopt;
    const Tree& tree = region.tree;
    const std::uint32_t at = offset - slot.begin;
    // The innermost call whose callee is under the offset.
    NodeId call = kNoNode;
    for (NodeId n = 0; n < tree.size(); ++n) {
        if (tree[n].begin > at) break;
        if (tree.kind(n) != Kind::Call) continue;
        const NodeId callee = tree.child(n, Role::Callee);
        if (callee != kNoNode && tree[callee].begin <= at && at <= tree[callee].end) call = n;
    }
    if (call == kNoNode) return std::nullopt;
    Evaluator evaluator(impl_->module, *impl_->settings, impl_->place, *impl_->uses);
    const RegionModel& model = evaluator.model(index);
    const CallTarget target = model.target(call);
    if (!target.known()) return std::nullopt;
    HoverInfo info;
    info.span = tree[tree.child(call, Role::Callee)].span().shifted(slot.begin);
    if (target.function != nullptr && target.cls == nullptr) {
        if (target.function->is_async) return std::nullopt;
        const BlockingChain* const chain = model.blocking(*target.function);
        if (chain == nullptr) return std::nullopt;
        std::string way;
        std::string places;
        for (const ChainStep& step : chain->steps) {
            way += (way.empty() ? "" : " -> ") + step.label;
            const std::string path(model.path_of(*step.region));
            const std::shared_ptr<const ModuleFile> file =
                path.empty() ? nullptr : impl_->place.modules->at(path);
            const Module& owner = file ? *file->module : *impl_->module;
            for (const Slot& there : owner.slots) {
                if (there.region != step.region) continue;
                const std::uint32_t place = there.begin + step.span.begin;
                const Impl::Line line = file ? Impl::Line{owner.lines().line_of(place) + 1, {}}
                                             : impl_->shown_line(place);
                const std::string of = file ? path.substr(path.rfind('/') + 1) : line.cell;
                places += "\n- `" + step.label + "` at line " + std::to_string(line.number) +
                          (of.empty() ? "" : " of " + of);
            }
        }
        info.markdown = "`" + target.function->qualname +
                        "()` blocks the thread that calls it: " + way + "\n" + places;
        info.plain = target.function->qualname + "() blocks the thread that calls it: " + way;
        return info;
    }
    if (target.name.empty()) return std::nullopt;
    const BlockingApi* const api = find_blocking(target.name, BlockingUse::Call);
    if (api == nullptr) return std::nullopt;
    const std::string shown = display_name(target.name);
    const std::string advice = api->replacement.empty()
                                   ? std::string()
                                   : "; async code uses " + std::string(api->replacement);
    info.markdown = "`" + shown + "()` blocks the thread that calls it" + advice;
    info.plain = shown + "() blocks the thread that calls it" + advice;
    return info;
}

std::optional<Fix> FileAnalysis::suppression(const Diagnostic& diagnostic) const {
    if (diagnostic.rule == kNoteRule || diagnostic.rule >= catalog().size() ||
        diagnostic.span.end > impl_->text().size())
        return std::nullopt;
    const std::string rule{catalog()[diagnostic.rule].info.name};
    if (diagnostic.rule == unused_suppression_rule()) return std::nullopt;
    const std::vector<Slot>& slots = impl_->slots();
    const auto behind =
        std::upper_bound(slots.begin(), slots.end(), diagnostic.span.begin,
                         [](std::uint32_t o, const Slot& slot) { return o < slot.begin; });
    if (behind == slots.begin()) return std::nullopt;
    const Slot& slot = *(behind - 1);
    const Tree& tree = slot.region->tree;
    Fix fix;
    fix.title = "Ignore " + rule + " on this line";
    fix.applicability = Applicability::Safe;
    const std::uint32_t last =
        diagnostic.span.end > diagnostic.span.begin ? diagnostic.span.end - 1 : diagnostic.span.end;
    // A comment cannot follow a backslash or stand inside a string: then the finding's other line may do.
    for (const std::uint32_t offset : {diagnostic.span.begin, last}) {
        const std::uint32_t line = impl_->lines().line_of(offset);
        const std::string_view content = line_text(impl_->text(), impl_->lines(), line);
        const std::uint32_t end =
            impl_->lines().line_start(line) + static_cast<std::uint32_t>(content.size());
        for (const Suppression& old : find_suppressions(tree)) {
            if (old.form != Suppression::Form::Own || old.file || old.all) continue;
            if (slot.begin + old.line_end != end) continue;
            fix.edits = {
                {Span{slot.begin + old.codes.end, slot.begin + old.codes.end}, ", " + rule}};
            return fix;
        }
        if (!content.empty() && content.back() == '\\') continue;
        bool in_string = false;
        for (NodeId n = 0; n < tree.size() && !in_string; ++n)
            in_string = tree.kind(n) == Kind::String && tree[n].begin + slot.begin < end &&
                        end < tree[n].end + slot.begin;
        if (in_string) continue;
        fix.edits = {{Span{end, end}, "  # awaitls: ignore[" + rule + "]"}};
        return fix;
    }
    return std::nullopt;
}

// --- applying fixes ------------------------------------------------------------------------------------

std::vector<Edit> combine_fixes(const std::vector<const Fix*>& fixes) {
    std::vector<Edit> result;
    for (const Fix* fix : fixes) {
        bool fits = true;
        for (const Edit& edit : fix->edits) {
            for (const Edit& taken : result) {
                if (edit == taken) continue; // the same import, say
                const bool insertion = edit.span.size() == 0 || taken.span.size() == 0;
                if (edit.span.overlaps(taken.span) ||
                    (edit.span.begin == taken.span.begin && edit.span.end == taken.span.end) ||
                    (insertion && edit.span.touches(taken.span)))
                    fits = false;
            }
        }
        if (!fits) continue;
        for (const Edit& edit : fix->edits)
            if (std::find(result.begin(), result.end(), edit) == result.end())
                result.push_back(edit);
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const Edit& a, const Edit& b) { return a.span.begin < b.span.begin; });
    return result;
}

namespace {

/// The first fix that may be applied; null where there is none.
const Fix* applicable(const Diagnostic& diagnostic, Applicability most) {
    const auto fits = std::find_if(diagnostic.fixes.begin(), diagnostic.fixes.end(),
                                   [most](const Fix& fix) { return fix.applicability <= most; });
    return fits == diagnostic.fixes.end() ? nullptr : &*fits;
}

std::size_t count_applicable(const FileAnalysis& analysis, Applicability most) {
    const std::vector<Diagnostic>& all = analysis.diagnostics();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [most](const Diagnostic& diagnostic) {
            return applicable(diagnostic, most) != nullptr;
        }));
}

/// The regions in which fixes may write an `await`: there unused-async waits for the next round, where it may be needed.
std::vector<std::uint64_t> mended_regions(const FileAnalysis& analysis, Applicability most,
                                          std::size_t unused_async) {
    std::vector<std::uint64_t> regions;
    for (const Diagnostic& diagnostic : analysis.diagnostics())
        if (diagnostic.rule != unused_async && applicable(diagnostic, most) != nullptr)
            regions.push_back(diagnostic.region);
    std::sort(regions.begin(), regions.end());
    return regions;
}

} // namespace

FixResult fix_all(std::shared_ptr<const FileAnalysis> analysis, std::string display_name,
                  Applicability most) {
    static const std::size_t unused_async = find_rule("unused-async").value_or(catalog().size());
    constexpr int kMaxRounds = 20;
    FixResult result;
    result.analysis = analysis;
    for (int round = 0; round < kMaxRounds; ++round) {
        std::vector<Edit> edits;
        std::vector<const Fix*> taken;
        std::vector<std::uint16_t> rules;
        const std::vector<std::uint64_t> mended =
            mended_regions(*result.analysis, most, unused_async);
        for (const Diagnostic& diagnostic : result.analysis->diagnostics()) {
            const Fix* const fits = applicable(diagnostic, most);
            if (fits == nullptr) continue;
            if (diagnostic.rule == unused_async &&
                std::binary_search(mended.begin(), mended.end(), diagnostic.region))
                continue;
            taken.push_back(fits);
            std::vector<Edit> combined = combine_fixes(taken);
            if (combined == edits) {
                taken.pop_back();
                continue;
            }
            edits = std::move(combined);
            rules.push_back(diagnostic.rule);
        }
        if (edits.empty()) break;
        auto text = std::make_shared<const SourceText>(apply_edits(result.analysis->text(), edits));
        auto settings = std::make_shared<const Settings>(result.analysis->settings());
        std::shared_ptr<const FileAnalysis> next =
            FileAnalysis::analyse(std::move(text), std::move(settings), display_name,
                                  result.analysis, nullptr, result.analysis->place());
        // A fix that leaves its own finding in place would be applied for ever.
        if (round > 0 && count_applicable(*next, most) >= count_applicable(*result.analysis, most))
            break;
        result.applied += static_cast<std::uint32_t>(rules.size());
        result.rules.insert(result.rules.end(), rules.begin(), rules.end());
        result.analysis = std::move(next);
    }
    result.text = result.analysis->text();
    return result;
}

} // namespace awaitls::analysis
