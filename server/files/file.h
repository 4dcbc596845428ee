#pragma once

// Reading and replacing files. Errors are values: one line for people, empty when all went well.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace awaitls::server {

struct FileBytes {
    std::string bytes;
    std::string error;
    bool too_large = false; // nothing was read; `size` is then larger than the limit
    std::uint64_t size = 0; // bytes
};

/// Reads a whole file of at most `limit` bytes.
FileBytes read_file(const std::string& path, std::uint64_t limit);
/// Reads standard input to its end, at most `limit` bytes.
FileBytes read_standard_input(std::uint64_t limit);

/// What tells whether a file is still as it was.
struct FileStamp {
    std::uint64_t size = 0;
    std::int64_t modified = 0; // nanoseconds since the epoch
    std::int64_t changed = 0;  // likewise: its content or its attributes
    friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
/// Nothing where there is no such file, or it is none. Links are followed.
std::optional<FileStamp> stamp_of(const std::string& path);

/// Replaces a file by a complete new one, with the mode of the old; a symbolic link stays, its
/// target is replaced. Refuses where the file no longer holds `expected`. Returns the error.
std::string replace_file(const std::string& path, std::string_view expected,
                         std::string_view bytes);

/// Writes a file that may not exist yet, whole or not at all. Returns the error.
std::string write_file(const std::string& path, std::string_view bytes);

/// Absolute, without "." and ".."; links are not followed.
std::string absolute_path(const std::string& path);
/// `path` below `base` as a relative path with '/'; `path` itself where it is not below it. Both
/// absolute.
std::string relative_to(const std::string& path, const std::string& base);
std::string current_directory();

} // namespace awaitls::server
