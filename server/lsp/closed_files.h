#pragma once

// The files of a workspace that are not open: found and analysed on workers.

#include "analysis/analysis.h"
#include "protocol/json_writer.h"
#include "protocol/types.h"
#include "server/lsp/diagnostics.h"
#include "server/lsp/workspace.h"
#include "server/modules/dependencies.h"
#include "server/modules/overlay_modules.h"
#include "server/modules/result_cache.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace awaitls::server {

struct ClosedFile {
    std::string path;
    std::string uri;
    std::string key; // Uri::key
    std::shared_ptr<const analysis::Settings> settings;
    std::uint64_t max_file_size = 0;
};

struct FoundFiles {
    std::vector<ClosedFile> files;  // each once
    std::set<std::string> projects; // of the files, by their folders
    std::map<std::string, std::string>
        environments;                  // that settings name, by the folder they are for
    std::vector<std::string> problems; // for people
};

/// The Python files below the folders that are analysed. Stops early, with any part of them, when
/// cancelled.
FoundFiles find_files(const std::vector<WholeFolder>& folders, const DiskModules& modules,
                      const analysis::Cancellation& cancellation);

/// What the client holds, by Uri::key.
using PreviousResults = std::unordered_map<std::string, protocol::PreviousResultId>;

/// All that is kept of a closed file between two pulls.
struct ClosedResult {
    std::string path;
    std::uint64_t hash = 0;            // of the report's content
    DependencyTable::Numbers rests_on; // by number in ClosedResults::dependencies
};

/// What a pull found in closed files.
struct ClosedResults {
    std::vector<ClosedResult> files;
    DependencyTable dependencies;
};

/// Which results of a pull hold in the next, while no file came or went. Immutable but for the table.
class KeptResults {
public:
    /// `changed`: paths whose text is another one than then.
    KeptResults(std::shared_ptr<const ClosedResults> results, const std::set<std::string>& changed,
                const analysis::Modules& modules);
    /// Null where the file is to be analysed.
    const ClosedResult* find(const std::string& path) const;
    /// The table, with the answers that searches have now.
    DependencyTable& dependencies() { return dependencies_; }

private:
    std::shared_ptr<const ClosedResults> results_;
    DependencyTable dependencies_;
    std::map<std::string_view, const ClosedResult*> good_; // by path
};

/// What was found in the files of the workspace when a server looked at all of them the last time, and still holds.
class StoredResults {
public:
    /// Null where there is no `cache_folder`, and where an open document is not as its file is: what other files mean is another
    /// thing then. Reads the cache and looks at all that it rests on.
    static std::shared_ptr<StoredResults> open(const std::string& cache_folder,
                                               std::shared_ptr<const DiskModules> disk,
                                               const OverlayModules::OpenModules& documents);

    struct Found {
        const std::vector<analysis::Diagnostic>* findings; // without the sources of related places
        DependencyTable::Numbers rests_on;                 // in the other table
    };
    /// None where nothing is known of the file, or not any more. `dependencies`: the same table each time; belongs to the caller's
    /// lock.
    std::optional<Found> find(const ClosedFile& file, DependencyTable& dependencies);
    /// Any thread.
    void add(const ClosedFile& file, const analysis::FileAnalysis& analysis);
    /// Writes what was added. `begin`: see ResultCache::save(). Returns the error.
    std::string save(std::int64_t begin) { return cache_.save(begin); }

private:
    StoredResults(const std::string& path, std::shared_ptr<const DiskModules> disk);

    std::shared_ptr<const DiskModules> disk_;
    ResultCache cache_;
    std::optional<DependencyMove> move_;
};

/// Reports, each a member of a workspace report.
struct ClosedReports {
    std::vector<protocol::RawJson> reports;
    std::vector<ClosedResult> results; // of the same files in the same order
    std::vector<std::string> keys;     // likewise: Uri::key
    std::vector<std::string> problems; // for people
    std::size_t analysed = 0;          // of the files; the others are as they were
};

/// What is the same for all files of a pull.
struct ClosedContext {
    const ClientStyle& style;
    const PreviousResults& previous;
    const DiskModules& disk;
    std::shared_ptr<const analysis::Modules> modules; // `disk` below the open documents
    const analysis::Cancellation& cancellation;
    KeptResults& kept;
    StoredResults* stored; // null: none
    std::mutex& mutex;     // of the table of `kept`, and of `stored`
};

/// Analyses files[begin, end). Those that are too large, or that cannot be read, have no report.
/// Stops early when cancelled.
ClosedReports analyse_closed(const std::vector<ClosedFile>& files, std::size_t begin,
                             std::size_t end, const ClosedContext& context);

/// The reports of results that all hold still, without the `open` ones (by Uri::key). None where the
/// client does not hold them all.
std::optional<ClosedReports> repeat_reports(const ClosedResults& results,
                                            const std::set<std::string>& open,
                                            const PreviousResults& previous);

} // namespace awaitls::server
