#include "protocol/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace awaitls::protocol {
namespace {

using Bodies = std::vector<std::string>;

Bodies decode(std::string_view bytes, std::vector<std::string>* warnings = nullptr) {
    FrameDecoder decoder;
    decoder.feed(bytes);
    std::vector<std::string> seen = decoder.take_warnings();
    if (warnings != nullptr) {
        *warnings = seen;
    } else {
        EXPECT_EQ(seen, std::vector<std::string>());
    }
    return decoder.take_bodies();
}

TEST(Framing, RoundTrip) {
    EXPECT_EQ(encode_frame("{}"), "Content-Length: 2\r\n\r\n{}");
    EXPECT_EQ(decode(encode_frame("{}") + encode_frame("") + encode_frame("[1]")),
              (Bodies{"{}", "", "[1]"}));
}

TEST(Framing, SplitsAtEachByteAndInEveryPairOfPieces) {
    const std::string stream =
        "Content-Length: 5\r\nContent-Type: application/vscode-jsonrpc\r\n\r\nhello"
        "content-length:3\n\nabc" +
        encode_frame("\r\n\r\nContent-Length: 9");
    const Bodies expected{"hello", "abc", "\r\n\r\nContent-Length: 9"};
    FrameDecoder by_bytes;
    Bodies bodies;
    for (const char byte : stream) {
        by_bytes.feed(std::string_view(&byte, 1));
        for (std::string& body : by_bytes.take_bodies()) {
            bodies.push_back(std::move(body));
        }
    }
    EXPECT_EQ(bodies, expected);
    EXPECT_TRUE(by_bytes.at_boundary());
    EXPECT_TRUE(by_bytes.take_warnings().empty());

    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        FrameDecoder decoder;
        decoder.feed(std::string_view(stream).substr(0, cut));
        decoder.feed(std::string_view(stream).substr(cut));
        EXPECT_EQ(decoder.take_bodies(), expected) << "cut at " << cut;
        EXPECT_TRUE(decoder.take_warnings().empty()) << "cut at " << cut;
    }
}

TEST(Framing, HeaderNamesInAnyCaseBlanksAndBothLineEnds) {
    EXPECT_EQ(decode("CONTENT-LENGTH :  2 \n\nok"), Bodies{"ok"});
    EXPECT_EQ(decode("X-Anything: a:b\r\nContent-Length:2\n\r\nok"), Bodies{"ok"});
    EXPECT_EQ(decode("\r\n\r\nContent-Length: 2\r\n\r\nok\r\n"), Bodies{"ok"});
}

TEST(Framing, LastOfSeveralLengthsHoldsWithAWarning) {
    std::vector<std::string> warnings;
    EXPECT_EQ(decode("Content-Length: 9\r\nContent-Length: 2\r\n\r\nok", &warnings), Bodies{"ok"});
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("more than once"), std::string::npos);
}

TEST(Framing, MalformedHeadersResynchroniseAtTheNextLength) {
    const std::string good = encode_frame("good");
    for (const std::string_view bad :
         {"Content-Length: abc\r\n\r\n{}", "Content-Length: -1\r\n\r\n",
          "Content-Length: 1x\r\n\r\nz", "Content-Length:\r\n\r\n", "Content-Type: x\r\n\r\nbody",
          "no colon here\r\n\r\n", "Content-Length: 99999999999999999999999\r\n\r\n",
          "Content-Length: 268435457\r\n\r\n", "\x01\xff garbage", "{\"jsonrpc\":\"2.0\"}\n\n",
          "Content-Length\r\n\r\n", "Content-Content-Length x\r\n\r\n"}) {
        const std::string stream = encode_frame("first") + std::string(bad) + good + good;
        for (const bool bytewise : {false, true}) {
            FrameDecoder decoder;
            if (bytewise) {
                for (const char byte : stream) {
                    decoder.feed(std::string_view(&byte, 1));
                }
            } else {
                decoder.feed(stream);
            }
            EXPECT_EQ(decoder.take_bodies(), (Bodies{"first", "good", "good"})) << bad;
            EXPECT_FALSE(decoder.take_warnings().empty()) << bad;
        }
    }
}

TEST(Framing, LimitIsInclusive) {
    FrameDecoder decoder;
    decoder.feed("Content-Length: 268435456\r\n\r\n");
    EXPECT_TRUE(decoder.take_warnings().empty());
    EXPECT_FALSE(decoder.at_boundary());
}

TEST(Framing, EndlessHeaderIsRefusedAndSkippedInBoundedMemory) {
    FrameDecoder decoder;
    for (int i = 0; i < 1000; ++i) {
        decoder.feed(std::string(1000, 'a'));
    }
    EXPECT_TRUE(decoder.take_bodies().empty());
    decoder.feed(encode_frame("x"));
    EXPECT_EQ(decoder.take_bodies(), Bodies{"x"});
    std::string warnings;
    for (const std::string& warning : decoder.take_warnings()) {
        warnings += warning + '\n';
    }
    EXPECT_NE(warnings.find("header without end"), std::string::npos);
    EXPECT_NE(warnings.find("skipped 1000000 bytes"), std::string::npos) << warnings;
}

TEST(Framing, WarningsAreBounded) {
    FrameDecoder decoder;
    for (int i = 0; i < 1000; ++i) {
        decoder.feed("Content-Length: x\r\n\r\n");
    }
    const std::vector<std::string> warnings = decoder.take_warnings();
    EXPECT_LE(warnings.size(), 17U);
    EXPECT_NE(warnings.back().find("further warnings"), std::string::npos);
}

TEST(Framing, BoundaryIsKnown) {
    FrameDecoder decoder;
    EXPECT_TRUE(decoder.at_boundary());
    decoder.feed("Content-Len");
    EXPECT_FALSE(decoder.at_boundary());
    decoder.feed("gth: 2\r\n\r\n{");
    EXPECT_FALSE(decoder.at_boundary());
    decoder.feed("}");
    EXPECT_TRUE(decoder.at_boundary());
}

} // namespace
} // namespace awaitls::protocol
