#include "protocol/types.h"

#include "protocol/codec.h"
#include "protocol/json_reader.h"

#include <type_traits>

namespace awaitls::protocol {

namespace {

// ---- Values that are no structures ----

void read_value(const Reader& reader, std::string& value) {
    value = reader.string();
}
void read_value(const Reader& reader, bool& value) {
    value = reader.boolean();
}
void read_value(const Reader& reader, std::int64_t& value) {
    value = reader.integer();
}
void read_value(const Reader& reader, std::uint32_t& value) {
    value = reader.uinteger();
}
void read_value(const Reader& reader, RawJson& value) {
    if (reader.missing()) {
        reader.fail("a value");
    }
    value = reader.raw();
}
void read_value(const Reader& reader, Id& value) {
    value = Id::read(reader);
}
void read_value(const Reader& reader, IntegerOrString& value) {
    if (reader.is_string()) {
        value = reader.string();
    } else if (reader.is_integer()) {
        value = reader.integer();
    } else {
        reader.fail("an integer or a string");
    }
}

void write_value(JsonWriter& writer, const std::string& value) {
    writer.string(value);
}
void write_value(JsonWriter& writer, bool value) {
    writer.boolean(value);
}
void write_value(JsonWriter& writer, std::int64_t value) {
    writer.integer(value);
}
void write_value(JsonWriter& writer, std::uint32_t value) {
    writer.unsigned_integer(value);
}
void write_value(JsonWriter& writer, const RawJson& value) {
    write(writer, value);
}
void write_value(JsonWriter& writer, const Id& value) {
    writer.raw(value.text());
}
void write_value(JsonWriter& writer, const IntegerOrString& value) {
    if (const std::int64_t* number = std::get_if<std::int64_t>(&value)) {
        writer.integer(*number);
    } else {
        writer.string(std::get<std::string>(value));
    }
}

// ---- Enumerations ----

/// An enumeration of the protocol: the values we know. Others are read as "not given", because
/// later versions of the protocol add some.
template <class T>
struct NumberEnum {
    T first;
    T last;
};

constexpr NumberEnum<DiagnosticSeverity> range_of(DiagnosticSeverity) {
    return {DiagnosticSeverity::Error, DiagnosticSeverity::Hint};
}
constexpr NumberEnum<DiagnosticTag> range_of(DiagnosticTag) {
    return {DiagnosticTag::Unnecessary, DiagnosticTag::Deprecated};
}
constexpr NumberEnum<CodeActionTriggerKind> range_of(CodeActionTriggerKind) {
    return {CodeActionTriggerKind::Invoked, CodeActionTriggerKind::Automatic};
}
constexpr NumberEnum<FileChangeType> range_of(FileChangeType) {
    return {FileChangeType::Created, FileChangeType::Deleted};
}
constexpr NumberEnum<MessageType> range_of(MessageType) {
    return {MessageType::Error, MessageType::Log};
}
constexpr NumberEnum<NotebookCellKind> range_of(NotebookCellKind) {
    return {NotebookCellKind::Markup, NotebookCellKind::Code};
}
constexpr NumberEnum<TextDocumentSyncKind> range_of(TextDocumentSyncKind) {
    return {TextDocumentSyncKind::None, TextDocumentSyncKind::Incremental};
}
constexpr NumberEnum<SymbolKind> range_of(SymbolKind) {
    constexpr auto kTypeParameter = static_cast<SymbolKind>(26);
    return {SymbolKind::File, kTypeParameter};
}

template <class T>
concept NumberEnumeration = requires(T value) {
    range_of(value);
};

/// False, with `value` unchanged, for a number that is no value of the enumeration.
template <NumberEnumeration T>
bool read_enum(const Reader& reader, T& value) {
    const std::uint32_t number = reader.uinteger();
    const NumberEnum<T> known = range_of(T{});
    if (number < static_cast<std::uint32_t>(known.first) ||
        number > static_cast<std::uint32_t>(known.last)) {
        return false;
    }
    value = static_cast<T>(number);
    return true;
}

template <NumberEnumeration T>
void read_value(const Reader& reader, T& value) {
    if (!read_enum(reader, value)) {
        reader.fail("a value of the enumeration");
    }
}

template <NumberEnumeration T>
void write_value(JsonWriter& writer, T value) {
    writer.unsigned_integer(static_cast<std::uint64_t>(value));
}

void read_value(const Reader& reader, TraceValue& value) {
    const std::string& name = reader.string();
    if (name == "verbose") {
        value = TraceValue::Verbose;
    } else if (name == "messages" || name == "compact") {
        value = TraceValue::Messages;
    } else {
        value = TraceValue::Off;
    }
}
void write_value(JsonWriter& writer, TraceValue value) {
    writer.string(value == TraceValue::Off        ? "off"
                  : value == TraceValue::Messages ? "messages"
                                                  : "verbose");
}

void read_value(const Reader& reader, MarkupKind& value) {
    value = reader.string() == "markdown" ? MarkupKind::Markdown : MarkupKind::PlainText;
}
void write_value(JsonWriter& writer, MarkupKind value) {
    writer.string(value == MarkupKind::Markdown ? "markdown" : "plaintext");
}

void read_value(const Reader& reader, ReportKind& value) {
    value = reader.string() == "unchanged" ? ReportKind::Unchanged : ReportKind::Full;
}
void write_value(JsonWriter& writer, ReportKind value) {
    writer.string(value == ReportKind::Unchanged ? "unchanged" : "full");
}

void read_value(const Reader& reader, PositionEncoding& value) {
    const std::optional<PositionEncoding> known = position_encoding_from_name(reader.string());
    if (!known) {
        reader.fail("a position encoding");
    }
    value = *known;
}
void write_value(JsonWriter& writer, PositionEncoding value) {
    writer.string(position_encoding_name(value));
}

// ---- Structures and containers of them ----

template <class T>
concept Structure = requires(JsonWriter& writer, const Reader& reader, T& value) {
    read(reader, value);
    write(writer, value);
}
&&std::is_class_v<T> && !std::is_same_v<T, RawJson>;

template <Structure T>
void read_value(const Reader& reader, T& value) {
    read(reader, value);
}
template <Structure T>
void write_value(JsonWriter& writer, const T& value) {
    write(writer, value);
}

template <class T>
void read_list(const Reader& reader, std::vector<T>& values) {
    const std::size_t size = reader.size();
    values.clear();
    values.reserve(size);
    for (std::size_t index = 0; index < size; ++index) {
        T value{};
        if constexpr (NumberEnumeration<T>) {
            if (!read_enum(reader.at(index), value)) {
                continue;
            }
        } else {
            read_value(reader.at(index), value);
        }
        values.push_back(std::move(value));
    }
}
template <class T>
void write_list(JsonWriter& writer, const std::vector<T>& values) {
    writer.begin_array();
    for (const T& value : values) {
        write_value(writer, value);
    }
    writer.end_array();
}

template <class T>
using Map = std::vector<std::pair<std::string, T>>;

template <class T>
void read_map(const Reader& reader, Map<T>& entries) {
    entries.clear();
    reader.members([&entries](const std::string& key, const Reader& member) {
        std::pair<std::string, T>& entry = entries.emplace_back();
        entry.first = key;
        if constexpr (std::is_same_v<T, std::vector<TextEdit>>) {
            read_list(member, entry.second);
        } else {
            read_value(member, entry.second);
        }
    });
}
template <class T>
void write_map(JsonWriter& writer, const Map<T>& entries) {
    writer.begin_object();
    for (const auto& [key, value] : entries) {
        writer.dynamic_key(key);
        if constexpr (std::is_same_v<T, std::vector<TextEdit>>) {
            write_list(writer, value);
        } else {
            write_value(writer, value);
        }
    }
    writer.end_object();
}

// ---- Visitors ----
//
// Each structure is described once, by `describe`, for both directions. Of its fields
//   required   are always present,
//   nullable   are always present, null for none; missing is taken for null,
//   optional   are left out for none; null is taken for none,
//   flag       are booleans left out when false,
//   list       are arrays left out when empty,
//   constant   have one value.

class ReadVisitor {
public:
    explicit ReadVisitor(const Reader& reader) : reader_(reader) {
        if (!reader.is_object()) {
            reader.fail("an object");
        }
    }

    template <class T>
    void required(std::string_view key, T& value) {
        read_value(reader_.field(key), value);
    }
    template <class T>
    void required(std::string_view key, std::vector<T>& values) {
        read_list(reader_.field(key), values);
    }
    void position(std::string_view key, std::uint32_t& value) {
        value = reader_.field(key).position_number();
    }
    template <class T>
    void nullable(std::string_view key, std::optional<T>& value) {
        optional(key, value);
    }
    template <class T>
    void nullable(std::string_view key, std::optional<std::vector<T>>& values) {
        optional(key, values);
    }
    template <class T>
    void optional(std::string_view key, std::optional<T>& value) {
        const Reader field = reader_.field(key);
        if (field.missing_or_null()) {
            return;
        }
        if constexpr (NumberEnumeration<T>) {
            T known{};
            if (read_enum(field, known)) {
                value = known;
            }
        } else {
            read_value(field, value.emplace());
        }
    }
    template <class T>
    void optional(std::string_view key, std::optional<std::vector<T>>& values) {
        const Reader field = reader_.field(key);
        if (!field.missing_or_null()) {
            read_list(field, values.emplace());
        }
    }
    void optional(std::string_view key, RawJson& value) {
        const Reader field = reader_.field(key);
        if (!field.missing()) {
            value = field.raw();
        }
    }
    void flag(std::string_view key, bool& value) {
        const Reader field = reader_.field(key);
        value = !field.missing_or_null() && field.boolean();
    }
    template <class T>
    void list(std::string_view key, std::vector<T>& values) {
        const Reader field = reader_.field(key);
        if (!field.missing_or_null()) {
            read_list(field, values);
        }
    }
    template <class T>
    void map(std::string_view key, Map<T>& entries) {
        const Reader field = reader_.field(key);
        if (!field.missing_or_null()) {
            read_map(field, entries);
        }
    }
    template <class T>
    void map(std::string_view key, std::optional<Map<T>>& entries) {
        const Reader field = reader_.field(key);
        if (!field.missing_or_null()) {
            read_map(field, entries.emplace());
        }
    }
    void constant(std::string_view key, std::string_view value) {
        const Reader field = reader_.field(key);
        if (field.string() != value) {
            field.fail("\"" + std::string(value) + "\"");
        }
    }

    const Reader& reader() const { return reader_; }

private:
    const Reader& reader_;
};

class WriteVisitor {
public:
    explicit WriteVisitor(JsonWriter& writer) : writer_(writer) {}

    template <class T>
    void required(std::string_view key, const T& value) {
        writer_.key(key);
        write_value(writer_, value);
    }
    template <class T>
    void required(std::string_view key, const std::vector<T>& values) {
        writer_.key(key);
        write_list(writer_, values);
    }
    void position(std::string_view key, std::uint32_t value) {
        writer_.key(key);
        writer_.unsigned_integer(value);
    }
    template <class T>
    void nullable(std::string_view key, const std::optional<T>& value) {
        writer_.key(key);
        if (value) {
            write_value(writer_, *value);
        } else {
            writer_.null();
        }
    }
    template <class T>
    void nullable(std::string_view key, const std::optional<std::vector<T>>& values) {
        writer_.key(key);
        if (values) {
            write_list(writer_, *values);
        } else {
            writer_.null();
        }
    }
    template <class T>
    void optional(std::string_view key, const std::optional<T>& value) {
        if (value) {
            required(key, *value);
        }
    }
    void optional(std::string_view key, const RawJson& value) {
        if (value.present()) {
            required(key, value);
        }
    }
    void flag(std::string_view key, bool value) {
        if (value) {
            required(key, value);
        }
    }
    template <class T>
    void list(std::string_view key, const std::vector<T>& values) {
        if (!values.empty()) {
            required(key, values);
        }
    }
    template <class T>
    void map(std::string_view key, const Map<T>& entries) {
        if (!entries.empty()) {
            writer_.key(key);
            write_map(writer_, entries);
        }
    }
    template <class T>
    void map(std::string_view key, const std::optional<Map<T>>& entries) {
        if (entries) {
            writer_.key(key);
            write_map(writer_, *entries);
        }
    }
    void constant(std::string_view key, std::string_view value) {
        writer_.key(key);
        writer_.string(value);
    }

private:
    JsonWriter& writer_;
};

/// `T` or `const T`.
template <class Given, class T>
concept Of = std::is_same_v<std::remove_const_t<Given>, T>;

template <class Visitor>
constexpr bool kReads = std::is_same_v<Visitor, ReadVisitor>;

// ---- Descriptions, in the order of types.h ----

template <class V>
void describe(V& v, Of<Position> auto& s) {
    v.position("line", s.line);
    v.position("character", s.character);
}

template <class V>
void describe(V& v, Of<Range> auto& s) {
    v.required("start", s.start);
    v.required("end", s.end);
}

template <class V>
void describe(V& v, Of<Location> auto& s) {
    v.required("uri", s.uri);
    v.required("range", s.range);
}

template <class V>
void describe(V& v, Of<TextDocumentIdentifier> auto& s) {
    v.required("uri", s.uri);
}

template <class V>
void describe(V& v, Of<VersionedTextDocumentIdentifier> auto& s) {
    v.required("uri", s.uri);
    v.required("version", s.version);
}

template <class V>
void describe(V& v, Of<OptionalVersionedTextDocumentIdentifier> auto& s) {
    v.required("uri", s.uri);
    v.nullable("version", s.version);
}

template <class V>
void describe(V& v, Of<TextDocumentItem> auto& s) {
    v.required("uri", s.uri);
    v.required("languageId", s.language_id);
    v.required("version", s.version);
    v.required("text", s.text);
}

template <class V>
void describe(V& v, Of<TextEdit> auto& s) {
    v.required("range", s.range);
    v.required("newText", s.new_text);
    v.optional("annotationId", s.annotation_id);
}

template <class V>
void describe(V& v, Of<TextDocumentContentChangeEvent> auto& s) {
    v.optional("range", s.range);
    v.required("text", s.text);
}

template <class V>
void describe(V& v, Of<DidOpenTextDocumentParams> auto& s) {
    v.required("textDocument", s.text_document);
}

template <class V>
void describe(V& v, Of<DidChangeTextDocumentParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.required("contentChanges", s.content_changes);
}

template <class V>
void describe(V& v, Of<DidSaveTextDocumentParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.optional("text", s.text);
}

template <class V>
void describe(V& v, Of<DidCloseTextDocumentParams> auto& s) {
    v.required("textDocument", s.text_document);
}

template <class V>
void describe(V& v, Of<Command> auto& s) {
    v.required("title", s.title);
    v.required("command", s.command);
    v.list("arguments", s.arguments);
}

template <class V>
void describe(V& v, Of<ChangeAnnotation> auto& s) {
    v.required("label", s.label);
    v.flag("needsConfirmation", s.needs_confirmation);
    v.optional("description", s.description);
}

template <class V>
void describe(V& v, Of<TextDocumentEdit> auto& s) {
    v.required("textDocument", s.text_document);
    v.required("edits", s.edits);
}

template <class V>
void describe(V& v, Of<WorkspaceEdit> auto& s) {
    v.map("changes", s.changes);
    v.optional("documentChanges", s.document_changes);
    v.map("changeAnnotations", s.change_annotations);
}

template <class V>
void describe(V& v, Of<ExecuteCommandParams> auto& s) {
    v.required("command", s.command);
    v.list("arguments", s.arguments);
    v.optional("workDoneToken", s.work_done_token);
}

template <class V>
void describe(V& v, Of<ApplyWorkspaceEditParams> auto& s) {
    v.optional("label", s.label);
    v.required("edit", s.edit);
}

template <class V>
void describe(V& v, Of<ApplyWorkspaceEditResult> auto& s) {
    v.required("applied", s.applied);
    v.optional("failureReason", s.failure_reason);
    v.optional("failedChange", s.failed_change);
}

template <class V>
void describe(V& v, Of<DiagnosticRelatedInformation> auto& s) {
    v.required("location", s.location);
    v.required("message", s.message);
}

template <class V>
void describe(V& v, Of<CodeDescription> auto& s) {
    v.required("href", s.href);
}

template <class V>
void describe(V& v, Of<Diagnostic> auto& s) {
    v.required("range", s.range);
    v.optional("severity", s.severity);
    v.optional("code", s.code);
    v.optional("codeDescription", s.code_description);
    v.optional("source", s.source);
    if constexpr (kReads<V>) {
        const Reader message = v.reader().field("message");
        s.message = message.is_object() ? message.field("value").string() : message.string();
    } else {
        v.required("message", s.message);
    }
    v.list("tags", s.tags);
    v.list("relatedInformation", s.related_information);
    v.optional("data", s.data);
}

template <class V>
void describe(V& v, Of<PublishDiagnosticsParams> auto& s) {
    v.required("uri", s.uri);
    v.optional("version", s.version);
    v.required("diagnostics", s.diagnostics);
}

template <class V>
void describe(V& v, Of<DocumentDiagnosticParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.optional("identifier", s.identifier);
    v.optional("previousResultId", s.previous_result_id);
    v.optional("workDoneToken", s.work_done_token);
    v.optional("partialResultToken", s.partial_result_token);
}

template <class V, class Report>
void describe_report(V& v, Report& s) {
    v.required("kind", s.kind);
    if (s.kind == ReportKind::Unchanged) {
        if constexpr (kReads<V>) {
            v.required("resultId", s.result_id.emplace());
        } else {
            v.required("resultId", s.result_id.value_or(std::string()));
        }
    } else {
        v.optional("resultId", s.result_id);
        v.required("items", s.items);
    }
}

template <class V>
void describe(V& v, Of<DocumentReport> auto& s) {
    describe_report(v, s);
}

template <class V>
void describe(V& v, Of<DocumentDiagnosticReport> auto& s) {
    describe_report(v, s);
    v.map("relatedDocuments", s.related_documents);
}

template <class V>
void describe(V& v, Of<PreviousResultId> auto& s) {
    v.required("uri", s.uri);
    v.required("value", s.value);
}

template <class V>
void describe(V& v, Of<WorkspaceDiagnosticParams> auto& s) {
    v.optional("identifier", s.identifier);
    v.required("previousResultIds", s.previous_result_ids);
    v.optional("workDoneToken", s.work_done_token);
    v.optional("partialResultToken", s.partial_result_token);
}

template <class V>
void describe(V& v, Of<WorkspaceDocumentDiagnosticReport> auto& s) {
    describe_report(v, s);
    v.required("uri", s.uri);
    v.nullable("version", s.version);
}

template <class V>
void describe(V& v, Of<WorkspaceDiagnosticReport> auto& s) {
    v.required("items", s.items);
}

template <class V>
void describe(V& v, Of<DiagnosticServerCancellationData> auto& s) {
    v.required("retriggerRequest", s.retrigger_request);
}

template <class V>
void describe(V& v, Of<CodeActionContext> auto& s) {
    v.required("diagnostics", s.diagnostics);
    v.optional("only", s.only);
    v.optional("triggerKind", s.trigger_kind);
}

template <class V>
void describe(V& v, Of<CodeActionParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.required("range", s.range);
    v.required("context", s.context);
    v.optional("workDoneToken", s.work_done_token);
    v.optional("partialResultToken", s.partial_result_token);
}

template <class V>
void describe(V& v, Of<CodeActionDisabled> auto& s) {
    v.required("reason", s.reason);
}

template <class V>
void describe(V& v, Of<CodeAction> auto& s) {
    v.required("title", s.title);
    v.optional("kind", s.kind);
    v.list("diagnostics", s.diagnostics);
    v.flag("isPreferred", s.is_preferred);
    v.optional("disabled", s.disabled);
    v.optional("edit", s.edit);
    v.optional("command", s.command);
    v.optional("data", s.data);
}

template <class V>
void describe(V& v, Of<MarkupContent> auto& s) {
    v.required("kind", s.kind);
    v.required("value", s.value);
}

template <class V>
void describe(V& v, Of<HoverParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.required("position", s.position);
    v.optional("workDoneToken", s.work_done_token);
}

template <class V>
void describe(V& v, Of<Hover> auto& s) {
    v.required("contents", s.contents);
    v.optional("range", s.range);
}

template <class V>
void describe(V& v, Of<CallHierarchyPrepareParams> auto& s) {
    v.required("textDocument", s.text_document);
    v.required("position", s.position);
    v.optional("workDoneToken", s.work_done_token);
}

template <class V>
void describe(V& v, Of<CallHierarchyItem> auto& s) {
    v.required("name", s.name);
    v.required("kind", s.kind);
    v.optional("detail", s.detail);
    v.required("uri", s.uri);
    v.required("range", s.range);
    v.required("selectionRange", s.selection_range);
    v.optional("data", s.data);
}

template <class V>
void describe(V& v, Of<CallHierarchyCallsParams> auto& s) {
    v.required("item", s.item);
    v.optional("workDoneToken", s.work_done_token);
    v.optional("partialResultToken", s.partial_result_token);
}

template <class V>
void describe(V& v, Of<CallHierarchyIncomingCall> auto& s) {
    v.required("from", s.from);
    v.required("fromRanges", s.from_ranges);
}

template <class V>
void describe(V& v, Of<CallHierarchyOutgoingCall> auto& s) {
    v.required("to", s.to);
    v.required("fromRanges", s.from_ranges);
}

template <class V>
void describe(V& v, Of<WorkspaceFolder> auto& s) {
    v.required("uri", s.uri);
    v.required("name", s.name);
}

template <class V>
void describe(V& v, Of<WorkspaceFoldersChangeEvent> auto& s) {
    v.required("added", s.added);
    v.required("removed", s.removed);
}

template <class V>
void describe(V& v, Of<DidChangeWorkspaceFoldersParams> auto& s) {
    v.required("event", s.event);
}

template <class V>
void describe(V& v, Of<DidChangeConfigurationParams> auto& s) {
    if constexpr (kReads<V>) {
        v.optional("settings", s.settings); // some clients leave it out
    } else {
        v.required("settings", s.settings);
    }
}

template <class V>
void describe(V& v, Of<ConfigurationItem> auto& s) {
    v.optional("scopeUri", s.scope_uri);
    v.optional("section", s.section);
}

template <class V>
void describe(V& v, Of<ConfigurationParams> auto& s) {
    v.required("items", s.items);
}

template <class V>
void describe(V& v, Of<FileEvent> auto& s) {
    v.required("uri", s.uri);
    v.required("type", s.type);
}

template <class V>
void describe(V& v, Of<DidChangeWatchedFilesParams> auto& s) {
    v.required("changes", s.changes);
}

template <class V>
void describe(V& v, Of<FileRename> auto& s) {
    v.required("oldUri", s.old_uri);
    v.required("newUri", s.new_uri);
}
template <class V>
void describe(V& v, Of<RenameFilesParams> auto& s) {
    v.required("files", s.files);
}
template <class V>
void describe(V& v, Of<FileDelete> auto& s) {
    v.required("uri", s.uri);
}
template <class V>
void describe(V& v, Of<DeleteFilesParams> auto& s) {
    v.required("files", s.files);
}

template <class V>
void describe(V& v, Of<RelativePattern> auto& s) {
    if constexpr (kReads<V>) {
        const Reader base = v.reader().field("baseUri");
        s.base_uri = base.is_object() ? base.field("uri").string() : base.string();
    } else {
        v.required("baseUri", s.base_uri);
    }
    v.required("pattern", s.pattern);
}

template <class V>
void describe(V& v, Of<FileSystemWatcher> auto& s) {
    if constexpr (kReads<V>) {
        const Reader pattern = v.reader().field("globPattern");
        if (pattern.is_object()) {
            read(pattern, s.glob_pattern.template emplace<RelativePattern>());
        } else {
            s.glob_pattern = pattern.string();
        }
    } else if (const auto* relative = std::get_if<RelativePattern>(&s.glob_pattern)) {
        v.required("globPattern", *relative);
    } else {
        v.required("globPattern", std::get<std::string>(s.glob_pattern));
    }
    v.optional("kind", s.kind);
}

template <class V>
void describe(V& v, Of<DidChangeWatchedFilesRegistrationOptions> auto& s) {
    v.required("watchers", s.watchers);
}

template <class V>
void describe(V& v, Of<DocumentFilter> auto& s) {
    v.optional("language", s.language);
    v.optional("scheme", s.scheme);
    v.optional("pattern", s.pattern);
}

template <class V>
void describe(V& v, Of<DiagnosticRegistrationOptions> auto& s) {
    v.nullable("documentSelector", s.document_selector);
    v.optional("identifier", s.identifier);
    v.required("interFileDependencies", s.inter_file_dependencies);
    v.required("workspaceDiagnostics", s.workspace_diagnostics);
    v.optional("id", s.id);
}

template <class V>
void describe(V& v, Of<DidChangeConfigurationRegistrationOptions> auto& s) {
    v.list("section", s.section);
}

template <class V>
void describe(V& v, Of<Registration> auto& s) {
    v.required("id", s.id);
    v.required("method", s.method);
    v.optional("registerOptions", s.register_options);
}

template <class V>
void describe(V& v, Of<RegistrationParams> auto& s) {
    v.required("registrations", s.registrations);
}

template <class V>
void describe(V& v, Of<Unregistration> auto& s) {
    v.required("id", s.id);
    v.required("method", s.method);
}

template <class V>
void describe(V& v, Of<UnregistrationParams> auto& s) {
    v.required("unregisterations", s.unregistrations); // the protocol's own spelling
}

template <class V>
void describe(V& v, Of<LogMessageParams> auto& s) {
    v.required("type", s.type);
    v.required("message", s.message);
}

template <class V>
void describe(V& v, Of<ShowMessageParams> auto& s) {
    v.required("type", s.type);
    v.required("message", s.message);
}

template <class V>
void describe(V& v, Of<MessageActionItem> auto& s) {
    v.required("title", s.title);
}

template <class V>
void describe(V& v, Of<ShowMessageRequestParams> auto& s) {
    v.required("type", s.type);
    v.required("message", s.message);
    v.list("actions", s.actions);
}

template <class V>
void describe(V& v, Of<WorkDoneProgressCreateParams> auto& s) {
    v.required("token", s.token);
}

template <class V>
void describe(V& v, Of<WorkDoneProgressCancelParams> auto& s) {
    v.required("token", s.token);
}

template <class V>
void describe(V& v, Of<WorkDoneProgressBegin> auto& s) {
    v.constant("kind", "begin");
    v.required("title", s.title);
    v.flag("cancellable", s.cancellable);
    v.optional("message", s.message);
    v.optional("percentage", s.percentage);
}

template <class V>
void describe(V& v, Of<WorkDoneProgressReport> auto& s) {
    v.constant("kind", "report");
    v.flag("cancellable", s.cancellable);
    v.optional("message", s.message);
    v.optional("percentage", s.percentage);
}

template <class V>
void describe(V& v, Of<WorkDoneProgressEnd> auto& s) {
    v.constant("kind", "end");
    v.optional("message", s.message);
}

template <class V>
void describe(V& v, Of<ProgressParams> auto& s) {
    v.required("token", s.token);
    v.required("value", s.value);
}

template <class V>
void describe(V& v, Of<CancelParams> auto& s) {
    v.required("id", s.id);
}

template <class V>
void describe(V& v, Of<SetTraceParams> auto& s) {
    v.required("value", s.value);
}

template <class V>
void describe(V& v, Of<LogTraceParams> auto& s) {
    v.required("message", s.message);
    v.optional("verbose", s.verbose);
}

template <class V>
void describe(V& v, Of<NotebookCell> auto& s) {
    v.required("kind", s.kind);
    v.required("document", s.document);
    v.optional("metadata", s.metadata);
    v.optional("executionSummary", s.execution_summary);
}

template <class V>
void describe(V& v, Of<NotebookDocument> auto& s) {
    v.required("uri", s.uri);
    v.required("notebookType", s.notebook_type);
    v.required("version", s.version);
    v.optional("metadata", s.metadata);
    v.required("cells", s.cells);
}

template <class V>
void describe(V& v, Of<NotebookDocumentIdentifier> auto& s) {
    v.required("uri", s.uri);
}

template <class V>
void describe(V& v, Of<VersionedNotebookDocumentIdentifier> auto& s) {
    v.required("version", s.version);
    v.required("uri", s.uri);
}

template <class V>
void describe(V& v, Of<NotebookCellArrayChange> auto& s) {
    v.required("start", s.start);
    v.required("deleteCount", s.delete_count);
    v.optional("cells", s.cells);
}

template <class V>
void describe(V& v, Of<NotebookCellStructureChange> auto& s) {
    v.required("array", s.array);
    v.list("didOpen", s.did_open);
    v.list("didClose", s.did_close);
}

template <class V>
void describe(V& v, Of<NotebookCellTextChange> auto& s) {
    v.required("document", s.document);
    v.required("changes", s.changes);
}

template <class V>
void describe(V& v, Of<NotebookCellsChange> auto& s) {
    v.optional("structure", s.structure);
    v.list("data", s.data);
    v.list("textContent", s.text_content);
}

template <class V>
void describe(V& v, Of<NotebookDocumentChangeEvent> auto& s) {
    v.optional("metadata", s.metadata);
    v.optional("cells", s.cells);
}

template <class V>
void describe(V& v, Of<DidOpenNotebookDocumentParams> auto& s) {
    v.required("notebookDocument", s.notebook_document);
    v.required("cellTextDocuments", s.cell_text_documents);
}

template <class V>
void describe(V& v, Of<DidChangeNotebookDocumentParams> auto& s) {
    v.required("notebookDocument", s.notebook_document);
    v.required("change", s.change);
}

template <class V>
void describe(V& v, Of<DidSaveNotebookDocumentParams> auto& s) {
    v.required("notebookDocument", s.notebook_document);
}

template <class V>
void describe(V& v, Of<DidCloseNotebookDocumentParams> auto& s) {
    v.required("notebookDocument", s.notebook_document);
    v.required("cellTextDocuments", s.cell_text_documents);
}

template <class V>
void describe(V& v, Of<NotebookDocumentFilter> auto& s) {
    v.optional("notebookType", s.notebook_type);
    v.optional("scheme", s.scheme);
    v.optional("pattern", s.pattern);
}

template <class V>
void describe(V& v, Of<NotebookCellLanguage> auto& s) {
    v.required("language", s.language);
}

template <class V>
void describe(V& v, Of<NotebookSelector> auto& s) {
    if constexpr (kReads<V>) {
        const Reader notebook = v.reader().field("notebook");
        if (notebook.is_object()) {
            read(notebook, s.notebook.emplace().template emplace<NotebookDocumentFilter>());
        } else if (!notebook.missing_or_null()) {
            s.notebook = notebook.string();
        }
    } else if (s.notebook) {
        if (const auto* filter = std::get_if<NotebookDocumentFilter>(&*s.notebook)) {
            v.required("notebook", *filter);
        } else {
            v.required("notebook", std::get<std::string>(*s.notebook));
        }
    }
    v.list("cells", s.cells);
}

template <class V>
void describe(V& v, Of<NotebookDocumentSyncOptions> auto& s) {
    v.required("notebookSelector", s.notebook_selector);
    v.flag("save", s.save);
}

template <class V>
void describe(V& v, Of<ClientInfo> auto& s) {
    v.required("name", s.name);
    v.optional("version", s.version);
}

template <class V>
void describe(V& v, Of<InitializeParams> auto& s) {
    v.nullable("processId", s.process_id);
    v.optional("clientInfo", s.client_info);
    v.optional("locale", s.locale);
    v.optional("rootPath", s.root_path);
    v.nullable("rootUri", s.root_uri);
    v.required("capabilities", s.capabilities);
    v.optional("initializationOptions", s.initialization_options);
    if constexpr (kReads<V>) {
        std::optional<TraceValue> trace;
        v.optional("trace", trace);
        s.trace = trace.value_or(TraceValue::Off);
    } else {
        v.required("trace", s.trace);
    }
    v.optional("workspaceFolders", s.workspace_folders);
}

template <class V>
void describe(V& v, Of<SaveOptions> auto& s) {
    v.flag("includeText", s.include_text);
}

template <class V>
void describe(V& v, Of<TextDocumentSyncOptions> auto& s) {
    v.flag("openClose", s.open_close);
    if constexpr (kReads<V>) {
        std::optional<TextDocumentSyncKind> change;
        v.optional("change", change);
        s.change = change.value_or(TextDocumentSyncKind::None);
    } else {
        v.required("change", s.change);
    }
    v.optional("save", s.save);
}

template <class V>
void describe(V& v, Of<CodeActionOptions> auto& s) {
    v.list("codeActionKinds", s.code_action_kinds);
    v.flag("resolveProvider", s.resolve_provider);
}

template <class V>
void describe(V& v, Of<DiagnosticOptions> auto& s) {
    v.optional("identifier", s.identifier);
    v.required("interFileDependencies", s.inter_file_dependencies);
    v.required("workspaceDiagnostics", s.workspace_diagnostics);
}

template <class V>
void describe(V& v, Of<ExecuteCommandOptions> auto& s) {
    v.required("commands", s.commands);
}

template <class V>
void describe(V& v, Of<WorkspaceFoldersServerCapabilities> auto& s) {
    v.flag("supported", s.supported);
    v.flag("changeNotifications", s.change_notifications);
}

template <class V>
void describe(V& v, Of<FileOperationPattern> auto& s) {
    v.required("glob", s.glob);
    v.optional("matches", s.matches);
}
template <class V>
void describe(V& v, Of<FileOperationFilter> auto& s) {
    v.optional("scheme", s.scheme);
    v.required("pattern", s.pattern);
}
template <class V>
void describe(V& v, Of<FileOperationRegistrationOptions> auto& s) {
    v.required("filters", s.filters);
}
template <class V>
void describe(V& v, Of<FileOperationOptions> auto& s) {
    v.optional("didRename", s.did_rename);
    v.optional("didDelete", s.did_delete);
}

template <class V>
void describe(V& v, Of<WorkspaceServerCapabilities> auto& s) {
    v.optional("workspaceFolders", s.workspace_folders);
    v.optional("fileOperations", s.file_operations);
}

template <class V>
void describe(V& v, Of<ServerCapabilities> auto& s) {
    v.optional("positionEncoding", s.position_encoding);
    v.optional("textDocumentSync", s.text_document_sync);
    v.optional("notebookDocumentSync", s.notebook_document_sync);
    v.flag("hoverProvider", s.hover_provider);
    v.optional("codeActionProvider", s.code_action_provider);
    v.optional("diagnosticProvider", s.diagnostic_provider);
    v.optional("executeCommandProvider", s.execute_command_provider);
    v.flag("callHierarchyProvider", s.call_hierarchy_provider);
    v.optional("workspace", s.workspace);
}

template <class V>
void describe(V& v, Of<ServerInfo> auto& s) {
    v.required("name", s.name);
    v.optional("version", s.version);
}

template <class V>
void describe(V& v, Of<InitializeResult> auto& s) {
    v.required("capabilities", s.capabilities);
    v.optional("serverInfo", s.server_info);
}

} // namespace

#define AWAITLS_DEFINE_READ_WRITE(T)                                                               \
    void read(const Reader& reader, T& value) {                                                    \
        ReadVisitor visitor(reader);                                                               \
        describe(visitor, value);                                                                  \
    }                                                                                              \
    void write(JsonWriter& writer, const T& value) {                                               \
        writer.begin_object();                                                                     \
        WriteVisitor visitor(writer);                                                              \
        describe(visitor, value);                                                                  \
        writer.end_object();                                                                       \
    }
AWAITLS_PROTOCOL_TYPES(AWAITLS_DEFINE_READ_WRITE)
#undef AWAITLS_DEFINE_READ_WRITE

bool is_kind_within(std::string_view kind, std::string_view requested) {
    if (requested.empty()) {
        return true;
    }
    return kind.substr(0, requested.size()) == requested &&
           (kind.size() == requested.size() || kind[requested.size()] == '.');
}

std::string_view position_encoding_name(PositionEncoding encoding) {
    switch (encoding) {
    case PositionEncoding::Utf8: return "utf-8";
    case PositionEncoding::Utf16: return "utf-16";
    case PositionEncoding::Utf32: return "utf-32";
    }
    return "utf-16";
}

std::optional<PositionEncoding> position_encoding_from_name(std::string_view name) {
    for (const PositionEncoding encoding :
         {PositionEncoding::Utf8, PositionEncoding::Utf16, PositionEncoding::Utf32}) {
        if (position_encoding_name(encoding) == name) {
            return encoding;
        }
    }
    return std::nullopt;
}

} // namespace awaitls::protocol
