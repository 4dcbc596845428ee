// A text and edits of it: after each edit the incremental analysis is the one from scratch.
//
// The input is the text, then 0xFF, then edits of four bytes each and what they insert: two bytes for the place,
// one for how much goes, one for what comes (a snippet, or the bytes that follow).

#include "analysis/syntax/outline.h"
#include "tests/fuzz/analysis_invariants.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace {

using namespace awaitls;
using fuzz::require;

constexpr std::array<std::string_view, 32> kSnippets = {"",
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
                                                        "\n",
                                                        "\r\n",
                                                        "\r",
                                                        "\n    ",
                                                        "    ",
                                                        "\t",
                                                        "\f",
                                                        "@x\n",
                                                        "await ",
                                                        "async ",
                                                        "def f():\n    ",
                                                        "class A:\n",
                                                        "import time\n",
                                                        "time.sleep(1)",
                                                        "asyncio.sleep(1)",
                                                        "f\"{x}\"",
                                                        "# noqa\n",
                                                        "global x\n",
                                                        "return "};
constexpr int kMostEdits = 24;

void check_lines(const analysis::FileAnalysis& before, std::string_view after) {
    const analysis::CommonEnds ends = analysis::common_ends(before.text(), after);
    require(ends.prefix + ends.suffix <= std::min(before.text().size(), after.size()),
            "common ends do not overlap");
    require(before.lines().edited(before.text(), after, ends.prefix, ends.suffix) ==
                analysis::LineIndex(after),
            "an edited line index is a fresh one");
    require(analysis::edit_outline(analysis::make_outline(before.text()), before.text(), after,
                                   ends.prefix, ends.suffix) == analysis::make_outline(after),
            "an edited outline is a fresh one");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::size_t split = std::min(input.find('\xff'), input.size());
    std::shared_ptr<const analysis::FileAnalysis> current =
        fuzz::analyse(std::string(input.substr(0, split)));
    std::string_view script = input.substr(std::min(split + 1, size));
    for (int edit = 0; edit < kMostEdits && script.size() >= 4; ++edit) {
        const auto byte = [&script](std::size_t i) {
            return static_cast<std::size_t>(static_cast<unsigned char>(script[i]));
        };
        const std::string& text = current->text();
        const std::size_t begin = (byte(0) + byte(1) * 256) % (text.size() + 1);
        const std::size_t length = std::min(byte(2) % 24, text.size() - begin);
        const std::size_t what = byte(3);
        script.remove_prefix(4);
        std::string_view inserted = kSnippets[what % kSnippets.size()];
        if (what >= 192) {
            inserted = script.substr(0, what & 15U);
            script.remove_prefix(inserted.size());
        }
        std::string after =
            text.substr(0, begin) + std::string(inserted) + text.substr(begin + length);
        check_lines(*current, after);
        const auto next = fuzz::analyse(after, current);
        const auto fresh = fuzz::analyse(std::move(after));
        fuzz::check_analysis(*next);
        require(fuzz::describe(*next) == fuzz::describe(*fresh), "incremental is from scratch");
        current = next;
    }
    return 0;
}
