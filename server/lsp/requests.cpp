// The session's requests about a document, each answered from the analysis of its present text.

#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "server/lsp/code_actions.h"
#include "server/lsp/hover.h"
#include "server/lsp/open_document.h"

#include <utility>

namespace awaitls::server {

namespace method = protocol::method;

namespace {

using protocol::AnyResponder;
using protocol::RawJson;

const RawJson kEmptyList{"[]"};
const RawJson kNull{"null"};

template <class T>
RawJson json_of(const T& value) {
    protocol::JsonWriter writer;
    protocol::write(writer, value);
    return RawJson{writer.take()};
}

/// What resolve needs to find the document again.
RawJson action_data(const std::string& uri) {
    protocol::JsonWriter writer;
    writer.begin_object();
    writer.key("uri");
    writer.string(uri);
    writer.end_object();
    return RawJson{writer.take()};
}

/// The document that an argument names: its URI, or an object with one under "uri".
std::string uri_in(const RawJson& json) {
    const protocol::ParsedJson parsed = protocol::parse_json(json.text);
    if (!parsed.value) {
        return {};
    }
    const protocol::Reader reader(*parsed.value, "arguments");
    const protocol::Reader uri = reader.is_string() ? reader : reader.soft_field("uri");
    return !uri.missing() && uri.is_string() ? uri.string() : std::string();
}

std::string_view fix_all_kind(const Document& document) {
    return document.is_notebook() ? kNotebookFixAllKind : kFixAllKind;
}

protocol::CodeAction fix_all_action(const Document& document) {
    protocol::CodeAction action;
    action.title = std::string(kFixAllTitle);
    action.kind = std::string(fix_all_kind(document));
    action.data = action_data(document.uri().text);
    return action;
}

} // namespace

void Session::pull_diagnostics(const protocol::DocumentDiagnosticParams& params,
                               AnyResponder responder) {
    const std::string key = protocol::uri_key(params.text_document.uri);
    if (notebooks_of_cells_.contains(key)) {
        cells_are_pulled();
    }
    // A client that asks for ever new ones opens none of them.
    constexpr std::size_t kMaxAskedEarly = 1'000;
    if (find(params.text_document.uri) == nullptr && asked_early_.size() < kMaxAskedEarly) {
        asked_early_.insert(key);
    }
    const RawJson nothing = json_of(protocol::DocumentDiagnosticReport{});
    // An edit that arrives before the answer moves the question to the new text, which the client
    // holds as well: it is what it would ask for next.
    with_analysis(
        params.text_document.uri, std::move(responder), Superseded::AnswerForNewText,
        [this, key, nothing, previous = params.previous_result_id](
            OpenDocument& open, const AnalysisPtr&, AnyResponder reply) {
            update_view(open);
            const std::optional<std::size_t> part = open.view.map()->find(key);
            if (!part) {
                reply.reply_raw(nothing);
                return;
            }
            const auto report = [&](std::size_t i) {
                protocol::DiagnosticsMessage full =
                    protocol::DiagnosticsMessage::full_report(open.result_id(i));
                open.view.append_to(full, i);
                told(open, i);
                return RawJson{full.finish()};
            };
            const std::string id = open.result_id(*part);
            RawJson answer = previous == id ? protocol::unchanged_report(id) : report(*part);
            told(open, *part);
            // An edit of a cell changes what is found in others.
            std::vector<std::pair<std::string, RawJson>> related;
            const std::vector<Part>& parts = open.view.map()->parts();
            for (std::size_t i = 0; i < parts.size(); ++i) {
                if (style_.capabilities.pull_related_documents && i != *part && is_stale(open, i)) {
                    related.emplace_back(parts[i].uri->text, report(i));
                }
            }
            reply.reply_raw(protocol::with_related(std::move(answer), related));
            refresh_if_stale(open);
        },
        nothing);
}

void Session::code_actions(protocol::CodeActionParams params, AnyResponder responder) {
    const std::string uri = params.text_document.uri;
    with_analysis(
        uri, std::move(responder), Superseded::Fail,
        [this, params = std::move(params)](OpenDocument& open, const AnalysisPtr& analysis,
                                           AnyResponder reply) {
            const std::optional<std::size_t> part =
                open.document.map()->find(protocol::uri_key(params.text_document.uri));
            if (!analysis || !part) {
                reply.reply_raw(kEmptyList);
                return;
            }
            const protocol::CodeActionContext& context = params.context;
            const bool fixes = wants_kind(context, protocol::code_action_kind::kQuickFix);
            const bool rewrites = wants_kind(context, protocol::code_action_kind::kRefactorRewrite);
            FindingActions found;
            if (fixes || rewrites) {
                found = finding_actions(open.document, *analysis,
                                        open.document.map()->span(*part, params.range), style_);
            }
            if (!fixes) {
                found.fixes.clear();
                found.suppressions.clear();
            }
            if (!rewrites) {
                found.rewrites.clear();
            }
            // Fixes first, suppressions last, as menus keep this order.
            const auto answer = [found = std::move(found)](
                                    std::optional<protocol::CodeAction> fix_all_safe,
                                    AnyResponder responder_now) {
                std::vector<protocol::CodeAction> actions = found.fixes;
                actions.insert(actions.end(), found.rewrites.begin(), found.rewrites.end());
                if (fix_all_safe) {
                    actions.push_back(std::move(*fix_all_safe));
                }
                actions.insert(actions.end(), found.suppressions.begin(), found.suppressions.end());
                responder_now.reply_raw(json_of(actions));
            };
            // Clients ask at every move of the cursor, so what they did not ask for stays cheap.
            const bool automatic =
                context.trigger_kind == protocol::CodeActionTriggerKind::Automatic;
            if (!wants_kind(context, fix_all_kind(open.document)) || (automatic && !context.only) ||
                !has_safe_fix(*analysis)) {
                answer(std::nullopt, std::move(reply));
                return;
            }
            protocol::CodeAction action = fix_all_action(open.document);
            if (style_.capabilities.code_action_resolve_edit) {
                answer(std::move(action), std::move(reply));
                return;
            }
            action.data = {};
            fix_all(open, analysis, std::move(reply),
                    [this, answer, action = std::move(action)](
                        OpenDocument& present, const std::vector<analysis::Edit>& edits,
                        AnyResponder late) {
                        std::optional<protocol::CodeAction> complete;
                        if (!edits.empty()) {
                            complete = action;
                            complete->edit = workspace_edit(present.document, edits, style_);
                        }
                        if (complete && !complete->edit) {
                            complete.reset();
                        }
                        answer(std::move(complete), std::move(late));
                    });
        },
        kEmptyList);
}

void Session::resolve_code_action(protocol::CodeAction action, AnyResponder responder) {
    const std::string uri = action.data.present() ? uri_in(action.data) : std::string();
    const RawJson unresolved = json_of(action);
    if (action.kind != kFixAllKind && action.kind != kNotebookFixAllKind) {
        responder.reply_raw(unresolved); // the others come complete
        return;
    }
    with_analysis(
        uri, std::move(responder), Superseded::AnswerForNewText,
        [this, action = std::move(action),
         unresolved](OpenDocument& open, const AnalysisPtr& analysis, AnyResponder reply) {
            if (!analysis) {
                reply.reply_raw(unresolved);
                return;
            }
            fix_all(open, analysis, std::move(reply),
                    [this, action](OpenDocument& present, const std::vector<analysis::Edit>& edits,
                                   AnyResponder late) mutable {
                        action.edit = workspace_edit(present.document, edits, style_);
                        late.reply_raw(json_of(action));
                    });
        },
        unresolved);
}

void Session::hover(const protocol::HoverParams& params, AnyResponder responder) {
    with_analysis(
        params.text_document.uri, std::move(responder), Superseded::Fail,
        [this, params](OpenDocument& open, const AnalysisPtr& analysis, AnyResponder reply) {
            const DocumentMap& map = *open.document.map();
            const std::optional<std::size_t> part =
                map.find(protocol::uri_key(params.text_document.uri));
            if (!analysis || !part) {
                reply.reply_raw(kNull);
                return;
            }
            reply.reply_raw(json_of(hover_at(open.document, *analysis, *part,
                                             map.offset(*part, params.position), style_)));
        },
        kNull);
}

void Session::execute_command(const protocol::ExecuteCommandParams& params,
                              AnyResponder responder) {
    if (params.command != kFixAllCommand || !style_.capabilities.apply_edit) {
        responder.fail(protocol::ErrorCode::InvalidParams, "unknown command " + params.command);
        return;
    }
    const std::string uri = params.arguments.empty() ? "" : uri_in(params.arguments.front());
    if (uri.empty()) {
        responder.fail(protocol::ErrorCode::InvalidParams,
                       std::string(kFixAllCommand) + " takes the URI of a document");
        return;
    }
    with_analysis(
        uri, std::move(responder), Superseded::Fail,
        [this](OpenDocument& open, const AnalysisPtr& analysis, AnyResponder reply) {
            if (!analysis) {
                reply.reply_raw(kNull);
                return;
            }
            fix_all(open, analysis, std::move(reply),
                    [this](OpenDocument& present, const std::vector<analysis::Edit>& edits,
                           AnyResponder late) {
                        std::optional<protocol::WorkspaceEdit> edit =
                            workspace_edit(present.document, edits, style_);
                        if (edit && !edits.empty()) {
                            connection_->request<method::ApplyEdit>(
                                {std::string(kFixAllTitle), std::move(*edit)},
                                [this](const protocol::Outcome<protocol::ApplyWorkspaceEditResult>&
                                           outcome) {
                                    if (!outcome.value || !outcome.value->applied) {
                                        log_.warning("the client did not apply the fixes");
                                    }
                                });
                        }
                        late.reply_raw(kNull);
                    });
        },
        kNull);
}

void Session::fix_all(
    OpenDocument& open, const AnalysisPtr& analysis, AnyResponder responder,
    std::function<void(OpenDocument&, const std::vector<analysis::Edit>&, AnyResponder)> then) {
    struct Work {
        AnyResponder responder;
        std::function<void(OpenDocument&, const std::vector<analysis::Edit>&, AnyResponder)> then;
        std::vector<analysis::Edit> edits;
        std::string error;
    };
    std::shared_ptr<Work> work =
        std::make_shared<Work>(Work{std::move(responder), std::move(then), {}, {}});
    const std::string key = open.document.uri().key;
    const std::uint64_t generation = open.document.generation();
    const std::string name = open.document.display_name();
    std::function<void()> deliver = [this, alive = std::weak_ptr<bool>(alive_), work, key,
                                     generation] {
        if (alive.expired()) {
            return;
        }
        const auto found = documents_.find(key);
        if (work->responder.cancelled()) {
            work->responder.fail(protocol::ErrorCode::RequestCancelled, "cancelled by the client");
        } else if (!work->error.empty()) {
            log_.anomaly("fix all failed", "fix all failed: " + work->error);
            work->responder.fail(protocol::ErrorCode::InternalError, work->error);
        } else if (found == documents_.end() ||
                   found->second->document.generation() != generation) {
            work->responder.fail(protocol::ErrorCode::ContentModified, "the text has changed");
        } else {
            work->then(*found->second, work->edits, std::move(work->responder));
        }
    };
    pool_.submit(Lane::Interactive,
                 [work, analysis, name, deliver = std::move(deliver), &loop = loop_]() mutable {
                     try {
                         work->edits = fix_all_edits(analysis, name);
                     } catch (const std::exception& exception) {
                         work->error = exception.what();
                     }
                     work.reset(); // the rest is the io thread's
                     loop.post(std::move(deliver));
                 });
}

} // namespace awaitls::server
