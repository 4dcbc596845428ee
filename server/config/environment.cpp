#include "server/config/environment.h"

#include "server/config/options.h"
#include "server/files/file.h"

#include <algorithm>
#include <cstdlib>
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

/// ENV for ENV and for ENV/bin/python.
fs::path folder_of(const std::string& path) {
    std::error_code error;
    const fs::path folder(path);
    return fs::is_directory(folder, error) ? folder : folder.parent_path().parent_path();
}

/// Adds the folders that the `.pth` files of a folder of packages name, in the order of the files' names, as `site` does.
/// Lines that are code are not run.
void add_path_files(const std::string& packages, std::vector<std::string>& result) {
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator at(packages, error), end; !error && at != end; at.increment(error))
        if (at->path().extension() == ".pth") files.push_back(at->path());
    std::sort(files.begin(), files.end());
    for (const fs::path& path : files) {
        const FileBytes file = read_file(path.string(), kLongestConfig);
        if (!file.error.empty() || file.too_large) continue;
        std::istringstream lines(file.bytes);
        for (std::string line; std::getline(lines, line);) {
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
            if (line.empty() || line.starts_with('#') || line.starts_with("import ") ||
                line.starts_with("import\t"))
                continue;
            std::string folder = (fs::path(packages) / line).lexically_normal().string();
            if (folder.size() > 1 && folder.back() == '/') folder.pop_back();
            if (fs::is_directory(folder, error) &&
                std::find(result.begin(), result.end(), folder) == result.end())
                result.push_back(std::move(folder));
        }
    }
}

std::string variable(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : std::string(value);
}

/// The installation of the first `python3` or `python` on PATH; empty where there is none.
std::string python_on_path() {
    std::istringstream folders(variable("PATH"));
    for (std::string folder; std::getline(folders, folder, ':');) {
        if (folder.empty() || folder.front() != '/') continue;
        for (const char* const name : {"python3", "python"}) {
            std::error_code error;
            const fs::path program = fs::canonical(fs::path(folder) / name, error);
            if (!error) return program.parent_path().parent_path().string();
        }
    }
    return {};
}

} // namespace

std::vector<std::string> package_folders(const std::string& path) {
    const fs::path folder = folder_of(path);
    std::vector<fs::path> libraries;
    std::error_code error;
    for (fs::directory_iterator at(folder / "lib", error), end; !error && at != end;
         at.increment(error))
        if (at->path().filename().string().starts_with("python3")) libraries.push_back(at->path());
    // Debian's `lib/python3` serves all versions: behind that of one.
    std::sort(libraries.begin(), libraries.end(), std::greater<>());
    libraries.push_back(folder / "Lib"); // of Windows
    std::vector<std::string> result;
    for (const fs::path& library : libraries) {
        for (const char* const name : {"site-packages", "dist-packages"}) {
            const std::string packages = (library / name).lexically_normal().string();
            if (!fs::is_directory(packages, error)) continue;
            result.push_back(packages);
            add_path_files(packages, result);
        }
    }
    return result;
}

ProcessEnvironment process_environment() {
    ProcessEnvironment result{variable("VIRTUAL_ENV"), variable("CONDA_PREFIX")};
    if (result.fallback.empty()) result.fallback = python_on_path();
    return result;
}

Environment read_environment(const std::string& path) {
    Environment result;
    std::error_code error;
    if (!fs::exists(path, error)) {
        result.error = "there is no Python environment at " + path;
        return result;
    }
    const fs::path folder = folder_of(path);
    result.version = from_pyvenv(folder);
    if (!result.version) result.version = from_library_folder(folder);
    if (!result.version)
        result.error =
            path + " is no Python environment: it has neither pyvenv.cfg nor lib/python3.*";
    return result;
}

} // namespace awaitls::server
