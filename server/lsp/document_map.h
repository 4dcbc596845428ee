#pragma once

// Between byte offsets of what is analysed and the places that a client knows.

#include "analysis/text/text.h"
#include "protocol/position.h"
#include "protocol/uri.h"
#include "server/lsp/text_map.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

/// A text of the client's: a document, or one Python cell of a notebook.
struct Part {
    std::shared_ptr<const protocol::Uri> uri;
    std::int64_t version = 0;
    std::shared_ptr<const analysis::SourceText> text; // as the client has it
    std::uint32_t begin = 0;   // in the text that is analysed, where it has the same length
    std::size_t cell = 0;      // its number, from 1; 0 for a document
    std::uint64_t opening = 0; // tells a cell from one that had its URI before
};

/// The parts of one version of a document in the order of its text. A document that is no notebook is one part; a notebook
/// may have none. Immutable; may be read by any thread.
class DocumentMap {
public:
    DocumentMap(std::vector<Part> parts, protocol::PositionEncoding encoding)
        : parts_(std::move(parts)), encoding_(encoding) {}

    const std::vector<Part>& parts() const { return parts_; }
    /// By Uri::key.
    std::optional<std::size_t> find(std::string_view key) const;
    /// The last part that begins at or before the offset, else the first. Requires: there are parts.
    std::size_t part_at(std::uint32_t offset) const;

    struct Place {
        std::size_t part = 0;
        protocol::Range range;
    };
    /// Where a span begins; it ends with its part at the latest. Requires: there are parts.
    Place place(analysis::Span span) const;

    /// Any position and range give one inside of the part. Requires: part < parts().size().
    std::uint32_t offset(std::size_t part, protocol::Position position) const;
    analysis::Span span(std::size_t part, const protocol::Range& range) const;

    /// Of the part's own text.
    TextMap text_map(std::size_t part) const {
        const analysis::SourceText& text = *parts_[part].text;
        return {text.text(), text.lines(), encoding_};
    }
    protocol::PositionEncoding encoding() const { return encoding_; }

private:
    std::vector<Part> parts_;
    protocol::PositionEncoding encoding_;
};

/// Of a document that is no notebook.
std::shared_ptr<const DocumentMap> map_of_text(std::shared_ptr<const protocol::Uri> uri,
                                               std::int64_t version,
                                               std::shared_ptr<const analysis::SourceText> text,
                                               protocol::PositionEncoding encoding);

} // namespace awaitls::server
