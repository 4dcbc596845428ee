#include "server/lsp/event_loop.h"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include <cstdint>
#include <utility>

namespace awaitls::server {

struct EventLoop::Work {
    explicit Work(asio::io_context& io) : guard(io.get_executor()) {}
    asio::executor_work_guard<asio::io_context::executor_type> guard;
};

EventLoop::EventLoop()
    : io_(std::make_unique<asio::io_context>()), work_(std::make_unique<Work>(*io_)) {}

EventLoop::~EventLoop() = default;

void EventLoop::run() {
    io_->run();
}

void EventLoop::stop() {
    io_->stop();
}

void EventLoop::post(std::function<void()> task) {
    asio::post(*io_, std::move(task));
}

struct Timer::State {
    explicit State(asio::io_context& io) : timer(io) {}
    asio::steady_timer timer;
    // Counts start() and cancel(): a wait that ended before a cancel() may still be queued after it.
    std::uint64_t serial = 0;
    bool running = false;
};

Timer::Timer(EventLoop& loop) : state_(std::make_shared<State>(loop.io())) {}

Timer::~Timer() {
    cancel();
}

void Timer::start(Clock::duration delay, std::function<void()> task) {
    const std::uint64_t serial = ++state_->serial;
    state_->running = true;
    state_->timer.expires_after(delay);
    state_->timer.async_wait([weak = std::weak_ptr<State>(state_), serial,
                              task = std::move(task)](const std::error_code&) {
        const std::shared_ptr<State> state = weak.lock();
        if (!state || state->serial != serial) {
            return;
        }
        state->running = false;
        task();
    });
}

void Timer::cancel() {
    ++state_->serial;
    if (state_->running) {
        state_->running = false;
        state_->timer.cancel();
    }
}

bool Timer::running() const {
    return state_->running;
}

} // namespace awaitls::server
