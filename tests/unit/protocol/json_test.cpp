#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "protocol/json_writer.h"
#include "protocol/utf8.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <limits>
#include <string>

namespace awaitls::protocol {
namespace {

using Json = nlohmann::json;

std::string parsed(std::string_view text) {
    const ParsedJson result = parse_json(text);
    if (!result.value) {
        return "error: " + result.error;
    }
    return (result.repaired ? "repaired " : "") + dump_json(*result.value);
}

// ---- Text ----

TEST(JsonText, Parses) {
    EXPECT_EQ(parsed(R"({"b":[1,-2,2.5,true,null],"a":"\u00e9\ud83d\ude00"})"),
              "{\"a\":\"é😀\",\"b\":[1,-2,2.5,true,null]}");
    EXPECT_EQ(parsed("\xEF\xBB\xBF{}"), "{}");
    EXPECT_EQ(parsed(R"({"a":1,"a":2})"), R"({"a":2})");
    EXPECT_EQ(parsed(R"({"a":{"x":1},"a":[2],"b":3})"), R"({"a":[2],"b":3})");
    EXPECT_EQ(parsed("\"text\""), "\"text\"");
}

TEST(JsonText, RepairsLoneSurrogates) {
    EXPECT_EQ(parsed(R"("\ud83d")"), "repaired \"\xEF\xBF\xBD\"");
    EXPECT_EQ(parsed(R"("\ude00 x")"), "repaired \"\xEF\xBF\xBD x\"");
    EXPECT_EQ(parsed(R"("\ud83d\ud83d\ude00")"), "repaired \"\xEF\xBF\xBD😀\"");
    EXPECT_EQ(parsed(R"("\ud83d\n\uDE00")"), "repaired \"\xEF\xBF\xBD\\n\xEF\xBF\xBD\"");
    // An escaped backslash before "ud83d" is no escape.
    EXPECT_EQ(parsed(R"(["\\ud83d","\ud800"])"), "repaired [\"\\\\ud83d\",\"\xEF\xBF\xBD\"]");
}

TEST(JsonText, RepairsInvalidUtf8) {
    EXPECT_EQ(parsed("{\"a\":\"x\xFFy\"}"), "repaired {\"a\":\"x\xEF\xBF\xBDy\"}");
    EXPECT_EQ(parsed("\"\xED\xA0\x80\""), "repaired \"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
    EXPECT_EQ(parsed("\"\xC3\""), "repaired \"\xEF\xBF\xBD\"");
}

TEST(JsonText, ReportsErrors) {
    for (const std::string_view text : {"", "{", "{\"a\":}", "[1,]", "nul", "{} {}", "\"",
                                        "\"\\ud83d", "'a'", "NaN", "1e999", "\x01", "\"\n\""}) {
        EXPECT_EQ(parsed(text).rfind("error: not JSON at byte ", 0), 0U) << text << parsed(text);
    }
}

TEST(JsonText, LimitsTheDepth) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(parsed(nested(256)), nested(256));
    EXPECT_EQ(parsed(nested(257)), "error: nested deeper than 256 levels");
    EXPECT_EQ(parsed(std::string(1000000, '[')), "error: nested deeper than 256 levels");
    std::string objects;
    for (int i = 0; i < 300; ++i) {
        objects += "{\"a\":";
    }
    EXPECT_EQ(parsed(objects), "error: nested deeper than 256 levels");
}

TEST(JsonText, KeepsNumbers) {
    EXPECT_EQ(parsed("[9223372036854775807,-9223372036854775808,18446744073709551615,0.1]"),
              "[9223372036854775807,-9223372036854775808,18446744073709551615,0.1]");
    EXPECT_EQ(parse_json(R"({"id":1.50})").fractional_id, "1.50");
    EXPECT_EQ(parse_json(R"({"id":123456789012345678901})").fractional_id, "123456789012345678901");
    EXPECT_EQ(parse_json(R"({"id":1,"params":{"id":1.5},"x":2.5})").fractional_id, "");
}

// ---- Writer ----

std::string json_string(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

TEST(JsonWriter, EscapesStrings) {
    EXPECT_EQ(json_string(""), "\"\"");
    EXPECT_EQ(json_string("a\"b\\c/d"), R"("a\"b\\c/d")");
    EXPECT_EQ(json_string("\n\r\t\b\f\x01\x1f\x7f"), R"("\n\r\t\u0008\u000c\u0001\u001f\u007f")");
    EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
    EXPECT_EQ(json_string("é€😀"), "\"é€😀\"");
}

TEST(JsonWriter, ReplacesInvalidUtf8ByteByByte) {
    EXPECT_EQ(json_string("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
    EXPECT_EQ(json_string("\xC0\xAF"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""); // overlong
    EXPECT_EQ(json_string("\xED\xA0\x80").size(), 2U + 9U);             // a surrogate
    EXPECT_EQ(json_string("\xF4\x90\x80\x80").size(), 2U + 12U);        // above U+10FFFF
    EXPECT_EQ(json_string("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\""); // cut off
    EXPECT_EQ(json_string("\xF0\x9F\x98\""), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\\\"\"");
}

TEST(JsonWriter, EveryByteStringIsReadBack) {
    for (int first = 0; first < 256; ++first) {
        for (int second = 0; second < 256; ++second) {
            const std::string text{static_cast<char>(first), static_cast<char>(second), 'x'};
            const ParsedJson back = parse_json(json_string(text));
            ASSERT_TRUE(back.value) << first << ' ' << second;
            ASSERT_FALSE(back.repaired) << first << ' ' << second;
            if (first < 0x80 && second < 0x80) {
                ASSERT_EQ(back.value->get<std::string>(), text);
            }
        }
    }
}

TEST(JsonWriter, PlacesCommas) {
    JsonWriter writer;
    writer.begin_object();
    writer.key("a");
    writer.begin_array();
    writer.integer(-1);
    writer.unsigned_integer(std::numeric_limits<std::uint64_t>::max());
    writer.begin_object();
    writer.end_object();
    writer.begin_array();
    writer.end_array();
    writer.null();
    writer.end_array();
    writer.dynamic_key("b\"");
    writer.boolean(true);
    writer.key("c");
    writer.raw(R"({"x":1})");
    writer.key("d");
    writer.string("s");
    writer.end_object();
    EXPECT_EQ(writer.take(),
              R"({"a":[-1,18446744073709551615,{},[],null],"b\"":true,"c":{"x":1},"d":"s"})");
}

// ---- Reader ----

std::string error_of(std::string_view text, void (*read)(const Reader&)) {
    const ParsedJson document = parse_json(text);
    EXPECT_TRUE(document.value);
    try {
        read(Reader(*document.value, "params"));
    } catch (const ReadError& error) {
        return error.what();
    }
    return "no error";
}

TEST(JsonReader, NamesThePlaceInErrors) {
    EXPECT_EQ(error_of(R"({"textDocument":{"position":{"line":-1}}})",
                       [](const Reader& params) {
                           params.field("textDocument").field("position").field("line").uinteger();
                       }),
              "params.textDocument.position.line: expected an unsigned integer, got -1");
    EXPECT_EQ(error_of(R"({"items":[{"a":1},{"a":{"b":[true]}}]})",
                       [](const Reader& params) {
                           params.field("items").at(1).field("a").field("b").at(0).string();
                       }),
              "params.items[1].a.b[0]: expected a string, got true");
    EXPECT_EQ(
        error_of(R"({"a":{"c":{}}})",
                 [](const Reader& params) { params.field("a").field("b").field("c").string(); }),
        "params.a.b.c: expected a string, got nothing");
    EXPECT_EQ(error_of("{}", [](const Reader&) { Reader::nothing("params").field("x").boolean(); }),
              "params.x: expected a boolean, got nothing");
    EXPECT_EQ(error_of("[1]", [](const Reader& params) { params.field("x"); }),
              "params: expected an object, got an array");
    EXPECT_EQ(error_of(R"({"a":{}})", [](const Reader& params) { params.field("a").integer(); }),
              "params.a: expected an integer, got an object");
    EXPECT_EQ(error_of(R"({"a":"0123456789012345678901234567890123456789"})",
                       [](const Reader& params) { params.field("a").size(); }),
              "params.a: expected an array, got a string");
}

TEST(JsonReader, NeverWraps) {
    const auto uinteger = [](const Reader& params) { params.field("n").uinteger(); };
    const auto integer = [](const Reader& params) { params.field("n").integer(); };
    for (const std::string_view number : {"-1", "2147483648", "5000000000", "18446744073709551615",
                                          "1.5", "1.0", "\"1\"", "null", "true"}) {
        EXPECT_NE(error_of("{\"n\":" + std::string(number) + "}", uinteger), "no error") << number;
    }
    EXPECT_EQ(error_of(R"({"n":2147483647})", uinteger), "no error");
    EXPECT_EQ(error_of(R"({"n":9223372036854775807})", integer), "no error");
    EXPECT_NE(error_of(R"({"n":9223372036854775808})", integer), "no error");
    EXPECT_NE(error_of(R"({"n":2.5})", integer), "no error");
}

TEST(JsonReader, ClampsPositions) {
    const auto value = [](std::string_view text) {
        const ParsedJson document = parse_json(text);
        return Reader(*document.value, "n").position_number();
    };
    EXPECT_EQ(value("0"), 0U);
    EXPECT_EQ(value("2147483647"), kMaxUinteger);
    EXPECT_EQ(value("2147483648"), kMaxUinteger);
    EXPECT_EQ(value("18446744073709551615"), kMaxUinteger);
    EXPECT_EQ(value("1.7976931348623157e308"), kMaxUinteger);
    EXPECT_EQ(value("3.0"), 3U);
    EXPECT_THROW(value("-1"), ReadError);
    EXPECT_THROW(value("0.5"), ReadError);
    EXPECT_THROW(value("\"1\""), ReadError);
    EXPECT_THROW(value("null"), ReadError);
}

TEST(JsonReader, SoftFieldsNeverThrow) {
    const ParsedJson document = parse_json(R"({"a":[1],"b":{"c":null}})");
    const Reader reader(*document.value, "x");
    EXPECT_TRUE(reader.soft_field("a").soft_field("b").soft_field("c").missing());
    EXPECT_TRUE(reader.soft_field("b").soft_field("c").null());
    EXPECT_TRUE(reader.soft_field("b").soft_field("d").missing_or_null());
}

TEST(JsonReader, RawTextIsValidWhateverItHolds) {
    Json value = Json::object();
    value["a"] = "\xFF";
    EXPECT_EQ(Reader(value, "x").raw().text, "{\"a\":\"\xEF\xBF\xBD\"}");
    EXPECT_FALSE(Reader(value, "x").field("b").raw().present());
}

} // namespace
} // namespace awaitls::protocol
