#include "protocol/framing.h"
#include "protocol/transport.h"

#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/write.hpp>
#include <fcntl.h>
#include <unistd.h>

#include <list>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace awaitls::protocol {

namespace {

/// One read takes what a pipe can hold.
constexpr std::size_t kReadBytes = 64 * 1024;
/// Limits of what one write gathers.
constexpr std::size_t kGatherMessages = 64;
constexpr std::size_t kGatherBytes = 1024 * 1024;

struct Outgoing {
    std::string header;
    std::string body;
    std::string key;
};

/// Messages waiting to be written. Above the high-water mark it holds at most one message per key.
class WriteQueue {
public:
    void push(std::string body, std::string key) {
        Outgoing message;
        append_frame_header(message.header, body.size());
        message.body = std::move(body);
        message.key = std::move(key);
        const bool was_above = bytes_ > kWriteHighWater;
        bytes_ += size_of(message);
        if (bytes_ > kWriteHighWater) {
            if (!was_above) {
                drop_all_superseded();
            }
            drop(message.key);
        }
        messages_.push_back(std::move(message));
        if (!messages_.back().key.empty()) {
            latest_[messages_.back().key] = std::prev(messages_.end());
        }
    }

    /// Moves the first messages into `batch`, as many as one write shall gather.
    void take(std::list<Outgoing>& batch) {
        std::size_t gathered = 0;
        while (!messages_.empty() && batch.size() < kGatherMessages && gathered < kGatherBytes) {
            const std::list<Outgoing>::iterator first = messages_.begin();
            gathered += size_of(*first);
            const auto latest = latest_.find(first->key);
            if (latest != latest_.end() && latest->second == first) {
                latest_.erase(latest);
            }
            batch.splice(batch.end(), messages_, first);
        }
    }

    /// The messages taken before are on their way and count no longer.
    void written(const std::list<Outgoing>& batch) {
        for (const Outgoing& message : batch) {
            bytes_ -= size_of(message);
        }
    }

    bool empty() const { return messages_.empty(); }
    /// Of messages waiting and messages taken but not yet written.
    std::size_t bytes() const { return bytes_; }

private:
    static std::size_t size_of(const Outgoing& message) {
        return message.header.size() + message.body.size();
    }

    /// Drops the waiting message that has `key`, if any.
    void drop(const std::string& key) {
        const auto found = latest_.find(key);
        if (!key.empty() && found != latest_.end()) {
            bytes_ -= size_of(*found->second);
            messages_.erase(found->second);
            latest_.erase(found);
        }
    }

    /// Leaves the last message of each key.
    void drop_all_superseded() {
        for (std::list<Outgoing>::iterator it = messages_.begin(); it != messages_.end();) {
            const auto latest = latest_.find(it->key);
            if (latest != latest_.end() && latest->second != it) {
                bytes_ -= size_of(*it);
                it = messages_.erase(it);
            } else {
                ++it;
            }
        }
    }

    std::list<Outgoing> messages_;
    std::unordered_map<std::string, std::list<Outgoing>::iterator> latest_; // per key
    std::size_t bytes_ = 0;
};

/// Flags of an open file description, put back on destruction.
class SavedFlags {
public:
    explicit SavedFlags(int descriptor)
        : descriptor_(descriptor), flags_(::fcntl(descriptor, F_GETFL)) {}
    ~SavedFlags() {
        if (flags_ != -1) {
            ::fcntl(descriptor_, F_SETFL, flags_);
        }
    }
    SavedFlags(const SavedFlags&) = delete;
    SavedFlags& operator=(const SavedFlags&) = delete;

private:
    int descriptor_;
    int flags_;
};

/// Outlives the transport while operations are pending; after stop() it calls nobody.
class Session : public std::enable_shared_from_this<Session> {
public:
    explicit Session(asio::io_context& io) : io_(io), in_(io), out_(io), buffer_(kReadBytes) {}

    void start(int in, int out, Transport::Handlers handlers) {
        handlers_ = std::make_shared<Transport::Handlers>(std::move(handlers));
        asio::error_code error;
        in_.assign(in, error);
        if (!error) {
            // One descriptor cannot be watched twice.
            owned_out_ = in == out ? ::dup(out) : -1;
            out_.assign(owned_out_ >= 0 ? owned_out_ : out, error);
        }
        if (error) {
            finish_soon(EndReason::ReadError, error.message());
            return;
        }
        opened_ = true;
        write_next();
        read_next();
    }

    void send(std::string body, std::string key) {
        if (ended_ || closing_) {
            return;
        }
        queue_.push(std::move(body), std::move(key));
        write_next();
    }

    void close() {
        if (ended_ || closing_) {
            return;
        }
        begin_closing(EndReason::Closed, {});
    }

    /// Ends at once without telling anyone, and gives the descriptors back.
    void stop() {
        ended_ = true;
        handlers_.reset();
        for (asio::posix::stream_descriptor* stream : {&in_, &out_}) {
            if (stream->is_open()) {
                stream->release();
            }
        }
        if (owned_out_ >= 0) {
            ::close(owned_out_);
        }
    }

    std::size_t queued_bytes() const { return queue_.bytes(); }
    asio::io_context& io() { return io_; }

private:
    void read_next() {
        in_.async_read_some(
            asio::buffer(buffer_),
            [self = shared_from_this()](const asio::error_code& error, std::size_t bytes) {
                self->have_read(error, bytes);
            });
    }

    void have_read(const asio::error_code& error, std::size_t bytes) {
        if (ended_ || closing_) {
            return;
        }
        // A handler may stop this session; its own function must live until it returns.
        const std::shared_ptr<Transport::Handlers> handlers = handlers_;
        decoder_.feed(std::string_view(buffer_.data(), bytes));
        for (std::string& warning : decoder_.take_warnings()) {
            if (handlers->on_warning && !ended_) {
                handlers->on_warning(std::move(warning));
            }
        }
        std::vector<std::string> bodies = decoder_.take_bodies();
        if (!bodies.empty() && !ended_) {
            handlers->on_messages(std::move(bodies));
        }
        if (ended_ || closing_) {
            return;
        }
        if (!error) {
            read_next();
        } else if (error == asio::error::eof) {
            begin_closing(EndReason::EndOfInput,
                          decoder_.at_boundary() ? "" : "the input ended inside a message");
        } else {
            begin_closing(EndReason::ReadError, error.message());
        }
    }

    void write_next() {
        if (!opened_ || ended_ || !in_flight_.empty()) {
            return;
        }
        if (queue_.empty()) {
            if (closing_) {
                finish_soon(end_reason_, end_detail_);
            }
            return;
        }
        queue_.take(in_flight_);
        std::vector<asio::const_buffer> buffers;
        buffers.reserve(in_flight_.size() * 2);
        for (const Outgoing& message : in_flight_) {
            buffers.emplace_back(asio::buffer(message.header));
            buffers.emplace_back(asio::buffer(message.body));
        }
        asio::async_write(out_, buffers,
                          [self = shared_from_this()](const asio::error_code& error, std::size_t) {
                              self->have_written(error);
                          });
    }

    void have_written(const asio::error_code& error) {
        if (ended_) {
            return;
        }
        queue_.written(in_flight_);
        in_flight_.clear();
        if (error) {
            finish(EndReason::PeerGone, error.message());
            return;
        }
        write_next();
    }

    /// Reads no more; ends when all is written.
    void begin_closing(EndReason reason, std::string detail) {
        closing_ = true;
        end_reason_ = reason;
        end_detail_ = std::move(detail);
        if (opened_) {
            asio::error_code ignored;
            in_.cancel(ignored);
            write_next();
        } else {
            finish_soon(reason, end_detail_);
        }
    }

    void finish_soon(EndReason reason, std::string detail) {
        asio::post(io_, [self = shared_from_this(), reason, detail = std::move(detail)] {
            self->finish(reason, detail);
        });
    }

    void finish(EndReason reason, const std::string& detail) {
        if (ended_) {
            return;
        }
        ended_ = true;
        asio::error_code ignored;
        in_.cancel(ignored);
        out_.cancel(ignored);
        const std::shared_ptr<Transport::Handlers> handlers = std::move(handlers_);
        if (handlers && handlers->on_end) {
            handlers->on_end(reason, detail);
        }
    }

    asio::io_context& io_;
    asio::posix::stream_descriptor in_;
    asio::posix::stream_descriptor out_;
    int owned_out_ = -1; // our duplicate, where in and out are one descriptor
    std::vector<char> buffer_;
    FrameDecoder decoder_;
    WriteQueue queue_;
    std::list<Outgoing> in_flight_;
    std::shared_ptr<Transport::Handlers> handlers_;
    bool opened_ = false;
    bool closing_ = false;
    bool ended_ = false;
    EndReason end_reason_ = EndReason::Closed;
    std::string end_detail_;
};

class DescriptorTransport final : public Transport {
public:
    DescriptorTransport(asio::io_context& io, int in, int out)
        : in_(in),
          out_(out),
          in_flags_(in),
          out_flags_(out),
          session_(std::make_shared<Session>(io)) {}

    ~DescriptorTransport() override { session_->stop(); }

    DescriptorTransport(const DescriptorTransport&) = delete;
    DescriptorTransport& operator=(const DescriptorTransport&) = delete;

    void start(Handlers handlers) override { session_->start(in_, out_, std::move(handlers)); }
    void send(std::string body, std::string supersede_key) override {
        session_->send(std::move(body), std::move(supersede_key));
    }
    void close() override { session_->close(); }
    std::size_t queued_bytes() const override { return session_->queued_bytes(); }
    void post(std::function<void()> task) override { asio::post(session_->io(), std::move(task)); }

private:
    int in_;
    int out_;
    // Taken before and put back after asio has the descriptors.
    SavedFlags in_flags_;
    SavedFlags out_flags_;
    std::shared_ptr<Session> session_;
};

} // namespace

std::unique_ptr<Transport> make_descriptor_transport(asio::io_context& io, int in, int out) {
    return std::make_unique<DescriptorTransport>(io, in, out);
}

} // namespace awaitls::protocol
