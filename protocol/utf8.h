#pragma once

#include <cstddef>
#include <string_view>

namespace awaitls::protocol {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";

/// Length (1 to 4) of the valid UTF-8 sequence at `text[at]`, 0 if there is none. Surrogates,
/// overlong forms and code points above U+10FFFF are not valid. Requires: at < text.size().
std::size_t utf8_sequence_length(std::string_view text, std::size_t at);

} // namespace awaitls::protocol
