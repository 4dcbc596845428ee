#pragma once

// Findings that are known and not to be reported again, kept in a file that belongs into version control.

#include "server/cli/report.h"

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace awaitls::server {

/// Known findings by file, rule and the code that they mark, with how often. Lines do not count, nor do blanks in the code:
/// what moves or is laid out anew is still known. Notes about files are never known.
class Baseline {
public:
    /// Reads a file that render() wrote. `path` is absolute; files are named relative to its folder. The error is a line for
    /// people, empty when all went well.
    static Baseline read(const std::string& path, std::string& error);
    /// One without findings.
    explicit Baseline(const std::string& path);

    /// Whether a rule was run for the file of a report, by its index.
    using Ran = std::function<bool(std::size_t report, std::string_view rule)>;

    /// Takes the known findings out of the reports, the first of equal ones. What is known of the rules that ran but was not
    /// found is counted as gone.
    struct Applied {
        std::size_t known = 0;
        std::size_t gone = 0;
    };
    Applied apply(std::vector<FileReport>& reports, const Ran& ran) const;

    /// Knows the findings of these files in place of those that it knew of them and of the rules that ran; drops files that
    /// are no more.
    void replace(const std::vector<FileReport>& reports, const Ran& ran);
    std::size_t size() const;

    /// Sorted JSON, an entry in a line.
    std::string render() const;

private:
    using Entry = std::pair<std::string, std::string>; // rule, code
    using Counts = std::map<Entry, std::size_t>;

    /// How the file is named in the baseline.
    std::string name_of(const FileReport& report) const;
    static Counts count(const FileReport& report);

    std::string folder_;
    std::map<std::string, Counts> files_; // by name
};

} // namespace awaitls::server
