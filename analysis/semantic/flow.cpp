#include "analysis/semantic/flow.h"

#include "analysis/semantic/region.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace awaitls::analysis {

namespace {

/// Nested statements and expressions that branch. Python itself refuses a hundred levels of indentation.
constexpr int kMaxNesting = 150;
/// For each node of the syntax: code without `finally` needs less than one step a node.
constexpr std::size_t kStepsPerNode = 4;
constexpr std::size_t kFewSteps = 256;

/// How a block is left before its end, in the order of the steps where these ways end.
enum class Way : std::uint8_t { Return, Raise, Break, Continue };
constexpr std::size_t kWays = 4;
constexpr std::array kTerminals{StepKind::End, StepKind::Return, StepKind::Raise, StepKind::Break,
                                StepKind::Continue};

/// What a way out of a block meets, from the inside.
struct Frame {
    enum class Kind : std::uint8_t {
        Loop,     // ends `break` and `continue`
        Handlers, // gets what is raised
        Cleanup,  // a `finally` or `__exit__` that all ways lead through
        Handling, // an exception is on its way
    };
    Kind kind;
    Frame* outer;
    StepId broken = kNoStep;    // Loop
    StepId continued = kNoStep; // Loop
    StepId dispatch = kNoStep;  // Handlers
    std::array<StepId, kWays> ways{kNoStep, kNoStep, kNoStep,
                                   kNoStep}; // Cleanup: where its copies begin
};

bool is_structured(Kind kind) {
    switch (kind) {
    case Kind::BoolOp:
    case Kind::Conditional:
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::DictComp:
    case Kind::Generator:
    case Kind::Lambda:
    case Kind::Assign:
    case Kind::AnnAssign: return true;
    default: return false;
    }
}

/// An expression like `e`, `*e`, `**e` of a literal collection: whether it adds an element for certain.
bool adds_element(const Tree& tree, NodeId element, int depth);

bool is_nonempty_literal(const Tree& tree, NodeId node, int depth) {
    if (node == kNoNode || depth > kMaxNesting) return false;
    switch (tree.kind(node)) {
    case Kind::List:
    case Kind::Tuple:
    case Kind::Set:
    case Kind::Dict:
        for (const NodeId element : tree.children(node))
            if (adds_element(tree, element, depth + 1)) return true;
        return false;
    case Kind::String: {
        if (tree[node].has(node_flag::kFormat)) return false;
        if (tree.child(node, Kind::String) != kNoNode) {
            for (const NodeId part : tree.children(node))
                if (is_nonempty_literal(tree, part, depth + 1)) return true;
            return false;
        }
        std::string_view text = tree.text(node);
        const std::size_t quote = text.find_first_of("\"'");
        if (quote == std::string_view::npos) return false;
        text.remove_prefix(quote);
        const bool triple = text.size() >= 6 && text[1] == text[0] && text[2] == text[0];
        return text.size() > (triple ? 6U : 2U);
    }
    default: return false;
    }
}

bool adds_element(const Tree& tree, NodeId element, int depth) {
    if (!tree.is(element, Kind::Starred) && !tree.is(element, Kind::DoubleStarred)) return true;
    const NodeId value = tree.child(element, Role::Value);
    return value != kNoNode && depth <= kMaxNesting &&
           (is_nonempty_literal(tree, value, depth) || iterates_at_least_once(tree, value));
}

/// The number of an argument of `range`.
std::optional<double> whole_number(const Tree& tree, NodeId node) {
    if (tree.is(node, Kind::Unary) && static_cast<Op>(tree[node].op) == Op::Invert) {
        const NodeId operand = tree.child(node, Role::Value);
        if (!tree.is(operand, Kind::Integer)) return std::nullopt;
        const std::optional<double> value = number_value(tree, operand);
        if (!value) return std::nullopt;
        return -*value - 1;
    }
    const std::optional<double> value = number_value(tree, node);
    return value && std::floor(*value) == *value ? value : std::nullopt;
}

} // namespace

bool iterates_at_least_once(const Tree& tree, NodeId iterable) {
    if (iterable == kNoNode) return false;
    if (!tree.is(iterable, Kind::Call)) return is_nonempty_literal(tree, iterable, 0);
    const NodeId callee = tree.child(iterable, Role::Callee);
    if (!tree.is(callee, Kind::Name) || tree.text(callee) != "range") return false;
    bool starred = false;
    const int count = positional_count(tree, iterable, starred);
    if (starred || count < 1 || count > 3 ||
        argument_values(tree, iterable).size() != static_cast<std::size_t>(count))
        return false;
    std::array<double, 3> numbers{0, 0, 1};
    for (int i = 0; i < count; ++i) {
        const std::optional<double> number = whole_number(tree, argument(tree, iterable, i, {}));
        if (!number) return false;
        numbers[static_cast<std::size_t>(i)] = *number;
    }
    if (count == 1) numbers = {0, numbers[0], 1};
    const auto& [start, stop, step] = numbers;
    return step > 0 ? start < stop : step < 0 && start > stop;
}

bool is_always_true(const Tree& tree, NodeId test) {
    if (test == kNoNode) return false;
    if (tree.is(test, Kind::True)) return true;
    const std::optional<double> number = number_value(tree, test);
    return number && *number != 0;
}

bool is_irrefutable(const Tree& tree, NodeId match_case) {
    const NodeId pattern = tree.child(match_case, Kind::Pattern);
    if (pattern == kNoNode) return false;
    std::string_view text = tree.text(pattern);
    while (text.size() >= 2 && text.front() == '(' && text.back() == ')')
        text = text.substr(1, text.size() - 2);
    if (text.empty() || text == "None" || text == "True" || text == "False" ||
        (text[0] >= '0' && text[0] <= '9'))
        return false;
    return std::all_of(text.begin(), text.end(), [](char c) {
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
               (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    });
}

class FlowBuilder {
public:
    FlowBuilder(const Tree& tree, const FlowFacts& facts, NodeId block, Flow& flow)
        : tree_(tree),
          facts_(facts),
          flow_(flow),
          limit_((tree[block].next - block) * kStepsPerNode + kFewSteps) {
        flow_.steps_.push_back({StepKind::Entry, kNoNode});
        for (const StepKind kind : kTerminals) flow_.steps_.push_back({kind, kNoNode});
        entered_.assign(flow_.steps_.size(), false);
    }

    void build(NodeId block) {
        statement(block);
        connect(current_, flow_.end());
        if (!flow_.complete_) {
            flow_.steps_.resize(1 + kTerminals.size());
            edges_.clear();
        }
        arrange();
    }

private:
    // Steps and edges ---------------------------------------------------------------------------------

    StepId add(StepKind kind, NodeId node) {
        if (flow_.steps_.size() >= limit_) {
            flow_.complete_ = false;
            current_ = kNoStep;
            return kNoStep;
        }
        StepId raises = kNoStep;
        if (kind == StepKind::Yield) // The exception comes from outside, whatever is being handled.
            raises = route(Way::Raise, frame_);
        else if (kind != StepKind::Join)
            raises = unexpected();
        const StepId step = static_cast<StepId>(flow_.steps_.size());
        flow_.steps_.push_back({kind, node, raises});
        entered_.push_back(false);
        if (raises != kNoStep) entered_[raises] = true;
        return step;
    }

    StepId join() { return add(StepKind::Join, kNoNode); }

    void connect(StepId from, StepId to) {
        if (from == kNoStep || to == kNoStep) return;
        edges_.emplace_back(from, to);
        entered_[to] = true;
    }

    void emit(StepKind kind, NodeId node) {
        if (current_ == kNoStep) return;
        const StepId before = current_;
        const StepId step = add(kind, node);
        connect(before, step);
        current_ = step;
    }

    /// Goes on at a step that others lead to; where none does, nothing runs from here.
    void enter(StepId step) { current_ = step != kNoStep && entered_[step] ? step : kNoStep; }

    void leave(Way way) {
        connect(current_, route(way, frame_));
        current_ = kNoStep;
    }

    /// Where a way out leads. Makes the copies of what it leads through.
    StepId route(Way way, Frame* frame) {
        const std::size_t index = static_cast<std::size_t>(way);
        for (; frame != nullptr; frame = frame->outer) {
            switch (frame->kind) {
            case Frame::Kind::Loop:
                if (way == Way::Break) return frame->broken;
                if (way == Way::Continue) return frame->continued;
                break;
            case Frame::Kind::Handlers:
                if (way == Way::Raise) return frame->dispatch;
                break;
            case Frame::Kind::Cleanup:
                if (frame->ways[index] == kNoStep) frame->ways[index] = join();
                return frame->ways[index];
            case Frame::Kind::Handling: break;
            }
        }
        return flow_.returned() + static_cast<StepId>(index);
    }

    /// Where an exception goes that no `raise` announces.
    StepId unexpected() {
        for (Frame* frame = frame_; frame != nullptr; frame = frame->outer) {
            if (frame->kind == Frame::Kind::Handling) return kNoStep;
            if (frame->kind != Frame::Kind::Loop) return route(Way::Raise, frame);
        }
        return flow_.raised();
    }

    void arrange() {
        const std::size_t count = flow_.steps_.size();
        flow_.first_.assign(count + 1, 0);
        for (const auto& [from, to] : edges_) ++flow_.first_[from + 1];
        for (std::size_t i = 0; i < count; ++i) flow_.first_[i + 1] += flow_.first_[i];
        flow_.targets_.resize(edges_.size());
        std::vector<std::uint32_t> next(flow_.first_.begin(), flow_.first_.end() - 1);
        for (const auto& [from, to] : edges_) flow_.targets_[next[from]++] = to;
    }

    class Nesting {
    public:
        explicit Nesting(FlowBuilder& builder) : builder_(builder) {
            if (++builder_.depth_ > kMaxNesting) {
                builder_.flow_.complete_ = false;
                builder_.current_ = kNoStep;
            }
        }
        ~Nesting() { --builder_.depth_; }
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

    private:
        FlowBuilder& builder_;
    };

    class InFrame {
    public:
        InFrame(FlowBuilder& builder, Frame& frame) : builder_(builder) { builder.frame_ = &frame; }
        ~InFrame() { builder_.frame_ = builder_.frame_->outer; }
        InFrame(const InFrame&) = delete;
        InFrame& operator=(const InFrame&) = delete;

    private:
        FlowBuilder& builder_;
    };

    // Expressions -------------------------------------------------------------------------------------

    void finish(NodeId node) {
        switch (tree_.kind(node)) {
        case Kind::Await: {
            emit(StepKind::Await, node);
            const NodeId call = tree_.child(node, Role::Value);
            if (tree_.is(call, Kind::Call)) stop_at(call);
            return;
        }
        case Kind::Yield:
        case Kind::YieldFrom: return emit(StepKind::Yield, node);
        default: break;
        }
        emit(StepKind::Call, node);
        if (!is_awaited(tree_, node)) stop_at(node);
    }

    void stop_at(NodeId call) {
        if (current_ != kNoStep && facts_.never_returns && facts_.never_returns(call))
            leave(Way::Raise);
    }

    /// In the order of evaluation; only what branches is followed by recursion.
    void expression(NodeId root) {
        if (root == kNoNode || current_ == kNoStep) return;
        std::vector<NodeId> open; // nodes that are a step once their parts are evaluated
        const auto close = [&](NodeId at) {
            while (!open.empty() && tree_[open.back()].next <= at) {
                finish(open.back());
                open.pop_back();
            }
        };
        for (NodeId node = root; node < tree_[root].next;) {
            close(node);
            const Kind kind = tree_.kind(node);
            if (is_structured(kind)) {
                structured(node);
                node = tree_[node].next;
                continue;
            }
            if (kind == Kind::Await || kind == Kind::Yield || kind == Kind::YieldFrom ||
                kind == Kind::Call)
                open.push_back(node);
            ++node;
        }
        close(tree_[root].next);
    }

    void structured(NodeId node) {
        const Nesting nesting(*this);
        if (current_ == kNoStep) return;
        switch (tree_.kind(node)) {
        case Kind::Assign:
        case Kind::AnnAssign:
            expression(tree_.child(node, Role::Value));
            for (const NodeId child : tree_.children(node))
                if (tree_.role(child) != Role::Value) expression(child);
            return;
        case Kind::BoolOp: {
            const StepId behind = join();
            condition(node, behind, behind, false);
            return enter(behind);
        }
        case Kind::Conditional: {
            const StepId yes = join();
            const StepId no = join();
            const StepId behind = join();
            condition(tree_.child(node, Role::Test), yes, no, false);
            enter(yes);
            expression(tree_.child(node, Role::Body));
            connect(current_, behind);
            enter(no);
            expression(tree_.child(node, Role::OrElse));
            connect(current_, behind);
            return enter(behind);
        }
        case Kind::Lambda:
            for (const NodeId child : tree_.children(node))
                if (tree_.role(child) != Role::Body) expression(child);
            return;
        case Kind::Generator: {
            const NodeId first = tree_.child(node, Kind::CompFor);
            if (first != kNoNode) expression(tree_.child(first, Role::Iter));
            return;
        }
        default: return comprehension(node);
        }
    }

    /// Nested loops, with their tests, around the element.
    void comprehension(NodeId node) {
        StepId end = join(); // of the round of the innermost loop so far; first of the whole
        const StepId behind = end;
        for (const NodeId child : tree_.children(node)) {
            if (tree_.is(child, Kind::CompFor)) {
                expression(tree_.child(child, Role::Iter));
                const bool once = !tree_[child].is_async() &&
                                  iterates_at_least_once(tree_, tree_.child(child, Role::Iter));
                const StepId next = add(StepKind::Next, child);
                const StepId body = join();
                connect(current_, once ? body : next);
                connect(next, body);
                connect(next, end);
                enter(body);
                end = next;
            } else if (tree_.is(child, Kind::CompIf)) {
                const StepId passed = join();
                condition(tree_.child(child, Role::Test), passed, end, false);
                enter(passed);
            }
        }
        for (const NodeId child : tree_.children(node))
            if (!tree_.is(child, Kind::CompFor) && !tree_.is(child, Kind::CompIf))
                expression(child);
        connect(current_, end);
        enter(behind);
    }

    /// Leads to one of the two steps by what the test says, as far as evaluation is cut short by it.
    void condition(NodeId test, StepId yes, StepId no, bool of_loop) {
        const Nesting nesting(*this);
        if (current_ == kNoStep) return;
        if (tree_.is(test, Kind::Not))
            return condition(tree_.child(test, Role::Value), no, yes, false);
        if (tree_.is(test, Kind::BoolOp)) {
            const auto op = static_cast<Op>(tree_[test].op);
            std::vector<NodeId> operands; // the last first
            NodeId left = test;
            while (tree_.is(left, Kind::BoolOp) && static_cast<Op>(tree_[left].op) == op) {
                operands.push_back(tree_.child(left, Role::Right));
                left = tree_.child(left, Role::Left);
            }
            operands.push_back(left);
            while (operands.size() > 1) {
                const StepId next = join();
                condition(operands.back(), op == Op::And ? next : yes, op == Op::And ? no : next,
                          false);
                enter(next);
                operands.pop_back();
            }
            return condition(operands.back(), yes, no, false);
        }
        expression(test);
        connect(current_, yes);
        if (!of_loop || !is_always_true(tree_, test)) connect(current_, no);
    }

    // Statements --------------------------------------------------------------------------------------

    void body_of(NodeId node) {
        if (node != kNoNode) statement(tree_.child(node, Role::Body));
    }

    void statement(NodeId node) {
        if (node == kNoNode || current_ == kNoStep) return;
        const Nesting nesting(*this);
        if (current_ == kNoStep) return;
        switch (tree_.kind(node)) {
        case Kind::Module:
        case Kind::Block:
            for (const NodeId child : tree_.children(node)) {
                statement(child);
                if (current_ == kNoStep) return;
            }
            return;
        case Kind::If: return branches(node);
        case Kind::For: return for_loop(node);
        case Kind::While: return while_loop(node);
        case Kind::With: return with(node, tree_.first_child(node));
        case Kind::Match: return match(node);
        case Kind::Try: return try_statement(node);
        case Kind::FunctionDef:
        case Kind::ClassDef:
            for (const NodeId child : tree_.children(node))
                if (tree_.role(child) != Role::Body) expression(child);
            return emit(StepKind::Statement, node);
        default: break;
        }
        expression(node);
        if (tree_.role(node) != Role::Statement) return;
        emit(StepKind::Statement, node);
        switch (tree_.kind(node)) {
        case Kind::Return: return leave(Way::Return);
        case Kind::Raise: return leave(Way::Raise);
        case Kind::Break: return leave(Way::Break);
        case Kind::Continue: return leave(Way::Continue);
        default: return;
        }
    }

    void branches(NodeId node) {
        const StepId behind = join();
        const auto branch = [&](NodeId part) {
            const StepId yes = join();
            const StepId no = join();
            condition(tree_.child(part, Role::Test), yes, no, false);
            enter(yes);
            body_of(part);
            connect(current_, behind);
            enter(no);
        };
        branch(node);
        for (const NodeId child : tree_.children(node)) {
            if (tree_.is(child, Kind::Elif)) branch(child);
            if (tree_.is(child, Kind::Else)) body_of(child);
        }
        connect(current_, behind);
        enter(behind);
    }

    void while_loop(NodeId node) {
        const StepId test = join();
        const StepId body = join();
        const StepId otherwise = join();
        const StepId behind = join();
        connect(current_, test);
        enter(test);
        condition(tree_.child(node, Role::Test), body, otherwise, true);
        enter(body);
        {
            Frame loop{Frame::Kind::Loop, frame_, behind, test};
            const InFrame in(*this, loop);
            body_of(node);
        }
        connect(current_, test);
        enter(otherwise);
        body_of(tree_.child(node, Kind::Else));
        connect(current_, behind);
        enter(behind);
    }

    void for_loop(NodeId node) {
        const NodeId iterable = tree_.child(node, Role::Iter);
        expression(iterable);
        if (current_ == kNoStep) return;
        const bool once = !tree_[node].is_async() && iterates_at_least_once(tree_, iterable);
        const StepId next = add(StepKind::Next, node);
        const StepId body = join();
        const StepId otherwise = join();
        const StepId behind = join();
        connect(current_, once ? body : next);
        enter(once ? body : next);
        if (!once) {
            connect(next, body);
            enter(body);
        }
        {
            Frame loop{Frame::Kind::Loop, frame_, behind, next};
            const InFrame in(*this, loop);
            expression(tree_.child(node, Role::Target));
            body_of(node);
        }
        connect(current_, next);
        if (next != kNoStep && entered_[next]) {
            if (once) connect(next, body);
            connect(next, otherwise);
        }
        enter(otherwise);
        body_of(tree_.child(node, Kind::Else));
        connect(current_, behind);
        enter(behind);
    }

    /// From one item on; the next ones stand within it.
    void with(NodeId node, NodeId item) {
        while (item != kNoNode && !tree_.is(item, Kind::WithItem)) item = tree_.next_sibling(item);
        if (item == kNoNode) return body_of(node);
        const Nesting nesting(*this);
        const NodeId value = tree_.child(item, Role::Value);
        expression(value);
        emit(StepKind::Enter, item);
        if (current_ == kNoStep) return;
        Frame cleanup{Frame::Kind::Cleanup, frame_};
        {
            const InFrame in(*this, cleanup);
            expression(tree_.child(item, Role::Target));
            with(node, tree_.next_sibling(item));
        }
        const StepId behind = join();
        emit(StepKind::Leave, item);
        connect(current_, behind);
        copies(cleanup, [&](Way way) {
            emit(StepKind::Leave, item);
            if (way == Way::Raise && value != kNoNode && facts_.suppresses &&
                facts_.suppresses(value))
                connect(current_, behind);
        });
        enter(behind);
    }

    /// What ways out lead through: built once for each, by `make`.
    template <typename Make>
    void copies(const Frame& cleanup, Make make) {
        for (std::size_t index = 0; index < kWays; ++index) {
            enter(cleanup.ways[index]);
            if (current_ == kNoStep) continue;
            const Way way = static_cast<Way>(index);
            Frame handling{Frame::Kind::Handling, frame_};
            const InFrame in(*this, handling);
            make(way);
            connect(current_, route(way, frame_));
        }
        current_ = kNoStep;
    }

    void match(NodeId node) {
        expression(tree_.child(node, Role::Value));
        const StepId behind = join();
        for (const NodeId child : tree_.children(node)) {
            if (!tree_.is(child, Kind::Case) || current_ == kNoStep) continue;
            const StepId other = join();
            const StepId body = join();
            if (!is_irrefutable(tree_, child)) connect(current_, other);
            if (const NodeId guard = tree_.child(child, Role::Test); guard != kNoNode)
                condition(guard, body, other, false);
            else
                connect(current_, body);
            enter(body);
            body_of(child);
            connect(current_, behind);
            enter(other);
        }
        connect(current_, behind);
        enter(behind);
    }

    bool catches_all(NodeId handler) const {
        const NodeId classes = tree_.child(handler, Role::Value);
        return classes == kNoNode ||
               (tree_.is(classes, Kind::Name) && tree_.text(classes) == "BaseException");
    }

    void try_statement(NodeId node) {
        const NodeId last = tree_.child(node, Kind::Finally);
        const StepId behind = join();
        Frame cleanup{Frame::Kind::Cleanup, frame_};
        if (last == kNoNode) {
            handled(node, behind);
            return enter(behind);
        }
        {
            const InFrame in(*this, cleanup);
            handled(node, behind);
        }
        enter(behind);
        body_of(last);
        const StepId ended = join();
        connect(current_, ended);
        copies(cleanup, [&](Way) { body_of(last); });
        enter(ended);
    }

    /// All but the `finally`.
    void handled(NodeId node, StepId behind) {
        Frame handlers{Frame::Kind::Handlers, frame_};
        const bool any = tree_.child(node, Kind::Except) != kNoNode;
        if (any) {
            handlers.dispatch = join();
            const InFrame in(*this, handlers);
            emit(StepKind::Statement, node);
            body_of(node);
        } else {
            emit(StepKind::Statement, node);
            body_of(node);
        }
        body_of(tree_.child(node, Kind::Else));
        connect(current_, behind);
        if (!any) return;

        enter(handlers.dispatch);
        bool open = true; // something may pass all handlers so far
        for (const NodeId child : tree_.children(node)) {
            if (!tree_.is(child, Kind::Except) || !open || current_ == kNoStep) continue;
            const StepId before = current_;
            const bool group = tree_[child].has(node_flag::kStar);
            const StepId other = join();
            connect(before, other);
            {
                Frame handling{Frame::Kind::Handling, frame_};
                const InFrame in(*this, handling);
                expression(tree_.child(child, Role::Value));
                emit(StepKind::Statement, child);
                body_of(child);
            }
            connect(current_, behind);
            // The rest of a group goes to the next handlers.
            if (group) connect(current_, other);
            open = group || !catches_all(child);
            enter(other);
        }
        if (open) connect(current_, route(Way::Raise, frame_));
        current_ = kNoStep;
    }

    const Tree& tree_;
    const FlowFacts& facts_;
    Flow& flow_;
    std::size_t limit_;
    std::vector<std::pair<StepId, StepId>> edges_;
    std::vector<bool> entered_; // by step: something leads there
    StepId current_ = Flow::kEntry;
    Frame* frame_ = nullptr;
    int depth_ = 0;
};

Flow::Flow(const Tree& tree, NodeId block, const FlowFacts& facts) {
    FlowBuilder(tree, facts, block, *this).build(block);
}

namespace {

/// An exception comes before the effect of a step, but for that which is thrown into a `yield`.
bool may_raise(const Step& step, bool stopped) {
    return step.raises != kNoStep && !(step.kind == StepKind::Yield && stopped);
}

} // namespace

std::vector<StepId> Flow::reached(std::span<const StepId> sources, const Stops& stops) const {
    std::vector<StepId> from(steps_.size(), kNoStep);
    std::vector<StepId> open;
    const auto arrive = [&](StepId step, StepId source) {
        if (from[step] != kNoStep) return;
        from[step] = source;
        open.push_back(step);
    };
    const auto follow = [&](StepId step, StepId source, bool stopped) {
        if (may_raise(steps_[step], stopped)) arrive(steps_[step].raises, source);
        if (stopped) return;
        for (const StepId next : after(step)) arrive(next, source);
    };
    for (const StepId source : sources) {
        for (const StepId next : after(source)) arrive(next, source);
        if (steps_[source].kind == StepKind::Yield && steps_[source].raises != kNoStep)
            arrive(steps_[source].raises, source);
    }
    while (!open.empty()) {
        const StepId step = open.back();
        open.pop_back();
        follow(step, from[step], stops && stops(steps_[step]));
    }
    return from;
}

std::vector<bool> Flow::reaching(std::span<const StepId> targets, const Stops& stops) const {
    std::vector<std::vector<StepId>> before(steps_.size());
    for (StepId step = 0; step < steps_.size(); ++step) {
        for (const StepId next : after(step)) before[next].push_back(step);
        if (steps_[step].raises != kNoStep) before[steps_[step].raises].push_back(step);
    }
    std::vector<bool> result(steps_.size(), false);
    std::vector<bool> passed(steps_.size(), false); // also on the way from earlier steps
    std::vector<StepId> open(targets.begin(), targets.end());
    while (!open.empty()) {
        const StepId to = open.back();
        open.pop_back();
        for (const StepId step : before[to]) {
            result[step] = true;
            if (passed[step]) continue;
            const bool stopped = stops && stops(steps_[step]);
            const bool by_exception = steps_[step].raises == to && may_raise(steps_[step], stopped);
            if (stopped && !by_exception) continue;
            passed[step] = true;
            open.push_back(step);
        }
    }
    return result;
}

Occurrence Flow::occurrence(StepId from, StepId to, const Stops& counts) const {
    if (!complete_) return Occurrence::Maybe;
    const std::vector<StepId> met = reached(std::span(&from, 1), [&](const Step& step) {
        return (to != kNoStep && &step == &steps_[to]) || counts(step);
    });
    bool any = false;
    for (StepId step = 0; step < steps_.size() && !any; ++step)
        any = step != to && met[step] != kNoStep && counts(steps_[step]);
    if (!any) return Occurrence::Never;
    return to != kNoStep && met[to] != kNoStep ? Occurrence::Maybe : Occurrence::Always;
}

std::vector<StepId> Flow::steps_of(NodeId node, StepKind kind) const {
    std::vector<StepId> result;
    for (StepId step = 0; step < steps_.size(); ++step)
        if (steps_[step].node == node && steps_[step].kind == kind) result.push_back(step);
    return result;
}

StepId Flow::left(NodeId with_item) const {
    // Copies for other ways expect no exception.
    for (const StepId step : steps_of(with_item, StepKind::Leave))
        if (steps_[step].raises != kNoStep) return step;
    return kNoStep;
}

bool never_returns(const Model& model, NodeId call) {
    const CallTarget target = model.target(call);
    if (target.function != nullptr && target.confidence == Confidence::Certain) {
        // `async def stop() -> NoReturn` has to be awaited before it does not return.
        const FunctionDef& function = *target.function;
        const Tree& tree = function.region->tree;
        const NodeId returns = tree.child(function.node, Role::Returns);
        if (returns == kNoNode || (function.is_async && !is_awaited(model.tree(), call)))
            return false;
        const std::string_view text = tree.text(returns);
        return text.ends_with("NoReturn") || text.ends_with("Never");
    }
    const std::string_view name = target.name;
    if (name.empty()) return false;
    for (const std::string_view known :
         {"sys.exit", "os._exit", "os.abort", "builtins.exit", "builtins.quit"})
        if (name == known) return true;
    const Api* const api = find_api(name);
    return api != nullptr && (api->returns == "typing.NoReturn" || api->returns == "typing.Never");
}

Flow flow_of(const Model& model, NodeId block, FlowFacts facts) {
    const Tree& tree = model.tree();
    if (!facts.suppresses)
        facts.suppresses = [&](NodeId value) {
            return tree.is(value, Kind::Call) && model.target(value).name == "contextlib.suppress";
        };
    if (!facts.never_returns)
        facts.never_returns = [&](NodeId call) { return never_returns(model, call); };
    return {tree, block, facts};
}

} // namespace awaitls::analysis
