#pragma once

#include "protocol/rpc.h"

#include <atomic>
#include <memory>
#include <string>
#include <utility>

namespace awaitls::protocol {

/// Set when the client cancels the request. Polled from any thread.
using CancelFlag = std::shared_ptr<const std::atomic<bool>>;

/// Where replies go. Thread-safe.
class ReplySink {
public:
    virtual ~ReplySink() = default;
    virtual void send_result(const Id& id, RawJson result) = 0;
    virtual void send_error(const Id& id, ResponseError error) = 0;
    /// A defect of ours, one line.
    virtual void report_anomaly(std::string text) = 0;
};

/// The duty to answer one request exactly once. Moves from the handler to whoever completes the
/// work, on any thread. Destroyed without an answer it answers InternalError and reports an
/// anomaly; after the connection is gone answers go nowhere.
class AnyResponder {
public:
    AnyResponder(std::weak_ptr<ReplySink> sink, Id id, std::string method, CancelFlag cancelled);
    ~AnyResponder();
    AnyResponder(AnyResponder&& other) noexcept;
    AnyResponder& operator=(AnyResponder&& other) noexcept;
    AnyResponder(const AnyResponder&) = delete;
    AnyResponder& operator=(const AnyResponder&) = delete;

    /// `result` is one JSON value; absent means null. A second answer is dropped and reported.
    void reply_raw(RawJson result);
    void fail(ResponseError error);
    void fail(ErrorCode code, std::string message, RawJson data = {}) {
        fail(ResponseError(code, std::move(message), std::move(data)));
    }

    bool pending() const { return pending_; }
    bool cancelled() const { return cancelled_ && cancelled_->load(std::memory_order_relaxed); }
    const CancelFlag& cancel_flag() const { return cancelled_; }
    const Id& id() const { return id_; }
    const std::string& method() const { return method_; }

private:
    /// The sink, if this may answer now; reports why not.
    std::shared_ptr<ReplySink> claim();
    void abandon() noexcept;

    std::weak_ptr<ReplySink> sink_;
    Id id_;
    std::string method_;
    CancelFlag cancelled_;
    bool pending_ = false;
};

/// A responder that answers with one type. `write(JsonWriter&, const Result&)` serialises it.
template <class Result>
class Responder : public AnyResponder {
public:
    explicit Responder(AnyResponder any) : AnyResponder(std::move(any)) {}

    void reply(const Result& result) {
        JsonWriter writer;
        write(writer, result);
        reply_raw(RawJson{writer.take()});
    }
};

} // namespace awaitls::protocol
