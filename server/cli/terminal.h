#pragma once

// What a terminal is shown: colours, widths, progress.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace awaitls::server {

/// Whether text that goes to this descriptor is coloured: on a terminal, unless NO_COLOR is set or
/// TERM is "dumb"; anywhere where FORCE_COLOR is set.
bool use_color(int descriptor);

enum class Tint : std::uint8_t {
    Error,
    Warning,
    Information,
    Hint,
    Strong,
    Gutter,
    Added,
    Removed
};

/// The text in a colour, or as it is where `color` is false.
std::string tinted(bool color, Tint tint, std::string_view text);

/// Text as it can be shown in one line: tabs become blanks up to the next multiple of four columns,
/// and what would move the cursor, command the terminal or turn the direction of reading becomes
/// U+FFFD. The text is UTF-8.
struct Shown {
    std::string text;
    std::size_t width = 0; // columns
};
Shown show(std::string_view text, std::size_t start_column = 0);

/// The longest end, or beginning, of a text that takes at most `width` columns.
std::string_view last_columns(std::string_view text, std::size_t width);
std::string_view first_columns(std::string_view text, std::size_t width);

/// A bar on standard error, from half a second after its making on. Shown only where standard
/// output and standard error are a terminal. Belongs to one thread.
class Progress {
public:
    explicit Progress(std::size_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void update(std::size_t done);

private:
    std::size_t total_;
    bool enabled_;
    bool drawn_ = false;
    std::chrono::steady_clock::time_point begin_;
};

} // namespace awaitls::server
