#pragma once

// Between byte offsets of a text and the positions of the protocol.

#include "analysis/text/text.h"
#include "protocol/position.h"
#include "protocol/types.h"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// A view of one text in the negotiated encoding. Cheap to copy; text and index must outlive it.
class TextMap {
public:
    TextMap(std::string_view text, const analysis::LineIndex& lines,
            protocol::PositionEncoding encoding)
        : text_(text), lines_(&lines), encoding_(encoding) {}

    /// Any position gives an offset: a line past the last is the end of the text, a column past the end
    /// of its line is that end (before the line's terminator), and a column inside a character is the
    /// character's beginning.
    std::uint32_t offset(protocol::Position position) const;
    /// begin <= end, also where the client sent them the other way round.
    analysis::Span span(const protocol::Range& range) const;

    /// Offsets past the end count as the end.
    protocol::Position position(std::uint32_t offset) const;
    protocol::Range range(analysis::Span span) const {
        return {position(span.begin), position(span.end)};
    }

    std::string_view text() const { return text_; }
    const analysis::LineIndex& lines() const { return *lines_; }
    protocol::PositionEncoding encoding() const { return encoding_; }

private:
    std::string_view text_;
    const analysis::LineIndex* lines_;
    protocol::PositionEncoding encoding_;
};

/// Applies a client's changes in order to a text of its. A range that starts behind the end of the text makes `in_sync` false:
/// client and server do not hold the same text. From there on all but a whole text, which makes it true, is passed by.
void apply_changes(const std::vector<protocol::TextDocumentContentChangeEvent>& changes,
                   protocol::PositionEncoding encoding,
                   std::shared_ptr<const analysis::SourceText>& text, bool& in_sync);

} // namespace awaitls::server
