// A JSON-RPC session of any messages, one per line of the input: every request gets exactly one
// answer, every message sent is valid JSON in valid UTF-8, every structure of the protocol takes
// any JSON without more than a ReadError, and what was read is the same after writing and reading
// it again.

#include "protocol/connection.h"
#include "protocol/diagnostics_message.h"
#include "protocol/json_text.h"
#include "protocol/messages.h"
#include "protocol/uri.h"

#include <asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace awaitls::protocol;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// The text of a value after reading it as `T`; empty if it is none.
template <class T>
std::string echo(const nlohmann::json& value) {
    try {
        T structure{};
        read(Reader(value, "params"), structure);
        return to_json(structure).text;
    } catch (const ReadError& error) {
        require(std::string_view(error.what()).substr(0, 6) == "params");
        return {};
    }
}

template <class T>
void check_structure(const nlohmann::json& value) {
    const std::string once = echo<T>(value);
    if (once.empty()) {
        return;
    }
    const ParsedJson parsed = parse_json(once);
    require(parsed.value && !parsed.repaired);
    require(echo<T>(*parsed.value) == once);
}

void check_every_structure(const nlohmann::json& value) {
#define AWAITLS_CHECK(T) check_structure<T>(value);
    AWAITLS_PROTOCOL_TYPES(AWAITLS_CHECK)
#undef AWAITLS_CHECK
}

template <class Request>
void answer_by_turns(Router& router, std::vector<AnyResponder>& kept) {
    router.on_request<Request>(
        [&kept](const typename Request::Params&, Responder<typename Request::Result> responder) {
            if (kept.size() % 3 == 0) {
                responder.reply({});
            } else if (kept.size() % 3 == 1) {
                return; // dropped
            }
            kept.push_back(std::move(responder));
        });
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);

    asio::io_context io;
    auto [ours, client] = make_memory_transports(io);
    std::size_t requests = 0;
    std::size_t answers = 0;
    Connection connection(std::move(ours),
                          {{},
                           {},
                           [](const std::string&) {},
                           [](const std::string&) {},
                           [&requests, &answers](Direction direction, std::string_view body) {
                               const Message message = parse_message(body);
                               if (direction == Direction::In) {
                                   requests +=
                                       message.kind == MessageKind::Request ||
                                       (message.kind == MessageKind::Invalid && message.answerable);
                                   return;
                               }
                               require(message.document && !message.repaired);
                               answers += message.kind == MessageKind::Response;
                               require(!traffic_record({}, direction, body).empty());
                           }});
    std::vector<AnyResponder> kept;
    Router& router = connection.router();
    answer_by_turns<method::Initialize>(router, kept);
    answer_by_turns<method::HoverAt>(router, kept);
    answer_by_turns<method::CodeActions>(router, kept);
    answer_by_turns<method::DocumentDiagnostic>(router, kept);
    answer_by_turns<method::CodeActionResolve>(router, kept);
    router.on_notification<method::DidOpen>([](const DidOpenTextDocumentParams& params) {
        const Uri uri = parse_uri(params.text_document.uri);
        require(uri.text == params.text_document.uri);
        if (const std::optional<std::string> path = uri.file_path(); path && uri.is_file()) {
            require(parse_uri(file_uri(*path)).file_path() == path);
        }
    });
    router.on_notification<method::DidChange>([](const DidChangeTextDocumentParams&) {});
    connection.start();
    client->start({[](const std::vector<std::string>&) {}, {}, {}});

    std::string_view rest = input;
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        client->send(std::string(line));
        const ParsedJson parsed = parse_json(line);
        if (parsed.value) {
            check_every_structure(*parsed.value);
            if (parsed.value->is_object() && parsed.value->contains("params")) {
                check_every_structure((*parsed.value)["params"]);
            }
        }
    }
    io.run();
    kept.clear();
    io.restart();
    io.run();
    require(connection.requests_in_flight() == 0);
    require(answers == requests);

    DiagnosticsMessage publish = DiagnosticsMessage::publish(input, 1);
    Diagnostic diagnostic;
    diagnostic.message = input;
    publish.add(diagnostic);
    publish.add(to_json(diagnostic));
    const ParsedJson published = parse_json(publish.finish());
    require(published.value && !published.repaired);
    return 0;
}
