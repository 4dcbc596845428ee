#include "server/lsp/pool.h"

#include <algorithm>
#include <utility>

namespace awaitls::server {

std::size_t Pool::default_size() {
    return std::max<std::size_t>(2, std::min<std::size_t>(std::thread::hardware_concurrency(), 8));
}

Pool::Pool(std::size_t threads) : size_(threads) {
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

bool Pool::stop(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    queues_ = {};
    wake_.notify_all();
    return idle_.wait_for(lock, patience, [this] { return running_ == 0; });
}

bool Pool::take(std::function<void()>& task, Lane& lane) {
    for (const Lane candidate : {Lane::Interactive, Lane::Report}) {
        std::deque<std::function<void()>>& queue = queues_[static_cast<std::size_t>(candidate)];
        if (queue.empty() || (candidate == Lane::Report && running_reports_ + 1 >= size_)) {
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
    for (;;) {
        std::function<void()> task;
        Lane lane = Lane::Interactive;
        wake_.wait(lock, [&] { return stopping_ || take(task, lane); });
        if (!task) {
            return;
        }
        ++running_;
        running_reports_ += lane == Lane::Report ? 1 : 0;
        lock.unlock();
        task();
        task = nullptr; // what it holds dies outside of the lock
        lock.lock();
        --running_;
        running_reports_ -= lane == Lane::Report ? 1 : 0;
        if (running_ == 0) {
            idle_.notify_all();
        }
        // Reports that had to wait may go now, and this thread may be about to take a request.
        if (!queues_[static_cast<std::size_t>(Lane::Report)].empty()) {
            wake_.notify_one();
        }
    }
}

} // namespace awaitls::server
