#pragma once

// A Python environment, known from its files alone: nothing in it is run.

#include "analysis/settings.h"

#include <optional>
#include <string>

namespace awaitls::server {

struct Environment {
    std::optional<analysis::PythonVersion> version;
    std::string error; // for people; empty when the version was found
};

/// Reads the version of the environment at an absolute path: the folder of a virtual environment or
/// of an installation, or the interpreter in its `bin`. From `pyvenv.cfg`, else the name of its
/// `lib/python3.X`.
Environment read_environment(const std::string& path);

} // namespace awaitls::server
