#include "server/lsp/hover.h"

#include "analysis/rules/catalog.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

namespace {

using analysis::RuleInfo;
using analysis::Span;

/// Why the rule exists: its page up to the first heading or example, as far as the first paragraph.
std::string_view first_paragraph(std::string_view doc) {
    const std::size_t begin = doc.find_first_not_of(" \r\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    doc.remove_prefix(begin);
    const std::size_t end =
        std::min({doc.find("\n\n"), doc.find("\n#"), doc.find("\n```"), doc.size()});
    const std::string_view paragraph = doc.substr(0, end);
    return paragraph.substr(0, 1) == "#" ? std::string_view{} : paragraph;
}

/// A rule's page in brief. `message` and `fix` are those of a finding, or empty.
std::string rule_brief(const RuleInfo& rule, std::string_view message, std::string_view fix,
                       bool markdown) {
    const std::string name(rule.name);
    const std::string category(analysis::category_name(rule.category));
    std::string text =
        markdown ? "**" + name + "** (" + category + ")" : name + " (" + category + ")";
    const auto paragraph = [&text](std::string_view content) {
        if (!content.empty()) {
            text += "\n\n";
            text += content;
        }
    };
    paragraph(message);
    paragraph(rule.summary);
    paragraph(first_paragraph(rule.doc));
    if (!fix.empty()) {
        paragraph("Fix: " + std::string(fix));
    }
    const std::string url = analysis::rule_url(rule.name);
    paragraph(markdown ? "[About this rule](" + url + ")" : url);
    return text;
}

bool is_selector_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/// The rule that is named at the offset inside a suppression comment, and the name's span.
std::optional<std::pair<std::size_t, Span>> suppressed_rule(const Document& document,
                                                            std::uint32_t offset) {
    const analysis::LineIndex& lines = document.text()->lines();
    const std::uint32_t number = lines.line_of(offset);
    const std::uint32_t start = lines.line_start(number);
    const std::string_view line = analysis::line_text(document.text()->text(), lines, number);
    const std::size_t at = std::min<std::size_t>(offset - start, line.size());
    const std::size_t comment = line.substr(0, at).rfind('#');
    if (comment == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view lead = line.substr(comment, at - comment);
    if (lead.find("awaitls:") == std::string_view::npos &&
        lead.find("noqa") == std::string_view::npos &&
        lead.find("ignore[") == std::string_view::npos) {
        return std::nullopt;
    }
    std::size_t begin = at;
    while (begin > comment && is_selector_character(line[begin - 1])) {
        --begin;
    }
    std::size_t end = at;
    while (end < line.size() && is_selector_character(line[end])) {
        ++end;
    }
    const std::string_view word = line.substr(begin, end - begin);
    std::optional<std::size_t> rule = analysis::find_rule(word);
    if (!rule && !word.empty()) {
        const std::vector<std::size_t> rules = analysis::select_rules(word);
        if (rules.size() == 1) {
            rule = rules.front();
        }
    }
    if (!rule) {
        return std::nullopt;
    }
    return std::pair{*rule, Span{start + static_cast<std::uint32_t>(begin),
                                 start + static_cast<std::uint32_t>(end)}};
}

} // namespace

std::optional<protocol::Hover> hover_at(const Document& document,
                                        const analysis::FileAnalysis& analysis, std::size_t part,
                                        std::uint32_t offset, const ClientStyle& style) {
    const bool markdown = style.capabilities.hover_markdown;
    std::string text;
    std::optional<Span> span;
    const auto add = [&](std::string_view paragraphs, Span place) {
        if (!text.empty()) {
            text += markdown ? "\n\n---\n\n" : "\n\n";
        }
        text += paragraphs;
        if (!span) {
            span = place;
        }
    };
    for (const analysis::Diagnostic& finding : analysis.diagnostics()) {
        if (finding.rule >= analysis::catalog().size() ||
            !(finding.span.contains(offset) || finding.span == Span{offset, offset})) {
            continue;
        }
        const std::string_view fix = finding.fixes.empty()
                                         ? std::string_view{}
                                         : std::string_view(finding.fixes.front().title);
        add(rule_brief(analysis::catalog()[finding.rule].info, finding.message, fix, markdown),
            finding.span);
    }
    if (const std::optional<analysis::HoverInfo> info = analysis.hover(offset)) {
        add(markdown ? info->markdown : info->plain, info->span);
    }
    if (!span) {
        if (const std::optional<std::pair<std::size_t, Span>> named =
                suppressed_rule(document, offset)) {
            add(rule_brief(analysis::catalog()[named->first].info, {}, {}, markdown),
                named->second);
        }
    }
    if (!span) {
        return std::nullopt;
    }
    const protocol::MarkupKind kind =
        markdown ? protocol::MarkupKind::Markdown : protocol::MarkupKind::PlainText;
    protocol::Hover hover{{kind, std::move(text)}, std::nullopt};
    if (const DocumentMap::Place place = document.map()->place(*span); place.part == part) {
        hover.range = place.range;
    }
    return hover;
}

} // namespace awaitls::server
