#pragma once

// What was found in the files of a folder, kept for the next run there. A result holds while nothing that it rests on changed:
// the file, its settings, the files that its imports mean and those that these rest on, where imports lead, and what was
// searched for in the project. The cache is harmless to lose: what is damaged, or of another version, counts for nothing.

#include "analysis/diagnostic.h"
#include "analysis/semantic/uses.h"
#include "server/modules/dependencies.h"
#include "server/modules/disk_modules.h"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace awaitls::server {

class ResultCache {
public:
    /// A file's findings in the order of the text; the sources of related places are left out.
    struct Result {
        std::uint64_t settings = 0;
        DependencyTable::Numbers rests_on; // in the table of the cache; the file itself among them
        std::vector<analysis::Diagnostic> findings;
        bool holds = false;
    };

    /// What tells caches apart: `run` says what is checked from where.
    static std::string key_of(std::string_view run, const Libraries& libraries,
                              std::uint64_t max_file_size);
    /// The file in a folder of caches.
    static std::string path_in(const std::string& folder, std::string_view key);
    /// `$XDG_CACHE_HOME/awaitls`; empty where neither that nor a home is known.
    static std::string default_folder();

    /// For save(): nanoseconds since the epoch.
    static std::int64_t now();

    /// Reads a cache; what another build of the program wrote counts for nothing. `modules` answers what is asked of it from now
    /// on, and outlives it.
    ResultCache(std::string path, const DiskModules& modules);

    /// Looks at all that the results rest on. Call once, before find().
    void verify();

    /// What was found in a file and still holds. Null where there is none.
    const Result* find(const std::string& path, std::uint64_t settings) const;
    /// What the results of find() rest on.
    const DependencyTable& table() const { return table_; }

    /// Notes what was found in a file now. Any thread.
    void add(const std::string& path, std::uint64_t settings,
             const std::vector<analysis::Diagnostic>& findings, const analysis::Uses& uses);
    /// Notes what effects of a file rest on. Any thread.
    void add_effects(const std::string& path, const analysis::Uses& uses);

    /// Writes what holds and what was added, if anything changed. Files changed since `begin` (nanoseconds since the epoch),
    /// when the first was read, may not be what was read. Returns the error.
    std::string save(std::int64_t begin);

    std::size_t found() const { return found_; }

private:
    using Numbers = DependencyTable::Numbers;
    /// Tells this program from another of its version.
    static std::uint64_t program_stamp();
    bool read(std::string_view bytes);
    std::string written() const;
    bool holds(const Dependency& dependency, const std::set<std::string>& same_projects) const;
    /// Takes what holds over into the new table and results.
    void keep_what_holds();

    const std::string path_;
    const std::uint64_t key_;
    const DiskModules& modules_;
    DependencyTable table_;
    std::map<std::string, Result> results_;   // by path
    std::map<std::string, Numbers> effects_;  // what those of a file rest on, by path
    std::map<std::string, Numbers> projects_; // the files of those that were searched
    std::vector<bool> good_;                  // of table_.all: it is as it was
    mutable std::size_t found_ = 0;

    std::mutex mutex_; // of what was added
    DependencyTable new_table_;
    std::map<std::string, Result> new_results_;
    std::map<std::string, std::set<std::uint32_t>> new_effects_;
};

} // namespace awaitls::server
