#pragma once

// Effects in memory, for the analyses of one moment's modules.

#include "analysis/semantic/effects.h"

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace awaitls::server {

class EffectsStore final : public analysis::SharedEffects {
public:
    std::shared_ptr<const analysis::RegionEffects> find(const Key& key) const override {
        const Part& part = parts_[key.slot % parts_.size()];
        const std::lock_guard lock(part.mutex);
        const auto found = part.effects.find(key);
        return found == part.effects.end() ? nullptr : found->second;
    }
    void add(const Key& key, std::shared_ptr<const analysis::RegionEffects> effects,
             const analysis::Uses& uses) override {
        if (on_uses_) on_uses_(*key.file, uses);
        Part& part = parts_[key.slot % parts_.size()];
        const std::lock_guard lock(part.mutex);
        part.effects.emplace(key, std::move(effects));
    }

    /// Is told what effects of a file rest on, by any thread, maybe the same more than once. Call before anything else.
    using OnUses = std::function<void(const analysis::ModuleFile&, const analysis::Uses&)>;
    void on_uses(OnUses on_uses) { on_uses_ = std::move(on_uses); }

private:
    struct KeyHash {
        std::size_t operator()(const Key& key) const {
            constexpr std::size_t kSpread = 0x9e3779b97f4a7c15ULL;
            const std::size_t file = std::hash<const analysis::ModuleFile*>{}(key.file);
            return (file ^ static_cast<std::size_t>(key.settings)) * kSpread + key.slot;
        }
    };
    struct Part {
        mutable std::mutex mutex;
        std::unordered_map<Key, std::shared_ptr<const analysis::RegionEffects>, KeyHash> effects;
    };

    OnUses on_uses_;
    std::array<Part, 16> parts_; // so that threads seldom wait for one another
};

} // namespace awaitls::server
