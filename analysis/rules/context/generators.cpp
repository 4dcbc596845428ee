#include "analysis/rules/context/generators.h"

#include "analysis/rules/names.h"
#include "analysis/rules/task/common.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

/// Managers that open a cancel scope or task group in the task that enters them, by the sources of the libraries.
constexpr std::array<std::string_view, 20> kScopesOfLibraries{
    "anyio.from_thread.BlockingPortal",
    "anyio.from_thread.start_blocking_portal",
    "apscheduler.AsyncScheduler",
    "asgi_lifespan.LifespanManager",
    "mcp.client.sse.sse_client",
    "mcp.client.stdio.stdio_client",
    "mcp.client.streamable_http.streamable_http_client",
    "mcp.client.streamable_http.streamablehttp_client",
    "mcp.client.websocket.websocket_client",
    "mcp.stdio_client",
    "mcp.ClientSession",
    "qtrio.enter_emissions_channel",
    "qtrio.open_emissions_nursery",
    "trio_asyncio.open_loop",
    "trio_parallel.open_worker_context",
    "trio_util.move_on_when",
    "trio_util.run_and_cancelling",
    "trio_websocket.open_websocket",
    "trio_websocket.open_websocket_url",
    "trio_websocket.serve_websocket",
};

/// Decorators that leave a function what it is.
bool is_harmless(std::string_view decorator) {
    for (const std::string_view name :
         {"builtins.staticmethod", "builtins.classmethod", "functools.wraps", "typing.override",
          "typing_extensions.override", "abc.abstractmethod", "typing.final", "typing.overload",
          "typing.no_type_check"})
        if (decorator == name) return true;
    return false;
}

bool imports_web_framework(const Model& model) {
    for (const std::string_view module :
         {"fastapi", "starlette", "litestar", "faststream", "dishka", "taskiq",
          "taskiq_dependencies", "fastdepends", "fast_depends", "dependency_injector"})
        if (model.imports(module)) return true;
    return false;
}

/// `Depends(get_session)`
bool is_injected(const Model& model, NodeId definition) {
    const NodeId name = model.tree().child(definition, Role::Name);
    if (name == kNoNode) return false;
    const std::vector<Model::CallSite>& mentions = model.mentions(name);
    return std::any_of(mentions.begin(), mentions.end(), [](const Model::CallSite& mention) {
        const Tree& there = mention.model->tree();
        NodeId value = mention.call;
        if (there.is(there.parent(value), Kind::Keyword)) value = there.parent(value);
        const NodeId call = there.parent(value);
        if (there.role(value) != Role::Argument || !there.is(call, Kind::Call)) return false;
        const std::string_view written = called_name(there, call);
        const NodeId callee = there.child(call, Role::Callee);
        std::string_view meant =
            callee == kNoNode ? std::string_view{} : mention.model->name_of(callee);
        if (const std::size_t dot = meant.rfind('.'); dot != std::string_view::npos)
            meant.remove_prefix(dot + 1);
        for (const std::string_view known :
             {"Depends", "Security", "Provide", "Resource", "TaskiqDepends", "provide",
              "contextmanager", "asynccontextmanager"})
            if (written == known || meant == known) return true;
        return false;
    });
}

} // namespace

bool yields_once(const Tree& tree, NodeId definition) {
    const NodeId body = tree.child(definition, Role::Body);
    if (body == kNoNode) return false;
    int yields = 0;
    bool repeated = false;
    search_same_function(tree, body, [&](NodeId node) {
        if (!tree.is(node, Kind::Yield) && !tree.is(node, Kind::YieldFrom)) return true;
        ++yields;
        repeated =
            repeated || tree.is(node, Kind::YieldFrom) || tasks::loop_around(tree, node) != kNoNode;
        return true;
    });
    return yields == 1 && !repeated;
}

GeneratorUse use_of_generator(const RuleContext& context, NodeId definition) {
    const Model& model = context.model;
    if (!context.tree.is(definition, Kind::FunctionDef) ||
        is_transformed_generator(context, definition) || is_injected(model, definition) ||
        (imports_web_framework(model) && yields_once(context.tree, definition)))
        return GeneratorUse::Managed;
    const std::vector<NodeId> all = decorators(context.tree, definition);
    const bool plain = std::all_of(all.begin(), all.end(), [&](NodeId decorator) {
        return is_harmless(model.name_of(decorator));
    });
    return plain ? GeneratorUse::Plain : GeneratorUse::Decorated;
}

bool holds_cancel_scope(const Model& model, NodeId with_item) {
    const Tree& tree = model.tree();
    const NodeId value = tree.child(with_item, Role::Value);
    if (value == kNoNode || !tree.is(value, Kind::Call)) return false;
    const auto is_scope = [](std::string_view name) {
        return tasks::is_timeout_name(name) || tasks::is_task_group_name(name) ||
               std::find(kScopesOfLibraries.begin(), kScopesOfLibraries.end(), name) !=
                   kScopesOfLibraries.end();
    };
    const CallTarget target = model.target(value);
    if (is_scope(target.name)) return true;
    if (target.function == nullptr)
        return target.name.empty() && is_scope(model.name_of(tree.child(value, Role::Callee)));
    // A manager function of the project that yields within one.
    if (!target.function->is_generator || target.confidence != Confidence::Certain) return false;
    const std::vector<std::string>& held = model.held_at_yields(*target.function);
    return std::any_of(held.begin(), held.end(), is_scope);
}

} // namespace awaitls::analysis
