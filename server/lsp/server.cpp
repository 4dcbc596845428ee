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
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
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

/// All traffic as JSON lines. Each is written through, so that a crash loses none.
class Recorder {
public:
    ~Recorder() {
        if (file_ != nullptr) {
            std::fclose(file_);
        }
    }

    bool open(const std::string& path) {
        file_ = std::fopen(path.c_str(), "wb");
        return file_ != nullptr;
    }
    void record(protocol::Direction direction, std::string_view body) {
        const std::string line = protocol::traffic_record(direction, body);
        std::fwrite(line.data(), 1, line.size(), file_);
        std::fflush(file_);
    }

private:
    std::FILE* file_ = nullptr;
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
    Recorder recorder;
    if (!options.record_file.empty() && !recorder.open(options.record_file)) {
        std::fprintf(stderr, "awaitls: cannot write %s\n", options.record_file.c_str());
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
    if (!options.record_file.empty()) {
        session_options.on_traffic = [&recorder](protocol::Direction direction,
                                                 std::string_view body) {
            recorder.record(direction, body);
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
