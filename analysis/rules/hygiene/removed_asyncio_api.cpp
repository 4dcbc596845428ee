// What asyncio had once, and has no more in the target version.

#include "analysis/rules/task/common.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

using namespace tasks;

constexpr std::string_view kDoc =
    R"(asyncio lost parts over the years. Code that still uses them runs until the interpreter is upgraded and then fails with `TypeError`,
`AttributeError` or `ImportError`, often only on the path that is taken last: at shutdown, or on another operating system.

| what | deprecated in | removed in | instead |
| --- | --- | --- | --- |
| `asyncio.Task.all_tasks`, `asyncio.Task.current_task` | 3.7 | 3.9 | `asyncio.all_tasks`, `asyncio.current_task` |
| the argument `loop=` of `sleep`, `gather`, `wait`, `Lock`, `Queue`, `open_connection`, ... | 3.8 | 3.10 | nothing: the running loop is used |
| `@asyncio.coroutine` | 3.8 | 3.11 | `async def` |
| child watchers | 3.12 | 3.14 | nothing: the loop watches its children |
| event loop policies | 3.14 | 3.16 | `asyncio.run(.., loop_factory=..)` |
| `asyncio.iscoroutinefunction` | 3.14 | 3.16 | `inspect.iscoroutinefunction` |

The setting `target-version` says which rows count. What the target version has removed is a warning, what it deprecates is information.
Code that asks for the version (`sys.version_info`), for the attribute (`hasattr`), or catches the error is left alone.
`asyncio.get_event_loop()` is a matter of `legacy-event-loop`.

## Bad

```python
import asyncio


async def main() -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(1, loop=loop)  # error: removed-asyncio-api


asyncio.run(main())
```

## Good

```python
import asyncio


async def main() -> None:
    await asyncio.sleep(1)


asyncio.run(main())
```

## Fix

The fix removes the argument `loop=`, or names the function that took the place of a removed one. It is safe where the target version has
removed the old form, since that code raises. `inspect.iscoroutinefunction` is unsafe: it does not know functions that were marked as
coroutine functions in asyncio's old way.
)";

struct Removed {
    std::string_view name;
    std::uint8_t deprecated; // in 3.x
    std::uint8_t removed;
    std::string_view instead; // advice
};

constexpr std::string_view kAllTasks = "use `asyncio.all_tasks()`";
constexpr std::string_view kCurrentTask = "use `asyncio.current_task()`";
constexpr std::string_view kWatcher = "the event loop watches child processes by itself";
constexpr std::string_view kPolicy =
    "give `loop_factory=` to `asyncio.run()` or `asyncio.Runner()`";

constexpr Removed kRemoved[] = {
    {"asyncio.AbstractChildWatcher", 12, 14, kWatcher},
    {"asyncio.AbstractEventLoopPolicy", 14, 16, kPolicy},
    {"asyncio.DefaultEventLoopPolicy", 14, 16, kPolicy},
    {"asyncio.FastChildWatcher", 12, 14, kWatcher},
    {"asyncio.MultiLoopChildWatcher", 12, 14, kWatcher},
    {"asyncio.PidfdChildWatcher", 14, 14, kWatcher},
    {"asyncio.SafeChildWatcher", 12, 14, kWatcher},
    {"asyncio.Task.all_tasks", 7, 9, kAllTasks},
    {"asyncio.Task.current_task", 7, 9, kCurrentTask},
    {"asyncio.ThreadedChildWatcher", 14, 14, kWatcher},
    {"asyncio.WindowsProactorEventLoopPolicy", 14, 16, kPolicy},
    {"asyncio.WindowsSelectorEventLoopPolicy", 14, 16, kPolicy},
    {"asyncio.coroutine", 8, 11, "use `async def`"},
    {"asyncio.get_child_watcher", 12, 14, kWatcher},
    {"asyncio.get_event_loop_policy", 14, 16, kPolicy},
    {"asyncio.iscoroutinefunction", 14, 16, "use `inspect.iscoroutinefunction()`"},
    {"asyncio.set_child_watcher", 12, 14, kWatcher},
    {"asyncio.set_event_loop_policy", 14, 16, kPolicy},
};

/// Those that took `loop=` until 3.10.
constexpr std::string_view kTookLoop[] = {
    "asyncio.BoundedSemaphore",
    "asyncio.Condition",
    "asyncio.Event",
    "asyncio.LifoQueue",
    "asyncio.Lock",
    "asyncio.PriorityQueue",
    "asyncio.Queue",
    "asyncio.Semaphore",
    "asyncio.as_completed",
    "asyncio.create_subprocess_exec",
    "asyncio.create_subprocess_shell",
    "asyncio.gather",
    "asyncio.open_connection",
    "asyncio.open_unix_connection",
    "asyncio.shield",
    "asyncio.sleep",
    "asyncio.start_server",
    "asyncio.start_unix_server",
    "asyncio.wait",
    "asyncio.wait_for",
};
constexpr Removed kLoopArgument = {"", 8, 10, "leave it out: the running loop is used"};

const Removed* find_removed(const RuleContext& context, std::string_view name) {
    if (!name.starts_with("asyncio.")) return nullptr;
    for (const Removed& entry : kRemoved)
        if (entry.name == name)
            return context.target_at_least(3, entry.deprecated) ? &entry : nullptr;
    return nullptr;
}

/// The last part of each name, in a table: lengths tell most names apart, a set compares texts.
constexpr auto kSpellings = [] {
    std::array<std::string_view, std::size(kRemoved)> spellings;
    for (std::size_t i = 0; i < spellings.size(); ++i)
        spellings[i] = kRemoved[i].name.substr(kRemoved[i].name.rfind('.') + 1);
    return spellings;
}();
constexpr std::size_t kShortestSpelling = [] {
    std::size_t shortest = kSpellings[0].size();
    for (const std::string_view spelling : kSpellings)
        shortest = std::min(shortest, spelling.size());
    return shortest;
}();

/// What most names are not. A name of another spelling can be one that an import gave.
bool may_be_removed(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    const bool attribute = tree.is(node, Kind::Attribute);
    const std::string_view spelt = attribute ? identifier(tree, node, Role::Attr) : tree.text(node);
    if (spelt.size() >= kShortestSpelling &&
        std::find(kSpellings.begin(), kSpellings.end(), spelt) != kSpellings.end())
        return true;
    // `from asyncio import coroutine as co` at the top of the file
    return !attribute && model.imports("asyncio") && !model.is_local(node);
}

/// The test asks which Python runs, or what it has.
bool asks_for_version(const Model& model, NodeId test) {
    if (test == kNoNode) return false;
    const Tree& tree = model.tree();
    for (NodeId node = test; node < tree[test].next; ++node) {
        const Kind kind = tree.kind(node);
        if (kind == Kind::Call && calls(model, node, "builtins.hasattr")) return true;
        if (kind != Kind::Name && kind != Kind::Attribute) continue;
        const std::string_view name = model.name_of(node);
        if (name == "sys.version_info" || name == "sys.hexversion") return true;
        // PY310, _PYTHON_3_8, IS_PY_37
        const std::string_view text = tree.text(node);
        if (text.find("PY3") != std::string_view::npos ||
            text.find("PY_3") != std::string_view::npos ||
            text.find("PYTHON_3") != std::string_view::npos)
            return true;
    }
    return false;
}

/// The code knows that it may not be there.
bool is_guarded(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    NodeId inner = node;
    for (NodeId up = tree.parent(node); up != kNoNode; inner = up, up = tree.parent(up)) {
        switch (tree.kind(up)) {
        case Kind::If:
        case Kind::Elif:
        case Kind::Conditional:
        case Kind::BoolOp:
            if (asks_for_version(model, tree.kind(up) == Kind::BoolOp ? tree.child(up, Role::Left)
                                                                      : tree.child(up, Role::Test)))
                return true;
            break;
        case Kind::Try:
            for (const NodeId handler : tree.children(up)) {
                if (!tree.is(handler, Kind::Except)) continue;
                const NodeId caught = tree.child(handler, Role::Value);
                if (tree[inner].role != Role::Body && inner != handler) continue;
                if (caught == kNoNode) return true;
                for (NodeId name = caught; name < tree[caught].next; ++name)
                    if (model.catches(name, "builtins.AttributeError") ||
                        model.catches(name, "builtins.ImportError") ||
                        model.catches(name, "builtins.TypeError"))
                        return true;
            }
            break;
        case Kind::FunctionDef: // `@pytest.mark.skipif(sys.version_info >= (3, 11))`
            for (const NodeId decorator : tree.children(up))
                if (tree.is(decorator, Kind::Decorator) && asks_for_version(model, decorator))
                    return true;
            break;
        default: break;
        }
    }
    return false;
}

Finding report(RuleContext& context, NodeId node, const std::string& what, const Removed& entry) {
    const bool gone = context.target_at_least(3, entry.removed);
    std::string message = what;
    if (gone)
        message += " was removed in Python 3." + std::to_string(entry.removed);
    else
        message += " is deprecated since Python 3." + std::to_string(entry.deprecated) +
                   " and removed in 3." + std::to_string(entry.removed);
    Finding finding = context.report(node, message + "; " + std::string(entry.instead));
    if (!gone) finding.severity(Severity::Information);
    return finding;
}

/// The span of a keyword argument with the comma that belongs to it.
Span argument_span(const Tree& tree, NodeId keyword) {
    const std::string_view text = tree.text();
    const auto is_blank = [&](std::uint32_t at) {
        return text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r';
    };
    Span span = tree[keyword].span();
    std::uint32_t before = span.begin;
    while (before > 0 && is_blank(before - 1)) --before;
    if (before > 0 && text[before - 1] == ',') return {before - 1, span.end};
    std::uint32_t behind = span.end;
    while (behind < text.size() && is_blank(behind)) ++behind;
    if (behind >= text.size() || text[behind] != ',') return span;
    ++behind;
    while (behind < text.size() && is_blank(behind)) ++behind;
    return {span.begin, behind};
}

void check_loop_argument(RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const NodeId value = keyword_argument(tree, call, "loop");
    if (value == kNoNode || !context.target_at_least(3, kLoopArgument.deprecated)) return;
    const std::string_view name = model.target(call).name;
    bool took = false;
    for (const std::string_view known : kTookLoop) took = took || known == name;
    if (!took || is_guarded(model, call)) return;
    const NodeId keyword = tree.parent(value);
    Finding finding =
        report(context, keyword, "the argument `loop` of `" + callee_text(tree, call) + "()`",
               kLoopArgument);
    const Kind kind = tree.kind(value);
    const bool droppable = kind == Kind::Name || kind == Kind::Attribute || kind == Kind::None ||
                           calls(model, value, "asyncio.get_event_loop") ||
                           calls(model, value, "asyncio.get_running_loop");
    const Span span = argument_span(tree, keyword);
    if (!droppable || has_comment(tree, span)) return;
    finding.fix("Remove the argument `loop`",
                context.target_at_least(3, kLoopArgument.removed) ? Applicability::Safe
                                                                  : Applicability::Unsafe,
                {{span, ""}});
}

void check(RuleContext& context, NodeId node) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    if (tree.is(node, Kind::Call)) {
        check_loop_argument(context, node);
        return;
    }
    if (tree[node].has(node_flag::kStore) || tree[node].has(node_flag::kDel) ||
        !may_be_removed(model, node))
        return;
    const Removed* const entry = find_removed(context, model.name_of(node));
    if (entry == nullptr || is_guarded(model, node)) return;
    // One finding for `set_event_loop_policy(WindowsSelectorEventLoopPolicy())`.
    for (NodeId up = tree.parent(node); up != kNoNode; up = tree.parent(up)) {
        if (tree[up].role == Role::Statement) break;
        const NodeId callee = tree.is(up, Kind::Call) ? tree.child(up, Role::Callee) : kNoNode;
        if (callee != kNoNode && callee != node &&
            find_removed(context, model.name_of(callee)) != nullptr)
            return;
    }
    Finding finding = report(context, node, "`" + std::string(entry->name) + "`", *entry);
    const bool of_task = entry->instead == kAllTasks || entry->instead == kCurrentTask;
    const bool of_inspect = entry->name == "asyncio.iscoroutinefunction";
    if ((!of_task && !of_inspect) || has_comment(tree, tree[node].span())) return;
    bool needs_import = false;
    const std::string library = of_task ? "asyncio" : "inspect";
    const std::string module = model.module_name(library, node, needs_import);
    if (module.empty()) return;
    std::vector<std::string> imports;
    if (needs_import) imports.push_back(library);
    const std::string function = module + std::string(entry->name.substr(entry->name.rfind('.')));
    finding.fix("Replace by `" + function + "`",
                of_task && context.target_at_least(3, entry->removed) ? Applicability::Safe
                                                                      : Applicability::Unsafe,
                {{tree[node].span(), function}}, std::move(imports));
}

} // namespace

Rule rule_removed_asyncio_api() {
    return {
        {.name = "removed-asyncio-api",
         .category = Category::Hygiene,
         .severity = Severity::Warning,
         .fix = FixAvailability::Sometimes,
         .aliases = {"W4902", "W4903", "W4904", "W4905"},
         .summary = "A part of asyncio is used that the target version has removed or deprecated.",
         .since = {3, 7},
         .options = {},
         .doc = kDoc},
        {Kind::Call, Kind::Name, Kind::Attribute},
        check};
}

} // namespace awaitls::analysis
