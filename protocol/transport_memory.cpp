#include "protocol/transport.h"

#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace awaitls::protocol {

namespace {

/// One end. Deliveries are posted to the io_context, so that handlers never run within send.
class MemoryEnd : public std::enable_shared_from_this<MemoryEnd> {
public:
    explicit MemoryEnd(asio::io_context& io) : io_(io) {}

    void connect(const std::shared_ptr<MemoryEnd>& peer) { peer_ = peer; }

    void start(Transport::Handlers handlers) {
        handlers_ = std::make_shared<Transport::Handlers>(std::move(handlers));
        schedule();
    }

    void send(std::string body) {
        const std::shared_ptr<MemoryEnd> peer = peer_.lock();
        if (!ended_ && !closing_ && peer) {
            peer->inbox_.push_back(std::move(body));
            peer->schedule();
        }
    }

    void close() {
        if (ended_ || closing_) {
            return;
        }
        closing_ = true;
        inbox_.clear();
        schedule();
        hang_up();
    }

    /// Ends at once without telling our own side.
    void stop() {
        ended_ = true;
        handlers_.reset();
        hang_up();
    }

    asio::io_context& io() { return io_; }

private:
    void hang_up() {
        if (const std::shared_ptr<MemoryEnd> peer = peer_.lock()) {
            peer->peer_closed_ = true;
            peer->schedule();
        }
    }

    void schedule() {
        if (scheduled_ || !handlers_) {
            return;
        }
        scheduled_ = true;
        asio::post(io_, [self = shared_from_this()] { self->deliver(); });
    }

    void deliver() {
        scheduled_ = false;
        if (ended_) {
            return;
        }
        // A handler may stop this end; its own function must live until it returns.
        const std::shared_ptr<Transport::Handlers> handlers = handlers_;
        if (!inbox_.empty() && !closing_) {
            handlers->on_messages(std::exchange(inbox_, {}));
            if (!ended_ && (peer_closed_ || closing_)) {
                schedule();
            }
            return;
        }
        if (closing_ || peer_closed_) {
            ended_ = true;
            handlers_.reset();
            if (handlers->on_end) {
                handlers->on_end(closing_ ? EndReason::Closed : EndReason::EndOfInput, {});
            }
        }
    }

    asio::io_context& io_;
    std::weak_ptr<MemoryEnd> peer_;
    std::shared_ptr<Transport::Handlers> handlers_;
    std::vector<std::string> inbox_;
    bool scheduled_ = false;
    bool peer_closed_ = false;
    bool closing_ = false;
    bool ended_ = false;
};

class MemoryTransport final : public Transport {
public:
    explicit MemoryTransport(std::shared_ptr<MemoryEnd> end) : end_(std::move(end)) {}
    ~MemoryTransport() override { end_->stop(); }
    MemoryTransport(const MemoryTransport&) = delete;
    MemoryTransport& operator=(const MemoryTransport&) = delete;

    void start(Handlers handlers) override { end_->start(std::move(handlers)); }
    void send(std::string body, std::string supersede_key) override {
        static_cast<void>(supersede_key); // nothing waits here
        end_->send(std::move(body));
    }
    void close() override { end_->close(); }
    std::size_t queued_bytes() const override { return 0; }
    void post(std::function<void()> task) override { asio::post(end_->io(), std::move(task)); }

private:
    std::shared_ptr<MemoryEnd> end_;
};

} // namespace

std::pair<std::unique_ptr<Transport>, std::unique_ptr<Transport>>
make_memory_transports(asio::io_context& io) {
    const std::shared_ptr<MemoryEnd> left = std::make_shared<MemoryEnd>(io);
    const std::shared_ptr<MemoryEnd> right = std::make_shared<MemoryEnd>(io);
    left->connect(right);
    right->connect(left);
    return {std::make_unique<MemoryTransport>(left), std::make_unique<MemoryTransport>(right)};
}

} // namespace awaitls::protocol
