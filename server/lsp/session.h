#pragma once

// One session with one client: what each message does.

#include "protocol/connection.h"
#include "protocol/messages.h"
#include "server/lsp/analyser.h"
#include "server/lsp/call_hierarchy.h"
#include "server/lsp/closed_files.h"
#include "server/lsp/diagnostics.h"
#include "server/lsp/document.h"
#include "server/lsp/event_loop.h"
#include "server/lsp/log.h"
#include "server/lsp/pool.h"
#include "server/lsp/workspace.h"
#include "server/modules/overlay_modules.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace awaitls::server {

/// Findings of broken functions stay this long after the last edit.
inline constexpr std::chrono::milliseconds kStickyTime{3000};
/// Edits that a waiting pull is carried over before the client is told to ask again.
inline constexpr int kMaxCarried = 8;

struct SessionOptions {
    AnalyseFunction analyse;  // required
    Libraries libraries;      // what imports of documents mean that are not of the project
    std::string cache_folder; // where results are kept between sessions; empty: nowhere
    /// The client's `logLevel` does not change a level that was given on the command line.
    bool fixed_log_level = false;
    /// Every body received and sent.
    std::function<void(protocol::Direction, std::string_view)> on_traffic;
    /// Required. The client is `process_id`: the session shall end when that process does.
    std::function<void(std::int64_t process_id)> on_parent;
    /// Required. Called once: the session is over, the process shall end with this status. What is
    /// queued is still written; then, or when that fails, on_end follows.
    std::function<void(int status)> on_exit;
    std::function<void()> on_end;
};

/// Belongs to the io thread. Owns all state of the conversation; only analyses and "fix all" run
/// elsewhere, on values, and what they bring is used only if it is still of the present text.
class Session {
public:
    Session(EventLoop& loop, Pool& pool, Log& log, std::unique_ptr<protocol::Transport> transport,
            SessionOptions options);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void start();
    /// The process ends for a reason of its own: a signal, a dead client.
    void end(const std::string& why);

private:
    struct OpenDocument;
    /// Answers a request from the present analysis. The analysis is null where the document is not
    /// analysed: excluded, too large, out of sync, quarantined.
    using Answer = std::function<void(OpenDocument&, const AnalysisPtr&, protocol::AnyResponder)>;
    enum class Superseded { AnswerForNewText, Fail };
    struct Waiter;
    struct Progress;
    struct WorkspacePull;
    struct CallRequest;
    /// Changes with everything that reports of closed files depend on, as far as the session is told, but for the texts of files
    /// and documents.
    struct WorkspaceState {
        std::uint64_t structure = 0;
        std::uint64_t configuration = 0;
        bool operator==(const WorkspaceState&) const = default;
    };

    // session.cpp: life cycle and traces
    void register_handlers();
    void initialize(protocol::InitializeParams params,
                    protocol::Responder<protocol::InitializeResult> responder);
    void initialized();
    void shutdown(protocol::AnyResponder responder);
    void exit();
    void ended(protocol::EndReason reason, const std::string& detail);
    void finish(int status);
    void trace_message(protocol::Direction direction, std::string_view body);

    // documents.cpp: documents, their analyses, and what is sent about them
    void did_open(protocol::DidOpenTextDocumentParams params, bool repaired);
    void did_change(const protocol::DidChangeTextDocumentParams& params, bool repaired);
    void did_save(const protocol::DidSaveTextDocumentParams& params);
    void did_close(const protocol::DidCloseTextDocumentParams& params);
    void bad_notification(const protocol::Message& message, const std::string& why);
    void lost_sync(OpenDocument& document, const std::string& why);
    /// The document with this URI, or the notebook that has a cell with it.
    OpenDocument* find(std::string_view uri);
    /// The document with this URI that is no notebook.
    OpenDocument* find_text(std::string_view uri);
    OpenDocument& add_document(Document document);
    void remove_document(OpenDocument& document, const std::string& why);
    /// Parts (by Uri::key) have another text.
    void edited(OpenDocument& document, std::set<std::string> parts);
    /// Whether the client is told the findings without asking.
    bool pushes(const OpenDocument& document) const;
    void batch_done();
    void review_waiters(OpenDocument& document);
    void start_work(OpenDocument& document);
    void ready(OpenDocument& document);
    void update_view(OpenDocument& document);
    /// Publishes the parts whose findings changed, and those with an edit to be answered.
    void publish(OpenDocument& document);
    /// Notes that the client holds the findings that the view shows of a part.
    void told(OpenDocument& document, std::size_t part);
    /// The client holds other findings of a part than the view shows.
    bool is_stale(const OpenDocument& document, std::size_t part) const;
    /// Has the client ask again for stale parts.
    void refresh_if_stale(OpenDocument& document);
    /// Publishes that there is nothing, for all that the client was told of.
    void clear_published(OpenDocument& document);
    void sticky_time_is_over(OpenDocument& document);
    void slow(OpenDocument& document, bool slow);
    void log_request(const std::string& name, const std::string& id, Clock::duration queued,
                     Clock::duration run);
    void refuse_waiters(OpenDocument& document, const std::string& why);
    /// Where the document stands among the modules: files, and other open documents.
    const analysis::ModulePlace& place_of(OpenDocument& document);
    /// What others may import of the open documents, but for one.
    OverlayModules::OpenModules open_modules(const OpenDocument* except) const;
    /// The environment at a path counts for the projects in a folder.
    void add_environment(const std::string& folder, const std::string& environment);
    /// Others may import what the document holds.
    void share_module(OpenDocument& document, const AnalysisPtr& analysis);
    /// Files came, went or changed, as their watcher or a document that was closed says.
    void files_changed(const std::vector<std::string>& paths, bool only_texts);
    /// Has the documents analysed again whose imports may mean the file, and, where it has other words than before, those that
    /// searched the project.
    void recheck_users(std::string_view path, const OpenDocument* except, bool other_words);
    void recheck_all();
    void recheck(const std::function<bool(const OpenDocument&)>& concerns);
    /// Null where the client shows no progress.
    std::shared_ptr<Progress> begin_progress(const std::string& message);
    void end_progress(std::shared_ptr<Progress>& progress);
    /// Reads all files of a project on a worker, once; the open documents are analysed again then.
    void index_project(const std::string& project);
    void indexed(const std::string& project, std::shared_ptr<const ProjectIndex> index,
                 const std::string& problem);
    void take_folders();
    /// Lets go, in a while, of what was read for questions that are answered.
    void rest_later();
    /// Calls `answer` now or when the analysis is there. `nothing` is the result for documents that are
    /// not open or not Python.
    void with_analysis(std::string_view uri, protocol::AnyResponder responder,
                       Superseded superseded, Answer answer, const protocol::RawJson& nothing);

    // notebooks.cpp
    void did_open_notebook(protocol::DidOpenNotebookDocumentParams params, bool repaired);
    void did_change_notebook(protocol::DidChangeNotebookDocumentParams params, bool repaired);
    void did_save_notebook(const protocol::DidSaveNotebookDocumentParams& params);
    void did_close_notebook(const protocol::DidCloseNotebookDocumentParams& params);
    OpenDocument* find_notebook(std::string_view uri);
    /// Leaves out the texts that are open already, but for those that a cell may take over.
    void admit_cells(std::vector<protocol::TextDocumentItem>& texts, const std::string& notebook);
    /// `notebook` is its key.
    void note_cells(const std::string& notebook, const NotebookCells* cells);
    /// The client asks for the diagnostics of cells.
    void cells_are_pulled();
    NotebookCells::Tell notebook_log(std::string name);

    // documents.cpp: configuration
    void check_configuration_files();
    void configure_documents();
    void pull_configuration();
    void take_configuration(const std::vector<std::string>& uris,
                            const std::vector<protocol::RawJson>& sections);
    void take_editor_options(const EditorOptions& options);
    void tell_configuration_problems();
    void send_configuration_problems(const std::string& file,
                                     const std::vector<ConfigProblem>& problems);
    void refresh_pulled();
    void did_change_configuration(const protocol::DidChangeConfigurationParams& params);
    void did_change_watched_files(const protocol::DidChangeWatchedFilesParams& params);
    void did_change_workspace_folders(const protocol::DidChangeWorkspaceFoldersParams& params);

    // requests.cpp
    void pull_diagnostics(const protocol::DocumentDiagnosticParams& params,
                          protocol::AnyResponder responder);
    void code_actions(protocol::CodeActionParams params, protocol::AnyResponder responder);
    void resolve_code_action(protocol::CodeAction action, protocol::AnyResponder responder);
    void hover(const protocol::HoverParams& params, protocol::AnyResponder responder);
    void execute_command(const protocol::ExecuteCommandParams& params,
                         protocol::AnyResponder responder);
    /// Works out the edits of "fix all" on a worker; `then` gets them on the io thread, unless the text
    /// has changed meanwhile, which fails the request.
    void fix_all(OpenDocument& document, const AnalysisPtr& analysis,
                 protocol::AnyResponder responder,
                 std::function<void(OpenDocument&, const std::vector<analysis::Edit>&,
                                    protocol::AnyResponder)>
                     then);

    // workspace_diagnostics.cpp; pulls go by their numbers, as any step may end them
    void pull_workspace(const protocol::WorkspaceDiagnosticParams& params,
                        protocol::AnyResponder responder);
    /// Ends those that were cancelled, and goes on with those that waited for what is there now.
    void review_workspace_pulls();
    void refuse_workspace_pulls(const std::string& why);
    /// The document is ready: reports it to the pulls that wait for it.
    void report_open(OpenDocument& document);
    void open_documents_reported(std::uint64_t number, WorkspacePull& pull);
    void search_workspace(std::uint64_t number, const WorkspacePull& pull);
    void analyse_when_indexed(std::uint64_t number, WorkspacePull& pull);
    void analyse_files(std::uint64_t number, WorkspacePull& pull);
    void take_reports(WorkspacePull& pull, ClosedReports& closed);
    void store_results(std::shared_ptr<StoredResults> results);
    void send_reports(WorkspacePull& pull);
    void finish_pull(std::uint64_t number);
    void fail_pull(std::uint64_t number, protocol::ErrorCode code, const std::string& why,
                   protocol::RawJson data = {});
    void end_pull_progress(const WorkspacePull& pull);
    /// Logs each once.
    void tell_file_problems(const std::vector<std::string>& problems);
    WorkspaceState workspace_state() const;
    /// What the last pull found may hold still, but for files that changed since.
    bool keeps_closed_results(const WorkspacePull& pull) const;
    /// Files and documents with another text than the last pull saw.
    std::set<std::string> changed_texts() const;
    /// Runs `work()` on a worker and calls `then(pull, result)` on the io thread, if there still is
    /// that pull.
    template <class Work, class Then>
    void work_for_pull(std::uint64_t number, Work work, Then then);

    // call_requests.cpp
    void prepare_call_hierarchy(const protocol::CallHierarchyPrepareParams& params,
                                protocol::AnyResponder responder);
    void follow_calls(CallQuestion::Kind kind, const protocol::CallHierarchyCallsParams& params,
                      protocol::AnyResponder responder);
    /// Ends those that were cancelled, and starts those that nothing is missing for.
    void review_call_requests();
    void refuse_call_requests(const std::string& why);
    void review_call_request(std::uint64_t number, CallRequest& request);
    void start_call_request(std::uint64_t number, CallRequest& request);
    void call_request_done(std::uint64_t number, const std::optional<CallAnswer>& answer,
                           const std::string& problem);
    CallWorld call_world() const;
    /// No document and no file has changed since.
    bool is_present(const CallWorld& world) const;

    EventLoop& loop_;
    Pool& pool_;
    Log& log_;
    SessionOptions options_;
    const std::int64_t begin_ = ResultCache::now();
    ClientStyle style_;
    Workspace workspace_;
    AnalyserContext analyser_context_;
    std::map<std::string, std::unique_ptr<OpenDocument>> documents_; // by Uri::key
    std::map<std::string, std::string> notebooks_of_cells_;          // the keys of both
    /// Some clients that ask for diagnostics do not ask for those of cells: they are told those until they do.
    bool pulls_cells_ = false;
    /// Texts that were asked for while they were not open, by Uri::key. VS Code does so with those that it opens next, and
    /// does not ask again by itself.
    std::set<std::string> asked_early_;
    /// Open documents of other languages: never analysed, but configuration files may be among them.
    std::map<std::string, std::string> other_documents_; // Uri::key -> the client's spelling
    std::shared_ptr<const DiskModules> disk_modules_;
    std::uint64_t module_changes_ = 1;    // of files and documents
    std::uint64_t structure_changes_ = 1; // those among them that are more than another text
    std::map<std::string, std::uint64_t>
        text_changes_; // by path: what module_changes_ was at the last
    struct Indexing {
        explicit Indexing(EventLoop& loop) : slow(loop) {}
        Clock::time_point begin;
        Timer slow;
        std::shared_ptr<Progress> progress;
        std::vector<std::string> changed; // files, meanwhile
        bool done = false;
    };
    Timer rest_;
    std::map<std::string, std::unique_ptr<Indexing>> indexing_;               // by project
    std::map<std::uint64_t, std::unique_ptr<WorkspacePull>> workspace_pulls_; // by number
    std::uint64_t workspace_pull_count_ = 0;
    std::map<std::uint64_t, std::unique_ptr<CallRequest>> call_requests_; // by number
    std::uint64_t call_request_count_ = 0;
    bool whole_folders_ = false; // some folder's mode was Workspace when it was last configured
    /// What the last pull found in the files that were not open; null before.
    std::shared_ptr<const ClosedResults> closed_results_;
    WorkspaceState closed_results_state_;
    std::uint64_t closed_results_modules_ = 0; // what module_changes_ was
    std::set<std::string> told_file_problems_;
    std::uint64_t openings_ = 0;
    std::uint64_t progress_tokens_ = 0;
    std::uint64_t registrations_ = 0;
    bool configure_again_ = false;            // before the end of this batch
    std::uint64_t configuration_version_ = 0; // changes whenever files may have been read
    std::uint64_t configuration_told_ = 0;    // the version whose problems were told
    std::map<std::string, std::vector<ConfigProblem>> told_problems_; // by file
    std::set<std::string> told_editor_problems_;
    Clock::time_point last_files_check_;
    bool configuration_pull_running_ = false;
    bool configuration_pull_again_ = false;
    bool shut_down_ = false;
    bool exited_ = false;
    protocol::TraceValue trace_ = protocol::TraceValue::Off;
    bool tracing_ = false; // inside trace_message
    std::shared_ptr<bool> alive_ =
        std::make_shared<bool>(true); // for what comes back from elsewhere
    std::unique_ptr<protocol::Connection> connection_;
};

} // namespace awaitls::server
