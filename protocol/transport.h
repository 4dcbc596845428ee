#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace asio {
class io_context;
}

namespace awaitls::protocol {

/// The queue of unsent bytes above which superseded messages are dropped.
inline constexpr std::size_t kWriteHighWater = std::size_t{16} * 1024 * 1024;

enum class EndReason {
    EndOfInput, // the peer closed its side
    PeerGone,   // a write failed: nobody reads any more
    ReadError,  // anything else that ended reading
    Closed,     // close() was called
};

/// Carries message bodies to and from one peer. All calls but post() belong to the thread that runs
/// the io_context; handlers are called there too, and never from within start(), send() or close().
class Transport {
public:
    struct Handlers {
        /// All messages that were complete after one read, in order; never empty.
        std::function<void(std::vector<std::string> bodies)> on_messages;
        /// An oddity of the framing, one line.
        std::function<void(std::string warning)> on_warning;
        /// Called once, last. `detail` says more for a log.
        std::function<void(EndReason reason, std::string detail)> on_end;
    };

    virtual ~Transport() = default;

    virtual void start(Handlers handlers) = 0;

    /// Queues one body. While the queue is above its high-water mark, a queued message with the
    /// same `supersede_key` (if not empty) is dropped, because this one replaces what it says:
    /// publishes of one document. Does nothing after the end.
    virtual void send(std::string body, std::string supersede_key = {}) = 0;

    /// Stops reading now, writes what is queued, then ends with EndReason::Closed.
    virtual void close() = 0;

    /// Bytes queued and not yet written.
    virtual std::size_t queued_bytes() const = 0;

    /// Runs `task` later on the transport's thread. Any thread may call this.
    virtual void post(std::function<void()> task) = 0;
};

/// Reads frames from the descriptor `in` and writes them to `out`: pipes, sockets, terminals,
/// regular files and /dev/null. Makes both non-blocking, which holds for every descriptor that
/// shares their open file description (often stderr too), and restores their flags on destruction.
/// Owns neither descriptor. The process must ignore SIGPIPE.
std::unique_ptr<Transport> make_descriptor_transport(asio::io_context& io, int in, int out);

/// Two ends in one process: what one sends, the other receives, in batches as they were queued.
std::pair<std::unique_ptr<Transport>, std::unique_ptr<Transport>>
make_memory_transports(asio::io_context& io);

} // namespace awaitls::protocol
