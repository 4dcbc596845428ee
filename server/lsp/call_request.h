#pragma once

// A request about calls that is being answered. Only the session's own sources include this.

#include "server/lsp/call_hierarchy.h"
#include "server/lsp/session.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace awaitls::server {

/// What a run on a worker looks at to see whether anybody still waits for it.
class CallRun final : public analysis::Cancellation {
public:
    explicit CallRun(protocol::CancelFlag cancelled) : cancelled_(std::move(cancelled)) {}

    bool cancelled() const override {
        return over_.load(std::memory_order_relaxed) || cancelled_->load(std::memory_order_relaxed);
    }
    void end() { over_.store(true, std::memory_order_relaxed); }

    CallWorld world; // filled before the worker starts

private:
    protocol::CancelFlag cancelled_;
    std::atomic<bool> over_{false};
};

/// Belongs to the io thread. Waits for the index of the projects that the answer is about, then runs,
/// and again where a document or a file changes meanwhile.
struct Session::CallRequest {
    CallRequest(CallQuestion asked, protocol::AnyResponder to)
        : question(std::move(asked)), responder(std::move(to)) {}
    ~CallRequest() {
        if (run) {
            run->end();
        }
    }
    CallRequest(const CallRequest&) = delete;
    CallRequest& operator=(const CallRequest&) = delete;

    CallQuestion question;
    protocol::AnyResponder responder;
    /// To prepare: the text that the position is of.
    std::shared_ptr<const analysis::SourceText> text;
    std::shared_ptr<CallRun> run; // null while it waits
    int carried = 0;              // over changes
};

} // namespace awaitls::server
