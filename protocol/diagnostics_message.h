#pragma once

#include "protocol/json_writer.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::protocol {

struct Diagnostic;

/// Builds a publish or the result of a pull in one string, diagnostic by diagnostic. Serialised
/// diagnostics (`to_json(diagnostic)`) can be kept and joined, which costs a copy of their bytes.
class DiagnosticsMessage {
public:
    /// The whole body of textDocument/publishDiagnostics. The version is left out where there is
    /// none.
    static DiagnosticsMessage publish(std::string_view uri, std::optional<std::int64_t> version);
    /// A full report, the result of textDocument/diagnostic.
    static DiagnosticsMessage full_report(std::optional<std::string_view> result_id);
    /// The same among the reports of workspace/diagnostic. No version: the document is not open.
    static DiagnosticsMessage workspace_full_report(std::string_view uri,
                                                    std::optional<std::int64_t> version,
                                                    std::optional<std::string_view> result_id);

    void reserve(std::size_t bytes) { writer_.reserve(bytes); }
    void add(const Diagnostic& diagnostic);
    void add(const RawJson& serialised) { writer_.raw(serialised.text); }

    /// The complete text. Call once, last.
    std::string finish();

private:
    explicit DiagnosticsMessage(std::string_view tail) : tail_(tail) {}
    void begin_items(std::optional<std::string_view> result_id);

    JsonWriter writer_;
    std::string_view tail_; // closes what stands around the items
};

/// The result of textDocument/diagnostic when nothing changed.
RawJson unchanged_report(std::string_view result_id);
/// A result of textDocument/diagnostic, with reports of other documents by their URIs.
RawJson with_related(RawJson report, const std::vector<std::pair<std::string, RawJson>>& related);
RawJson workspace_unchanged_report(std::string_view uri, std::optional<std::int64_t> version,
                                   std::string_view result_id);

/// The result of workspace/diagnostic, or a partial one, with these reports.
RawJson workspace_report(const std::vector<RawJson>& reports);

} // namespace awaitls::protocol
