#pragma once

// Which files a run looks at.

#include <functional>
#include <string>
#include <vector>

namespace awaitls::server {

struct DiscoveredFile {
    std::string path;   // absolute
    bool given = false; // named on the command line, so no ignore rule applies to it
};

struct DiscoveryProblem {
    std::string path;
    std::string message; // "no such file or directory"
};

struct Discovery {
    std::vector<DiscoveredFile>
        files; // in the order of the arguments, then of the names; each file once
    std::vector<DiscoveryProblem> problems;
};

/// True for a file or folder that the configuration excludes; a folder is then not entered. The
/// path is absolute.
using IsExcluded = std::function<bool(const std::string& path)>;

/// Finds *.py, *.pyi and, where they are wanted, *.ipynb below the given paths (absolute). Respects .gitignore, .ignore and git's
/// info/exclude, from the top of the git work tree that holds the path downward, and `excluded`.
/// Links to files are followed, links to folders are not; a file that two names lead to is taken
/// once. What cannot be read becomes a problem and the rest goes on.
Discovery discover(const std::vector<std::string>& paths, const IsExcluded& excluded,
                   bool notebooks = false);

} // namespace awaitls::server
