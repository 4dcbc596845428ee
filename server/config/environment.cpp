#include "server/config/environment.h"

#include "server/files/file.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <system_error>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;
constexpr std::uint64_t kLongestPathFile = 1 << 16; // bytes; a .pth file has a few lines

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
        const FileBytes file = read_file(path.string(), kLongestPathFile);
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

std::string environment_problem(const std::string& path) {
    std::error_code error;
    if (!fs::exists(path, error)) return "there is no Python environment at " + path;
    const fs::path folder = folder_of(path);
    if (fs::exists(folder / "pyvenv.cfg", error)) return {};
    fs::directory_iterator entries(folder / "lib", error);
    for (; !error && entries != fs::directory_iterator(); entries.increment(error))
        if (entries->path().filename().string().starts_with("python3.")) return {};
    return path + " is no Python environment: it has neither pyvenv.cfg nor lib/python3.*";
}

} // namespace awaitls::server
