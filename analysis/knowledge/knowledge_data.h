#pragma once

// The arrays that the knowledge compiler writes (knowledge_data.cpp in the build folder), sorted by
// name.

#include "analysis/knowledge/knowledge.h"

#include <cstddef>
#include <span>
#include <string_view>

namespace awaitls::analysis::data {

/// Bytes; the compiler of the tables refuses longer names.
inline constexpr std::size_t kLongestName = 256;

struct Alias {
    std::string_view name;
    std::string_view canonical;
};

struct ArgumentRule {
    std::string_view name;
    ArgumentUse use;
};

struct StarModule {
    std::string_view name;
    std::span<const std::string_view> names; // sorted
};

extern const std::span<const BlockingApi> kBlocking; // by name, then use
extern const std::span<const std::string_view>
    kNotBlocking; // exempt from the wildcard of their class
extern const std::span<const Api> kApis;
extern const std::span<const ClassInfo> kClasses;
extern const std::span<const Alias> kAliases;
extern const std::span<const Runner> kRunners;
extern const std::span<const ArgumentRule> kArguments;
extern const std::span<const StarModule> kStarModules;
extern const std::span<const std::string_view> kNetworkWaits;
extern const std::span<const std::string_view> kSessions;
extern const std::span<const std::string_view> kReentry;
extern const std::span<const std::string_view> kPackages; // first components of all names above

} // namespace awaitls::analysis::data
