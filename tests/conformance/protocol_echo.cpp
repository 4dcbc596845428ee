// Reads and writes the structures of protocol/types.h on demand, for the comparison with the meta
// model.
//
// Each line of stdin is {"type": NAME, "value": ...}; the answer on stdout is one line, {"value":
// ...}: what was read, written again, or {"error": "..."}. --list prints the names instead.

#include "protocol/codec.h"
#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "protocol/types.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <string_view>

namespace {

using namespace awaitls::protocol;

using Echo = std::function<std::string(const Reader&)>;

template <class T>
std::string echo(const Reader& reader) {
    T value{};
    read(reader, value);
    return to_json(value).text;
}

std::map<std::string, Echo> all_structures() {
    std::map<std::string, Echo> structures;
#define AWAITLS_ADD(T) structures[#T] = echo<T>;
    AWAITLS_PROTOCOL_TYPES(AWAITLS_ADD)
#undef AWAITLS_ADD
    structures["ClientCapabilities"] = echo<ClientCapabilities>;
    return structures;
}

std::string answer(const std::map<std::string, Echo>& structures, const std::string& line) {
    JsonWriter writer;
    writer.begin_object();
    try {
        const ParsedJson request = parse_json(line);
        if (!request.value) {
            throw ReadError(request.error);
        }
        const Reader reader(*request.value, "request");
        const auto found = structures.find(reader.field("type").string());
        if (found == structures.end()) {
            reader.field("type").fail("the name of a structure");
        }
        const Reader value(request.value->at("value"), "value");
        writer.key("value");
        writer.raw(found->second(value));
    } catch (const ReadError& error) {
        JsonWriter failure;
        failure.begin_object();
        failure.key("error");
        failure.string(error.what());
        failure.end_object();
        return failure.take();
    }
    writer.end_object();
    return writer.take();
}

} // namespace

int main(int argc, char** argv) {
    const std::map<std::string, Echo> structures = all_structures();
    if (argc > 1 && std::string_view(argv[1]) == "--list") {
        for (const auto& [name, unused] : structures) {
            std::puts(name.c_str());
        }
        return 0;
    }
    std::string line;
    while (std::getline(std::cin, line)) {
        std::puts(answer(structures, line).c_str());
        std::fflush(stdout);
    }
    return 0;
}
