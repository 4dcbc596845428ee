#pragma once

// What the regions of a file are to each other: which module-level names there are, which classes and what they hold.
// It refers to regions by their index, and is shared between versions of a file while no region's surface changes.

#include "analysis/semantic/region.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace awaitls::analysis {

/// A region at its place in a file. Whoever holds the slots keeps the regions alive.
struct Slot {
    const Region* region = nullptr;
    std::uint64_t surface = 0; // the region's
    std::uint32_t begin = 0;   // byte offset in the file
    std::int32_t head = -1;    // for members of a class body: index of the slot of the class's head
    bool runners = false;      // the region has runner_calls
};
/// `head` as in Slot.
Slot make_slot(const Region& region, std::uint32_t begin, std::int32_t head);

/// A binding or attribute, by slot and index.
struct Reference {
    std::uint32_t slot;
    std::uint32_t index; // in Region::bindings; in Region::attributes for attribute references
    bool attribute = false;
};

struct StringHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
        return static_cast<std::size_t>(hash_bytes(text));
    }
};
template <typename Value>
using NameMap = std::unordered_map<std::string, Value, StringHash, std::equal_to<>>;

struct ClassEntry {
    std::string name;
    std::string qualname;
    std::uint32_t slot; // where its ClassDef stands
    NodeId node;
    NameMap<std::vector<Reference>>
        members; // class-level bindings and attributes set on self, in text order
};

class FileModel {
public:
    /// Requires: heads come before their members.
    explicit FileModel(const std::vector<Slot>& slots);

    const std::vector<Reference>* find_name(std::string_view name) const;
    const std::vector<ClassEntry>& classes() const { return classes_; }
    /// Index of the class whose ClassDef is this node; -1 when there is none.
    std::int32_t class_at(std::uint32_t slot, NodeId node) const;
    const std::vector<Reference>& star_imports() const { return star_imports_; }
    /// The module's own imports: the name that each binds, and the binding.
    const std::vector<std::pair<std::string, Reference>>& imports() const { return imports_; }

    /// Index of the class that a head slot defines.
    std::int32_t head_class(std::span<const Slot> slots, std::uint32_t head) const;

private:
    static std::string_view identifier_of_class(const Region& region, NodeId node);

    NameMap<std::vector<Reference>> names_;
    std::vector<ClassEntry> classes_;
    std::unordered_map<std::uint64_t, std::int32_t> class_ids_;
    std::vector<Reference> star_imports_; // index: position in Region::star_imports
    std::vector<std::pair<std::string, Reference>>
        imports_; // module-level imports: bound name, binding
};

/// Whether a FileModel has the same to say of both: they have the same names and classes at the same places.
bool have_same_names(const Region& a, const Region& b);

/// Hash of all surfaces in order: equal hashes have equal FileModels.
std::uint64_t surface_hash(const std::vector<Slot>& slots);

} // namespace awaitls::analysis
