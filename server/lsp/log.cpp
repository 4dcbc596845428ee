#include "server/lsp/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <cstdio>
#include <exception>
#include <utility>

namespace awaitls::server {

namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
    case LogLevel::Error: return spdlog::level::err;
    case LogLevel::Warning: return spdlog::level::warn;
    case LogLevel::Info: return spdlog::level::info;
    case LogLevel::Debug: return spdlog::level::debug;
    }
    return spdlog::level::info;
}

} // namespace

std::string_view log_level_name(LogLevel level) {
    switch (level) {
    case LogLevel::Error: return "error";
    case LogLevel::Warning: return "warning";
    case LogLevel::Info: return "info";
    case LogLevel::Debug: return "debug";
    }
    return "info";
}

std::optional<LogLevel> log_level_from_name(std::string_view name) {
    for (const LogLevel level :
         {LogLevel::Error, LogLevel::Warning, LogLevel::Info, LogLevel::Debug}) {
        if (name == log_level_name(level)) {
            return level;
        }
    }
    return std::nullopt;
}

Log::~Log() = default;

bool Log::open_file(const std::string& path, std::string& error) {
    try {
        std::shared_ptr<spdlog::sinks::basic_file_sink_st> sink =
            std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
        file_ = std::make_shared<spdlog::logger>("awaitls", std::move(sink));
    } catch (const std::exception& exception) {
        error = exception.what();
        return false;
    }
    file_->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    file_->set_level(spdlog::level::trace); // write() decides
    file_->flush_on(
        spdlog::level::trace); // a log that lacks the last lines before a crash is useless
    return true;
}

void Log::set_client(Client client) {
    before_client_ = false;
    client_ = std::move(client);
}

void Log::write(LogLevel level, const std::string& text) {
    if (!enabled(level)) {
        return;
    }
    if (file_) {
        file_->log(spdlog_level(level), text);
    }
    if (client_) {
        client_(level, text);
    } else if (before_client_ && level <= LogLevel::Warning) {
        std::fprintf(stderr, "awaitls: %s\n", text.c_str());
    }
}

void Log::anomaly(std::string_view id, const std::string& text) {
    int& count = anomalies_.try_emplace(std::string(id), 0).first->second;
    if (++count > kMaxAnomalies) {
        return;
    }
    error("defect in awaitls: " + text + (count == kMaxAnomalies ? " (not logged again)" : ""));
}

} // namespace awaitls::server
