// Positions, changes of documents, and the edits between two texts.

#include "server/lsp/code_actions.h"
#include "server/lsp/document.h"
#include "server/lsp/text_map.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace awaitls::server {
namespace {

using protocol::Position;
using protocol::PositionEncoding;
using protocol::Range;

constexpr PositionEncoding kEncodings[] = {PositionEncoding::Utf8, PositionEncoding::Utf16,
                                           PositionEncoding::Utf32};

/// Texts of characters of every width and all line ends.
std::string random_text(std::mt19937& random, std::size_t characters) {
    static constexpr const char* kPieces[] = {
        "a", "Z", "\n", "\r\n", "\r", "\t", "\xC3\xA4", "\xE4\xBD\xA0", "\xF0\x9F\x98\x80", " "};
    std::string text;
    for (std::size_t i = 0; i < characters; ++i) {
        text += kPieces[random() % std::size(kPieces)];
    }
    return text;
}

/// The oracle: walks the text character by character.
Position position_by_walking(const std::string& text, std::size_t offset,
                             PositionEncoding encoding) {
    Position position;
    for (std::size_t at = 0; at < offset;) {
        const unsigned char lead = static_cast<unsigned char>(text[at]);
        const std::size_t bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        const bool ends_line =
            lead == '\n' || (lead == '\r' && !(at + 1 < text.size() && text[at + 1] == '\n'));
        if (ends_line) {
            position = {position.line + 1, 0};
        } else {
            position.character += encoding == PositionEncoding::Utf8
                                      ? static_cast<std::uint32_t>(bytes)
                                  : encoding == PositionEncoding::Utf16 ? (bytes == 4 ? 2 : 1)
                                                                        : 1;
        }
        at += bytes;
    }
    return position;
}

bool starts_character(const std::string& text, std::size_t at) {
    return at == text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U;
}

TEST(TextMap, AgreesWithWalking) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        const std::string text = random_text(random, 40);
        const analysis::LineIndex lines(text);
        for (const PositionEncoding encoding : kEncodings) {
            const TextMap map(text, lines, encoding);
            for (std::size_t at = 0; at <= text.size(); ++at) {
                if (!starts_character(text, at)) {
                    continue;
                }
                const Position position = map.position(static_cast<std::uint32_t>(at));
                ASSERT_EQ(position, position_by_walking(text, at, encoding));
                // Between CR and LF there is no position of its own.
                if (!(at > 0 && at < text.size() && text[at] == '\n' && text[at - 1] == '\r')) {
                    ASSERT_EQ(map.offset(position), at);
                }
            }
        }
    }
}

TEST(TextMap, ClampsEveryPosition) {
    const std::string text = "ab\r\n\xF0\x9F\x98\x80z\n";
    const analysis::LineIndex lines(text);
    const TextMap map(text, lines, PositionEncoding::Utf16);
    EXPECT_EQ(map.offset({0, 99}), 2U);
    EXPECT_EQ(map.offset({1, 1}), 4U) << "inside of a surrogate pair";
    EXPECT_EQ(map.offset({2, 5}), text.size());
    EXPECT_EQ(map.offset({3, 0}), text.size());
    EXPECT_EQ(map.offset({protocol::kMaxUinteger, protocol::kMaxUinteger}), text.size());
    EXPECT_EQ(map.span({{1, 3}, {0, 1}}), (analysis::Span{1, 9})) << "the wrong way round";
    EXPECT_EQ(map.position(9999), (Position{2, 0}));
    const TextMap bytes(text, lines, PositionEncoding::Utf8);
    EXPECT_EQ(bytes.offset({1, 2}), 4U) << "inside of a character";
}

Document open(const std::string& text, PositionEncoding encoding) {
    return Document(protocol::parse_uri("file:///a.py"), 1, text, encoding);
}

TEST(Document, AppliesRandomChangesAsAStringDoes) {
    std::mt19937 random(2);
    for (const PositionEncoding encoding : kEncodings) {
        std::string expected = random_text(random, 60);
        Document document = open(expected, encoding);
        for (int version = 2; version < 300; ++version) {
            std::size_t begin = random() % (expected.size() + 1);
            std::size_t end = begin + random() % 6;
            const auto place = [&](std::size_t at) {
                at = std::min(at, expected.size());
                while (!starts_character(expected, at)) {
                    --at;
                }
                if (at > 0 && at < expected.size() && expected[at] == '\n' &&
                    expected[at - 1] == '\r') {
                    --at;
                }
                return at;
            };
            begin = place(begin);
            end = std::max(begin, place(end));
            const std::string inserted = random_text(random, random() % 4);
            const Range range{position_by_walking(expected, begin, encoding),
                              position_by_walking(expected, end, encoding)};
            ASSERT_EQ(document.apply(version, {{range, inserted}}), ChangeOutcome::Applied);
            expected.replace(begin, end - begin, inserted);
            ASSERT_EQ(document.text()->text(), expected);
            ASSERT_EQ(document.text()->lines(), analysis::LineIndex(expected));
        }
    }
}

TEST(Document, LosesAndFindsItsText) {
    Document document = open("a\nb\n", PositionEncoding::Utf16);
    const std::uint64_t before = document.generation();
    EXPECT_EQ(document.apply(2, {{Range{{3, 0}, {3, 0}}, "c"}}), ChangeOutcome::Applied)
        << "one line past the last is its end";
    EXPECT_EQ(document.apply(3, {{Range{{4, 0}, {4, 0}}, "d"}}), ChangeOutcome::OutOfText);
    EXPECT_FALSE(document.in_sync());
    EXPECT_NE(document.generation(), before);
    EXPECT_EQ(document.apply(4, {{Range{{0, 0}, {0, 0}}, "e"}}), ChangeOutcome::OutOfText);
    EXPECT_EQ(document.apply(5, {{std::nullopt, "new"}, {Range{{0, 3}, {0, 3}}, "er"}}),
              ChangeOutcome::Applied);
    EXPECT_EQ(document.text()->text(), "newer");
    EXPECT_FALSE(document.replace("newer"));
    document.lose_sync();
    EXPECT_TRUE(document.replace("newer"));
    EXPECT_TRUE(document.in_sync());
}

TEST(LineEdits, TurnOneTextIntoTheOther) {
    std::mt19937 random(3);
    for (int round = 0; round < 500; ++round) {
        const std::string before = random_text(random, random() % 60);
        std::string after = before;
        for (std::size_t edits = random() % 4; edits > 0; --edits) {
            std::size_t at = random() % (after.size() + 1);
            while (!starts_character(after, at)) {
                --at;
            }
            std::size_t end = std::min(after.size(), at + random() % 8);
            while (!starts_character(after, end)) {
                ++end;
            }
            after.replace(at, end - at, random_text(random, random() % 6));
        }
        const std::vector<analysis::Edit> edits = line_edits(before, after);
        ASSERT_EQ(analysis::apply_edits(before, edits), after);
        for (std::size_t i = 0; i < edits.size(); ++i) {
            ASSERT_TRUE(starts_character(before, edits[i].span.begin));
            ASSERT_TRUE(starts_character(before, edits[i].span.end));
            ASSERT_TRUE(i == 0 || edits[i - 1].span.end <= edits[i].span.begin);
        }
        ASSERT_EQ(edits.empty(), before == after);
    }
}

TEST(LineEdits, AreSmall) {
    std::string before;
    for (int i = 0; i < 10'000; ++i) {
        before += "line " + std::to_string(i) + "\n";
    }
    std::string after = before;
    after.replace(after.find("line 9990"), 9, "LINE 9990");
    after.insert(0, "first\n");
    const std::vector<analysis::Edit> edits = line_edits(before, after);
    ASSERT_EQ(edits.size(), 2U);
    EXPECT_EQ(edits[0], (analysis::Edit{{0, 0}, "first\n"}));
    EXPECT_EQ(edits[1].text, "LINE");
}

} // namespace
} // namespace awaitls::server
