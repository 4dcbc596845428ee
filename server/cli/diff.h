#pragma once

#include <string>
#include <string_view>

namespace awaitls::server {

/// The unified diff of two texts with three lines of context, headed by `--- path` and `+++ path`;
/// empty where they are equal. Lines end with LF; a CR before it is part of the line.
std::string unified_diff(std::string_view before, std::string_view after, std::string_view path);

} // namespace awaitls::server
