#pragma once

// What holds for the analysis of any bytes; broken promises abort.

#include "analysis/analysis.h"
#include "analysis/rules/catalog.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::fuzz {

inline void require(bool condition, const char* promise) {
    if (condition) return;
    std::fprintf(stderr, "broken promise: %s\n", promise);
    std::abort();
}

/// Every rule is on, and nothing is left out of a long list.
inline const std::shared_ptr<const analysis::Settings>& all_rules() {
    static const std::shared_ptr<const analysis::Settings> settings = [] {
        auto result = std::make_shared<analysis::Settings>(analysis::default_settings());
        for (std::size_t rule = 0; rule < analysis::catalog().size(); ++rule)
            result->enabled.set(rule);
        result->target_version = {3, 12};
        result->max_diagnostics = 1'000'000;
        return result;
    }();
    return settings;
}

inline std::shared_ptr<const analysis::FileAnalysis>
analyse(std::string text, std::shared_ptr<const analysis::FileAnalysis> previous = nullptr) {
    return analysis::FileAnalysis::analyse(
        std::make_shared<const analysis::SourceText>(std::move(text)), all_rules(), "fuzz.py",
        std::move(previous));
}

/// Inside the text and, where the text is UTF-8, between its characters.
inline void check_span(analysis::Span span, std::string_view text, bool utf8) {
    require(span.begin <= span.end && span.end <= text.size(), "spans lie in the text");
    if (!utf8) return;
    for (const std::uint32_t at : {span.begin, span.end})
        require(at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80,
                "spans do not cut characters");
}

inline void check_edits(const std::vector<analysis::Edit>& edits, std::string_view text,
                        bool utf8) {
    require(!edits.empty(), "a fix has edits");
    std::uint32_t at = 0;
    for (const analysis::Edit& edit : edits) {
        check_span(edit.span, text, utf8);
        require(at <= edit.span.begin, "edits are sorted and disjoint");
        require(!utf8 || analysis::is_valid_utf8(edit.text), "edits keep the text UTF-8");
        at = edit.span.end;
    }
}

inline void check_analysis(const analysis::FileAnalysis& file) {
    const std::string& text = file.text();
    const bool utf8 = analysis::is_valid_utf8(text);
    require(file.lines() == analysis::LineIndex(text), "the lines are those of the text");

    const std::vector<analysis::RegionInfo> regions = file.regions();
    require(!regions.empty(), "there is a region");
    std::uint32_t at = 0;
    for (const analysis::RegionInfo& region : regions) {
        require(region.span.begin == at && region.span.end >= at,
                "regions cover the text without gaps");
        at = region.span.end;
    }
    require(at == text.size(), "regions cover the whole text");

    std::uint32_t last = 0;
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) {
        check_span(diagnostic.span, text, utf8);
        require(last <= diagnostic.span.begin, "findings are in the order of the text");
        last = diagnostic.span.begin;
        require(!diagnostic.message.empty() &&
                    diagnostic.message.find("{place}") == std::string::npos,
                "messages are finished");
        require(!utf8 || analysis::is_valid_utf8(diagnostic.message), "messages are UTF-8");
        for (const analysis::Related& related : diagnostic.related) {
            check_span(related.span, text, utf8);
            require(!related.message.empty(), "related places say what they are");
        }
        for (const analysis::Fix& fix : diagnostic.fixes) {
            require(!fix.title.empty(), "fixes have titles");
            check_edits(fix.edits, text, utf8);
        }
        require(diagnostic.rule == analysis::kNoteRule ||
                    diagnostic.rule < analysis::catalog().size(),
                "rules exist");
        const auto region =
            std::find_if(regions.begin(), regions.end(), [&](const analysis::RegionInfo& info) {
                return info.id == diagnostic.region && info.span.begin <= diagnostic.span.begin &&
                       diagnostic.span.end <= info.span.end;
            });
        require(region != regions.end(), "a finding names the region that it stands in");
        if (diagnostic.rule != analysis::kNoteRule)
            require(region->health == analysis::Health::Clean,
                    "rules are silent in damaged regions");
    }
}

inline bool all_clean(const analysis::FileAnalysis& file) {
    const std::vector<analysis::RegionInfo> regions = file.regions();
    return std::all_of(regions.begin(), regions.end(), [](const analysis::RegionInfo& region) {
        return region.health == analysis::Health::Clean;
    });
}

/// Everything that an analysis says, as text.
inline std::string describe(const analysis::FileAnalysis& file) {
    std::string result;
    const auto span = [&result](analysis::Span s) {
        result += std::to_string(s.begin) + "-" + std::to_string(s.end) + " ";
    };
    for (const analysis::RegionInfo& region : file.regions()) {
        span(region.span);
        result += (region.health == analysis::Health::Clean ? "clean " : "broken ") +
                  std::to_string(region.id) + "\n";
    }
    for (const analysis::Diagnostic& diagnostic : file.diagnostics()) {
        span(diagnostic.span);
        result += std::to_string(diagnostic.rule) + " " +
                  std::to_string(static_cast<int>(diagnostic.severity)) + " " +
                  std::to_string(diagnostic.region) + " " + diagnostic.message + "\n";
        for (const analysis::Related& related : diagnostic.related) {
            span(related.span);
            result += related.message + "\n";
        }
        for (const analysis::Fix& fix : diagnostic.fixes) {
            result += fix.title + "\n";
            for (const analysis::Edit& edit : fix.edits) {
                span(edit.span);
                result += edit.text + "\n";
            }
        }
    }
    return result;
}

} // namespace awaitls::fuzz
