#pragma once

#include "protocol/json_writer.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace awaitls::protocol {

/// Values nested deeper than this are refused.
inline constexpr int kMaxJsonDepth = 256;

struct ParsedJson {
    /// Null when the text is not JSON; then `error` says why and at which byte.
    std::shared_ptr<const nlohmann::json> value;
    /// Lone surrogate escapes or invalid UTF-8 were replaced by U+FFFD: strings in it may differ
    /// from what the sender holds.
    bool repaired = false;
    std::string error;
    /// The text of the number at `.id`, where it is no integer of 64 bits, so that it can be
    /// echoed.
    std::string fractional_id;
};

/// Parses one JSON document. Text that JavaScript can legally emit but that is not valid JSON in
/// UTF-8 (lone surrogate escapes, broken bytes) is repaired and parsed once more. Never throws on
/// any input.
ParsedJson parse_json(std::string_view text);

/// Replaces every lone surrogate escape by \ufffd and every invalid UTF-8 byte by U+FFFD.
std::string repair_json_text(std::string_view text);

/// Serialises without ever throwing: invalid UTF-8 becomes U+FFFD.
std::string dump_json(const nlohmann::json& value);

} // namespace awaitls::protocol
