#pragma once

// Cuts a file into regions: the parts that are parsed and analysed on their own. A region is a function with its
// decorators, a method, the head of a class (up to its first method), or a run of other statements. The cut needs no
// parse: it is found by a lexical scan that knows strings, brackets and indentation, so one open bracket damages
// only its own region.

#include "analysis/text/text.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

enum class RegionKind : std::uint8_t {
    Statements, // of the module or, with a parent, of a class body
    Definition, // a function, method or nested class, with its decorators
    ClassHead,  // decorators, the class line, and the statements before its first method
};

struct RegionRange {
    Span span; // starts at the start of a line (or of the file); ends where the next region starts
    RegionKind kind;
    std::int32_t
        parent; // for members: distance back to the ClassHead region in the list (1: the one before); else 0
    friend bool operator==(const RegionRange&, const RegionRange&) = default;
};

/// The cut of a file, and whether it was made in the mode for files with an unterminated triple-quoted string.
struct Outline {
    std::vector<RegionRange> regions; // cover the text without gaps; never empty
    bool unterminated_string = false;
    friend bool operator==(const Outline&, const Outline&) = default;
};

/// A line that begins with this announces a cell of a notebook; the rest of it is what the cell is called. A region begins
/// there, whatever brackets and strings the cell before leaves open.
inline constexpr std::string_view kCellMark = "# %% awaitls ";

/// Total and deterministic; O(text).
Outline make_outline(std::string_view text);

/// The outline of `after`, equal to make_outline(after), made from that of `before`, of which the texts share their
/// first `prefix` and last `suffix` bytes. Costs O(change + the two regions around it + number of regions).
Outline edit_outline(const Outline& before_outline, std::string_view before, std::string_view after,
                     std::uint32_t prefix, std::uint32_t suffix);

} // namespace awaitls::analysis
