#pragma once

// A Python environment, known from its files alone: nothing in it is run.

#include "analysis/settings.h"

#include <optional>
#include <string>
#include <vector>

namespace awaitls::server {

struct Environment {
    std::optional<analysis::PythonVersion> version;
    std::string error; // for people; empty when the version was found
};

/// Reads the version of the environment at an absolute path: the folder of a virtual environment or
/// of an installation, or the interpreter in its `bin`. From `pyvenv.cfg`, else the name of its
/// `lib/python3.X`.
Environment read_environment(const std::string& path);

/// The folders where an environment has its packages, absolute, in the order in which Python searches them:
/// site-packages, dist-packages, and what `.pth` files there add. Empty where there is none. `path` as for
/// read_environment().
std::vector<std::string> package_folders(const std::string& path);

/// Environments that this process was started in, as paths for package_folders(); empty where there is none.
struct ProcessEnvironment {
    std::string active;   // VIRTUAL_ENV: one that the user chose
    std::string fallback; // CONDA_PREFIX, else that of the `python` on PATH
};
ProcessEnvironment process_environment();

} // namespace awaitls::server
