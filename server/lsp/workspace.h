#pragma once

// Folders, and which settings hold for a document: the configuration files, then what the editor says.

#include "protocol/json_writer.h"
#include "protocol/types.h"
#include "protocol/uri.h"
#include "server/config/resolve.h"
#include "server/lsp/log.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

inline constexpr std::string_view kConfigurationSection = "awaitls";
inline constexpr std::string_view kConfigurationFileNames[] = {"pyproject.toml", "awaitls.toml"};

/// Which files findings are shown for: those that are open, or all of the workspace. Open documents
/// elsewhere are shown theirs in both modes.
enum class DiagnosticMode : std::uint8_t { OpenFiles, Workspace };

/// What an editor's settings say beside the options of [tool.awaitls].
struct EditorOptions {
    std::optional<LogLevel> log_level;
    std::optional<DiagnosticMode> diagnostic_mode;
    std::vector<std::string> problems; // for people
};

/// The problems of one configuration file, in the order of their places.
struct FileProblems {
    std::string file; // absolute path
    std::vector<ConfigProblem> problems;
};

/// A folder whose mode is DiagnosticMode::Workspace. Enough to search it on any thread.
struct WholeFolder {
    std::string path;
    std::vector<ConfigLayer> layers; // the editor's, on top of the configuration files
    std::vector<std::string> inner;  // folders of the workspace below it: not part of it
};

/// Belongs to the io thread.
class Workspace {
public:
    struct Folder {
        std::string uri;                 // as the client wrote it
        std::optional<std::string> path; // none for other schemes than file
    };

    Workspace();
    ~Workspace();

    void set_folders(const std::vector<protocol::WorkspaceFolder>& folders);
    void change_folders(const protocol::WorkspaceFoldersChangeEvent& event);
    std::vector<Folder> folders() const;

    /// Settings from `initialize`: the object itself, or what is under "settings" or "awaitls" in it.
    /// They hold for all folders, below what the editor says for each.
    EditorOptions set_initialization_options(const protocol::RawJson& options);
    /// The `awaitls` section for a folder, by its index in folders(), or for everything else.
    EditorOptions set_editor_settings(std::optional<std::size_t> folder,
                                      const protocol::RawJson& section);
    /// The same for all folders and everything else; `settings` has the section under its name, or is it.
    EditorOptions set_editor_settings_for_all(const protocol::RawJson& settings);

    FileSettings settings_for(const protocol::Uri& uri);
    /// Each path once.
    std::vector<WholeFolder> whole_folders() const;

    /// Drops what was read from configuration files.
    void forget_files();
    /// Looks whether configuration files beside or above these documents came, went or changed since the
    /// last call; drops what was read if so.
    bool files_changed(const std::vector<const protocol::Uri*>& documents);

    /// All configuration files read so far, by name; most have no problems.
    std::vector<FileProblems> problems() const;

private:
    struct Root;
    Root& root_of(const protocol::Uri& uri);
    void rebuild_layers(Root& root);

    std::vector<std::unique_ptr<Root>> roots_; // of the folders
    std::unique_ptr<Root> elsewhere_;          // of everything else
    protocol::RawJson initialization_options_;
    std::uint64_t files_stamp_ = 0;
};

/// True for the name of a configuration file at the end of the path.
bool is_configuration_file(std::string_view path);

} // namespace awaitls::server
