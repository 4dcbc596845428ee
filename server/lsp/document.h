#pragma once

// The text of one open document or notebook, kept as the client has it.

#include "analysis/text/text.h"
#include "protocol/position.h"
#include "protocol/types.h"
#include "protocol/uri.h"
#include "server/lsp/document_map.h"
#include "server/lsp/notebook_cells.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// What applying a change came to.
enum class ChangeOutcome {
    Applied,
    /// A range starts behind the end of the text: client and server do not hold the same text.
    OutOfText,
};

/// One open text, or the cells of one open notebook, which are one text. Belongs to the io thread; the text itself is
/// immutable and may be read by any thread.
class Document {
public:
    Document(protocol::Uri uri, std::int64_t version, std::string text,
             protocol::PositionEncoding encoding);
    Document(protocol::Uri uri, std::int64_t version, NotebookCells cells);

    const protocol::Uri& uri() const { return *uri_; }
    bool is_notebook() const { return cells_.has_value(); }
    /// Requires: is_notebook().
    const NotebookCells& cells() const { return *cells_; }
    std::int64_t version() const { return version_; }
    const std::shared_ptr<const analysis::SourceText>& text() const { return text_; }
    /// Where the text is the client's.
    const std::shared_ptr<const DocumentMap>& map() const { return map_; }
    /// Changes with every change of the text; never repeats within the session.
    std::uint64_t generation() const { return generation_; }
    /// False while the text is known to differ from the client's: nothing is said about it then.
    bool in_sync() const { return in_sync_; }

    /// Last component of the path, or the whole URI where there is none: what messages call it.
    std::string display_name() const;

    /// Applies the changes in order. After OutOfText the document is out of sync, and stays so until a
    /// text without a range arrives here, in replace(), or with a new document. Requires: !is_notebook().
    ChangeOutcome apply(std::int64_t version,
                        const std::vector<protocol::TextDocumentContentChangeEvent>& changes);

    /// The same of a notebook. Returns the texts that were opened or edited, by Uri::key.
    std::set<std::string> apply(std::int64_t version,
                                const protocol::NotebookDocumentChangeEvent& change,
                                const NotebookCells::NextOpening& next_opening,
                                const NotebookCells::Tell& tell);

    /// The client's whole text. Returns whether it differs from what was held or ends a loss of sync.
    bool replace(std::string_view text);

    void lose_sync();

    /// Counts as a change, so that results under way are not used: the settings are others.
    void touch() { generation_ = next_generation(); }

private:
    static std::uint64_t next_generation();
    void take_cells();

    std::shared_ptr<const protocol::Uri> uri_;
    std::int64_t version_;
    std::shared_ptr<const analysis::SourceText> text_;
    std::shared_ptr<const DocumentMap> map_;
    std::optional<NotebookCells> cells_;
    protocol::PositionEncoding encoding_;
    std::uint64_t generation_;
    bool in_sync_ = true;
};

} // namespace awaitls::server
