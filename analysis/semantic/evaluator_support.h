#pragma once

// What the parts of the evaluator share.

#include "analysis/semantic/module.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

inline constexpr int kMaxDepth = 40;      // of evaluation: deeper questions are answered "unknown"
inline constexpr int kMaxClassDepth = 16; // of inheritance

inline bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The one spelling that the tables have of a library's name.
std::string canonical(std::string_view name);
/// Canonical names of classes whose objects hold others of the kind that their type's arguments say.
bool is_container(std::string_view name);
bool is_mapping(std::string_view name);

std::uint64_t hash_of(const std::vector<ClassPlace>& places);

} // namespace awaitls::analysis
