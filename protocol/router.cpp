#include "protocol/router.h"

#include "protocol/messages.h"

#include <exception>

namespace awaitls::protocol {

void Router::dispatch_request(const Message& message, AnyResponder responder) {
    const bool is_initialize = message.method == method::Initialize::kMethod;
    if (state_ == SessionState::ShutDown) {
        responder.fail(ErrorCode::InvalidRequest, "the server is shut down");
        return;
    }
    if (state_ == SessionState::BeforeInitialize && !is_initialize) {
        responder.fail(ErrorCode::ServerNotInitialized, "the first request must be initialize");
        return;
    }
    if (state_ == SessionState::Running && is_initialize) {
        responder.fail(ErrorCode::InvalidRequest, "initialize was sent before");
        return;
    }
    const std::map<std::string, RequestHandler, std::less<>>::const_iterator found =
        requests_.find(message.method);
    if (found == requests_.end()) {
        responder.fail(ErrorCode::MethodNotFound, "unknown method " + message.method);
        return;
    }
    if (message.method == method::Shutdown::kMethod) {
        state_ = SessionState::ShutDown;
    }
    try {
        const bool understood = found->second(message, std::move(responder));
        if (is_initialize && understood) {
            state_ = SessionState::Running;
        }
    } catch (const std::exception& exception) {
        // The responder died with the handler and has answered InternalError.
        log_("handler of " + message.method + " failed: " + exception.what());
    }
}

void Router::dispatch_notification(const Message& message) {
    const bool is_exit = message.method == method::Exit::kMethod;
    if (!is_exit && state_ != SessionState::Running) {
        log_("ignored " + message.method +
             (state_ == SessionState::ShutDown ? " after shutdown" : " before initialize"));
        return;
    }
    const std::map<std::string, NotificationHandler, std::less<>>::const_iterator found =
        notifications_.find(message.method);
    if (found == notifications_.end()) {
        if (message.method.rfind("$/", 0) != 0) {
            log_("ignored unknown notification " + message.method);
        }
        return;
    }
    try {
        found->second(message);
    } catch (const ReadError& error) {
        log_("ignored " + message.method + ": " + error.what());
        if (bad_notification_) {
            bad_notification_(message, error.what());
        }
    } catch (const std::exception& exception) {
        log_("handler of " + message.method + " failed: " + exception.what());
    }
}

} // namespace awaitls::protocol
