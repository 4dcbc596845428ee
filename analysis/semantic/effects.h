#pragma once

// What the functions of a region do by themselves, in a form that any evaluation of the same modules can use.

#include "analysis/knowledge/knowledge.h"
#include "analysis/syntax/node.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace awaitls::analysis {

struct ModuleFile;
struct Uses;

/// The blocking operations in the bodies of a region's functions, and the sync functions that they call. Kept between versions
/// of a file while neither the region nor any surface changes.
struct RegionEffects {
    struct Effect {
        Span span;                // of the call, in the region
        std::string label;        // "open", "Store._read"
        bool conditional = false; // a run of the function may pass it by: it stands in a branch
        const BlockingApi* api = nullptr; // a blocking operation, or
        std::string end;
        std::shared_ptr<const ModuleFile>
            file;               // a call of a function of this module; null: of the region's own
        std::uint32_t slot = 0; // `index` in Region::functions of the module's slot
        std::uint32_t index = 0;
    };
    std::vector<std::vector<Effect>> functions; // by index in Region::functions
    std::vector<std::uint64_t>
        iterated; // likewise: a bit for each parameter that the body iterates
};

/// Effects that one evaluation worked out and others of the same modules need as well. All members may be called by any thread.
class SharedEffects {
public:
    struct Key {
        const ModuleFile* file; // alive as long as this
        std::uint64_t settings; // their fingerprint
        std::uint32_t slot;
        friend bool operator==(const Key&, const Key&) = default;
    };
    virtual ~SharedEffects() = default;

    /// Null where nobody added any.
    virtual std::shared_ptr<const RegionEffects> find(const Key& key) const = 0;
    /// `uses` is what they rest on outside of their file.
    virtual void add(const Key& key, std::shared_ptr<const RegionEffects> effects,
                     const Uses& uses) = 0;
};

} // namespace awaitls::analysis
