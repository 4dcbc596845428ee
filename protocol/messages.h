#pragma once

// The methods awaitls speaks, each with the types of its params and result.

#include "protocol/codec.h"
#include "protocol/types.h"

#include <optional>
#include <string_view>
#include <vector>

namespace awaitls::protocol::method {

#define AWAITLS_REQUEST(Name, text, ParamsType, ...)                                               \
    struct Name {                                                                                  \
        static constexpr std::string_view kMethod = text;                                          \
        using Params = ParamsType;                                                                 \
        using Result = __VA_ARGS__;                                                                \
    }
#define AWAITLS_NOTIFICATION(Name, text, ParamsType)                                               \
    struct Name {                                                                                  \
        static constexpr std::string_view kMethod = text;                                          \
        using Params = ParamsType;                                                                 \
    }

// ---- From the client ----

AWAITLS_REQUEST(Initialize, "initialize", InitializeParams, InitializeResult);
AWAITLS_NOTIFICATION(Initialized, "initialized", Null);
AWAITLS_REQUEST(Shutdown, "shutdown", Null, Null);
AWAITLS_NOTIFICATION(Exit, "exit", Null);
AWAITLS_NOTIFICATION(CancelRequest, "$/cancelRequest", CancelParams);
AWAITLS_NOTIFICATION(SetTrace, "$/setTrace", SetTraceParams);

AWAITLS_NOTIFICATION(DidOpen, "textDocument/didOpen", DidOpenTextDocumentParams);
AWAITLS_NOTIFICATION(DidChange, "textDocument/didChange", DidChangeTextDocumentParams);
AWAITLS_NOTIFICATION(DidSave, "textDocument/didSave", DidSaveTextDocumentParams);
AWAITLS_NOTIFICATION(DidClose, "textDocument/didClose", DidCloseTextDocumentParams);
AWAITLS_NOTIFICATION(DidOpenNotebook, "notebookDocument/didOpen", DidOpenNotebookDocumentParams);
AWAITLS_NOTIFICATION(DidChangeNotebook, "notebookDocument/didChange",
                     DidChangeNotebookDocumentParams);
AWAITLS_NOTIFICATION(DidSaveNotebook, "notebookDocument/didSave", DidSaveNotebookDocumentParams);
AWAITLS_NOTIFICATION(DidCloseNotebook, "notebookDocument/didClose", DidCloseNotebookDocumentParams);

AWAITLS_REQUEST(DocumentDiagnostic, "textDocument/diagnostic", DocumentDiagnosticParams,
                DocumentDiagnosticReport);
AWAITLS_REQUEST(WorkspaceDiagnostic, "workspace/diagnostic", WorkspaceDiagnosticParams,
                WorkspaceDiagnosticReport);
AWAITLS_REQUEST(CodeActions, "textDocument/codeAction", CodeActionParams, std::vector<CodeAction>);
AWAITLS_REQUEST(CodeActionResolve, "codeAction/resolve", CodeAction, CodeAction);
AWAITLS_REQUEST(HoverAt, "textDocument/hover", HoverParams, std::optional<Hover>);
AWAITLS_REQUEST(PrepareCallHierarchy, "textDocument/prepareCallHierarchy",
                CallHierarchyPrepareParams, std::optional<std::vector<CallHierarchyItem>>);
AWAITLS_REQUEST(IncomingCalls, "callHierarchy/incomingCalls", CallHierarchyCallsParams,
                std::optional<std::vector<CallHierarchyIncomingCall>>);
AWAITLS_REQUEST(OutgoingCalls, "callHierarchy/outgoingCalls", CallHierarchyCallsParams,
                std::optional<std::vector<CallHierarchyOutgoingCall>>);

AWAITLS_REQUEST(ExecuteCommand, "workspace/executeCommand", ExecuteCommandParams, RawJson);
AWAITLS_NOTIFICATION(DidChangeConfiguration, "workspace/didChangeConfiguration",
                     DidChangeConfigurationParams);
AWAITLS_NOTIFICATION(DidChangeWatchedFiles, "workspace/didChangeWatchedFiles",
                     DidChangeWatchedFilesParams);
AWAITLS_NOTIFICATION(DidRenameFiles, "workspace/didRenameFiles", RenameFilesParams);
AWAITLS_NOTIFICATION(DidDeleteFiles, "workspace/didDeleteFiles", DeleteFilesParams);
AWAITLS_NOTIFICATION(DidChangeWorkspaceFolders, "workspace/didChangeWorkspaceFolders",
                     DidChangeWorkspaceFoldersParams);
AWAITLS_NOTIFICATION(WorkDoneProgressCancel, "window/workDoneProgress/cancel",
                     WorkDoneProgressCancelParams);

// ---- From the server ----

AWAITLS_NOTIFICATION(PublishDiagnostics, "textDocument/publishDiagnostics",
                     PublishDiagnosticsParams);
AWAITLS_NOTIFICATION(LogMessage, "window/logMessage", LogMessageParams);
AWAITLS_NOTIFICATION(ShowMessage, "window/showMessage", ShowMessageParams);
AWAITLS_NOTIFICATION(LogTrace, "$/logTrace", LogTraceParams);
AWAITLS_NOTIFICATION(Progress, "$/progress", ProgressParams);
AWAITLS_REQUEST(ShowMessageRequest, "window/showMessageRequest", ShowMessageRequestParams,
                std::optional<MessageActionItem>);
AWAITLS_REQUEST(WorkDoneProgressCreate, "window/workDoneProgress/create",
                WorkDoneProgressCreateParams, Null);
AWAITLS_REQUEST(Configuration, "workspace/configuration", ConfigurationParams,
                std::vector<RawJson>);
AWAITLS_REQUEST(ApplyEdit, "workspace/applyEdit", ApplyWorkspaceEditParams,
                ApplyWorkspaceEditResult);
AWAITLS_REQUEST(DiagnosticRefresh, "workspace/diagnostic/refresh", Null, Null);
AWAITLS_REQUEST(WorkspaceFolders, "workspace/workspaceFolders", Null,
                std::optional<std::vector<WorkspaceFolder>>);
AWAITLS_REQUEST(RegisterCapability, "client/registerCapability", RegistrationParams, Null);
AWAITLS_REQUEST(UnregisterCapability, "client/unregisterCapability", UnregistrationParams, Null);

#undef AWAITLS_REQUEST
#undef AWAITLS_NOTIFICATION

} // namespace awaitls::protocol::method
