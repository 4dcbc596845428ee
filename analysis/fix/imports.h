#pragma once

// Adds imports where a person (or isort) would put them.

#include "analysis/semantic/file_model.h"
#include "analysis/text/text.h"

#include <string>
#include <string_view>
#include <vector>

namespace awaitls::analysis {

/// The edit that makes `import module` true at module level; an empty vector when it is already there.
/// Positions are bytes of the file.
std::vector<Edit> import_edit(const std::vector<Slot>& slots, std::string_view text,
                              std::string_view module);

} // namespace awaitls::analysis
