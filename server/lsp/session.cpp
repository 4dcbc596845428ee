#include "server/lsp/session.h"

#include "generated/version.h"
#include "protocol/json_text.h"
#include "server/config/resolve.h"
#include "server/files/discover.h"
#include "server/lsp/call_request.h"
#include "server/lsp/code_actions.h"
#include "server/lsp/open_document.h"
#include "server/lsp/workspace_pull.h"

#include <cstdio>
#include <utility>

namespace awaitls::server {

namespace method = protocol::method;

namespace {

protocol::MessageType message_type(LogLevel level) {
    switch (level) {
    case LogLevel::Error: return protocol::MessageType::Error;
    case LogLevel::Warning: return protocol::MessageType::Warning;
    case LogLevel::Info: return protocol::MessageType::Info;
    case LogLevel::Debug: return protocol::MessageType::Log;
    }
    return protocol::MessageType::Log;
}

/// The folders of a client that knows none: its root, if it has one.
std::vector<protocol::WorkspaceFolder> initial_folders(const protocol::InitializeParams& params) {
    if (params.workspace_folders && !params.workspace_folders->empty()) {
        return *params.workspace_folders;
    }
    if (params.root_uri) {
        return {{*params.root_uri, ""}};
    }
    if (params.root_path) {
        return {{protocol::file_uri(*params.root_path), ""}};
    }
    return {};
}

/// Neovim before 0.13 answers a refresh by pulling the workspace, where there is such a thing, and leaves the documents that
/// are open as they are (neovim#40623).
bool refreshes_workspace_alone(const std::optional<protocol::ClientInfo>& client) {
    if (!client || client->name != "Neovim" || !client->version) return false;
    int major = 0;
    int minor = 0;
    return std::sscanf(client->version->c_str(), "%d.%d", &major, &minor) == 2 && major == 0 &&
           minor < 13;
}

/// `whole_workspace`: diagnostics of files that are not open may be pulled.
protocol::ServerCapabilities server_capabilities(const ClientStyle& style, bool whole_workspace) {
    protocol::ServerCapabilities result;
    result.position_encoding = style.encoding;
    result.text_document_sync = protocol::TextDocumentSyncOptions{
        true, protocol::TextDocumentSyncKind::Incremental, protocol::SaveOptions{true}};
    std::vector<std::string> action_kinds{std::string(protocol::code_action_kind::kQuickFix),
                                          std::string(protocol::code_action_kind::kRefactorRewrite),
                                          std::string(kFixAllKind)};
    if (style.capabilities.notebook_sync) {
        result.notebook_document_sync =
            protocol::NotebookDocumentSyncOptions{{{"*", {{"python"}}}}, true};
        action_kinds.emplace_back(kNotebookFixAllKind);
    }
    result.hover_provider = true;
    result.call_hierarchy_provider = style.capabilities.call_hierarchy;
    result.code_action_provider = protocol::CodeActionOptions{
        std::move(action_kinds), style.capabilities.code_action_resolve_edit};
    if (style.capabilities.pull_diagnostics) {
        result.diagnostic_provider =
            protocol::DiagnosticOptions{std::string(kSource), true, whole_workspace};
    }
    if (style.capabilities.apply_edit) {
        result.execute_command_provider =
            protocol::ExecuteCommandOptions{{std::string(kFixAllCommand)}};
    }
    protocol::WorkspaceServerCapabilities workspace;
    workspace.workspace_folders = protocol::WorkspaceFoldersServerCapabilities{true, true};
    // Watchers of files do not tell of folders that move with all that is in them.
    const protocol::FileOperationRegistrationOptions folders{{{"file", {"**", "folder"}}}};
    const protocol::ClientCapabilities& client = style.capabilities;
    if (client.did_rename_files || client.did_delete_files) {
        workspace.file_operations.emplace();
        if (client.did_rename_files) workspace.file_operations->did_rename = folders;
        if (client.did_delete_files) workspace.file_operations->did_delete = folders;
    }
    result.workspace = workspace;
    return result;
}

} // namespace

namespace {
/// A folder with more entries is no project, but somebody's home.
constexpr std::size_t kMaxEntries = 1'000'000;

/// The files of a project that are analysed by default; called from a worker.
std::vector<std::string> files_below(const std::string& folder, const std::function<bool()>& stop) {
    ConfigResolver resolver;
    std::size_t entries = 0;
    Discovery discovery = discover({folder}, [&](const std::string& path) {
        if (++entries > kMaxEntries || (stop && stop())) throw DiskModules::Stopped{};
        return resolver.excludes(path);
    });
    std::vector<std::string> files;
    for (DiscoveredFile& file : discovery.files) files.push_back(std::move(file.path));
    return files;
}

std::shared_ptr<const DiskModules> make_modules(const Libraries& libraries) {
    auto modules = std::make_shared<DiskModules>(kDefaultMaxFileSize, libraries);
    modules->index_with(files_below);
    return modules;
}
} // namespace

Session::Session(EventLoop& loop, Pool& pool, Log& log,
                 std::unique_ptr<protocol::Transport> transport, SessionOptions options)
    : loop_(loop),
      pool_(pool),
      log_(log),
      options_(std::move(options)),
      analyser_context_{loop, pool, log, options_.analyse},
      disk_modules_(make_modules(options_.libraries)),
      rest_(loop) {
    protocol::Connection::Hooks hooks;
    hooks.on_batch_done = [this] { batch_done(); };
    hooks.on_end = [this](protocol::EndReason reason, const std::string& detail) {
        ended(reason, detail);
    };
    hooks.log = [this](const std::string& text) { log_.warning(text); };
    hooks.anomaly = [this](const std::string& text) { log_.anomaly("protocol", text); };
    hooks.on_traffic = [this](protocol::Direction direction, std::string_view body) {
        if (options_.on_traffic) {
            options_.on_traffic(direction, body);
        }
        if (trace_ != protocol::TraceValue::Off) {
            trace_message(direction, body);
        }
    };
    connection_ = std::make_unique<protocol::Connection>(std::move(transport), std::move(hooks));
    register_handlers();
}

Session::~Session() {
    log_.set_client(nullptr);
    documents_.clear();
}

void Session::start() {
    connection_->start();
}

void Session::register_handlers() {
    protocol::Router& router = connection_->router();
    const auto any = [](auto&& responder) { return protocol::AnyResponder(std::move(responder)); };

    router.on_request<method::Initialize>(
        [this](protocol::InitializeParams params, auto responder) {
            initialize(std::move(params), std::move(responder));
        });
    router.on_notification<method::Initialized>([this](protocol::Null) { initialized(); });
    router.on_request<method::Shutdown>(
        [this, any](protocol::Null, auto responder) { shutdown(any(std::move(responder))); });
    router.on_notification<method::Exit>([this](protocol::Null) { exit(); });
    router.on_notification<method::SetTrace>(
        [this](const protocol::SetTraceParams& params) { trace_ = params.value; });

    router.on_notification<method::DidOpen>(
        [this](protocol::DidOpenTextDocumentParams params, const protocol::Message& message) {
            did_open(std::move(params), message.repaired);
        });
    router.on_notification<method::DidChange>(
        [this](const protocol::DidChangeTextDocumentParams& params,
               const protocol::Message& message) { did_change(params, message.repaired); });
    router.on_notification<method::DidSave>(
        [this](const protocol::DidSaveTextDocumentParams& params) { did_save(params); });
    router.on_notification<method::DidClose>(
        [this](const protocol::DidCloseTextDocumentParams& params) { did_close(params); });
    router.on_notification<method::DidOpenNotebook>(
        [this](protocol::DidOpenNotebookDocumentParams params, const protocol::Message& message) {
            did_open_notebook(std::move(params), message.repaired);
        });
    router.on_notification<method::DidChangeNotebook>(
        [this](protocol::DidChangeNotebookDocumentParams params, const protocol::Message& message) {
            did_change_notebook(std::move(params), message.repaired);
        });
    router.on_notification<method::DidSaveNotebook>(
        [this](const protocol::DidSaveNotebookDocumentParams& params) {
            did_save_notebook(params);
        });
    router.on_notification<method::DidCloseNotebook>(
        [this](const protocol::DidCloseNotebookDocumentParams& params) {
            did_close_notebook(params);
        });
    router.on_bad_notification([this](const protocol::Message& message, const std::string& why) {
        bad_notification(message, why);
    });

    router.on_request<method::DocumentDiagnostic>(
        [this, any](const protocol::DocumentDiagnosticParams& params, auto responder) {
            pull_diagnostics(params, any(std::move(responder)));
        });
    router.on_request<method::WorkspaceDiagnostic>(
        [this, any](const protocol::WorkspaceDiagnosticParams& params, auto responder) {
            pull_workspace(params, any(std::move(responder)));
        });
    router.on_request<method::CodeActions>(
        [this, any](protocol::CodeActionParams params, auto responder) {
            code_actions(std::move(params), any(std::move(responder)));
        });
    router.on_request<method::CodeActionResolve>(
        [this, any](protocol::CodeAction action, auto responder) {
            resolve_code_action(std::move(action), any(std::move(responder)));
        });
    router.on_request<method::HoverAt>(
        [this, any](const protocol::HoverParams& params, auto responder) {
            hover(params, any(std::move(responder)));
        });
    router.on_request<method::PrepareCallHierarchy>(
        [this, any](const protocol::CallHierarchyPrepareParams& params, auto responder) {
            prepare_call_hierarchy(params, any(std::move(responder)));
        });
    router.on_request<method::IncomingCalls>(
        [this, any](const protocol::CallHierarchyCallsParams& params, auto responder) {
            follow_calls(CallQuestion::Kind::Incoming, params, any(std::move(responder)));
        });
    router.on_request<method::OutgoingCalls>(
        [this, any](const protocol::CallHierarchyCallsParams& params, auto responder) {
            follow_calls(CallQuestion::Kind::Outgoing, params, any(std::move(responder)));
        });
    router.on_request<method::ExecuteCommand>(
        [this, any](const protocol::ExecuteCommandParams& params, auto responder) {
            execute_command(params, any(std::move(responder)));
        });

    router.on_notification<method::DidChangeConfiguration>(
        [this](const protocol::DidChangeConfigurationParams& params) {
            did_change_configuration(params);
        });
    router.on_notification<method::DidChangeWatchedFiles>(
        [this](const protocol::DidChangeWatchedFilesParams& params) {
            did_change_watched_files(params);
        });
    router.on_notification<method::DidRenameFiles>(
        [this](const protocol::RenameFilesParams& params) {
            protocol::DidChangeWatchedFilesParams changes;
            for (const protocol::FileRename& file : params.files) {
                changes.changes.push_back({file.old_uri, protocol::FileChangeType::Deleted});
                changes.changes.push_back({file.new_uri, protocol::FileChangeType::Created});
            }
            did_change_watched_files(changes);
        });
    router.on_notification<method::DidDeleteFiles>(
        [this](const protocol::DeleteFilesParams& params) {
            protocol::DidChangeWatchedFilesParams changes;
            for (const protocol::FileDelete& file : params.files) {
                changes.changes.push_back({file.uri, protocol::FileChangeType::Deleted});
            }
            did_change_watched_files(changes);
        });
    router.on_notification<method::DidChangeWorkspaceFolders>(
        [this](const protocol::DidChangeWorkspaceFoldersParams& params) {
            did_change_workspace_folders(params);
        });
}

void Session::initialize(protocol::InitializeParams params,
                         protocol::Responder<protocol::InitializeResult> responder) {
    style_.capabilities = std::move(params.capabilities);
    style_.encoding = style_.capabilities.negotiate_position_encoding();
    // Who cannot be told to pull again would show what was true before another file changed.
    if (!style_.capabilities.diagnostics_refresh) style_.capabilities.pull_diagnostics = false;
    workspace_.set_folders(initial_folders(params));
    take_folders();
    const EditorOptions editor_options =
        workspace_.set_initialization_options(params.initialization_options);
    whole_folders_ = !workspace_.whole_folders().empty();
    responder.reply({server_capabilities(
                         style_, whole_folders_ || !refreshes_workspace_alone(params.client_info)),
                     protocol::ServerInfo{"awaitls", std::string(kVersion)}});

    // Nothing may be sent before the reply.
    log_.set_client([this](LogLevel level, const std::string& text) {
        connection_->notify<method::LogMessage>({message_type(level), text});
    });
    trace_ = params.trace;
    take_editor_options(editor_options);
    const std::string client = params.client_info ? params.client_info->name + " " +
                                                        params.client_info->version.value_or("")
                                                  : "a client without a name";
    log_.info("awaitls " + std::string(kVersion) + " serves " + client + ", " +
              std::string(protocol::position_encoding_name(style_.encoding)) + ", diagnostics by " +
              (style_.capabilities.pull_diagnostics ? "pull" : "push"));
    if (params.process_id) {
        options_.on_parent(*params.process_id);
    }
}

void Session::initialized() {
    const protocol::ClientCapabilities& client = style_.capabilities;
    protocol::RegistrationParams registrations;
    const auto add = [&](std::string_view name, protocol::RawJson options) {
        registrations.registrations.push_back(
            {"awaitls-" + std::to_string(++registrations_), std::string(name), std::move(options)});
    };
    if (client.watched_files_dynamic_registration) {
        protocol::DidChangeWatchedFilesRegistrationOptions watched;
        for (const std::string_view name : kConfigurationFileNames) {
            watched.watchers.push_back({"**/" + std::string(name), std::nullopt});
        }
        watched.watchers.push_back({"**/*.{py,pyi}", std::nullopt});
        add(method::DidChangeWatchedFiles::kMethod, protocol::to_json(watched));
    }
    if (client.configuration_dynamic_registration) {
        add(method::DidChangeConfiguration::kMethod,
            protocol::to_json(protocol::DidChangeConfigurationRegistrationOptions{
                {std::string(kConfigurationSection)}}));
    }
    if (!registrations.registrations.empty()) {
        connection_->request<method::RegisterCapability>(
            registrations, [this](const protocol::Outcome<protocol::Null>& outcome) {
                if (!outcome.value) {
                    log_.warning("the client refused to watch the configuration: " +
                                 outcome.error.message);
                }
            });
    }
    pull_configuration();
}

void Session::shutdown(protocol::AnyResponder responder) {
    shut_down_ = true;
    for (const auto& [key, document] : documents_) {
        refuse_waiters(*document, "the server shuts down");
    }
    refuse_workspace_pulls("the server shuts down");
    refuse_call_requests("the server shuts down");
    documents_.clear();
    responder.reply_raw({});
}

void Session::exit() {
    finish(shut_down_ ? 0 : 1);
}

void Session::end(const std::string& why) {
    log_.info("ending: " + why);
    finish(shut_down_ ? 0 : 1);
}

void Session::ended(protocol::EndReason reason, const std::string& detail) {
    log_.set_client(nullptr);
    if (reason != protocol::EndReason::Closed) {
        log_.info("the connection ended" + (detail.empty() ? "" : ": " + detail));
    }
    finish(shut_down_ ? 0 : 1);
    options_.on_end();
}

void Session::finish(int status) {
    if (exited_) {
        return;
    }
    exited_ = true;
    shut_down_ = true;
    documents_.clear();
    refuse_workspace_pulls("the server ends");
    refuse_call_requests("the server ends");
    options_.on_exit(status);
    connection_->close();
}

void Session::trace_message(protocol::Direction direction, std::string_view body) {
    if (tracing_) {
        return; // the trace is not traced
    }
    const protocol::Message message = protocol::parse_message(body);
    if (message.method == method::LogTrace::kMethod ||
        message.method == method::LogMessage::kMethod) {
        return;
    }
    std::string text = direction == protocol::Direction::In ? "received " : "sent ";
    switch (message.kind) {
    case protocol::MessageKind::Request:
        text += "request " + message.method + " (" + message.id.text() + ")";
        break;
    case protocol::MessageKind::Notification: text += "notification " + message.method; break;
    case protocol::MessageKind::Response: text += "response " + message.id.text(); break;
    case protocol::MessageKind::Invalid: text += "an invalid message"; break;
    }
    protocol::LogTraceParams trace{std::move(text), std::nullopt};
    if (trace_ == protocol::TraceValue::Verbose) {
        trace.verbose = std::string(body);
    }
    tracing_ = true;
    connection_->notify<method::LogTrace>(trace);
    tracing_ = false;
}

} // namespace awaitls::server
