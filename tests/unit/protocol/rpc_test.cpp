#include "protocol/json_text.h"
#include "protocol/rpc.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace awaitls::protocol {
namespace {

std::string describe(std::string_view body) {
    const Message message = parse_message(body);
    switch (message.kind) {
    case MessageKind::Request: return "request " + message.id.text() + " " + message.method;
    case MessageKind::Notification: return "notification " + message.method;
    case MessageKind::Response:
        return "response " + message.id.text() +
               (message.error
                    ? " error " + std::to_string(message.error->code) + " " + message.error->message
                    : " " + message.result().raw().text);
    case MessageKind::Invalid:
        return "invalid " + std::to_string(message.error->code) + " id " + message.id.text() +
               (message.answerable ? "" : " silent");
    }
    return "?";
}

TEST(Rpc, Classifies) {
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":1,"method":"m"})"), "request 1 m");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","method":"m","params":{}})"), "notification m");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","method":"m","params":null})"), "notification m");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":1,"result":null})"), "response 1 null");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":"a","result":[1]})"), "response \"a\" [1]");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":1,"error":{"code":-5,"message":"no"}})"),
              "response 1 error -5 no");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":1,"result":2,"error":null})"), "response 1 2");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":1,"error":"boom"})"),
              "response 1 error -32001 the peer failed the request");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}})"),
              "response null error 1 x");
}

TEST(Rpc, RefusesWhatIsNoMessage) {
    EXPECT_EQ(describe("{"), "invalid -32700 id null");
    EXPECT_EQ(describe("[]"), "invalid -32600 id null");
    EXPECT_EQ(describe(R"([{"jsonrpc":"2.0","id":1,"method":"m"}])"), "invalid -32600 id null");
    EXPECT_EQ(describe("1"), "invalid -32600 id null");
    EXPECT_EQ(describe("{}"), "invalid -32600 id null");
    EXPECT_EQ(describe(R"({"id":3,"method":"m"})"), "invalid -32600 id 3");
    EXPECT_EQ(describe(R"({"jsonrpc":"1.0","id":3,"method":"m"})"), "invalid -32600 id 3");
    EXPECT_EQ(describe(R"({"method":"m"})"), "invalid -32600 id null silent");
    EXPECT_EQ(describe(R"({"id":3,"result":1})"), "invalid -32600 id 3 silent");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":4})"), "invalid -32600 id 4");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":4,"method":7})"), "invalid -32600 id 4");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","id":4,"method":"m","params":"text"})"),
              "invalid -32600 id 4");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","method":"m","params":7})"),
              "invalid -32600 id null silent");
}

TEST(Rpc, UnusableIds) {
    for (const std::string_view id : {"true", "{}", "[1]"}) {
        EXPECT_EQ(describe(R"({"jsonrpc":"2.0","method":"m","id":)" + std::string(id) + "}"),
                  "invalid -32600 id null")
            << id;
    }
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","method":"m","id":null})"), "invalid -32600 id null");
    EXPECT_EQ(describe(R"({"jsonrpc":"2.0","result":1,"id":true})"),
              "invalid -32600 id null silent");
}

TEST(Rpc, IdsAreEchoedAsTheyCame) {
    for (const std::string_view id :
         {"0", "7", "-7", "\"7\"", "\"\"", "\"a\\\"b\"", "1.5", "1.50", "1e3", "-0.25",
          "9223372036854775807", "18446744073709551615", "-9223372036854775808",
          "123456789012345678901234567890", "1.0"}) {
        const Message message =
            parse_message(R"({"jsonrpc":"2.0","method":"m","id":)" + std::string(id) + "}");
        ASSERT_EQ(message.kind, MessageKind::Request) << id;
        EXPECT_EQ(response_body(message.id, {}),
                  R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"result":null})");
    }
}

TEST(Rpc, IdsAreEqualByValue) {
    const auto id = [](std::string_view text) {
        return parse_message(R"({"jsonrpc":"2.0","method":"m","id":)" + std::string(text) + "}").id;
    };
    EXPECT_EQ(id("1.50"), id("1.5"));
    EXPECT_EQ(id("1.0"), id("1"));
    EXPECT_EQ(id("1e3"), id("1000"));
    EXPECT_EQ(id("\"\\u0061\""), id("\"a\""));
    EXPECT_NE(id("7").key(), id("\"7\"").key());
    EXPECT_NE(id("1.5").key(), id("2.5").key());
    // Inside params the text of a fraction is not kept, yet it names the same request.
    const Message cancel =
        parse_message(R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1.50}})");
    EXPECT_EQ(Id::read(cancel.params().field("id")), id("1.5"));
    EXPECT_EQ(std::hash<Id>{}(id("1.50")), std::hash<Id>{}(id("1.5")));
}

TEST(Rpc, RepairIsReported) {
    const Message message = parse_message(
        R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"text":"\ud83d"}})");
    EXPECT_EQ(message.kind, MessageKind::Notification);
    EXPECT_TRUE(message.repaired);
    EXPECT_EQ(message.params().field("text").string(), "\xEF\xBF\xBD");
}

TEST(Rpc, Bodies) {
    EXPECT_EQ(notification_body("a/b", {}), R"({"jsonrpc":"2.0","method":"a/b"})");
    EXPECT_EQ(notification_body("a/b", RawJson{"[1]"}),
              R"({"jsonrpc":"2.0","method":"a/b","params":[1]})");
    EXPECT_EQ(request_body(Id::integer(3), "m", RawJson{"{}"}),
              R"({"jsonrpc":"2.0","id":3,"method":"m","params":{}})");
    EXPECT_EQ(request_body(Id::string("x\n"), "m", {}),
              R"({"jsonrpc":"2.0","id":"x\n","method":"m"})");
    EXPECT_EQ(
        error_body(Id(), ResponseError(ErrorCode::ParseError, "a \"b\" \xFF")),
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"a \\\"b\\\" "
        "\xEF\xBF\xBD\"}}");
    EXPECT_EQ(error_body(Id::integer(1), ResponseError(ErrorCode::ServerCancelled, "later",
                                                       RawJson{R"({"retriggerRequest":true})"})),
              R"({"jsonrpc":"2.0","id":1,"error":{"code":-32802,"message":"later",)"
              R"("data":{"retriggerRequest":true}}})");
}

} // namespace
} // namespace awaitls::protocol
