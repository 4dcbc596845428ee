// Pieces of fixes that many rules share; declared at the end of rules/rule.h.
//
// How precedence works. `await` binds tighter than every operator, `**` included, and looser than
// `.x`, `[i]` and `(..)`:
//
//     await f().x      is  await (f().x): awaiting `f()` in `f().x` needs `(await f()).x`
//     await f() ** 2   is  (await f()) ** 2: the parentheses are written for the reader's sake
//     await await f()  is no Python: awaiting the operand of an await needs `await (await f())`
//     not await f(), -await f(), *await f()  need none
//
// The operand of `await` is a primary: a name, attribute, subscript, call or atom. Everything else
// (`a or b`, `a if b else c`, `x := f()`, a lambda) needs parentheses inside: `await (a or b)`.
// Parentheses that the source has around the expression already do for the outer pair. Spans of
// nodes do not hold their own parentheses, so an edit at a node's ends stays inside them.

#include "analysis/rules/rule.h"

namespace awaitls::analysis {

namespace {

bool is_identifier_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\f' || c == '\r' || c == '\n';
}

bool is_primary(const Tree& tree, NodeId node) {
    switch (tree.kind(node)) {
    case Kind::Name:
    case Kind::Attribute:
    case Kind::Subscript:
    case Kind::Call:
    case Kind::List:
    case Kind::Set:
    case Kind::Dict:
    case Kind::ListComp:
    case Kind::SetComp:
    case Kind::DictComp:
    case Kind::Integer:
    case Kind::Float:
    case Kind::True:
    case Kind::False:
    case Kind::None:
    case Kind::Ellipsis: return true;
    default: return false;
    }
}

/// What stands before and after the operand of a new `await`.
struct AwaitFrame {
    std::string before;
    std::string after;
};

/// The text around an awaited primary that takes the place of `node`.
AwaitFrame await_frame(const Tree& tree, NodeId node) {
    AwaitFrame frame{"await ", ""};
    const NodeId parent = tree.parent(node);
    const Role role = tree.role(node);
    const bool binds_tighter =
        parent != kNoNode && !tree[node].has(node_flag::kParenthesized) &&
        (((tree.kind(parent) == Kind::Attribute || tree.kind(parent) == Kind::Subscript) &&
          role == Role::Object) ||
         (tree.kind(parent) == Kind::Call && role == Role::Callee) ||
         tree.kind(parent) == Kind::Await ||
         (tree.kind(parent) == Kind::Binary && role == Role::Left &&
          static_cast<Op>(tree[parent].op) == Op::Pow));
    if (binds_tighter) frame = {"(await ", ")"};
    const std::uint32_t begin = tree[node].begin;
    // `return(f)(x)`: the keyword in front needs a blank of its own.
    if (!binds_tighter && begin > 0 && is_identifier_byte(tree.text()[begin - 1]))
        frame.before.insert(0, 1, ' ');
    return frame;
}

/// The `(` that opens the arguments of a call, or npos in damaged text.
std::uint32_t open_parenthesis(const Tree& tree, NodeId call, NodeId callee) {
    const std::string_view text = tree.text();
    std::uint32_t at = tree[callee].end;
    const std::uint32_t end = tree[call].end;
    while (at < end && text[at] != '(') {
        if (text[at] == '#') {
            while (at < end && text[at] != '\n' && text[at] != '\r') ++at;
        } else if (is_blank(text[at]) || text[at] == '\\' || text[at] == ')') {
            ++at; // `)` closes parentheses around the callee
        } else {
            return kNoNode;
        }
    }
    return at < end ? at : kNoNode;
}

/// How a file runs a function in a thread.
struct ThreadRunner {
    std::string callee;     // "asyncio.to_thread", "self._run"
    std::string first;      // arguments before the function: "None, " for run_in_executor
    bool positional = true; // forwards positional arguments
    bool keywords = false;  // forwards keyword arguments
    std::vector<std::string> imports;
};

std::string_view last_component(std::string_view dotted) {
    const std::size_t dot = dotted.rfind('.');
    return dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
}

/// The submodule `to_thread` of anyio or trio, as it is written at the node.
bool add_to_thread_module(const Model& model, NodeId at, const std::string& package,
                          ThreadRunner& runner) {
    bool needs_import = false;
    std::string module = model.module_name(package + ".to_thread", at, needs_import);
    if (module.empty() || needs_import) {
        // `import anyio` and `import trio` bring their to_thread along.
        module = model.module_name(package, at, needs_import);
        if (module.empty()) return false;
        if (needs_import) runner.imports.push_back(package);
        module += ".to_thread";
    }
    runner.callee = module + ".run_sync";
    return true;
}

std::optional<ThreadRunner> thread_runner(const Model& model, NodeId at) {
    ThreadRunner runner;
    const FunctionDef* const function = model.function_at(at);
    if (std::string wrapper = model.thread_wrapper(at);
        !wrapper.empty() && (function == nullptr || function->name != last_component(wrapper))) {
        // What else the wrapper takes is not known: it gets one callable.
        runner.callee = std::move(wrapper);
        runner.positional = false;
        return runner;
    }
    switch (model.library()) {
    case AsyncLibrary::Anyio:
        if (!add_to_thread_module(model, at, "anyio", runner)) return std::nullopt;
        return runner;
    case AsyncLibrary::Trio:
        if (!add_to_thread_module(model, at, "trio", runner)) return std::nullopt;
        return runner;
    case AsyncLibrary::Asyncio: break;
    }
    bool needs_import = false;
    const std::string module = model.module_name("asyncio", at, needs_import);
    if (module.empty()) return std::nullopt;
    if (needs_import) runner.imports.emplace_back("asyncio");
    if (model.settings().target_version >= PythonVersion{3, 9}) {
        runner.callee = module + ".to_thread";
        runner.keywords = true;
    } else {
        runner.callee = module + ".get_running_loop().run_in_executor";
        runner.first = "None, ";
    }
    return runner;
}

/// Writes `node` on one line: arguments, indices and literals inside are shortened to `...`, and so
/// is what lies deeper than `depth` links of the chain.
std::string outline_text(const Tree& tree, NodeId node, int depth) {
    if (node == kNoNode || depth == 0) return "...";
    switch (tree.kind(node)) {
    case Kind::Name: return std::string(tree.text(node));
    case Kind::Attribute:
        return outline_text(tree, tree.child(node, Role::Object), depth - 1) + "." +
               std::string(identifier(tree, node, Role::Attr));
    case Kind::Call: {
        const NodeId callee = tree.child(node, Role::Callee);
        const bool bare = callee != kNoNode && tree[callee].next == tree[node].next;
        return outline_text(tree, callee, depth - 1) + (bare ? "()" : "(...)");
    }
    case Kind::Subscript:
        return outline_text(tree, tree.child(node, Role::Object), depth - 1) + "[...]";
    case Kind::String: return "\"...\"";
    default: return "(...)";
    }
}

} // namespace

bool can_await(const Model& model, NodeId node) {
    if (!model.in_async(node)) return false;
    const Tree& tree = model.tree();
    int comprehensions = 0;
    for (NodeId inner = node, outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        switch (tree.kind(outer)) {
        case Kind::FunctionDef:
            if (tree.role(inner) == Role::Body)
                return comprehensions <= 1 ||
                       model.settings().target_version >= PythonVersion{3, 11};
            break; // a decorator, default or annotation: belongs to the code around the function
        case Kind::Lambda:
            if (tree.role(inner) == Role::Body) return false;
            break;
        case Kind::ClassDef:
            if (tree.role(inner) == Role::Body) return false;
            break;
        case Kind::Generator:
        case Kind::ListComp:
        case Kind::SetComp:
        case Kind::DictComp: {
            const NodeId first = tree.child(outer, Kind::CompFor);
            const NodeId iterable = first == kNoNode ? kNoNode : tree.child(first, Role::Iter);
            if (iterable != kNoNode && tree.within(node, iterable)) break; // evaluated outside
            if (tree.kind(outer) == Kind::Generator)
                return false; // would make it an async generator
            ++comprehensions;
            break;
        }
        default: break;
        }
    }
    // At the top of a notebook.
    return comprehensions <= 1 || model.settings().target_version >= PythonVersion{3, 11};
}

std::vector<Edit> insert_await(const Tree& tree, NodeId expression) {
    AwaitFrame frame = await_frame(tree, expression);
    if (!is_primary(tree, expression)) {
        frame.before += '(';
        frame.after.insert(0, 1, ')');
    }
    const Span span = tree[expression].span();
    std::vector<Edit> edits{{{span.begin, span.begin}, frame.before}};
    if (!frame.after.empty()) edits.push_back({{span.end, span.end}, frame.after});
    return edits;
}

ThreadEdit hand_to_thread(const Model& model, NodeId call) {
    const Tree& tree = model.tree();
    const NodeId callee = tree.child(call, Role::Callee);
    if (callee == kNoNode ||
        (tree.kind(callee) != Kind::Name && tree.kind(callee) != Kind::Attribute))
        return {};
    if (tree[call].has(node_flag::kDamaged) || !can_await(model, call)) return {};
    bool any = false;
    bool keywords = false;
    for (const NodeId child : tree.children(call)) {
        if (tree.role(child) != Role::Argument) continue;
        any = true;
        keywords = keywords || tree.kind(child) == Kind::Keyword ||
                   tree.kind(child) == Kind::DoubleStarred;
        // A lazy generator would run in the thread, and `f(x for x in y)` has no parentheses of its
        // own.
        if (tree.kind(child) == Kind::Generator) return {};
    }
    const std::uint32_t open = open_parenthesis(tree, call, callee);
    if (open == kNoNode) return {};
    std::optional<ThreadRunner> runner = thread_runner(model, call);
    if (!runner) return {};

    const AwaitFrame frame = await_frame(tree, call);
    std::string before = frame.before + runner->callee + "(" + runner->first;
    std::string after = frame.after;
    if (any && (!runner->positional || (keywords && !runner->keywords))) {
        bool needs_import = false;
        const std::string functools = model.module_name("functools", call, needs_import);
        if (functools.empty()) return {};
        if (needs_import) runner->imports.emplace_back("functools");
        before += functools + ".partial(";
        after.insert(0, 1, ')');
    }

    ThreadEdit result;
    const Span span = tree[call].span();
    const std::string_view text = tree.text();
    result.edits.push_back({{span.begin, span.begin}, before});
    // `f(` becomes `f, `: what stands behind the parenthesis keeps its place.
    std::uint32_t end = open + 1;
    if (!any)
        while (end + 1 < span.end && (text[end] == ' ' || text[end] == '\t')) ++end;
    const bool blank_follows = is_blank(text[end]);
    result.edits.push_back({{open, end}, !any ? "" : blank_follows ? "," : ", "});
    if (!after.empty()) result.edits.push_back({{span.end, span.end}, after});
    result.title =
        "Run `" + callee_text(tree, call) + "` in a thread with `" + runner->callee + "`";
    result.imports = std::move(runner->imports);
    return result;
}

std::string display_name(std::string_view qualified_name) {
    constexpr std::string_view kBuiltins = "builtins.";
    if (qualified_name.substr(0, kBuiltins.size()) == kBuiltins)
        qualified_name.remove_prefix(kBuiltins.size());
    return std::string(qualified_name);
}

std::string callee_text(const Tree& tree, NodeId call) {
    constexpr std::size_t kLimit = 60;
    constexpr std::string_view kCut = "...";
    const NodeId callee = tree.child(call, Role::Callee);
    if (callee == kNoNode) return {};
    const std::string_view source = tree.text(callee);
    std::string text =
        source.size() <= kLimit && source.find_first_of("\r\n#\\") == std::string_view::npos
            ? std::string(source)
            : outline_text(tree, callee, 30);
    // The end of a long chain says most: its method.
    std::size_t characters = 0;
    for (std::size_t at = text.size(); at > 0; --at) {
        if ((static_cast<unsigned char>(text[at - 1]) & 0xC0U) == 0x80U) continue;
        if (++characters == kLimit - kCut.size()) {
            std::size_t rest = 0;
            for (std::size_t i = 0; i + 1 < at; ++i)
                if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) ++rest;
            if (characters + rest > kLimit) text = std::string(kCut) + text.substr(at - 1);
            break;
        }
    }
    return text;
}

} // namespace awaitls::analysis
