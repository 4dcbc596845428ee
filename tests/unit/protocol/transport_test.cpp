#include "protocol/framing.h"
#include "protocol/transport.h"

#include <asio/io_context.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace awaitls::protocol {
namespace {

using Strings = std::vector<std::string>;

/// Owns a descriptor.
class Descriptor {
public:
    explicit Descriptor(int number = -1) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    int number() const { return number_; }
    void close() {
        if (number_ >= 0) {
            ::close(std::exchange(number_, -1));
        }
    }
    bool blocking() const { return (::fcntl(number_, F_GETFL) & O_NONBLOCK) == 0; }

    void write(std::string_view text) const {
        ASSERT_EQ(::write(number_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    }
    /// Everything up to the end of the file.
    std::string read_all() const {
        std::string text;
        std::array<char, 65536> piece{};
        while (true) {
            const ssize_t got = ::read(number_, piece.data(), piece.size());
            if (got <= 0) {
                return text;
            }
            text.append(piece.data(), static_cast<std::size_t>(got));
        }
    }

private:
    int number_;
};

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        reader = Descriptor(ends[0]);
        writer = Descriptor(ends[1]);
    }
    Descriptor reader;
    Descriptor writer;
};

/// Everything a transport said.
struct Record {
    std::vector<Strings> batches;
    Strings warnings;
    std::optional<EndReason> end;
    std::string detail;

    Transport::Handlers handlers() {
        return {[this](Strings bodies) { batches.push_back(std::move(bodies)); },
                [this](std::string warning) { warnings.push_back(std::move(warning)); },
                [this](EndReason reason, std::string text) {
                    EXPECT_FALSE(end.has_value()) << "ended twice";
                    end = reason;
                    detail = std::move(text);
                }};
    }
    Strings bodies() const {
        Strings all;
        for (const Strings& batch : batches) {
            all.insert(all.end(), batch.begin(), batch.end());
        }
        return all;
    }
};

class DescriptorTransportTest : public testing::Test {
protected:
    static void SetUpTestSuite() { std::signal(SIGPIPE, SIG_IGN); }

    asio::io_context io;
    Record record;
    Pipe input;
    Pipe output;
};

TEST_F(DescriptorTransportTest, DeliversAllCompleteMessagesOfOneReadTogether) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    const std::string third = encode_frame("third");
    input.writer.write(encode_frame("first") + encode_frame("second") + third.substr(0, 8));
    io.run_one();
    EXPECT_EQ(record.batches, std::vector<Strings>({{"first", "second"}}));
    input.writer.write(third.substr(8));
    io.run_one();
    EXPECT_EQ(record.batches, std::vector<Strings>({{"first", "second"}, {"third"}}));
    input.writer.close();
    io.run();
    EXPECT_EQ(record.end, EndReason::EndOfInput);
    EXPECT_EQ(record.detail, "");
}

TEST_F(DescriptorTransportTest, ReportsWarningsAndACutMessage) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    input.writer.write("rubbish\n\n" + encode_frame("ok") + "Content-Length: 10\r\n\r\ncut");
    input.writer.close();
    io.run();
    EXPECT_EQ(record.bodies(), Strings{"ok"});
    EXPECT_EQ(record.warnings.size(), 2U);
    EXPECT_EQ(record.end, EndReason::EndOfInput);
    EXPECT_EQ(record.detail, "the input ended inside a message");
}

TEST_F(DescriptorTransportTest, WritesInOrderAndFlushesOnClose) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
        const std::string body = "{\"n\":" + std::to_string(i) + "}" + std::string(1000, 'x');
        expected += encode_frame(body);
        transport->send(body);
    }
    transport->close();
    transport->send("after close");
    std::string received;
    std::thread reader([this, &received] { received = output.reader.read_all(); });
    io.run();
    output.writer.close();
    reader.join();
    EXPECT_EQ(received, expected);
    EXPECT_EQ(record.end, EndReason::Closed);
    EXPECT_EQ(transport->queued_bytes(), 0U);
}

TEST_F(DescriptorTransportTest, AnswersGivenBeforeTheEndOfInputAreWritten) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    Transport::Handlers handlers = record.handlers();
    const std::string big(300000, 'y'); // more than a pipe takes at once
    handlers.on_messages = [&transport, &big](const Strings& bodies) {
        for (const std::string& body : bodies) {
            transport->send(body + big);
        }
    };
    transport->start(std::move(handlers));
    input.writer.write(encode_frame("a") + encode_frame("b"));
    input.writer.close();
    std::string received;
    std::thread reader([this, &received] { received = output.reader.read_all(); });
    io.run();
    output.writer.close();
    reader.join();
    EXPECT_EQ(received, encode_frame("a" + big) + encode_frame("b" + big));
    EXPECT_EQ(record.end, EndReason::EndOfInput);
}

TEST_F(DescriptorTransportTest, ReaderGoneEndsOrderly) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    output.reader.close();
    transport->send("nobody listens");
    io.run();
    EXPECT_EQ(record.end, EndReason::PeerGone);
    transport->send("still nobody");
    io.restart();
    io.run();
}

TEST_F(DescriptorTransportTest, CloseFromAHandler) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    Transport::Handlers handlers = record.handlers();
    handlers.on_messages = [&transport](const Strings&) {
        transport->send("bye");
        transport->close();
    };
    transport->start(std::move(handlers));
    input.writer.write(encode_frame("exit"));
    io.run();
    EXPECT_EQ(record.end, EndReason::Closed);
    output.writer.close();
    EXPECT_EQ(output.reader.read_all(), encode_frame("bye"));
}

TEST_F(DescriptorTransportTest, DestructionFromAHandler) {
    std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    Transport::Handlers handlers = record.handlers();
    const std::shared_ptr<int> captured = std::make_shared<int>(1);
    handlers.on_messages = [&transport, captured](const Strings&) {
        transport.reset();
        EXPECT_EQ(*captured, 1);
    };
    transport->start(std::move(handlers));
    input.writer.write(encode_frame("a"));
    io.run();
    EXPECT_EQ(record.end, std::nullopt);
}

TEST_F(DescriptorTransportTest, FlagsAreRestored) {
    ASSERT_TRUE(input.reader.blocking() && output.writer.blocking());
    {
        const std::unique_ptr<Transport> transport =
            make_descriptor_transport(io, input.reader.number(), output.writer.number());
        transport->start(record.handlers());
        transport->send("x");
        io.poll();
        EXPECT_FALSE(input.reader.blocking());
    }
    EXPECT_TRUE(input.reader.blocking() && output.writer.blocking());
    // Still open, and ours.
    input.writer.write("z");
    char byte = 0;
    EXPECT_EQ(::read(input.reader.number(), &byte, 1), 1);
}

TEST_F(DescriptorTransportTest, SocketInBothDirections) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const Descriptor ours(ends[0]);
    Descriptor theirs(ends[1]);
    {
        const std::unique_ptr<Transport> transport =
            make_descriptor_transport(io, ours.number(), ours.number());
        transport->start(record.handlers());
        theirs.write(encode_frame("ping"));
        transport->send("pong");
        while (record.batches.empty() && !record.end) {
            io.run_one();
        }
        EXPECT_EQ(record.bodies(), Strings{"ping"});
        ASSERT_EQ(::shutdown(theirs.number(), SHUT_WR), 0);
        io.run();
        EXPECT_EQ(record.end, EndReason::EndOfInput);
    }
    EXPECT_TRUE(ours.blocking());
    ASSERT_EQ(::shutdown(ours.number(), SHUT_WR), 0);
    EXPECT_EQ(theirs.read_all(), encode_frame("pong"));
}

TEST_F(DescriptorTransportTest, RegularFilesAndDevNull) {
    std::string name = testing::TempDir() + "transport_testXXXXXX";
    const Descriptor file(::mkstemp(name.data()));
    ASSERT_GE(file.number(), 0);
    ::unlink(name.c_str());
    file.write(encode_frame("one") + encode_frame("two"));
    ASSERT_EQ(::lseek(file.number(), 0, SEEK_SET), 0);
    const Descriptor null(::open("/dev/null", O_RDWR));
    {
        const std::unique_ptr<Transport> transport =
            make_descriptor_transport(io, file.number(), null.number());
        transport->start(record.handlers());
        transport->send("into the void");
        io.run();
        EXPECT_EQ(record.bodies(), (Strings{"one", "two"}));
        EXPECT_EQ(record.end, EndReason::EndOfInput);
    }
    Record empty;
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, null.number(), null.number());
    transport->start(empty.handlers());
    io.restart();
    io.run();
    EXPECT_EQ(empty.end, EndReason::EndOfInput);
}

TEST_F(DescriptorTransportTest, Terminal) {
    const Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY));
    ASSERT_GE(master.number(), 0);
    ASSERT_EQ(::grantpt(master.number()), 0);
    ASSERT_EQ(::unlockpt(master.number()), 0);
    const Descriptor terminal(::open(::ptsname(master.number()), O_RDWR | O_NOCTTY));
    ASSERT_GE(terminal.number(), 0);
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, terminal.number(), output.writer.number());
    transport->start(record.handlers());
    // A terminal hands over whole lines, and makes \n of \r.
    master.write("Content-Length: 6\n\nhello\n");
    while (record.batches.empty() && !record.end) {
        io.run_one();
    }
    EXPECT_EQ(record.bodies(), Strings{"hello\n"});
}

TEST_F(DescriptorTransportTest, BadDescriptorEnds) {
    Pipe dead;
    const int number = dead.reader.number();
    dead.reader.close();
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, number, output.writer.number());
    transport->start(record.handlers());
    EXPECT_EQ(record.end, std::nullopt) << "handlers must not run within start";
    io.run();
    EXPECT_EQ(record.end, EndReason::ReadError);
    EXPECT_NE(record.detail, "");
}

TEST_F(DescriptorTransportTest, SupersededMessagesAreDroppedAboveTheHighWaterMark) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    const std::string filler(1024 * 1024, 'f');
    // The pipe takes little, so nearly everything waits.
    for (int i = 0; i < 20; ++i) {
        transport->send("a" + std::to_string(i) + filler, "file:///a");
        transport->send("b" + std::to_string(i) + filler, i < 3 ? "" : "file:///b");
    }
    EXPECT_LT(transport->queued_bytes(), kWriteHighWater + 6 * filler.size());
    transport->close();
    std::string received;
    std::thread reader([this, &received] { received = output.reader.read_all(); });
    io.run();
    output.writer.close();
    reader.join();
    FrameDecoder decoder;
    decoder.feed(received);
    Strings heads;
    for (const std::string& body : decoder.take_bodies()) {
        heads.push_back(body.substr(0, body.find('f')));
    }
    // What nothing supersedes is all there, in order, and the newest of each document comes last.
    EXPECT_EQ(std::count(heads.begin(), heads.end(), "b0"), 1);
    EXPECT_EQ(std::count(heads.begin(), heads.end(), "b1"), 1);
    EXPECT_EQ(std::count(heads.begin(), heads.end(), "b2"), 1);
    ASSERT_GE(heads.size(), 2U);
    EXPECT_EQ(heads[heads.size() - 2], "a19");
    EXPECT_EQ(heads.back(), "b19");
    EXPECT_LT(heads.size(), 40U);
}

TEST_F(DescriptorTransportTest, NothingIsDroppedBelowTheHighWaterMark) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    std::string expected;
    for (int i = 0; i < 200; ++i) {
        transport->send(std::to_string(i), "file:///a");
        expected += encode_frame(std::to_string(i));
    }
    transport->close();
    io.run();
    output.writer.close();
    EXPECT_EQ(output.reader.read_all(), expected);
}

TEST_F(DescriptorTransportTest, PostFromAnotherThread) {
    const std::unique_ptr<Transport> transport =
        make_descriptor_transport(io, input.reader.number(), output.writer.number());
    transport->start(record.handlers());
    bool ran = false;
    std::thread([&transport, &ran] {
        transport->post([&transport, &ran] {
            ran = true;
            transport->close();
        });
    }).join();
    EXPECT_FALSE(ran);
    io.run();
    EXPECT_TRUE(ran);
    EXPECT_EQ(record.end, EndReason::Closed);
}

// ---- In-process ----

TEST(MemoryTransport, DeliversInBatchesAndEnds) {
    asio::io_context io;
    auto [left, right] = make_memory_transports(io);
    Record at_left;
    Record at_right;
    right->send("before start");
    left->start(at_left.handlers());
    right->start(at_right.handlers());
    left->send("1");
    left->send("2");
    EXPECT_TRUE(at_right.batches.empty());
    io.run();
    EXPECT_EQ(at_right.batches, std::vector<Strings>({{"1", "2"}}));
    EXPECT_EQ(at_left.bodies(), Strings{"before start"});
    right->send("last words");
    right->close();
    right->send("unheard");
    io.restart();
    io.run();
    EXPECT_EQ(at_left.bodies(), (Strings{"before start", "last words"}));
    EXPECT_EQ(at_left.end, EndReason::EndOfInput);
    EXPECT_EQ(at_right.end, EndReason::Closed);
}

TEST(MemoryTransport, PeerDestroyed) {
    asio::io_context io;
    auto [left, right] = make_memory_transports(io);
    Record at_left;
    left->start(at_left.handlers());
    right->send("x");
    right.reset();
    left->send("to nobody");
    io.run();
    EXPECT_EQ(at_left.bodies(), Strings{"x"});
    EXPECT_EQ(at_left.end, EndReason::EndOfInput);
}

} // namespace
} // namespace awaitls::protocol
