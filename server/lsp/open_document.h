#pragma once

// What a session keeps for each open document. Only the session's own sources include this.

#include "server/lsp/session.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

inline constexpr std::string_view kFixAllCommand = "awaitls.fixAll";

/// A request that waits for the analysis of the text it was made for.
struct Session::Waiter {
    protocol::AnyResponder responder;
    Answer answer;
    Superseded superseded = Superseded::Fail;
    std::uint64_t generation = 0;
    int carried = 0;
    Clock::time_point received;
};

/// A long analysis that the client shows. The client agrees to a token first; by then it may be over.
struct Session::Progress {
    protocol::ProgressToken token;
    bool begun = false;
    bool over = false;
};

struct Session::OpenDocument {
    OpenDocument(Document text, std::uint64_t opening_number, const ClientStyle& style,
                 AnalyserContext& context, EventLoop& loop, Analyser::OnReady on_ready,
                 Analyser::OnSlow on_slow)
        : document(std::move(text)),
          opening(opening_number),
          analyser(context, std::move(on_ready), std::move(on_slow)),
          view(style),
          sticky_timer(loop) {}

    /// Of the content that `view` shows of a part, and of the opening: a client that closed the text has
    /// forgotten.
    std::string result_id(std::size_t part) const {
        const std::uint64_t part_opening = view.map()->parts()[part].opening;
        return server::result_id(
            analysis::hash_combine(view.hash(part), part_opening != 0 ? part_opening : opening));
    }

    /// Why there is no analysis; empty where there is one.
    enum class Standing { Analysed, OutOfSync, Excluded, TooLarge };

    Document document;
    std::uint64_t opening; // which didOpen of the session made it
    Analyser analyser;
    DiagnosticsView view;
    Timer sticky_timer;
    FileSettings settings;
    Standing standing = Standing::Analysed;
    bool configured = false;
    std::uint64_t analysed_generation = 0; // the one that the analyser was given
    std::uint64_t viewed_generation = 0;   // the one that `view` shows
    std::set<std::string> edited_parts;    // by Uri::key: an open or an edit is to be answered
    struct Told {
        std::string uri;
        std::uint64_t hash = 0; // DiagnosticsView::hash
    };
    std::map<std::string, Told> told;        // what the client holds, by Uri::key of the parts
    std::optional<Clock::time_point> edited; // since the last batch
    bool due_now = false; // opened, saved or with other settings, since the last batch
    bool recheck = false; // what it imports has changed since it was pulled
    bool pulled = false;  // a pull of the workspace waits for it
    /// Where it stands among the modules, and the number of their changes that this is of.
    analysis::ModulePlace place;
    std::uint64_t place_version = 0;
    /// What others import of it: that of its last analysis. Null before.
    std::shared_ptr<const analysis::ModuleFile> module_file;
    std::uint64_t module_changes = 0;
    std::vector<Waiter> waiters;
    std::shared_ptr<Progress> progress;
};

} // namespace awaitls::server
