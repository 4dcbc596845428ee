#pragma once

// Where the server says what it does: the client's log, a file, and before there is a client stderr.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spdlog {
class logger;
}

namespace awaitls::server {

/// Entries of one anomaly; more would only repeat it.
inline constexpr int kMaxAnomalies = 8;

enum class LogLevel : std::uint8_t { Error, Warning, Info, Debug };

/// "error", "warning", "info", "debug".
std::string_view log_level_name(LogLevel level);
std::optional<LogLevel> log_level_from_name(std::string_view name);

/// Belongs to the io thread. Each text is one entry, without a newline at its end.
class Log {
public:
    using Client = std::function<void(LogLevel, const std::string&)>;

    explicit Log(LogLevel level) : level_(level) {}
    ~Log();
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;

    /// Also appends to a file. False, with `error` for people, where it cannot be written.
    bool open_file(const std::string& path, std::string& error);
    /// From now on entries go to the client instead of stderr; an empty function: to neither.
    void set_client(Client client);

    void set_level(LogLevel level) { level_ = level; }
    bool enabled(LogLevel level) const { return level <= level_; }

    void write(LogLevel level, const std::string& text);
    void error(const std::string& text) { write(LogLevel::Error, text); }
    void warning(const std::string& text) { write(LogLevel::Warning, text); }
    void info(const std::string& text) { write(LogLevel::Info, text); }
    void debug(const std::string& text) { write(LogLevel::Debug, text); }

    /// A defect of ours: logged as an error, at most kMaxAnomalies times for each `id`.
    void anomaly(std::string_view id, const std::string& text);

private:
    LogLevel level_;
    bool before_client_ = true;
    Client client_;
    std::shared_ptr<spdlog::logger> file_;
    std::map<std::string, int, std::less<>> anomalies_;
};

} // namespace awaitls::server
