#include "server/lsp/diagnostics.h"

#include "analysis/rules/catalog.h"
#include "protocol/uri.h"

#include <algorithm>

namespace awaitls::server {

namespace {

using analysis::Span;

/// Where an edit left a span of the old text; none where it touched it.
class EditShift {
public:
    EditShift(std::string_view before, std::string_view after)
        : ends_(analysis::common_ends(before, after)),
          old_end_(static_cast<std::uint32_t>(before.size()) - ends_.suffix),
          delta_(static_cast<std::int64_t>(after.size()) -
                 static_cast<std::int64_t>(before.size())) {}

    std::optional<Span> map(Span span) const {
        if (span.end < ends_.prefix || (span.end == ends_.prefix && span.size() > 0)) {
            return span;
        }
        if (span.begin >= old_end_ && span.begin >= ends_.prefix) {
            return span.shifted(delta_);
        }
        return std::nullopt;
    }

private:
    analysis::CommonEnds ends_;
    std::uint32_t old_end_;
    std::int64_t delta_;
};

std::optional<analysis::Diagnostic> moved(const analysis::Diagnostic& finding,
                                          const EditShift& shift) {
    const std::optional<Span> span = shift.map(finding.span);
    if (!span) {
        return std::nullopt;
    }
    analysis::Diagnostic result = finding;
    result.span = *span;
    result.fixes.clear(); // sticky findings are shown, never mended
    std::erase_if(result.related, [&](analysis::Related& related) {
        if (related.source) return false; // in another file
        const std::optional<Span> place = shift.map(related.span);
        related.span = place.value_or(related.span);
        return !place;
    });
    return result;
}

protocol::Range range_in_file(const analysis::Related& related, const DocumentMap& map) {
    return TextMap(related.source->text(), related.source->lines(), map.encoding())
        .range(related.span);
}

/// What stands in a message for a related place, before its line; empty for the finding's own text.
std::string text_name(const analysis::Related& related, std::size_t own_cell, std::size_t cell) {
    if (!related.path.empty()) {
        return related.path.substr(related.path.rfind('/') + 1) + " ";
    }
    return cell == own_cell ? "" : "cell " + std::to_string(cell) + " ";
}

} // namespace

protocol::Diagnostic to_protocol(const analysis::Diagnostic& finding, const DocumentMap& map,
                                 const ClientStyle& style) {
    const protocol::ClientCapabilities& client = style.capabilities;
    const DocumentMap::Place own = map.place(finding.span);
    protocol::Diagnostic result;
    result.range = own.range;
    result.severity = static_cast<protocol::DiagnosticSeverity>(finding.severity);
    result.source = std::string(kSource);
    result.message = finding.message;
    if (finding.rule < analysis::catalog().size()) {
        const std::string_view name = analysis::catalog()[finding.rule].info.name;
        result.code = std::string(name);
        if (client.code_description) {
            result.code_description = protocol::CodeDescription{analysis::rule_url(name)};
        }
    }
    if (finding.unnecessary && client.tag_unnecessary) {
        result.tags.push_back(protocol::DiagnosticTag::Unnecessary);
    }
    for (const analysis::Related& related : finding.related) {
        const DocumentMap::Place place = related.source
                                             ? DocumentMap::Place{0, range_in_file(related, map)}
                                             : map.place(related.span);
        const Part& part = map.parts()[place.part];
        if (client.related_information) {
            const std::string uri =
                related.path.empty() ? part.uri->text : protocol::file_uri(related.path);
            result.related_information.push_back({{uri, place.range}, related.message});
        } else {
            result.message += "\n  " + text_name(related, map.parts()[own.part].cell, part.cell) +
                              "line " + std::to_string(place.range.start.line + 1) + ": " +
                              related.message;
        }
    }
    return result;
}

protocol::Diagnostic document_note(std::string message) {
    protocol::Diagnostic note;
    note.severity = protocol::DiagnosticSeverity::Information;
    note.source = std::string(kSource);
    note.message = std::move(message);
    return note;
}

std::string result_id(std::uint64_t hash) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = 16; i-- > 0; hash >>= 4U) {
        text[i] = kDigits[hash & 15U];
    }
    return text;
}

DiagnosticsView::Item::Related DiagnosticsView::related_of(const analysis::Related& related,
                                                           const DocumentMap& map) {
    if (related.source) {
        return {nullptr, range_in_file(related, map), related.message};
    }
    const DocumentMap::Place place = map.place(related.span);
    return {map.parts()[place.part].uri, place.range, related.message};
}

bool DiagnosticsView::Item::shows(const analysis::Diagnostic& finding, const protocol::Range& place,
                                  const DocumentMap& map) const {
    if (!(place == range) || finding.rule != rule || finding.severity != severity ||
        finding.unnecessary != unnecessary || finding.related.size() != related.size() ||
        finding.message != message) {
        return false;
    }
    for (std::size_t i = 0; i < related.size(); ++i) {
        if (!(related_of(finding.related[i], map) == related[i])) {
            return false;
        }
    }
    return true;
}

DiagnosticsView::Item DiagnosticsView::make_item(const analysis::Diagnostic& finding,
                                                 const protocol::Range& place,
                                                 const DocumentMap& map) const {
    Item item;
    item.rule = finding.rule;
    item.severity = finding.severity;
    item.unnecessary = finding.unnecessary;
    item.message = finding.message;
    item.range = place;
    for (const analysis::Related& related : finding.related) {
        item.related.push_back(related_of(related, map));
    }
    item.json = protocol::to_json(to_protocol(finding, map, *style_));
    item.hash = analysis::hash_bytes(item.json.text);
    return item;
}

void DiagnosticsView::show(std::shared_ptr<const analysis::FileAnalysis> analysis,
                           std::shared_ptr<const DocumentMap> map) {
    if (analysis == analysis_ && map == map_) {
        return;
    }
    keep_sticky(*analysis);
    analysis_ = std::move(analysis);
    render(std::move(map));
}

void DiagnosticsView::show_findings(std::vector<analysis::Diagnostic> findings,
                                    std::shared_ptr<const DocumentMap> map) {
    analysis_.reset();
    sticky_ = std::move(findings);
    render(std::move(map));
}

void DiagnosticsView::show_note(std::string message, std::shared_ptr<const DocumentMap> map) {
    clear(std::move(map));
    if (items_.empty()) {
        return;
    }
    Item item;
    item.json = protocol::to_json(document_note(std::move(message)));
    item.hash = analysis::hash_bytes(item.json.text);
    items_.front().push_back(std::move(item));
}

void DiagnosticsView::clear(std::shared_ptr<const DocumentMap> map) {
    analysis_.reset();
    sticky_.clear();
    map_ = std::move(map);
    items_.assign(map_->parts().size(), {});
}

void DiagnosticsView::drop_sticky() {
    if (!sticky_.empty()) {
        sticky_.clear();
        render(map_);
    }
}

void DiagnosticsView::keep_sticky(const analysis::FileAnalysis& next) {
    std::vector<analysis::Diagnostic> kept;
    // Other settings may have switched a rule off; what is shown then must follow at once.
    const bool same_settings =
        analysis_ && (&analysis_->settings() == &next.settings() ||
                      analysis_->settings().fingerprint() == next.settings().fingerprint());
    if (same_settings) {
        const std::vector<analysis::Span> broken = next.broken_regions();
        if (!broken.empty()) {
            const EditShift shift(analysis_->text(), next.text());
            const auto consider = [&](const analysis::Diagnostic& finding) {
                std::optional<analysis::Diagnostic> candidate = moved(finding, shift);
                if (!candidate) {
                    return;
                }
                const bool in_broken =
                    std::any_of(broken.begin(), broken.end(), [&](const analysis::Span& region) {
                        return region.begin <= candidate->span.begin &&
                               candidate->span.end <= region.end;
                    });
                const bool made_again = std::any_of(
                    next.diagnostics().begin(), next.diagnostics().end(),
                    [&](const analysis::Diagnostic& other) {
                        return other.rule == candidate->rule && other.span == candidate->span;
                    });
                if (in_broken && !made_again) {
                    kept.push_back(std::move(*candidate));
                }
            };
            std::for_each(analysis_->diagnostics().begin(), analysis_->diagnostics().end(),
                          consider);
            std::for_each(sticky_.begin(), sticky_.end(), consider);
        }
    }
    sticky_ = std::move(kept);
}

void DiagnosticsView::render(std::shared_ptr<const DocumentMap> map) {
    std::vector<const analysis::Diagnostic*> findings;
    if (analysis_) {
        for (const analysis::Diagnostic& finding : analysis_->diagnostics()) {
            findings.push_back(&finding);
        }
    }
    if (!sticky_.empty()) {
        for (const analysis::Diagnostic& finding : sticky_) {
            findings.push_back(&finding);
        }
        std::stable_sort(findings.begin(), findings.end(),
                         [](const analysis::Diagnostic* a, const analysis::Diagnostic* b) {
                             return a->span.begin < b->span.begin;
                         });
    }
    std::vector<Items> kept;
    for (std::size_t part = 0; part < map->parts().size(); ++part) {
        kept.push_back(take_items(map->parts()[part], part));
    }
    items_.assign(kept.size(), {});
    // Both lists are in the order of the text, and an item that can be kept stands where it stood.
    std::size_t old = 0;
    std::size_t part = 0;
    for (const analysis::Diagnostic* finding : findings) {
        if (kept.empty()) {
            break; // there is no text
        }
        const auto [place, range] = map->place(finding->span);
        if (place != part) {
            part = place;
            old = 0;
        }
        Items& before = kept[part];
        while (old < before.size() && before[old].range.start < range.start) {
            ++old;
        }
        std::size_t at = old;
        while (at < before.size() && before[at].range.start == range.start &&
               !before[at].shows(*finding, range, *map)) {
            ++at;
        }
        const bool found = at < before.size() && before[at].range.start == range.start;
        items_[part].push_back(found ? std::move(before[at]) : make_item(*finding, range, *map));
    }
    map_ = std::move(map);
}

DiagnosticsView::Items DiagnosticsView::take_items(const Part& part, std::size_t expected) {
    if (!map_) {
        return {};
    }
    const std::vector<Part>& before = map_->parts();
    std::optional<std::size_t> at = expected;
    if (expected >= before.size() || before[expected].uri != part.uri) {
        at = map_->find(part.uri->key);
    }
    return at ? std::exchange(items_[*at], {}) : Items{};
}

std::uint64_t DiagnosticsView::hash(std::size_t part) const {
    std::uint64_t hash = analysis::hash_bytes({}, items_[part].size());
    for (const Item& item : items_[part]) {
        hash = analysis::hash_combine(hash, item.hash);
    }
    return hash;
}

void DiagnosticsView::append_to(protocol::DiagnosticsMessage& message, std::size_t part) const {
    std::size_t bytes = 256;
    for (const Item& item : items_[part]) {
        bytes += item.json.text.size() + 1;
    }
    message.reserve(bytes);
    for (const Item& item : items_[part]) {
        message.add(item.json);
    }
}

} // namespace awaitls::server
