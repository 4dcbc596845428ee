#include "server/lsp/analyser.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <exception>
#include <utility>

namespace awaitls::server {

namespace {

using std::chrono::milliseconds;

/// Below this a delay is not worth a timer: a batch of edits is one analysis anyway.
constexpr milliseconds kShortestDelay{2};
/// A run that takes longer is shown as progress.
constexpr milliseconds kSlow{500};

class Deadline final : public analysis::Cancellation {
public:
    explicit Deadline(Clock::time_point end) : end_(end) {}
    bool cancelled() const override { return Clock::now() >= end_; }

private:
    Clock::time_point end_;
};

class Flag final : public analysis::Cancellation {
public:
    bool cancelled() const override { return set_.load(std::memory_order_relaxed); }
    void set() { set_.store(true, std::memory_order_relaxed); }

private:
    std::atomic<bool> set_{false};
};

} // namespace

/// One run on a worker.
struct Analyser::Job {
    // The io thread's.
    Lane lane = Lane::Report;
    bool incremental = false;
    bool of_present_input = true;
    // Both threads'.
    Flag superseded;
    // The worker's, until it hands the job back to the io thread.
    Input input;
    AnalysisPtr previous;
    AnalysisPtr result;
    Clock::duration cost{0};
    std::string error;
    bool threw = false;
};

Analyser::Analyser(AnalyserContext& context, OnReady on_ready, OnSlow on_slow)
    : context_(context),
      on_ready_(std::move(on_ready)),
      on_slow_(std::move(on_slow)),
      debounce_timer_(context.loop),
      slow_timer_(context.loop) {}

Analyser::~Analyser() {
    if (running_) {
        running_->superseded.set();
    }
}

void Analyser::set_input(Input input) {
    input_ = std::move(input);
    has_input_ = true;
    current_ = false;
    quarantined_ = false;
    failures_ = 0;
    if (!running_) {
        return;
    }
    running_->of_present_input = false;
    // A first run is left to end: what it learns makes all later ones cheap.
    if (running_->incremental) {
        running_->superseded.set();
        running_.reset();
    }
}

void Analyser::want() {
    if (!ready()) {
        start(Lane::Interactive);
    }
}

Clock::duration Analyser::debounce() const {
    const Clock::duration delay = std::min<Clock::duration>(2 * recent_, kMaxDebounce);
    return delay < kShortestDelay ? Clock::duration{0} : delay;
}

void Analyser::schedule_edit(Clock::time_point received) {
    const Clock::duration delay = debounce();
    const bool after_pause = received - last_edit_ >= delay;
    last_edit_ = received;
    if (!due_set_) {
        first_waiting_edit_ = received;
        due_ = after_pause ? received : received + delay;
    } else {
        due_ = std::min(std::max(due_, received + delay), first_waiting_edit_ + kMaxDebounce);
    }
    due_set_ = true;
}

void Analyser::schedule_now() {
    due_ = Clock::now();
    due_set_ = true;
}

void Analyser::run_due() {
    if (!due_set_ || !has_input_) {
        return;
    }
    const Clock::time_point now = Clock::now();
    if (due_ > now) {
        debounce_timer_.start(due_ - now, [this] { run_due(); });
        return;
    }
    debounce_timer_.cancel();
    if (ready()) {
        due_set_ = false;
        on_ready_();
        return;
    }
    start(Lane::Report);
}

void Analyser::start(Lane lane) {
    if (running_) {
        return; // of this input, or a first run that must end before
    }
    if (latest_ && recent_ < kInlineLimit && run_inline()) {
        return;
    }
    run_on_pool(lane);
}

bool Analyser::run_inline() {
    const Clock::time_point begin = Clock::now();
    const Deadline deadline(begin + kInlineDeadline);
    AnalysisPtr result;
    try {
        result = context_.analyse(input_.text, input_.settings, input_.display_name, latest_,
                                  &deadline, input_.place);
    } catch (const std::exception& exception) {
        failed(exception.what(), Lane::Interactive);
        return true;
    }
    const Clock::duration cost = Clock::now() - begin;
    if (!result) {
        recent_ = std::max<Clock::duration>(recent_, kInlineDeadline);
        return false;
    }
    settle(std::move(result), cost, true);
    return true;
}

void Analyser::run_on_pool(Lane lane) {
    std::shared_ptr<Job> job = std::make_shared<Job>();
    job->input = input_;
    job->previous = latest_;
    job->incremental = latest_ != nullptr;
    job->lane = lane;
    running_ = job;
    slow_timer_.start(kSlow, [this] {
        slow_ = true;
        on_slow_(true);
    });
    context_.pool.submit(lane, [job = std::move(job), this, &loop = context_.loop,
                                analyse = context_.analyse]() mutable {
        const Clock::time_point begin = Clock::now();
        try {
            job->result = analyse(job->input.text, job->input.settings, job->input.display_name,
                                  job->previous, &job->superseded, job->input.place);
        } catch (const std::exception& exception) {
            job->threw = true;
            job->error = exception.what();
        }
        job->cost = Clock::now() - begin;
        job->previous.reset();
        loop.post([job = std::move(job), this] {
            // The analyser of a superseded job runs another one or is gone.
            if (!job->superseded.cancelled()) {
                finish(job);
            }
        });
    });
}

void Analyser::finish(const std::shared_ptr<Job>& job) {
    running_.reset();
    if (job->threw) {
        if (job->of_present_input) {
            failed(job->error, job->lane);
        } else {
            start(job->lane);
        }
        return;
    }
    if (!job->of_present_input) {
        latest_ = std::move(job->result);
        start(job->lane);
        return;
    }
    if (!job->result) {
        failed("no result", job->lane);
        return;
    }
    settle(std::move(job->result), job->cost, job->incremental);
}

void Analyser::end_slow() {
    slow_timer_.cancel();
    if (slow_) {
        slow_ = false;
        on_slow_(false);
    }
}

void Analyser::settle(AnalysisPtr result, Clock::duration cost, bool incremental) {
    if (incremental) {
        recent_ = std::min(last_, cost);
        last_ = cost;
    }
    // What the result replaces is torn down when the report of the result is on its way.
    context_.loop.post([replaced = std::exchange(latest_, std::move(result))] {});
    current_ = true;
    due_set_ = false;
    if (context_.log.enabled(LogLevel::Debug)) {
        char text[96];
        std::snprintf(text, sizeof text, "analysed in %.2f ms, %u regions anew, %zu findings: ",
                      std::chrono::duration<double, std::milli>(cost).count(),
                      latest_->regions_computed(), latest_->diagnostics().size());
        context_.log.debug(text + input_.display_name);
    }
    for (const analysis::GivenUp& given_up : latest_->given_up())
        context_.log.anomaly("rule given up", latest_->describe(given_up, input_.display_name));
    end_slow();
    on_ready_();
}

void Analyser::failed(const std::string& what, Lane lane) {
    context_.log.anomaly("analysis failed",
                         "the analysis of " + input_.display_name + " failed: " + what);
    latest_.reset(); // it may be at fault
    if (++failures_ < kMaxFailures) {
        run_on_pool(lane);
        return;
    }
    quarantined_ = true;
    due_set_ = false;
    end_slow();
    on_ready_();
}

} // namespace awaitls::server
