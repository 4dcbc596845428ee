#pragma once

// Configuration as it was written, before anything is made of it. TOML and the editor's JSON both
// become this.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

struct ConfigEntry;

/// A value and where it stands. Line and column count from 1, columns in characters; 0 where there
/// is no text.
struct ConfigValue {
    /// Null stands for an option that an editor leaves unset; Other for what no option takes: a
    /// date, a time.
    enum class Type : std::uint8_t { Null, Boolean, Integer, Float, String, List, Table, Other };

    Type type = Type::Other;
    bool boolean = false;
    std::int64_t integer = 0;
    double number = 0;
    std::string string;
    std::vector<ConfigValue> list;
    std::vector<ConfigEntry> table;
    std::uint32_t line = 0;
    std::uint32_t column = 0;

    /// The value under a key of a table; null where there is none, or this is no table.
    const ConfigValue* find(std::string_view key) const;
};

struct ConfigEntry {
    std::string key;
    ConfigValue value;
    std::uint32_t line = 0; // of the key
    std::uint32_t column = 0;
};

/// "a string", "a list": for messages.
std::string_view type_words(ConfigValue::Type type);

/// A mistake in a configuration. Nothing stops because of it: what is wrong is left out.
struct ConfigProblem {
    std::string file;         // absolute path, or the option or source that it came by: "--select"
    std::uint32_t line = 0;   // from 1; 0 where there is no text
    std::uint32_t column = 0; // from 1, in characters
    std::string message;
    friend bool operator==(const ConfigProblem&, const ConfigProblem&) = default;
};

} // namespace awaitls::server
