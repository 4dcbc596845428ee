#include "analysis/semantic/module.h"

#include <algorithm>

namespace awaitls::analysis {

namespace {

/// True when the region at index i is a class head whose methods are regions of their own.
bool has_members(const Outline& outline, std::size_t i) {
    return outline.regions[i].kind == RegionKind::ClassHead && i + 1 < outline.regions.size() &&
           outline.regions[i + 1].parent != 0;
}

/// Makes the regions of the outline, taking over those whose text did not change.
void make_slots(Module& module, const Module* before, CommonEnds ends) {
    const std::string_view whole = module.text();
    const Outline& outline = module.outline;
    const std::size_t count = outline.regions.size();
    module.slots.resize(count);
    if (before != nullptr && before->slots.size() == count) {
        module.regions = before->regions;
    } else {
        module.regions.reset(count);
    }
    std::size_t old_at = 0;
    const std::int64_t delta = before == nullptr
                                   ? 0
                                   : static_cast<std::int64_t>(whole.size()) -
                                         static_cast<std::int64_t>(before->text().size());
    const std::uint32_t tail = static_cast<std::uint32_t>(whole.size()) - ends.suffix;
    for (std::size_t i = 0; i < count; ++i) {
        const RegionRange& range = outline.regions[i];
        Slot& slot = module.slots[i];
        slot.begin = range.span.begin;
        slot.head = range.parent == 0 ? -1 : static_cast<std::int32_t>(i) - range.parent;
        const bool members = has_members(outline, i);
        const Region* similar = nullptr;
        const bool head = range.span.end <= ends.prefix;
        const bool in_tail = range.span.begin >= tail;
        // A region that starts inside the changed text has no counterpart.
        if (before != nullptr && (in_tail || range.span.begin <= ends.prefix)) {
            const std::uint32_t old_begin =
                in_tail && !head ? static_cast<std::uint32_t>(range.span.begin - delta)
                                 : range.span.begin;
            const std::vector<RegionRange>& old = before->outline.regions;
            while (old_at < old.size() && old[old_at].span.begin < old_begin) ++old_at;
            if (old_at < old.size() && old[old_at].span.begin == old_begin) {
                const Slot& candidate = before->slots[old_at];
                if ((head || in_tail) && old[old_at].span.size() == range.span.size() &&
                    old[old_at].kind == range.kind &&
                    (old[old_at].parent != 0) == (range.parent != 0) &&
                    has_members(before->outline, old_at) == members) {
                    slot.region = candidate.region;
                    slot.surface = candidate.surface;
                    slot.runners = candidate.runners;
                    if (module.regions[i].get() != slot.region)
                        module.regions.set(i, before->regions[old_at]);
                    continue;
                }
                similar = candidate.region;
            }
        }
        std::shared_ptr<const Region> made =
            make_region(whole.substr(range.span.begin, range.span.size()), range.kind,
                        range.parent != 0, members, similar);
        slot = make_slot(*made, slot.begin, slot.head);
        module.regions.set(i, std::move(made));
    }
}

/// A FileModel of the one is one of the other.
bool has_names_of(const Module& module, const Module& before) {
    if (module.looks_like(before)) return true;
    const auto alike = [](const Slot& a, const Slot& b) {
        return a.head == b.head && (a.region == b.region || have_same_names(*a.region, *b.region));
    };
    return std::equal(module.slots.begin(), module.slots.end(), before.slots.begin(),
                      before.slots.end(), alike);
}

} // namespace

std::shared_ptr<const Module> make_module(std::shared_ptr<const SourceText> source,
                                          const Module* before) {
    auto module = std::make_shared<Module>();
    module->source = std::move(source);
    CommonEnds ends{0, 0};
    if (before != nullptr) {
        ends = module->source->common_ends_with(*before->source);
        module->outline =
            edit_outline(before->outline, before->text(), module->text(), ends.prefix, ends.suffix);
    } else {
        module->outline = make_outline(module->text());
    }
    make_slots(*module, before, ends);
    module->surface = surface_hash(module->slots);
    module->model = before != nullptr && has_names_of(*module, *before)
                        ? before->model
                        : std::make_shared<const FileModel>(module->slots);
    return module;
}

} // namespace awaitls::analysis
