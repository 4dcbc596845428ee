// A language server that does nothing: it answers each change with an empty report at once, by push or (first argument
// `pull`) when asked. What it takes is the floor of client, pipe and scheduler under every other server's latency.

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace {

/// The text behind `"key":` in a message, up to the end of the message. No parser: the client is our own, and the first
/// place where a key stands is the right one in what it sends.
std::string_view behind(std::string_view body, std::string_view key) {
    const std::size_t at = body.find(key);
    return at == std::string_view::npos ? std::string_view() : body.substr(at + key.size());
}

std::string_view number(std::string_view text) {
    std::size_t end = 0;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return text.substr(0, end);
}

std::string_view string(std::string_view text) {
    return text.substr(0, text.find('"'));
}

void send(const std::string& body) {
    const std::string message =
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    for (std::size_t done = 0; done < message.size();) {
        const ssize_t written =
            ::write(STDOUT_FILENO, message.data() + done, message.size() - done);
        if (written <= 0) std::exit(EXIT_FAILURE);
        done += static_cast<std::size_t>(written);
    }
}

void reply(std::string_view body, std::string_view result) {
    send(R"({"jsonrpc":"2.0","id":)" + std::string(number(behind(body, R"("id":)"))) +
         R"(,"result":)" + std::string(result) + "}");
}

void answer(std::string_view body, bool pull) {
    const std::string_view method = string(behind(body, R"("method":")"));
    if (method == "initialize") {
        reply(body, pull ? R"({"capabilities":{"textDocumentSync":2,"diagnosticProvider":)"
                           R"({"interFileDependencies":false,"workspaceDiagnostics":false}}})"
                         : R"({"capabilities":{"textDocumentSync":2}})");
    } else if (method == "textDocument/diagnostic") {
        reply(body, R"({"kind":"full","items":[]})");
    } else if (!pull && (method == "textDocument/didOpen" || method == "textDocument/didChange")) {
        send(R"({"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":{"uri":")" +
             std::string(string(behind(body, R"("uri":")"))) + R"(","version":)" +
             std::string(number(behind(body, R"("version":)"))) + R"(,"diagnostics":[]}})");
    } else if (method == "shutdown") {
        reply(body, "null");
    } else if (method == "exit") {
        std::exit(EXIT_SUCCESS);
    }
}

} // namespace

int main(int argc, char** argv) {
    const bool pull = argc > 1 && std::string_view(argv[1]) == "pull";
    std::string input;
    std::string chunk(64 * 1024, '\0');
    for (;;) {
        const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
        if (got <= 0) return EXIT_SUCCESS;
        input.append(chunk, 0, static_cast<std::size_t>(got));
        std::size_t at = 0;
        for (;;) {
            const std::size_t end = input.find("\r\n\r\n", at);
            if (end == std::string::npos) break;
            const std::string_view header = std::string_view(input).substr(at, end - at);
            const std::string_view length = number(behind(header, "Content-Length: "));
            const std::size_t size = length.empty() ? 0 : std::stoul(std::string(length));
            if (input.size() < end + 4 + size) break;
            answer(std::string_view(input).substr(end + 4, size), pull);
            at = end + 4 + size;
        }
        input.erase(0, at);
    }
}
