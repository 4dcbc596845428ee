// Frames from any bytes: the pieces in which they arrive change nothing, memory stays bounded by
// the input, and what we encode is decoded again.

#include "protocol/framing.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using awaitls::protocol::FrameDecoder;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct Decoded {
    std::vector<std::string> bodies;
    bool at_boundary = false;
};

/// Feeds pieces whose sizes repeat `step`.
Decoded decode(std::string_view stream, const std::vector<std::size_t>& steps) {
    FrameDecoder decoder;
    Decoded result;
    std::size_t turn = 0;
    while (!stream.empty()) {
        const std::size_t size = std::min(stream.size(), steps[turn++ % steps.size()]);
        decoder.feed(stream.substr(0, size));
        stream.remove_prefix(size);
        for (std::string& body : decoder.take_bodies()) {
            result.bodies.push_back(std::move(body));
        }
        require(decoder.take_warnings().size() <= 17);
    }
    result.at_boundary = decoder.at_boundary();
    return result;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);

    const Decoded whole = decode(input, {size + 1});
    std::vector<std::size_t> steps;
    for (const char byte : input.substr(0, 8)) {
        steps.push_back(static_cast<std::size_t>(static_cast<unsigned char>(byte)) % 37 + 1);
    }
    steps.push_back(1);
    std::size_t total = 0;
    for (const std::string& body : whole.bodies) {
        total += body.size();
    }
    require(total <= size);
    require(decode(input, {1}).bodies == whole.bodies);
    const Decoded pieces = decode(input, steps);
    require(pieces.bodies == whole.bodies);
    require(pieces.at_boundary == whole.at_boundary);

    const std::string framed = awaitls::protocol::encode_frame(input);
    const Decoded back = decode(framed + framed, steps);
    require(back.bodies == std::vector<std::string>(2, std::string(input)) && back.at_boundary);
    return 0;
}
