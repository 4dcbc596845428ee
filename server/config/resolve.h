#pragma once

// Which settings hold for a file.

#include "analysis/settings.h"
#include "server/config/options.h"
#include "server/config/value.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace awaitls::server {

/// What comes on top of the files, or instead of them.
struct ConfigOverrides {
    bool isolated = false;           // no file is read
    std::string config_file;         // absolute; read in place of the nearest ones
    std::vector<ConfigLayer> layers; // later ones win: the editor's settings, or the command line's
};

struct FileSettings {
    std::shared_ptr<const analysis::Settings> settings; // equal settings are the same object
    std::uint64_t max_file_size = kDefaultMaxFileSize;  // bytes
    bool excluded = false;   // the file, or a folder above it, is excluded
    std::string config_file; // the file that holds for it; empty where only defaults do
    /// The environment that `python` names, and the folder for which it does; empty where it does not.
    std::string environment;
    std::string environment_base;
};

/// Resolves settings for files: defaults, then the nearest configuration file, then the overrides.
/// Reads files when they are first needed and keeps them until forget(). Not for several threads at
/// once. Paths are absolute.
class ConfigResolver {
public:
    explicit ConfigResolver(ConfigOverrides overrides = {});
    ~ConfigResolver();
    ConfigResolver(const ConfigResolver&) = delete;
    ConfigResolver& operator=(const ConfigResolver&) = delete;

    FileSettings resolve(const std::string& path);

    /// Whether a file or folder met in a walk is excluded by its own path. The folders above are
    /// not asked.
    bool excludes(const std::string& path);

    /// The mistakes in all files read so far, by file, then place. Those in the overrides are with
    /// whoever read them.
    std::vector<ConfigProblem> problems() const;

    /// The configuration files read so far, mistaken ones included.
    std::vector<std::string> files() const;

    /// Drops everything read from files: one was changed, made or removed.
    void forget();

    /// Replaces what comes on top; what was read from files stays. Requires: `isolated` and
    /// `config_file` are as before.
    void set_layers(std::vector<ConfigLayer> layers);

private:
    struct FolderConfig;
    struct FolderFiles;
    std::shared_ptr<const FolderConfig> folder_config(const std::string& folder);
    const FolderFiles& folder_files(const std::string& folder);
    FolderFiles read_folder(const std::string& folder);
    std::shared_ptr<const ConfigLayer>
    read_config(const std::string& path, bool is_pyproject,
                std::optional<analysis::PythonVersion>& requires_python);
    std::shared_ptr<const FolderConfig> combine(const FolderFiles& files);
    std::shared_ptr<const analysis::Settings> shared(analysis::Settings settings);

    ConfigOverrides overrides_;
    std::map<std::string, FolderFiles> folders_;
    std::shared_ptr<const ConfigLayer> given_layer_; // of overrides_.config_file, once it was read
    std::map<std::string, std::shared_ptr<const FolderConfig>> configs_; // by folder
    std::map<std::pair<const ConfigLayer*, std::uint16_t>, std::shared_ptr<const FolderConfig>>
        combined_;
    std::map<std::uint64_t, std::shared_ptr<const analysis::Settings>> settings_; // by fingerprint
    std::map<std::string, std::vector<ConfigProblem>> problems_;                  // by file
};

} // namespace awaitls::server
