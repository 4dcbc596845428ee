#include "server/config/environment.h"

#include "server/config/options.h"
#include "server/files/file.h"

#include <algorithm>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kLongestConfig = 1 << 16; // bytes; a pyvenv.cfg has five lines

/// The first two numbers of "3.11.7" or "3.11.7.final.0".
std::optional<analysis::PythonVersion> short_version(std::string_view text) {
    const std::size_t dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const std::size_t end = std::min(text.find_first_not_of("0123456789", dot + 1), text.size());
    return parse_python_version(text.substr(0, end));
}

std::optional<analysis::PythonVersion> from_pyvenv(const fs::path& folder) {
    const FileBytes file = read_file((folder / "pyvenv.cfg").string(), kLongestConfig);
    if (!file.error.empty() || file.too_large) return std::nullopt;
    std::istringstream lines(file.bytes);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t equals = line.find('=');
        if (equals == std::string::npos) continue;
        const std::string key = line.substr(0, line.find_last_not_of(" \t", equals - 1) + 1);
        const std::size_t value = line.find_first_not_of(" \t", equals + 1);
        if ((key == "version" || key == "version_info") && value != std::string::npos)
            return short_version(std::string_view(line).substr(value));
    }
    return std::nullopt;
}

std::optional<analysis::PythonVersion> from_library_folder(const fs::path& folder) {
    std::optional<analysis::PythonVersion> newest;
    std::error_code error;
    fs::directory_iterator entries(folder / "lib", error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
        const std::string name = entries->path().filename().string();
        if (!name.starts_with("python3.")) continue;
        const std::optional<analysis::PythonVersion> version =
            short_version(std::string_view(name).substr(6));
        if (version && (!newest || *newest < *version)) newest = version;
    }
    return newest;
}

} // namespace

Environment read_environment(const std::string& path) {
    Environment result;
    std::error_code error;
    fs::path folder(path);
    if (!fs::exists(folder, error)) {
        result.error = "there is no Python environment at " + path;
        return result;
    }
    if (!fs::is_directory(folder, error))
        folder = folder.parent_path().parent_path(); // ENV/bin/python
    result.version = from_pyvenv(folder);
    if (!result.version) result.version = from_library_folder(folder);
    if (!result.version)
        result.error =
            path + " is no Python environment: it has neither pyvenv.cfg nor lib/python3.*";
    return result;
}

} // namespace awaitls::server
