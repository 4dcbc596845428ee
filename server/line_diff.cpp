#include "server/line_diff.h"

#include <algorithm>

namespace awaitls::server {

namespace {

using Lines = std::vector<std::string_view>;

/// Differences beyond which the middle of the texts is shown as replaced whole: the search takes
/// their square.
constexpr std::ptrdiff_t kMaxDifferences = 4000;

/// Myers' greedy search over the lines [prefix, ..) of both texts. Returns the matched pairs in
/// order, or nothing when there are too many differences.
std::vector<LineStep> middle_steps(const Lines& a, const Lines& b, std::ptrdiff_t prefix,
                                   std::ptrdiff_t a_end, std::ptrdiff_t b_end) {
    const std::ptrdiff_t n = a_end - prefix;
    const std::ptrdiff_t m = b_end - prefix;
    const auto equal = [&](std::ptrdiff_t x, std::ptrdiff_t y) {
        return a[static_cast<std::size_t>(prefix + x)] == b[static_cast<std::size_t>(prefix + y)];
    };
    const std::ptrdiff_t most = std::min(n + m, kMaxDifferences);
    std::vector<std::vector<std::ptrdiff_t>>
        trace; // trace[d][k + d]: furthest x on diagonal k with d differences
    const auto reach = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
        return d < 0 || k < -d || k > d
                   ? -1
                   : trace[static_cast<std::size_t>(d)][static_cast<std::size_t>(k + d)];
    };
    // From which diagonal (d, k) is entered: down (a line added) or right (a line removed).
    const auto goes_down = [&](std::ptrdiff_t d, std::ptrdiff_t k) {
        return k == -d || (k != d && reach(d - 1, k - 1) < reach(d - 1, k + 1));
    };

    std::ptrdiff_t found = -1;
    for (std::ptrdiff_t d = 0; d <= most && found < 0; ++d) {
        trace.emplace_back(static_cast<std::size_t>(2 * d + 1), -1);
        for (std::ptrdiff_t k = -d; k <= d; k += 2) {
            std::ptrdiff_t x = d == 0            ? 0
                               : goes_down(d, k) ? reach(d - 1, k + 1)
                                                 : reach(d - 1, k - 1) + 1;
            while (x >= 0 && x < n && x - k >= 0 && x - k < m && equal(x, x - k)) ++x;
            trace.back()[static_cast<std::size_t>(k + d)] = x;
            if (x >= n && x - k >= m) {
                found = d;
                break;
            }
        }
    }

    std::vector<LineStep> steps;
    if (found < 0) {
        for (std::ptrdiff_t x = 0; x < n; ++x) steps.push_back({'-', prefix + x, prefix});
        for (std::ptrdiff_t y = 0; y < m; ++y) steps.push_back({'+', prefix + n, prefix + y});
        return steps;
    }
    std::ptrdiff_t x = n;
    std::ptrdiff_t y = m;
    for (std::ptrdiff_t d = found; d > 0; --d) {
        const bool down = goes_down(d, x - y);
        const std::ptrdiff_t from_k = down ? x - y + 1 : x - y - 1;
        const std::ptrdiff_t from_x = reach(d - 1, from_k);
        const std::ptrdiff_t from_y = from_x - from_k;
        while (x > from_x + (down ? 0 : 1) && y > from_y + (down ? 1 : 0)) {
            --x;
            --y;
            steps.push_back({' ', prefix + x, prefix + y});
        }
        if (down)
            steps.push_back({'+', prefix + x, prefix + --y});
        else
            steps.push_back({'-', prefix + --x, prefix + y});
    }
    while (x > 0 && y > 0) {
        --x;
        --y;
        steps.push_back({' ', prefix + x, prefix + y});
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
}

} // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
    return lines;
}

std::vector<LineStep> line_steps(const Lines& a, const Lines& b) {
    const std::ptrdiff_t a_size = static_cast<std::ptrdiff_t>(a.size());
    const std::ptrdiff_t b_size = static_cast<std::ptrdiff_t>(b.size());
    const std::ptrdiff_t shorter = std::min(a_size, b_size);
    const auto at = [](const Lines& lines, std::ptrdiff_t index) {
        return lines[static_cast<std::size_t>(index)];
    };
    std::ptrdiff_t prefix = 0;
    while (prefix < shorter && at(a, prefix) == at(b, prefix)) ++prefix;
    std::ptrdiff_t suffix = 0;
    while (suffix < shorter - prefix && at(a, a_size - 1 - suffix) == at(b, b_size - 1 - suffix))
        ++suffix;

    std::vector<LineStep> steps;
    for (std::ptrdiff_t i = 0; i < prefix; ++i) steps.push_back({' ', i, i});
    const std::vector<LineStep> middle =
        middle_steps(a, b, prefix, a_size - suffix, b_size - suffix);
    steps.insert(steps.end(), middle.begin(), middle.end());
    for (std::ptrdiff_t i = suffix; i > 0; --i) steps.push_back({' ', a_size - i, b_size - i});
    return steps;
}

} // namespace awaitls::server
