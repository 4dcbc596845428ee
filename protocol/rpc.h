#pragma once

#include "protocol/json_reader.h"
#include "protocol/json_writer.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::protocol {

/// Identifies a request. Keeps the JSON text the peer used, which is echoed in the reply: 7, "7",
/// 1.50 and 12345678901234567890 come back as they came.
class Id {
public:
    /// The id null, of replies to messages whose id could not be read.
    Id() = default;
    static Id integer(std::int64_t value);
    static Id string(std::string_view value);
    /// `text` is the JSON text of a number that is no 64-bit integer.
    static Id fractional(std::string text);
    /// Reads the id of a message or of `$/cancelRequest`. Throws ReadError unless a number or a
    /// string.
    static Id read(const Reader& value);

    bool is_null() const { return text_ == "null"; }
    /// The JSON text to echo.
    const std::string& text() const { return text_; }
    /// Equal for ids that are the same JSON value: 1.50 and 1.5, but not 7 and "7".
    const std::string& key() const { return key_.empty() ? text_ : key_; }
    bool operator==(const Id& other) const { return key() == other.key(); }

private:
    Id(std::string text, std::string key) : text_(std::move(text)), key_(std::move(key)) {}

    std::string text_ = "null";
    std::string key_; // only where it differs from text_
};

/// Error codes of JSON-RPC and of the Language Server Protocol.
enum class ErrorCode : std::int32_t {
    ParseError = -32700,
    InvalidRequest = -32600,
    MethodNotFound = -32601,
    InvalidParams = -32602,
    InternalError = -32603,
    ServerNotInitialized = -32002,
    UnknownErrorCode = -32001,
    RequestFailed = -32803,
    ServerCancelled = -32802,
    ContentModified = -32801,
    RequestCancelled = -32800,
};

struct ResponseError {
    /// An ErrorCode, or any number a peer chose.
    std::int64_t code = 0;
    std::string message;
    RawJson data;

    ResponseError() = default;
    ResponseError(ErrorCode error_code, std::string text, RawJson extra = {})
        : code(static_cast<std::int64_t>(error_code)),
          message(std::move(text)),
          data(std::move(extra)) {}

    bool is(ErrorCode error_code) const { return code == static_cast<std::int64_t>(error_code); }
};

enum class MessageKind { Request, Notification, Response, Invalid };

/// One received message, parsed and classified.
struct Message {
    MessageKind kind = MessageKind::Invalid;
    /// Of a request or response; null for a notification, and for an invalid message whose id is
    /// unusable.
    Id id;
    std::string method; // of a request or notification
    /// Of a response that failed, and of an invalid message: what to answer to the peer.
    std::optional<ResponseError> error;
    /// An invalid message that looks like a response or notification is logged, never answered.
    bool answerable = true;
    /// Text of the body was replaced by U+FFFD: strings in it may differ from what the sender
    /// holds.
    bool repaired = false;
    /// The whole message; null if the body is not JSON. Keeps everything that readers point to
    /// alive.
    std::shared_ptr<const nlohmann::json> document;

    Reader params() const;
    Reader result() const;
};

/// Parses and classifies one body. Never throws: what is wrong with it stands in `error`.
Message parse_message(std::string_view body);

/// Bodies of messages to send. `params` and `result` are JSON texts; absent params are left out,
/// an absent result is null.
std::string notification_body(std::string_view method, const RawJson& params);
std::string request_body(const Id& id, std::string_view method, const RawJson& params);
std::string response_body(const Id& id, const RawJson& result);
std::string error_body(const Id& id, const ResponseError& error);

} // namespace awaitls::protocol

template <>
struct std::hash<awaitls::protocol::Id> {
    std::size_t operator()(const awaitls::protocol::Id& id) const noexcept {
        return std::hash<std::string>{}(id.key());
    }
};
