#include "server/lsp/server.h"

#include "analysis/analysis.h"
#include "protocol/connection.h"
#include "protocol/transport.h"
#include "server/lsp/event_loop.h"
#include "server/lsp/pool.h"
#include "server/lsp/session.h"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <mutex>
#include <thread>

namespace awaitls::server {

namespace {

constexpr std::chrono::seconds kParentPoll{5};
/// After this the process ends whatever a worker or a client that does not read still does.
constexpr std::chrono::milliseconds kExitPatience{2000};

/// Ends the process with a status unless it has ended by itself in time.
class Watchdog {
public:
    ~Watchdog() {
        {
            const std::lock_guard lock(mutex_);
            done_ = true;
        }
        wake_.notify_all();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    void start(int status) {
        thread_ = std::thread([this, status] {
            std::unique_lock lock(mutex_);
            if (!wake_.wait_for(lock, kExitPatience, [this] { return done_; })) {
                std::_Exit(status);
            }
        });
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    bool done_ = false;
    std::thread thread_;
};

/// Calls `gone` once the process does not exist any more.
class ParentWatch {
public:
    ParentWatch(EventLoop& loop, std::function<void()> gone)
        : timer_(loop), gone_(std::move(gone)) {}

    void start(std::int64_t process_id) {
        process_id_ = static_cast<pid_t>(process_id);
        if (process_id_ > 0) {
            poll();
        }
    }

private:
    void poll() {
        if (::kill(process_id_, 0) != 0 && errno == ESRCH) {
            gone_();
            return;
        }
        timer_.start(kParentPoll, [this] { poll(); });
    }

    Timer timer_;
    std::function<void()> gone_;
    pid_t process_id_ = 0;
};

/// All traffic as JSON lines. Each is written through, so that a crash loses none, and appended, so that the servers of
/// one editor can share a file: each line tells which of them it is from.
class TrafficFile {
public:
    ~TrafficFile() { close(); }

    bool open(const std::string& path) {
        file_ = std::fopen(path.c_str(), "ab");
        return file_ != nullptr;
    }
    bool is_open() const { return file_ != nullptr; }
    /// False where it could not be written; the file is closed then.
    bool record(protocol::Direction direction, std::string_view body) {
        const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - start_);
        const std::string line =
            protocol::traffic_record({::getpid(), time.count()}, direction, body);
        if (std::fwrite(line.data(), 1, line.size(), file_) == line.size() &&
            std::fflush(file_) == 0) {
            return true;
        }
        close();
        return false;
    }

private:
    void close() {
        if (file_ != nullptr) {
            std::fclose(file_);
            file_ = nullptr;
        }
    }

    std::FILE* file_ = nullptr;
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

[[noreturn]] void on_terminate() {
    const char* what = "unknown";
    if (const std::exception_ptr current = std::current_exception()) {
        try {
            std::rethrow_exception(current);
        } catch (const std::exception& exception) {
            what = exception.what();
            std::fprintf(stderr, "awaitls: crashed: %s\n", what);
            std::abort();
        } catch (...) {
        }
    }
    std::fprintf(stderr, "awaitls: crashed: %s\n", what);
    std::abort();
}

} // namespace

int run_language_server(const ServerOptions& options, void (*release_memory)()) {
    std::signal(SIGPIPE, SIG_IGN);
    std::set_terminate(on_terminate);

    Log log(options.log_level.value_or(LogLevel::Info));
    std::string error;
    if (!options.log_file.empty() && !log.open_file(options.log_file, error)) {
        std::fprintf(stderr, "awaitls: %s\n", error.c_str());
        return 2;
    }
    TrafficFile traffic;
    if (!options.traffic_file.empty() && !traffic.open(options.traffic_file)) {
        std::fprintf(stderr, "awaitls: cannot write the traffic to %s: %s\n",
                     options.traffic_file.c_str(), std::strerror(errno));
        return 2;
    }

    int status = 1;
    Watchdog watchdog; // outlives all that it watches
    EventLoop loop;
    Pool pool(Pool::default_size(), release_memory);
    std::function<void()> parent_is_gone;
    ParentWatch parent(loop, [&parent_is_gone] { parent_is_gone(); });

    SessionOptions session_options;
    session_options.analyse = [](auto text, auto settings, auto name, auto previous,
                                 const analysis::Cancellation* cancellation, auto place) {
        return analysis::FileAnalysis::analyse(std::move(text), std::move(settings),
                                               std::move(name), std::move(previous), cancellation,
                                               std::move(place));
    };
    session_options.libraries = Libraries::find({});
    session_options.cache_folder = ResultCache::default_folder();
    session_options.fixed_log_level = options.log_level.has_value();
    if (traffic.is_open()) {
        session_options.on_traffic = [&](protocol::Direction direction, std::string_view body) {
            if (traffic.is_open() && !traffic.record(direction, body)) {
                log.error("the traffic is recorded no longer, " + options.traffic_file +
                          " cannot be written: " + std::strerror(errno));
            }
        };
    }
    session_options.on_parent = [&parent](std::int64_t process_id) { parent.start(process_id); };
    session_options.on_exit = [&](int exit_status) {
        status = exit_status;
        watchdog.start(exit_status);
    };
    session_options.on_end = [&loop] { loop.stop(); };
    Session session(loop, pool, log,
                    protocol::make_descriptor_transport(loop.io(), STDIN_FILENO, STDOUT_FILENO),
                    std::move(session_options));
    parent_is_gone = [&session] { session.end("the client's process is gone"); };
    asio::signal_set signals(loop.io(), SIGTERM, SIGINT);
    signals.async_wait([&session](const std::error_code& failed, int) {
        if (!failed) {
            session.end("a signal asked for it");
        }
    });

    session.start();
    loop.run();
    pool.stop(kExitPatience);
    return status;
}

} // namespace awaitls::server
