#pragma once

// A Python environment, known from its files alone: nothing in it is run.

#include <string>
#include <vector>

namespace awaitls::server {

/// What is wrong with the environment at an absolute path, for people; empty where it is one: the folder of a virtual
/// environment or of an installation, or the interpreter in its `bin`.
std::string environment_problem(const std::string& path);

/// The folders where an environment has its packages, absolute, in the order in which Python searches them:
/// site-packages, dist-packages, and what `.pth` files there add. Empty where there is none. `path` as for
/// environment_problem().
std::vector<std::string> package_folders(const std::string& path);

/// Environments that this process was started in, as paths for package_folders(); empty where there is none.
struct ProcessEnvironment {
    std::string active;   // VIRTUAL_ENV: one that the user chose
    std::string fallback; // CONDA_PREFIX, else that of the `python` on PATH
};
ProcessEnvironment process_environment();

} // namespace awaitls::server
