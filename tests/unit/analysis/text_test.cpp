// Positions, edits and encodings, against oracles that are too simple to be wrong.

#include "analysis/text/text.h"
#include "tests/support/random_edits.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace awaitls::analysis {
namespace {

using tests::Random;

/// The starts of the lines, byte by byte.
std::vector<std::uint32_t> naive_starts(std::string_view text) {
    std::vector<std::uint32_t> starts{0};
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
        if (text[i] == '\n' || text[i] == '\r') starts.push_back(static_cast<std::uint32_t>(i + 1));
    }
    return starts;
}

std::vector<std::uint32_t> starts_of(const LineIndex& index) {
    std::vector<std::uint32_t> starts;
    for (std::uint32_t line = 0; line < index.line_count(); ++line)
        starts.push_back(index.line_start(line));
    return starts;
}

/// Short, with many line ends of every kind beside one another.
std::string random_text(Random& random, std::size_t most) {
    constexpr std::string_view kPieces[] = {"\n", "\r", "\r\n", "a", "bc", "\xc3\xa9", "", "\n\r"};
    std::string text;
    for (std::uint32_t n = random.below(most); n > 0; --n)
        text += kPieces[random.below(std::size(kPieces))];
    return text;
}

TEST(LineIndex, KnowsEveryLineEnd) {
    EXPECT_EQ(starts_of(LineIndex("")), (std::vector<std::uint32_t>{0}));
    EXPECT_EQ(starts_of(LineIndex("a\nb\r\nc\rd")), (std::vector<std::uint32_t>{0, 2, 5, 7}));
    EXPECT_EQ(starts_of(LineIndex("\r\r\n\n\r")), (std::vector<std::uint32_t>{0, 1, 3, 4, 5}));
    EXPECT_EQ(starts_of(LineIndex("a\n")), (std::vector<std::uint32_t>{0, 2}));
    EXPECT_EQ(starts_of(LineIndex("a\v\f\x1c\xc2\x85\xe2\x80\xa8z")),
              (std::vector<std::uint32_t>{0}))
        << "other separators are text";
}

TEST(LineIndex, FindsLinesLikeTheNaiveOracle) {
    Random random(1);
    for (int round = 0; round < 300; ++round) {
        const std::string text = random_text(random, 40);
        const LineIndex index{text};
        const std::vector<std::uint32_t> starts = naive_starts(text);
        ASSERT_EQ(starts_of(index), starts);
        for (std::uint32_t offset = 0; offset <= text.size() + 2; ++offset) {
            std::uint32_t line = 0;
            while (line + 1 < starts.size() && starts[line + 1] <= offset) ++line;
            ASSERT_EQ(index.line_of(offset), line);
        }
    }
}

TEST(LineIndex, EditedIsFresh) {
    Random random(2);
    std::string before = random_text(random, 60);
    LineIndex index(before);
    for (int round = 0; round < 20'000; ++round) {
        const std::uint32_t begin = random.below(before.size() + 1);
        const std::uint32_t length =
            random.below(std::min<std::size_t>(before.size() - begin, 5) + 1);
        const std::string after = before.substr(0, begin) +
                                  random_text(random, before.size() > 200 ? 2 : 5) +
                                  before.substr(begin + length);
        // The widest ends, and any narrower ones.
        CommonEnds ends = common_ends(before, after);
        if (random.below(2) == 0) {
            ends.prefix = random.below(ends.prefix + 1U);
            ends.suffix = random.below(ends.suffix + 1U);
        }
        index = index.edited(before, after, ends.prefix, ends.suffix);
        ASSERT_EQ(starts_of(index), naive_starts(after)) << "round " << round;
        before = after;
        if (before.size() > 400) {
            before = random_text(random, 60);
            index = LineIndex(before);
        }
    }
}

TEST(LineText, LeavesOutTheTerminator) {
    const std::string text = "a\r\nb\rc\n\nd";
    const LineIndex index{text};
    EXPECT_EQ(line_text(text, index, 0), "a");
    EXPECT_EQ(line_text(text, index, 1), "b");
    EXPECT_EQ(line_text(text, index, 2), "c");
    EXPECT_EQ(line_text(text, index, 3), "");
    EXPECT_EQ(line_text(text, index, 4), "d");
}

TEST(SourceText, AnEditedTextIsLikeAFreshOne) {
    Random random(5);
    for (int round = 0; round < 500; ++round) {
        auto before = std::make_shared<const SourceText>(random_text(random, 120));
        const auto first = before;
        for (int step = 0; step < 4; ++step) {
            const Edit edit = tests::random_edit(random, before->text());
            const auto after = std::make_shared<const SourceText>(before, edit.span, edit.text);
            ASSERT_EQ(after->text(), apply_edits(before->text(), {edit}));
            ASSERT_EQ(after->lines(), LineIndex(after->text()));
            // Of the text that it was made from, and of an older one.
            for (const SourceText* const other : {before.get(), first.get()}) {
                const CommonEnds ends = after->common_ends_with(*other);
                const std::string_view a = other->text();
                const std::string_view b = after->text();
                ASSERT_LE(ends.prefix + ends.suffix, std::min(a.size(), b.size()));
                ASSERT_EQ(a.substr(0, ends.prefix), b.substr(0, ends.prefix));
                ASSERT_EQ(a.substr(a.size() - ends.suffix), b.substr(b.size() - ends.suffix));
            }
            before = after;
        }
    }
}

TEST(SourceText, WhatIsReplacedByTheSameIsCommon) {
    const auto before = std::make_shared<const SourceText>("one\ntwo\nthree\n");
    // As clients do that replace the whole text by a formatted one.
    const SourceText after(before, {0, 14}, "one\nTwo\nthree\n");
    EXPECT_EQ(after.common_ends_with(*before).prefix, 4U);
    EXPECT_EQ(after.common_ends_with(*before).suffix, 9U);
}

TEST(CommonEnds, AreTheLongestThatDoNotOverlap) {
    const auto expect = [](std::string_view before, std::string_view after, std::uint32_t prefix,
                           std::uint32_t suffix) {
        const CommonEnds ends = common_ends(before, after);
        EXPECT_EQ(ends.prefix, prefix) << before << " | " << after;
        EXPECT_EQ(ends.suffix, suffix) << before << " | " << after;
    };
    expect("", "", 0, 0);
    expect("abc", "abc", 3, 0);
    expect("aaa", "aaaa", 3, 0);
    expect("abab", "ab", 2, 0);
    expect("axb", "ayb", 1, 1);
    expect("x", "y", 0, 0);
    expect(std::string(200, 'a') + "x" + std::string(130, 'b'),
           std::string(200, 'a') + "yy" + std::string(130, 'b'), 200, 130);
    Random random(3);
    for (int round = 0; round < 2000; ++round) {
        const std::string before = random_text(random, 120);
        const std::string after = apply_edits(before, {tests::random_edit(random, before)});
        const CommonEnds ends = common_ends(before, after);
        const std::size_t shorter = std::min(before.size(), after.size());
        std::size_t prefix = 0;
        while (prefix < shorter && before[prefix] == after[prefix]) ++prefix;
        std::size_t suffix = 0;
        while (prefix + suffix < shorter &&
               before[before.size() - suffix - 1] == after[after.size() - suffix - 1])
            ++suffix;
        ASSERT_EQ(ends.prefix, prefix);
        ASSERT_EQ(ends.suffix, suffix);
    }
}

TEST(ApplyEdits, ReplacesInOrder) {
    EXPECT_EQ(apply_edits("abc", {}), "abc");
    EXPECT_EQ(apply_edits("abc", {{{0, 0}, "x"}, {{1, 2}, "YY"}, {{3, 3}, "z"}}), "xaYYcz");
    EXPECT_EQ(apply_edits("abc", {{{1, 1}, "1"}, {{1, 1}, "2"}, {{1, 3}, ""}}), "a12")
        << "insertions at one place keep their order";
    EXPECT_EQ(apply_edits("", {{{0, 0}, "new"}}), "new");
}

TEST(Hash, DependsOnEveryByteAndTheLength) {
    const std::string text = "async def f(): pass\n";
    for (std::size_t i = 0; i < text.size(); ++i) {
        std::string other = text;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_NE(hash_bytes(text), hash_bytes(other)) << i;
        EXPECT_NE(hash_bytes(text), hash_bytes(text.substr(0, i))) << i;
    }
    EXPECT_NE(hash_bytes(std::string(8, '\0')), hash_bytes(std::string(9, '\0')));
    EXPECT_NE(hash_bytes(text, 1), hash_bytes(text, 2));
}

// --- encodings -----------------------------------------------------------------------------------------

void expect_round_trip(std::string_view bytes, std::string_view text, std::string_view encoding,
                       bool bom = false) {
    const Decoded decoded = decode_source(bytes);
    EXPECT_EQ(decoded.error, "");
    EXPECT_EQ(decoded.text, text);
    EXPECT_EQ(decoded.encoding, encoding);
    EXPECT_EQ(decoded.had_bom, bom);
    std::string back;
    EXPECT_TRUE(encode_source(decoded.text, decoded.encoding, decoded.had_bom, back));
    EXPECT_EQ(back, bytes);
}

TEST(Decode, Utf8) {
    expect_round_trip("", "", "utf-8");
    expect_round_trip("x = 'é🐍'\n", "x = 'é🐍'\n", "utf-8");
    expect_round_trip("\xef\xbb\xbfx = 1\r\n", "x = 1\r\n", "utf-8", true);
    expect_round_trip("# coding: utf8\nx = 'é'\n", "# coding: utf8\nx = 'é'\n", "utf8");
    expect_round_trip(std::string_view("a\0b", 3), std::string_view("a\0b", 3), "utf-8");
}

TEST(Decode, DeclaredEncodings) {
    expect_round_trip("# -*- coding: latin-1 -*-\nx = '\xe9'\n",
                      "# -*- coding: latin-1 -*-\nx = 'é'\n", "latin-1");
    expect_round_trip("#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :\n'\xff'\n",
                      "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-1 :\n'ÿ'\n",
                      "iso-8859-1");
    expect_round_trip("# coding=cp1252\n'\x80\x93\xe9'\n", "# coding=cp1252\n'€“é'\n", "cp1252");
    expect_round_trip("# coding: ISO-8859-15\n'\xa4'\n", "# coding: ISO-8859-15\n'€'\n",
                      "ISO-8859-15");
    expect_round_trip("\r\n\f # coding: Latin_1\r\n'\xe9'", "\r\n\f # coding: Latin_1\r\n'é'",
                      "Latin_1");
    expect_round_trip("# coding: ascii\nx = 1\n", "# coding: ascii\nx = 1\n", "ascii");
    // All bytes are characters of Latin-1.
    std::string all = "# coding: latin-1\n";
    for (int byte = 1; byte < 256; ++byte) all += static_cast<char>(byte);
    const Decoded decoded = decode_source(all);
    EXPECT_TRUE(is_valid_utf8(decoded.text));
    std::string back;
    EXPECT_TRUE(encode_source(decoded.text, decoded.encoding, false, back));
    EXPECT_EQ(back, all);
}

TEST(Decode, OnlyCommentsInTheFirstTwoLinesDeclare) {
    EXPECT_EQ(decode_source("\n\n# coding: latin-1\n").encoding, "utf-8") << "line 3";
    EXPECT_EQ(decode_source("x = 1\n# coding: latin-1\n").encoding, "utf-8") << "behind code";
    EXPECT_EQ(decode_source("x = 1  # coding: latin-1\n").encoding, "utf-8")
        << "not a line of its own";
    EXPECT_EQ(decode_source("# coding : latin-1\n").encoding, "utf-8")
        << "a blank before the colon";
    EXPECT_EQ(decode_source("'coding: latin-1'\n").encoding, "utf-8");
    EXPECT_EQ(decode_source("# encoding=latin-1\n").encoding, "latin-1");
}

TEST(Decode, SaysWhatIsWrong) {
    const auto expect_error = [](std::string_view bytes, std::string_view text,
                                 std::string_view part) {
        const Decoded decoded = decode_source(bytes);
        EXPECT_EQ(decoded.text, text);
        EXPECT_NE(decoded.error.find(part), std::string::npos) << decoded.error;
    };
    expect_error("x = '\xe9'\n", "x = '\xef\xbf\xbd'\n", "not valid UTF-8");
    expect_error("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "not valid UTF-8");
    expect_error("# coding: utf-7\n'\xe9'\n", "# coding: utf-7\n'\xef\xbf\xbd'\n", "`utf-7`");
    expect_error("# coding: cp1252\n'\x81'\n", "# coding: cp1252\n'\xef\xbf\xbd'\n", "cp1252");
    expect_error("# coding: ascii\n'\xe9'\n", "# coding: ascii\n'\xef\xbf\xbd'\n", "ascii");
    expect_error("\xef\xbb\xbf# coding: latin-1\n", "# coding: latin-1\n", "byte order mark");
    // An unknown codec changes nothing where there is only ASCII.
    EXPECT_EQ(decode_source("# coding: shift_jis\nx = 1\n").error, "");
}

TEST(Encode, RefusesWhatHasNoForm) {
    std::string bytes;
    EXPECT_FALSE(encode_source("€", "latin-1", false, bytes));
    EXPECT_TRUE(encode_source("€", "cp1252", false, bytes));
    EXPECT_EQ(bytes, "\x80");
    EXPECT_FALSE(encode_source("é", "ascii", false, bytes));
    EXPECT_FALSE(encode_source("é", "shift_jis", false, bytes));
    EXPECT_TRUE(encode_source("e", "shift_jis", false, bytes));
    EXPECT_FALSE(encode_source("🐍", "latin-1", false, bytes));
}

TEST(Utf8, RefusesWhatIsNone) {
    for (const std::string_view good :
         {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
          "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(is_valid_utf8(good));
    for (const std::string_view bad :
         {"\x80", "\xc0\x80", "\xc1\xbf", "\xc2", "\xe0\x9f\xbf", "\xe0\xa0", "\xed\xa0\x80",
          "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff",
          "1234567\xc3", "\xc3("})
        EXPECT_FALSE(is_valid_utf8(bad));
}

} // namespace
} // namespace awaitls::analysis
