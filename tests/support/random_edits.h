#pragma once

// Edits as people make them, from a seed: the same seed gives the same edits on every machine.

#include "analysis/text/text.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace awaitls::tests {

/// splitmix64: small, good enough, and the same everywhere.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    /// 0 <= result < bound; 0 for bound 0.
    std::uint32_t below(std::uint64_t bound) {
        return bound == 0 ? 0 : static_cast<std::uint32_t>(next() % bound);
    }

private:
    std::uint64_t state_;
};

/// A letter typed, a word deleted, a bracket or (triple) quote opened, a line pasted, moved or removed, blanks changed.
analysis::Edit random_edit(Random& random, std::string_view text);

} // namespace awaitls::tests
