#include "protocol/responder.h"

namespace awaitls::protocol {

AnyResponder::AnyResponder(std::weak_ptr<ReplySink> sink, Id id, std::string method,
                           CancelFlag cancelled)
    : sink_(std::move(sink)),
      id_(std::move(id)),
      method_(std::move(method)),
      cancelled_(std::move(cancelled)),
      pending_(true) {}

AnyResponder::~AnyResponder() {
    abandon();
}

AnyResponder::AnyResponder(AnyResponder&& other) noexcept
    : sink_(std::move(other.sink_)),
      id_(std::move(other.id_)),
      method_(std::move(other.method_)),
      cancelled_(std::move(other.cancelled_)),
      pending_(std::exchange(other.pending_, false)) {}

AnyResponder& AnyResponder::operator=(AnyResponder&& other) noexcept {
    if (this != &other) {
        abandon();
        sink_ = std::move(other.sink_);
        id_ = std::move(other.id_);
        method_ = std::move(other.method_);
        cancelled_ = std::move(other.cancelled_);
        pending_ = std::exchange(other.pending_, false);
    }
    return *this;
}

void AnyResponder::reply_raw(RawJson result) {
    if (const std::shared_ptr<ReplySink> sink = claim()) {
        sink->send_result(id_, std::move(result));
    }
}

void AnyResponder::fail(ResponseError error) {
    if (const std::shared_ptr<ReplySink> sink = claim()) {
        sink->send_error(id_, std::move(error));
    }
}

std::shared_ptr<ReplySink> AnyResponder::claim() {
    std::shared_ptr<ReplySink> sink = sink_.lock();
    if (!pending_) {
        if (sink) {
            sink->report_anomaly("second answer to request " + id_.text() + " " + method_);
        }
        return nullptr;
    }
    pending_ = false;
    return sink;
}

void AnyResponder::abandon() noexcept {
    if (!pending_) {
        return;
    }
    try {
        if (const std::shared_ptr<ReplySink> sink = claim()) {
            sink->report_anomaly("request " + id_.text() + " " + method_ +
                                 " was dropped unanswered");
            sink->send_error(
                id_, ResponseError(ErrorCode::InternalError, "the server dropped this request"));
        }
    } catch (...) {
        // Out of memory while failing: there is nobody left to tell.
        pending_ = false;
    }
}

} // namespace awaitls::protocol
