#pragma once

// One file of a run: bytes to report.

#include "server/cli/command_line.h"
#include "server/cli/report.h"
#include "server/config/resolve.h"
#include "server/modules/disk_modules.h"

#include <chrono>
#include <memory>
#include <string>

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
    Duration analyse{0};
    Duration fix{0};
    std::uint64_t bytes = 0;
};

/// Reads, analyses and, as the options say, fixes one file. Safe to call from several threads for
/// different files; `modules` is shared by all of a run; errors are in the report, which holds what the options let be reported.
FileReport check_file(const CheckInput& input, const CheckOptions& options,
                      const std::shared_ptr<const DiskModules>& modules, StageTimes& times);

} // namespace awaitls::server
