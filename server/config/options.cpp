#include "server/config/options.h"

#include "analysis/rules/catalog.h"
#include "server/config/environment.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace awaitls::server {

using analysis::BlockingPattern;
using analysis::PythonVersion;
using analysis::Severity;
using analysis::Strictness;

/// Turns values into the fields of a layer and mistakes into problems.
class LayerReader {
public:
    LayerReader(ConfigLayer& target, std::vector<ConfigProblem>& problems)
        : layer(target), problems_(problems) {}

    void read(const ConfigEntry& entry);

    void problem(const ConfigValue& at, std::string message) {
        problems_.push_back({layer.source, at.line, at.column, std::move(message)});
    }
    void wrong_type(const ConfigValue& value, std::string_view expected) {
        problem(value,
                fmt::format("`{}` must be {}, not {}", key_, expected, type_words(value.type)));
    }

    /// The strings of a list; a value that is none is told and left out.
    std::vector<const ConfigValue*> strings(const ConfigValue& value, std::string_view expected);
    /// Those that mean a rule.
    std::vector<std::string> selectors(const ConfigValue& value);
    bool is_selector(const ConfigValue& at, std::string_view text);
    std::string_view key() const { return key_; }

    ConfigLayer& layer;

private:
    void read_rule_option(const std::string& key, const ConfigValue& value);
    void unknown_key(const ConfigEntry& entry);

    std::vector<ConfigProblem>& problems_;
    std::string key_;
};

namespace {

using Type = ConfigValue::Type;

constexpr std::string_view kSelectorList =
    "a list of strings: names of rules, categories, codes or \"ALL\"";

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// The whole text as a number of at most four digits.
std::optional<unsigned> small_number(std::string_view text) {
    unsigned value = 0;
    if (text.empty() || text.size() > 4) return std::nullopt;
    const std::from_chars_result result =
        std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ec != std::errc() || result.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

void read_select(LayerReader& reader, const ConfigValue& value) {
    if (value.type == Type::List)
        reader.layer.select = reader.selectors(value);
    else
        reader.wrong_type(value, kSelectorList);
}

void read_ignore(LayerReader& reader, const ConfigValue& value) {
    reader.layer.ignore = reader.selectors(value);
}

void read_extend_select(LayerReader& reader, const ConfigValue& value) {
    reader.layer.extend_select = reader.selectors(value);
}

void read_exclude(LayerReader& reader, const ConfigValue& value) {
    for (const ConfigValue* pattern :
         reader.strings(value, "a list of strings: patterns of paths")) {
        reader.layer.exclude.push_back(pattern->string);
    }
}

void read_per_file_ignores(LayerReader& reader, const ConfigValue& value) {
    if (value.type != Type::Table)
        return reader.wrong_type(value, "a table of pattern = [selectors]");
    for (const ConfigEntry& entry : value.table) {
        reader.layer.per_file_ignores.push_back({entry.key, reader.selectors(entry.value)});
    }
}

void read_severity(LayerReader& reader, const ConfigValue& value) {
    constexpr std::array kSeverities{Severity::Error, Severity::Warning, Severity::Information,
                                     Severity::Hint};
    if (value.type != Type::Table)
        return reader.wrong_type(value, "a table of selector = severity");
    for (const ConfigEntry& entry : value.table) {
        ConfigValue at = entry.value;
        at.line = entry.line;
        at.column = entry.column;
        if (!reader.is_selector(at, entry.key)) continue;
        const auto severity =
            std::find_if(kSeverities.begin(), kSeverities.end(), [&](Severity candidate) {
                return entry.value.type == Type::String &&
                       severity_name(candidate) == entry.value.string;
            });
        if (severity != kSeverities.end()) {
            reader.layer.severity.emplace_back(entry.key, *severity);
        } else {
            reader.problem(entry.value,
                           fmt::format("the severity of `{}` must be \"error\", \"warning\", "
                                       "\"information\" or \"hint\"; `ignore` turns a rule off",
                                       entry.key));
        }
    }
}

void read_target_version(LayerReader& reader, const ConfigValue& value) {
    if (value.type != Type::String)
        return reader.wrong_type(value, "a string such as \"3.10\" or \"py310\"");
    reader.layer.target_version = parse_python_version(value.string);
    if (!reader.layer.target_version) {
        reader.problem(
            value, fmt::format(
                       "\"{}\" is no Python version: `target-version` is a string such as \"3.10\" "
                       "or \"py310\", from 3.7 on",
                       value.string));
    }
}

void read_strictness(LayerReader& reader, const ConfigValue& value) {
    if (value.type == Type::String && value.string == "certain")
        reader.layer.strictness = Strictness::Certain;
    else if (value.type == Type::String && value.string == "likely")
        reader.layer.strictness = Strictness::Likely;
    else if (value.type != Type::String)
        reader.wrong_type(value, "\"certain\" or \"likely\"");
    else
        reader.problem(value,
                       fmt::format("`strictness` must be \"certain\" or \"likely\", not \"{}\"",
                                   value.string));
}

void read_blocking_calls(LayerReader& reader, const ConfigValue& value) {
    constexpr std::string_view kExpected =
        "a table of pattern = \"advice\", or a list of \"pattern -> advice\"";
    std::vector<BlockingPattern> patterns;
    const auto add = [&](const ConfigValue& at, std::string_view pattern, std::string_view advice) {
        pattern = trim(pattern);
        advice = trim(advice);
        if (pattern.empty() || advice.empty()) {
            reader.problem(at, "an entry of `blocking-calls` needs a pattern and an advice: "
                               "\"legacy.* -> use `client`\"");
        } else {
            patterns.push_back({std::string(pattern), std::string(advice)});
        }
    };
    if (value.type == Type::Table) {
        for (const ConfigEntry& entry : value.table) {
            if (entry.value.type == Type::String)
                add(entry.value, entry.key, entry.value.string);
            else
                reader.problem(entry.value,
                               fmt::format("the advice for `{}` must be a string, not {}",
                                           entry.key, type_words(entry.value.type)));
        }
    } else if (value.type == Type::List) {
        for (const ConfigValue* entry : reader.strings(value, kExpected)) {
            const std::string_view text = entry->string;
            const std::size_t arrow = text.find("->");
            const bool found = arrow != std::string_view::npos;
            add(*entry, text.substr(0, found ? arrow : text.size()),
                found ? text.substr(arrow + 2) : "");
        }
    } else {
        return reader.wrong_type(value, kExpected);
    }
    reader.layer.blocking_calls = std::move(patterns);
}

void read_max_file_size(LayerReader& reader, const ConfigValue& value) {
    if (value.type != Type::Integer) return reader.wrong_type(value, "a number of bytes");
    if (value.integer < 1 || value.integer > kLargestFileSize) {
        return reader.problem(
            value, fmt::format("`max-file-size` must be between 1 and {} bytes", kLargestFileSize));
    }
    reader.layer.max_file_size = static_cast<std::uint64_t>(value.integer);
}

/// A folder's own configuration names nothing outside of that folder.
bool stays_inside(const std::string& path) {
    if (path.empty() || path.front() == '/') return false;
    return path != ".." && !path.starts_with("../") && path.find("/../") == std::string::npos &&
           !path.ends_with("/..");
}

void read_python(LayerReader& reader, const ConfigValue& value) {
    if (value.type != Type::String) return reader.wrong_type(value, "the path of an environment");
    if (!stays_inside(value.string)) {
        return reader.problem(
            value, "`python` must be a path below this file's folder; `--python` takes any path");
    }
    std::string path = reader.layer.base + "/" + value.string;
    if (const std::string problem = environment_problem(path); !problem.empty())
        return reader.problem(value, problem);
    reader.layer.environment = std::move(path);
}

void read_cache_dir(LayerReader& reader, const ConfigValue& value) {
    reader.problem(value,
                   "a configuration does not choose where files are written: the command line "
                   "does, with `--cache-dir`");
}

constexpr Option kOptions[] = {
    {"select", OptionType::Selectors, "the rules that are on by default",
     R"(The rules that run, in place of the defaults. A selector is a rule's name
(`"blocking-sleep"`), a category (`"blocking"`), `"ALL"`, the code of the same problem in
another tool (`"RUF006"`, `"ASYNC251"`), or the beginning of such a code (`"ASYNC2"`, `"ASYNC"`). A code
that means a part of a rule (`"ASYNC231"` of `blocking-open`) selects that part. A whole code
that means more than a rule (`"ASYNC103"`, for which flake8-async also reports handlers that no
cancellation can reach) selects that, too; the rule's page says what. Where
`select` and `ignore` disagree, the more specific selector wins: a name over a code, a code
over its beginning, that over a category, that over `ALL`; between equals `ignore` wins.)",
     "select = [\"await\", \"task\", \"blocking-sleep\"]", read_select},
    {"ignore", OptionType::Selectors, "[]", R"(Rules that do not run.)",
     "ignore = [\"session-per-call\"]", read_ignore},
    {"extend-select", OptionType::Selectors, "[]",
     R"(Rules that run in addition to `select` or the defaults.)",
     "extend-select = [\"blocking-cpu\"]", read_extend_select},
    {"exclude", OptionType::Patterns, "[]",
     R"(Files and folders that `check` does not enter and the editor shows nothing for, in addition
to the usual ones (`.git`, `.venv`, `node_modules`, `build`, ...). A pattern is matched
against the name and against the path relative to the configuration file; `*` matches any
characters, `/` included. The last matching pattern decides, and one that begins with `!`
takes its paths in again (`"!build"`). A path given on the command line is always checked.)",
     "exclude = [\"generated\", \"tests/data/*\"]", read_exclude},
    {"per-file-ignores", OptionType::SelectorsOfPatterns, "{}",
     R"(Rules that do not run in the files of a pattern. Patterns are those of `exclude`; one that
begins with `!` means every file that it does not match.)",
     "per-file-ignores = { \"tests/*\" = [\"blocking\"], \"scripts\" = [\"ALL\"] }",
     read_per_file_ignores},
    {"severity", OptionType::SeveritiesOfSelectors, "{}",
     R"(Severities other than the rules' own: `"error"`, `"warning"`, `"information"` or `"hint"`.
The more specific selector wins.)",
     "severity = { blocking = \"warning\", \"blocking-sleep\" = \"error\" }", read_severity},
    {"target-version", OptionType::PythonVersion,
     "the lower bound of `requires-python`, else \"3.10\"",
     R"(The oldest Python that the code runs on, `"3.10"` or `"py310"`. Rules and fixes that need a
newer one stay away. Without it, `requires-python` of the nearest `pyproject.toml` counts.)",
     "target-version = \"3.11\"", read_target_version},
    {"strictness", OptionType::Strictness, "\"certain\"",
     R"(`"certain"` reports what is resolved beyond doubt. `"likely"` adds findings that rest on a
method name that only one class has.)",
     "strictness = \"likely\"", read_strictness},
    {"blocking-calls", OptionType::BlockingCalls, "[]",
     R"(Calls of your own that block, for the rule `blocking-configured`. A pattern is matched
against the qualified name of what is called (`*` matches any characters); the advice is
shown with the finding.)",
     "blocking-calls = [\"legacy.db.* -> use `store.fetch`\"]", read_blocking_calls},
    {"max-file-size", OptionType::FileSize, "2000000",
     R"(Larger files are not analysed; one note says so.)", "max-file-size = 5_000_000",
     read_max_file_size},
    {"python", OptionType::Folder, "unset",
     R"(The project's environment: the path of its folder, below that of the configuration file. What imports of installed
packages mean is read from it. Its Python version does not count: the code may run on older ones.
Nothing in it is run. Unset: that of `VIRTUAL_ENV`, else `.venv` in the project's folder, else that of conda, else the `python` on `PATH`.)",
     "python = \".venv\"", read_python},
    {"cache-dir", OptionType::Nothing, "unset",
     R"(What `awaitls check` finds, and the server in the files of a workspace, is kept for the next run in `$XDG_CACHE_HOME/awaitls` (`~/.cache/awaitls`).
A folder's configuration cannot choose another place: `awaitls check --cache-dir` does.)",
     "", read_cache_dir},
};

/// The keys that rules read; "rule-name.option" stands in a table of the rule's name.
std::vector<std::string_view> rule_option_keys() {
    std::vector<std::string_view> keys;
    for (const analysis::Rule& rule : analysis::catalog()) {
        for (const std::string_view key : rule.info.options) {
            const bool general =
                std::any_of(std::begin(kOptions), std::end(kOptions),
                            [&](const Option& option) { return option.key == key; });
            if (!general && std::find(keys.begin(), keys.end(), key) == keys.end())
                keys.push_back(key);
        }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

std::optional<std::string> scalar_text(const ConfigValue& value) {
    switch (value.type) {
    case Type::String: return value.string;
    case Type::Boolean: return value.boolean ? "true" : "false";
    case Type::Integer: return std::to_string(value.integer);
    case Type::Float: return fmt::format("{}", value.number);
    default: return std::nullopt;
    }
}

} // namespace

std::vector<const ConfigValue*> LayerReader::strings(const ConfigValue& value,
                                                     std::string_view expected) {
    std::vector<const ConfigValue*> result;
    if (value.type != Type::List) {
        wrong_type(value, expected);
        return result;
    }
    for (const ConfigValue& item : value.list) {
        if (item.type == Type::String) {
            result.push_back(&item);
        } else {
            problem(item, fmt::format("`{}` must be {}; this is {}", key_, expected,
                                      type_words(item.type)));
        }
    }
    return result;
}

bool LayerReader::is_selector(const ConfigValue& at, std::string_view text) {
    if (!analysis::select_rules(text).empty()) return true;
    const std::string nearest = analysis::nearest_selector(text);
    problem(at, fmt::format("there is no rule, category or code \"{}\"{}", text,
                            nearest.empty() ? "; `awaitls rule --all` lists them"
                                            : fmt::format("; did you mean \"{}\"?", nearest)));
    return false;
}

std::vector<std::string> LayerReader::selectors(const ConfigValue& value) {
    std::vector<std::string> result;
    for (const ConfigValue* item : strings(value, kSelectorList)) {
        if (is_selector(*item, item->string)) result.push_back(item->string);
    }
    return result;
}

void LayerReader::read_rule_option(const std::string& key, const ConfigValue& value) {
    // `max-awaits`, `rule.max-depth`: by their name, limits.
    if (std::string_view(key).substr(key.rfind('.') + 1).starts_with("max-") &&
        (value.type != Type::Integer || value.integer < 0)) {
        problem(value, fmt::format("`{}` must be a whole number, 0 or larger", key));
        return;
    }
    std::vector<std::string>& values = layer.rule_options[key];
    values.clear();
    const auto add = [&](const ConfigValue& item) {
        if (std::optional<std::string> text = scalar_text(item))
            values.push_back(std::move(*text));
        else
            problem(
                item,
                fmt::format("`{}` must be a string, a number, a boolean or a list of them, not {}",
                            key, type_words(item.type)));
    };
    if (value.type == Type::List) {
        for (const ConfigValue& item : value.list) add(item);
    } else {
        add(value);
    }
}

void LayerReader::unknown_key(const ConfigEntry& entry) {
    std::vector<std::string_view> known;
    for (const Option& option : kOptions) known.push_back(option.key);
    const std::vector<std::string_view> of_rules = rule_option_keys();
    known.insert(known.end(), of_rules.begin(), of_rules.end());
    const std::string_view nearest = analysis::nearest_of(key_, known);
    ConfigValue at;
    at.line = entry.line;
    at.column = entry.column;
    problem(at, fmt::format("unknown key `{}`{}", key_,
                            nearest.empty() ? "" : fmt::format("; did you mean `{}`?", nearest)));
}

void LayerReader::read(const ConfigEntry& entry) {
    key_ = entry.key;
    if (entry.value.type == Type::Null) return;
    const auto option =
        std::find_if(std::begin(kOptions), std::end(kOptions),
                     [&](const Option& candidate) { return candidate.key == entry.key; });
    if (option != std::end(kOptions)) return option->read(*this, entry.value);

    const std::vector<std::string_view> of_rules = rule_option_keys();
    const auto is_rule_option = [&] {
        return std::find(of_rules.begin(), of_rules.end(), key_) != of_rules.end();
    };
    if (is_rule_option()) return read_rule_option(key_, entry.value);
    if (entry.value.type != Type::Table || !analysis::find_rule(entry.key))
        return unknown_key(entry);
    for (const ConfigEntry& inner : entry.value.table) {
        key_ = entry.key + '.' + inner.key;
        if (is_rule_option())
            read_rule_option(key_, inner.value);
        else
            unknown_key(inner);
    }
}

std::span<const Option> option_table() {
    return kOptions;
}

ConfigLayer read_layer(const ConfigValue& table, std::string source, std::string base,
                       std::vector<ConfigProblem>& problems) {
    ConfigLayer layer;
    layer.source = std::move(source);
    layer.base = std::move(base);
    LayerReader reader(layer, problems);
    for (const ConfigEntry& entry : table.table) reader.read(entry);
    return layer;
}

bool names_one(std::string_view selector) {
    if (analysis::find_rule(selector)) return true;
    for (const analysis::Rule& rule : analysis::catalog()) {
        const std::vector<std::string_view>& aliases = rule.info.aliases;
        if (std::find(aliases.begin(), aliases.end(), selector) != aliases.end()) return true;
    }
    return false;
}

std::size_t specificity(std::string_view selector) {
    constexpr std::size_t kName = 1'000'000;
    if (analysis::find_rule(selector)) return kName;
    if (names_one(selector)) return kName - 1;
    if (selector == "ALL") return 0;
    const bool is_prefix = !selector.empty() && selector.back() >= '0' && selector.back() <= '9';
    return is_prefix ? 1 + selector.size() : 1;
}

std::optional<PythonVersion> parse_python_version(std::string_view text) {
    constexpr unsigned kOldest = 7;
    constexpr unsigned kNewest = 30;
    std::string_view minor;
    if (text.starts_with("py3"))
        minor = text.substr(3);
    else if (text.starts_with("3."))
        minor = text.substr(2);
    const std::optional<unsigned> value = small_number(minor);
    if (!value || *value < kOldest || *value > kNewest) return std::nullopt;
    return PythonVersion{3, static_cast<std::uint8_t>(*value)};
}

std::optional<PythonVersion> oldest_python(std::string_view requires_python) {
    std::optional<PythonVersion> oldest;
    while (!requires_python.empty()) {
        const std::size_t comma = std::min(requires_python.find(','), requires_python.size());
        std::string_view clause = trim(requires_python.substr(0, comma));
        requires_python.remove_prefix(std::min(comma + 1, requires_python.size()));

        const std::size_t digits = std::min(clause.find_first_not_of("<>=!~"), clause.size());
        const std::string_view sign = clause.substr(0, digits);
        if (sign != ">=" && sign != ">" && sign != "==" && sign != "===" && sign != "~=") continue;
        const std::string_view version = trim(clause.substr(digits));
        const std::size_t dot = std::min(version.find('.'), version.size());
        const std::string_view rest = version.substr(std::min(dot + 1, version.size()));
        const std::optional<unsigned> major = small_number(version.substr(0, dot));
        const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
        const unsigned minor = small_number(rest.substr(0, end)).value_or(0);
        if (!major || *major != 3 || minor > 255) continue;
        const PythonVersion bound{3, static_cast<std::uint8_t>(minor)};
        if (!oldest || *oldest < bound) oldest = bound;
    }
    return oldest;
}

std::string_view type_words(OptionType type) {
    switch (type) {
    case OptionType::Selectors: return "list of selectors";
    case OptionType::Patterns: return "list of patterns";
    case OptionType::SelectorsOfPatterns: return "table of pattern = list of selectors";
    case OptionType::SeveritiesOfSelectors: return "table of selector = severity";
    case OptionType::BlockingCalls:
        return "list of \"pattern -> advice\", or table of pattern = advice";
    case OptionType::FileSize: return "number of bytes";
    case OptionType::PythonVersion:
    case OptionType::Strictness:
    case OptionType::Folder:
    case OptionType::Nothing: break;
    }
    return "string";
}

std::string configuration_page() {
    std::string page =
        R"(# Configuration

Settings stand in `[tool.awaitls]` of a `pyproject.toml`, or without that heading in an
`awaitls.toml`. For each file the nearest one upward counts; where a folder has both, `awaitls.toml`
does. An editor's settings (`awaitls.` and the same keys) and the command line
(`--config KEY=VALUE`) come on top of it.

A mistake is told at its line and stops nothing else: the rest of the configuration holds.

[awaitls.schema.json](awaitls.schema.json) describes all of it as a JSON schema. Editors that use taplo
complete and check an `awaitls.toml` whose first line is `#:schema PATH/awaitls.schema.json`.
)";
    for (const Option& option : kOptions) {
        page += fmt::format("\n## {}\n\n{}\n\n- Type: {}\n- Default: {}\n", option.key, option.doc,
                            type_words(option.type), option.default_value);
        if (!option.example.empty())
            page += fmt::format("\n```toml\n[tool.awaitls]\n{}\n```\n", option.example);
    }
    std::string of_rules;
    for (const analysis::Rule& rule : analysis::catalog()) {
        for (const std::string_view key : rule.info.options) {
            of_rules +=
                fmt::format("- `{}`: [{}](rules/{}.md)\n", key, rule.info.name, rule.info.name);
        }
    }
    if (!of_rules.empty()) page += "\n## Options of single rules\n\n" + of_rules;
    page += R"(
## Settings of editors alone

These stand in an editor's settings (`awaitls.diagnosticMode`) or in the `initializationOptions` of
its client, not in files.

- `diagnosticMode`: `"openFiles"` (default) shows findings for open documents; `"workspace"` for all
  Python files below the workspace's folders that `check` would look at, in clients that ask with
  `workspace/diagnostic`. Clients that are sent diagnostics see those of open documents in both
  modes. Each folder of the workspace may have a mode of its own.
- `logLevel`: `"error"`, `"warning"`, `"info"` (default) or `"debug"`.
)";
    return page;
}

} // namespace awaitls::server
