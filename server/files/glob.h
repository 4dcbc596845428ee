#pragma once

// Shell patterns over paths with '/' as separator, matched in time proportional to pattern times
// path.

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// Whether `*` and `?` match a '/': in configuration they do (as in ruff), in .gitignore they do
/// not.
enum class Wildcards : std::uint8_t { CrossSeparators, StayInComponent };

/// `*`, `?`, `[a-z]`, `[!a-z]`, `**/` (any folders, or none), `{a,b}` (only where wildcards cross
/// separators), and backslash before a character that means itself. Any text is a pattern; a lone
/// `[` or `{` means itself.
class Glob {
public:
    Glob(std::string_view pattern, Wildcards wildcards);

    /// True when the whole path matches.
    bool matches(std::string_view path) const;

private:
    enum class Step : std::uint8_t { Byte, OneOf, Any, Run, RunAcross, Folders };
    struct Token {
        Step step;
        char byte = 0;
        std::uint32_t set = 0; // index in sets_, for OneOf
    };
    using ByteSet = std::bitset<256>;

    void compile(std::string_view pattern, Wildcards wildcards);
    bool run(const std::vector<Token>& tokens, std::string_view path) const;
    bool read_set(std::string_view pattern, std::size_t& at, std::vector<Token>& tokens);

    std::vector<std::vector<Token>> alternatives_;
    std::vector<ByteSet> sets_;
    bool any_matches_separator_ = false;
};

} // namespace awaitls::server
