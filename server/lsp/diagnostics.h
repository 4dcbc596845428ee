#pragma once

// What the client is shown of a document: findings as the protocol's diagnostics, serialised once.

#include "analysis/analysis.h"
#include "protocol/capabilities.h"
#include "protocol/diagnostics_message.h"
#include "protocol/types.h"
#include "server/lsp/text_map.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

inline constexpr std::string_view kSource = "awaitls";

/// How this client wants to be told. Fixed by `initialize`.
struct ClientStyle {
    protocol::ClientCapabilities capabilities;
    protocol::PositionEncoding encoding = protocol::PositionEncoding::Utf16;
};

/// One finding for the client. Where it cannot take related places, they stand in the message.
protocol::Diagnostic to_protocol(const analysis::Diagnostic& finding, const TextMap& map,
                                 const std::string& uri, const ClientStyle& style);

/// A remark about a whole document, at its first character.
protocol::Diagnostic document_note(std::string message);

/// The id of a report whose content has this hash.
std::string result_id(std::uint64_t hash);

/// The diagnostics of one document as they were last worked out, and how to send them.
/// Findings whose text and positions did not change are not serialised again.
class DiagnosticsView {
public:
    DiagnosticsView(std::string uri, const ClientStyle& style)
        : uri_(std::move(uri)), style_(&style) {}

    /// Shows a new analysis. Where it is broken mid-typing it says nothing, so findings that were shown
    /// there stay, moved along with the text, unless the edit touched them.
    void show(std::shared_ptr<const analysis::FileAnalysis> analysis);
    /// Shows one remark and no findings.
    void show_note(std::string message);
    void clear();

    /// Findings are shown that the present analysis does not make.
    bool has_sticky() const { return !sticky_.empty(); }
    /// Shows the present analysis alone.
    void drop_sticky();

    /// Equal for equal lists.
    std::uint64_t hash() const;
    std::size_t size() const { return items_.size(); }
    void append_to(protocol::DiagnosticsMessage& message) const;

private:
    /// One diagnostic as sent, with what it was made of.
    struct Item {
        std::uint16_t rule = 0;
        analysis::Severity severity = analysis::Severity::Warning;
        bool unnecessary = false;
        std::string message;
        protocol::Range range;
        std::vector<std::pair<protocol::Range, std::string>> related;
        protocol::RawJson json;
        std::uint64_t hash = 0;

        bool shows(const analysis::Diagnostic& finding, const protocol::Range& place,
                   const TextMap& map) const;
    };

    void keep_sticky(const analysis::FileAnalysis& next);
    void render();
    Item make_item(const analysis::Diagnostic& finding, const protocol::Range& place,
                   const TextMap& map) const;

    std::string uri_;
    const ClientStyle* style_;
    std::shared_ptr<const analysis::FileAnalysis> analysis_; // null: nothing, or a note
    std::vector<analysis::Diagnostic> sticky_;               // in the text of analysis_
    std::vector<Item> items_;
};

} // namespace awaitls::server
