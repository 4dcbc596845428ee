#include "server/lsp/document.h"

#include <atomic>
#include <utility>

namespace awaitls::server {

Document::Document(protocol::Uri uri, std::int64_t version, std::string text,
                   protocol::PositionEncoding encoding)
    : uri_(std::make_shared<const protocol::Uri>(std::move(uri))),
      version_(version),
      text_(std::make_shared<const analysis::SourceText>(std::move(text))),
      encoding_(encoding),
      generation_(next_generation()) {
    map_ = map_of_text(uri_, version_, text_, encoding_);
}

Document::Document(protocol::Uri uri, std::int64_t version, NotebookCells cells)
    : uri_(std::make_shared<const protocol::Uri>(std::move(uri))),
      version_(version),
      cells_(std::move(cells)),
      encoding_(cells_->map()->encoding()) {
    take_cells();
}

std::uint64_t Document::next_generation() {
    static std::atomic<std::uint64_t> last{0}; // atomic for several sessions in one process
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string Document::display_name() const {
    const std::size_t slash = uri_->path.find_last_of("/\\");
    const std::string name = slash == std::string::npos ? uri_->path : uri_->path.substr(slash + 1);
    return name.empty() ? uri_->text : name;
}

void Document::take_cells() {
    text_ = cells_->text();
    map_ = cells_->map();
    in_sync_ = cells_->in_sync();
    generation_ = next_generation();
}

void Document::lose_sync() {
    in_sync_ = false;
    if (cells_) {
        cells_->lose_sync();
    }
}

ChangeOutcome
Document::apply(std::int64_t version,
                const std::vector<protocol::TextDocumentContentChangeEvent>& changes) {
    version_ = version;
    const std::shared_ptr<const analysis::SourceText> before = text_;
    apply_changes(changes, encoding_, text_, in_sync_);
    map_ = map_of_text(uri_, version_, text_, encoding_);
    if (text_ != before || !in_sync_) {
        generation_ = next_generation();
    }
    return in_sync_ ? ChangeOutcome::Applied : ChangeOutcome::OutOfText;
}

std::set<std::string> Document::apply(std::int64_t version,
                                      const protocol::NotebookDocumentChangeEvent& change,
                                      const NotebookCells::NextOpening& next_opening,
                                      const NotebookCells::Tell& tell) {
    version_ = version;
    if (!change.cells) {
        return {};
    }
    NotebookCells::Changed changed = cells_->apply(*change.cells, next_opening, tell);
    if (changed.module) {
        take_cells();
    }
    return std::move(changed.texts);
}

bool Document::replace(std::string_view text) {
    if (in_sync_ && text == text_->text()) {
        return false;
    }
    in_sync_ = true;
    text_ = std::make_shared<const analysis::SourceText>(std::string(text));
    map_ = map_of_text(uri_, version_, text_, encoding_);
    generation_ = next_generation();
    return true;
}

} // namespace awaitls::server
