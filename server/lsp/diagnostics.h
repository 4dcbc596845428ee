#pragma once

// What the client is shown of a document: findings as the protocol's diagnostics, serialised once.

#include "analysis/analysis.h"
#include "protocol/capabilities.h"
#include "protocol/diagnostics_message.h"
#include "protocol/types.h"
#include "server/lsp/document_map.h"

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

/// One finding for the client. Where it cannot take related places, they stand in the message. Requires: `map` has parts.
protocol::Diagnostic to_protocol(const analysis::Diagnostic& finding, const DocumentMap& map,
                                 const ClientStyle& style);

/// A remark about a whole document, at its first character.
protocol::Diagnostic document_note(std::string message);

/// The id of a report whose content has this hash.
std::string result_id(std::uint64_t hash);

/// The diagnostics of one document as they were last worked out, by its parts, and how to send them.
/// Findings whose text and positions did not change are not serialised again.
class DiagnosticsView {
public:
    explicit DiagnosticsView(const ClientStyle& style) : style_(&style) {}

    /// Shows a new analysis; `map` is of its text. Where it is broken mid-typing it says nothing, so findings that were shown
    /// there stay, moved along with the text, unless the edit touched them.
    void show(std::shared_ptr<const analysis::FileAnalysis> analysis,
              std::shared_ptr<const DocumentMap> map);
    /// Shows findings that no analysis at hand makes; their related places have their sources.
    void show_findings(std::vector<analysis::Diagnostic> findings,
                       std::shared_ptr<const DocumentMap> map);
    /// Shows one remark, in the first part, and no findings.
    void show_note(std::string message, std::shared_ptr<const DocumentMap> map);
    void clear(std::shared_ptr<const DocumentMap> map);

    /// Findings are shown that the present analysis does not make.
    bool has_sticky() const { return !sticky_.empty(); }
    /// Shows the present analysis alone.
    void drop_sticky();

    /// What the view is of. Null before it shows anything; below, a part is one of its parts.
    const std::shared_ptr<const DocumentMap>& map() const { return map_; }
    /// Equal for equal lists.
    std::uint64_t hash(std::size_t part) const;
    static std::uint64_t hash_of_none() { return analysis::hash_bytes({}, 0); }
    void append_to(protocol::DiagnosticsMessage& message, std::size_t part) const;

private:
    /// One diagnostic as sent, with what it was made of.
    struct Item {
        struct Related {
            std::shared_ptr<const protocol::Uri>
                uri; // of the part; null for a place in another file
            protocol::Range range;
            std::string message;
            bool operator==(const Related&) const = default;
        };
        std::uint16_t rule = 0;
        analysis::Severity severity = analysis::Severity::Warning;
        bool unnecessary = false;
        std::string message;
        protocol::Range range;
        std::vector<Related> related;
        protocol::RawJson json;
        std::uint64_t hash = 0;

        bool shows(const analysis::Diagnostic& finding, const protocol::Range& place,
                   const DocumentMap& map) const;
    };
    using Items = std::vector<Item>; // in the order of the text

    static Item::Related related_of(const analysis::Related& related, const DocumentMap& map);
    void keep_sticky(const analysis::FileAnalysis& next);
    void render(std::shared_ptr<const DocumentMap> map);
    /// The items of the part that has this URI; leaves none.
    Items take_items(const Part& part, std::size_t expected);
    Item make_item(const analysis::Diagnostic& finding, const protocol::Range& place,
                   const DocumentMap& map) const;

    const ClientStyle* style_;
    std::shared_ptr<const DocumentMap> map_;
    std::shared_ptr<const analysis::FileAnalysis> analysis_; // null: nothing, a note, or findings
    std::vector<analysis::Diagnostic> sticky_;               // in the text of map_, not analysis_'s
    std::vector<Items> items_;                               // by part
};

} // namespace awaitls::server
