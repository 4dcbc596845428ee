#pragma once

// Keeps the analysis of one open document up to date.

#include "analysis/analysis.h"
#include "server/lsp/event_loop.h"
#include "server/lsp/log.h"
#include "server/lsp/pool.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace awaitls::server {

using AnalysisPtr = std::shared_ptr<const analysis::FileAnalysis>;

/// FileAnalysis::analyse, or what a test puts in its place. May be called from any thread.
using AnalyseFunction = std::function<AnalysisPtr(
    std::shared_ptr<const analysis::SourceText> text,
    std::shared_ptr<const analysis::Settings> settings, std::string display_name,
    AnalysisPtr previous, const analysis::Cancellation* cancellation, analysis::ModulePlace place)>;

/// The longest a report waits for the end of typing.
inline constexpr std::chrono::milliseconds kMaxDebounce{400};
/// A document whose last analyses took less than this is analysed on the io thread: handing it to a
/// worker and back costs more than it saves.
inline constexpr std::chrono::microseconds kInlineLimit{2000};
/// An analysis on the io thread that takes longer is given up and started again on a worker.
inline constexpr std::chrono::microseconds kInlineDeadline{5000};
/// Failures on one content after which the document is not analysed until it changes.
inline constexpr int kMaxFailures = 2;

/// What the analysers of a session share.
struct AnalyserContext {
    EventLoop& loop;
    Pool& pool;
    Log& log;
    AnalyseFunction analyse;
};

/// Analyses the newest input of one document: at once, after the end of typing, or on a worker, at most
/// one run at a time that anybody still wants. Belongs to the io thread. Results of superseded inputs
/// are never announced; they only make the next run cheaper.
class Analyser {
public:
    struct Input {
        std::shared_ptr<const analysis::SourceText> text;
        std::shared_ptr<const analysis::Settings> settings;
        std::string display_name;
        analysis::ModulePlace place;
    };
    /// Called when ready() has become true or a report of what is ready is due: from the loop, or from
    /// within want() or run_due().
    using OnReady = std::function<void()>;
    /// A run takes long (true), then is over (false).
    using OnSlow = std::function<void(bool slow)>;

    Analyser(AnalyserContext& context, OnReady on_ready, OnSlow on_slow);
    ~Analyser();
    Analyser(const Analyser&) = delete;
    Analyser& operator=(const Analyser&) = delete;

    /// The input from now on. Nothing runs before want() or run_due().
    void set_input(Input input);

    /// The result of the present input is there, or it is known that there will be none.
    bool ready() const { return has_input_ && (current_ || quarantined_); }
    /// Null unless ready(), and where the input is quarantined.
    AnalysisPtr result() const { return current_ ? latest_ : nullptr; }
    bool quarantined() const { return quarantined_; }
    /// The last result, maybe of an earlier input; null before the first.
    const AnalysisPtr& latest() const { return latest_; }

    /// A run of the present input, or a first one of an earlier, is on a worker.
    bool running() const { return running_ != nullptr; }

    /// Starts now what is not ready, whatever the debounce says. Somebody waits for it.
    void want();

    /// A report shall be made of the present input. `received` is when the edit arrived; edits in quick
    /// succession are put off. Without an edit (open, save, other settings) it is due at once.
    void schedule_edit(Clock::time_point received);
    void schedule_now();
    /// Starts what is due; called after each batch of messages.
    void run_due();

    /// How long the last runs took (for logs).
    Clock::duration recent_cost() const { return recent_; }

private:
    struct Job;

    void start(Lane lane);
    bool run_inline();
    void run_on_pool(Lane lane);
    void finish(const std::shared_ptr<Job>& job);
    void settle(AnalysisPtr result, Clock::duration cost, bool incremental);
    void failed(const std::string& what, Lane lane);
    void end_slow();
    Clock::duration debounce() const;

    AnalyserContext& context_;
    OnReady on_ready_;
    OnSlow on_slow_;
    Input input_;
    bool has_input_ = false;
    bool current_ = false;     // latest_ is of input_
    bool quarantined_ = false; // of input_
    int failures_ = 0;         // of input_
    AnalysisPtr latest_;
    std::shared_ptr<Job> running_; // null, or the one run whose end matters
    Clock::duration last_{0};      // cost of the last incremental run
    Clock::duration recent_{
        0}; // the smaller cost of the last two: a single slow run foretells nothing

    bool due_set_ = false;
    Clock::time_point due_;
    Clock::time_point last_edit_;
    Clock::time_point first_waiting_edit_;
    Timer debounce_timer_;
    Timer slow_timer_;
    bool slow_ = false;
};

} // namespace awaitls::server
