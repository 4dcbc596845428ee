#pragma once

// A pull of the diagnostics of the whole workspace that is being answered. Only the session's own
// sources include this.

#include "server/lsp/closed_files.h"
#include "server/lsp/session.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace awaitls::server {

/// What the workers of a pull share. Only the flag changes.
class PullShared final : public analysis::Cancellation {
public:
    PullShared(protocol::CancelFlag cancelled, ClientStyle client_style)
        : style(std::move(client_style)), cancelled_(std::move(cancelled)) {}

    bool cancelled() const override {
        return over_.load(std::memory_order_relaxed) || cancelled_->load(std::memory_order_relaxed);
    }
    /// Nobody waits for the answer any more.
    void end() { over_.store(true, std::memory_order_relaxed); }

    const ClientStyle style;
    PreviousResults previous; // filled before the first worker starts

private:
    protocol::CancelFlag cancelled_;
    std::atomic<bool> over_{false};
};

/// Belongs to the io thread. The open documents are reported first, as their analyses get ready; then
/// the closed files are found, their projects indexed, and the files analysed in portions.
struct Session::WorkspacePull {
    enum class Phase { OpenDocuments, Searching, Indexing, Analysing };

    WorkspacePull(protocol::AnyResponder to, ClientStyle style)
        : responder(std::move(to)),
          shared(std::make_shared<PullShared>(responder.cancel_flag(), std::move(style))) {}
    ~WorkspacePull() { shared->end(); }
    WorkspacePull(const WorkspacePull&) = delete;
    WorkspacePull& operator=(const WorkspacePull&) = delete;

    protocol::AnyResponder responder;
    std::shared_ptr<PullShared> shared;
    std::optional<protocol::ProgressToken> work_done;
    std::optional<protocol::ProgressToken> partial;
    Phase phase = Phase::OpenDocuments;
    std::set<std::string> waiting;          // open documents without a report, by Uri::key
    std::set<std::string> reported;         // by Uri::key
    std::vector<protocol::RawJson> reports; // not sent yet
    WorkspaceState state;                   // that `results` are of
    std::set<std::string> projects;
    std::vector<ClosedFile> found;                        // until they are all indexed
    std::shared_ptr<const std::vector<ClosedFile>> files; // that are analysed
    std::shared_ptr<const DiskModules> disk;
    std::shared_ptr<const OverlayModules> modules;
    std::size_t next = 0;    // of `files`, to be given to a worker
    std::size_t done = 0;    // files
    std::size_t running = 0; // workers
    std::vector<ClosedResult> results;
    std::shared_ptr<KeptResults> kept;     // of the pull before
    std::shared_ptr<StoredResults> stored; // null: none
    std::shared_ptr<std::mutex> table =
        std::make_shared<std::mutex>(); // guards that of `kept`, and `stored`
    std::uint64_t modules_version = 0;  // Session::module_changes_ that `modules` are of
    std::size_t analysed = 0;           // files
};

} // namespace awaitls::server
