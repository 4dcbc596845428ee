#pragma once

// The structures of the Language Server Protocol that awaitls uses. Fields have the protocol's
// names in snake_case and its meanings. A std::optional that is empty, a false flag and a vector
// marked "omitted when empty" are not written. Lines and columns count from 0; columns are in the
// units of the negotiated PositionEncoding. DocumentUri strings are the client's own spelling.

#include "protocol/capabilities.h"
#include "protocol/json_writer.h"
#include "protocol/position.h"
#include "protocol/rpc.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace awaitls::protocol {

class Reader;

using DocumentUri = std::string;
using IntegerOrString = std::variant<std::int64_t, std::string>;
using ProgressToken = IntegerOrString;

// ---- Documents ----

struct Location {
    DocumentUri uri;
    Range range;
    bool operator==(const Location&) const = default;
};

struct TextDocumentIdentifier {
    DocumentUri uri;
};

struct VersionedTextDocumentIdentifier {
    DocumentUri uri;
    std::int64_t version = 0;
};

struct OptionalVersionedTextDocumentIdentifier {
    DocumentUri uri;
    std::optional<std::int64_t> version; // null: the content on disk is the truth
};

struct TextDocumentItem {
    DocumentUri uri;
    std::string language_id;
    std::int64_t version = 0;
    std::string text;
};

struct TextEdit {
    Range range;
    std::string new_text;
    std::optional<std::string> annotation_id; // only inside a TextDocumentEdit
    bool operator==(const TextEdit&) const = default;
};

struct TextDocumentContentChangeEvent {
    std::optional<Range> range; // none: `text` is the whole document
    std::string text;
};

struct DidOpenTextDocumentParams {
    TextDocumentItem text_document;
};

struct DidChangeTextDocumentParams {
    VersionedTextDocumentIdentifier text_document;
    std::vector<TextDocumentContentChangeEvent> content_changes;
};

struct DidSaveTextDocumentParams {
    TextDocumentIdentifier text_document;
    std::optional<std::string> text;
};

struct DidCloseTextDocumentParams {
    TextDocumentIdentifier text_document;
};

// ---- Commands and edits ----

struct Command {
    std::string title;
    std::string command;
    std::vector<RawJson> arguments; // omitted when empty
};

struct ChangeAnnotation {
    std::string label;
    bool needs_confirmation = false;
    std::optional<std::string> description;
};

struct TextDocumentEdit {
    OptionalVersionedTextDocumentIdentifier text_document;
    std::vector<TextEdit> edits;
};

struct WorkspaceEdit {
    std::optional<std::vector<std::pair<DocumentUri, std::vector<TextEdit>>>> changes;
    std::optional<std::vector<TextDocumentEdit>> document_changes;
    std::vector<std::pair<std::string, ChangeAnnotation>> change_annotations; // omitted when empty
};

struct ExecuteCommandParams {
    std::string command;
    std::vector<RawJson> arguments;
    std::optional<ProgressToken> work_done_token;
};

struct ApplyWorkspaceEditParams {
    std::optional<std::string> label;
    WorkspaceEdit edit;
};

struct ApplyWorkspaceEditResult {
    bool applied = false;
    std::optional<std::string> failure_reason;
    std::optional<std::uint32_t> failed_change;
};

// ---- Diagnostics ----

enum class DiagnosticSeverity : std::uint8_t { Error = 1, Warning = 2, Information = 3, Hint = 4 };
enum class DiagnosticTag : std::uint8_t { Unnecessary = 1, Deprecated = 2 };

struct DiagnosticRelatedInformation {
    Location location;
    std::string message;
    bool operator==(const DiagnosticRelatedInformation&) const = default;
};

struct CodeDescription {
    std::string href;
    bool operator==(const CodeDescription&) const = default;
};

struct Diagnostic {
    Range range;
    std::optional<DiagnosticSeverity> severity;
    std::optional<IntegerOrString> code;
    std::optional<CodeDescription> code_description;
    std::optional<std::string> source;
    std::string message;             // text of the markup where a client sends markup
    std::vector<DiagnosticTag> tags; // omitted when empty
    std::vector<DiagnosticRelatedInformation> related_information; // omitted when empty
    RawJson data;
    bool operator==(const Diagnostic&) const = default;
};

struct PublishDiagnosticsParams {
    DocumentUri uri;
    std::optional<std::int64_t> version;
    std::vector<Diagnostic> diagnostics;
};

struct DocumentDiagnosticParams {
    TextDocumentIdentifier text_document;
    std::optional<std::string> identifier;
    std::optional<std::string> previous_result_id;
    std::optional<ProgressToken> work_done_token;
    std::optional<ProgressToken> partial_result_token;
};

enum class ReportKind : std::uint8_t { Full, Unchanged };

/// A full report (result_id optional, items) or an unchanged one (result_id required, no items).
struct DocumentReport {
    ReportKind kind = ReportKind::Full;
    std::optional<std::string> result_id;
    std::vector<Diagnostic> items;
};

/// The result of textDocument/diagnostic.
struct DocumentDiagnosticReport : DocumentReport {
    std::vector<std::pair<DocumentUri, DocumentReport>> related_documents; // omitted when empty
};

struct PreviousResultId {
    DocumentUri uri;
    std::string value;
};

struct WorkspaceDiagnosticParams {
    std::optional<std::string> identifier;
    std::vector<PreviousResultId> previous_result_ids;
    std::optional<ProgressToken> work_done_token;
    std::optional<ProgressToken> partial_result_token;
};

struct WorkspaceDocumentDiagnosticReport : DocumentReport {
    DocumentUri uri;
    std::optional<std::int64_t> version; // null: not open
};

/// The result of workspace/diagnostic, and the value of each of its partial results.
struct WorkspaceDiagnosticReport {
    std::vector<WorkspaceDocumentDiagnosticReport> items;
};

/// The data of a ServerCancelled error of a diagnostic request.
struct DiagnosticServerCancellationData {
    bool retrigger_request = false;
};

// ---- Code actions, hover ----

enum class CodeActionTriggerKind : std::uint8_t { Invoked = 1, Automatic = 2 };

namespace code_action_kind {
inline constexpr std::string_view kQuickFix = "quickfix";
inline constexpr std::string_view kRefactorRewrite = "refactor.rewrite";
inline constexpr std::string_view kSource = "source";
inline constexpr std::string_view kSourceFixAll = "source.fixAll";
} // namespace code_action_kind

/// True if `kind` is `requested` or a kind below it: "source.fixAll.awaitls" under "source.fixAll".
bool is_kind_within(std::string_view kind, std::string_view requested);

struct CodeActionContext {
    std::vector<Diagnostic> diagnostics;
    std::optional<std::vector<std::string>> only;
    std::optional<CodeActionTriggerKind> trigger_kind;
};

struct CodeActionParams {
    TextDocumentIdentifier text_document;
    Range range;
    CodeActionContext context;
    std::optional<ProgressToken> work_done_token;
    std::optional<ProgressToken> partial_result_token;
};

struct CodeActionDisabled {
    std::string reason;
};

struct CodeAction {
    std::string title;
    std::optional<std::string> kind;
    std::vector<Diagnostic> diagnostics; // omitted when empty
    bool is_preferred = false;
    std::optional<CodeActionDisabled> disabled;
    std::optional<WorkspaceEdit> edit;
    std::optional<Command> command;
    RawJson data;
};

enum class MarkupKind : std::uint8_t { PlainText, Markdown };

struct MarkupContent {
    MarkupKind kind = MarkupKind::PlainText;
    std::string value;
};

struct HoverParams {
    TextDocumentIdentifier text_document;
    Position position;
    std::optional<ProgressToken> work_done_token;
};

struct Hover {
    MarkupContent contents;
    std::optional<Range> range;
};

// ---- Call hierarchy ----

enum class SymbolKind : std::uint8_t {
    File = 1,
    Module = 2,
    Class = 5,
    Method = 6,
    Constructor = 9,
    Function = 12
};

struct CallHierarchyPrepareParams {
    TextDocumentIdentifier text_document;
    Position position;
    std::optional<ProgressToken> work_done_token;
};

struct CallHierarchyItem {
    std::string name;
    SymbolKind kind = SymbolKind::Function;
    std::optional<std::string> detail;
    DocumentUri uri;
    Range range;
    Range selection_range; // within range
    RawJson data;
};

/// Of callHierarchy/incomingCalls and callHierarchy/outgoingCalls.
struct CallHierarchyCallsParams {
    CallHierarchyItem item;
    std::optional<ProgressToken> work_done_token;
    std::optional<ProgressToken> partial_result_token;
};

struct CallHierarchyIncomingCall {
    CallHierarchyItem from;
    std::vector<Range> from_ranges; // in the document of `from`
};

struct CallHierarchyOutgoingCall {
    CallHierarchyItem to;
    std::vector<Range> from_ranges; // in the document of the caller
};

// ---- Workspace ----

struct WorkspaceFolder {
    DocumentUri uri;
    std::string name;
};

struct WorkspaceFoldersChangeEvent {
    std::vector<WorkspaceFolder> added;
    std::vector<WorkspaceFolder> removed;
};

struct DidChangeWorkspaceFoldersParams {
    WorkspaceFoldersChangeEvent event;
};

struct DidChangeConfigurationParams {
    RawJson settings;
};

struct ConfigurationItem {
    std::optional<DocumentUri> scope_uri;
    std::optional<std::string> section;
};

struct ConfigurationParams {
    std::vector<ConfigurationItem> items;
};

enum class FileChangeType : std::uint8_t { Created = 1, Changed = 2, Deleted = 3 };

struct FileEvent {
    DocumentUri uri;
    FileChangeType type = FileChangeType::Changed;
};

struct DidChangeWatchedFilesParams {
    std::vector<FileEvent> changes;
};

struct FileRename {
    DocumentUri old_uri;
    DocumentUri new_uri;
};
struct RenameFilesParams {
    std::vector<FileRename> files;
};
struct FileDelete {
    DocumentUri uri;
};
struct DeleteFilesParams {
    std::vector<FileDelete> files;
};

struct RelativePattern {
    DocumentUri base_uri;
    std::string pattern;
};

struct FileSystemWatcher {
    std::variant<std::string, RelativePattern> glob_pattern; // relative ones only if supported
    std::optional<std::uint32_t> kind; // bits: 1 create, 2 change, 4 delete; none: all
};

struct DidChangeWatchedFilesRegistrationOptions {
    std::vector<FileSystemWatcher> watchers;
};

struct DocumentFilter {
    std::optional<std::string> language;
    std::optional<std::string> scheme;
    std::optional<std::string> pattern;
};

struct DiagnosticRegistrationOptions {
    std::optional<std::vector<DocumentFilter>> document_selector; // null: every document
    std::optional<std::string> identifier;
    bool inter_file_dependencies = false;
    bool workspace_diagnostics = false;
    std::optional<std::string> id;
};

struct DidChangeConfigurationRegistrationOptions {
    std::vector<std::string> section; // omitted when empty
};

struct Registration {
    std::string id;
    std::string method;
    RawJson register_options;
};

struct RegistrationParams {
    std::vector<Registration> registrations;
};

struct Unregistration {
    std::string id;
    std::string method;
};

struct UnregistrationParams {
    std::vector<Unregistration> unregistrations;
};

// ---- Window, progress, trace ----

enum class MessageType : std::uint8_t { Error = 1, Warning = 2, Info = 3, Log = 4 };

struct LogMessageParams {
    MessageType type = MessageType::Log;
    std::string message;
};

struct ShowMessageParams {
    MessageType type = MessageType::Info;
    std::string message;
};

struct MessageActionItem {
    std::string title;
};

struct ShowMessageRequestParams {
    MessageType type = MessageType::Info;
    std::string message;
    std::vector<MessageActionItem> actions; // omitted when empty
};

struct WorkDoneProgressCreateParams {
    ProgressToken token;
};

struct WorkDoneProgressCancelParams {
    ProgressToken token;
};

struct WorkDoneProgressBegin {
    std::string title;
    bool cancellable = false;
    std::optional<std::string> message;
    std::optional<std::uint32_t> percentage; // 0 to 100
};

struct WorkDoneProgressReport {
    bool cancellable = false;
    std::optional<std::string> message;
    std::optional<std::uint32_t> percentage;
};

struct WorkDoneProgressEnd {
    std::optional<std::string> message;
};

struct ProgressParams {
    ProgressToken token;
    RawJson value;
};

struct CancelParams {
    Id id;
};

enum class TraceValue : std::uint8_t { Off, Messages, Verbose };

struct SetTraceParams {
    TraceValue value = TraceValue::Off;
};

struct LogTraceParams {
    std::string message;
    std::optional<std::string> verbose;
};

// ---- Notebooks ----

enum class NotebookCellKind : std::uint8_t { Markup = 1, Code = 2 };

struct NotebookCell {
    NotebookCellKind kind = NotebookCellKind::Code;
    DocumentUri document;
    RawJson metadata;
    RawJson execution_summary;
};

struct NotebookDocument {
    DocumentUri uri;
    std::string notebook_type;
    std::int64_t version = 0;
    RawJson metadata;
    std::vector<NotebookCell> cells;
};

struct NotebookDocumentIdentifier {
    DocumentUri uri;
};

struct VersionedNotebookDocumentIdentifier {
    std::int64_t version = 0;
    DocumentUri uri;
};

struct NotebookCellArrayChange {
    std::uint32_t start = 0;
    std::uint32_t delete_count = 0;
    std::optional<std::vector<NotebookCell>> cells;
};

struct NotebookCellStructureChange {
    NotebookCellArrayChange array;
    std::vector<TextDocumentItem> did_open;        // omitted when empty
    std::vector<TextDocumentIdentifier> did_close; // omitted when empty
};

struct NotebookCellTextChange {
    VersionedTextDocumentIdentifier document;
    std::vector<TextDocumentContentChangeEvent> changes;
};

struct NotebookCellsChange {
    std::optional<NotebookCellStructureChange> structure;
    std::vector<NotebookCell> data;                   // omitted when empty
    std::vector<NotebookCellTextChange> text_content; // omitted when empty
};

struct NotebookDocumentChangeEvent {
    RawJson metadata;
    std::optional<NotebookCellsChange> cells;
};

struct DidOpenNotebookDocumentParams {
    NotebookDocument notebook_document;
    std::vector<TextDocumentItem> cell_text_documents;
};

struct DidChangeNotebookDocumentParams {
    VersionedNotebookDocumentIdentifier notebook_document;
    NotebookDocumentChangeEvent change;
};

struct DidSaveNotebookDocumentParams {
    NotebookDocumentIdentifier notebook_document;
};

struct DidCloseNotebookDocumentParams {
    NotebookDocumentIdentifier notebook_document;
    std::vector<TextDocumentIdentifier> cell_text_documents;
};

struct NotebookDocumentFilter {
    std::optional<std::string> notebook_type;
    std::optional<std::string> scheme;
    std::optional<std::string> pattern;
};

struct NotebookCellLanguage {
    std::string language;
};

struct NotebookSelector {
    std::optional<std::variant<std::string, NotebookDocumentFilter>> notebook; // "*": of any type
    std::vector<NotebookCellLanguage> cells;                                   // omitted when empty
};

struct NotebookDocumentSyncOptions {
    std::vector<NotebookSelector> notebook_selector;
    bool save = false;
};

// ---- Life cycle ----

struct ClientInfo {
    std::string name;
    std::optional<std::string> version;
};

struct InitializeParams {
    std::optional<std::int64_t> process_id;
    std::optional<ClientInfo> client_info;
    std::optional<std::string> locale;
    std::optional<std::string> root_path;
    std::optional<DocumentUri> root_uri;
    ClientCapabilities capabilities;
    RawJson initialization_options;
    TraceValue trace = TraceValue::Off;
    std::optional<std::vector<WorkspaceFolder>> workspace_folders;
};

enum class TextDocumentSyncKind : std::uint8_t { None = 0, Full = 1, Incremental = 2 };

struct SaveOptions {
    bool include_text = false;
};

struct TextDocumentSyncOptions {
    bool open_close = false;
    TextDocumentSyncKind change = TextDocumentSyncKind::None;
    std::optional<SaveOptions> save;
};

struct CodeActionOptions {
    std::vector<std::string> code_action_kinds; // omitted when empty
    bool resolve_provider = false;
};

struct DiagnosticOptions {
    std::optional<std::string> identifier;
    bool inter_file_dependencies = false;
    bool workspace_diagnostics = false;
};

struct ExecuteCommandOptions {
    std::vector<std::string> commands;
};

struct WorkspaceFoldersServerCapabilities {
    bool supported = false;
    bool change_notifications = false;
};

/// Folders below the workspace that the server is told of when the editor moves or removes them.
struct FileOperationPattern {
    std::string glob;
    std::optional<std::string> matches; // "file" or "folder"
};
struct FileOperationFilter {
    std::optional<std::string> scheme;
    FileOperationPattern pattern;
};
struct FileOperationRegistrationOptions {
    std::vector<FileOperationFilter> filters;
};
struct FileOperationOptions {
    std::optional<FileOperationRegistrationOptions> did_rename;
    std::optional<FileOperationRegistrationOptions> did_delete;
};

struct WorkspaceServerCapabilities {
    std::optional<WorkspaceFoldersServerCapabilities> workspace_folders;
    std::optional<FileOperationOptions> file_operations;
};

struct ServerCapabilities {
    std::optional<PositionEncoding> position_encoding;
    std::optional<TextDocumentSyncOptions> text_document_sync;
    std::optional<NotebookDocumentSyncOptions> notebook_document_sync;
    bool hover_provider = false;
    std::optional<CodeActionOptions> code_action_provider;
    std::optional<DiagnosticOptions> diagnostic_provider;
    std::optional<ExecuteCommandOptions> execute_command_provider;
    bool call_hierarchy_provider = false;
    std::optional<WorkspaceServerCapabilities> workspace;
};

struct ServerInfo {
    std::string name;
    std::optional<std::string> version;
};

struct InitializeResult {
    ServerCapabilities capabilities;
    std::optional<ServerInfo> server_info;
};

/// Every structure above that can be read and written. One list, so that the functions, their
/// definitions and the conformance test cover the same set.
// clang-format off
#define AWAITLS_PROTOCOL_TYPES(X)                                      \
    X(Position)                                                        \
    X(Range)                                                           \
    X(Location)                                                        \
    X(TextDocumentIdentifier)                                          \
    X(VersionedTextDocumentIdentifier)                                 \
    X(OptionalVersionedTextDocumentIdentifier)                         \
    X(TextDocumentItem)                                                \
    X(TextEdit)                                                        \
    X(TextDocumentContentChangeEvent)                                  \
    X(DidOpenTextDocumentParams)                                       \
    X(DidChangeTextDocumentParams)                                     \
    X(DidSaveTextDocumentParams)                                       \
    X(DidCloseTextDocumentParams)                                      \
    X(Command)                                                         \
    X(ChangeAnnotation)                                                \
    X(TextDocumentEdit)                                                \
    X(WorkspaceEdit)                                                   \
    X(ExecuteCommandParams)                                            \
    X(ApplyWorkspaceEditParams)                                        \
    X(ApplyWorkspaceEditResult)                                        \
    X(DiagnosticRelatedInformation)                                    \
    X(CodeDescription)                                                 \
    X(Diagnostic)                                                      \
    X(PublishDiagnosticsParams)                                        \
    X(DocumentDiagnosticParams)                                        \
    X(DocumentReport)                                                  \
    X(DocumentDiagnosticReport)                                        \
    X(PreviousResultId)                                                \
    X(WorkspaceDiagnosticParams)                                       \
    X(WorkspaceDocumentDiagnosticReport)                               \
    X(WorkspaceDiagnosticReport)                                       \
    X(DiagnosticServerCancellationData)                                \
    X(CodeActionContext)                                               \
    X(CodeActionParams)                                                \
    X(CodeActionDisabled)                                              \
    X(CodeAction)                                                      \
    X(MarkupContent)                                                   \
    X(HoverParams)                                                     \
    X(Hover)                                                           \
    X(CallHierarchyPrepareParams)                                      \
    X(CallHierarchyItem)                                               \
    X(CallHierarchyCallsParams)                                        \
    X(CallHierarchyIncomingCall)                                       \
    X(CallHierarchyOutgoingCall)                                       \
    X(WorkspaceFolder)                                                 \
    X(WorkspaceFoldersChangeEvent)                                     \
    X(DidChangeWorkspaceFoldersParams)                                 \
    X(DidChangeConfigurationParams)                                    \
    X(ConfigurationItem)                                               \
    X(ConfigurationParams)                                             \
    X(FileEvent)                                                       \
    X(DidChangeWatchedFilesParams)                                     \
    X(FileRename)                                                      \
    X(RenameFilesParams)                                               \
    X(FileDelete)                                                      \
    X(DeleteFilesParams)                                               \
    X(RelativePattern)                                                 \
    X(FileSystemWatcher)                                               \
    X(DidChangeWatchedFilesRegistrationOptions)                        \
    X(DocumentFilter)                                                  \
    X(DiagnosticRegistrationOptions)                                   \
    X(DidChangeConfigurationRegistrationOptions)                       \
    X(Registration)                                                    \
    X(RegistrationParams)                                              \
    X(Unregistration)                                                  \
    X(UnregistrationParams)                                            \
    X(LogMessageParams)                                                \
    X(ShowMessageParams)                                               \
    X(MessageActionItem)                                               \
    X(ShowMessageRequestParams)                                        \
    X(WorkDoneProgressCreateParams)                                    \
    X(WorkDoneProgressCancelParams)                                    \
    X(WorkDoneProgressBegin)                                           \
    X(WorkDoneProgressReport)                                          \
    X(WorkDoneProgressEnd)                                             \
    X(ProgressParams)                                                  \
    X(CancelParams)                                                    \
    X(SetTraceParams)                                                  \
    X(LogTraceParams)                                                  \
    X(NotebookCell)                                                    \
    X(NotebookDocument)                                                \
    X(NotebookDocumentIdentifier)                                      \
    X(VersionedNotebookDocumentIdentifier)                             \
    X(NotebookCellArrayChange)                                         \
    X(NotebookCellStructureChange)                                     \
    X(NotebookCellTextChange)                                          \
    X(NotebookCellsChange)                                             \
    X(NotebookDocumentChangeEvent)                                     \
    X(DidOpenNotebookDocumentParams)                                   \
    X(DidChangeNotebookDocumentParams)                                 \
    X(DidSaveNotebookDocumentParams)                                   \
    X(DidCloseNotebookDocumentParams)                                  \
    X(NotebookDocumentFilter)                                          \
    X(NotebookCellLanguage)                                            \
    X(NotebookSelector)                                                \
    X(NotebookDocumentSyncOptions)                                     \
    X(ClientInfo)                                                      \
    X(InitializeParams)                                                \
    X(SaveOptions)                                                     \
    X(TextDocumentSyncOptions)                                         \
    X(CodeActionOptions)                                               \
    X(DiagnosticOptions)                                               \
    X(ExecuteCommandOptions)                                           \
    X(WorkspaceFoldersServerCapabilities)                              \
    X(FileOperationPattern)                                            \
    X(FileOperationFilter)                                             \
    X(FileOperationRegistrationOptions)                                \
    X(FileOperationOptions)                                            \
    X(WorkspaceServerCapabilities)                                     \
    X(ServerCapabilities)                                              \
    X(ServerInfo)                                                      \
    X(InitializeResult)
// clang-format on

/// read fills a default-constructed value and throws ReadError where the protocol's shape is
/// broken; write appends one JSON value.
#define AWAITLS_DECLARE_READ_WRITE(T)                                                              \
    void read(const Reader& reader, T& value);                                                     \
    void write(JsonWriter& writer, const T& value);
AWAITLS_PROTOCOL_TYPES(AWAITLS_DECLARE_READ_WRITE)
#undef AWAITLS_DECLARE_READ_WRITE

template <class T>
RawJson to_json(const T& value) {
    JsonWriter writer;
    write(writer, value);
    return RawJson{writer.take()};
}

} // namespace awaitls::protocol
