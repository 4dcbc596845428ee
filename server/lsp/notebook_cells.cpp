#include "server/lsp/notebook_cells.h"

#include "server/notebook/notebook.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace awaitls::server {

namespace {

/// What stands in the module for a cell.
std::string module_code(std::string_view text) {
    std::string code = as_python(text);
    if (!code.empty() && !code.ends_with('\n')) {
        code += '\n';
    }
    return code;
}

} // namespace

NotebookCells::NotebookCells(const protocol::DidOpenNotebookDocumentParams& params,
                             protocol::PositionEncoding encoding, const NextOpening& next_opening,
                             const Tell& tell)
    : encoding_(encoding) {
    for (const protocol::TextDocumentItem& item : params.cell_text_documents) {
        open(item, next_opening, tell);
    }
    splice({0, 0, params.notebook_document.cells}, tell);
    join();
}

NotebookCells::Changed NotebookCells::apply(const protocol::NotebookCellsChange& change,
                                            const NextOpening& next_opening, const Tell& tell) {
    Changed changed;
    if (change.structure) {
        // A cell whose language changes is closed and opened again in one change.
        for (const protocol::TextDocumentIdentifier& closed : change.structure->did_close) {
            if (texts_.erase(protocol::uri_key(closed.uri)) == 0) {
                tell(LogLevel::Warning, "closed a cell that is not open: " + closed.uri);
            }
        }
        for (const protocol::TextDocumentItem& item : change.structure->did_open) {
            open(item, next_opening, tell);
            changed.texts.insert(protocol::uri_key(item.uri));
        }
        splice(change.structure->array, tell);
        changed.module = true;
    }
    for (const protocol::NotebookCell& cell : change.data) {
        const std::string key = protocol::uri_key(cell.document);
        const auto known = std::find_if(order_.begin(), order_.end(),
                                        [&](const Entry& entry) { return entry.key == key; });
        if (known == order_.end()) {
            tell(LogLevel::Warning, "ignored data of an unknown cell: " + cell.document);
        } else if (known->kind != cell.kind) {
            known->kind = cell.kind;
            changed.module = true;
        }
    }
    if (changed.module) {
        join();
    }
    for (const protocol::NotebookCellTextChange& text : change.text_content) {
        edit(text, tell, changed);
    }
    return changed;
}

void NotebookCells::open(const protocol::TextDocumentItem& item, const NextOpening& next_opening,
                         const Tell& tell) {
    protocol::Uri uri = protocol::parse_uri(item.uri);
    Text& text = texts_[uri.key];
    if (text.uri) {
        tell(LogLevel::Warning, "a cell was opened again without being closed: " + item.uri);
    }
    text = {std::make_shared<const protocol::Uri>(std::move(uri)),
            item.language_id == "python",
            item.version,
            std::make_shared<const analysis::SourceText>(item.text),
            next_opening(),
            true};
}

void NotebookCells::splice(const protocol::NotebookCellArrayChange& change, const Tell& tell) {
    if (lost_) {
        return;
    }
    if (change.start > order_.size() || change.delete_count > order_.size() - change.start) {
        tell(LogLevel::Warning,
             "a change of cells " + std::to_string(change.start) + " to " +
                 std::to_string(std::uint64_t{change.start} + change.delete_count) +
                 " lies outside of a notebook with " + std::to_string(order_.size()) + " cells");
        lost_ = true;
        return;
    }
    const auto begin = order_.begin() + static_cast<std::ptrdiff_t>(change.start);
    const auto at = order_.erase(begin, begin + static_cast<std::ptrdiff_t>(change.delete_count));
    if (!change.cells) {
        return;
    }
    std::vector<Entry> entries;
    for (const protocol::NotebookCell& cell : *change.cells) {
        entries.push_back({protocol::uri_key(cell.document), cell.kind});
    }
    order_.insert(at, entries.begin(), entries.end());
    std::map<std::string_view, int> count;
    for (const Entry& entry : order_) {
        ++count[entry.key];
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        const std::string& uri = (*change.cells)[i].document;
        if (texts_.find(entries[i].key) == texts_.end()) {
            tell(LogLevel::Warning, "a cell has no text: " + uri);
        }
        if (count[entries[i].key] > 1) {
            tell(LogLevel::Warning, "two cells have one URI, and the first counts: " + uri);
        }
    }
}

void NotebookCells::edit(const protocol::NotebookCellTextChange& change, const Tell& tell,
                         Changed& changed) {
    const std::string key = protocol::uri_key(change.document.uri);
    const auto found = texts_.find(key);
    if (found == texts_.end()) {
        tell(LogLevel::Warning,
             "ignored a change of a cell that is not open: " + change.document.uri);
        return;
    }
    Text& cell = found->second;
    if (change.document.version <= cell.version) {
        tell(LogLevel::Debug, change.document.uri + ": version " +
                                  std::to_string(change.document.version) + " follows version " +
                                  std::to_string(cell.version));
    }
    const bool was_in_sync = cell.in_sync;
    cell.version = change.document.version;
    apply_changes(change.changes, encoding_, cell.text, cell.in_sync);
    if (was_in_sync && !cell.in_sync) {
        tell(LogLevel::Warning, "a change lies outside of the text of " + change.document.uri);
    }
    changed.texts.insert(key);
    if (const std::optional<std::size_t> part = map_->find(key)) {
        join_again(*part, cell);
        changed.module = true;
    }
}

void NotebookCells::join() {
    std::string text;
    std::vector<Part> parts;
    std::set<std::string_view> seen;
    std::size_t number = 0;
    for (const Entry& entry : order_) {
        if (entry.kind != protocol::NotebookCellKind::Code || !seen.insert(entry.key).second) {
            continue;
        }
        ++number;
        const auto found = texts_.find(entry.key);
        if (found == texts_.end() || !found->second.is_python) {
            continue;
        }
        const Text& cell = found->second;
        text += announcement(number);
        parts.push_back({cell.uri, cell.version, cell.text, static_cast<std::uint32_t>(text.size()),
                         number, cell.opening});
        text += module_code(cell.text->text());
    }
    // A change of the order alone leaves most of the text where it was.
    text_ = std::make_shared<const analysis::SourceText>(std::move(text));
    map_ = std::make_shared<const DocumentMap>(std::move(parts), encoding_);
}

void NotebookCells::join_again(std::size_t number, const Text& cell) {
    std::vector<Part> parts = map_->parts();
    Part& part = parts[number];
    const std::string& before = text_->text();
    // Up to the announcement of the next cell.
    const std::size_t end =
        number + 1 < parts.size()
            ? parts[number + 1].begin - announcement(parts[number + 1].cell).size()
            : before.size();
    const std::string_view old = std::string_view(before).substr(part.begin, end - part.begin);
    const std::string now = module_code(cell.text->text());
    const analysis::CommonEnds ends = analysis::common_ends(old, now);
    text_ = std::make_shared<const analysis::SourceText>(
        text_,
        analysis::Span{part.begin + ends.prefix, static_cast<std::uint32_t>(end) - ends.suffix},
        std::string_view(now).substr(ends.prefix, now.size() - ends.prefix - ends.suffix));
    part.version = cell.version;
    part.text = cell.text;
    const std::int64_t delta =
        static_cast<std::int64_t>(now.size()) - static_cast<std::int64_t>(old.size());
    for (std::size_t later = number + 1; later < parts.size(); ++later) {
        parts[later].begin = static_cast<std::uint32_t>(parts[later].begin + delta);
    }
    map_ = std::make_shared<const DocumentMap>(std::move(parts), encoding_);
}

bool NotebookCells::in_sync() const {
    if (lost_) {
        return false;
    }
    return std::all_of(map_->parts().begin(), map_->parts().end(),
                       [&](const Part& part) { return texts_.at(part.uri->key).in_sync; });
}

std::vector<std::string> NotebookCells::keys() const {
    std::vector<std::string> result;
    for (const auto& [key, text] : texts_) {
        result.push_back(key);
    }
    return result;
}

} // namespace awaitls::server
