#include "protocol/diagnostics_message.h"

#include "protocol/types.h"

namespace awaitls::protocol {

DiagnosticsMessage DiagnosticsMessage::publish(std::string_view uri,
                                               std::optional<std::int64_t> version) {
    DiagnosticsMessage message("]}}");
    JsonWriter& writer = message.writer_;
    writer.begin_object();
    writer.key("jsonrpc");
    writer.string("2.0");
    writer.key("method");
    writer.string("textDocument/publishDiagnostics");
    writer.key("params");
    writer.begin_object();
    writer.key("uri");
    writer.string(uri);
    if (version) {
        writer.key("version");
        writer.integer(*version);
    }
    writer.key("diagnostics");
    writer.begin_array();
    return message;
}

DiagnosticsMessage DiagnosticsMessage::full_report(std::optional<std::string_view> result_id) {
    DiagnosticsMessage message("]}");
    message.writer_.begin_object();
    message.begin_items(result_id);
    return message;
}

DiagnosticsMessage
DiagnosticsMessage::workspace_full_report(std::string_view uri, std::optional<std::int64_t> version,
                                          std::optional<std::string_view> result_id) {
    DiagnosticsMessage message("]}");
    JsonWriter& writer = message.writer_;
    writer.begin_object();
    writer.key("uri");
    writer.string(uri);
    writer.key("version");
    if (version) {
        writer.integer(*version);
    } else {
        writer.null();
    }
    message.begin_items(result_id);
    return message;
}

void DiagnosticsMessage::begin_items(std::optional<std::string_view> result_id) {
    JsonWriter& writer = writer_;
    writer.key("kind");
    writer.string("full");
    if (result_id) {
        writer.key("resultId");
        writer.string(*result_id);
    }
    writer.key("items");
    writer.begin_array();
}

void DiagnosticsMessage::add(const Diagnostic& diagnostic) {
    write(writer_, diagnostic);
}

std::string DiagnosticsMessage::finish() {
    std::string text = writer_.take();
    text += tail_;
    return text;
}

RawJson unchanged_report(std::string_view result_id) {
    DocumentReport report;
    report.kind = ReportKind::Unchanged;
    report.result_id = result_id;
    return to_json(report);
}

RawJson with_related(RawJson report, const std::vector<std::pair<std::string, RawJson>>& related) {
    if (related.empty()) {
        return report;
    }
    JsonWriter writer;
    writer.begin_object();
    for (const auto& [uri, other] : related) {
        writer.dynamic_key(uri);
        writer.raw(other.text);
    }
    writer.end_object();
    report.text.pop_back(); // the brace that closes it
    report.text += ",\"relatedDocuments\":" + writer.take() + "}";
    return report;
}

RawJson workspace_unchanged_report(std::string_view uri, std::optional<std::int64_t> version,
                                   std::string_view result_id) {
    WorkspaceDocumentDiagnosticReport report;
    report.kind = ReportKind::Unchanged;
    report.result_id = result_id;
    report.uri = uri;
    report.version = version;
    return to_json(report);
}

RawJson workspace_report(const std::vector<RawJson>& reports) {
    JsonWriter writer;
    writer.begin_object();
    writer.key("items");
    writer.begin_array();
    for (const RawJson& report : reports) {
        writer.raw(report.text);
    }
    writer.end_array();
    writer.end_object();
    return RawJson{writer.take()};
}

} // namespace awaitls::protocol
