#pragma once

// The top-level modules of the standard library.

#include <string_view>

namespace awaitls::server {

/// True for the public ones: "asyncio", "queue".
bool is_stdlib_module(std::string_view name);

} // namespace awaitls::server
