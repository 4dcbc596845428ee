#include "protocol/connection.h"
#include "protocol/messages.h"

#include <asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace awaitls::protocol {
namespace {

using Strings = std::vector<std::string>;

/// A connection whose peer is the test: bodies go in by `feed` (one batch) and come out of `sent`.
class ConnectionTest : public testing::Test {
protected:
    void SetUp() override {
        auto [ours, theirs] = make_memory_transports(io);
        client = std::move(theirs);
        connection = std::make_unique<Connection>(
            std::move(ours),
            Connection::Hooks{[this] { ++batches; },
                              [this](EndReason, const std::string&) { ended = true; },
                              [this](std::string line) { log.push_back(std::move(line)); },
                              [this](std::string line) { anomalies.push_back(std::move(line)); },
                              {}});
        Router& router = connection->router();
        router.on_request<method::Initialize>(
            [](const InitializeParams&, Responder<InitializeResult> responder) {
                responder.reply({});
            });
        router.on_request<method::Shutdown>(
            [](const Null&, Responder<Null> responder) { responder.reply({}); });
        router.on_notification<method::Exit>([this](const Null&) { exited = true; });
        router.on_request<method::HoverAt>([this](const HoverParams& params,
                                                  Responder<std::optional<Hover>> responder) {
            hovers.push_back(params.text_document.uri);
            kept.push_back(std::make_unique<Responder<std::optional<Hover>>>(std::move(responder)));
        });
        connection->start();
        client->start({[this](std::vector<std::string> bodies) {
                           for (std::string& body : bodies) {
                               sent.push_back(std::move(body));
                           }
                       },
                       {},
                       {}});
    }

    void TearDown() override {
        connection.reset();
        client.reset();
    }

    void feed(const Strings& bodies) {
        for (const std::string& body : bodies) {
            client->send(body, {});
        }
        run();
    }

    void run() {
        io.restart();
        io.poll();
    }

    void initialize() {
        feed({R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"processId":null,)"
              R"("rootUri":null,"capabilities":{}}})"});
        ASSERT_EQ(take(), Strings{R"({"jsonrpc":"2.0","id":0,"result":{"capabilities":{}}})"});
        batches = 0;
    }

    Strings take() { return std::exchange(sent, {}); }

    static std::string hover(const std::string& id, const std::string& uri = "file:///a.py") {
        return R"({"jsonrpc":"2.0","id":)" + id +
               R"(,"method":"textDocument/hover","params":{"textDocument":{"uri":")" + uri +
               R"("},"position":{"line":1,"character":2}}})";
    }
    static std::string cancel(const std::string& id) {
        return R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":)" + id + "}}";
    }
    static std::string error(const std::string& id, ErrorCode code, const std::string& message) {
        return error_body(Id::fractional(id), ResponseError(code, message));
    }

    asio::io_context io;
    std::unique_ptr<Transport> client;
    std::unique_ptr<Connection> connection;
    std::vector<std::unique_ptr<Responder<std::optional<Hover>>>> kept;
    Strings sent;
    Strings log;
    Strings anomalies;
    Strings hovers;
    int batches = 0;
    bool ended = false;
    bool exited = false;
};

// ---- Life cycle ----

TEST_F(ConnectionTest, RequestsBeforeInitializeAreRefused) {
    feed({hover("1"), R"({"jsonrpc":"2.0","id":2,"method":"shutdown"})",
          R"({"jsonrpc":"2.0","id":3,"method":"no/such"})",
          R"({"jsonrpc":"2.0","method":"initialized","params":{}})"});
    EXPECT_EQ(
        take(),
        (Strings{
            error("1", ErrorCode::ServerNotInitialized, "the first request must be initialize"),
            error("2", ErrorCode::ServerNotInitialized, "the first request must be initialize"),
            error("3", ErrorCode::ServerNotInitialized, "the first request must be initialize"),
        }));
    EXPECT_EQ(log, Strings{"ignored initialized before initialize"});
    initialize();
}

TEST_F(ConnectionTest, InitializeOnceAndOnlyWithReadableParams) {
    feed({R"({"jsonrpc":"2.0","id":9,"method":"initialize","params":{"processId":"x"}})"});
    EXPECT_EQ(take(), Strings{error("9", ErrorCode::InvalidParams,
                                    "params.processId: expected an integer, got \"x\"")});
    initialize();
    feed({R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{}}})"});
    EXPECT_EQ(take(), Strings{error("1", ErrorCode::InvalidRequest, "initialize was sent before")});
}

TEST_F(ConnectionTest, AfterShutdownOnlyExit) {
    initialize();
    feed({R"({"jsonrpc":"2.0","id":1,"method":"shutdown"})", hover("2"),
          R"({"jsonrpc":"2.0","method":"textDocument/didOpen","params":{}})"});
    EXPECT_EQ(take(), (Strings{R"({"jsonrpc":"2.0","id":1,"result":null})",
                               error("2", ErrorCode::InvalidRequest, "the server is shut down")}));
    EXPECT_EQ(log, Strings{"ignored textDocument/didOpen after shutdown"});
    EXPECT_FALSE(exited);
    feed({R"({"jsonrpc":"2.0","method":"exit"})"});
    EXPECT_TRUE(exited);
}

TEST_F(ConnectionTest, ExitWorksBeforeInitialize) {
    feed({R"({"jsonrpc":"2.0","method":"exit"})"});
    EXPECT_TRUE(exited);
}

// ---- Routing ----

TEST_F(ConnectionTest, UnknownMethods) {
    initialize();
    feed({R"({"jsonrpc":"2.0","id":"a","method":"no/such"})",
          R"({"jsonrpc":"2.0","method":"no/such"})", R"({"jsonrpc":"2.0","method":"$/no"})",
          R"({"jsonrpc":"2.0","id":2,"method":"$/no"})"});
    EXPECT_EQ(take(), (Strings{error_body(Id::string("a"), ResponseError(ErrorCode::MethodNotFound,
                                                                         "unknown method no/such")),
                               error("2", ErrorCode::MethodNotFound, "unknown method $/no")}));
    EXPECT_EQ(log, Strings{"ignored unknown notification no/such"});
}

TEST_F(ConnectionTest, BadParamsNameThePlace) {
    initialize();
    Strings lost;
    connection->router().on_notification<method::DidChange>(
        [](const DidChangeTextDocumentParams&) { FAIL(); });
    connection->router().on_bad_notification(
        [&lost](const Message& message, const std::string& why) {
            lost.push_back(message.method + " | " + why);
        });
    feed({R"({"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{"textDocument":)"
          R"({"uri":"file:///a"},"position":{"line":-1,"character":0}}})",
          R"({"jsonrpc":"2.0","id":2,"method":"textDocument/hover"})",
          R"({"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":)"
          R"({"uri":"file:///a","version":1},"contentChanges":[{"text":"x"},{"text":1}]}})"});
    EXPECT_EQ(take(), (Strings{error("1", ErrorCode::InvalidParams,
                                     "params.position.line: expected an unsigned integer, got -1"),
                               error("2", ErrorCode::InvalidParams,
                                     "params: expected an object, got nothing")}));
    const std::string why = "params.contentChanges[1].text: expected a string, got 1";
    EXPECT_EQ(log, Strings{"ignored textDocument/didChange: " + why});
    EXPECT_EQ(lost, Strings{"textDocument/didChange | " + why});
}

TEST_F(ConnectionTest, InvalidMessagesAreAnsweredOrLogged) {
    initialize();
    feed({"{", "[]", R"({"jsonrpc":"2.0","id":true,"method":"m"})",
          R"({"jsonrpc":"2.0","id":77,"result":1})", R"({"id":1,"result":1})"});
    EXPECT_EQ(take(),
              (Strings{
                  error("null", ErrorCode::ParseError, "not JSON at byte 2"),
                  error("null", ErrorCode::InvalidRequest,
                        "batches are not part of the Language Server Protocol"),
                  error("null", ErrorCode::InvalidRequest, "id: expected a number or a string"),
              }));
    EXPECT_EQ(log.size(), 5U);
    EXPECT_EQ(log[3], "ignored a response to unknown request 77");
}

TEST_F(ConnectionTest, HandlerThatThrowsAnswersInternalError) {
    initialize();
    connection->router().on_request<method::ExecuteCommand>(
        [](const ExecuteCommandParams&, const Responder<RawJson>&) {
            throw std::runtime_error("oops");
        });
    connection->router().on_notification<method::SetTrace>(
        [](const SetTraceParams&) { throw std::runtime_error("trace"); });
    feed(
        {R"({"jsonrpc":"2.0","id":1,"method":"workspace/executeCommand","params":{"command":"c"}})",
         R"({"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}})", hover("2")});
    EXPECT_EQ(take(),
              Strings{error("1", ErrorCode::InternalError, "the server dropped this request")});
    EXPECT_EQ(anomalies, Strings{"request 1 workspace/executeCommand was dropped unanswered"});
    EXPECT_EQ(log, (Strings{"handler of workspace/executeCommand failed: oops",
                            "handler of $/setTrace failed: trace"}));
    EXPECT_EQ(hovers.size(), 1U);
}

// ---- Responders ----

TEST_F(ConnectionTest, RepliesOnceWhenItIsReady) {
    initialize();
    feed({hover("1"), hover("\"x\"")});
    EXPECT_EQ(take(), Strings());
    EXPECT_EQ(connection->requests_in_flight(), 2U);
    kept[1]->reply(std::nullopt);
    kept[0]->reply(Hover{{MarkupKind::Markdown, "text"}, std::nullopt});
    run();
    EXPECT_EQ(take(), (Strings{R"({"jsonrpc":"2.0","id":"x","result":null})",
                               R"({"jsonrpc":"2.0","id":1,"result":{"contents":{"kind":"markdown",)"
                               R"("value":"text"}}})"}));
    EXPECT_EQ(connection->requests_in_flight(), 0U);
}

TEST_F(ConnectionTest, SecondReplyIsDroppedAndReported) {
    initialize();
    feed({hover("1")});
    kept[0]->reply(std::nullopt);
    kept[0]->fail(ErrorCode::RequestFailed, "too late");
    kept.clear();
    run();
    EXPECT_EQ(take().size(), 1U);
    EXPECT_EQ(anomalies, Strings{"second answer to request 1 textDocument/hover"});
}

TEST_F(ConnectionTest, DroppedResponderAnswersInternalError) {
    initialize();
    feed({hover("1")});
    kept.clear();
    run();
    EXPECT_EQ(take(),
              Strings{error("1", ErrorCode::InternalError, "the server dropped this request")});
    EXPECT_EQ(anomalies, Strings{"request 1 textDocument/hover was dropped unanswered"});
}

TEST_F(ConnectionTest, MovedResponderAnswersOnce) {
    initialize();
    feed({hover("1"), hover("2")});
    AnyResponder moved = std::move(*kept[0]);
    EXPECT_FALSE(kept[0]->pending());
    EXPECT_TRUE(moved.pending());
    moved = std::move(*kept[1]); // drops the first
    moved.reply_raw(RawJson{"{\"contents\":{\"kind\":\"plaintext\",\"value\":\"\"}}"});
    kept.clear();
    run();
    EXPECT_EQ(take().size(), 2U);
    EXPECT_EQ(anomalies.size(), 1U);
}

TEST_F(ConnectionTest, RepliesFromAnotherThread) {
    initialize();
    feed({hover("1"), hover("2")});
    std::thread worker([this] {
        kept[0]->reply(std::nullopt);
        kept[1].reset();
    });
    worker.join();
    EXPECT_EQ(take(), Strings());
    run();
    EXPECT_EQ(take(),
              (Strings{R"({"jsonrpc":"2.0","id":1,"result":null})",
                       error("2", ErrorCode::InternalError, "the server dropped this request")}));
    EXPECT_EQ(anomalies.size(), 1U);
}

TEST_F(ConnectionTest, RespondersOutliveTheConnection) {
    initialize();
    feed({hover("1"), hover("2")});
    connection.reset();
    kept[0]->reply(std::nullopt);
    kept.clear();
    run();
    EXPECT_EQ(take(), Strings());
}

TEST_F(ConnectionTest, IdInUse) {
    initialize();
    feed({hover("1"), hover("1")});
    EXPECT_EQ(take(), Strings{error("1", ErrorCode::InvalidRequest, "id 1 is in use")});
    kept[0]->reply(std::nullopt);
    feed({hover("1")});
    EXPECT_EQ(hovers.size(), 2U);
}

// ---- Batches and cancellation ----

TEST_F(ConnectionTest, OneBatchPerDelivery) {
    initialize();
    feed({hover("1"), hover("2"), hover("3")});
    EXPECT_EQ(batches, 1);
    EXPECT_EQ(hovers.size(), 3U);
}

TEST_F(ConnectionTest, CancelReachesRequestsInFlight) {
    initialize();
    feed({hover("1"), hover("1.50")});
    EXPECT_FALSE(kept[0]->cancelled());
    feed({cancel("1"), cancel("1.5"), cancel("\"1\""), cancel("99")});
    EXPECT_TRUE(kept[0]->cancelled());
    EXPECT_TRUE(kept[1]->cancelled());
    kept[0]->fail(ErrorCode::RequestCancelled, "cancelled");
    kept[1]->reply(std::nullopt); // also right: it was done already
    run();
    EXPECT_EQ(take().size(), 2U);
    EXPECT_TRUE(anomalies.empty());
}

TEST_F(ConnectionTest, CancelledWithinTheBatchNeverReachesTheHandler) {
    initialize();
    feed({hover("1", "file:///one"), hover("2", "file:///two"), cancel("1")});
    EXPECT_EQ(hovers, Strings{"file:///two"});
    EXPECT_EQ(take(), Strings{error("1", ErrorCode::RequestCancelled, "cancelled by the client")});
}

TEST_F(ConnectionTest, CancelBeforeItsRequestCancelsNothing) {
    initialize();
    feed({cancel("1"), hover("1")});
    EXPECT_EQ(hovers.size(), 1U);
    EXPECT_FALSE(kept[0]->cancelled());
}

TEST_F(ConnectionTest, ShutdownCannotBeCancelled) {
    initialize();
    feed({R"({"jsonrpc":"2.0","id":1,"method":"shutdown"})", cancel("1")});
    EXPECT_EQ(take(), Strings{R"({"jsonrpc":"2.0","id":1,"result":null})"});
}

TEST_F(ConnectionTest, MalformedCancelIsLogged) {
    initialize();
    connection->router().on_notification<method::CancelRequest>(
        [](const CancelParams&) { FAIL(); });
    feed({R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}})",
          R"({"jsonrpc":"2.0","method":"$/cancelRequest"})"});
    EXPECT_EQ(log,
              (Strings{"ignored $/cancelRequest: params.id: expected a number or a string, got "
                       "an object",
                       "ignored $/cancelRequest: params: expected an object, got nothing"}));
}

// ---- Requests of ours ----

TEST_F(ConnectionTest, OutgoingRequestsGetTypedAnswers) {
    initialize();
    Strings outcomes;
    const auto note = [&outcomes](const Outcome<std::vector<RawJson>>& outcome) {
        if (!outcome.value) {
            outcomes.push_back("error " + outcome.error.message);
            return;
        }
        std::string text;
        for (const RawJson& item : *outcome.value) {
            text += item.text + ";";
        }
        outcomes.push_back(text);
    };
    const ConfigurationParams params{{{"file:///w", "awaitls"}}};
    connection->request<method::Configuration>(params, note);
    connection->request<method::Configuration>(params, note);
    connection->request<method::Configuration>(params, note);
    run();
    const Strings requests = take();
    ASSERT_EQ(requests.size(), 3U);
    EXPECT_EQ(requests[0], R"({"jsonrpc":"2.0","id":1,"method":"workspace/configuration",)"
                           R"("params":{"items":[{"scopeUri":"file:///w","section":"awaitls"}]}})");
    feed({R"({"jsonrpc":"2.0","id":3,"result":[{"a":1},null]})",
          R"({"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}})",
          R"({"jsonrpc":"2.0","id":2,"result":7})", R"({"jsonrpc":"2.0","id":2,"result":7})"});
    EXPECT_EQ(outcomes,
              (Strings{"{\"a\":1};null;", "error no", "error result: expected an array, got 7"}));
    EXPECT_EQ(log, Strings{"ignored a response to unknown request 2"});
}

TEST_F(ConnectionTest, RequestsWithoutParamsAndNullResults) {
    initialize();
    bool refreshed = false;
    std::optional<bool> chosen;
    connection->request<method::DiagnosticRefresh>(
        Null{},
        [&refreshed](const Outcome<Null>& outcome) { refreshed = outcome.value.has_value(); });
    connection->request<method::ShowMessageRequest>(
        {MessageType::Warning, "restart?", {{"yes"}}},
        [&chosen](const Outcome<std::optional<MessageActionItem>>& outcome) {
            chosen = outcome.value && outcome.value->has_value();
        });
    run();
    EXPECT_EQ(take()[0], R"({"jsonrpc":"2.0","id":1,"method":"workspace/diagnostic/refresh"})");
    feed(
        {R"({"jsonrpc":"2.0","id":1,"result":null})", R"({"jsonrpc":"2.0","id":2,"result":null})"});
    EXPECT_TRUE(refreshed);
    EXPECT_EQ(chosen, false);
}

TEST_F(ConnectionTest, OpenRequestsFailWhenTheConnectionEnds) {
    initialize();
    Strings outcomes;
    const auto note = [&outcomes](const Outcome<Null>& outcome) {
        outcomes.push_back(outcome.value ? "value" : outcome.error.message);
    };
    connection->request<method::DiagnosticRefresh>(Null{}, note);
    run();
    client->close();
    run();
    EXPECT_TRUE(ended);
    connection->request<method::DiagnosticRefresh>(Null{}, note);
    EXPECT_EQ(outcomes, (Strings{"the connection ended", "the connection ended"}));
}

TEST_F(ConnectionTest, CancelsRequestsOfOurs) {
    initialize();
    const Id id =
        connection->request<method::DiagnosticRefresh>(Null{}, [](const Outcome<Null>&) {});
    connection->cancel_request(id);
    connection->cancel_request(Id::integer(99));
    run();
    EXPECT_EQ(take().back(), R"({"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}})");
}

// ---- Traffic ----

TEST(Traffic, EveryBodyIsObserved) {
    asio::io_context io;
    auto [ours, theirs] = make_memory_transports(io);
    std::string record;
    Connection connection(std::move(ours), {{},
                                            {},
                                            [](const std::string&) {},
                                            [](const std::string&) {},
                                            [&record](Direction direction, std::string_view body) {
                                                record += traffic_record({7, 250}, direction, body);
                                            }});
    connection.start();
    theirs->start({[](const std::vector<std::string>&) {}, {}, {}});
    theirs->send("{\"jsonrpc\":\"2.0\",\n \"id\":1, \"method\":\"m\"}", {});
    theirs->send("{\xFF", {});
    io.poll();
    connection.notify<method::LogMessage>({MessageType::Info, "hi"});
    EXPECT_EQ(record, "{\"process\":7,\"time\":250,\"dir\":\"in\",\"message\":{\"id\":1,"
                      "\"jsonrpc\":\"2.0\",\"method\":\"m\"}}\n"
                      "{\"process\":7,\"time\":250,\"dir\":\"in\",\"text\":\"{\xEF\xBF\xBD\"}\n"
                      "{\"process\":7,\"time\":250,\"dir\":\"out\",\"message\":{\"error\":{"
                      "\"code\":-32002,\"message\":\"the first "
                      "request must be initialize\"},\"id\":1,\"jsonrpc\":\"2.0\"}}\n"
                      "{\"process\":7,\"time\":250,\"dir\":\"out\",\"message\":{\"error\":{"
                      "\"code\":-32700,\"message\":\"not JSON at "
                      "byte 2\"},\"id\":null,\"jsonrpc\":\"2.0\"}}\n"
                      "{\"process\":7,\"time\":250,\"dir\":\"out\",\"message\":{\"jsonrpc\":\"2."
                      "0\",\"method\":\"window/logMessage\","
                      "\"params\":{\"message\":\"hi\",\"type\":3}}}\n");
}

} // namespace
} // namespace awaitls::protocol
