#pragma once

// The threads that analyse, so that the io thread never waits for them.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace awaitls::server {

/// What somebody waits for goes before what is reported when it is ready.
enum class Lane { Interactive, Report };

/// Workers over two queues. Reports never occupy the last free thread, so a request waits for another
/// request at most. Tasks must not throw.
class Pool {
public:
    /// Requires: threads >= 2.
    explicit Pool(std::size_t threads);
    /// max(2, min(cores, 8)).
    static std::size_t default_size();

    /// Waits for running tasks without limit; call stop() first to bound that.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    std::size_t size() const { return size_; }

    /// Any thread. Dropped after stop().
    void submit(Lane lane, std::function<void()> task);

    /// Drops what is queued and waits for what runs. False if that takes longer than `patience`.
    bool stop(std::chrono::milliseconds patience);

private:
    void work();
    /// The next task that may run now. Requires: mutex_ is held.
    bool take(std::function<void()>& task, Lane& lane);

    const std::size_t size_; // the workers read it while threads_ still grows
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    std::array<std::deque<std::function<void()>>, 2> queues_;
    std::size_t running_ = 0;
    std::size_t running_reports_ = 0;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

} // namespace awaitls::server
