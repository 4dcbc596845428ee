// workspace/diagnostic: the diagnostics of the open documents, and of the other files of folders whose
// mode asks for them.

#include "server/lsp/open_document.h"
#include "server/lsp/workspace_pull.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

namespace awaitls::server {

namespace method = protocol::method;

namespace {

using protocol::RawJson;

/// Files that one worker analyses before it makes room for others; their reports are sent together.
constexpr std::size_t kPortion = 50;
/// Source of modules that a pull keeps, as one file after the other imports the same.
constexpr std::size_t kMaxKeptBytes = 32'000'000;

} // namespace

void Session::pull_workspace(const protocol::WorkspaceDiagnosticParams& params,
                             protocol::AnyResponder responder) {
    auto pull = std::make_unique<WorkspacePull>(std::move(responder), style_);
    pull->work_done = params.work_done_token;
    pull->partial = params.partial_result_token;
    for (const protocol::PreviousResultId& previous : params.previous_result_ids) {
        pull->shared->previous.emplace(protocol::uri_key(previous.uri), previous);
    }
    for (const auto& [key, open] : documents_) {
        pull->waiting.insert(key);
    }
    if (pull->work_done) {
        protocol::WorkDoneProgressBegin begin;
        begin.title = "awaitls";
        begin.message = "Analysing the workspace";
        begin.percentage = 0;
        connection_->notify<method::Progress>({*pull->work_done, protocol::to_json(begin)});
    }
    workspace_pulls_.emplace(++workspace_pull_count_, std::move(pull));
}

void Session::review_workspace_pulls() {
    for (auto at = workspace_pulls_.begin(); at != workspace_pulls_.end();) {
        const auto [number, pull] = std::pair(at->first, at->second.get());
        ++at; // the pull may end
        if (pull->responder.cancelled()) {
            fail_pull(number, protocol::ErrorCode::RequestCancelled, "cancelled by the client");
            continue;
        }
        if (pull->phase == WorkspacePull::Phase::Indexing) {
            analyse_when_indexed(number, *pull);
            continue;
        }
        if (pull->phase != WorkspacePull::Phase::OpenDocuments) {
            continue;
        }
        std::erase_if(pull->waiting, [&](const std::string& key) {
            const auto open = documents_.find(key);
            if (open != documents_.end()) {
                open->second->pulled = true;
            }
            return open == documents_.end();
        });
        if (pull->waiting.empty()) {
            open_documents_reported(number, *pull);
        }
    }
}

void Session::refuse_workspace_pulls(const std::string& why) {
    while (!workspace_pulls_.empty()) {
        fail_pull(workspace_pulls_.begin()->first, protocol::ErrorCode::ServerCancelled, why,
                  protocol::to_json(protocol::DiagnosticServerCancellationData{false}));
    }
}

void Session::report_open(OpenDocument& open) {
    if (open.document.is_notebook()) {
        cells_are_pulled();
    }
    update_view(open);
    for (auto at = workspace_pulls_.begin(); at != workspace_pulls_.end();) {
        const auto [number, pull] = std::pair(at->first, at->second.get());
        ++at; // the pull may end
        if (pull->waiting.erase(open.document.uri().key) == 0) {
            continue;
        }
        const std::vector<Part>& parts = open.view.map()->parts();
        for (std::size_t i = 0; i < parts.size(); ++i) {
            const protocol::Uri& uri = *parts[i].uri;
            const std::string id = open.result_id(i);
            told(open, i);
            pull->reported.insert(uri.key);
            const auto previous = pull->shared->previous.find(uri.key);
            if (previous != pull->shared->previous.end() && previous->second.value == id) {
                pull->reports.push_back(
                    protocol::workspace_unchanged_report(uri.text, parts[i].version, id));
                continue;
            }
            protocol::DiagnosticsMessage report =
                protocol::DiagnosticsMessage::workspace_full_report(uri.text, parts[i].version, id);
            open.view.append_to(report, i);
            pull->reports.push_back(RawJson{report.finish()});
        }
        if (pull->waiting.empty()) {
            open_documents_reported(number, *pull);
        }
    }
}

template <class Work, class Then>
void Session::work_for_pull(std::uint64_t number, Work work, Then then) {
    pool_.submit(Lane::Background, [this, number, work = std::move(work), then = std::move(then),
                                    &loop = loop_, alive = std::weak_ptr<bool>(alive_)]() mutable {
        std::shared_ptr<decltype(work())> result;
        std::string problem;
        try {
            result = std::make_shared<decltype(work())>(work());
        } catch (const std::exception& error) {
            problem = error.what();
        }
        loop.post([this, number, result = std::move(result), problem = std::move(problem),
                   then = std::move(then), alive = std::move(alive)] {
            if (alive.expired()) {
                return;
            }
            const auto pull = workspace_pulls_.find(number);
            if (pull == workspace_pulls_.end()) {
                return; // cancelled
            }
            if (!result) {
                log_.anomaly("workspace diagnostics", "workspace diagnostics failed: " + problem);
                fail_pull(number, protocol::ErrorCode::InternalError, problem);
                return;
            }
            then(*pull->second, *result);
        });
    });
}

void Session::open_documents_reported(std::uint64_t number, WorkspacePull& pull) {
    pull.phase = WorkspacePull::Phase::Searching;
    pull.state = workspace_state();
    send_reports(pull);
    if (workspace_.whole_folders().empty()) {
        finish_pull(number);
        return;
    }
    // Clients ask again and again. While no file and no document has changed, what was found the last
    // time holds.
    if (!keeps_closed_results(pull) || !changed_texts().empty()) {
        search_workspace(number, pull);
        return;
    }
    std::set<std::string> open;
    for (const auto& [key, document] : documents_) {
        open.insert(key);
    }
    for (const auto& [key, uri] : other_documents_) {
        open.insert(key);
    }
    work_for_pull(
        number,
        [results = closed_results_, open = std::move(open), shared = pull.shared] {
            return repeat_reports(*results, open, shared->previous);
        },
        [this, number](WorkspacePull& now, std::optional<ClosedReports>& repeated) {
            if (!repeated) {
                search_workspace(number, now);
                return;
            }
            log_.debug("workspace/diagnostic: repeated " +
                       std::to_string(repeated->results.size()) + " files that are not open");
            take_reports(now, *repeated);
            finish_pull(number);
        });
}

void Session::search_workspace(std::uint64_t number, const WorkspacePull& pull) {
    work_for_pull(
        number,
        [folders = workspace_.whole_folders(), disk = disk_modules_, shared = pull.shared] {
            return find_files(folders, *disk, *shared);
        },
        [this, number](WorkspacePull& now, FoundFiles& found) {
            tell_file_problems(found.problems);
            for (const auto& [folder, environment] : found.environments) {
                add_environment(folder, environment);
            }
            now.projects = std::move(found.projects);
            now.found = std::move(found.files);
            now.phase = WorkspacePull::Phase::Indexing;
            for (const std::string& project : now.projects) {
                index_project(project);
            }
            analyse_when_indexed(number, now);
        });
}

void Session::analyse_when_indexed(std::uint64_t number, WorkspacePull& pull) {
    // What a file means depends on all files of its project. A folder that is no project has no index.
    for (const std::string& project : pull.projects) {
        const auto indexing = indexing_.find(project);
        if (indexing != indexing_.end() && !indexing->second->done) {
            return;
        }
    }
    pull.phase = WorkspacePull::Phase::Analysing;
    pull.disk = disk_modules_;
    pull.modules = std::make_shared<const OverlayModules>(disk_modules_, open_modules(nullptr));
    // An open document was reported, or was opened since, and is then asked for on its own.
    std::erase_if(pull.found, [&](const ClosedFile& file) {
        return documents_.contains(file.key) || other_documents_.contains(file.key) ||
               pull.reported.contains(file.key);
    });
    pull.files = std::make_shared<const std::vector<ClosedFile>>(std::move(pull.found));
    pull.modules_version = module_changes_;
    struct Known {
        std::shared_ptr<KeptResults> kept;
        std::shared_ptr<StoredResults> stored;
    };
    work_for_pull(
        number,
        [results = keeps_closed_results(pull) ? closed_results_ : nullptr,
         changed = changed_texts(), modules = pull.modules, disk = pull.disk,
         open = open_modules(nullptr), cache_folder = options_.cache_folder] {
            Known known;
            known.kept = std::make_shared<KeptResults>(results, changed, *modules);
            if (!results) known.stored = StoredResults::open(cache_folder, disk, open);
            return known;
        },
        [this, number](WorkspacePull& now, Known& known) {
            now.kept = std::move(known.kept);
            now.stored = std::move(known.stored);
            analyse_files(number, now);
        });
}

bool Session::keeps_closed_results(const WorkspacePull& pull) const {
    return closed_results_ && closed_results_state_ == pull.state &&
           pull.state == workspace_state() &&
           style_.capabilities.watched_files_dynamic_registration;
}

std::set<std::string> Session::changed_texts() const {
    std::set<std::string> changed;
    for (const auto& [path, version] : text_changes_) {
        if (version > closed_results_modules_) {
            changed.insert(path);
        }
    }
    return changed;
}

void Session::analyse_files(std::uint64_t number, WorkspacePull& pull) {
    if (pull.disk->kept_bytes() > kMaxKeptBytes) {
        pull.disk->forget();
    }
    // Few portions are queued at a time, so that other reports need not wait for the whole workspace.
    const std::size_t size = pull.files->size();
    while (pull.next < size && pull.running < pool_.background_size()) {
        const std::size_t begin = pull.next;
        const std::size_t end = std::min(begin + kPortion, size);
        pull.next = end;
        ++pull.running;
        work_for_pull(
            number,
            [files = pull.files, begin, end, shared = pull.shared, disk = pull.disk,
             modules = pull.modules, kept = pull.kept, stored = pull.stored, table = pull.table] {
                return analyse_closed(*files, begin, end,
                                      {shared->style, shared->previous, *disk, modules, *shared,
                                       *kept, stored.get(), *table});
            },
            [this, number, portion = end - begin](WorkspacePull& now, ClosedReports& reports) {
                --now.running;
                now.done += portion;
                take_reports(now, reports);
                if (now.work_done) {
                    protocol::WorkDoneProgressReport report;
                    report.percentage =
                        static_cast<std::uint32_t>(now.done * 100 / now.files->size());
                    connection_->notify<method::Progress>(
                        {*now.work_done, protocol::to_json(report)});
                }
                analyse_files(number, now);
            });
    }
    if (pull.running == 0) {
        log_.debug("workspace/diagnostic: analysed " + std::to_string(pull.analysed) + " of " +
                   std::to_string(size) + " files that are not open");
        if (pull.stored && !closed_results_) {
            store_results(std::move(pull.stored));
        }
        closed_results_state_ = pull.state;
        closed_results_modules_ = pull.modules_version;
        // Copies, side by side: the originals lie where the workers had what is free now.
        closed_results_ = std::make_shared<const ClosedResults>(
            ClosedResults{pull.results, pull.kept->dependencies()});
        finish_pull(number);
    }
}

void Session::store_results(std::shared_ptr<StoredResults> results) {
    // All that a result rests on was read since the session began: what has changed since then is not stored.
    pool_.submit(Lane::Background, [results = std::move(results), begin = begin_, this,
                                    &loop = loop_, alive = std::weak_ptr<bool>(alive_)] {
        std::string error = results->save(begin);
        if (error.empty()) {
            return;
        }
        loop.post([this, error = std::move(error), alive] {
            if (!alive.expired()) {
                log_.debug("workspace/diagnostic: results are not kept for the next session: " +
                           error);
            }
        });
    });
}

void Session::take_reports(WorkspacePull& pull, ClosedReports& closed) {
    tell_file_problems(closed.problems);
    pull.reported.insert(closed.keys.begin(), closed.keys.end());
    pull.analysed += closed.analysed;
    std::move(closed.results.begin(), closed.results.end(), std::back_inserter(pull.results));
    std::move(closed.reports.begin(), closed.reports.end(), std::back_inserter(pull.reports));
    send_reports(pull);
}

void Session::send_reports(WorkspacePull& pull) {
    if (pull.partial && !pull.reports.empty()) {
        connection_->notify<method::Progress>(
            {*pull.partial, protocol::workspace_report(std::exchange(pull.reports, {}))});
    }
}

void Session::finish_pull(std::uint64_t number) {
    WorkspacePull& pull = *workspace_pulls_.at(number);
    // What the client still shows for files that are gone, or not looked at any more.
    for (const auto& [key, previous] : pull.shared->previous) {
        const OpenDocument* const open = find(previous.uri);
        const bool shown = open != nullptr && open->document.map()->find(key).has_value();
        if (!pull.reported.contains(key) && !shown) {
            pull.reports.push_back(RawJson{protocol::DiagnosticsMessage::workspace_full_report(
                                               previous.uri, std::nullopt, std::nullopt)
                                               .finish()});
        }
    }
    send_reports(pull);
    end_pull_progress(pull);
    pull.responder.reply_raw(protocol::workspace_report(pull.reports));
    workspace_pulls_.erase(number);
    rest_later();
}

void Session::fail_pull(std::uint64_t number, protocol::ErrorCode code, const std::string& why,
                        RawJson data) {
    WorkspacePull& pull = *workspace_pulls_.at(number);
    end_pull_progress(pull);
    pull.responder.fail(code, why, std::move(data));
    workspace_pulls_.erase(number);
}

void Session::end_pull_progress(const WorkspacePull& pull) {
    if (pull.work_done) {
        connection_->notify<method::Progress>(
            {*pull.work_done, protocol::to_json(protocol::WorkDoneProgressEnd{})});
    }
}

void Session::tell_file_problems(const std::vector<std::string>& problems) {
    for (const std::string& problem : problems) {
        if (told_file_problems_.insert(problem).second) {
            log_.warning(problem);
        }
    }
}

Session::WorkspaceState Session::workspace_state() const {
    return {structure_changes_, configuration_version_};
}

} // namespace awaitls::server
