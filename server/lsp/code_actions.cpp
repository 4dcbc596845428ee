#include "server/lsp/code_actions.h"

#include "analysis/rules/catalog.h"
#include "server/line_diff.h"
#include "server/notebook/notebook.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace awaitls::server {

namespace {

using analysis::Applicability;
using analysis::Edit;
using analysis::Fix;
using analysis::Span;

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

/// An edit of the module as one of the part where it begins; its span is in the part's text.
std::optional<Edit> edit_of_part(const Document& document, const Part& part, const Edit& edit) {
    const std::string_view text = part.text->text();
    if (!document.is_notebook()) {
        return edit;
    }
    // The module has a line break behind a cell that has none.
    const auto size = static_cast<std::uint32_t>(text.size());
    const bool ended = text.empty() || text.back() == '\n';
    if (edit.span.begin < part.begin || edit.span.end > part.begin + size + (ended ? 0 : 1)) {
        return std::nullopt;
    }
    Edit result{{edit.span.begin - part.begin, edit.span.end - part.begin}, edit.text};
    if (result.span.begin > size) {
        result.span.begin = size;
        result.text.insert(0, 1, '\n');
    }
    if (result.span.end > size) {
        result.span.end = size;
        if (result.text.ends_with('\n')) {
            result.text.pop_back();
        }
    }
    const std::string_view analysed = document.text()->text();
    return analysed.substr(part.begin + result.span.begin, result.span.size()) ==
                   text.substr(result.span.begin, result.span.size())
               ? std::optional(std::move(result))
               : std::nullopt;
}

std::optional<protocol::CodeAction> action_of(std::string title, std::string_view kind,
                                              const Document& document,
                                              const std::vector<Edit>& edits,
                                              const ClientStyle& style) {
    protocol::CodeAction action;
    action.title = std::move(title);
    action.kind = std::string(kind);
    action.edit = workspace_edit(document, edits, style);
    return action.edit ? std::optional(std::move(action)) : std::nullopt;
}

std::optional<protocol::CodeAction> quick_fix(std::string title, const Document& document,
                                              const std::vector<Edit>& edits,
                                              const protocol::Diagnostic& diagnostic,
                                              const ClientStyle& style) {
    std::optional<protocol::CodeAction> action =
        action_of(std::move(title), protocol::code_action_kind::kQuickFix, document, edits, style);
    if (action) {
        action->diagnostics.push_back(diagnostic);
    }
    return action;
}

} // namespace

bool wants_kind(const protocol::CodeActionContext& context, std::string_view kind) {
    return !context.only ||
           std::any_of(context.only->begin(), context.only->end(), [&](const std::string& wanted) {
               return protocol::is_kind_within(kind, wanted);
           });
}

std::optional<protocol::WorkspaceEdit>
workspace_edit(const Document& document, const std::vector<Edit>& edits, const ClientStyle& style) {
    const DocumentMap& map = *document.map();
    std::vector<std::vector<protocol::TextEdit>> by_part(map.parts().size());
    for (const Edit& edit : edits) {
        if (map.parts().empty()) {
            return std::nullopt;
        }
        const std::size_t part = map.part_at(edit.span.begin);
        const std::optional<Edit> own = edit_of_part(document, map.parts()[part], edit);
        if (!own) {
            return std::nullopt;
        }
        by_part[part].push_back({map.text_map(part).range(own->span), own->text, std::nullopt});
    }
    protocol::WorkspaceEdit result;
    if (style.capabilities.document_changes) {
        result.document_changes.emplace();
    } else {
        result.changes.emplace();
    }
    for (std::size_t i = 0; i < by_part.size(); ++i) {
        const Part& part = map.parts()[i];
        if (by_part[i].empty()) {
            continue;
        }
        if (result.document_changes) {
            result.document_changes->push_back(
                {{part.uri->text, part.version}, std::move(by_part[i])});
        } else {
            result.changes->emplace_back(part.uri->text, std::move(by_part[i]));
        }
    }
    return result;
}

FindingActions finding_actions(const Document& document, const analysis::FileAnalysis& analysis,
                               Span range, const ClientStyle& style) {
    FindingActions result;
    const DocumentMap& map = *document.map();
    for (const analysis::Diagnostic& finding : analysis.diagnostics()) {
        if (!finding.span.touches(range) || finding.rule >= analysis::catalog().size()) {
            continue;
        }
        if (result.fixes.size() + result.rewrites.size() + result.suppressions.size() >=
            kMaxActions) {
            break;
        }
        const protocol::Diagnostic diagnostic = to_protocol(finding, map, style);
        for (const Fix& fix : finding.fixes) {
            if (fix.applicability == Applicability::Rewrite) {
                std::optional<protocol::CodeAction> action =
                    action_of(fix.title, protocol::code_action_kind::kRefactorRewrite, document,
                              fix.edits, style);
                if (action) {
                    result.rewrites.push_back(std::move(*action));
                }
                continue;
            }
            const bool safe = fix.applicability == Applicability::Safe;
            std::optional<protocol::CodeAction> action = quick_fix(
                fix.title + (safe ? "" : " (unsafe)"), document, fix.edits, diagnostic, style);
            if (!action) {
                continue;
            }
            action->is_preferred =
                style.capabilities.code_action_is_preferred && safe && finding.fixes.size() == 1;
            result.fixes.push_back(std::move(*action));
        }
        if (const std::optional<Fix> suppression = analysis.suppression(finding)) {
            const std::string_view name = analysis::catalog()[finding.rule].info.name;
            std::optional<protocol::CodeAction> action =
                quick_fix("awaitls: ignore " + std::string(name) + " on this line", document,
                          suppression->edits, diagnostic, style);
            if (action) {
                result.suppressions.push_back(std::move(*action));
            }
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
    const std::string after = analysis::fix_all(analysis, display_name, Applicability::Safe).text;
    const std::string_view before = analysis->text();
    const std::vector<std::string_view> old_cells = split_cells(before);
    const std::vector<std::string_view> cells = split_cells(after);
    if (!analysis->place().notebook || old_cells.size() != cells.size()) {
        return line_edits(before, after);
    }
    // No edit goes over the end of a cell.
    std::vector<Edit> result;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        for (Edit& edit : line_edits(old_cells[i], cells[i])) {
            edit.span = edit.span.shifted(old_cells[i].data() - before.data());
            result.push_back(std::move(edit));
        }
    }
    return result;
}

std::vector<Edit> line_edits(std::string_view before, std::string_view after) {
    const std::vector<std::string_view> a = split_lines(before);
    const std::vector<std::string_view> b = split_lines(after);
    const std::vector<LineStep> steps = line_steps(a, b);
    std::vector<Edit> edits;
    std::size_t a_at = 0; // bytes
    std::size_t b_at = 0;
    for (std::size_t at = 0; at < steps.size();) {
        std::size_t a_end = a_at;
        std::size_t b_end = b_at;
        for (; at < steps.size() && steps[at].sign != ' '; ++at) {
            if (steps[at].sign == '-') {
                a_end += a[static_cast<std::size_t>(steps[at].before)].size();
            } else {
                b_end += b[static_cast<std::size_t>(steps[at].after)].size();
            }
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
        for (; at < steps.size() && steps[at].sign == ' '; ++at) {
            const std::size_t size = a[static_cast<std::size_t>(steps[at].before)].size();
            a_at += size;
            b_at += size;
        }
    }
    return edits;
}

} // namespace awaitls::server
