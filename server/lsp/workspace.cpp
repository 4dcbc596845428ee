#include "server/lsp/workspace.h"

#include "analysis/text/text.h"
#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "server/config/options.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSourceName = "editor settings";
/// Settings that are for the editor's extension, not for the server.
constexpr std::string_view kExtensionKeys[] = {"server", "trace", "path", "args"};

/// JSON as configuration. Numbers that are no integers are of no use to any option.
ConfigValue to_config_value(const protocol::Reader& reader) {
    ConfigValue value;
    if (reader.missing_or_null()) {
        value.type = ConfigValue::Type::Null;
    } else if (reader.is_boolean()) {
        value.type = ConfigValue::Type::Boolean;
        value.boolean = reader.boolean();
    } else if (reader.is_integer()) {
        value.type = ConfigValue::Type::Integer;
        value.integer = reader.integer();
    } else if (reader.is_string()) {
        value.type = ConfigValue::Type::String;
        value.string = reader.string();
    } else if (reader.is_array()) {
        value.type = ConfigValue::Type::List;
        for (std::size_t i = 0; i < reader.size(); ++i) {
            value.list.push_back(to_config_value(reader.at(i)));
        }
    } else if (reader.is_object()) {
        value.type = ConfigValue::Type::Table;
        reader.members([&value](const std::string& key, const protocol::Reader& member) {
            value.table.push_back({key, to_config_value(member), 0, 0});
        });
    } else {
        value.type = ConfigValue::Type::Float;
    }
    return value;
}

/// "perFileIgnores" as "per-file-ignores": editors write names their own way.
std::string kebab_case(std::string_view name) {
    std::string result;
    for (const char c : name) {
        if (c >= 'A' && c <= 'Z') {
            result.push_back('-');
            result.push_back(static_cast<char>(c - 'A' + 'a'));
        } else {
            result.push_back(c == '_' ? '-' : c);
        }
    }
    return result;
}

/// The settings inside what an editor sent: itself, or its member "awaitls" or "settings".
ConfigValue section_of(const protocol::RawJson& json) {
    const protocol::ParsedJson parsed = protocol::parse_json(json.present() ? json.text : "null");
    if (!parsed.value) {
        return {};
    }
    ConfigValue value = to_config_value(protocol::Reader(*parsed.value, "settings"));
    for (const std::string_view name :
         {kConfigurationSection, std::string_view("settings"), kConfigurationSection}) {
        if (const ConfigValue* inner = value.find(name)) {
            ConfigValue found = *inner;
            value = std::move(found);
        }
    }
    return value;
}

std::optional<DiagnosticMode> diagnostic_mode_from_name(std::string_view name) {
    if (name == "openFiles") {
        return DiagnosticMode::OpenFiles;
    }
    return name == "workspace" ? std::optional(DiagnosticMode::Workspace) : std::nullopt;
}

/// Reads the section: its options into a layer, the rest into `options`. What it does not say stays.
/// Without a folder there is nothing that the path of an environment is below.
ConfigLayer read_section(const protocol::RawJson& json, const std::optional<std::string>& folder,
                         EditorOptions& options) {
    ConfigValue section = section_of(json);
    ConfigValue table;
    table.type = ConfigValue::Type::Table;
    if (section.type != ConfigValue::Type::Table) {
        if (section.type != ConfigValue::Type::Null) {
            options.problems.emplace_back("the section must be an object");
        }
        section = {};
    }
    for (ConfigEntry& entry : section.table) {
        if (entry.value.type == ConfigValue::Type::Null ||
            std::find(std::begin(kExtensionKeys), std::end(kExtensionKeys), entry.key) !=
                std::end(kExtensionKeys)) {
            continue;
        }
        if (entry.key == "logLevel") {
            options.log_level = log_level_from_name(entry.value.string);
            if (!options.log_level) {
                options.problems.emplace_back("logLevel must be error, warning, info or debug");
            }
            continue;
        }
        if (entry.key == "diagnosticMode") {
            if (const auto mode = diagnostic_mode_from_name(entry.value.string)) {
                options.diagnostic_mode = mode;
            } else {
                options.problems.emplace_back("diagnosticMode must be openFiles or workspace");
            }
            continue;
        }
        entry.key = kebab_case(entry.key);
        if (entry.key == "python" && !folder) {
            continue;
        }
        table.table.push_back(std::move(entry));
    }
    std::vector<ConfigProblem> problems;
    ConfigLayer layer = read_layer(table, std::string(kSourceName), folder.value_or("/"), problems);
    for (const ConfigProblem& problem : problems) {
        options.problems.push_back(problem.message);
    }
    return layer;
}

/// Path components compare as such: "/a/b" is no part of "/a/bc".
bool is_within(std::string_view path, std::string_view folder) {
    if (folder == "/") {
        return true;
    }
    return path.substr(0, folder.size()) == folder &&
           (path.size() == folder.size() || path[folder.size()] == '/');
}

std::optional<std::string> folder_path(const std::string& uri) {
    std::optional<std::string> path = protocol::parse_uri(uri).file_path();
    while (path && path->size() > 1 && path->back() == '/') {
        path->pop_back();
    }
    return path;
}

/// Changes when the file does; 0 where there is none.
std::uint64_t file_stamp(const std::string& path) {
    std::error_code error;
    const fs::file_time_type time = fs::last_write_time(path, error);
    if (error) {
        return 0;
    }
    const std::uintmax_t size = fs::file_size(path, error);
    return analysis::hash_combine(static_cast<std::uint64_t>(time.time_since_epoch().count()),
                                  error ? 0 : static_cast<std::uint64_t>(size)) |
           1U;
}

} // namespace

/// A folder with its own editor settings, or everything outside of the folders.
struct Workspace::Root {
    Folder folder;
    protocol::RawJson section;
    std::vector<ConfigLayer> layers;
    DiagnosticMode diagnostic_mode = DiagnosticMode::OpenFiles;
    ConfigResolver resolver;
};

Workspace::Workspace() : elsewhere_(std::make_unique<Root>()) {}

Workspace::~Workspace() = default;

void Workspace::set_folders(const std::vector<protocol::WorkspaceFolder>& folders) {
    change_folders({folders, {}});
}

void Workspace::change_folders(const protocol::WorkspaceFoldersChangeEvent& event) {
    for (const protocol::WorkspaceFolder& removed : event.removed) {
        const std::string key = protocol::uri_key(removed.uri);
        std::erase_if(roots_, [&key](const std::unique_ptr<Root>& root) {
            return protocol::uri_key(root->folder.uri) == key;
        });
    }
    for (const protocol::WorkspaceFolder& added : event.added) {
        std::unique_ptr<Root> root = std::make_unique<Root>();
        root->folder = {added.uri, folder_path(added.uri)};
        root->section = elsewhere_->section; // until the editor says otherwise
        rebuild_layers(*root);
        roots_.push_back(std::move(root));
    }
}

std::vector<Workspace::Folder> Workspace::folders() const {
    std::vector<Folder> folders;
    for (const std::unique_ptr<Root>& root : roots_) {
        folders.push_back(root->folder);
    }
    return folders;
}

void Workspace::rebuild_layers(Root& root) {
    EditorOptions options; // its problems were told before
    root.layers.clear();
    root.layers.push_back(read_section(initialization_options_, root.folder.path, options));
    root.layers.push_back(read_section(root.section, root.folder.path, options));
    root.resolver.set_layers(root.layers);
    root.diagnostic_mode = options.diagnostic_mode.value_or(DiagnosticMode::OpenFiles);
}

EditorOptions Workspace::set_initialization_options(const protocol::RawJson& options) {
    initialization_options_ = options;
    for (const std::unique_ptr<Root>& root : roots_) {
        rebuild_layers(*root);
    }
    rebuild_layers(*elsewhere_);
    EditorOptions result;
    read_section(options, (roots_.empty() ? elsewhere_ : roots_.front())->folder.path, result);
    return result;
}

EditorOptions Workspace::set_editor_settings(std::optional<std::size_t> folder,
                                             const protocol::RawJson& section) {
    Root& root = folder && *folder < roots_.size() ? *roots_[*folder] : *elsewhere_;
    root.section = section;
    rebuild_layers(root);
    EditorOptions result;
    read_section(section, root.folder.path, result);
    return result;
}

EditorOptions Workspace::set_editor_settings_for_all(const protocol::RawJson& settings) {
    for (std::size_t i = 0; i < roots_.size(); ++i) {
        set_editor_settings(i, settings);
    }
    return set_editor_settings(std::nullopt, settings);
}

Workspace::Root& Workspace::root_of(const protocol::Uri& uri) {
    const std::optional<std::string> path = uri.file_path();
    if (!path) {
        // An untitled document belongs to the project one works in.
        return roots_.empty() ? *elsewhere_ : *roots_.front();
    }
    Root* best = elsewhere_.get();
    std::size_t longest = 0;
    for (const std::unique_ptr<Root>& root : roots_) {
        if (root->folder.path && is_within(*path, *root->folder.path) &&
            root->folder.path->size() > longest) {
            best = root.get();
            longest = root->folder.path->size();
        }
    }
    return *best;
}

FileSettings Workspace::settings_for(const protocol::Uri& uri) {
    Root& root = root_of(uri);
    if (const std::optional<std::string> path = uri.file_path()) {
        return root.resolver.resolve(*path);
    }
    const std::string folder = root.folder.path.value_or("/");
    FileSettings settings = root.resolver.resolve((folder == "/" ? "" : folder) + "/untitled.py");
    settings.excluded = false;
    return settings;
}

std::vector<WholeFolder> Workspace::whole_folders() const {
    std::vector<WholeFolder> result;
    std::set<std::string> seen;
    for (const std::unique_ptr<Root>& root : roots_) {
        const std::optional<std::string>& path = root->folder.path;
        if (root->diagnostic_mode != DiagnosticMode::Workspace || !path ||
            !seen.insert(*path).second) {
            continue;
        }
        WholeFolder folder{*path, root->layers, {}};
        for (const std::unique_ptr<Root>& other : roots_) {
            const std::optional<std::string>& inner = other->folder.path;
            if (inner && *inner != *path && is_within(*inner, *path)) {
                folder.inner.push_back(*inner);
            }
        }
        result.push_back(std::move(folder));
    }
    return result;
}

void Workspace::forget_files() {
    for (const std::unique_ptr<Root>& root : roots_) {
        root->resolver.forget();
    }
    elsewhere_->resolver.forget();
}

bool Workspace::files_changed(const std::vector<const protocol::Uri*>& documents) {
    std::set<std::string> folders;
    for (const protocol::Uri* uri : documents) {
        const std::optional<std::string> path = uri->file_path();
        fs::path folder = path ? fs::path(*path).parent_path() : fs::path();
        while (!folder.empty() && folders.insert(folder.string()).second) {
            folder = folder == folder.root_path() ? fs::path() : folder.parent_path();
        }
    }
    // The sum does not depend on which documents are open, only on the files found for them.
    std::uint64_t stamp = 0;
    for (const std::string& folder : folders) {
        for (const std::string_view name : kConfigurationFileNames) {
            const std::string path = (fs::path(folder) / name).string();
            if (const std::uint64_t file = file_stamp(path)) {
                stamp += analysis::hash_bytes(path, file);
            }
        }
    }
    if (stamp == files_stamp_) {
        return false;
    }
    files_stamp_ = stamp;
    forget_files();
    return true;
}

std::vector<FileProblems> Workspace::problems() const {
    std::map<std::string, std::vector<ConfigProblem>> by_file;
    const auto collect = [&by_file](const ConfigResolver& resolver) {
        for (const std::string& file : resolver.files()) {
            by_file[file];
        }
        std::map<std::string, std::vector<ConfigProblem>> found;
        for (ConfigProblem& problem : resolver.problems()) {
            found[problem.file].push_back(std::move(problem));
        }
        // Folders that share a file find the same in it.
        for (auto& [file, problems] : found) {
            by_file[file] = std::move(problems);
        }
    };
    for (const std::unique_ptr<Root>& root : roots_) {
        collect(root->resolver);
    }
    collect(elsewhere_->resolver);
    std::vector<FileProblems> result;
    for (auto& [file, problems] : by_file) {
        result.push_back({file, std::move(problems)});
    }
    return result;
}

bool is_configuration_file(std::string_view path) {
    const std::string_view name = path.substr(path.find_last_of('/') + 1);
    return std::find(std::begin(kConfigurationFileNames), std::end(kConfigurationFileNames),
                     name) != std::end(kConfigurationFileNames);
}

} // namespace awaitls::server
