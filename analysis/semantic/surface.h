#pragma once

// What other code sees of a region, and which names mean something else when that changes.

#include "analysis/semantic/module.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// Hash of everything that other regions can learn about one: equal surfaces look the same from outside.
std::uint64_t surface_hash(const Region& region);

/// Hash of what decides, in its region, what a call passes: its text, and the local variables that it reads.
std::uint64_t passed_hash(const Region& region, NodeId call);

/// Names that mean something else than they did in an earlier version of some modules. Code finds what others define by
/// spelling its name, or by the special names that the language looks up by itself: regions that have none of the names
/// mean what they meant.
class ChangedNames {
public:
    /// Adds what differs between two versions of a module. False where more than names differs: which regions and classes
    /// there are, what classes derive from, imports, special methods; or where too much does.
    bool add(const Module& before, const Module& after);
    /// Adds the names that are explained with changed ones, somewhere in the modules. False where a class is.
    bool close_over(const std::vector<const Module*>& modules);

    bool empty() const { return names_.empty(); }
    bool contains(std::string_view name) const;
    /// True when the text has one of the names, maybe in a comment or string.
    bool any_in(std::string_view text) const { return any_in(text, 0); }

private:
    bool any_in(std::string_view text, std::size_t from) const;
    /// False when there are too many, or it is one that the language looks up by itself.
    bool insert(std::string_view name);

    std::vector<std::string> names_;
};

} // namespace awaitls::analysis
