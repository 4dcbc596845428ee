#include "server/lsp/document_map.h"

#include <algorithm>

namespace awaitls::server {

std::optional<std::size_t> DocumentMap::find(std::string_view key) const {
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i].uri->key == key) {
            return i;
        }
    }
    return std::nullopt;
}

std::size_t DocumentMap::part_at(std::uint32_t offset) const {
    const auto behind =
        std::upper_bound(parts_.begin(), parts_.end(), offset,
                         [](std::uint32_t at, const Part& part) { return at < part.begin; });
    return behind == parts_.begin() ? 0 : static_cast<std::size_t>(behind - parts_.begin()) - 1;
}

DocumentMap::Place DocumentMap::place(analysis::Span span) const {
    const std::size_t part = part_at(span.begin);
    const std::uint32_t base = parts_[part].begin;
    const auto inside = [base](std::uint32_t offset) { return offset < base ? 0 : offset - base; };
    return {part, text_map(part).range({inside(span.begin), inside(span.end)})};
}

std::uint32_t DocumentMap::offset(std::size_t part, protocol::Position position) const {
    return parts_[part].begin + text_map(part).offset(position);
}

analysis::Span DocumentMap::span(std::size_t part, const protocol::Range& range) const {
    return text_map(part).span(range).shifted(parts_[part].begin);
}

std::shared_ptr<const DocumentMap> map_of_text(std::shared_ptr<const protocol::Uri> uri,
                                               std::int64_t version,
                                               std::shared_ptr<const analysis::SourceText> text,
                                               protocol::PositionEncoding encoding) {
    std::vector<Part> parts;
    parts.push_back({std::move(uri), version, std::move(text), 0, 0, 0});
    return std::make_shared<const DocumentMap>(std::move(parts), encoding);
}

} // namespace awaitls::server
