#include "server/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace awaitls::server {

namespace {

namespace fs = std::filesystem;

std::string system_error_text(int code) {
    return std::generic_category().message(code);
}

/// Closes a descriptor at the end of its scope.
class Descriptor {
public:
    explicit Descriptor(int value) : value_(value) {}
    ~Descriptor() {
        if (value_ >= 0) ::close(value_);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int get() const { return value_; }
    /// True when the close succeeded: some file systems report a failed write only here.
    bool close() {
        const int value = std::exchange(value_, -1);
        return ::close(value) == 0;
    }

private:
    int value_;
};

FileBytes read_descriptor(int descriptor, std::uint64_t limit, std::uint64_t expected) {
    FileBytes result;
    result.bytes.reserve(expected);
    std::array<char, 64 * 1024>
        buffer; // NOLINT(cppcoreguidelines-pro-type-member-init): read() fills it
    for (;;) {
        const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) {
            result.error = system_error_text(errno);
            return result;
        }
        if (count == 0) break;
        result.bytes.append(buffer.data(), static_cast<std::size_t>(count));
        if (result.bytes.size() > limit) {
            result.too_large = true;
            break;
        }
    }
    result.size = result.bytes.size();
    if (result.too_large) result.bytes.clear();
    return result;
}

std::string write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_error_text(errno);
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

/// Writes beside the target, then renames, so that a reader sees the old file or the new one and
/// nothing between. `like` gives mode and owner; null for a new file. `ready` is asked right before
/// the rename.
template <typename Ready>
std::string write_and_rename(const std::string& target, std::string_view bytes,
                             const struct stat* like, Ready ready) {
    std::string temporary = target + ".awaitls-XXXXXX";
    Descriptor descriptor(::mkstemp(temporary.data()));
    if (descriptor.get() < 0) return "cannot write beside it: " + system_error_text(errno);
    std::string error = write_all(descriptor.get(), bytes);
    if (error.empty()) {
        mode_t mode = 0666;
        if (like != nullptr) {
            mode = like->st_mode & 07777;
            // Fails for another user's file, which then becomes ours, as with every editor.
            [[maybe_unused]] const int owner =
                ::fchown(descriptor.get(), like->st_uid, like->st_gid);
        } else {
            const mode_t mask = ::umask(0);
            ::umask(mask);
            mode = static_cast<mode_t>(mode & ~mask);
        }
        if (::fchmod(descriptor.get(), mode) != 0) error = system_error_text(errno);
    }
    if (!descriptor.close() && error.empty()) error = system_error_text(errno);
    if (error.empty()) error = ready();
    if (error.empty() && ::rename(temporary.c_str(), target.c_str()) != 0)
        error = system_error_text(errno);
    if (!error.empty()) ::unlink(temporary.c_str());
    return error;
}

} // namespace

std::optional<FileStamp> stamp_of(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    const auto nanoseconds = [](const timespec& time) {
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    };
    return FileStamp{static_cast<std::uint64_t>(status.st_size), nanoseconds(status.st_mtim),
                     nanoseconds(status.st_ctim)};
}

FileBytes read_file(const std::string& path, std::uint64_t limit) {
    FileBytes result;
    const Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (descriptor.get() < 0 || ::fstat(descriptor.get(), &status) != 0) {
        result.error = system_error_text(errno);
        return result;
    }
    if (S_ISDIR(status.st_mode)) {
        result.error = system_error_text(EISDIR);
        return result;
    }
    const std::uint64_t size =
        S_ISREG(status.st_mode) ? static_cast<std::uint64_t>(status.st_size) : 0;
    if (size > limit) {
        result.too_large = true;
        result.size = size;
        return result;
    }
    return read_descriptor(descriptor.get(), limit, size);
}

FileBytes read_standard_input(std::uint64_t limit) {
    return read_descriptor(STDIN_FILENO, limit, 0);
}

std::string replace_file(const std::string& path, std::string_view expected,
                         std::string_view bytes) {
    std::error_code error;
    const std::string target = fs::canonical(path, error).string();
    if (error) return error.message();
    struct stat status {};
    if (::stat(target.c_str(), &status) != 0) return system_error_text(errno);
    if (::access(target.c_str(), W_OK) != 0) return system_error_text(errno);
    return write_and_rename(target, bytes, &status, [&]() -> std::string {
        const FileBytes now = read_file(target, expected.size());
        if (!now.error.empty()) return now.error;
        if (now.too_large || now.bytes != expected) return "it was changed by another program";
        return {};
    });
}

std::string write_file(const std::string& path, std::string_view bytes) {
    struct stat status {};
    const bool exists = ::stat(path.c_str(), &status) == 0;
    if (exists && !S_ISREG(status.st_mode)) {
        // A pipe or a device cannot be replaced by a file.
        Descriptor descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
        if (descriptor.get() < 0) return system_error_text(errno);
        const std::string error = write_all(descriptor.get(), bytes);
        return descriptor.close() || !error.empty() ? error : system_error_text(errno);
    }
    std::error_code ignored;
    const std::string target = exists ? fs::canonical(path, ignored).string() : path;
    if (exists && ::access(target.c_str(), W_OK) != 0) return system_error_text(errno);
    return write_and_rename(target, bytes, exists ? &status : nullptr,
                            [] { return std::string(); });
}

std::string current_directory() {
    std::error_code error;
    const std::string path = fs::current_path(error).string();
    return error ? "/" : path;
}

std::string absolute_path(const std::string& path) {
    fs::path result(path);
    if (!result.is_absolute()) result = fs::path(current_directory()) / result;
    std::string text = result.lexically_normal().string();
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

std::string relative_to(const std::string& path, const std::string& base) {
    if (base == "/") return path.size() > 1 ? path.substr(1) : path;
    if (path.size() > base.size() + 1 && path.starts_with(base) && path[base.size()] == '/') {
        return path.substr(base.size() + 1);
    }
    return path;
}

} // namespace awaitls::server
