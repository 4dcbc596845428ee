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
    JsonWriter& writer = message.writer_;
    writer.begin_object();
    writer.key("kind");
    writer.string("full");
    if (result_id) {
        writer.key("resultId");
        writer.string(*result_id);
    }
    writer.key("items");
    writer.begin_array();
    return message;
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

} // namespace awaitls::protocol
