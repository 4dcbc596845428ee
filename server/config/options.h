#pragma once

// The options of [tool.awaitls]: one table that reads them, documents them and names them in
// messages.

#include "analysis/settings.h"
#include "server/config/value.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

inline constexpr std::uint64_t kDefaultMaxFileSize = 2'000'000; // bytes
/// More bytes do not fit the 32-bit offsets of the analysis.
inline constexpr std::int64_t kLargestFileSize = 1'000'000'000;

struct PerFileIgnore {
    std::string pattern;
    std::vector<std::string> selectors;
};

/// What one source says: a file, the command line, the editor. Only what it says is set, and all of
/// it is valid.
struct ConfigLayer {
    std::string
        source; // absolute path of the file, or a name for people: "--select", "editor settings"
    std::string base; // absolute folder that patterns are relative to
    std::optional<std::vector<std::string>> select;
    std::optional<std::vector<std::string>> ignore;
    std::vector<std::string> extend_select;
    std::vector<std::string> exclude;
    std::vector<PerFileIgnore> per_file_ignores;
    std::vector<std::pair<std::string, analysis::Severity>> severity; // selector, severity
    std::optional<analysis::PythonVersion> target_version;
    std::string environment; // absolute path of what `python` names; empty: not said
    std::optional<analysis::Strictness> strictness;
    std::optional<std::vector<analysis::BlockingPattern>> blocking_calls;
    std::optional<std::uint64_t> max_file_size; // bytes
    std::map<std::string, std::vector<std::string>> rule_options;
};

class LayerReader;

/// What an option takes: in words on the page, as JSON schema in the schema.
enum class OptionType : std::uint8_t {
    Selectors,
    Patterns,
    SelectorsOfPatterns,   // table of pattern = list of selectors
    SeveritiesOfSelectors, // table of selector = severity
    PythonVersion,
    Strictness,
    BlockingCalls,
    FileSize, // bytes
    Folder,   // below that of the configuration
    Nothing,  // a configuration does not set it, and is told so
};

struct Option {
    std::string_view key;
    OptionType type;
    std::string_view default_value; // a value that is TOML and JSON, else words
    std::string_view doc;           // Markdown
    std::string_view example;       // TOML, the lines below [tool.awaitls]
    void (*read)(LayerReader& reader, const ConfigValue& value);
};

/// In the order of the documentation.
std::span<const Option> option_table();

/// Reads the table [tool.awaitls], or an editor's settings. What is wrong is left out and told as a
/// problem.
ConfigLayer read_layer(const ConfigValue& table, std::string source, std::string base,
                       std::vector<ConfigProblem>& problems);

/// How much a selector says: a rule's name more than an alias, then the beginning of one (the
/// longer the more), a category, ALL.
std::size_t specificity(std::string_view selector);
/// True for the name of a rule or a whole alias, false for what stands for many.
bool names_one(std::string_view selector);

/// "3.10" or "py310", from 3.7 on.
std::optional<analysis::PythonVersion> parse_python_version(std::string_view text);
/// The oldest version that a `requires-python` (PEP 440) admits; nothing where it has no lower
/// bound.
std::optional<analysis::PythonVersion> oldest_python(std::string_view requires_python);

/// "list of selectors": for people.
std::string_view type_words(OptionType type);

/// docs/configuration.md.
std::string configuration_page();

} // namespace awaitls::server
