#include "analysis/rules/await/common.h"

#include "analysis/knowledge/knowledge.h"
#include "analysis/semantic/region.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace awaitls::analysis {

namespace {

template <std::size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Functions whose key function's results are compared with each other.
constexpr std::array<std::string_view, 8> kKeyFunctions{
    "builtins.sorted", "builtins.min",    "builtins.max",      "builtins.list.sort",
    "heapq.nlargest",  "heapq.nsmallest", "itertools.groupby", "heapq.merge",
};
/// Functions that test what their first argument, a predicate, returns.
constexpr std::array<std::string_view, 4> kPredicateFunctions{
    "builtins.filter",
    "itertools.filterfalse",
    "itertools.takewhile",
    "itertools.dropwhile",
};
/// Functions that show what a container holds.
constexpr std::array<std::string_view, 8> kShowsContents{
    "builtins.print", "builtins.str", "builtins.repr", "builtins.format",
    "json.dumps",     "json.dump",    "pprint.pprint", "pprint.pformat",
};
/// What a coroutine object has of its own.
constexpr std::array<std::string_view, 10> kCoroutineAttributes{
    "close",    "send",       "throw",     "cr_await",     "cr_code",
    "cr_frame", "cr_running", "cr_origin", "cr_suspended", "gi_frame",
};

bool is_dunder(std::string_view name) {
    return name.size() > 4 && name.substr(0, 2) == "__" && name.substr(name.size() - 2) == "__";
}

std::string_view symbol(Op op) {
    switch (op) {
    case Op::Add: return "+";
    case Op::Sub: return "-";
    case Op::Mul: return "*";
    case Op::Div: return "/";
    case Op::FloorDiv: return "//";
    case Op::Mod: return "%";
    case Op::Pow: return "**";
    case Op::MatMul: return "@";
    case Op::LShift: return "<<";
    case Op::RShift: return ">>";
    case Op::BitAnd: return "&";
    case Op::BitOr: return "|";
    case Op::BitXor: return "^";
    case Op::Plus: return "+";
    case Op::Minus: return "-";
    case Op::Invert: return "~";
    default: return "";
    }
}

/// Operators that other classes overload to take whatever stands beside them (pipelines, task
/// graphs).
bool is_pipeline_operator(Op op) {
    return op == Op::MatMul || op == Op::LShift || op == Op::RShift || op == Op::BitAnd ||
           op == Op::BitOr || op == Op::BitXor;
}

CoroutineFate value_use(NodeId user, std::string clause, bool raises = false) {
    CoroutineFate found;
    found.fate = Fate::Value;
    found.user = user;
    found.clause = std::move(clause);
    found.raises = raises;
    return found;
}

CoroutineFate plain_fate(Fate fate, NodeId user) {
    CoroutineFate found;
    found.fate = fate;
    found.user = user;
    return found;
}

/// Follows a value from the expression outward to the node that decides what becomes of it.
class Follower {
public:
    Follower(const Model& model, NodeId expression, Type coroutine)
        : model_(model), tree_(model.tree()), coroutine_(coroutine), at_(expression) {}

    CoroutineFate follow() {
        for (;;) {
            up_ = tree_.parent(at_);
            if (up_ == kNoNode) return {};
            CoroutineFate found;
            if (!step(found)) {
                found.contained = containers_ > 0;
                return found;
            }
            at_ = up_;
        }
    }

private:
    /// Looks at the parent: true to go on outward, false when `found` is the answer.
    bool step(CoroutineFate& found) {
        if (passes_on()) return true;
        if (containers_ == 0) {
            found = use_of_coroutine();
            if (found.fate != Fate::Unknown) return false;
        }
        switch (tree_.kind(up_)) {
        case Kind::ExprStmt:
            if (!generated_) found = plain_fate(Fate::Dropped, up_);
            break;
        case Kind::Assign:
        case Kind::AnnAssign: return bind(found);
        case Kind::Interpolation:
            found = value_use(up_, "is formatted instead of its result");
            break;
        case Kind::NamedExpr: found = named(); break;
        case Kind::Binary:
            if (tree_.role(at_) == Role::Right && is_string_format()) {
                found = value_use(up_, "is formatted instead of its result");
            }
            break;
        case Kind::Call: found = argument(up_, at_); break;
        case Kind::Keyword: found = keyword_argument_use(); break;
        default: break;
        }
        return false;
    }

    /// The parent's value is, or holds, the value that is followed.
    bool passes_on() {
        const Role role = tree_.role(at_);
        switch (tree_.kind(up_)) {
        case Kind::Conditional: return role != Role::Test;
        case Kind::BoolOp: return tree_.next_sibling(at_) == kNoNode;
        case Kind::List:
        case Kind::Tuple:
        case Kind::Set:
        case Kind::Dict:
            if (tree_.kind(at_) == Kind::Starred || tree_.kind(at_) == Kind::DoubleStarred)
                return false;
            ++containers_;
            return true;
        case Kind::Pair:
            if (role == Role::Key) return false;
            ++containers_;
            return true;
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::DictComp:
        case Kind::Generator:
            if (role != Role::Element) return false;
            ++containers_;
            generated_ = generated_ || tree_.kind(up_) == Kind::Generator;
            return true;
        default: return false;
        }
    }

    /// Uses that show that the result was meant, of the coroutine itself.
    CoroutineFate use_of_coroutine() {
        const Role role = tree_.role(at_);
        switch (tree_.kind(up_)) {
        case Kind::Conditional:
        case Kind::BoolOp:
        case Kind::Not:
        case Kind::CompIf: return plain_fate(Fate::Tested, up_);
        case Kind::If:
        case Kind::Elif:
        case Kind::While:
        case Kind::Assert:
        case Kind::Case:
            return role == Role::Test ? plain_fate(Fate::Tested, up_) : CoroutineFate();
        case Kind::Match: return value_use(up_, "is matched instead of its result");
        case Kind::Return: return returned();
        case Kind::Raise: return value_use(up_, "cannot be raised", true);
        case Kind::Attribute: return attribute();
        case Kind::Subscript:
            if (role == Role::Object) return value_use(up_, "cannot be subscripted", true);
            return value_use(up_, "is used as a subscript instead of its result");
        case Kind::Slice: return value_use(up_, "cannot be the bound of a slice", true);
        case Kind::Pair: return value_use(up_, "is used as a dictionary key instead of its result");
        case Kind::Unary: return operand();
        case Kind::Binary: return is_string_format() ? CoroutineFate() : operand();
        case Kind::AugAssign:
            return role == Role::Value || role == Role::Target ? operand() : CoroutineFate();
        case Kind::Compare: return comparison();
        case Kind::Starred:
        case Kind::DoubleStarred: return value_use(up_, "cannot be unpacked", true);
        case Kind::For:
        case Kind::CompFor: return iteration();
        case Kind::WithItem: return entered();
        case Kind::Lambda: return lambda_result();
        case Kind::Call:
            if (role == Role::Callee) return value_use(up_, "cannot be called", true);
            return {};
        default: return {};
        }
    }

    /// The caller of an async function awaits once, and gets the coroutine. That is meant where the function is annotated
    /// so, and may be where it returns None elsewhere: then the caller has to look before it awaits again.
    CoroutineFate returned() const {
        const FunctionDef* const function = model_.function_at(up_);
        if (function == nullptr || !function->is_async || function->is_generator) return {};
        const NodeId definition = model_.node_of(*function);
        if (definition == kNoNode) return {};
        bool meant = false;
        if (tree_.child(definition, Role::Returns) != kNoNode) {
            meant = !lacks_await(model_, model_.declared_result(*function));
        } else {
            meant = coroutine_->kind != TypeKind::Coroutine;
            search_same_function(tree_, tree_.child(definition, Role::Body), [&](NodeId node) {
                if (!tree_.is(node, Kind::Return)) return true;
                const NodeId value = tree_.child(node, Role::Value);
                meant = meant || value == kNoNode || tree_.is(value, Kind::None);
                return true;
            });
        }
        return meant ? CoroutineFate() : value_use(up_, "is returned instead of its result");
    }

    CoroutineFate attribute() const {
        const std::string_view name = identifier(tree_, up_, Role::Attr);
        if (name.empty() || one_of(name, kCoroutineAttributes) || is_dunder(name)) return {};
        return value_use(up_, "has no attribute `" + std::string(name) + "`", true);
    }

    CoroutineFate operand() const {
        const Op op = static_cast<Op>(tree_[up_].op);
        if (is_pipeline_operator(op)) return {};
        return value_use(up_, "cannot be an operand of `" + std::string(symbol(op)) + "`", true);
    }

    bool is_string_format() const {
        const NodeId left = tree_.child(up_, Role::Left);
        return static_cast<Op>(tree_[up_].op) == Op::Mod && tree_.is(left, Kind::String) &&
               left != at_;
    }

    CoroutineFate comparison() const {
        const NodeId first = tree_.first_child(up_);
        const NodeId second = first == kNoNode ? kNoNode : tree_.next_sibling(first);
        const bool single = second != kNoNode && tree_.next_sibling(second) == kNoNode;
        const Op op = static_cast<Op>(tree_[up_].op);
        const bool membership = op == Op::In || op == Op::NotIn;
        if (single && membership && at_ == second)
            return value_use(up_, "cannot be searched with `in`", true);
        if (single && membership) return value_use(up_, "is looked up instead of its result");
        const bool ordered =
            single && (op == Op::Lt || op == Op::LtE || op == Op::Gt || op == Op::GtE);
        return value_use(up_, "is compared instead of its result", ordered);
    }

    CoroutineFate iteration() const {
        if (tree_.role(at_) != Role::Iter) return {};
        if (!tree_[up_].is_async()) return value_use(up_, "cannot be iterated", true);
        if (coroutine_->kind != TypeKind::Coroutine) return {};
        return value_use(up_, "cannot be iterated with `async for`", true);
    }

    CoroutineFate entered() const {
        if (tree_.role(at_) != Role::Value || coroutine_->kind != TypeKind::Coroutine) return {};
        const NodeId with = tree_.parent(up_);
        const bool is_async = with != kNoNode && tree_[with].is_async();
        return value_use(
            up_, is_async ? "cannot be entered with `async with`" : "cannot be entered with `with`",
            true);
    }

    /// A lambda that gives the coroutine to a function that compares or tests what it gets.
    CoroutineFate lambda_result() const {
        if (tree_.role(at_) != Role::Body) return {};
        const NodeId holder = tree_.parent(up_);
        if (tree_.is(holder, Kind::Keyword)) {
            const NodeId call = tree_.parent(holder);
            if (!tree_.is(call, Kind::Call) || identifier(tree_, holder) != "key") return {};
            const std::string_view callee = model_.target(call).name;
            if (!one_of(callee, kKeyFunctions)) return {};
            return value_use(
                up_, "is compared by `" + callee_text(tree_, call) + "()` instead of its result",
                true);
        }
        if (!tree_.is(holder, Kind::Call) || analysis::argument(tree_, holder, 0, {}) != up_)
            return {};
        const std::string_view callee = model_.target(holder).name;
        if (!one_of(callee, kPredicateFunctions)) return {};
        return value_use(up_, "is always true, so `" + callee_text(tree_, holder) +
                                  "()` does not test its result");
    }

    CoroutineFate argument(NodeId call, NodeId value) const {
        if (tree_.role(value) == Role::Callee) return {};
        const CallTarget target = model_.target(call);
        if (target.confidence == Confidence::Unknown) return {};
        const std::string callee = "`" + callee_text(tree_, call) + "()`";
        if (target.function != nullptr) {
            const bool value_wanted = containers_ == 0 &&
                                      target.confidence == Confidence::Certain &&
                                      lacks_await(model_, model_.declared_parameter(call, value));
            return value_wanted
                       ? value_use(call, "is passed to " + callee + " instead of its result")
                       : CoroutineFate();
        }
        if (target.name.empty()) return {};
        if (containers_ > 0) {
            if (one_of(target.name, kShowsContents)) {
                return value_use(call, "is passed to " + callee + " instead of its result");
            }
            const bool comprehension = tree_.kind(value) == Kind::ListComp ||
                                       tree_.kind(value) == Kind::SetComp ||
                                       tree_.kind(value) == Kind::Generator;
            return comprehension && containers_ == 1 && !keyword_given(call)
                       ? reduced(call, target.name, callee)
                       : CoroutineFate();
        }
        // The default value is returned, the delayed one too.
        const bool first = analysis::argument(tree_, call, 0, {}) == value;
        if (!first && (target.name == "builtins.next" || target.name == "asyncio.sleep")) return {};
        ArgumentUse use = ArgumentUse::Awaits;
        if (!find_argument_use(target.name, use) || use != ArgumentUse::Discards) return {};
        return value_use(call, "is passed to " + callee + " instead of its result");
    }

    /// Many functions store or return what they get by keyword (`dict(a=f())`, `min(xs,
    /// default=f())`).
    CoroutineFate keyword_argument_use() const {
        const NodeId call = tree_.parent(up_);
        if (!tree_.is(call, Kind::Call)) return {};
        if (model_.target(call).function != nullptr) return argument(call, at_);
        if (model_.target(call).name != "builtins.str.format") return {};
        return value_use(call, "is formatted instead of its result");
    }

    bool keyword_given(NodeId call) const { return tree_.child(call, Kind::Keyword) != kNoNode; }

    /// The elements of a comprehension are tested, added or compared by the function that takes it.
    CoroutineFate reduced(NodeId call, std::string_view name, const std::string& callee) const {
        if (name == "builtins.any" || name == "builtins.all") {
            return value_use(call, "is always true, so " + callee + " does not test its result");
        }
        if (name == "builtins.sum") return value_use(call, "cannot be added up by " + callee, true);
        if (name == "builtins.min" || name == "builtins.max" || name == "builtins.sorted") {
            return value_use(call, "cannot be compared by " + callee, true);
        }
        if (name == "builtins.str.join")
            return value_use(call, "cannot be joined to a string", true);
        return {};
    }

    /// Assignments: local variables are collected outward through `a = b = f()`.
    bool bind(CoroutineFate& found) {
        if (tree_.role(at_) != Role::Value) return false;
        const NodeId target = tree_.child(up_, Role::Target);
        if (target == kNoNode || generated_) return false;
        const Kind kind = tree_.kind(target);
        if (containers_ == 0 && (kind == Kind::Tuple || kind == Kind::List)) {
            found = value_use(up_, "cannot be unpacked", true);
            return false;
        }
        if (kind != Kind::Name || !model_.is_local(target)) return false;
        names_.push_back(target);
        if (tree_.role(up_) == Role::Value && tree_.is(tree_.parent(up_), Kind::Assign))
            return true;
        found = plain_fate(Fate::Bound, up_);
        found.names = names_;
        return false;
    }

    /// `(c := f())`: both a variable and a value.
    CoroutineFate named() const {
        const NodeId target = tree_.child(up_, Role::Target);
        if (containers_ > 0 || tree_.role(at_) != Role::Value || target == kNoNode ||
            !model_.is_local(target))
            return {};
        CoroutineFate outer = fate_of(model_, up_, coroutine_);
        if (outer.fate == Fate::Dropped) {
            outer.fate = Fate::Bound;
            outer.names = {target};
            return outer;
        }
        if (outer.fate == Fate::Bound) outer.names.push_back(target);
        return is_awaited_somewhere(model_, target) ? CoroutineFate() : outer;
    }

    const Model& model_;
    const Tree& tree_;
    Type coroutine_;
    NodeId at_;
    NodeId up_ = kNoNode;
    int containers_ = 0; // displays and comprehensions around the coroutine
    bool generated_ = false;
    std::vector<NodeId> names_;
};

/// Objects that must be awaited or entered are often the client's own object, whose methods people
/// call before that (`engine.connect().start()`); aiohttp's have nothing but the two protocols.
bool is_only_awaitable(const Model& model, Type type) {
    if (type->kind == TypeKind::Coroutine) return true;
    const Type result = model.awaited(type);
    return model.is_instance(result, "aiohttp.ClientResponse") ||
           model.is_instance(result, "aiohttp.ClientWebSocketResponse");
}

} // namespace

Type coroutine_made_by(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const Kind kind = tree.kind(node);
    if (kind == Kind::Attribute) {
        if (tree[node].has(node_flag::kStore) || tree[node].has(node_flag::kDel)) return nullptr;
        const Type type = model.type_of(node);
        if (!Model::must_be_awaited(type)) return nullptr;
        // An attribute can also hold a coroutine that some assignment put there.
        if (type->function != nullptr) {
            const bool own_property = type->function->class_id >= 0 && !type->function->is_lambda &&
                                      type->function->name == identifier(tree, node, Role::Attr);
            return own_property ? type : nullptr;
        }
        const Api* const api = find_api(type->name);
        return api != nullptr && api->kind == ApiKind::CoroutineProperty ? type : nullptr;
    }
    if (kind != Kind::Call) return nullptr;
    const Type type = model.type_of(node);
    return Model::must_be_awaited(type) ? type : nullptr;
}

CoroutineFate fate_of(const Model& model, NodeId expression, Type coroutine) {
    return Follower(model, expression, coroutine).follow();
}

namespace {

/// The test around the node replaces functions, `monkeypatch.setattr(module, "run", fake)`, `with patch("module.run")`, and the
/// call is one of a sync function, which gives the coroutine of another one: that may be a replaced one.
bool may_be_replaced(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    if (!tree.is(node, Kind::Call)) return false;
    const FunctionDef* const called = model.target(node).function;
    if (called == nullptr || called->is_async) return false;
    NodeId function = tree.ancestor(node, Kind::FunctionDef);
    if (function == kNoNode) return false;
    for (NodeId inner = function; inner < tree[function].next; ++inner) {
        if (!tree.is(inner, Kind::Call)) continue;
        const NodeId callee = tree.child(inner, Role::Callee);
        const NodeId object =
            tree.is(callee, Kind::Attribute) ? tree.child(callee, Role::Object) : kNoNode;
        if (tree.is(object, Kind::Name) && tree.text(object) == "monkeypatch" &&
            identifier(tree, callee, Role::Attr) == "setattr")
            return true;
        const std::string_view name = model.target(inner).name;
        if (name == "pytest.MonkeyPatch.setattr" || name == "unittest.mock.patch" ||
            name == "unittest.mock.patch.object")
            return true;
    }
    return false;
}

} // namespace

bool has_fate(const Model& model, NodeId node, Type coroutine, Fate fate, CoroutineFate& found) {
    if (coroutine->confidence == Confidence::Unknown) return false;
    found = fate_of(model, node, coroutine);
    return found.fate == fate && (fate == Fate::Dropped || is_only_awaitable(model, coroutine)) &&
           !may_be_replaced(model, node);
}

bool is_awaited_somewhere(const Model& model, NodeId name) {
    const Tree& tree = model.tree();
    const std::vector<NodeId> uses = model.uses_of_local(name);
    return std::any_of(uses.begin(), uses.end(), [&](NodeId use) {
        if (is_awaited(tree, use)) return true;
        const NodeId call = tree.parent(use);
        if (!tree.is(call, Kind::Call) || tree.role(use) != Role::Argument) return false;
        ArgumentUse argument_use = ArgumentUse::Discards;
        return find_argument_use(model.target(call).name, argument_use) &&
               argument_use != ArgumentUse::Discards;
    });
}

bool lacks_await(const Model& model, Type type) {
    if (type->confidence != Confidence::Certain) return false;
    switch (type->kind) {
    case TypeKind::None:
    case TypeKind::Module:
    case TypeKind::Manager:
    case TypeKind::Iterator: return true;
    // Of libraries only what is written in this file is certain: theirs often can be awaited as
    // well.
    case TypeKind::AsyncIterator:
    case TypeKind::AsyncManager: return type->function != nullptr;
    case TypeKind::Union:
        return std::all_of(type->args.begin(), type->args.end(),
                           [&](Type one) { return lacks_await(model, one); });
    case TypeKind::Instance: {
        if (type->cls != nullptr)
            return model.has_method(*type->cls, "__await__") == Answer::No &&
                   model.has_method(*type->cls, "__getattr__") == Answer::No;
        const ClassInfo* const info = find_class(type->name);
        return info != nullptr && info->complete && !info->awaitable;
    }
    default: return false;
    }
}

bool is_plain_value(Kind kind) {
    switch (kind) {
    case Kind::Integer:
    case Kind::Float:
    case Kind::String:
    case Kind::True:
    case Kind::False:
    case Kind::None:
    case Kind::Ellipsis:
    case Kind::List:
    case Kind::Tuple:
    case Kind::Set:
    case Kind::Dict:
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::DictComp:
    case Kind::Generator:
    case Kind::Lambda: return true;
    default: return false;
    }
}

bool gives_no_awaitable(const Model& model, const FunctionDef& function) {
    if (function.is_async || function.is_lambda) return false;
    const Tree& tree = function.region->tree;
    if (tree[function.node].has(node_flag::kDamaged)) return false;
    if (tree.child(function.node, Role::Returns) != kNoNode)
        return lacks_await(model, model.declared_result(function));
    if (function.is_generator) return true;
    const NodeId body = tree.child(function.node, Role::Body);
    if (body == kNoNode || is_abstract(tree, body)) return false;
    const bool here = function.region == &model.region();
    bool plain = true;
    search_same_function(tree, body, [&](NodeId node) {
        if (!tree.is(node, Kind::Return)) return plain;
        const NodeId value = tree.child(node, Role::Value);
        plain = plain && (value == kNoNode || is_plain_value(tree.kind(value)) ||
                          (here && lacks_await(model, model.type_of(value))));
        return plain;
    });
    return plain;
}

void offer_await(const RuleContext& context, Finding& finding, NodeId expression,
                 Applicability applicability) {
    if (!can_await(context.model, expression)) return;
    finding.fix("Insert `await` before " + shown(context.tree, expression), applicability,
                insert_await(context.tree, expression));
}

std::string shown(const Tree& tree, NodeId expression) {
    if (tree.is(expression, Kind::Call)) return "`" + callee_text(tree, expression) + "()`";
    std::string text;
    for (const char c : tree.text(expression)) {
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n' && c != '\\') text += c;
    }
    constexpr std::size_t kLongest = 60;
    return text.size() <= kLongest
               ? "`" + text + "`"
               : "`" + std::string(identifier(tree, expression, Role::Attr)) + "`";
}

std::string await_advice(const Model& model, NodeId expression) {
    if (model.in_async(expression)) return "await it first";
    const FunctionDef* const function = model.function_at(expression);
    if (function == nullptr) return "await it in an async function";
    if (function->is_lambda) return "a lambda cannot await it";
    return "make `" + function->name + "` async to await it";
}

namespace {

bool is_comprehension(Kind kind) {
    return kind == Kind::ListComp || kind == Kind::SetComp || kind == Kind::DictComp ||
           kind == Kind::Generator;
}

bool is_special(std::string_view name) {
    constexpr std::array<std::string_view, 4> kMayBeAsync{"__aenter__", "__aexit__", "__anext__",
                                                          "__call__"};
    if (name.size() <= 4 || name.substr(0, 2) != "__" || name.substr(name.size() - 2) != "__")
        return false;
    for (const std::string_view allowed : kMayBeAsync)
        if (name == allowed) return false;
    return true;
}

/// Decorators under which an async function would be something else.
bool allows_async(const Model& model, NodeId definition) {
    const Tree& tree = model.tree();
    for (const NodeId child : tree.children(definition)) {
        if (tree.kind(child) != Kind::Decorator) continue;
        const NodeId value = tree.child(child, Role::Value);
        if (value == kNoNode) return false;
        const std::string_view name = model.name_of(value);
        if (name != "builtins.staticmethod" && name != "builtins.classmethod") return false;
    }
    return true;
}

/// Offset of the `def` keyword, which stands before the name with blanks or continued lines
/// between.
std::optional<std::uint32_t> def_keyword(const Tree& tree, NodeId definition) {
    const NodeId name = tree.child(definition, Role::Name);
    if (name == kNoNode) return std::nullopt;
    const std::string_view text = tree.text();
    std::uint32_t at = tree[name].begin;
    while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t' || text[at - 1] == '\\' ||
                      text[at - 1] == '\n' || text[at - 1] == '\r'))
        --at;
    if (at < 3 || text.substr(at - 3, 3) != "def") return std::nullopt;
    return at - 3;
}

/// A nested function has all its uses in sight: each is an awaited call already.
bool is_always_awaited(const Tree& tree, std::string_view name, NodeId definition) {
    for (NodeId use = 0; use < tree.size(); ++use) {
        if (tree.kind(use) != Kind::Name || tree.text(use) != name || tree.within(use, definition))
            continue;
        if (tree.role(use) != Role::Callee || !is_awaited(tree, tree.parent(use))) return false;
    }
    return true;
}

} // namespace

bool is_lazy(const Tree& tree, NodeId node) {
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if (kind == Kind::FunctionDef || kind == Kind::ClassDef || kind == Kind::Lambda) {
            if (tree.role(inner) == Role::Body) return false;
        }
        if (!is_comprehension(kind)) continue;
        const NodeId first = tree.child(outer, Kind::CompFor);
        const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
        const bool outside = iterable != kNoNode && tree.within(node, iterable);
        if (kind == Kind::Generator && !outside) return true;
    }
    return false;
}

void offer_async_def(const RuleContext& context, Finding& finding, const FunctionDef& function) {
    const Tree& tree = context.tree;
    const NodeId definition = context.model.node_of(function);
    if (definition == kNoNode || !tree.is(definition, Kind::FunctionDef)) return;
    if (function.is_generator || is_special(function.name) ||
        !allows_async(context.model, definition))
        return;
    if (function.is_nested && !is_always_awaited(tree, function.name, definition)) return;
    if (const std::optional<std::uint32_t> at = def_keyword(tree, definition)) {
        finding.fix("Make `" + function.name + "` async", Applicability::Unsafe,
                    {{{*at, *at}, "async "}});
    }
}

} // namespace awaitls::analysis
