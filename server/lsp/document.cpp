#include "server/lsp/document.h"

#include <atomic>
#include <utility>

namespace awaitls::server {

Document::Document(protocol::Uri uri, std::string language, std::int64_t version, std::string text,
                   protocol::PositionEncoding encoding)
    : uri_(std::move(uri)),
      language_(std::move(language)),
      version_(version),
      text_(std::make_shared<const analysis::SourceText>(std::move(text))),
      encoding_(encoding),
      generation_(next_generation()) {}

std::uint64_t Document::next_generation() {
    static std::atomic<std::uint64_t> last{0}; // atomic for several sessions in one process
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

std::string Document::display_name() const {
    const std::size_t slash = uri_.path.find_last_of("/\\");
    const std::string name = slash == std::string::npos ? uri_.path : uri_.path.substr(slash + 1);
    return name.empty() ? uri_.text : name;
}

void Document::set_text(std::shared_ptr<const analysis::SourceText> text) {
    text_ = std::move(text);
    generation_ = next_generation();
}

ChangeOutcome
Document::apply(std::int64_t version,
                const std::vector<protocol::TextDocumentContentChangeEvent>& changes) {
    version_ = version;
    for (const protocol::TextDocumentContentChangeEvent& change : changes) {
        if (!change.range) {
            set_text(std::make_shared<const analysis::SourceText>(change.text));
            in_sync_ = true;
            continue;
        }
        if (!in_sync_) {
            continue;
        }
        // One line past the last is how some clients write the end of the text.
        if (change.range->start.line > text_->lines().line_count()) {
            in_sync_ = false;
            continue;
        }
        set_text(std::make_shared<const analysis::SourceText>(text_, map().span(*change.range),
                                                              change.text));
    }
    if (!in_sync_) {
        generation_ = next_generation();
    }
    return in_sync_ ? ChangeOutcome::Applied : ChangeOutcome::OutOfText;
}

bool Document::replace(std::string_view text) {
    if (in_sync_ && text == text_->text()) {
        return false;
    }
    in_sync_ = true;
    set_text(std::make_shared<const analysis::SourceText>(std::string(text)));
    return true;
}

} // namespace awaitls::server
