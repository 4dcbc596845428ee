#include "analysis/rules/driver.h"

#include "analysis/rules/catalog.h"
#include "analysis/rules/suppressions.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <vector>

namespace awaitls::analysis {

// --- Finding -------------------------------------------------------------------------------------------

Finding::Finding(RuleContext* context, Span span, std::string message) : context_(context) {
    diagnostic_.rule = context->rule_;
    diagnostic_.severity = catalog()[context->rule_].info.severity;
    diagnostic_.span = span;
    diagnostic_.message = std::move(message);
}

Finding::Finding(Finding&& other) noexcept
    : context_(other.context_),
      diagnostic_(std::move(other.diagnostic_)),
      related_regions_(std::move(other.related_regions_)),
      confidence_(other.confidence_) {
    other.context_ = nullptr;
}

Finding::~Finding() {
    if (context_ != nullptr)
        context_->deliver(std::move(diagnostic_), std::move(related_regions_), confidence_);
}

Finding& Finding::related(Span span, std::string message) {
    return related(context_->model.region(), span, std::move(message));
}

Finding& Finding::related(const Region& region, Span span, std::string message) {
    diagnostic_.related.push_back(
        {span, std::move(message), std::string(context_->model.path_of(region)), nullptr});
    related_regions_.push_back(&region);
    return *this;
}

Finding& Finding::chain(const BlockingChain& chain) {
    for (std::size_t i = 0; i < chain.steps.size(); ++i) {
        const ChainStep& step = chain.steps[i];
        const bool last = i + 1 == chain.steps.size();
        related(*step.region, step.span,
                last ? "`" + step.label + "` blocks" : "calls `" + step.label + "`");
    }
    return *this;
}

Finding& Finding::severity(Severity severity) {
    diagnostic_.severity = severity;
    return *this;
}

Finding& Finding::confidence(Confidence confidence) {
    confidence_ = confidence;
    return *this;
}

Finding& Finding::fix(std::string title, Applicability applicability, std::vector<Edit> edits,
                      std::vector<std::string> imports) {
    if (edits.empty()) return *this;
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) {
        return a.span.begin != b.span.begin ? a.span.begin < b.span.begin : a.span.end < b.span.end;
    });
    diagnostic_.fixes.push_back(
        {std::move(title), applicability, std::move(edits), std::move(imports), {}});
    return *this;
}

Finding& Finding::fix(std::string title, Applicability applicability, std::vector<RegionEdit> edits,
                      std::vector<std::string> imports) {
    Fix fix{std::move(title), applicability, {}, std::move(imports), {}};
    for (RegionEdit& edit : edits) {
        fix.edits.push_back(std::move(edit.edit));
        fix.regions.push_back(edit.region->id);
    }
    if (!fix.edits.empty()) diagnostic_.fixes.push_back(std::move(fix));
    return *this;
}

Finding& Finding::unnecessary() {
    diagnostic_.unnecessary = true;
    return *this;
}

Finding& Finding::shape(std::size_t index) {
    diagnostic_.shape = static_cast<std::uint8_t>(index);
    return *this;
}

const std::vector<std::string>& RuleContext::option(std::string_view key) const {
    static const std::vector<std::string> none;
    const auto& options = model.settings().options;
    const auto found = options.find(std::string(key));
    return found == options.end() ? none : found->second;
}

// --- running -------------------------------------------------------------------------------------------

namespace {

class Collector final : public RuleContext {
public:
    Collector(const Model& of, const Settings& settings, std::vector<RegionFinding>& out)
        : RuleContext(of, 0), settings_(settings), out_(out) {}

    void start(std::uint16_t rule, std::uint8_t shapes_off = 0) {
        rule_ = rule;
        shapes_off_ = shapes_off;
    }

    void deliver(Diagnostic&& diagnostic, std::vector<const Region*>&& related_regions,
                 Confidence confidence) override {
        if (confidence == Confidence::Unknown) return;
        if (confidence == Confidence::Likely && settings_.strictness == Strictness::Certain) return;
        if (!settings_.shape_enabled(diagnostic.rule, diagnostic.shape)) return;
        const auto severity = settings_.severity.find(diagnostic.rule);
        if (severity != settings_.severity.end()) diagnostic.severity = severity->second;
        RegionFinding finding{std::move(diagnostic), {}};
        for (const Region* region : related_regions) finding.related_regions.push_back(region->id);
        out_.push_back(std::move(finding));
    }

private:
    const Settings& settings_;
    std::vector<RegionFinding>& out_;
};

/// The checks that run under some settings, by the kind of node that they want to see.
class ActiveChecks {
public:
    struct Check {
        std::uint16_t rule;
        std::uint8_t shapes_off;
        void (*run)(RuleContext& context, NodeId node);
    };

    ActiveChecks(const Settings& settings, std::span<const Rule> rules)
        : enabled_(settings.enabled),
          shapes_off_(settings.shapes_off),
          target_version_(settings.target_version) {
        for (std::size_t kind = 0; kind < kKindCount; ++kind) {
            begins_[kind] = static_cast<std::uint32_t>(checks_.size());
            for (std::size_t rule = 0; rule < rules.size(); ++rule)
                if (enabled_[rule] && rules[rule].info.since <= target_version_ &&
                    wants(rules[rule], static_cast<Kind>(kind)))
                    checks_.push_back(
                        {static_cast<std::uint16_t>(rule), shapes_off_of(rule), rules[rule].check});
        }
        begins_[kKindCount] = static_cast<std::uint32_t>(checks_.size());
    }

    bool are_of(const Settings& settings) const {
        return enabled_ == settings.enabled && shapes_off_ == settings.shapes_off &&
               target_version_ == settings.target_version;
    }
    std::span<const Check> of(Kind kind) const {
        const std::size_t index = static_cast<std::size_t>(kind);
        return std::span(checks_).subspan(begins_[index], begins_[index + 1] - begins_[index]);
    }

    /// Those of the settings; a thread keeps the ones of the catalog that it asked for last.
    static const ActiveChecks& get(const Settings& settings, std::span<const Rule> rules) {
        thread_local std::optional<ActiveChecks> last;
        thread_local bool of_catalog = false;
        const bool same = last && of_catalog && last->are_of(settings);
        of_catalog = rules.data() == catalog().data();
        if (!same || !of_catalog) last.emplace(settings, rules);
        return *last;
    }

private:
    static bool wants(const Rule& rule, Kind kind) {
        return std::find(rule.kinds.begin(), rule.kinds.end(), kind) != rule.kinds.end();
    }

    std::uint8_t shapes_off_of(std::size_t rule) const {
        const auto off = shapes_off_.find(rule);
        return off == shapes_off_.end() ? std::uint8_t{0} : off->second;
    }

    std::bitset<kMaxRules> enabled_;
    std::map<std::size_t, std::uint8_t> shapes_off_;
    PythonVersion target_version_;
    std::vector<Check> checks_;
    std::array<std::uint32_t, kKindCount + 1> begins_{};
};

/// Shows the nodes of a region to the checks that want them.
class Checking {
public:
    Checking(const ActiveChecks& checks, Collector& collector, RuleObserver* observer)
        : checks_(checks), collector_(collector), observer_(observer) {
        left_.fill(Budget::of_region(collector.tree.size()));
    }
    ~Checking() {
        Budget::use(nullptr);
        if (observer_ != nullptr) observer_->end();
    }
    Checking(const Checking&) = delete;
    Checking& operator=(const Checking&) = delete;

    void run() {
        const Tree& tree = collector_.tree;
        for (NodeId node = 0; node < tree.size(); ++node) {
            std::span<const ActiveChecks::Check> rest = checks_.of(tree.kind(node));
            while (!rest.empty()) rest = rest.subspan(run(rest, node));
        }
    }
    const std::bitset<kMaxRules>& given_up() const { return given_up_; }
    std::vector<GivenUpRule> take_reasons() { return std::move(reasons_); }

private:
    /// Runs checks until one throws, and returns how many had their turn; that one is the last of
    /// them. They share one `try`: most return at once, and entering it for each would show.
    std::size_t run(std::span<const ActiveChecks::Check> checks, NodeId node) {
        std::size_t at = 0;
        try {
            for (; at < checks.size(); ++at) {
                const ActiveChecks::Check& check = checks[at];
                if (any_given_up_ && given_up_[check.rule]) continue;
                collector_.start(check.rule, check.shapes_off);
                Budget::use(&left_[check.rule]);
                if (observer_ != nullptr) observer_->begin(check.rule);
                check.run(collector_, node);
            }
            return at;
        } catch (const std::exception& error) {
            any_given_up_ = true;
            given_up_.set(checks[at].rule);
            reasons_.push_back({checks[at].rule, error.what()});
            collector_.last_operation = {};
            return at + 1;
        }
    }

    const ActiveChecks& checks_;
    Collector& collector_;
    RuleObserver* const observer_;
    std::array<std::uint64_t, kMaxRules> left_;
    bool any_given_up_ = false;
    std::bitset<kMaxRules> given_up_;
    std::vector<GivenUpRule> reasons_;
};

bool covers(const Suppression& suppression, const Diagnostic& diagnostic) {
    const auto on_line = [&](std::uint32_t offset) {
        return suppression.line_begin <= offset && offset <= suppression.line_end;
    };
    const std::uint32_t last =
        diagnostic.span.end > diagnostic.span.begin ? diagnostic.span.end - 1 : diagnostic.span.end;
    return on_line(diagnostic.span.begin) || on_line(last);
}

bool silences(const Suppression& suppression, const Diagnostic& finding, std::vector<bool>* used) {
    const std::size_t rule = finding.rule;
    if (suppression.all)
        return suppression.form != Suppression::Form::TypeChecker || has_type_checker_alias(rule);
    bool any = false;
    for (std::size_t i = 0; i < suppression.codes_text.size(); ++i) {
        const std::string& code = suppression.codes_text[i];
        // A type checker's ignore names its own codes only.
        if (suppression.form == Suppression::Form::TypeChecker && find_rule(code) &&
            std::find(catalog()[rule].info.aliases.begin(), catalog()[rule].info.aliases.end(),
                      code) == catalog()[rule].info.aliases.end())
            continue;
        if (!code_means(code, rule, finding.shape)) continue;
        any = true;
        if (used != nullptr) (*used)[i] = true;
    }
    return any;
}

/// Reports an own suppression that silenced nothing, or those of its codes that did not.
void report_unused(Collector& collector, const Tree& tree, const Suppression& suppression,
                   const std::vector<bool>& used) {
    const bool whole = std::none_of(used.begin(), used.end(), [](bool u) { return u; });
    if (whole) {
        std::uint32_t begin = suppression.comment.begin;
        while (begin > 0 && (tree.text()[begin - 1] == ' ' || tree.text()[begin - 1] == '\t'))
            --begin;
        std::uint32_t end = suppression.comment.end;
        const std::string_view text = tree.text();
        if (end < text.size() && text[end] == '#') {
            begin = suppression.comment.begin; // the comment behind it takes its place
        } else if (begin == 0 || text[begin - 1] == '\n' || text[begin - 1] == '\r') {
            if (end < text.size() && text[end] == '\r') ++end;
            if (end < text.size() && text[end] == '\n') ++end;
        }
        collector.report(suppression.comment, "this suppression silences nothing; remove it")
            .fix("Remove the unused suppression", Applicability::Safe, {{Span{begin, end}, ""}})
            .unnecessary();
        return;
    }
    for (std::size_t i = 0; i < used.size(); ++i) {
        if (used[i]) continue;
        std::string kept;
        for (std::size_t k = 0; k < used.size(); ++k)
            if (used[k]) kept += (kept.empty() ? "" : ", ") + suppression.codes_text[k];
        collector
            .report(suppression.code_spans[i],
                    "`" + suppression.codes_text[i] + "` silences nothing here; remove it")
            .fix("Remove the unused codes", Applicability::Safe, {{suppression.codes, kept}})
            .unnecessary();
    }
}

} // namespace

std::size_t unused_suppression_rule() {
    static const std::size_t index = find_rule("unused-suppression").value_or(catalog().size());
    return index;
}

namespace {
template <typename Value, typename Less>
void make_set(std::vector<Value>& values, Less less) {
    std::sort(values.begin(), values.end(), less);
    values.erase(std::unique(values.begin(), values.end()), values.end());
}
} // namespace

std::shared_ptr<const RegionResult> run_rules(Evaluator& evaluator, std::uint32_t slot,
                                              const Settings& settings, RuleObserver* observer,
                                              std::span<const Rule> rules) {
    auto result = std::make_shared<RegionResult>();
    const RegionModel& model = evaluator.model(slot);
    const Region& region = model.region();
    const Tree& tree = region.tree;
    std::vector<RegionFinding> found;
    Collector collector(model, settings, found);
    std::bitset<kMaxRules> given_up;
    if (region.clean() && !region.python2) {
        evaluator.note_inputs(&result->inputs);
        Checking checking(ActiveChecks::get(settings, rules), collector, observer);
        checking.run();
        evaluator.note_inputs(nullptr);
        given_up = checking.given_up();
        result->given_up = checking.take_reasons();
        if (given_up.any())
            std::erase_if(found, [&](const RegionFinding& finding) {
                return given_up[finding.diagnostic.rule];
            });
        ResultInputs& inputs = result->inputs;
        make_set(inputs.demands, [](const SummaryDemand& a, const SummaryDemand& b) {
            return std::tuple(a.question, a.slot, a.index) <
                   std::tuple(b.question, b.slot, b.index);
        });
        make_set(inputs.sources, std::less<>{});
        make_set(inputs.names, std::less<>{});
    }
    const std::vector<Suppression> suppressions = find_suppressions(tree);
    if (!suppressions.empty()) {
        std::vector<std::vector<bool>> used;
        for (const Suppression& suppression : suppressions)
            used.emplace_back(std::max<std::size_t>(suppression.codes_text.size(), 1), false);
        std::vector<RegionFinding> kept;
        for (RegionFinding& finding : found) {
            bool silenced = false;
            for (std::size_t i = 0; i < suppressions.size(); ++i) {
                if (suppressions[i].file || !covers(suppressions[i], finding.diagnostic)) continue;
                if (!silences(suppressions[i], finding.diagnostic,
                              suppressions[i].all ? nullptr : &used[i]))
                    continue;
                if (suppressions[i].all) used[i][0] = true;
                silenced = true;
            }
            if (!silenced) kept.push_back(std::move(finding));
        }
        found = std::move(kept);
        const std::size_t unused = unused_suppression_rule();
        for (std::size_t i = 0; i < suppressions.size(); ++i) {
            const Suppression& suppression = suppressions[i];
            if (suppression.file) {
                if (suppression.all) result->ignores_file = true;
                for (const std::string& code : suppression.codes_text)
                    result->ignores_file_rules.push_back(code);
                continue;
            }
            // A rule that is off, or syntax that is broken, gives a suppression nothing to do.
            if (suppression.form != Suppression::Form::Own || !region.clean() || region.python2)
                continue;
            if (unused >= catalog().size() || !settings.enabled[unused]) continue;
            bool idle = false;
            for (const std::string& code : suppression.codes_text) {
                const std::vector<std::size_t> meant = select_rules(code);
                const auto runs = [&](std::size_t rule) {
                    const auto off = settings.shapes_off.find(rule);
                    const unsigned left =
                        off == settings.shapes_off.end() ? 0xffU : ~unsigned{off->second};
                    return settings.enabled[rule] && !given_up[rule] &&
                           (selected_shapes(code, rule) & left) != 0;
                };
                idle = idle || (!meant.empty() && std::none_of(meant.begin(), meant.end(), runs));
            }
            if (idle || std::all_of(used[i].begin(), used[i].end(), [](bool u) { return u; }))
                continue;
            collector.start(static_cast<std::uint16_t>(unused));
            report_unused(collector, tree, suppression, used[i]);
        }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const RegionFinding& a, const RegionFinding& b) {
                         if (a.diagnostic.span.begin != b.diagnostic.span.begin)
                             return a.diagnostic.span.begin < b.diagnostic.span.begin;
                         return a.diagnostic.rule < b.diagnostic.rule;
                     });
    for (RegionFinding& finding : found) finding.diagnostic.region = region.id;
    result->findings = std::move(found);
    return result;
}

} // namespace awaitls::analysis
