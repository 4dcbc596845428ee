#pragma once

// One file of a run: bytes to syntax, and syntax to report.

#include "analysis/semantic/module.h"
#include "analysis/text/text.h"
#include "server/cli/command_line.h"
#include "server/cli/report.h"
#include "server/config/resolve.h"
#include "server/files/file.h"
#include "server/modules/disk_modules.h"
#include "server/modules/result_cache.h"
#include "server/notebook/notebook.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace awaitls::server {

struct CheckInput {
    std::string path;  // absolute; "-" for standard input without a name
    std::string shown; // for people
    bool is_stdin = false;
    FileSettings settings;
};

/// Wall time that one thread spent, by stage.
struct StageTimes {
    using Duration = std::chrono::steady_clock::duration;
    Duration read{0};
    Duration parse{0};
    Duration analyse{0};
    Duration fix{0};
    std::uint64_t bytes = 0;
    std::vector<Duration>
        rules; // shares of `analyse`, by index in the catalog; empty until one was measured
};

struct LoadedInput {
    FileBytes file;
    analysis::Decoded decoded;
    std::optional<Notebook> notebook; // where the file is one; `decoded` is then its code
    std::shared_ptr<const analysis::Module>
        module; // null where the file has an error or is too large
};

/// Reads and parses one file. `modules` is shared by all of a run. Safe to call from several threads for different files.
LoadedInput load_input(const CheckInput& input, const std::shared_ptr<const DiskModules>& modules,
                       StageTimes& times);

/// Analyses and, as the options say, fixes what was loaded. Safe to call from several threads for different files; errors
/// are in the report, which holds what the options let be reported. `cache`, which may be null, gets what was found.
FileReport check_input(const CheckInput& input, const LoadedInput& loaded,
                       const CheckOptions& options,
                       const std::shared_ptr<const DiskModules>& modules, ResultCache* cache,
                       StageTimes& times);

/// Takes hints out of a report, which are for editors, programs, and whoever asks. Done already where there is no baseline.
void hide_hints(const CheckInput& input, const CheckOptions& options, FileReport& report);

/// The report of what was found in an earlier run, as far as that is all that the options ask for.
std::optional<FileReport> stored_report(const CheckInput& input, const CheckOptions& options,
                                        const ResultCache& cache);

} // namespace awaitls::server
