// The session's documents: their texts, their analyses, what is published about them, and the
// configuration that holds for them.

#include "protocol/json_reader.h"
#include "server/files/file.h"
#include "server/lsp/open_document.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace awaitls::server {

namespace method = protocol::method;

namespace {

double milliseconds(Clock::duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

std::string megabytes(std::uint64_t bytes) {
    const std::uint64_t tenths = (bytes + 50'000) / 100'000;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MB";
}

/// How often edits alone make us look at the configuration files, where nobody watches them for us.
constexpr std::chrono::seconds kCheckInterval{1};

/// Indexing that takes longer is shown as progress.
constexpr std::chrono::milliseconds kSlowIndexing{500};
/// Modules that no document needs are kept for so long: one that is opened next may import the same.
constexpr std::chrono::milliseconds kRestTime{2000};

/// A configuration file that is larger is shown with its problems on the first line.
constexpr std::uint64_t kMaxShownFile = 1'000'000;

} // namespace

// ---- Text synchronisation ----

Session::OpenDocument* Session::find(std::string_view uri) {
    const std::string key = protocol::uri_key(uri);
    auto found = documents_.find(key);
    if (const auto cell = notebooks_of_cells_.find(key);
        found == documents_.end() && cell != notebooks_of_cells_.end()) {
        found = documents_.find(cell->second);
    }
    return found == documents_.end() ? nullptr : found->second.get();
}

Session::OpenDocument* Session::find_text(std::string_view uri) {
    const auto found = documents_.find(protocol::uri_key(uri));
    return found == documents_.end() || found->second->document.is_notebook() ? nullptr
                                                                              : found->second.get();
}

void Session::did_open(protocol::DidOpenTextDocumentParams params, bool repaired) {
    protocol::TextDocumentItem& item = params.text_document;
    protocol::Uri uri = protocol::parse_uri(item.uri);
    const std::string key = uri.key;
    if (is_configuration_file(uri.path)) {
        check_configuration_files();
    }
    other_documents_.erase(key);
    if (notebooks_of_cells_.contains(key)) {
        log_.warning("ignored the opening of a cell of a notebook that is open: " + item.uri);
        return;
    }
    const auto open = documents_.find(key);
    const bool is_notebook = open != documents_.end() && open->second->document.is_notebook();
    if (is_notebook || item.language_id != "python") {
        other_documents_.emplace(key, item.uri);
    }
    if (is_notebook) {
        return; // its file as a text
    }
    if (open != documents_.end()) {
        log_.warning("opened again without being closed: " + item.uri);
        refuse_waiters(*open->second, "the document was opened again");
        documents_.erase(open);
    }
    if (item.language_id != "python") {
        return;
    }
    OpenDocument& document =
        add_document(Document(std::move(uri), item.version, std::move(item.text), style_.encoding));
    if (repaired) {
        log_.warning("the text of " + document.document.display_name() +
                     " holds characters that are no Unicode text; they were replaced");
    }
    check_configuration_files();
}

Session::OpenDocument& Session::add_document(Document document) {
    const std::uint64_t opening = ++openings_;
    // The callbacks come only while the document is open, and by then it has its place in the map.
    const auto self = [this, key = document.uri().key, opening]() -> OpenDocument* {
        const auto found = documents_.find(key);
        return found != documents_.end() && found->second->opening == opening ? found->second.get()
                                                                              : nullptr;
    };
    std::unique_ptr<OpenDocument> open = std::make_unique<OpenDocument>(
        std::move(document), opening, style_, analyser_context_, loop_,
        [this, self] {
            if (OpenDocument* const found = self()) {
                ready(*found);
            }
        },
        [this, self](bool is_slow) {
            if (OpenDocument* const found = self()) {
                slow(*found, is_slow);
            }
        });
    bool asked_early = false;
    for (const Part& part : open->document.map()->parts()) {
        open->edited_parts.insert(part.uri->key);
        asked_early = asked_early_.erase(part.uri->key) > 0 || asked_early;
    }
    if (asked_early) {
        refresh_pulled();
    }
    open->place.notebook = open->document.is_notebook();
    open->due_now = true;
    return *(documents_[open->document.uri().key] = std::move(open));
}

void Session::did_change(const protocol::DidChangeTextDocumentParams& params, bool repaired) {
    OpenDocument* const open = find_text(params.text_document.uri);
    if (open == nullptr) {
        const std::string key = protocol::uri_key(params.text_document.uri);
        if (notebooks_of_cells_.contains(key)) {
            log_.warning("ignored a change of a cell that did not come with its notebook: " +
                         params.text_document.uri);
        } else if (other_documents_.count(key) == 0) {
            log_.warning("ignored a change of a document that is not open: " +
                         params.text_document.uri);
        }
        return;
    }
    Document& document = open->document;
    if (params.text_document.version <= document.version()) {
        log_.debug(document.display_name() + ": version " +
                   std::to_string(params.text_document.version) + " follows version " +
                   std::to_string(document.version()));
    }
    if (repaired) {
        log_.warning(
            "a change of " + document.display_name() +
            " holds characters that are no Unicode text; they were replaced until the next save");
    }
    const bool was_in_sync = document.in_sync();
    if (document.apply(params.text_document.version, params.content_changes) ==
            ChangeOutcome::OutOfText &&
        was_in_sync) {
        lost_sync(*open, "a change lies outside of the text");
    }
    edited(*open, {document.uri().key});
}

void Session::edited(OpenDocument& open, std::set<std::string> parts) {
    open.edited = Clock::now();
    open.edited_parts.merge(parts);
    if (!style_.capabilities.watched_files_dynamic_registration &&
        *open.edited - last_files_check_ >= kCheckInterval) {
        check_configuration_files();
    }
}

void Session::did_save(const protocol::DidSaveTextDocumentParams& params) {
    check_configuration_files();
    OpenDocument* const open = find_text(params.text_document.uri);
    if (open == nullptr) {
        return;
    }
    if (params.text) {
        const bool was_in_sync = open->document.in_sync();
        if (open->document.replace(*params.text)) {
            open->edited_parts.insert(open->document.uri().key);
            log_.warning(was_in_sync ? open->document.display_name() +
                                           " was saved with another text than its changes gave; "
                                           "the saved text holds"
                                     : open->document.display_name() + " is in step again");
        }
    }
    open->due_now = true;
}

void Session::did_close(const protocol::DidCloseTextDocumentParams& params) {
    const std::string key = protocol::uri_key(params.text_document.uri);
    other_documents_.erase(key);
    OpenDocument* const open = find_text(params.text_document.uri);
    if (open == nullptr) {
        return;
    }
    const std::shared_ptr<const analysis::ModuleFile> module_file = open->module_file;
    remove_document(*open, "the document was closed");
    if (module_file) {
        // The file counts again, and may have been saved.
        std::error_code error;
        files_changed({module_file->path},
                      std::filesystem::is_regular_file(module_file->path, error));
    }
}

void Session::remove_document(OpenDocument& open, const std::string& why) {
    refuse_waiters(open, why);
    slow(open, false);
    if (pushes(open)) {
        for (const Part& part : open.document.map()->parts()) {
            open.told.try_emplace(part.uri->key, OpenDocument::Told{part.uri->text});
        }
        clear_published(open);
    }
    documents_.erase(open.document.uri().key);
}

void Session::bad_notification(const protocol::Message& message, const std::string& why) {
    const bool of_notebook = message.method == method::DidChangeNotebook::kMethod;
    if (!of_notebook && message.method != method::DidChange::kMethod) {
        return;
    }
    // What the change was is lost, so the text is unknown from here on.
    const protocol::Reader uri = message.params()
                                     .soft_field(of_notebook ? "notebookDocument" : "textDocument")
                                     .soft_field("uri");
    if (uri.missing() || !uri.is_string()) {
        return;
    }
    if (OpenDocument* const open =
            of_notebook ? find_notebook(uri.string()) : find_text(uri.string())) {
        open->document.lose_sync();
        open->edited = Clock::now();
        for (const Part& part : open->document.map()->parts()) {
            open->edited_parts.insert(part.uri->key);
        }
        lost_sync(*open, why);
    }
}

void Session::lost_sync(OpenDocument& open, const std::string& why) {
    const std::string name = open.document.display_name();
    log_.warning("lost track of " + name + ": " + why);
    connection_->notify<method::ShowMessage>(
        {protocol::MessageType::Warning,
         "awaitls lost track of the text of " + name +
             (open.document.is_notebook() ? ". Reopen it to go on."
                                          : ". Save or reopen it to go on.")});
}

// ---- Work after a batch ----

void Session::batch_done() {
    if (shut_down_) {
        return;
    }
    if (configure_again_) {
        configure_documents();
    }
    review_workspace_pulls();
    for (const auto& [key, open] : documents_) {
        if (!open->waiters.empty()) {
            review_waiters(*open);
        }
        if (open->edited || open->due_now || open->recheck || open->pulled ||
            !open->waiters.empty()) {
            start_work(*open);
        }
    }
    review_call_requests();
    if (configuration_told_ != configuration_version_) {
        tell_configuration_problems();
    }
}

void Session::review_waiters(OpenDocument& open) {
    const std::uint64_t generation = open.document.generation();
    std::vector<Waiter> kept;
    for (Waiter& waiter : open.waiters) {
        if (waiter.responder.cancelled()) {
            waiter.responder.fail(protocol::ErrorCode::RequestCancelled, "cancelled by the client");
            continue;
        }
        if (waiter.generation != generation) {
            if (waiter.superseded == Superseded::Fail) {
                waiter.responder.fail(protocol::ErrorCode::ContentModified, "the text has changed");
                continue;
            }
            if (++waiter.carried > kMaxCarried) {
                waiter.responder.fail(
                    protocol::ErrorCode::ServerCancelled, "the text keeps changing",
                    protocol::to_json(protocol::DiagnosticServerCancellationData{true}));
                continue;
            }
            waiter.generation = generation;
        }
        kept.push_back(std::move(waiter));
    }
    open.waiters = std::move(kept);
}

void Session::start_work(OpenDocument& open) {
    using Standing = OpenDocument::Standing;
    const std::optional<Clock::time_point> edited = std::exchange(open.edited, std::nullopt);
    const bool due_now = std::exchange(open.due_now, false);
    Document& document = open.document;
    if (!open.configured) {
        open.settings = workspace_.settings_for(document.uri());
        open.configured = true;
        ++configuration_version_; // files may have been read for it
    }
    open.standing = !document.in_sync()      ? Standing::OutOfSync
                    : open.settings.excluded ? Standing::Excluded
                    : document.text()->text().size() > open.settings.max_file_size
                        ? Standing::TooLarge
                        : Standing::Analysed;
    if (open.standing != Standing::Analysed) {
        ready(open);
        return;
    }
    if (open.analysed_generation != document.generation()) {
        open.analysed_generation = document.generation();
        open.analyser.set_input(
            {document.text(), open.settings.settings, document.display_name(), place_of(open)});
    }
    // A document that nobody pulls (one that is not shown) changes what others are told all the same.
    if (due_now) {
        open.analyser.schedule_now();
    } else if (edited) {
        open.analyser.schedule_edit(*edited);
    }
    if (!open.waiters.empty() || open.recheck || open.pulled) {
        if (open.analyser.ready()) {
            ready(open);
        } else {
            open.analyser.want();
        }
    }
    open.analyser.run_due();
}

// ---- Modules ----

const analysis::ModulePlace& Session::place_of(OpenDocument& open) {
    const std::optional<std::string> path = open.document.uri().file_path();
    if (!path) {
        return open.place;
    }
    if (!open.settings.environment.empty()) {
        add_environment(open.settings.environment_base, open.settings.environment);
    }
    // Its own changes change nothing for itself.
    const std::uint64_t version = module_changes_ - open.module_changes;
    if (!open.place.modules || open.place_version != version) {
        index_project(disk_modules_->project_of(*path));
        DiskModules::Name name = disk_modules_->name_of(*path);
        open.place.modules =
            std::make_shared<const OverlayModules>(disk_modules_, open_modules(&open));
        open.place.path = *path;
        open.place.name = std::move(name.dotted);
        open.place.package = name.package;
        open.place_version = version;
    }
    return open.place;
}

OverlayModules::OpenModules Session::open_modules(const OpenDocument* except) const {
    OverlayModules::OpenModules modules;
    for (const auto& [key, open] : documents_) {
        if (open.get() != except && open->module_file) {
            modules.emplace(open->module_file->path, open->module_file);
        }
    }
    return modules;
}

void Session::add_environment(const std::string& folder, const std::string& environment) {
    Libraries libraries = disk_modules_->libraries();
    if (libraries.add(folder, environment)) {
        disk_modules_ = disk_modules_->with(std::move(libraries));
        ++module_changes_;
        ++structure_changes_;
    }
}

void Session::share_module(OpenDocument& open, const AnalysisPtr& analysis) {
    if (!analysis || analysis->place().path.empty() || analysis->place().notebook ||
        (open.module_file && open.module_file->module == analysis->module())) {
        return;
    }
    auto file = std::make_shared<analysis::ModuleFile>();
    file->path = analysis->place().path;
    file->name = analysis->place().name;
    file->package = analysis->place().package;
    file->module = analysis->module();
    // Those who asked before the document was open know what was read from the disk.
    const std::shared_ptr<const analysis::ModuleFile> before =
        open.module_file ? open.module_file : disk_modules_->known(file->path);
    bool changed = !before || before->module->text() != analysis->text();
    if (!before) {
        // Nobody holds it: what counts is whether it is as the disk has it.
        const FileBytes on_disk = read_file(file->path, open.settings.max_file_size);
        if (!on_disk.error.empty()) {
            ++structure_changes_;
        } else {
            changed = analysis::decode_source(on_disk.bytes).text != analysis->text();
        }
    }
    const bool searched =
        changed && std::any_of(documents_.begin(), documents_.end(), [&](const auto& entry) {
            const AnalysisPtr& other = entry.second->analyser.latest();
            return entry.second.get() != &open && other && other->searches_project();
        });
    if (searched) {
        file->digest =
            std::make_shared<const analysis::FileDigest>(analysis::digest_of(analysis->text()));
    }
    const bool other_words =
        searched && (!before || !before->digest || *before->digest != *file->digest);
    open.module_file = std::move(file);
    ++module_changes_;
    ++open.module_changes;
    if (changed) {
        text_changes_[open.module_file->path] = module_changes_;
        recheck_users(open.module_file->path, &open, other_words);
    }
}

void Session::files_changed(const std::vector<std::string>& paths, bool only_texts) {
    disk_modules_ = disk_modules_->changed(paths);
    for (const auto& [project, indexing] : indexing_) {
        if (!indexing->done) {
            indexing->changed.insert(indexing->changed.end(), paths.begin(), paths.end());
        }
    }
    ++module_changes_;
    if (!only_texts) {
        ++structure_changes_;
    }
    for (const std::string& path : paths) {
        text_changes_[path] = module_changes_;
        recheck_users(path, nullptr, true);
    }
}

void Session::recheck_users(std::string_view path, const OpenDocument* except, bool other_words) {
    recheck([&](const OpenDocument& open) {
        const AnalysisPtr& latest = open.analyser.latest();
        // What runs sees the modules as they were before, and what it asks of them is not known yet.
        return &open != except &&
               (open.analyser.running() ||
                (latest && (latest->may_use(path) || (other_words && latest->searches_project()))));
    });
}

void Session::recheck_all() {
    recheck([](const OpenDocument&) { return true; });
}

void Session::recheck(const std::function<bool(const OpenDocument&)>& concerns) {
    bool any = false;
    for (const auto& [key, open] : documents_) {
        if (!concerns(*open)) {
            continue;
        }
        open->document.touch();
        open->due_now = true;
        open->recheck = !pushes(*open);
        any = true;
    }
    if (any) {
        loop_.post([this, alive = std::weak_ptr<bool>(alive_)] {
            if (!alive.expired()) {
                batch_done();
            }
        });
    }
}

void Session::ready(OpenDocument& open) {
    const bool analysed = open.standing == OpenDocument::Standing::Analysed;
    const AnalysisPtr analysis = analysed ? open.analyser.result() : nullptr;
    std::vector<Waiter> waiters = std::move(open.waiters);
    open.waiters.clear();
    for (Waiter& waiter : waiters) {
        const Clock::time_point begin = Clock::now();
        const std::string id = log_.enabled(LogLevel::Debug) ? waiter.responder.id().text() : "";
        const std::string name = id.empty() ? "" : waiter.responder.method();
        if (waiter.responder.cancelled()) {
            waiter.responder.fail(protocol::ErrorCode::RequestCancelled, "cancelled by the client");
        } else {
            waiter.answer(open, analysis, std::move(waiter.responder));
        }
        if (!id.empty()) {
            log_request(name, id, begin - waiter.received, Clock::now() - begin);
        }
    }
    // A result from before the change that asked for it says nothing.
    const bool current = !analysed || open.analysed_generation == open.document.generation();
    const bool recheck = current && std::exchange(open.recheck, false);
    if (pushes(open)) {
        update_view(open);
        publish(open);
    } else if (recheck) {
        update_view(open);
        refresh_if_stale(open);
    }
    share_module(open, analysis);
    if (std::exchange(open.pulled, false)) {
        report_open(open);
    }
    if (disk_modules_->kept_bytes() > 0) {
        rest_later();
    }
}

void Session::log_request(const std::string& name, const std::string& id, Clock::duration queued,
                          Clock::duration run) {
    char times[64];
    std::snprintf(times, sizeof times, "queue %.2f ms, run %.2f ms", milliseconds(queued),
                  milliseconds(run));
    log_.debug(name + " " + id + ": " + times);
}

void Session::with_analysis(std::string_view uri, protocol::AnyResponder responder,
                            Superseded superseded, Answer answer,
                            const protocol::RawJson& nothing) {
    OpenDocument* const open = find(uri);
    if (open == nullptr) {
        responder.reply_raw(nothing);
        return;
    }
    open->waiters.push_back({std::move(responder), std::move(answer), superseded,
                             open->document.generation(), 0, Clock::now()});
}

void Session::refuse_waiters(OpenDocument& open, const std::string& why) {
    for (Waiter& waiter : open.waiters) {
        if (waiter.superseded == Superseded::AnswerForNewText) {
            waiter.responder.fail(
                protocol::ErrorCode::ServerCancelled, why,
                protocol::to_json(protocol::DiagnosticServerCancellationData{false}));
        } else {
            waiter.responder.fail(protocol::ErrorCode::ContentModified, why);
        }
    }
    open.waiters.clear();
}

// ---- Delivery ----

void Session::update_view(OpenDocument& open) {
    using Standing = OpenDocument::Standing;
    open.viewed_generation = open.document.generation();
    switch (open.standing) {
    case Standing::Analysed: break;
    case Standing::OutOfSync:
    case Standing::Excluded:
        open.view.clear(open.document.map());
        open.sticky_timer.cancel();
        return;
    case Standing::TooLarge:
        open.view.show_note("Not analysed: the file is larger than " +
                                megabytes(open.settings.max_file_size) +
                                ". The option max-file-size raises the limit.",
                            open.document.map());
        open.sticky_timer.cancel();
        return;
    }
    const AnalysisPtr analysis = open.analyser.result();
    if (!analysis) {
        open.view.show_note(
            "Not analysed until it changes: awaitls failed on this text. Please report it.",
            open.document.map());
        open.sticky_timer.cancel();
        return;
    }
    open.view.show(analysis, open.document.map());
    if (!open.view.has_sticky()) {
        open.sticky_timer.cancel();
        return;
    }
    open.sticky_timer.start(kStickyTime, [this, key = open.document.uri().key] {
        if (const auto found = documents_.find(key); found != documents_.end()) {
            sticky_time_is_over(*found->second);
        }
    });
}

void Session::sticky_time_is_over(OpenDocument& open) {
    // An edit under way brings a view of its own.
    if (open.viewed_generation != open.document.generation()) {
        return;
    }
    open.view.drop_sticky();
    if (pushes(open)) {
        publish(open);
    } else {
        refresh_pulled();
    }
}

bool Session::pushes(const OpenDocument& open) const {
    return !style_.capabilities.pull_diagnostics || (open.document.is_notebook() && !pulls_cells_);
}

void Session::publish(OpenDocument& open) {
    const std::vector<Part>& parts = open.view.map()->parts();
    const auto send = [this](const std::string& key, protocol::DiagnosticsMessage& message) {
        connection_->send_body(message.finish(), key);
    };
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const protocol::Uri& uri = *parts[i].uri;
        const auto known = open.told.find(uri.key);
        if (open.edited_parts.count(uri.key) == 0 && known != open.told.end() &&
            known->second.hash == open.view.hash(i)) {
            continue;
        }
        protocol::DiagnosticsMessage message =
            protocol::DiagnosticsMessage::publish(uri.text, parts[i].version);
        open.view.append_to(message, i);
        send(uri.key, message);
        told(open, i);
    }
    std::erase_if(open.told, [&](const auto& entry) {
        if (open.view.map()->find(entry.first)) {
            return false;
        }
        protocol::DiagnosticsMessage message =
            protocol::DiagnosticsMessage::publish(entry.second.uri, std::nullopt);
        send(entry.first, message);
        return true;
    });
    open.edited_parts.clear();
}

void Session::clear_published(OpenDocument& open) {
    for (const auto& [key, told] : std::exchange(open.told, {})) {
        connection_->send_body(
            protocol::DiagnosticsMessage::publish(told.uri, std::nullopt).finish(), key);
    }
}

void Session::told(OpenDocument& open, std::size_t part) {
    const protocol::Uri& uri = *open.view.map()->parts()[part].uri;
    open.told[uri.key] = {uri.text, open.view.hash(part)};
    open.edited_parts.erase(uri.key);
}

bool Session::is_stale(const OpenDocument& open, std::size_t part) const {
    const std::string& key = open.view.map()->parts()[part].uri->key;
    const auto known = open.told.find(key);
    const std::uint64_t held =
        known == open.told.end() ? DiagnosticsView::hash_of_none() : known->second.hash;
    return held != open.view.hash(part);
}

void Session::refresh_if_stale(OpenDocument& open) {
    bool stale = false;
    for (std::size_t i = 0; i < open.view.map()->parts().size(); ++i) {
        const std::string& key = open.view.map()->parts()[i].uri->key;
        // The client asks by itself for a cell that it has edited.
        const bool asked = open.document.is_notebook() && open.edited_parts.count(key) > 0;
        if (!asked && is_stale(open, i)) {
            stale = true;
            told(open, i);
        }
    }
    if (stale) {
        refresh_pulled();
    }
}

void Session::refresh_pulled() {
    if (style_.capabilities.pull_diagnostics && style_.capabilities.diagnostics_refresh) {
        connection_->request<method::DiagnosticRefresh>(
            protocol::Null{}, [](const protocol::Outcome<protocol::Null>&) {});
    }
}

std::shared_ptr<Session::Progress> Session::begin_progress(const std::string& message) {
    if (!style_.capabilities.work_done_progress) {
        return nullptr;
    }
    auto progress = std::make_shared<Progress>();
    progress->token = "awaitls-" + std::to_string(++progress_tokens_);
    connection_->request<method::WorkDoneProgressCreate>(
        {progress->token},
        [this, progress, message](const protocol::Outcome<protocol::Null>& outcome) {
            if (!outcome.value || progress->over) {
                return;
            }
            progress->begun = true;
            protocol::WorkDoneProgressBegin begin;
            begin.title = "awaitls";
            begin.message = message;
            connection_->notify<method::Progress>({progress->token, protocol::to_json(begin)});
        });
    return progress;
}

void Session::end_progress(std::shared_ptr<Progress>& progress) {
    if (!progress) {
        return;
    }
    progress->over = true;
    if (progress->begun) {
        connection_->notify<method::Progress>(
            {progress->token, protocol::to_json(protocol::WorkDoneProgressEnd{})});
    }
    progress.reset();
}

void Session::slow(OpenDocument& open, bool is_slow) {
    if (!is_slow) {
        end_progress(open.progress);
    } else if (!open.progress) {
        open.progress = begin_progress("Analysing " + open.document.display_name());
    }
}

// ---- The index ----

void Session::index_project(const std::string& project) {
    if (!disk_modules_->is_project(project)) {
        return;
    }
    const auto [known, is_new] = indexing_.try_emplace(project);
    if (!is_new) {
        return;
    }
    known->second = std::make_unique<Indexing>(loop_);
    Indexing& indexing = *known->second;
    indexing.begin = Clock::now();
    indexing.slow.start(kSlowIndexing, [this, &indexing, project] {
        indexing.progress = begin_progress("Indexing " + project);
    });
    pool_.submit(Lane::Background, [this, project, modules = disk_modules_, &pool = pool_,
                                    &loop = loop_, alive = std::weak_ptr<bool>(alive_)] {
        std::shared_ptr<const ProjectIndex> index;
        std::string problem;
        try {
            index = modules->make_index(
                project, [&alive] { return alive.expired(); },
                [&pool](std::size_t count, const std::function<void(std::size_t)>& work) {
                    pool.for_each(count, work);
                });
        } catch (const DiskModules::Stopped&) {
            // The session has ended, or the folder holds too much.
        } catch (const std::exception& error) {
            problem = error.what();
        }
        loop.post([this, project, index, problem, alive] {
            if (!alive.expired()) {
                indexed(project, index, problem);
            }
        });
    });
}

void Session::indexed(const std::string& project, std::shared_ptr<const ProjectIndex> index,
                      const std::string& problem) {
    Indexing& indexing = *indexing_.at(project);
    indexing.slow.cancel();
    end_progress(indexing.progress);
    if (!problem.empty()) {
        log_.anomaly("index", project + ": " + problem);
    } else if (!index) {
        log_.warning(project + " has too many Python files: what other files of the project do "
                               "with what they import from one is not looked at");
    } else {
        char time[32];
        std::snprintf(time, sizeof time, "%.0f ms", milliseconds(Clock::now() - indexing.begin));
        log_.info("indexed " + project + " in " + time);
    }
    indexing.done = true;
    disk_modules_ = disk_modules_->with(project, std::move(index));
    if (!indexing.changed.empty()) {
        disk_modules_ = disk_modules_->changed(std::exchange(indexing.changed, {}));
    }
    ++module_changes_;
    recheck_all();
    review_workspace_pulls();
    review_call_requests();
    rest_later();
}

void Session::rest_later() {
    if (rest_.running()) {
        return;
    }
    rest_.start(kRestTime, [this] {
        const bool busy = !workspace_pulls_.empty() || !call_requests_.empty() ||
                          std::any_of(indexing_.begin(), indexing_.end(),
                                      [](const auto& entry) { return !entry.second->done; });
        if (busy) {
            rest_later();
            return;
        }
        disk_modules_->forget();
        pool_.release_memory();
    });
}

// ---- Configuration ----

void Session::check_configuration_files() {
    last_files_check_ = Clock::now();
    std::vector<const protocol::Uri*> uris;
    for (const auto& [key, open] : documents_) {
        uris.push_back(&open->document.uri());
    }
    if (workspace_.files_changed(uris)) {
        configure_again_ = true;
    }
}

void Session::configure_documents() {
    configure_again_ = false;
    ++configuration_version_;
    bool changed = false;
    for (const auto& [key, open] : documents_) {
        if (!open->configured) {
            continue; // start_work does it
        }
        FileSettings settings = workspace_.settings_for(open->document.uri());
        const bool same =
            settings.settings->fingerprint() == open->settings.settings->fingerprint() &&
            settings.excluded == open->settings.excluded &&
            settings.max_file_size == open->settings.max_file_size;
        open->settings = std::move(settings);
        if (!same) {
            open->document.touch();
            open->due_now = true;
            changed = true;
        }
    }
    // Nothing is kept of closed files that would tell whether other settings change their reports.
    const bool whole = !workspace_.whole_folders().empty();
    const bool was_whole = std::exchange(whole_folders_, whole);
    if (changed || whole || was_whole) {
        refresh_pulled();
    }
}

void Session::tell_configuration_problems() {
    configuration_told_ = configuration_version_;
    for (const FileProblems& file : workspace_.problems()) {
        std::vector<ConfigProblem>& told = told_problems_[file.file];
        if (told == file.problems) {
            continue;
        }
        told = file.problems;
        send_configuration_problems(file.file, told);
        if (!told.empty()) {
            const ConfigProblem& first = told.front();
            connection_->notify<method::ShowMessage>(
                {protocol::MessageType::Warning,
                 file.file + (first.line > 0 ? ":" + std::to_string(first.line) : "") + ": " +
                     first.message +
                     (told.size() > 1 ? " (and " + std::to_string(told.size() - 1) + " more)"
                                      : "")});
        }
    }
    const std::vector<FileProblems> now = workspace_.problems();
    std::erase_if(told_problems_, [&](const auto& entry) {
        const bool gone = std::none_of(now.begin(), now.end(), [&](const FileProblems& file) {
            return file.file == entry.first;
        });
        if (gone && !entry.second.empty()) {
            send_configuration_problems(entry.first, {});
        }
        return gone;
    });
}

void Session::send_configuration_problems(const std::string& file,
                                          const std::vector<ConfigProblem>& problems) {
    protocol::PublishDiagnosticsParams params;
    params.uri = protocol::file_uri(file);
    if (const auto open = other_documents_.find(protocol::uri_key(params.uri));
        open != other_documents_.end()) {
        params.uri = open->second;
    }
    const FileBytes bytes = problems.empty() ? FileBytes{} : read_file(file, kMaxShownFile);
    const analysis::LineIndex lines(bytes.bytes);
    // Problems count columns in characters.
    const TextMap characters(bytes.bytes, lines, protocol::PositionEncoding::Utf32);
    const TextMap map(bytes.bytes, lines, style_.encoding);
    for (const ConfigProblem& problem : problems) {
        protocol::Diagnostic diagnostic;
        const std::uint32_t line = problem.line > 0 ? problem.line - 1 : 0;
        const std::uint32_t column = problem.column > 0 ? problem.column - 1 : 0;
        diagnostic.range = map.range(
            {characters.offset({line, column}), characters.offset({line, protocol::kMaxUinteger})});
        diagnostic.severity = protocol::DiagnosticSeverity::Warning;
        diagnostic.source = std::string(kSource);
        diagnostic.message = problem.message;
        params.diagnostics.push_back(std::move(diagnostic));
    }
    connection_->notify<method::PublishDiagnostics>(params);
}

void Session::pull_configuration() {
    if (!style_.capabilities.configuration) {
        return;
    }
    if (configuration_pull_running_) {
        configuration_pull_again_ = true;
        return;
    }
    configuration_pull_running_ = true;
    protocol::ConfigurationParams params;
    std::vector<std::string> uris;
    for (const Workspace::Folder& folder : workspace_.folders()) {
        uris.push_back(folder.uri);
        params.items.push_back({folder.uri, std::string(kConfigurationSection)});
    }
    params.items.push_back({std::nullopt, std::string(kConfigurationSection)});
    connection_->request<method::Configuration>(
        params, [this, uris](const protocol::Outcome<std::vector<protocol::RawJson>>& outcome) {
            configuration_pull_running_ = false;
            if (std::exchange(configuration_pull_again_, false)) {
                pull_configuration();
                return;
            }
            if (!outcome.value) {
                log_.warning("the client did not tell its configuration: " + outcome.error.message);
                return;
            }
            take_configuration(uris, *outcome.value);
        });
}

void Session::take_configuration(const std::vector<std::string>& uris,
                                 const std::vector<protocol::RawJson>& sections) {
    const std::vector<Workspace::Folder> folders = workspace_.folders();
    for (std::size_t i = 0; i < sections.size() && i <= uris.size(); ++i) {
        std::optional<std::size_t> folder;
        if (i < uris.size()) {
            // Folders may have changed since the question.
            const auto found =
                std::find_if(folders.begin(), folders.end(),
                             [&](const Workspace::Folder& known) { return known.uri == uris[i]; });
            if (found == folders.end()) {
                continue;
            }
            folder = static_cast<std::size_t>(found - folders.begin());
        }
        take_editor_options(workspace_.set_editor_settings(folder, sections[i]));
    }
    configure_again_ = true;
}

void Session::take_editor_options(const EditorOptions& options) {
    if (options.log_level && !options_.fixed_log_level) {
        log_.set_level(*options.log_level);
    }
    for (const std::string& problem : options.problems) {
        if (told_editor_problems_.insert(problem).second) {
            connection_->notify<method::ShowMessage>(
                {protocol::MessageType::Warning, "awaitls settings of the editor: " + problem});
        }
    }
}

void Session::did_change_configuration(const protocol::DidChangeConfigurationParams& params) {
    told_editor_problems_.clear();
    if (style_.capabilities.configuration) {
        pull_configuration();
    } else if (params.settings.present() && params.settings.text != "null") {
        take_editor_options(workspace_.set_editor_settings_for_all(params.settings));
        configure_again_ = true;
    }
}

void Session::did_change_watched_files(const protocol::DidChangeWatchedFilesParams& params) {
    bool configuration = false;
    bool only_texts = true;
    std::vector<std::string> modules;
    for (const protocol::FileEvent& event : params.changes) {
        const protocol::Uri uri = protocol::parse_uri(event.uri);
        configuration = configuration || is_configuration_file(uri.path);
        if (const std::optional<std::string> path = uri.file_path();
            path && !is_configuration_file(*path)) {
            modules.push_back(*path);
            only_texts = only_texts && event.type == protocol::FileChangeType::Changed &&
                         (path->ends_with(".py") || path->ends_with(".pyi"));
        }
    }
    if (!modules.empty()) {
        files_changed(modules, only_texts);
        if (whole_folders_ && !configuration) {
            refresh_pulled();
        }
    }
    if (configuration) {
        workspace_.forget_files();
        check_configuration_files();
        configure_again_ = true;
    }
}

void Session::take_folders() {
    std::vector<std::string> folders;
    for (const Workspace::Folder& folder : workspace_.folders()) {
        if (folder.path) {
            folders.push_back(*folder.path);
        }
    }
    if (folders == disk_modules_->workspace()) {
        return;
    }
    disk_modules_ = disk_modules_->with(std::move(folders));
    ++module_changes_;
    ++structure_changes_;
    recheck_all();
}

void Session::did_change_workspace_folders(
    const protocol::DidChangeWorkspaceFoldersParams& params) {
    workspace_.change_folders(params.event);
    take_folders();
    configure_again_ = true;
    pull_configuration();
}

} // namespace awaitls::server
