#pragma once

// Annotations given as text: strings in source code and the `returns` column of the knowledge tables.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// A parsed annotation: a dotted name, with arguments when it is subscripted. `X | Y` is the name "|" with both as
/// arguments; `[A, B]` is the name "[]"; anything else (literals, `...`) has an empty name.
struct Annotation {
    std::string_view name;
    std::vector<Annotation> arguments;
};

/// Total: text that is no annotation gives one with an empty name. Nesting deeper than 32 is cut off.
Annotation parse_annotation(std::string_view text);

/// False where comments, backslashes or blanks around dots stand between the names: plain_annotation() takes them out.
bool is_plain_annotation(std::string_view text);
std::string plain_annotation(std::string_view text);

} // namespace awaitls::analysis
