#include "server/files/ignore.h"

#include <algorithm>
#include <utility>

namespace awaitls::server {

namespace {

/// Drops blanks at the end that no backslash protects.
std::string_view without_trailing_blanks(std::string_view line) {
    while (!line.empty() && (line.back() == ' ' || line.back() == '\t' || line.back() == '\r')) {
        std::size_t backslashes = 0;
        while (backslashes + 1 < line.size() && line[line.size() - 2 - backslashes] == '\\')
            ++backslashes;
        if (backslashes % 2 == 1) break;
        line.remove_suffix(1);
    }
    return line;
}

} // namespace

IgnoreRules::IgnoreRules(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = without_trailing_blanks(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.empty() || line.front() == '#') continue;

        const bool negated = line.front() == '!';
        if (negated) line.remove_prefix(1);
        const bool directories_only = line.ends_with('/');
        if (directories_only) line.remove_suffix(1);
        const bool name_only = line.find('/') == std::string_view::npos;
        if (line.starts_with('/')) line.remove_prefix(1);
        if (line.empty()) continue;
        patterns_.push_back(
            {Glob(line, Wildcards::StayInComponent), negated, directories_only, name_only});
    }
}

Verdict IgnoreRules::verdict(std::string_view path, bool is_directory) const {
    const std::size_t slash = path.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    for (auto it = patterns_.rbegin(); it != patterns_.rend(); ++it) {
        if (it->directories_only && !is_directory) continue;
        if (it->glob.matches(it->name_only ? name : path)) {
            return it->negated ? Verdict::Kept : Verdict::Ignored;
        }
    }
    return Verdict::None;
}

} // namespace awaitls::server
