// The session's notebooks: documents whose text is that of their cells.

#include "server/lsp/open_document.h"

#include <utility>

namespace awaitls::server {

Session::OpenDocument* Session::find_notebook(std::string_view uri) {
    const auto found = documents_.find(protocol::uri_key(uri));
    return found == documents_.end() || !found->second->document.is_notebook()
               ? nullptr
               : found->second.get();
}

NotebookCells::Tell Session::notebook_log(std::string name) {
    return [this, name = std::move(name)](LogLevel level, const std::string& text) {
        log_.write(level, name + ": " + text);
    };
}

void Session::admit_cells(std::vector<protocol::TextDocumentItem>& texts,
                          const std::string& notebook) {
    std::erase_if(texts, [&](const protocol::TextDocumentItem& item) {
        const std::string key = protocol::uri_key(item.uri);
        const auto owner = notebooks_of_cells_.find(key);
        if (owner != notebooks_of_cells_.end() && owner->second != notebook) {
            log_.warning("ignored a cell that is open in another notebook: " + item.uri);
            return true;
        }
        if (find_text(item.uri) != nullptr) {
            log_.warning("a document is now a cell of a notebook: " + item.uri);
            did_close({{item.uri}});
        }
        return false;
    });
}

void Session::note_cells(const std::string& notebook, const NotebookCells* cells) {
    std::erase_if(notebooks_of_cells_, [&](const auto& entry) { return entry.second == notebook; });
    if (cells != nullptr) {
        for (std::string& key : cells->keys()) {
            notebooks_of_cells_.emplace(std::move(key), notebook);
        }
    }
}

void Session::did_open_notebook(protocol::DidOpenNotebookDocumentParams params, bool repaired) {
    const protocol::NotebookDocument& item = params.notebook_document;
    protocol::Uri uri = protocol::parse_uri(item.uri);
    const std::string key = uri.key;
    if (OpenDocument* const open = find_notebook(item.uri)) {
        log_.warning("opened again without being closed: " + item.uri);
        note_cells(key, nullptr);
        remove_document(*open, "the notebook was opened again");
    } else if (find_text(item.uri) != nullptr) {
        log_.warning("a document is now a notebook: " + item.uri);
        did_close({{item.uri}});
    }
    admit_cells(params.cell_text_documents, key);
    NotebookCells cells(
        params, style_.encoding, [this] { return ++openings_; }, notebook_log(item.uri));
    OpenDocument& open = add_document(Document(std::move(uri), item.version, std::move(cells)));
    note_cells(key, &open.document.cells());
    if (repaired) {
        log_.warning("the text of " + open.document.display_name() +
                     " holds characters that are no Unicode text; they were replaced");
    }
    check_configuration_files();
}

void Session::did_change_notebook(protocol::DidChangeNotebookDocumentParams params, bool repaired) {
    const protocol::VersionedNotebookDocumentIdentifier& item = params.notebook_document;
    OpenDocument* const open = find_notebook(item.uri);
    if (open == nullptr) {
        log_.warning("ignored a change of a notebook that is not open: " + item.uri);
        return;
    }
    Document& document = open->document;
    if (item.version <= document.version()) {
        log_.debug(document.display_name() + ": version " + std::to_string(item.version) +
                   " follows version " + std::to_string(document.version()));
    }
    if (repaired) {
        log_.warning("a change of " + document.display_name() +
                     " holds characters that are no Unicode text; they were replaced");
    }
    const bool restructured = params.change.cells && params.change.cells->structure;
    if (restructured) {
        admit_cells(params.change.cells->structure->did_open, document.uri().key);
    }
    const bool was_in_sync = document.in_sync();
    const std::uint64_t generation = document.generation();
    std::set<std::string> texts = document.apply(
        item.version, params.change, [this] { return ++openings_; }, notebook_log(item.uri));
    if (restructured) {
        note_cells(document.uri().key, &document.cells());
    }
    if (document.generation() == generation) {
        return; // outputs, metadata, cells that are no Python
    }
    if (was_in_sync && !document.in_sync()) {
        lost_sync(*open, "client and server hold different cells");
    }
    if (restructured || texts.empty()) {
        open->due_now = true;
        // Clients do not ask for cells that stand in another order, or behind one that is gone.
        open->recheck = !pushes(*open);
    }
    std::erase_if(texts, [&](const std::string& key) { return !document.map()->find(key); });
    edited(*open, std::move(texts));
}

void Session::did_save_notebook(const protocol::DidSaveNotebookDocumentParams& params) {
    check_configuration_files();
    if (OpenDocument* const open = find_notebook(params.notebook_document.uri)) {
        open->due_now = true;
    }
}

void Session::did_close_notebook(const protocol::DidCloseNotebookDocumentParams& params) {
    OpenDocument* const open = find_notebook(params.notebook_document.uri);
    if (open == nullptr) {
        log_.warning("closed a notebook that is not open: " + params.notebook_document.uri);
        return;
    }
    note_cells(open->document.uri().key, nullptr);
    remove_document(*open, "the notebook was closed");
}

void Session::cells_are_pulled() {
    if (pulls_cells_ || !style_.capabilities.pull_diagnostics) {
        return;
    }
    for (const auto& [key, open] : documents_) {
        if (open->document.is_notebook()) {
            clear_published(*open);
        }
    }
    pulls_cells_ = true;
}

} // namespace awaitls::server
