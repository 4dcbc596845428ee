#include "tests/support/random_edits.h"

#include <algorithm>
#include <array>

namespace awaitls::tests {

namespace {

constexpr std::array<std::string_view, 41> kSnippets = {"a",
                                                        "x",
                                                        "_",
                                                        "1",
                                                        ".",
                                                        ",",
                                                        ":",
                                                        "(",
                                                        ")",
                                                        "[",
                                                        "]",
                                                        "{",
                                                        "}",
                                                        "\"",
                                                        "'",
                                                        "\"\"\"",
                                                        "'''",
                                                        "#",
                                                        "\\",
                                                        "@",
                                                        "=",
                                                        "\n",
                                                        "\n    ",
                                                        "\n\n",
                                                        "\r\n",
                                                        "    ",
                                                        "await ",
                                                        "async ",
                                                        "def f():\n",
                                                        "async def g(self):\n        ",
                                                        "class A:\n",
                                                        "import time\n",
                                                        "time.sleep(1)",
                                                        "asyncio.sleep(1)",
                                                        "return ",
                                                        "f\"{x}\"",
                                                        "  # noqa\n",
                                                        "\xc3\xa9",
                                                        "\xf0\x9f\x90\x8d",
                                                        "else:\n",
                                                        "\n# %% awaitls cell 1\n"};

/// Start of the line that holds the offset.
std::size_t line_begin(std::string_view text, std::size_t at) {
    const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
    return before == std::string_view::npos ? 0 : before + 1;
}

std::size_t line_end(std::string_view text, std::size_t at) {
    const std::size_t end = text.find('\n', at);
    return end == std::string_view::npos ? text.size() : end + 1;
}

analysis::Edit make(std::size_t begin, std::size_t end, std::string_view text) {
    return {{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)},
            std::string(text)};
}

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// The word at the offset or behind it; empty at the end.
analysis::Span word_at(std::string_view text, std::size_t at) {
    while (at > 0 && at < text.size() && is_name_byte(text[at - 1])) --at;
    while (at < text.size() && !is_name_byte(text[at])) ++at;
    std::size_t end = at;
    while (end < text.size() && is_name_byte(text[end])) ++end;
    return {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)};
}

} // namespace

analysis::Edit random_edit(Random& random, std::string_view text) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
    case 3: return make(at, at, kSnippets[random.below(kSnippets.size())]);
    case 4: { // a few characters go
        const std::size_t end = std::min(text.size(), at + 1 + random.below(6));
        return make(at, end, {});
    }
    case 5: { // a line goes
        const std::size_t begin = line_begin(text, at);
        return make(begin, line_end(text, at), {});
    }
    case 6: { // a line is copied to another place
        const std::size_t from = random.below(text.size() + 1);
        const std::size_t begin = line_begin(text, from);
        const std::size_t target = line_begin(text, at);
        return make(target, target, text.substr(begin, line_end(text, from) - begin));
    }
    case 7: { // characters are replaced
        const std::size_t end = std::min(text.size(), at + random.below(4));
        return make(at, end, kSnippets[random.below(kSnippets.size())]);
    }
    case 8: { // several lines are pasted
        const std::size_t from = line_begin(text, random.below(text.size() + 1));
        std::size_t end = from;
        for (std::uint32_t lines = 1 + random.below(8); lines > 0 && end < text.size(); --lines)
            end = line_end(text, end);
        const std::size_t target = line_begin(text, at);
        return make(target, target, text.substr(from, end - from));
    }
    case 9:
    case 10:
    case 11: { // a word becomes another one of the text
        const analysis::Span word = word_at(text, at);
        const analysis::Span other = word_at(text, random.below(text.size() + 1));
        return make(word.begin, word.end, text.substr(other.begin, other.size()));
    }
    case 12: { // a function becomes async, or ceases to be
        constexpr std::string_view kAsync = "async ";
        const std::size_t def = text.find("def ", at);
        if (def == std::string_view::npos) return make(at, at, {});
        const bool is_async = text.substr(0, def).ends_with(kAsync);
        return is_async ? make(def - kAsync.size(), def, {}) : make(def, def, kAsync);
    }
    default: { // indentation changes
        const std::size_t begin = line_begin(text, at);
        if (random.below(2) == 0) return make(begin, begin, "    ");
        std::size_t end = begin;
        while (end < text.size() && end < begin + 4 && text[end] == ' ') ++end;
        return make(begin, end, {});
    }
    }
}

} // namespace awaitls::tests
