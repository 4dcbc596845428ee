#include "server/files/discover.h"

#include "server/files/file.h"
#include "server/files/ignore.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxIgnoreFile = 4 * 1024 * 1024;

/// The ignore files in force in a folder: its own and a link to those of the folders above.
struct IgnoreScope {
    std::shared_ptr<const IgnoreScope> parent;
    std::string folder;
    IgnoreRules ignore;      // .ignore
    IgnoreRules gitignore;   // .gitignore
    IgnoreRules git_exclude; // .git/info/exclude
    bool is_git_root = false;
};
using Scope = std::shared_ptr<const IgnoreScope>;

IgnoreRules read_rules(const std::string& path) {
    return IgnoreRules(read_file(path, kMaxIgnoreFile).bytes);
}

bool is_git_root(const std::string& folder) {
    std::error_code error;
    return fs::exists(folder + "/.git", error);
}

Scope make_scope(Scope parent, const std::string& folder) {
    IgnoreScope scope{std::move(parent),
                      folder,
                      read_rules(folder + "/.ignore"),
                      read_rules(folder + "/.gitignore"),
                      read_rules(folder + "/.git/info/exclude"),
                      is_git_root(folder)};
    if (scope.ignore.empty() && scope.gitignore.empty() && scope.git_exclude.empty() &&
        !scope.is_git_root && scope.parent != nullptr) {
        return scope.parent;
    }
    return std::make_shared<const IgnoreScope>(std::move(scope));
}

/// The scope of a start folder: every folder from the top of its git work tree down to it.
Scope start_scope(const std::string& folder) {
    std::vector<std::string> chain;
    for (fs::path at(folder);; at = at.parent_path()) {
        chain.push_back(at.string());
        if (is_git_root(chain.back())) break;
        if (at == at.parent_path()) {
            chain.resize(1); // in no work tree: what lies above does not count
            break;
        }
    }
    Scope scope;
    for (auto it = chain.rbegin(); it != chain.rend(); ++it)
        scope = make_scope(std::move(scope), *it);
    return scope;
}

/// `.ignore` is asked before git's files, an inner folder before an outer one, .gitignore before
/// info/exclude; git's rules end at the top of the work tree.
bool ignored(const Scope& start, const std::string& path, bool is_directory) {
    for (const IgnoreScope* scope = start.get(); scope != nullptr; scope = scope->parent.get()) {
        const Verdict verdict =
            scope->ignore.verdict(relative_to(path, scope->folder), is_directory);
        if (verdict != Verdict::None) return verdict == Verdict::Ignored;
    }
    for (const IgnoreScope* scope = start.get(); scope != nullptr; scope = scope->parent.get()) {
        const Verdict verdict =
            scope->gitignore.verdict(relative_to(path, scope->folder), is_directory);
        if (verdict != Verdict::None) return verdict == Verdict::Ignored;
        if (scope->is_git_root) {
            return scope->git_exclude.verdict(relative_to(path, scope->folder), is_directory) ==
                   Verdict::Ignored;
        }
    }
    return false;
}

bool is_wanted(std::string_view name, bool notebooks) {
    return name.ends_with(".py") || name.ends_with(".pyi") ||
           (notebooks && name.ends_with(".ipynb"));
}

class Walk {
public:
    Walk(const IsExcluded& excluded, bool notebooks, Discovery& result)
        : excluded_(excluded), notebooks_(notebooks), result_(result) {}

    void add_file(std::string path, bool given) {
        if (seen_.insert(path).second) result_.files.push_back({std::move(path), given});
    }

    void walk(const std::string& root) {
        std::vector<Entry> open{{root, true, start_scope(root)}};
        while (!open.empty()) {
            Entry entry = std::move(open.back());
            open.pop_back();
            if (!entry.is_directory) {
                add_file(std::move(entry.path), false);
                continue;
            }
            if (!entered_.insert(entry.path).second)
                continue; // two arguments, one inside the other
            const std::size_t first = open.size();
            list(entry, open);
            std::sort(open.begin() + static_cast<std::ptrdiff_t>(first), open.end(),
                      [](const Entry& a, const Entry& b) {
                          return a.path > b.path;
                      }); // the last is taken first
        }
    }

    /// Drops links whose file was also found under its own name, and second links to one file.
    void drop_aliases() {
        if (links_.empty()) return;
        const auto target_of = [](const std::string& path) {
            std::error_code error;
            const std::string target = fs::canonical(path, error).string();
            return error ? path : target; // reading it will tell what is wrong
        };
        std::set<std::string> targets;
        for (const DiscoveredFile& file : result_.files) {
            if (!links_.contains(file.path)) targets.insert(target_of(file.path));
        }
        std::erase_if(result_.files, [&](const DiscoveredFile& file) {
            return !file.given && links_.contains(file.path) &&
                   !targets.insert(target_of(file.path)).second;
        });
    }

private:
    struct Entry {
        std::string path;
        bool is_directory;
        Scope scope;
    };

    void list(const Entry& folder, std::vector<Entry>& open) {
        std::error_code error;
        fs::directory_iterator entries(folder.path, error);
        const Scope scope = folder.path == folder.scope->folder
                                ? folder.scope
                                : make_scope(folder.scope, folder.path);
        while (!error && entries != fs::directory_iterator()) {
            consider(*entries, scope, open);
            entries.increment(error);
        }
        if (error) result_.problems.push_back({folder.path, error.message()});
    }

    void consider(const fs::directory_entry& entry, const Scope& scope, std::vector<Entry>& open) {
        std::error_code error;
        std::string path = entry.path().string();
        const bool link = entry.is_symlink(error);
        const bool directory = !link && entry.is_directory(error);
        if (!directory && !(is_wanted(path, notebooks_) && entry.is_regular_file(error))) return;
        if (excluded_(path) || ignored(scope, path, directory)) return;
        if (link) links_.insert(path);
        open.push_back({std::move(path), directory, scope});
    }

    const IsExcluded& excluded_;
    const bool notebooks_;
    Discovery& result_;
    std::set<std::string> seen_;
    std::set<std::string> entered_;
    std::set<std::string> links_;
};

} // namespace

Discovery discover(const std::vector<std::string>& paths, const IsExcluded& excluded,
                   bool notebooks) {
    Discovery result;
    Walk walk(excluded, notebooks, result);
    for (const std::string& path : paths) {
        std::error_code error;
        const fs::file_status status = fs::status(path, error);
        if (!fs::exists(status)) {
            result.problems.push_back(
                {path, error ? error.message() : "No such file or directory"});
        } else if (fs::is_directory(status)) {
            walk.walk(path);
        } else {
            walk.add_file(path, true);
        }
    }
    walk.drop_aliases();
    return result;
}

} // namespace awaitls::server
