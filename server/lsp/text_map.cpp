#include "server/lsp/text_map.h"

#include <algorithm>

namespace awaitls::server {

namespace {

using protocol::PositionEncoding;

bool is_continuation(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U;
}

/// Units of the character that starts with this byte.
std::uint32_t units_of(char lead, PositionEncoding encoding) {
    return encoding == PositionEncoding::Utf16 && static_cast<unsigned char>(lead) >= 0xf0U ? 2 : 1;
}

std::uint32_t count_units(std::string_view line, PositionEncoding encoding) {
    if (encoding == PositionEncoding::Utf8) {
        return static_cast<std::uint32_t>(line.size());
    }
    std::uint32_t units = 0;
    for (const char byte : line) {
        units += is_continuation(byte) ? 0 : units_of(byte, encoding);
    }
    return units;
}

/// Bytes of `line` before the column.
std::uint32_t bytes_before(std::string_view line, std::uint32_t column, PositionEncoding encoding) {
    if (encoding == PositionEncoding::Utf8) {
        std::size_t at = std::min<std::size_t>(column, line.size());
        while (at > 0 && at < line.size() && is_continuation(line[at])) {
            --at;
        }
        return static_cast<std::uint32_t>(at);
    }
    std::size_t at = 0;
    std::uint32_t units = 0;
    while (at < line.size()) {
        units += units_of(line[at], encoding);
        if (units > column) {
            break;
        }
        do {
            ++at;
        } while (at < line.size() && is_continuation(line[at]));
    }
    return static_cast<std::uint32_t>(at);
}

} // namespace

std::uint32_t TextMap::offset(protocol::Position position) const {
    if (position.line >= lines_->line_count()) {
        return static_cast<std::uint32_t>(text_.size());
    }
    const std::string_view line = analysis::line_text(text_, *lines_, position.line);
    return lines_->line_start(position.line) + bytes_before(line, position.character, encoding_);
}

analysis::Span TextMap::span(const protocol::Range& range) const {
    const std::uint32_t start = offset(range.start);
    const std::uint32_t end = offset(range.end);
    return {std::min(start, end), std::max(start, end)};
}

protocol::Position TextMap::position(std::uint32_t offset) const {
    const std::uint32_t clamped = std::min(offset, static_cast<std::uint32_t>(text_.size()));
    const std::uint32_t line = lines_->line_of(clamped);
    const std::uint32_t start = lines_->line_start(line);
    return {line, count_units(text_.substr(start, clamped - start), encoding_)};
}

void apply_changes(const std::vector<protocol::TextDocumentContentChangeEvent>& changes,
                   protocol::PositionEncoding encoding,
                   std::shared_ptr<const analysis::SourceText>& text, bool& in_sync) {
    for (const protocol::TextDocumentContentChangeEvent& change : changes) {
        if (!change.range) {
            text = std::make_shared<const analysis::SourceText>(change.text);
            in_sync = true;
            continue;
        }
        if (!in_sync) {
            continue;
        }
        // One line past the last is how some clients write the end of the text.
        if (change.range->start.line > text->lines().line_count()) {
            in_sync = false;
            continue;
        }
        const TextMap map(text->text(), text->lines(), encoding);
        text = std::make_shared<const analysis::SourceText>(text, map.span(*change.range),
                                                            change.text);
    }
}

} // namespace awaitls::server
