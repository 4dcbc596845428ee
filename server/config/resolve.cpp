#include "server/config/resolve.h"

#include "analysis/rules/catalog.h"
#include "server/config/toml.h"
#include "server/files/file.h"
#include "server/files/glob.h"

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxConfigFile = 16 * 1024 * 1024;

/// What no tool that reads sources enters.
constexpr std::string_view kDefaultExclude[] = {
    ".bzr",
    ".direnv",
    ".eggs",
    ".git",
    ".git-rewrite",
    ".hg",
    ".ipynb_checkpoints",
    ".mypy_cache",
    ".nox",
    ".pants.d",
    ".pyenv",
    ".pytest_cache",
    ".pytype",
    ".ruff_cache",
    ".svn",
    ".tox",
    ".venv",
    ".vscode",
    "__pypackages__",
    "_build",
    "buck-out",
    "build",
    "dist",
    "node_modules",
    "site-packages",
    "venv",
};

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}
std::string parent_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

/// A pattern of `exclude` or `per-file-ignores`.
class PathPattern {
public:
    PathPattern(std::string_view text, std::string base)
        : negated_(text.starts_with('!')),
          base_(std::move(base)),
          glob_(body(text), Wildcards::CrossSeparators) {}

    bool negated() const { return negated_; }

    /// The name, the path below the base, or the whole path.
    bool matches(const std::string& path) const {
        return glob_.matches(file_name(path)) || glob_.matches(relative_to(path, base_)) ||
               glob_.matches(path);
    }
    /// The path, or a folder above it that is below the base.
    bool matches_within(const std::string& path) const {
        for (std::string at = path; at.size() > base_.size(); at = parent_folder(at)) {
            if (matches(at)) return true;
            if (at == "/") break;
        }
        return matches(path);
    }

private:
    static std::string_view body(std::string_view text) {
        if (text.starts_with('!')) text.remove_prefix(1);
        if (text.starts_with("./")) text.remove_prefix(2);
        if (text.size() > 1 && text.ends_with('/')) text.remove_suffix(1);
        return text;
    }

    bool negated_;
    std::string base_;
    Glob glob_;
};

/// Applies one source's select, extend-select and ignore. `carried` are the ignores of the sources
/// before: they hold against a `select` of this one unless it has an `ignore` of its own.
void apply_selection(const ConfigLayer& layer, analysis::Settings& settings,
                     std::vector<std::string>& carried) {
    struct Choice {
        std::size_t specificity;
        bool ignored; // sorts behind a choice of equal weight, and so wins
        std::string_view selector;
    };
    std::vector<Choice> choices;
    const auto choose = [&](const std::vector<std::string>& selectors, bool ignored) {
        for (const std::string& selector : selectors)
            choices.push_back({specificity(selector), ignored, selector});
    };
    const std::vector<std::string> none;
    const std::vector<std::string>& ignores = layer.ignore ? *layer.ignore : none;
    if (layer.select) {
        settings.enabled.reset();
        settings.shapes_off.clear();
        settings.selected_by_name.reset();
        choose(*layer.select, false);
        if (!ignores.empty()) carried.clear();
        choose(carried, true);
    }
    choose(layer.extend_select, false);
    choose(ignores, true);
    carried.insert(carried.end(), ignores.begin(), ignores.end());

    std::stable_sort(choices.begin(), choices.end(), [](const Choice& a, const Choice& b) {
        return std::tie(a.specificity, a.ignored) < std::tie(b.specificity, b.ignored);
    });
    for (const Choice& choice : choices) {
        const bool named = !choice.ignored && names_one(choice.selector);
        analysis::choose(settings, choice.selector, !choice.ignored);
        if (!named) continue;
        for (const std::size_t rule : analysis::select_rules(choice.selector))
            settings.selected_by_name.set(rule);
    }
    settings.selected_by_name &= settings.enabled;
}

void set_target_version(analysis::Settings& settings, analysis::PythonVersion version) {
    settings.target_version = version;
    settings.target_version_stated = true;
}

void apply_severity(const ConfigLayer& layer, analysis::Settings& settings) {
    std::vector<std::pair<std::string, analysis::Severity>> choices = layer.severity;
    std::stable_sort(choices.begin(), choices.end(), [](const auto& a, const auto& b) {
        return specificity(a.first) < specificity(b.first);
    });
    for (const auto& [selector, severity] : choices) {
        for (const std::size_t rule : analysis::select_rules(selector))
            settings.severity[rule] = severity;
    }
}

} // namespace

/// The configuration files that hold in a folder, its own or those of folders above.
struct ConfigResolver::FolderFiles {
    std::shared_ptr<const ConfigLayer> layer; // null where none is found
    std::optional<analysis::PythonVersion> requires_python;
};

/// What holds for the files of a folder, but for per-file-ignores.
struct ConfigResolver::FolderConfig {
    struct Ignores {
        PathPattern pattern;
        std::vector<std::string> selectors;
    };
    std::shared_ptr<const analysis::Settings> settings;
    std::uint64_t max_file_size = kDefaultMaxFileSize;
    std::vector<PathPattern> exclude;
    std::vector<Ignores> per_file_ignores;
    std::string config_file;
    /// `exclude` is asked for what lies below; empty where nothing says what that is.
    std::string exclude_base;
    std::string environment; // as in FileSettings
    std::string environment_base;

    bool excludes(const std::string& path) const {
        const auto last =
            std::find_if(exclude.rbegin(), exclude.rend(),
                         [&](const PathPattern& pattern) { return pattern.matches(path); });
        return last != exclude.rend() && !last->negated();
    }
};

ConfigResolver::ConfigResolver(ConfigOverrides overrides) : overrides_(std::move(overrides)) {}
ConfigResolver::~ConfigResolver() = default;

void ConfigResolver::forget() {
    folders_.clear();
    given_layer_.reset();
    configs_.clear();
    combined_.clear();
    problems_.clear();
}

void ConfigResolver::set_layers(std::vector<ConfigLayer> layers) {
    overrides_.layers = std::move(layers);
    configs_.clear();
    combined_.clear();
}

std::vector<ConfigProblem> ConfigResolver::problems() const {
    std::vector<ConfigProblem> all;
    for (const auto& [file, problems] : problems_) {
        const std::size_t first = all.size();
        all.insert(all.end(), problems.begin(), problems.end());
        std::stable_sort(all.begin() + static_cast<std::ptrdiff_t>(first), all.end(),
                         [](const ConfigProblem& a, const ConfigProblem& b) {
                             return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                         });
    }
    return all;
}

std::vector<std::string> ConfigResolver::files() const {
    std::vector<std::string> names;
    for (const auto& [file, problems] : problems_) names.push_back(file);
    return names;
}

std::shared_ptr<const ConfigLayer>
ConfigResolver::read_config(const std::string& path, bool is_pyproject,
                            std::optional<analysis::PythonVersion>& requires_python) {
    std::vector<ConfigProblem>& problems = problems_[path];
    problems.clear();
    const FileBytes file = read_file(path, kMaxConfigFile);
    if (!file.error.empty() || file.too_large) {
        problems.push_back(
            {path, 0, 0, "cannot be read: " + (file.too_large ? "it is too large" : file.error)});
        return nullptr;
    }
    std::string_view text = file.bytes;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const TomlDocument document = parse_toml(text, path);
    if (document.problem) {
        problems.push_back(*document.problem);
        return nullptr;
    }
    const ConfigValue* table = &document.root;
    if (is_pyproject) {
        const ConfigValue* project = document.root.find("project");
        const ConfigValue* required =
            project == nullptr ? nullptr : project->find("requires-python");
        if (required != nullptr) requires_python = oldest_python(required->string);
        const ConfigValue* tool = document.root.find("tool");
        table = tool == nullptr ? nullptr : tool->find("awaitls");
        if (table == nullptr) return nullptr;
        if (table->type != ConfigValue::Type::Table) {
            problems.push_back(
                {path, table->line, table->column, "`tool.awaitls` must be a table"});
            return nullptr;
        }
    }
    return std::make_shared<const ConfigLayer>(
        read_layer(*table, path, parent_folder(path), problems));
}

ConfigResolver::FolderFiles ConfigResolver::read_folder(const std::string& folder) {
    const std::string prefix = folder == "/" ? "/" : folder + "/";
    std::error_code error;
    FolderFiles found;
    std::shared_ptr<const ConfigLayer> pyproject;
    if (fs::is_regular_file(prefix + "pyproject.toml", error)) {
        pyproject = read_config(prefix + "pyproject.toml", true, found.requires_python);
    }
    if (fs::is_regular_file(prefix + "awaitls.toml", error)) {
        std::optional<analysis::PythonVersion> unused;
        found.layer = read_config(prefix + "awaitls.toml", false, unused);
    }
    if (found.layer == nullptr) found.layer = pyproject;
    return found;
}

const ConfigResolver::FolderFiles& ConfigResolver::folder_files(const std::string& folder) {
    std::vector<std::string> unread;
    std::string at = folder;
    while (!folders_.contains(at)) {
        unread.push_back(at);
        if (at == "/") break;
        at = parent_folder(at);
    }
    for (auto it = unread.rbegin(); it != unread.rend(); ++it) {
        FolderFiles files = read_folder(*it);
        if (*it != "/") {
            const FolderFiles& above = folders_.at(parent_folder(*it));
            if (files.layer == nullptr) files.layer = above.layer;
            if (!files.requires_python) files.requires_python = above.requires_python;
        }
        folders_.emplace(*it, std::move(files));
    }
    return folders_.at(folder);
}

std::shared_ptr<const ConfigResolver::FolderConfig>
ConfigResolver::combine(const FolderFiles& files) {
    FolderConfig config;
    analysis::Settings settings = analysis::default_settings();
    for (const std::string_view pattern : kDefaultExclude)
        config.exclude.emplace_back(pattern, "/");

    std::vector<const ConfigLayer*> layers;
    for (const ConfigLayer& layer : overrides_.layers) layers.push_back(&layer);
    if (!layers.empty()) config.exclude_base = layers.back()->base;
    if (files.layer != nullptr) {
        layers.insert(layers.begin(), files.layer.get());
        config.config_file = files.layer->source;
        config.exclude_base = files.layer->base;
    }

    for (const ConfigLayer* layer : layers) {
        if (layer->environment.empty()) continue;
        config.environment = layer->environment;
        config.environment_base = layer->base;
    }
    if (files.requires_python) set_target_version(settings, *files.requires_python);

    std::vector<std::string> carried_ignores;
    for (const ConfigLayer* layer : layers) {
        apply_selection(*layer, settings, carried_ignores);
        apply_severity(*layer, settings);
        if (layer->target_version) set_target_version(settings, *layer->target_version);
        if (layer->strictness) settings.strictness = *layer->strictness;
        if (layer->blocking_calls) settings.blocking_calls = *layer->blocking_calls;
        if (layer->max_file_size) config.max_file_size = *layer->max_file_size;
        for (const auto& [key, values] : layer->rule_options) settings.options[key] = values;
        for (const std::string& pattern : layer->exclude)
            config.exclude.emplace_back(pattern, layer->base);
        for (const PerFileIgnore& ignore : layer->per_file_ignores) {
            config.per_file_ignores.push_back(
                {PathPattern(ignore.pattern, layer->base), ignore.selectors});
        }
    }
    config.settings = shared(std::move(settings));
    return std::make_shared<const FolderConfig>(std::move(config));
}

std::shared_ptr<const ConfigResolver::FolderConfig>
ConfigResolver::folder_config(const std::string& folder) {
    const auto cached = configs_.find(folder);
    if (cached != configs_.end()) return cached->second;

    FolderFiles files;
    if (!overrides_.isolated) files = folder_files(folder);
    if (!overrides_.config_file.empty()) {
        if (!problems_.contains(overrides_.config_file)) {
            // Its requires-python speaks for its own project, which need not be this one.
            std::optional<analysis::PythonVersion> ignored;
            const bool is_pyproject = file_name(overrides_.config_file) == "pyproject.toml";
            given_layer_ = read_config(overrides_.config_file, is_pyproject, ignored);
        }
        files.layer = given_layer_;
    }
    const std::uint16_t minor =
        files.requires_python ? files.requires_python->minor : std::uint16_t{0xffff};
    std::shared_ptr<const FolderConfig>& config = combined_[{files.layer.get(), minor}];
    if (config == nullptr) config = combine(files);
    configs_.emplace(folder, config);
    return config;
}

std::shared_ptr<const analysis::Settings> ConfigResolver::shared(analysis::Settings settings) {
    std::shared_ptr<const analysis::Settings>& slot = settings_[settings.fingerprint()];
    if (slot == nullptr) slot = std::make_shared<const analysis::Settings>(std::move(settings));
    return slot;
}

FileSettings ConfigResolver::resolve(const std::string& path) {
    const std::shared_ptr<const FolderConfig> config = folder_config(parent_folder(path));
    FileSettings result;
    result.max_file_size = config->max_file_size;
    result.config_file = config->config_file;
    result.environment = config->environment;
    result.environment_base = config->environment_base;
    const std::string folder = parent_folder(path);
    const bool below_base =
        !config->exclude_base.empty() && relative_to(path, config->exclude_base) != path;
    const std::string& base = below_base ? config->exclude_base : folder;
    for (std::string at = path; at.size() > base.size() && !result.excluded;
         at = parent_folder(at)) {
        result.excluded = config->excludes(at);
    }
    result.settings = config->settings;

    analysis::Settings settings = *config->settings;
    bool changed = false;
    for (const FolderConfig::Ignores& entry : config->per_file_ignores) {
        if (entry.pattern.matches_within(path) == entry.pattern.negated()) continue;
        for (const std::string& selector : entry.selectors)
            analysis::choose(settings, selector, false);
        changed = true;
    }
    if (changed) {
        settings.selected_by_name &= settings.enabled;
        result.settings = shared(std::move(settings));
    }
    return result;
}

bool ConfigResolver::excludes(const std::string& path) {
    return folder_config(parent_folder(path))->excludes(path);
}

} // namespace awaitls::server
