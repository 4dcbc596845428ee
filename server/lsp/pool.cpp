#include "server/lsp/pool.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

namespace awaitls::server {

std::size_t Pool::default_size() {
    return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 8) + 2;
}

Pool::Pool(std::size_t threads, std::function<void()> release_memory)
    : release_memory_(std::move(release_memory)), size_(threads) {
    threads_.reserve(threads);
    for (std::size_t i = 0; i < threads; ++i) {
        threads_.emplace_back([this] { work(); });
    }
}

Pool::~Pool() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
        queues_ = {};
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

void Pool::submit(Lane lane, std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            return;
        }
        queues_[static_cast<std::size_t>(lane)].push_back(std::move(task));
    }
    wake_.notify_one();
}

void Pool::release_memory() {
    if (!release_memory_) {
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        ++releases_;
    }
    wake_.notify_all();
    release_memory_();
}

bool Pool::stop(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    queues_ = {};
    wake_.notify_all();
    return idle_.wait_for(lock, patience, [this] { return running() == 0; });
}

void Pool::for_each(std::size_t count, const std::function<void(std::size_t)>& work) {
    // Helpers may come when all is done, and this call over.
    struct Shared {
        std::mutex mutex;
        std::condition_variable changed;
        std::size_t next = 0;
        std::size_t running = 0;
        std::exception_ptr thrown;
    };
    const auto shared = std::make_shared<Shared>();
    const auto help = [shared, count, &work] {
        std::unique_lock lock(shared->mutex);
        while (shared->next < count) {
            const std::size_t index = shared->next++;
            ++shared->running;
            lock.unlock();
            std::exception_ptr thrown;
            try {
                work(index); // alive: the call waits for whatever runs
            } catch (...) {
                thrown = std::current_exception();
            }
            lock.lock();
            if (thrown) {
                shared->thrown = thrown;
                shared->next = count;
            }
            if (--shared->running == 0) {
                shared->changed.notify_all();
            }
        }
    };
    for (std::size_t i = 1; i < std::min(count, background_size()); ++i) {
        submit(Lane::Background, help);
    }
    help();
    std::unique_lock lock(shared->mutex);
    shared->changed.wait(lock, [&] { return shared->running == 0; });
    if (shared->thrown) {
        std::rethrow_exception(shared->thrown);
    }
}

bool Pool::take(std::function<void()>& task, Lane& lane) {
    const std::size_t background = running_[static_cast<std::size_t>(Lane::Background)];
    const std::size_t reports = running_[static_cast<std::size_t>(Lane::Report)];
    for (const Lane candidate : {Lane::Interactive, Lane::Report, Lane::Background}) {
        std::deque<std::function<void()>>& queue = queues_[static_cast<std::size_t>(candidate)];
        if (queue.empty() || (candidate == Lane::Report && background + reports + 1 >= size_) ||
            (candidate == Lane::Background && background + 2 >= size_)) {
            continue;
        }
        lane = candidate;
        task = std::move(queue.front());
        queue.pop_front();
        return true;
    }
    return false;
}

void Pool::work() {
    std::unique_lock lock(mutex_);
    std::uint64_t released = 0;
    for (;;) {
        std::function<void()> task;
        Lane lane = Lane::Interactive;
        wake_.wait(lock, [&] { return stopping_ || take(task, lane) || released != releases_; });
        if (!task) {
            if (stopping_) {
                return;
            }
            released = releases_;
            lock.unlock();
            release_memory_();
            lock.lock();
            continue;
        }
        std::size_t& running_in_lane = running_[static_cast<std::size_t>(lane)];
        ++running_in_lane;
        lock.unlock();
        task();
        task = nullptr; // what it holds dies outside of the lock
        lock.lock();
        --running_in_lane;
        if (running() == 0) {
            idle_.notify_all();
        }
        // What had to wait may go now, and this thread may be about to take a request.
        if (!queues_[static_cast<std::size_t>(Lane::Report)].empty() ||
            !queues_[static_cast<std::size_t>(Lane::Background)].empty()) {
            wake_.notify_one();
        }
    }
}

} // namespace awaitls::server
