#include "server/config/toml.h"

#include <algorithm>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// toml++ 3.3 asserts that a table header begins with a key, and without asserts lets the compiler
// assume it, before it tests for that very thing: `[ = 1` must be an error with a place in every
// build.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#include <toml++/toml.h>

namespace awaitls::server {

namespace {

ConfigValue convert(const toml::node& node) {
    ConfigValue value;
    value.line = node.source().begin.line;
    value.column = node.source().begin.column;
    if (const toml::table* table = node.as_table()) {
        value.type = ConfigValue::Type::Table;
        for (const auto& [key, child] : *table) {
            const toml::source_position at = key.source().begin;
            value.table.push_back({std::string(key.str()), convert(child), at.line, at.column});
        }
        std::stable_sort(value.table.begin(), value.table.end(),
                         [](const ConfigEntry& a, const ConfigEntry& b) {
                             return std::pair(a.line, a.column) < std::pair(b.line, b.column);
                         });
    } else if (const toml::array* array = node.as_array()) {
        value.type = ConfigValue::Type::List;
        for (const toml::node& child : *array) value.list.push_back(convert(child));
    } else if (const toml::value<std::string>* string = node.as_string()) {
        value.type = ConfigValue::Type::String;
        value.string = string->get();
    } else if (const toml::value<std::int64_t>* integer = node.as_integer()) {
        value.type = ConfigValue::Type::Integer;
        value.integer = integer->get();
    } else if (const toml::value<double>* number = node.as_floating_point()) {
        value.type = ConfigValue::Type::Float;
        value.number = number->get();
    } else if (const toml::value<bool>* boolean = node.as_boolean()) {
        value.type = ConfigValue::Type::Boolean;
        value.boolean = boolean->get();
    }
    return value;
}

} // namespace

TomlDocument parse_toml(std::string_view text, const std::string& file) {
    TomlDocument document;
    document.root.type = ConfigValue::Type::Table;
    const toml::parse_result parsed = toml::parse(text);
    if (parsed) {
        document.root = convert(parsed.table());
    } else {
        const toml::parse_error& error = parsed.error();
        const toml::source_position at = error.source().begin;
        document.problem = ConfigProblem{file, at.line, at.column,
                                         "not valid TOML: " + std::string(error.description())};
    }
    return document;
}

} // namespace awaitls::server
