#include "server/cli/terminal.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace awaitls::server {

namespace {

constexpr std::size_t kTabWidth = 4;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

struct Range {
    char32_t first;
    char32_t last;
};
// Characters that take two columns, and none, in the terminals of today; the rest take one.
constexpr Range kWide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},
    {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
};
constexpr Range kZero[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x200B, 0x200D}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};
constexpr Range kHarmful[] = {
    {0x00, 0x1F},     {0x7F, 0x9F},     {0x200E, 0x200F},
    {0x2028, 0x202E}, {0x2066, 0x2069}, {0xFEFF, 0xFEFF},
};

template <std::size_t size>
bool within(char32_t c, const Range (&ranges)[size]) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [c](const Range& range) { return range.first <= c && c <= range.last; });
}

/// Decodes the character at `at` and moves behind it. Bytes that are no UTF-8 count as U+FFFD, one
/// by one.
char32_t next_character(std::string_view text, std::size_t& at) {
    const unsigned char lead = static_cast<unsigned char>(text[at]);
    const std::size_t length = lead < 0x80   ? 1
                               : lead < 0xC2 ? 0
                               : lead < 0xE0 ? 2
                               : lead < 0xF0 ? 3
                               : lead < 0xF5 ? 4
                                             : 0;
    if (length == 0 || at + length > text.size()) {
        ++at;
        return 0xFFFD;
    }
    char32_t c = length == 1 ? lead : lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const unsigned char byte = static_cast<unsigned char>(text[at + i]);
        if ((byte & 0xC0) != 0x80) {
            ++at;
            return 0xFFFD;
        }
        c = (c << 6) | (byte & 0x3Fu);
    }
    at += length;
    return c;
}

std::size_t character_width(char32_t c, std::size_t column) {
    if (c == '\t') return kTabWidth - column % kTabWidth;
    if (c < 0x7F) return 1;
    if (within(c, kZero)) return 0;
    return within(c, kWide) ? 2 : 1;
}

std::string_view tint_code(Tint tint) {
    switch (tint) {
    case Tint::Error: return "1;31";
    case Tint::Warning: return "1;33";
    case Tint::Information: return "1;36";
    case Tint::Hint: return "1;32";
    case Tint::Strong: return "1";
    case Tint::Gutter: return "1;34";
    case Tint::Added: return "32";
    case Tint::Removed: break;
    }
    return "31";
}

std::size_t terminal_width() {
    winsize size{};
    const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : 80;
}

} // namespace

bool use_color(int descriptor) {
    const auto is_set = [](const char* name) {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0';
    };
    if (is_set("NO_COLOR")) return false;
    if (is_set("FORCE_COLOR")) return true;
    const char* term = std::getenv("TERM");
    return ::isatty(descriptor) == 1 && (term == nullptr || std::string_view(term) != "dumb");
}

std::string tinted(bool color, Tint tint, std::string_view text) {
    if (!color || text.empty()) return std::string(text);
    return fmt::format("\x1b[{}m{}\x1b[0m", tint_code(tint), text);
}

Shown show(std::string_view text, std::size_t start_column) {
    Shown shown;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        const char32_t c = next_character(text, at);
        const std::size_t width = character_width(c, start_column + shown.width);
        if (c == '\t')
            shown.text.append(width, ' ');
        else if (c == 0xFFFD || within(c, kHarmful))
            shown.text += kReplacement;
        else
            shown.text += text.substr(begin, at - begin);
        shown.width += width;
    }
    return shown;
}

std::string_view first_columns(std::string_view text, std::size_t width) {
    std::size_t column = 0;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = at;
        column += character_width(next_character(text, at), column);
        if (column > width) return text.substr(0, begin);
    }
    return text;
}

std::string_view last_columns(std::string_view text, std::size_t width) {
    std::size_t surplus = show(text).width;
    std::size_t at = 0;
    while (at < text.size() && surplus > width) {
        const std::size_t columns = character_width(next_character(text, at), 0);
        surplus -= std::min(surplus, columns);
    }
    return text.substr(at);
}

Progress::Progress(std::size_t total)
    : total_(total),
      enabled_(::isatty(STDERR_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1),
      begin_(std::chrono::steady_clock::now()) {
    const char* term = std::getenv("TERM");
    if (term == nullptr || std::string_view(term) == "dumb") enabled_ = false;
}

Progress::~Progress() {
    if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::size_t done) {
    constexpr std::chrono::milliseconds kPatience{500};
    if (!enabled_ || std::chrono::steady_clock::now() - begin_ < kPatience) return;
    const std::string count = fmt::format(" {}/{} files", done, total_);
    const std::size_t room = terminal_width();
    const std::size_t width =
        room > count.size() + 12 ? std::min<std::size_t>(40, room - count.size() - 12) : 0;
    const std::size_t filled = total_ == 0 ? width : width * done / total_;
    fmt::print(stderr, "\rchecking [{}{}]{}\x1b[K", std::string(filled, '#'),
               std::string(width - filled, ' '), count);
    std::fflush(stderr);
    drawn_ = true;
}

} // namespace awaitls::server
