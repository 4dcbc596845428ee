#pragma once

// The threads that analyse, so that the io thread never waits for them.

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace awaitls::server {

/// What somebody waits for goes before what is reported when it is ready, and that before work on files that nobody looks at.
enum class Lane { Interactive, Report, Background };

/// Workers over a queue for each lane. Background work leaves two threads free, and reports the last one, so each of the other
/// lanes waits for its own like at most. Tasks must not throw.
class Pool {
public:
    /// Requires: threads >= 3. `release_memory` gives what the thread that calls it has freed back to the system.
    explicit Pool(std::size_t threads, std::function<void()> release_memory = {});
    /// Two more than those that work in the background: min(cores, 8).
    static std::size_t default_size();

    /// Waits for running tasks without limit; call stop() first to bound that.
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    /// Background tasks that run at the same time.
    std::size_t background_size() const { return size_ - 2; }

    /// Any thread. Dropped after stop().
    void submit(Lane lane, std::function<void()> task);

    /// Calls work(i) for all i below `count`, in any order, on this thread and in the background, and returns when all are done.
    /// What a call throws is thrown when those that run are done; the others are left out then.
    void for_each(std::size_t count, const std::function<void(std::size_t)>& work);

    /// Has memory released on all threads, and on this one, as soon as they have nothing to do.
    void release_memory();

    /// Drops what is queued and waits for what runs. False if that takes longer than `patience`.
    bool stop(std::chrono::milliseconds patience);

private:
    void work();
    /// The next task that may run now. Requires: mutex_ is held.
    bool take(std::function<void()>& task, Lane& lane);
    std::size_t running() const { return running_[0] + running_[1] + running_[2]; }

    const std::function<void()> release_memory_;
    std::uint64_t releases_ = 0; // asked for
    const std::size_t size_;     // the workers read it while threads_ still grows
    std::mutex mutex_;
    std::condition_variable wake_;
    std::condition_variable idle_;
    std::array<std::deque<std::function<void()>>, 3> queues_;
    std::array<std::size_t, 3> running_{}; // by lane
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

} // namespace awaitls::server
