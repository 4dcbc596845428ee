#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace awaitls::server {

/// A folder of its own for one test, removed with all that is in it.
class TempDir {
public:
    TempDir() {
        std::string pattern =
            std::filesystem::temp_directory_path().string() + "/awaitls-test-XXXXXX";
        path_ = std::filesystem::canonical(mkdtemp(pattern.data())).string();
    }
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;

    const std::string& path() const { return path_; }
    std::string operator/(const std::string& name) const { return path_ + '/' + name; }

    /// Writes a file and the folders above it; returns its path.
    std::string write(const std::string& name, std::string_view text) const {
        const std::string file = *this / name;
        std::filesystem::create_directories(std::filesystem::path(file).parent_path());
        std::ofstream stream(file, std::ios::binary);
        stream << text;
        return file;
    }
    std::string read(const std::string& name) const {
        std::ifstream stream(*this / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }

private:
    std::string path_;
};

} // namespace awaitls::server
