#pragma once

// A rule: what it is called, what it says, when it fires and how it is mended. One file per rule under
// rules/<category>/; rules/catalog.cpp lists them all.

#include "analysis/diagnostic.h"
#include "analysis/rules/budget.h"
#include "analysis/semantic/blocking.h"
#include "analysis/semantic/model.h"
#include "analysis/settings.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Whether findings of a rule come with an edit.
enum class FixAvailability : std::uint8_t { None, Sometimes, Always };

/// Rank in the guide's review vocabulary.
enum class ReviewSeverity : std::uint8_t { None, Critical, Major, Minor };

/// A part of a rule's findings that other tools have codes for.
struct Shape {
    /// Select and silence this shape only.
    std::vector<std::string_view> codes = {};
    /// What other tools report under the codes although it can do no harm, in words ("handlers in sync code"): this shape
    /// holds such findings, and only a whole code in `select` asks for them. Empty: the shape is the rule's own.
    std::string_view beyond = {};
};

struct RuleInfo {
    std::string_view name; // kebab-case; the code of its findings
    Category category;
    Severity severity;
    ReviewSeverity review = ReviewSeverity::None;
    bool on_by_default = true;
    FixAvailability fix = FixAvailability::None;
    /// Codes of the same problem in other tools, most used first: "ASYNC251", "RUF006", "S7488", "reportUnusedCoroutine".
    std::vector<std::string_view> aliases = {};
    /// Where another tool has codes for parts of the rule, or for more than the rule: the shapes of findings, which
    /// Finding::shape() names. An alias that stands in no shape of the rule's own means all of those. At most 8.
    std::vector<Shape> shapes = {};
    std::string_view summary; // one sentence, what it finds
    /// Oldest Python that the rule makes sense for.
    PythonVersion since{3, 0};
    std::vector<std::string_view> options = {}; // keys of [tool.awaitls] that it reads
    /// Markdown: what goes wrong at run time and why it matters; `## Bad` and `## Good` with fenced python examples (each Bad
    /// example marks its finding with `# error: rule-name` at the end of the line), `## Fix`, `## When not to follow it`,
    /// `## Differences` to other tools, where there is something to say. Examples are runnable and are executed as tests.
    std::string_view doc;
};

class RuleContext;

/// Collects one finding; delivered when it goes out of scope. Node positions are those of the rule's region.
class Finding {
public:
    Finding(RuleContext* context, Span span, std::string message);
    ~Finding();
    Finding(Finding&&) noexcept;
    Finding& operator=(Finding&&) = delete;

    Finding& related(Span span, std::string message); // a place in this region
    Finding& related(const Region& region, Span span, std::string message);
    Finding& chain(const BlockingChain& chain); // its steps as related places
    Finding& severity(Severity severity);       // other than the rule's default
    Finding& confidence(Confidence confidence); // Likely findings show only under that strictness
    Finding& fix(std::string title, Applicability applicability, std::vector<Edit> edits,
                 std::vector<std::string> imports =
                     {}); // edits in region offsets, any order, disjoint; none: no fix
    /// The same with edits in other regions of the file, each in offsets of its own.
    struct RegionEdit {
        const Region* region;
        Edit edit;
    };
    Finding& fix(std::string title, Applicability applicability, std::vector<RegionEdit> edits,
                 std::vector<std::string> imports = {});
    Finding& unnecessary();
    Finding& shape(std::size_t index); // in RuleInfo::shapes; the first without

private:
    friend class RuleContext;
    RuleContext* context_;
    Diagnostic diagnostic_;
    std::vector<const Region*> related_regions_;
    Confidence confidence_ = Confidence::Certain;
};

/// What a rule's check works with. Findings inside damaged syntax are dropped by the driver.
class RuleContext {
public:
    RuleContext(const Model& seen, std::uint16_t rule)
        : model(seen), tree(seen.tree()), rule_(rule) {}
    virtual ~RuleContext() = default;

    const Model& model;
    const Tree& tree;

    Finding report(NodeId node, std::string message) {
        return {this, tree[node].span(), std::move(message)};
    }
    Finding report(Span span, std::string message) { return {this, span, std::move(message)}; }
    /// The values of an option of this rule; empty where it is not set.
    const std::vector<std::string>& option(std::string_view key) const;
    /// Findings of this shape are asked for.
    bool wants(std::size_t shape) const { return (shapes_off_ >> shape & 1U) == 0; }
    bool target_at_least(std::uint8_t major, std::uint8_t minor) const {
        return model.settings().target_version >= PythonVersion{major, minor};
    }
    std::string text(NodeId node) const { return std::string(tree.text(node)); }

    /// What operation_on_loop() found at the node that it was asked for last: the blocking rules all ask for the same.
    struct LastOperation {
        NodeId node = kNoNode;
        std::optional<BlockingOperation> operation;
    };
    mutable LastOperation last_operation;
    /// Likewise of coroutine_made_by().
    struct LastCoroutine {
        NodeId node = kNoNode;
        Type type = nullptr;
    };
    mutable LastCoroutine last_coroutine;

    virtual void deliver(Diagnostic&& diagnostic, std::vector<const Region*>&& related_regions,
                         Confidence confidence) = 0;

protected:
    friend class Finding;
    std::uint16_t rule_;
    std::uint8_t shapes_off_ = 0; // of the rule, as in Settings
};

struct Rule {
    RuleInfo info;
    /// The node kinds that check() wants to see, once for each such node of a region, in text order.
    std::vector<Kind> kinds;
    void (*check)(RuleContext& context, NodeId node);
};

// Pieces of fixes that many rules share (rules/edits.cpp) --------------------------------------------------

/// `await` may be written around the node: it is in an async function, and not in a lambda, class body, default value,
/// generator expression, or (before Python 3.11) in a comprehension within a comprehension.
bool can_await(const Model& model, NodeId node);

/// Edits that turn `expr` into `await expr`, with parentheses where Python's precedence asks for them
/// (`f().x` -> `(await f()).x`, `not f()` -> `not await f()`, `f() ** 2` -> `(await f()) ** 2`).
std::vector<Edit> insert_await(const Tree& tree, NodeId expression);

/// Edits that turn the call `f(a, k=b)` into `await asyncio.to_thread(f, a, k=b)`, in the form of the file's async
/// library (anyio and trio take no keywords: functools.partial is used) or its own wrapper. Empty where it cannot be written.
/// Requires: `call` is a Call in an async function that is not awaited.
struct ThreadEdit {
    std::vector<Edit> edits;
    std::vector<std::string> imports;
    std::string title; // "Run `f` in a thread with `asyncio.to_thread`"
};
ThreadEdit hand_to_thread(const Model& model, NodeId call);

/// The canonical name as people write it: "open" for "builtins.open", "Path.exists" stays "pathlib.Path.exists".
std::string display_name(std::string_view qualified_name);
/// The callee as the user wrote it, shortened to one line of at most 60 characters.
std::string callee_text(const Tree& tree, NodeId call);

} // namespace awaitls::analysis
