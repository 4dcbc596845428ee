#include "protocol/connection.h"

#include "protocol/json_text.h"
#include "protocol/messages.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace awaitls::protocol {

class Connection::Impl final : public ReplySink, public std::enable_shared_from_this<Impl> {
public:
    Impl(std::unique_ptr<Transport> carrier, Hooks callbacks)
        : transport(std::move(carrier)), hooks(std::move(callbacks)), router(hooks.log) {}

    // ---- Replies, from any thread ----

    void send_result(const Id& id, RawJson result) override {
        on_owner([id, result = std::move(result)](Impl& impl) {
            impl.finish_request(id, response_body(id, result));
        });
    }

    void send_error(const Id& id, ResponseError error) override {
        on_owner([id, error = std::move(error)](Impl& impl) {
            impl.finish_request(id, error_body(id, error));
        });
    }

    void report_anomaly(std::string text) override {
        on_owner([text = std::move(text)](Impl& impl) { impl.hooks.anomaly(text); });
    }

    // ---- The transport's thread ----

    void receive(std::vector<std::string> bodies) {
        owner = std::this_thread::get_id();
        std::vector<Message> batch;
        batch.reserve(bodies.size());
        for (std::string& body : bodies) {
            traffic(Direction::In, body);
            batch.push_back(parse_message(body));
            body = {};
        }
        const std::unordered_set<Id> cancelled = mark_cancelled(batch);
        for (const Message& message : batch) {
            if (ended) {
                return;
            }
            dispatch(message, cancelled);
        }
        if (hooks.on_batch_done && !ended) {
            hooks.on_batch_done();
        }
    }

    void end(EndReason reason, const std::string& detail) {
        owner = std::this_thread::get_id();
        ended = true;
        std::unordered_map<Id, Continuation> open = std::move(outgoing);
        outgoing.clear();
        const ResponseError error(ErrorCode::RequestCancelled, "the connection ended");
        for (auto& [id, then] : open) {
            then(nullptr, &error);
        }
        if (hooks.on_end) {
            hooks.on_end(reason, detail);
        }
    }

    void send(std::string body, std::string supersede_key) {
        traffic(Direction::Out, body);
        transport->send(std::move(body), std::move(supersede_key));
    }

    void traffic(Direction direction, std::string_view body) const {
        if (hooks.on_traffic) {
            hooks.on_traffic(direction, body);
        }
    }

    std::unique_ptr<Transport> transport;
    Hooks hooks;
    Router router;
    bool ended = false;
    std::unordered_map<Id, std::shared_ptr<std::atomic<bool>>> incoming; // not yet answered
    std::unordered_map<Id, Continuation> outgoing;
    std::int64_t last_id = 0;
    std::atomic<std::thread::id> owner{std::this_thread::get_id()};

private:
    /// Runs `task` at once on the transport's thread, else posts it there.
    template <class Task>
    void on_owner(Task task) {
        if (std::this_thread::get_id() == owner.load()) {
            task(*this);
            return;
        }
        transport->post([weak = weak_from_this(), task = std::move(task)] {
            if (const std::shared_ptr<Impl> impl = weak.lock()) {
                task(*impl);
            }
        });
    }

    void finish_request(const Id& id, std::string body) {
        incoming.erase(id);
        if (!ended) {
            send(std::move(body), {});
        }
    }

    /// Sets the flags of requests in flight that `batch` cancels; returns the ids of requests of
    /// the batch itself that a later message of it cancels.
    std::unordered_set<Id> mark_cancelled(const std::vector<Message>& batch) {
        std::unordered_set<Id> cancelled;
        std::unordered_set<Id> seen;
        for (const Message& message : batch) {
            if (message.kind == MessageKind::Request) {
                if (message.method != method::Initialize::kMethod &&
                    message.method != method::Shutdown::kMethod) {
                    seen.insert(message.id);
                }
                continue;
            }
            if (message.kind != MessageKind::Notification ||
                message.method != method::CancelRequest::kMethod) {
                continue;
            }
            CancelParams params;
            try {
                read(message.params(), params);
            } catch (const ReadError&) {
                continue; // the router reports it
            }
            const auto in_flight = incoming.find(params.id);
            if (in_flight != incoming.end()) {
                in_flight->second->store(true, std::memory_order_relaxed);
            } else if (seen.count(params.id) != 0) {
                cancelled.insert(params.id);
            }
        }
        return cancelled;
    }

    void dispatch(const Message& message, const std::unordered_set<Id>& cancelled) {
        switch (message.kind) {
        case MessageKind::Request:
            dispatch_request(message, cancelled.count(message.id) != 0);
            return;
        case MessageKind::Notification: router.dispatch_notification(message); return;
        case MessageKind::Response: dispatch_response(message); return;
        case MessageKind::Invalid:
            hooks.log("invalid message: " + message.error->message);
            if (message.answerable) {
                send(error_body(message.id, *message.error), {});
            }
            return;
        }
    }

    void dispatch_request(const Message& message, bool cancelled) {
        if (incoming.count(message.id) != 0) {
            // Two requests with one id cannot both be answered; the error is the lesser evil.
            send(error_body(message.id, ResponseError(ErrorCode::InvalidRequest,
                                                      "id " + message.id.text() + " is in use")),
                 {});
            return;
        }
        const auto flag = std::make_shared<std::atomic<bool>>(cancelled);
        incoming.emplace(message.id, flag);
        AnyResponder responder(weak_from_this(), message.id, message.method, flag);
        if (cancelled && router.state() == SessionState::Running) {
            responder.fail(ErrorCode::RequestCancelled, "cancelled by the client");
            return;
        }
        router.dispatch_request(message, std::move(responder));
    }

    void dispatch_response(const Message& message) {
        const auto found = outgoing.find(message.id);
        if (found == outgoing.end()) {
            hooks.log("ignored a response to unknown request " + message.id.text());
            return;
        }
        const Continuation then = std::move(found->second);
        outgoing.erase(found);
        try {
            if (message.error) {
                then(nullptr, &*message.error);
            } else {
                then(&message, nullptr);
            }
        } catch (const std::exception& exception) {
            hooks.anomaly("continuation of request " + message.id.text() +
                          " failed: " + exception.what());
        }
    }
};

Connection::Connection(std::unique_ptr<Transport> transport, Hooks hooks)
    : impl_(std::make_shared<Impl>(std::move(transport), std::move(hooks))) {}

Connection::~Connection() = default;

Router& Connection::router() {
    return impl_->router;
}

void Connection::start() {
    const std::weak_ptr<Impl> weak = impl_;
    Transport::Handlers handlers;
    handlers.on_messages = [weak](std::vector<std::string> bodies) {
        if (const std::shared_ptr<Impl> impl = weak.lock()) {
            impl->receive(std::move(bodies));
        }
    };
    handlers.on_warning = [weak](const std::string& warning) {
        if (const std::shared_ptr<Impl> impl = weak.lock()) {
            impl->hooks.log(warning);
        }
    };
    handlers.on_end = [weak](EndReason reason, const std::string& detail) {
        if (const std::shared_ptr<Impl> impl = weak.lock()) {
            impl->end(reason, detail);
        }
    };
    impl_->transport->start(std::move(handlers));
}

void Connection::close() {
    impl_->transport->close();
}

void Connection::notify_raw(std::string_view method, const RawJson& params) {
    impl_->send(notification_body(method, params), {});
}

void Connection::send_body(std::string body, std::string supersede_key) {
    impl_->send(std::move(body), std::move(supersede_key));
}

Id Connection::request_raw(std::string_view method, const RawJson& params, Continuation then) {
    const Id id = Id::integer(++impl_->last_id);
    if (impl_->ended) {
        const ResponseError error(ErrorCode::RequestCancelled, "the connection ended");
        then(nullptr, &error);
        return id;
    }
    impl_->outgoing.emplace(id, std::move(then));
    impl_->send(request_body(id, method, params), {});
    return id;
}

void Connection::cancel_request(const Id& id) {
    if (impl_->outgoing.count(id) != 0) {
        notify<method::CancelRequest>(CancelParams{id});
    }
}

std::size_t Connection::requests_in_flight() const {
    return impl_->incoming.size();
}

std::size_t Connection::queued_bytes() const {
    return impl_->transport->queued_bytes();
}

std::string traffic_record(TrafficStamp stamp, Direction direction, std::string_view body) {
    JsonWriter writer;
    writer.begin_object();
    writer.key("process");
    writer.integer(stamp.process);
    writer.key("time");
    writer.integer(stamp.time);
    writer.key("dir");
    writer.string(direction == Direction::In ? "in" : "out");
    const ParsedJson parsed = parse_json(body);
    if (parsed.value) {
        writer.key("message");
        writer.raw(dump_json(*parsed.value));
    } else {
        writer.key("text");
        writer.string(body);
    }
    writer.end_object();
    return writer.take() + "\n";
}

} // namespace awaitls::protocol
