#include "analysis/syntax/outline.h"

#include <algorithm>
#include <array>

namespace awaitls::analysis {

namespace {

/// Bytes at which the scan of a logical line has something to decide.
constexpr std::array<bool, 256> make_special() {
    std::array<bool, 256> table{};
    for (const char c : {'\n', '\r', '\\', '#', '"', '\'', '(', ')', '[', ']', '{', '}'})
        table[static_cast<unsigned char>(c)] = true;
    return table;
}
constexpr std::array<bool, 256> kSpecial = make_special();

bool is_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// What the first word of a logical line says.
enum class LineStart : std::uint8_t { Other, Def, Class, Decorator, Continuation };

class Scanner {
public:
    Scanner(std::string_view text, bool recover)
        : text_(text), size_(static_cast<std::uint32_t>(text.size())), recover_(recover) {}

    /// Scans from a region start and appends regions. `class_head` is the index in `out` of the class that the first of
    /// them is a member of, or -1. `stop(offset, member)` is asked at each later region start; true ends the scan before
    /// that region. Returns the index of the class that is open there, or -1.
    template <typename Stop>
    std::int32_t scan(std::uint32_t from, std::int32_t class_head, std::vector<RegionRange>& out,
                      Stop stop) {
        bool first = true;
        bool decorated = false;         // the last line on the region's own level was a decorator
        std::uint32_t class_indent = 0; // indentation of the class's body, 0 while unknown
        std::uint32_t at = from;
        if (class_head < 0) {
            open_region(out, from, RegionKind::Statements, 0);
        } else {
            // The first line of a member stands at the indentation of the class's body and says what it is.
            const std::uint32_t begin = skip_blanks(from, class_indent);
            const LineStart start = classify(begin);
            open_region(out, from,
                        is_definition(start) ? RegionKind::Definition : RegionKind::Statements,
                        static_cast<std::int32_t>(out.size()) - class_head);
            first = false;
            decorated = start == LineStart::Decorator;
            at = logical_line_end(begin, class_indent);
        }
        while (at < size_) {
            const std::uint32_t line = at;
            std::uint32_t indent = 0;
            const std::uint32_t begin = skip_blanks(at, indent);
            if (begin >= size_) break;
            const char c = text_[begin];
            if (c == '\n' || c == '\r') {
                at = next_line(begin);
                continue;
            }
            if (c == '#') {
                if (begin == line && is_cell_mark(line) && out.back().span.begin != line) {
                    close(out, line);
                    if (stop(line, false)) return -1;
                    open_region(out, line, RegionKind::Statements, 0);
                    class_head = -1;
                    class_indent = 0;
                    decorated = false;
                    first = true;
                }
                at = next_line(end_of_line(begin));
                continue;
            }
            const LineStart start = classify(begin);
            if (indent == 0) {
                decorated = decorated &&
                            out.back().parent == 0; // a member's decorator is not one of this line
                const bool definition = is_definition(start);
                const RegionKind kind = start == LineStart::Class ? RegionKind::ClassHead
                                        : definition              ? RegionKind::Definition
                                                                  : RegionKind::Statements;
                const bool on_statements =
                    class_head < 0 && out.back().kind == RegionKind::Statements;
                bool opens = false;
                if (definition)
                    opens = !decorated;
                else if (start != LineStart::Continuation)
                    opens = !on_statements;
                if (first) {
                    out.back().kind = kind;
                    opens = false;
                    if (start == LineStart::Class)
                        class_head = static_cast<std::int32_t>(out.size()) - 1;
                } else if (opens) {
                    close(out, line);
                    if (stop(line, false)) return -1;
                    open_region(out, line, kind, 0);
                    class_head = kind == RegionKind::ClassHead
                                     ? static_cast<std::int32_t>(out.size()) - 1
                                     : -1;
                    class_indent = 0;
                } else if (decorated && start == LineStart::Class) {
                    out.back().kind = RegionKind::ClassHead;
                    class_head = static_cast<std::int32_t>(out.size()) - 1;
                    class_indent = 0;
                }
                decorated = start == LineStart::Decorator;
                first = false;
            } else if (class_head >= 0 && !first) {
                if (class_indent == 0) class_indent = indent;
                if (indent == class_indent) {
                    const bool definition = is_definition(start);
                    const bool on_statements = out.back().kind != RegionKind::Definition;
                    const bool opens = definition
                                           ? !decorated
                                           : start != LineStart::Continuation && !on_statements;
                    if (opens) {
                        close(out, line);
                        if (stop(line, true)) return class_head;
                        open_region(out, line,
                                    definition ? RegionKind::Definition : RegionKind::Statements,
                                    static_cast<std::int32_t>(out.size()) - class_head);
                    }
                    decorated = start == LineStart::Decorator;
                }
            } else {
                first = false;
            }
            at = logical_line_end(begin, indent);
        }
        close(out, size_);
        return class_head;
    }

    bool unterminated() const { return unterminated_; }

private:
    static bool is_definition(LineStart start) {
        return start == LineStart::Def || start == LineStart::Class ||
               start == LineStart::Decorator;
    }
    static void open_region(std::vector<RegionRange>& out, std::uint32_t begin, RegionKind kind,
                            std::int32_t parent) {
        out.push_back({{begin, begin}, kind, parent});
    }
    static void close(std::vector<RegionRange>& out, std::uint32_t end) {
        out.back().span.end = end;
    }

    std::uint32_t skip_blanks(std::uint32_t at, std::uint32_t& indent) const {
        indent = 0;
        for (; at < size_; ++at) {
            const char c = text_[at];
            if (c == ' ')
                ++indent;
            else if (c == '\t')
                indent = (indent / 8 + 1) * 8;
            else if (c == '\f')
                indent = 0;
            else
                break;
        }
        return at;
    }

    /// Requires: `at` is the start of a line.
    bool is_cell_mark(std::uint32_t at) const {
        return at < size_ && text_[at] == '#' && text_.substr(at).starts_with(kCellMark);
    }

    std::uint32_t end_of_line(std::uint32_t at) const {
        while (at < size_ && text_[at] != '\n' && text_[at] != '\r') ++at;
        return at;
    }

    /// Behind the line terminator that stands at `at`.
    std::uint32_t next_line(std::uint32_t at) const {
        if (at < size_ && text_[at] == '\r') {
            ++at;
            if (at < size_ && text_[at] == '\n') ++at;
            return at;
        }
        return at < size_ ? at + 1 : at;
    }

    std::string_view word(std::uint32_t at) const {
        std::uint32_t end = at;
        while (end < size_ && is_word(text_[end])) ++end;
        return text_.substr(at, end - at);
    }

    /// The word behind `word`, on the same line.
    std::string_view second_word(std::uint32_t at, std::string_view first) const {
        std::uint32_t next = at + static_cast<std::uint32_t>(first.size());
        while (next < size_ && (text_[next] == ' ' || text_[next] == '\t')) ++next;
        return word(next);
    }

    LineStart classify(std::uint32_t at) const {
        switch (text_[at]) {
        case '@': return LineStart::Decorator;
        case 'd': return word(at) == "def" ? LineStart::Def : LineStart::Other;
        case 'c': return word(at) == "class" ? LineStart::Class : LineStart::Other;
        case 'a':
            return word(at) == "async" && second_word(at, "async") == "def" ? LineStart::Def
                                                                            : LineStart::Other;
        case 'e': {
            const std::string_view w = word(at);
            return w == "else" || w == "elif" || w == "except" ? LineStart::Continuation
                                                               : LineStart::Other;
        }
        case 'f': return word(at) == "finally" ? LineStart::Continuation : LineStart::Other;
        default: return LineStart::Other;
        }
    }

    /// True when a line that starts so cannot stand inside brackets: a bracket before it was left open.
    bool starts_statement(std::uint32_t at) const {
        const std::string_view w = word(at);
        switch (w.size()) {
        case 3: return w == "def" || w == "try" || w == "del";
        case 4: return w == "with" || w == "pass" || w == "elif";
        case 5: {
            if (w == "async") {
                const std::string_view second = second_word(at, w);
                return second == "def" || second == "with";
            }
            return w == "class" || w == "while" || w == "raise" || w == "break";
        }
        case 6:
            return w == "return" || w == "import" || w == "global" || w == "assert" ||
                   w == "except";
        case 7: return w == "finally";
        case 8: return w == "continue" || w == "nonlocal";
        default: return false;
        }
    }

    bool starts_definition(std::uint32_t at) const {
        const LineStart start = classify(at);
        return start == LineStart::Def || start == LineStart::Class;
    }

    /// Behind the string literal whose quote stands at `at`, or at the line end that cuts it off.
    std::uint32_t skip_string(std::uint32_t at, std::uint32_t line_indent) {
        const char quote = text_[at];
        const bool triple = at + 2 < size_ && text_[at + 1] == quote && text_[at + 2] == quote;
        if (!triple) {
            ++at;
            while (at < size_) {
                const char c = text_[at];
                if (c == quote) return at + 1;
                if (c == '\n' || c == '\r') return at;
                if (c != '\\' || at + 1 >= size_) {
                    ++at;
                } else if (text_[at + 1] == '\n' || text_[at + 1] == '\r') {
                    if (is_cell_mark(next_line(at + 1))) return at + 1;
                    at = next_line(at + 1);
                } else {
                    at += 2;
                }
            }
            return size_;
        }
        at += 3;
        while (at < size_) {
            const char c = text_[at];
            if (c == quote && at + 2 < size_ && text_[at + 1] == quote && text_[at + 2] == quote)
                return at + 3;
            if (c == '\\') {
                at += 2;
                if (is_cell_mark(at) && (text_[at - 1] == '\n' || text_[at - 1] == '\r'))
                    return at - 1;
            } else if (c == '\n' || c == '\r') {
                const std::uint32_t line = next_line(at);
                if (is_cell_mark(line)) return at;
                std::uint32_t indent = 0;
                const std::uint32_t next = recover_ ? skip_blanks(line, indent) : size_;
                if (indent <= line_indent && next < size_ && starts_definition(next)) return at;
                at = line;
            } else {
                ++at;
            }
        }
        unterminated_ = true;
        return size_;
    }

    /// Start of the line behind the logical line that starts at `at`.
    std::uint32_t logical_line_end(std::uint32_t at, std::uint32_t line_indent) {
        std::uint32_t depth = 0;
        while (at < size_) {
            const char c = text_[at];
            if (!kSpecial[static_cast<unsigned char>(c)]) {
                ++at;
                continue;
            }
            switch (c) {
            case '"':
            case '\'': at = skip_string(at, line_indent); break;
            case '(':
            case '[':
            case '{':
                ++depth;
                ++at;
                break;
            case ')':
            case ']':
            case '}':
                if (depth > 0) --depth;
                ++at;
                break;
            case '#': at = end_of_line(at); break;
            case '\\':
                ++at;
                if (at < size_ && (text_[at] == '\n' || text_[at] == '\r')) {
                    at = next_line(at);
                    if (is_cell_mark(at)) return at;
                }
                break;
            default: {
                at = next_line(at);
                if (depth == 0 || is_cell_mark(at)) return at;
                std::uint32_t indent = 0;
                const std::uint32_t next = skip_blanks(at, indent);
                if (next < size_ && starts_statement(next)) return at;
            }
            }
        }
        return size_;
    }

    std::string_view text_;
    std::uint32_t size_;
    bool recover_;
    bool unterminated_ = false;
};

} // namespace

Outline make_outline(std::string_view text) {
    Outline outline;
    const auto never = [](std::uint32_t, bool) { return false; };
    Scanner scanner(text, false);
    scanner.scan(0, -1, outline.regions, never);
    if (scanner.unterminated()) {
        outline.unterminated_string = true;
        outline.regions.clear();
        Scanner(text, true).scan(0, -1, outline.regions, never);
    }
    return outline;
}

Outline edit_outline(const Outline& before_outline, std::string_view before, std::string_view after,
                     std::uint32_t prefix, std::uint32_t suffix) {
    const std::vector<RegionRange>& old = before_outline.regions;
    if (before_outline.unterminated_string) return make_outline(after);
    // The region in which the texts part, and one more: a new first line may join it to the region before.
    const auto behind = std::upper_bound(
        old.begin(), old.end(), prefix,
        [](std::uint32_t offset, const RegionRange& region) { return offset < region.span.begin; });
    std::size_t restart = static_cast<std::size_t>(behind - old.begin());
    restart = restart >= 2 ? restart - 2 : 0;
    const std::int32_t head =
        old[restart].parent == 0 ? -1 : static_cast<std::int32_t>(restart) - old[restart].parent;

    Outline result;
    result.regions.reserve(old.size() + 8);
    result.regions.assign(old.begin(), old.begin() + static_cast<std::ptrdiff_t>(restart));
    const std::uint32_t new_tail = static_cast<std::uint32_t>(after.size()) - suffix;
    const std::int64_t delta =
        static_cast<std::int64_t>(after.size()) - static_cast<std::int64_t>(before.size());
    std::size_t resume = old.size();
    Scanner scanner(after, false);
    const std::int32_t open_class = scanner.scan(
        old[restart].span.begin, head, result.regions, [&](std::uint32_t offset, bool member) {
            if (offset < new_tail) return false;
            const std::uint32_t old_offset = static_cast<std::uint32_t>(offset - delta);
            const auto it = std::lower_bound(
                old.begin(), old.end(), old_offset,
                [](const RegionRange& region, std::uint32_t o) { return region.span.begin < o; });
            if (it == old.end() || it->span.begin != old_offset || (it->parent != 0) != member)
                return false;
            resume = static_cast<std::size_t>(it - old.begin());
            return true;
        });
    if (scanner.unterminated()) return make_outline(after);
    // From the same line on, the scan does the same, be it at the top level or in a class: a member's first line gives the
    // indentation of its class. Only how far the members are from the class's head may differ.
    bool in_open_class = open_class >= 0;
    for (std::size_t i = resume; i < old.size(); ++i) {
        RegionRange region = old[i];
        region.span = region.span.shifted(delta);
        in_open_class = in_open_class && region.parent != 0;
        if (in_open_class)
            region.parent = static_cast<std::int32_t>(result.regions.size()) - open_class;
        result.regions.push_back(region);
    }
    return result;
}

} // namespace awaitls::analysis
