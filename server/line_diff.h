#pragma once

// How the lines of one text become those of another.

#include <cstddef>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// Splits after each LF; a last line without one counts as well.
std::vector<std::string_view> split_lines(std::string_view text);

/// A line that is kept (' '), removed ('-') or added ('+').
struct LineStep {
    char sign;
    std::ptrdiff_t before; // index of the line in the old text, or where it would stand
    std::ptrdiff_t after;
};

/// A shortest edit script (Myers 1986), in order. Where the texts differ in very many lines, what lies
/// between their common ends is replaced whole.
std::vector<LineStep> line_steps(const std::vector<std::string_view>& before,
                                 const std::vector<std::string_view>& after);

} // namespace awaitls::server
