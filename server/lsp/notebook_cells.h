#pragma once

// The cells of one open notebook, and the module that its Python cells are.

#include "analysis/text/text.h"
#include "protocol/position.h"
#include "protocol/types.h"
#include "server/lsp/document_map.h"
#include "server/lsp/log.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// Follows what the client says of its cells. Total: what cannot be is told and left out, and where client and server may
/// hold other cells or other text, the notebook is out of step. Belongs to the io thread.
class NotebookCells {
public:
    using Tell = std::function<void(LogLevel, const std::string&)>;
    /// A number that the session gives no other text.
    using NextOpening = std::function<std::uint64_t()>;

    NotebookCells(const protocol::DidOpenNotebookDocumentParams& params,
                  protocol::PositionEncoding encoding, const NextOpening& next_opening,
                  const Tell& tell);

    struct Changed {
        bool module = false;         // its text or its parts are others
        std::set<std::string> texts; // that were opened or edited, by Uri::key
    };
    Changed apply(const protocol::NotebookCellsChange& change, const NextOpening& next_opening,
                  const Tell& tell);

    /// The code cells in Python, each behind its announcement(), as read_notebook() joins them.
    const std::shared_ptr<const analysis::SourceText>& text() const { return text_; }
    const std::shared_ptr<const DocumentMap>& map() const { return map_; }
    /// False where it is known that the client holds something else.
    bool in_sync() const;
    void lose_sync() { lost_ = true; }
    /// The texts that are open, of all kinds and languages, by Uri::key.
    std::vector<std::string> keys() const;

private:
    struct Entry {
        std::string key;
        protocol::NotebookCellKind kind;
    };
    struct Text {
        std::shared_ptr<const protocol::Uri> uri;
        bool is_python = false;
        std::int64_t version = 0;
        std::shared_ptr<const analysis::SourceText> text;
        std::uint64_t opening = 0;
        bool in_sync = true;
    };

    void open(const protocol::TextDocumentItem& item, const NextOpening& next_opening,
              const Tell& tell);
    void splice(const protocol::NotebookCellArrayChange& change, const Tell& tell);
    void edit(const protocol::NotebookCellTextChange& change, const Tell& tell, Changed& changed);
    /// Makes text and map from the cells.
    void join();
    /// Brings text and map up to date with an edit of one cell alone.
    void join_again(std::size_t part, const Text& cell);

    protocol::PositionEncoding encoding_;
    std::vector<Entry> order_;
    std::map<std::string, Text> texts_; // by Uri::key
    bool lost_ = false;                 // which cells there are
    std::shared_ptr<const analysis::SourceText> text_;
    std::shared_ptr<const DocumentMap> map_;
};

} // namespace awaitls::server
