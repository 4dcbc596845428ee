#pragma once

// The text of one open document, kept as the client has it.

#include "analysis/text/text.h"
#include "protocol/position.h"
#include "protocol/types.h"
#include "protocol/uri.h"
#include "server/lsp/text_map.h"

#include <cstdint>
#include <memory>
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

/// One open text. Belongs to the io thread; the text itself is immutable and may be read by any thread.
class Document {
public:
    Document(protocol::Uri uri, std::string language, std::int64_t version, std::string text,
             protocol::PositionEncoding encoding);

    const protocol::Uri& uri() const { return uri_; }
    bool is_python() const { return language_ == "python"; }
    std::int64_t version() const { return version_; }
    const std::shared_ptr<const analysis::SourceText>& text() const { return text_; }
    /// Changes with every change of the text; never repeats within the session.
    std::uint64_t generation() const { return generation_; }
    /// False while the text is known to differ from the client's: nothing is said about it then.
    bool in_sync() const { return in_sync_; }
    TextMap map() const { return {text_->text(), text_->lines(), encoding_}; }

    /// Last component of the path, or the whole URI where there is none: what messages call it.
    std::string display_name() const;

    /// Applies the changes in order. After OutOfText the document is out of sync, and stays so until a
    /// text without a range arrives here, in replace(), or with a new document.
    ChangeOutcome apply(std::int64_t version,
                        const std::vector<protocol::TextDocumentContentChangeEvent>& changes);

    /// The client's whole text. Returns whether it differs from what was held or ends a loss of sync.
    bool replace(std::string_view text);

    void lose_sync() { in_sync_ = false; }

    /// Counts as a change, so that results under way are not used: the settings are others.
    void touch() { generation_ = next_generation(); }

private:
    static std::uint64_t next_generation();
    void set_text(std::shared_ptr<const analysis::SourceText> text);

    protocol::Uri uri_;
    std::string language_;
    std::int64_t version_;
    std::shared_ptr<const analysis::SourceText> text_;
    protocol::PositionEncoding encoding_;
    std::uint64_t generation_;
    bool in_sync_ = true;
};

} // namespace awaitls::server
