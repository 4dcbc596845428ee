#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>

namespace awaitls::protocol {

/// What a column counts: bytes, UTF-16 code units or code points.
enum class PositionEncoding : std::uint8_t { Utf8, Utf16, Utf32 };

/// The protocol's name: "utf-8", "utf-16", "utf-32".
std::string_view position_encoding_name(PositionEncoding encoding);
std::optional<PositionEncoding> position_encoding_from_name(std::string_view name);

/// Line and column, from 0, at most kMaxUinteger. May lie outside the text; the receiver clamps.
struct Position {
    std::uint32_t line = 0;
    std::uint32_t character = 0;
    auto operator<=>(const Position&) const = default;
};

/// Half open. A client may send start after end; nothing here orders it.
struct Range {
    Position start;
    Position end;
    bool operator==(const Range&) const = default;
};

} // namespace awaitls::protocol
