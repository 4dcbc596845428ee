#include "server/cli/diff.h"

#include "server/line_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace awaitls::server {

namespace {

constexpr std::ptrdiff_t kContext = 3;

/// "12,3": a line counts from 1; an empty range names the line before it.
std::string range_text(std::ptrdiff_t begin, std::ptrdiff_t count) {
    if (count == 1) return fmt::format("{}", begin + 1);
    return fmt::format("{},{}", count == 0 ? begin : begin + 1, count);
}

} // namespace

std::string unified_diff(std::string_view before, std::string_view after, std::string_view path) {
    if (before == after) return {};
    const std::vector<std::string_view> a = split_lines(before);
    const std::vector<std::string_view> b = split_lines(after);
    const std::vector<LineStep> steps = line_steps(a, b);
    const std::ptrdiff_t size = static_cast<std::ptrdiff_t>(steps.size());
    const auto step = [&](std::ptrdiff_t index) { return steps[static_cast<std::size_t>(index)]; };

    std::string result = fmt::format("--- {}\n+++ {}\n", path, path);
    for (std::ptrdiff_t at = 0; at < size;) {
        if (step(at).sign == ' ') {
            ++at;
            continue;
        }
        // The hunk goes on while the next change is so near that their contexts would touch.
        std::ptrdiff_t last = at;
        for (std::ptrdiff_t next = at; next < size && next <= last + 2 * kContext + 1; ++next) {
            if (step(next).sign != ' ') last = next;
        }
        const std::ptrdiff_t begin = std::max<std::ptrdiff_t>(0, at - kContext);
        const std::ptrdiff_t end = std::min(size, last + 1 + kContext);
        std::ptrdiff_t removed = 0;
        std::ptrdiff_t added = 0;
        std::string body;
        for (std::ptrdiff_t i = begin; i < end; ++i) {
            const LineStep line = step(i);
            const std::string_view text = line.sign == '+'
                                              ? b[static_cast<std::size_t>(line.after)]
                                              : a[static_cast<std::size_t>(line.before)];
            removed += line.sign != '+' ? 1 : 0;
            added += line.sign != '-' ? 1 : 0;
            body += line.sign;
            body += text;
            if (!text.ends_with('\n')) body += "\n\\ No newline at end of file\n";
        }
        result += fmt::format("@@ -{} +{} @@\n", range_text(step(begin).before, removed),
                              range_text(step(begin).after, added));
        result += body;
        at = end;
    }
    return result;
}

} // namespace awaitls::server
