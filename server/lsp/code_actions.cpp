#include "server/lsp/code_actions.h"

#include "analysis/rules/catalog.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::Applicability;
using analysis::Edit;
using analysis::Fix;
using analysis::Span;

/// Splits after each LF; a last line without one counts as well.
std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = text.find('\n', at);
        const std::size_t next = end == std::string_view::npos ? text.size() : end + 1;
        lines.push_back(text.substr(at, next - at));
        at = next;
    }
    return lines;
}

using LinePairs = std::vector<std::pair<std::size_t, std::size_t>>;

/// The lines that stand for each other in a shortest edit script (Myers 1986), as pairs of indices in
/// order. None where the script would be longer than kMaxDistance.
LinePairs matching_lines(const std::vector<std::string_view>& a,
                         const std::vector<std::string_view>& b) {
    constexpr int kMaxDistance = 1000;
    const int n = static_cast<int>(a.size());
    const int m = static_cast<int>(b.size());
    const int limit = std::min(n + m, kMaxDistance);
    // reached[k + limit + 1]: how far in `a` the diagonal k = x - y is reached.
    std::vector<int> reached(static_cast<std::size_t>(2 * limit + 3), 0);
    const auto at = [limit](int k) { return static_cast<std::size_t>(k + limit + 1); };
    const auto comes_from = [&at](const std::vector<int>& v, int k, int d) {
        return k == -d || (k != d && v[at(k - 1)] < v[at(k + 1)]) ? k + 1 : k - 1;
    };
    std::vector<std::vector<int>> trace;
    bool found = false;
    for (int d = 0; d <= limit && !found; ++d) {
        trace.push_back(reached);
        for (int k = -d; k <= d && !found; k += 2) {
            const int from = d == 0 ? k : comes_from(reached, k, d);
            int x = d == 0 ? 0 : reached[at(from)] + (from < k ? 1 : 0);
            while (x < n && x - k < m &&
                   a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(x - k)]) {
                ++x;
            }
            reached[at(k)] = x;
            found = x >= n && x - k >= m;
        }
    }
    LinePairs pairs;
    if (!found) {
        return pairs;
    }
    int x = n;
    int y = m;
    for (int d = static_cast<int>(trace.size()) - 1; d >= 0; --d) {
        const std::vector<int>& v = trace[static_cast<std::size_t>(d)];
        const int from = d == 0 ? 0 : comes_from(v, x - y, d);
        const int from_x = d == 0 ? 0 : v[at(from)];
        const int from_y = from_x - from;
        while (x > from_x && y > from_y) {
            --x;
            --y;
            pairs.emplace_back(x, y);
        }
        x = from_x;
        y = from_y;
    }
    std::reverse(pairs.begin(), pairs.end());
    return pairs;
}

bool inside_character(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U;
}

/// The edit without what it leaves as it is at its ends.
Edit trimmed(std::string_view before, Span span, std::string_view replacement) {
    const std::string_view old = before.substr(span.begin, span.size());
    analysis::CommonEnds ends = analysis::common_ends(old, replacement);
    while (ends.prefix > 0 &&
           (inside_character(old, ends.prefix) || inside_character(replacement, ends.prefix))) {
        --ends.prefix;
    }
    while (ends.suffix > 0 && (inside_character(old, old.size() - ends.suffix) ||
                               inside_character(replacement, replacement.size() - ends.suffix))) {
        --ends.suffix;
    }
    return {{span.begin + ends.prefix, span.end - ends.suffix},
            std::string(
                replacement.substr(ends.prefix, replacement.size() - ends.prefix - ends.suffix))};
}

protocol::CodeAction quick_fix(std::string title, const Document& document,
                               const std::vector<Edit>& edits,
                               const protocol::Diagnostic& diagnostic, const ClientStyle& style) {
    protocol::CodeAction action;
    action.title = std::move(title);
    action.kind = std::string(protocol::code_action_kind::kQuickFix);
    action.diagnostics.push_back(diagnostic);
    action.edit = workspace_edit(document, edits, style);
    return action;
}

} // namespace

bool wants_kind(const protocol::CodeActionContext& context, std::string_view kind) {
    return !context.only ||
           std::any_of(context.only->begin(), context.only->end(), [&](const std::string& wanted) {
               return protocol::is_kind_within(kind, wanted);
           });
}

protocol::WorkspaceEdit workspace_edit(const Document& document, const std::vector<Edit>& edits,
                                       const ClientStyle& style) {
    const TextMap map = document.map();
    std::vector<protocol::TextEdit> text_edits;
    for (const Edit& edit : edits) {
        text_edits.push_back({map.range(edit.span), edit.text, std::nullopt});
    }
    protocol::WorkspaceEdit result;
    if (style.capabilities.document_changes) {
        result.document_changes.emplace().push_back(
            {{document.uri().text, document.version()}, std::move(text_edits)});
    } else {
        result.changes.emplace().emplace_back(document.uri().text, std::move(text_edits));
    }
    return result;
}

QuickFixes quick_fixes(const Document& document, const analysis::FileAnalysis& analysis, Span range,
                       const ClientStyle& style) {
    QuickFixes result;
    const TextMap map = document.map();
    for (const analysis::Diagnostic& finding : analysis.diagnostics()) {
        if (!finding.span.touches(range) || finding.rule >= analysis::catalog().size()) {
            continue;
        }
        if (result.fixes.size() + result.suppressions.size() >= kMaxActions) {
            break;
        }
        const protocol::Diagnostic diagnostic =
            to_protocol(finding, map, document.uri().text, style);
        for (const Fix& fix : finding.fixes) {
            const bool safe = fix.applicability == Applicability::Safe;
            protocol::CodeAction action = quick_fix(fix.title + (safe ? "" : " (unsafe)"), document,
                                                    fix.edits, diagnostic, style);
            action.is_preferred =
                style.capabilities.code_action_is_preferred && safe && finding.fixes.size() == 1;
            result.fixes.push_back(std::move(action));
        }
        if (const std::optional<Fix> suppression = analysis.suppression(finding)) {
            const std::string_view name = analysis::catalog()[finding.rule].info.name;
            result.suppressions.push_back(
                quick_fix("awaitls: ignore " + std::string(name) + " on this line", document,
                          suppression->edits, diagnostic, style));
        }
    }
    return result;
}

bool has_safe_fix(const analysis::FileAnalysis& analysis) {
    return std::any_of(analysis.diagnostics().begin(), analysis.diagnostics().end(),
                       [](const analysis::Diagnostic& finding) {
                           return std::any_of(finding.fixes.begin(), finding.fixes.end(),
                                              [](const Fix& fix) {
                                                  return fix.applicability == Applicability::Safe;
                                              });
                       });
}

std::vector<Edit> fix_all_edits(const std::shared_ptr<const analysis::FileAnalysis>& analysis,
                                const std::string& display_name) {
    return line_edits(analysis->text(), analysis::fix_all(analysis, display_name, false).text);
}

std::vector<Edit> line_edits(std::string_view before, std::string_view after) {
    const std::vector<std::string_view> a = split_lines(before);
    const std::vector<std::string_view> b = split_lines(after);
    LinePairs pairs = matching_lines(a, b);
    pairs.emplace_back(a.size(), b.size());
    std::vector<Edit> edits;
    std::size_t a_at = 0; // bytes
    std::size_t b_at = 0;
    std::size_t a_line = 0;
    std::size_t b_line = 0;
    for (const auto& [a_match, b_match] : pairs) {
        std::size_t a_end = a_at;
        std::size_t b_end = b_at;
        for (; a_line < a_match; ++a_line) {
            a_end += a[a_line].size();
        }
        for (; b_line < b_match; ++b_line) {
            b_end += b[b_line].size();
        }
        if (a_end > a_at || b_end > b_at) {
            Edit edit = trimmed(
                before, {static_cast<std::uint32_t>(a_at), static_cast<std::uint32_t>(a_end)},
                after.substr(b_at, b_end - b_at));
            if (edit.span.size() > 0 || !edit.text.empty()) {
                edits.push_back(std::move(edit));
            }
        }
        a_at = a_end;
        b_at = b_end;
        if (a_match < a.size() && b_match < b.size()) {
            a_at += a[a_line++].size();
            b_at += b[b_line++].size();
        }
    }
    return edits;
}

} // namespace awaitls::server
