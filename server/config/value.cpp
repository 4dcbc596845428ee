#include "server/config/value.h"

#include <algorithm>

namespace awaitls::server {

const ConfigValue* ConfigValue::find(std::string_view key) const {
    const auto at = std::find_if(table.begin(), table.end(),
                                 [&](const ConfigEntry& entry) { return entry.key == key; });
    return at == table.end() ? nullptr : &at->value;
}

std::string_view type_words(ConfigValue::Type type) {
    switch (type) {
    case ConfigValue::Type::Null: return "null";
    case ConfigValue::Type::Boolean: return "a boolean";
    case ConfigValue::Type::Integer: return "an integer";
    case ConfigValue::Type::Float: return "a number";
    case ConfigValue::Type::String: return "a string";
    case ConfigValue::Type::List: return "a list";
    case ConfigValue::Type::Table: return "a table";
    case ConfigValue::Type::Other: break;
    }
    return "a date or time";
}

} // namespace awaitls::server
