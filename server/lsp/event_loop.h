#pragma once

// The io thread's loop and the threads that work for it.

#include <chrono>
#include <functional>
#include <memory>

namespace asio {
class io_context;
}

namespace awaitls::server {

using Clock = std::chrono::steady_clock;

/// The loop of the io thread, which owns all state of a session. Sleeps while there is nothing to do.
class EventLoop {
public:
    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    asio::io_context& io() { return *io_; }

    /// Runs handlers on the calling thread until stop().
    void run();
    /// Any thread. run() returns after the handler that runs now.
    void stop();
    /// Runs `task` on the io thread, later. Any thread.
    void post(std::function<void()> task);

private:
    struct Work;
    std::unique_ptr<asio::io_context> io_;
    std::unique_ptr<Work> work_;
};

/// Runs a task once after a delay, on the io thread. Belongs to that thread; its end cancels it.
class Timer {
public:
    explicit Timer(EventLoop& loop);
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    /// Replaces what was set before.
    void start(Clock::duration delay, std::function<void()> task);
    void cancel();
    bool running() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

} // namespace awaitls::server
