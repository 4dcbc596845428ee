#pragma once

#include "protocol/codec.h"
#include "protocol/router.h"
#include "protocol/rpc.h"
#include "protocol/transport.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace awaitls::protocol {

enum class Direction { In, Out };

/// What a request of ours came to: a value, or the error if there is none.
template <class T>
struct Outcome {
    std::optional<T> value;
    ResponseError error;
};

/// One JSON-RPC peer: parses what the transport delivers, hands it to the router, and sends
/// replies, notifications and requests. Replies may come from any thread; everything else belongs
/// to the transport's thread. Threads that may hold responders must be joined before the connection
/// dies.
///
/// A batch (all messages of one read) is handled in two steps: first its `$/cancelRequest`s mark
/// the requests they name, in flight or earlier in the batch; then all messages are dispatched in
/// order, and requests cancelled by then are answered RequestCancelled without reaching their
/// handler.
class Connection {
public:
    struct Hooks {
        /// After the last message of each batch was dispatched.
        std::function<void()> on_batch_done;
        /// Once, when the transport ends. Requests of ours still open have failed before.
        std::function<void(EndReason, const std::string& detail)> on_end;
        /// Warnings of the framing, ignored and malformed messages. Required.
        std::function<void(std::string)> log;
        /// Defects of ours: requests dropped without an answer, answered twice. Required.
        std::function<void(std::string)> anomaly;
        /// Every body received and sent, in order.
        std::function<void(Direction, std::string_view body)> on_traffic;
    };

    Connection(std::unique_ptr<Transport> transport, Hooks hooks);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Register handlers before start.
    Router& router();
    void start();
    /// Stops reading; what is queued is still written. on_end follows.
    void close();

    template <class Notification>
    void notify(const typename Notification::Params& params) {
        notify_raw(Notification::kMethod, serialise(params));
    }
    void notify_raw(std::string_view method, const RawJson& params);

    /// Sends a complete body made elsewhere (a DiagnosticsMessage). See Transport::send for the
    /// key.
    void send_body(std::string body, std::string supersede_key = {});

    /// `then` is called exactly once: with the answer, or with an error when the connection ends
    /// first.
    template <class Request, class Then>
    Id request(const typename Request::Params& params, Then then) {
        return request_raw(
            Request::kMethod, serialise(params),
            [then = std::move(then)](const Message* message, const ResponseError* error) {
                then(outcome<typename Request::Result>(message, error));
            });
    }
    /// Tells the peer that the answer is no longer wanted; it still comes.
    void cancel_request(const Id& id);

    std::size_t requests_in_flight() const; // of the peer, not yet answered
    std::size_t queued_bytes() const;

private:
    using Continuation = std::function<void(const Message*, const ResponseError*)>;
    class Impl;

    Id request_raw(std::string_view method, const RawJson& params, Continuation then);

    template <class Params>
    static RawJson serialise(const Params& params) {
        if constexpr (std::is_same_v<Params, Null>) {
            return {};
        } else {
            JsonWriter writer;
            write(writer, params);
            return RawJson{writer.take()};
        }
    }

    template <class T>
    static Outcome<T> outcome(const Message* message, const ResponseError* error) {
        Outcome<T> result;
        if (error != nullptr) {
            result.error = *error;
            return result;
        }
        try {
            T value{};
            read(message->result(), value);
            result.value = std::move(value);
        } catch (const ReadError& bad) {
            result.error = ResponseError(ErrorCode::InvalidParams, bad.what());
        }
        return result;
    }

    std::shared_ptr<Impl> impl_;
};

/// When and by whom a message was received or sent.
struct TrafficStamp {
    std::int64_t process = 0; // the server's
    std::int64_t time = 0;    // milliseconds since its start
};

/// One line (with its end) of recorded traffic: {"process":1,"time":2,"dir":"in","message":...}; what comes to the server
/// is "in", what it sends "out". A body that is not JSON stands as "text" in place of "message".
std::string traffic_record(TrafficStamp stamp, Direction direction, std::string_view body);

} // namespace awaitls::protocol
