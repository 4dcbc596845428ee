#pragma once

// The modules of a workspace as they lie on disk: which file an import means, read and parsed when it is asked for first.

#include "analysis/semantic/module.h"
#include "server/modules/effects_store.h"
#include "server/modules/project_index.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace awaitls::server {

/// Answers do not change, unless they were forgotten: what was looked at once is remembered. All members may be called from any thread. Paths are absolute.
///
/// An import is looked for where Python would find it when the project runs: beside the outermost package of the importing
/// file (a script: in its own folder), in the project's folder, and in its `src`. The project's folder is the nearest one
/// upward with a pyproject.toml, setup.py, setup.cfg or .git, else the outermost of the workspace's that the file is in. A stub wins over the code beside it, a package over a module
/// of its name, and the standard library over all.
/// Where installed packages are, as absolute folders of packages. The first that has any counts: that of a folder around the
/// project, `given`, the environment in the project's folder (`.venv`), `fallback`.
struct Libraries {
    std::map<std::string, std::vector<std::string>> of_folders;
    std::vector<std::string> given;
    bool of_projects = false;
    std::vector<std::string> fallback;

    /// Those of the environment at a path; where that is empty, of the process and of the projects.
    static Libraries find(const std::string& environment);
    /// The environment at a path counts for the projects in a folder. False where that is known, or it has no packages.
    bool add(const std::string& folder, const std::string& environment);
};

class DiskModules final : public analysis::Modules {
public:
    /// Larger files are taken for absent.
    explicit DiskModules(std::uint64_t max_file_size, Libraries libraries = {},
                         std::vector<std::string> workspace = {});

    std::shared_ptr<const analysis::ModuleFile> find(std::string_view name,
                                                     std::string_view importer) const override;
    bool has_root(std::string_view root, std::string_view importer) const override;
    std::shared_ptr<const analysis::ModuleFile> at(std::string_view path) const override;
    EffectsStore* effects() const override { return &effects_; }
    std::optional<std::vector<std::string>>
    files_with(std::string_view word, std::string_view importer, std::size_t limit) const override;
    std::vector<analysis::ClassPlace> overriders(std::string_view base, std::string_view method,
                                                 bool is_async,
                                                 std::string_view importer) const override;
    std::optional<std::vector<analysis::ClassPlace>> classes_with(std::string_view method,
                                                                  std::string_view importer,
                                                                  std::size_t limit) const override;

    /// May throw Stopped.
    using FilesBelow = std::function<std::vector<std::string>(const std::string& folder,
                                                              const std::function<bool()>& stop)>;
    /// Calls work(i) for all i below a count, in any order and by any threads, and returns when all are done. What the work
    /// throws, it throws.
    using ForEach =
        std::function<void(std::size_t count, const std::function<void(std::size_t)>& work)>;
    static void one_after_the_other(std::size_t count,
                                    const std::function<void(std::size_t)>& work);
    /// `files_below` lists a project's files for an index; it is called from any thread, once at a time. With `when_asked`
    /// projects without a given index are indexed when the first question about them is asked, by that. Call before anything
    /// else.
    void index_with(FilesBelow files_below, ForEach when_asked = {});
    /// What a project's index would be made of: sorted paths. Empty where the folder is no project.
    std::vector<std::string> files_of(const std::string& project,
                                      const std::function<bool()>& stop = {}) const;
    /// The index of the project that a file belongs to; null: there is none.
    std::shared_ptr<const ProjectIndex> index_of(std::string_view importer) const;
    /// The project that a file belongs to: its folder.
    std::string project_of(const std::string& path) const;

    const Libraries& libraries() const { return libraries_; }
    std::uint64_t max_file_size() const { return max_file_size_; }
    /// The same with other libraries.
    std::shared_ptr<const DiskModules> with(Libraries libraries) const;
    /// The same with other folders of the workspace.
    std::shared_ptr<const DiskModules> with(std::vector<std::string> workspace) const;
    /// The same with the index of a project; null: it is too large.
    std::shared_ptr<const DiskModules> with(const std::string& project,
                                            std::shared_ptr<const ProjectIndex> index) const;
    const std::vector<std::string>& workspace() const { return workspace_; }
    /// Reads all files of a project that were not read yet. Null where they are too many, or where the folder is no project: its
    /// files may have nothing to do with each other. Takes long, and throws Stopped soon after `stop` says so; any thread.
    struct Stopped {};
    std::shared_ptr<const ProjectIndex>
    make_index(const std::string& project, const std::function<bool()>& stop = {},
               const ForEach& for_each = one_after_the_other) const;
    /// Those whose index was asked for and that have too many files: what the files of such a one do with what they import from
    /// each other is not looked at. Sorted.
    std::vector<std::string> too_large_projects() const;
    /// The folder has what marks a project, or is one of the workspace's.
    bool is_project(const std::string& folder_path) const;

    /// The module of a file if it was read already and is not forgotten, else null.
    std::shared_ptr<const analysis::ModuleFile> known(const std::string& path) const;
    /// Keeps no module any longer that nobody else holds: it is read again when it is asked for, and should it have changed
    /// meanwhile, it is what it is then. Counts for all DiskModules that this was made from or that were made from this. Nobody
    /// may use effects() any more.
    void forget() const;
    /// Bytes of source of the modules that were read since then.
    std::size_t kept_bytes() const { return kept_bytes_->load(std::memory_order_relaxed); }

    /// The file that find() takes; empty where there is none.
    std::string locate(std::string_view name, std::string_view importer) const;

    /// The same after these files came, went or changed: they are looked at again, and nothing else is.
    std::shared_ptr<const DiskModules> changed(const std::vector<std::string>& paths) const;

    /// Where code of the file looks for modules, as a text: names mean the same to files of which it is equal.
    std::string scope_of(const std::string& path) const;

    /// What the file is called by the modules of its project: "app.store"; the file need not exist.
    struct Name {
        std::string dotted;
        bool package = false; // an __init__
    };
    Name name_of(const std::string& path) const;

    /// Notes the text of a file that was read elsewhere, unless the file was read here before. Returns its module.
    std::shared_ptr<const analysis::Module> put(const std::string& path, std::string text) const;

private:
    /// A file that was asked for.
    struct Entry {
        std::mutex mutex; // of all members; held while the file is read
        bool read = false;
        std::shared_ptr<const analysis::ModuleFile> kept; // null: unreadable, or forgotten
        std::weak_ptr<const analysis::ModuleFile> file;   // as long as anybody has it
        bool exists = false;
        std::shared_ptr<const analysis::FileDigest> digest; // where it was put for an index
    };
    struct Project {
        std::once_flag indexed;
        std::shared_ptr<const ProjectIndex> index; // null: too many files
    };
    std::shared_ptr<DiskModules> copy(Libraries libraries,
                                      std::vector<std::string> workspace) const;
    using Names = std::unordered_set<std::string>;

    std::shared_ptr<Entry> entry(const std::string& path) const;
    std::shared_ptr<Entry> known_entry(const std::string& path) const; // null: nobody asked for it
    /// Null where the file cannot be read.
    std::shared_ptr<const analysis::FileDigest> digest_of(const std::string& path) const;
    std::shared_ptr<const analysis::ModuleFile> make(const std::string& path,
                                                     std::string text) const;
    /// The names in a folder.
    std::shared_ptr<const Names> folder(const std::string& path) const;
    bool holds(const std::string& folder_path, const std::string& name) const;
    template <typename Value>
    using ByName = std::unordered_map<std::string, Value, analysis::StringHash, std::equal_to<>>;
    /// Where the code of some folders looks for modules, and what it found.
    struct Roots {
        std::string package; // above the outermost package
        std::string project;
        std::string source; // "src" of the project
        std::vector<std::string> libraries;
        ByName<std::string> located;
        ByName<bool> known; // has_root()
    };
    std::shared_ptr<Roots> roots_of(const std::string& folder_path) const;
    /// The folder above the outermost package around a folder, or the folder itself.
    std::vector<std::string> libraries_of(const std::string& project) const;
    void note_libraries(const std::vector<std::string>& folders) const;
    /// The folder of packages that a path is in; empty: it is of a project.
    std::string library_of(const std::string& path) const;
    std::string package_root(std::string folder_path) const;
    bool has_mark(const std::string& folder_path) const;
    std::string project_root(std::string folder_path) const;
    std::string locate_below(const std::string& root, std::string_view name) const;

    mutable EffectsStore effects_;
    std::shared_ptr<std::atomic<std::size_t>> kept_bytes_ =
        std::make_shared<std::atomic<std::size_t>>(0); // of all that share entries
    FilesBelow files_below_;
    ForEach index_when_asked_;
    mutable std::mutex listing_; // held while files_below_ runs
    const std::uint64_t max_file_size_;
    const Libraries libraries_;
    const std::vector<std::string> workspace_;
    std::map<std::string, std::shared_ptr<const ProjectIndex>> indexes_; // given, by project
    mutable std::mutex mutex_;                                           // of what follows
    mutable std::unordered_map<std::string, std::shared_ptr<const Names>> folders_;
    mutable std::unordered_map<std::string, std::shared_ptr<Entry>> entries_;
    mutable std::unordered_map<std::string, std::shared_ptr<Roots>> roots_;      // by folder
    mutable std::unordered_map<std::string, std::shared_ptr<Roots>> same_roots_; // by what they are
    mutable std::unordered_map<std::string, std::shared_ptr<Project>> projects_; // by folder
    mutable std::set<std::string> too_large_;
    /// By folder of packages, all of its environment.
    mutable std::unordered_map<std::string, std::vector<std::string>> library_folders_;
};

} // namespace awaitls::server
