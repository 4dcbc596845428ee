// The session's requests about calls: callers and callees of functions, over all files of a project.

#include "server/lsp/call_request.h"
#include "server/lsp/open_document.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace awaitls::server {

namespace {

using protocol::AnyResponder;
using protocol::ErrorCode;
using protocol::RawJson;

const RawJson kNull{"null"};

} // namespace

void Session::prepare_call_hierarchy(const protocol::CallHierarchyPrepareParams& params,
                                     AnyResponder responder) {
    const OpenDocument* const open = find(params.text_document.uri);
    const std::optional<std::size_t> part =
        open == nullptr ? std::nullopt
                        : open->document.map()->find(protocol::uri_key(params.text_document.uri));
    if (!part) {
        responder.reply_raw(kNull);
        return;
    }
    CallQuestion question;
    question.kind = CallQuestion::Kind::Prepare;
    question.uri = open->document.map()->parts()[*part].uri->text;
    question.position = params.position;
    auto request = std::make_unique<CallRequest>(std::move(question), std::move(responder));
    request->text = open->document.text();
    call_requests_.emplace(++call_request_count_, std::move(request));
}

void Session::follow_calls(CallQuestion::Kind kind,
                           const protocol::CallHierarchyCallsParams& params,
                           AnyResponder responder) {
    std::optional<CallQuestion> question = read_call_data(params.item);
    if (!question) {
        responder.fail(ErrorCode::InvalidParams,
                       "the item's data is not what awaitls gave it; send back an item of "
                       "textDocument/prepareCallHierarchy or of its calls as it came");
        return;
    }
    question->kind = kind;
    call_requests_.emplace(++call_request_count_, std::make_unique<CallRequest>(
                                                      std::move(*question), std::move(responder)));
}

void Session::review_call_requests() {
    for (auto at = call_requests_.begin(); at != call_requests_.end();) {
        const auto [number, request] = std::pair(at->first, at->second.get());
        ++at; // the request may end
        review_call_request(number, *request);
    }
}

void Session::refuse_call_requests(const std::string& why) {
    for (const auto& [number, request] : call_requests_) {
        request->responder.fail(ErrorCode::ContentModified, why);
    }
    call_requests_.clear();
}

void Session::review_call_request(std::uint64_t number, CallRequest& request) {
    if (request.responder.cancelled()) {
        request.responder.fail(ErrorCode::RequestCancelled, "cancelled by the client");
        call_requests_.erase(number);
        return;
    }
    OpenDocument* const open = find(request.question.uri);
    if (request.text && (open == nullptr || open->document.text() != request.text)) {
        request.responder.fail(ErrorCode::ContentModified, "the text has changed");
        call_requests_.erase(number);
        return;
    }
    if (request.run) {
        if (is_present(request.run->world)) {
            return;
        }
        request.run->end();
        request.run.reset();
        if (++request.carried > kMaxCarried) {
            request.responder.fail(ErrorCode::ContentModified, "the workspace keeps changing");
            call_requests_.erase(number);
            return;
        }
    }
    const protocol::Uri uri =
        open != nullptr ? open->document.uri() : protocol::parse_uri(request.question.uri);
    if (open != nullptr ? open->standing != OpenDocument::Standing::Analysed : !uri.is_file()) {
        request.responder.reply_raw(kNull);
        call_requests_.erase(number);
        return;
    }
    // What calls mean depends on all files of the project, and anyone's project may call a library.
    if (const std::optional<std::string> path = uri.file_path(); path && uri.is_file()) {
        index_project(disk_modules_->project_of(*path));
    }
    const bool indexed = std::all_of(indexing_.begin(), indexing_.end(),
                                     [](const auto& indexing) { return indexing.second->done; });
    if (indexed) {
        start_call_request(number, request);
    }
}

void Session::start_call_request(std::uint64_t number, CallRequest& request) {
    const OpenDocument* const open = find(request.question.uri);
    // The settings of the asked document hold for the whole answer.
    FileSettings settings =
        open != nullptr ? open->settings
                        : workspace_.settings_for(protocol::parse_uri(request.question.uri));
    if (!settings.environment.empty()) {
        add_environment(settings.environment_base, settings.environment);
    }
    auto run = std::make_shared<CallRun>(request.responder.cancel_flag());
    run->world = call_world();
    run->world.settings = std::move(settings.settings);
    request.run = run;
    // A search of the project leaves a thread to what people type meanwhile.
    const bool searches = request.question.kind == CallQuestion::Kind::Incoming;
    pool_.submit(searches ? Lane::Report : Lane::Interactive,
                 [this, number, run, question = request.question, &loop = loop_,
                  alive = std::weak_ptr<bool>(alive_)] {
                     std::optional<CallAnswer> answer;
                     std::string problem;
                     try {
                         answer = answer_about_calls(question, run->world, *run);
                     } catch (const std::exception& error) {
                         problem = error.what();
                     }
                     loop.post([this, number, run, answer = std::move(answer),
                                problem = std::move(problem), alive] {
                         if (alive.expired()) {
                             return;
                         }
                         const auto found = call_requests_.find(number);
                         if (found != call_requests_.end() && found->second->run == run) {
                             call_request_done(number, answer, problem);
                         }
                     });
                 });
}

void Session::call_request_done(std::uint64_t number, const std::optional<CallAnswer>& answer,
                                const std::string& problem) {
    CallRequest& request = *call_requests_.at(number);
    if (!is_present(request.run->world) || request.responder.cancelled()) {
        review_call_request(number, request);
        return;
    }
    if (!problem.empty() || !answer) {
        const std::string why = problem.empty() ? "no answer" : problem;
        log_.anomaly("call hierarchy", "the call hierarchy failed: " + why);
        request.responder.fail(ErrorCode::InternalError, why);
    } else {
        tell_file_problems(answer->problems);
        request.responder.reply_raw(answer->result);
    }
    call_requests_.erase(number);
    if (disk_modules_->kept_bytes() > 0) {
        rest_later();
    }
}

CallWorld Session::call_world() const {
    CallWorld world;
    world.disk = disk_modules_;
    world.encoding = style_.encoding;
    for (const auto& [key, open] : documents_) {
        if (open->standing != OpenDocument::Standing::Analysed) {
            continue;
        }
        const protocol::Uri& uri = open->document.uri();
        world.open.push_back({uri.text, uri.is_file() ? uri.file_path().value_or("") : "",
                              open->document.is_notebook(), open->document.text(),
                              open->document.map(), open->module_file});
    }
    for (const auto& [project, indexing] : indexing_) {
        world.projects.push_back(project);
    }
    return world;
}

bool Session::is_present(const CallWorld& world) const {
    if (world.disk != disk_modules_) {
        return false;
    }
    const CallWorld now = call_world();
    return std::equal(now.open.begin(), now.open.end(), world.open.begin(), world.open.end(),
                      [](const CallWorld::Open& a, const CallWorld::Open& b) {
                          return a.uri == b.uri && a.map == b.map;
                      });
}

} // namespace awaitls::server
