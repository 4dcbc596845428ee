#pragma once

#include "protocol/codec.h"
#include "protocol/responder.h"
#include "protocol/rpc.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace awaitls::protocol {

/// Where the session stands, as the protocol's life cycle has it.
enum class SessionState { BeforeInitialize, Running, ShutDown };

/// Gives each message to the handler of its method, with typed params, and answers what no handler
/// gets: unknown methods, params of the wrong shape, requests outside the life cycle. One thread.
class Router {
public:
    /// False: the params had the wrong shape, and the request was answered so.
    using RequestHandler = std::function<bool(const Message&, AnyResponder)>;
    using NotificationHandler = std::function<void(const Message&)>;
    /// Takes lines for the log: messages ignored, and why.
    using Log = std::function<void(std::string)>;

    explicit Router(Log log) : log_(std::move(log)) {}

    /// `handler(Request::Params, Responder<Request::Result>)`
    template <class Request, class Handler>
    void on_request(Handler handler) {
        requests_[std::string(Request::kMethod)] =
            [handler = std::move(handler)](const Message& message, AnyResponder responder) {
                typename Request::Params params{};
                try {
                    read(message.params(), params);
                } catch (const ReadError& error) {
                    responder.fail(ErrorCode::InvalidParams, error.what());
                    return false;
                }
                handler(std::move(params),
                        Responder<typename Request::Result>(std::move(responder)));
                return true;
            };
    }

    /// `handler(Notification::Params)`, or `handler(Notification::Params, const Message&)` to see
    /// whether the message was repaired.
    template <class Notification, class Handler>
    void on_notification(Handler handler) {
        notifications_[std::string(Notification::kMethod)] =
            [handler = std::move(handler)](const Message& message) {
                typename Notification::Params params{};
                read(message.params(), params);
                if constexpr (std::is_invocable_v<Handler, typename Notification::Params,
                                                  const Message&>) {
                    handler(std::move(params), message);
                } else {
                    handler(std::move(params));
                }
            };
    }

    /// Called with the method and the error where the params of a notification have the wrong
    /// shape; the notification is lost, which for a change of a document means that its text is
    /// unknown.
    void on_bad_notification(std::function<void(const Message&, const std::string&)> handler) {
        bad_notification_ = std::move(handler);
    }

    /// Requires: message.kind is Request. A handler that throws leaves its request to the
    /// responder.
    void dispatch_request(const Message& message, AnyResponder responder);
    /// Requires: message.kind is Notification.
    void dispatch_notification(const Message& message);

    SessionState state() const { return state_; }

private:
    Log log_;
    std::map<std::string, RequestHandler, std::less<>> requests_;
    std::map<std::string, NotificationHandler, std::less<>> notifications_;
    std::function<void(const Message&, const std::string&)> bad_notification_;
    SessionState state_ = SessionState::BeforeInitialize;
};

} // namespace awaitls::protocol
