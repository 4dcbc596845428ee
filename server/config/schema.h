#pragma once

#include <string>

namespace awaitls::server {

/// docs/awaitls.schema.json: a JSON schema (draft 7) of what awaitls.toml and [tool.awaitls] may say, made of the option table
/// and the catalog of rules. Ends with a line break.
std::string configuration_schema();

} // namespace awaitls::server
