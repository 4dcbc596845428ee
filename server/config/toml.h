#pragma once

#include "server/config/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace awaitls::server {

struct TomlDocument {
    ConfigValue root; // a table; empty when `problem` is set
    std::optional<ConfigProblem> problem;
};

/// Parses TOML 1.0. Any bytes give a result; `file` only names the text in the problem.
TomlDocument parse_toml(std::string_view text, const std::string& file);

} // namespace awaitls::server
