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
    void add(const Key& key, std::shared_ptr<const analysis::RegionEffects> effects) override {
        Part& part = parts_[key.slot % parts_.size()];
        const std::lock_guard lock(part.mutex);
        part.effects.emplace(key, std::move(effects));
    }

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

    std::array<Part, 16> parts_; // so that threads seldom wait for one another
};

} // namespace awaitls::server
