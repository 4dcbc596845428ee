// Any bytes as a Python file: reading, analysis, hover, suppression and fixes keep their promises.

#include "analysis/calls.h"
#include "analysis/syntax/outline.h"
#include "tests/fuzz/analysis_invariants.h"
#include "tests/support/same_syntax.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace {

using namespace awaitls;
using fuzz::require;

std::size_t count_of(const analysis::FileAnalysis& file, std::uint16_t rule) {
    return static_cast<std::size_t>(
        std::count_if(file.diagnostics().begin(), file.diagnostics().end(),
                      [rule](const analysis::Diagnostic& d) { return d.rule == rule; }));
}

void check_hover(const analysis::FileAnalysis& file, std::uint32_t offset) {
    const std::optional<analysis::HoverInfo> info = file.hover(offset);
    if (!info) return;
    const bool utf8 = analysis::is_valid_utf8(file.text());
    fuzz::check_span(info->span, file.text(), utf8);
    require(info->span.begin <= offset && offset <= info->span.end,
            "a hover is about what is under the pointer");
    require(!info->markdown.empty() && !info->plain.empty(), "a hover says something");
    require(!utf8 ||
                (analysis::is_valid_utf8(info->markdown) && analysis::is_valid_utf8(info->plain)),
            "a hover is UTF-8");
}

void check_suppressions(const analysis::FileAnalysis& file) {
    int checked = 0;
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) {
        if (++checked > 8) return;
        const std::optional<analysis::Fix> fix = file.suppression(diagnostic);
        if (!fix) continue;
        fuzz::check_edits(fix->edits, file.text(), analysis::is_valid_utf8(file.text()));
        const auto silenced = fuzz::analyse(analysis::apply_edits(file.text(), fix->edits));
        fuzz::check_analysis(*silenced);
        require(count_of(*silenced, diagnostic.rule) < count_of(file, diagnostic.rule),
                "a suppression silences its finding");
    }
}

void check_fixes(const std::shared_ptr<const analysis::FileAnalysis>& file) {
    for (const auto most : {analysis::Applicability::Safe, analysis::Applicability::Unsafe,
                            analysis::Applicability::Rewrite}) {
        const analysis::FixResult fixed = analysis::fix_all(file, "fuzz.py", most);
        require(fixed.analysis != nullptr && fixed.analysis->text() == fixed.text,
                "the analysis is of the fixed text");
        require(fixed.applied == fixed.rules.size(), "every applied fix is counted");
        require(fixed.applied > 0 || fixed.text == file->text(), "without a fix nothing changes");
        fuzz::check_analysis(*fixed.analysis);
        if (fuzz::all_clean(*file))
            require(fuzz::all_clean(*fixed.analysis), "fixes keep the syntax whole");
    }
}

class Never final : public analysis::Cancellation {
public:
    bool cancelled() const override { return false; }
};

/// What an item calls has it among its callers, and the other way round.
void check_calls(const analysis::FileAnalysis& file) {
    const analysis::FileCalls calls(file.module(), fuzz::all_rules(), {});
    const std::string& text = file.text();
    const bool utf8 = analysis::is_valid_utf8(text);
    const auto check_edge = [&](const analysis::CallEdge& edge) {
        require(!edge.sites.empty(), "an edge has a place");
        fuzz::check_span(edge.item.range, text, utf8);
        fuzz::check_span(edge.item.name_range, text, utf8);
        require(edge.item.range.begin <= edge.item.name_range.begin &&
                    edge.item.name_range.end <= edge.item.range.end,
                "an item's name stands in it");
        for (const analysis::CallSite& site : edge.sites) fuzz::check_span(site.span, text, utf8);
    };
    const auto has = [](const std::vector<analysis::CallEdge>& edges,
                        const analysis::CallItem& item, const analysis::CallSite& site) {
        return std::any_of(edges.begin(), edges.end(), [&](const analysis::CallEdge& edge) {
            return edge.item.is(item) && std::any_of(edge.sites.begin(), edge.sites.end(),
                                                     [&](const analysis::CallSite& other) {
                                                         return other.span == site.span &&
                                                                other.mark == site.mark &&
                                                                other.witness == site.witness;
                                                     });
        });
    };
    std::vector<analysis::CallItem> items{*calls.find(analysis::CallItem::Kind::Module, {}, 0)};
    const std::uint32_t length = static_cast<std::uint32_t>(text.size());
    for (std::uint32_t part = 0; part <= 16; ++part)
        for (analysis::CallItem& item : calls.items_at(length / 16 * part))
            items.push_back(std::move(item));
    for (const analysis::CallItem& item : items) {
        const std::optional<analysis::CallItem> again =
            calls.find(item.kind, item.name, item.name_range.begin);
        require(again && again->is(item), "an item is found again by its name and place");
        for (const analysis::CallEdge& edge : calls.outgoing(item)) {
            check_edge(edge);
            const auto callers = calls.incoming(edge.item, Never());
            for (const analysis::CallSite& site : edge.sites)
                require(has(*callers, item, site), "a callee has its callers");
        }
        const auto callers = calls.incoming(item, Never());
        for (const analysis::CallEdge& edge : *callers) {
            check_edge(edge);
            for (const analysis::CallSite& site : edge.sites)
                require(has(calls.outgoing(edge.item), item, site), "a caller has its callees");
        }
        calls.leads(item, analysis::names_of(item));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const analysis::Decoded decoded = analysis::decode_source(bytes);
    require(analysis::is_valid_utf8(decoded.text), "what is read is UTF-8");
    std::string encoded;
    if (decoded.error.empty())
        require(analysis::encode_source(decoded.text, decoded.encoding, decoded.had_bom, encoded) &&
                    encoded == bytes,
                "what is read can be written back");

    for (const analysis::RegionRange& region : analysis::make_outline(decoded.text).regions) {
        const std::string_view text =
            std::string_view(decoded.text).substr(region.span.begin, region.span.size());
        const std::optional<analysis::Lowered> quick = analysis::parse_quickly(text);
        require(!quick || tests::syntax_difference(text, *quick).empty(),
                "the quick parser agrees with tree-sitter");
    }

    // The bytes as they are, too: nothing in the analysis relies on UTF-8.
    if (decoded.text != bytes) fuzz::check_analysis(*fuzz::analyse(std::string(bytes)));

    const std::shared_ptr<const analysis::FileAnalysis> file = fuzz::analyse(decoded.text);
    fuzz::check_analysis(*file);
    const std::uint32_t length = static_cast<std::uint32_t>(decoded.text.size());
    for (std::uint32_t part = 0; part <= 8; ++part) check_hover(*file, length / 8 * part);
    check_hover(*file, length);
    for (const analysis::Diagnostic& diagnostic : file->diagnostics())
        check_hover(*file, diagnostic.span.begin);
    check_suppressions(*file);
    check_calls(*file);
    check_fixes(file);
    return 0;
}
