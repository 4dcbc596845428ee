#include "analysis/rules/blocking/common.h"

#include "analysis/rules/cancellation/checkpoints.h"
#include "analysis/rules/catalog.h"
#include "analysis/rules/names.h"

#include <algorithm>
#include <charconv>

namespace awaitls::analysis {

namespace {

NodeId root_of(const Tree& tree, NodeId node) {
    while (tree.is(node, Kind::Attribute)) node = tree.child(node, Role::Object);
    return node;
}

std::string seconds(double value) {
    char buffer[32];
    const std::to_chars_result end = std::to_chars(buffer, buffer + sizeof buffer, value);
    return std::string(buffer, end.ptr) + " s";
}

/// The function that runs others in a thread, in the words of the file's library.
std::string_view thread_function(const Model& model) {
    switch (model.library()) {
    case AsyncLibrary::Anyio: return "anyio.to_thread.run_sync";
    case AsyncLibrary::Trio: return "trio.to_thread.run_sync";
    case AsyncLibrary::Asyncio: break;
    }
    return model.settings().target_version >= PythonVersion{3, 9} ? "asyncio.to_thread"
                                                                  : "loop.run_in_executor";
}

std::string_view library_name(const Model& model) {
    switch (model.library()) {
    case AsyncLibrary::Anyio: return "anyio";
    case AsyncLibrary::Trio: return "trio";
    case AsyncLibrary::Asyncio: break;
    }
    return "asyncio";
}

std::string quoted(std::string_view code) {
    return "`" + std::string(code) + "`";
}

std::string thread_advice(const Model& model, NodeId node) {
    if (model.in_loop_callback(node)) return "run it in a thread with `loop.run_in_executor`";
    return "run it in a thread with " + quoted(thread_function(model));
}

/// True when calling the library function gives something to await.
bool is_awaited_api(std::string_view name) {
    if (is_client_method(name)) return false; // of an object that the reader does not have yet
    std::string qualified(name);
    if (name.substr(0, 5) == "loop.") qualified.replace(0, 4, "asyncio.AbstractEventLoop");
    const Api* const api = find_api(qualified);
    return api != nullptr && (api->kind == ApiKind::Coroutine || api->kind == ApiKind::Awaitable);
}

/// The table's replacement as advice: "use `aiohttp.ClientSession` or `httpx.AsyncClient`". Empty
/// where it has none but a thread, or none for the file's library.
std::string table_advice(const Model& model, const BlockingApi& api, bool in_callback) {
    std::string_view rest = api.replacement.substr(0, api.replacement.find(" + "));
    std::string text;
    while (!rest.empty()) {
        constexpr std::string_view kOr = " or ";
        const std::size_t end = std::min(rest.find(kOr), rest.size());
        const std::string_view part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + kOr.size(), rest.size()));
        const bool of_asyncio = part.substr(0, 8) == "asyncio." || part.substr(0, 5) == "loop.";
        if (of_asyncio && model.library() != AsyncLibrary::Asyncio) continue;
        if (part.substr(0, 17) == "asyncio.to_thread" ||
            part.substr(0, 20) == "loop.run_in_executor")
            continue;
        const bool is_name = std::all_of(part.begin(), part.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '.' || c == '-';
        });
        text += text.empty() ? "use " : " or ";
        if (!is_name)
            text += part;
        else if (!in_callback && is_awaited_api(part))
            text += "`await " + std::string(part) + "()`";
        else
            text += quoted(part);
    }
    return text;
}

/// What to do instead, without the leading "; ".
std::string advice(const Model& model, const BlockingOperation& operation) {
    const AsyncLibrary library = model.library();
    const bool in_callback = model.in_loop_callback(operation.node);
    std::string text;
    switch (operation.api->kind) {
    case BlockingKind::Sleep:
        return in_callback ? "use `loop.call_later()`"
                           : "use `await " + std::string(library_name(model)) + ".sleep()`";
    case BlockingKind::Lock:
        return "keep what it guards short, or use " +
               quoted(std::string(library_name(model)) + ".Lock") + " if no thread shares it";
    case BlockingKind::Subprocess:
        if (library == AsyncLibrary::Anyio) return "use `anyio.run_process`";
        if (library == AsyncLibrary::Trio) return "use `trio.run_process`";
        text = table_advice(model, *operation.api, in_callback);
        break;
    case BlockingKind::Socket:
        if (library == AsyncLibrary::Anyio) return "use `anyio.connect_tcp` and its streams";
        if (library == AsyncLibrary::Trio) return "use `trio.socket`";
        text = table_advice(model, *operation.api, in_callback);
        break;
    case BlockingKind::Wait:
        if (is_future_result(operation) && in_callback) return "use its `add_done_callback()`";
        text = table_advice(model, *operation.api, in_callback);
        // The async twin is right when all sides live on the loop, a thread when they do not.
        if (!text.empty() && operation.api->fix == BlockingFix::Thread)
            text += ", or " + thread_advice(model, operation.node);
        break;
    case BlockingKind::Http: {
        // It asks no server, but the application, on a loop of another thread.
        const NodeId callee = model.tree().child(operation.node, Role::Callee);
        if (model.tree().is(callee, Kind::Attribute) &&
            model.is_instance(model.type_of(model.tree().child(callee, Role::Object)),
                              "starlette.testclient.TestClient"))
            return "use an `AsyncClient` with `ASGITransport(app)`";
        text = table_advice(model, *operation.api, in_callback);
        break;
    }
    case BlockingKind::Database:
    case BlockingKind::Network:
    case BlockingKind::ProcessWait: text = table_advice(model, *operation.api, in_callback); break;
    // The standard library has no async form of these; other libraries do, by threads.
    case BlockingKind::Open:
    case BlockingKind::FileMethod:
    case BlockingKind::DirectoryWalk:
    case BlockingKind::Path:
    case BlockingKind::Input:
    case BlockingKind::Cpu:
    case BlockingKind::Import: break;
    case BlockingKind::TlsCerts:
        return "make the context before the loop runs, or " + thread_advice(model, operation.node);
    }
    return text.empty() ? thread_advice(model, operation.node) : text;
}

void add_sleep_fix(const RuleContext& context, NodeId call, Finding& finding) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    bool starred = false;
    if (positional_count(tree, call, starred) != 1 || starred ||
        argument_values(tree, call).size() != 1)
        return;
    bool needs_import = false;
    const std::string package(library_name(model));
    const std::string module = model.module_name(package, call, needs_import);
    if (module.empty()) return;
    const NodeId callee = tree.child(call, Role::Callee);
    if (has_comment(tree, tree[callee].span())) return;
    std::vector<Edit> edits = insert_await(tree, call);
    const Edit replace{tree[callee].span(), module + ".sleep"};
    if (edits.front().span.begin == replace.span.begin)
        edits.front() = {replace.span, edits.front().text + replace.text};
    else
        edits.push_back(replace); // `(time.sleep)(1)`
    finding.fix("Replace with `await " + module + ".sleep()`", Applicability::Safe,
                std::move(edits),
                needs_import ? std::vector<std::string>{package} : std::vector<std::string>{});
}

} // namespace

std::vector<Kind> blocking_kinds() {
    return {Kind::Call, Kind::WithItem, Kind::For, Kind::CompFor};
}

void find_operation(const RuleContext& context, NodeId node) {
    context.last_operation = {node, std::nullopt};
    if (!context.model.on_loop(node)) return;
    const std::optional<BlockingOperation> operation = blocking_operation(context.model, node);
    if (operation && context.tree.kind(node) == Kind::Call && configured_advice(context, node))
        return;
    context.last_operation.operation = operation;
}

Finding report_operation(RuleContext& context, const BlockingOperation& operation) {
    const Model& model = context.model;
    const Tree& tree = context.tree;
    const std::string name = display_name(operation.name);
    const bool lock = operation.api->kind == BlockingKind::Lock;
    std::string message;
    switch (operation.api->use) {
    case BlockingUse::Call: message = "`" + name + "()`"; break;
    case BlockingUse::Enter: message = (lock ? "waiting for `" : "entering `") + name + "`"; break;
    case BlockingUse::Iterate: message = "iterating over `" + name + "`"; break;
    }
    message += lock ? " can block the event loop" : " blocks the event loop";
    if (operation.limit) message += " for up to " + seconds(*operation.limit);
    message += "; " + advice(model, operation);
    Finding finding = context.report(operation.node, std::move(message));
    finding.confidence(operation.confidence);
    if (tree.kind(operation.node) != Kind::Call || operation.api->use != BlockingUse::Call ||
        !can_await(model, operation.node) || holds_sync_lock(model, operation.node))
        return finding;
    if (operation.api->fix == BlockingFix::Sleep) add_sleep_fix(context, operation.node, finding);
    if (operation.api->fix == BlockingFix::Thread) add_thread_fix(context, operation.node, finding);
    return finding;
}

std::optional<MethodCall> method_call_on_loop(const RuleContext& context, NodeId node) {
    const Tree& tree = context.tree;
    if (!tree.is(node, Kind::Call)) return std::nullopt;
    const NodeId callee = tree.child(node, Role::Callee);
    if (!tree.is(callee, Kind::Attribute) || !context.model.on_loop(node)) return std::nullopt;
    return MethodCall{tree.child(callee, Role::Object), identifier(tree, callee, Role::Attr)};
}

bool is_future_result(const BlockingOperation& operation) {
    return operation.name == "concurrent.futures.Future.result" ||
           operation.name == "concurrent.futures.Future.exception" ||
           operation.api->name == "concurrent.futures.Future.result" ||
           operation.api->name == "concurrent.futures.Future.exception";
}

bool is_client_method(std::string_view name) {
    const std::size_t last = name.rfind('.');
    if (last == std::string_view::npos || last == 0) return false;
    const std::size_t before = name.rfind('.', last - 1);
    const char first = name[before == std::string_view::npos ? 0 : before + 1];
    return first >= 'A' && first <= 'Z';
}

std::optional<std::string_view> configured_advice(const RuleContext& context, NodeId call) {
    const Model& model = context.model;
    const std::vector<BlockingPattern>& patterns = model.settings().blocking_calls;
    if (patterns.empty()) return std::nullopt;
    const Tree& tree = context.tree;
    if (is_awaited(tree, call)) return std::nullopt;
    const Type result = model.type_of(call);
    if (Model::must_be_awaited(result) || result->kind == TypeKind::Awaitable) return std::nullopt;
    const CallTarget target = model.target(call);
    const NodeId callee = tree.child(call, Role::Callee);
    std::vector<std::string> names;
    if (!target.name.empty()) names.emplace_back(target.name);
    const auto add_defined = [&](const auto& defined) {
        names.push_back(defined.qualname);
        const std::string_view module = model.module_of(*defined.region);
        if (!module.empty()) names.push_back(std::string(module) + "." + defined.qualname);
    };
    if (target.function != nullptr) add_defined(*target.function);
    if (target.cls != nullptr) add_defined(*target.cls);
    if (const std::string_view imported = model.name_of(callee); !imported.empty())
        names.emplace_back(imported);
    if (const NodeId root = root_of(tree, callee);
        tree.is(root, Kind::Name) && !model.is_local(root)) {
        names.push_back(dotted_name(tree, callee));
        // `import legacy.db as db`: db.query is legacy.db.query
        if (const Type module = model.type_of(root); module->kind == TypeKind::Module)
            names.push_back(std::string(module->name) +
                            names.back().substr(tree.text(root).size()));
    }
    for (const BlockingPattern& entry : patterns)
        for (const std::string& name : names)
            if (matches_pattern(entry.pattern, name)) return entry.advice;
    return std::nullopt;
}

/// `except get_cancelled_exc_class():`, which is worked out while an exception is on its way, and may depend on the thread.
bool is_caught_class(const Tree& tree, NodeId call) {
    NodeId inner = call;
    for (NodeId up = tree.parent(call); up != kNoNode; inner = up, up = tree.parent(up)) {
        if (tree.is(up, Kind::Except)) return tree.role(inner) == Role::Value;
        if (tree.role(up) == Role::Statement) return false;
    }
    return false;
}

void add_thread_fix(const RuleContext& context, NodeId call, Finding& finding) {
    if (is_caught_class(context.tree, call) || holds_sync_lock(context.model, call) ||
        cancellation::is_skipped_cleanup(context.model, call) ||
        cancellation::may_lose_exception(context.model, call))
        return;
    ThreadEdit edit = hand_to_thread(context.model, call);
    if (edit.edits.empty()) return;
    finding.fix(std::move(edit.title), Applicability::Unsafe, std::move(edit.edits),
                std::move(edit.imports));
}

bool holds_sync_lock(const Model& model, NodeId node) {
    const Tree& tree = model.tree();
    NodeId inner = node;
    for (NodeId outer = tree.parent(node); outer != kNoNode;
         inner = outer, outer = tree.parent(outer)) {
        const Kind kind = tree.kind(outer);
        if (kind == Kind::FunctionDef || kind == Kind::Lambda) return false;
        if (kind != Kind::With || tree.role(inner) != Role::Body || tree[outer].is_async())
            continue;
        for (const NodeId item : tree.children(outer)) {
            if (tree.kind(item) != Kind::WithItem) continue;
            const std::optional<BlockingOperation> operation = blocking_operation(model, item);
            if (operation && operation->api->kind == BlockingKind::Lock) return true;
        }
    }
    return false;
}

std::vector<Edit> replace_by_await(const Tree& tree, NodeId call, const std::string& text) {
    const std::vector<Edit> frame = insert_await(tree, call);
    const std::string after = frame.size() > 1 ? frame.back().text : std::string();
    return {{tree[call].span(), frame.front().text + text + after}};
}

bool has_comment(const Tree& tree, Span span) {
    return std::any_of(tree.comments().begin(), tree.comments().end(),
                       [&](const Comment& comment) { return span.overlaps(comment.span); });
}

namespace {

/// The rule that reports a direct operation of the kind and is off by default; empty for the
/// others.
std::string_view optional_rule(BlockingKind kind) {
    if (kind == BlockingKind::Path) return "blocking-path";
    if (kind == BlockingKind::Cpu) return "blocking-cpu";
    if (kind == BlockingKind::Import) return "blocking-import";
    return {};
}

bool counts(const Settings& settings, const BlockingApi* api, BlockingKind kind) {
    const std::string_view name = api == nullptr ? std::string_view{} : optional_rule(kind);
    if (name.empty()) return true;
    const std::optional<std::size_t> rule = find_rule(name);
    return rule && settings.enabled[*rule];
}

} // namespace

bool counts(const Settings& settings, const BlockingChain& chain) {
    return counts(settings, chain.api, chain.kind);
}

bool counts(const Settings& settings, const BlockingOperation& operation) {
    return counts(settings, operation.api, operation.api->kind);
}

bool is_consumed(const Model& model, NodeId generator) {
    const Tree& tree = model.tree();
    const NodeId parent = tree.parent(generator);
    const Role role = tree.role(generator);
    switch (tree.kind(parent)) {
    case Kind::For:
    case Kind::CompFor: return role == Role::Iter;
    case Kind::Starred:
    case Kind::YieldFrom: return true;
    case Kind::Keyword: return model.iterates(tree.parent(parent), generator);
    case Kind::Call: {
        constexpr std::string_view kConsumers[] = {
            "builtins.all",       "builtins.any",  "builtins.bytes.join", "builtins.dict",
            "builtins.frozenset", "builtins.list", "builtins.max",        "builtins.min",
            "builtins.next",      "builtins.set",  "builtins.sorted",     "builtins.str.join",
            "builtins.sum",       "builtins.tuple"};
        if (role != Role::Argument) return false;
        const std::string_view callee = model.target(parent).name;
        return std::find(std::begin(kConsumers), std::end(kConsumers), callee) !=
                   std::end(kConsumers) ||
               model.iterates(parent, generator);
    }
    default: return false;
    }
}

} // namespace awaitls::analysis
