#pragma once

// The ways that control can take through a function or a block: a graph of steps, on which rules ask what happens always,
// maybe or never before something else.

#include "analysis/semantic/model.h"
#include "analysis/syntax/node.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace awaitls::analysis {

enum class StepKind : std::uint8_t {
    Entry,     // where the block begins; step 0
    Join,      // ways meet; nothing happens
    Statement, // a simple statement, once its expressions are evaluated; a Try, when it is entered
    Call,      // what is called begins
    Await,
    Yield, // also `yield from`
    Next,  // a For or CompFor asks its iterator, also for the end
    Enter, // a WithItem is entered
    Leave, // and left, on whatever way
    End,   // the end of the block is reached
    Return,
    Raise,    // an exception leaves the block
    Break,    // a loop around the block is left
    Continue, // or goes on
};

using StepId = std::uint32_t;
inline constexpr StepId kNoStep = 0xffffffffU;

struct Step {
    StepKind kind;
    NodeId node; // kNoNode for Entry, Join, End and the four ways out
    /// Where control goes if the step raises an exception that is no `raise` of the block itself; kNoStep: nowhere that counts.
    StepId raises = kNoStep;
};

/// How often something happens on the ways through a block.
enum class Occurrence : std::uint8_t { Never, Maybe, Always };

/// What the syntax does not tell. Empty functions say no.
struct FlowFacts {
    std::function<bool(NodeId value)>
        suppresses; // the manager of a WithItem may swallow exceptions
    std::function<bool(NodeId call)> never_returns;
};

/// Built once, immutable. The worst is assumed of exceptions: every step may raise before it has had any effect (a `yield`
/// after it: the exception comes from outside), and a handler that does not catch everything may let it pass. Only while an
/// exception is being handled (`except`, `finally`, `__exit__`) no other is expected, but from `yield` and `raise`.
/// Statements behind a `return` and the like have no steps. What stands in nested functions, and in a generator expression
/// behind its first iterable, is not run here.
///
/// Total and linear: of every `finally` there is a copy for each way that leads through it, up to a limit for the whole graph.
class Flow {
public:
    /// `block`: a Block, or a Lambda's body.
    Flow(const Tree& tree, NodeId block, const FlowFacts& facts = {});

    /// False where the code is nested too deep or too large: nothing is known of it, and occurrence() says Maybe.
    bool complete() const { return complete_; }

    const std::vector<Step>& steps() const { return steps_; }
    const Step& operator[](StepId step) const { return steps_[step]; }
    /// The steps that may come next, not counting Step::raises.
    std::span<const StepId> after(StepId step) const {
        return {targets_.data() + first_[step], targets_.data() + first_[step + 1]};
    }

    static constexpr StepId kEntry = 0;
    StepId end() const { return kEntry + 1; }
    StepId returned() const { return kEntry + 2; }
    StepId raised() const { return kEntry + 3; }
    StepId broken() const { return kEntry + 4; }
    StepId continued() const { return kEntry + 5; }

    /// Whether a way ends at a step: what is behind it is not looked at.
    using Stops = std::function<bool(const Step& step)>;

    /// For each step the source from which a way leads to it, kNoStep where none does. Ways begin behind the sources and
    /// end at steps that stop them, which are themselves reached. A source is not reached by standing there.
    std::vector<StepId> reached(std::span<const StepId> sources, const Stops& stops) const;
    /// The steps from which a way leads to a target, with none that stops it in between. The step itself does not count as
    /// being in between, unless it raises before its effect.
    std::vector<bool> reaching(std::span<const StepId> targets, const Stops& stops) const;

    /// Whether control meets a step that `counts` between a step and the end at another. Ways that lead elsewhere, or
    /// nowhere, do not count; with kNoStep as the end all do.
    Occurrence occurrence(StepId from, StepId to, const Stops& counts) const;

    /// The steps of a node; more than one in copies of `finally`.
    std::vector<StepId> steps_of(NodeId node, StepKind kind) const;

    /// The step at which a WithItem is left when the end of its block was reached, in a flow of its With; kNoStep where the end
    /// is not reached.
    StepId left(NodeId with_item) const;

private:
    friend class FlowBuilder;

    std::vector<Step> steps_;
    std::vector<StepId> targets_; // by step, from first_[step] on
    std::vector<std::uint32_t> first_;
    bool complete_ = true;
};

/// With what the model knows: `contextlib.suppress` swallows, `sys.exit()` does not return.
Flow flow_of(const Model& model, NodeId block, FlowFacts facts = {});

/// The call certainly does not return: it ends the program, or is annotated so.
bool never_returns(const Model& model, NodeId call);

/// The body of a `for` over this iterable runs at least once: a literal that is not empty, a `range` of numbers.
bool iterates_at_least_once(const Tree& tree, NodeId iterable);
/// The test is a literal that is true.
bool is_always_true(const Tree& tree, NodeId test);
/// The Case matches whatever comes to it, but for its guard.
bool is_irrefutable(const Tree& tree, NodeId match_case);

} // namespace awaitls::analysis
