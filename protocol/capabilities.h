#pragma once

#include "protocol/position.h"

#include <string>
#include <vector>

namespace awaitls::protocol {

class JsonWriter;
class Reader;

/// What the client can do, read once from `initialize`. Capabilities of the wrong type count as not
/// announced, so that no client is refused for them. Everything defaults to "not announced".
struct ClientCapabilities {
    // textDocument.diagnostic
    bool pull_diagnostics = false;
    bool pull_dynamic_registration = false;
    bool pull_related_documents = false;

    // textDocument.publishDiagnostics; all but the version also where textDocument.diagnostic has
    // it
    bool publish_version = false;
    bool related_information = false;
    bool code_description = false;
    bool diagnostic_data = false;
    bool tag_unnecessary = false;
    bool tag_deprecated = false;

    // textDocument.codeAction
    bool code_action_literals = false;
    bool code_action_is_preferred = false;
    bool code_action_disabled = false;
    bool code_action_data = false;
    bool code_action_resolve_edit = false;
    bool code_action_resolve_command = false;

    // textDocument.hover
    /// The first format of the client that we can write is markdown. A client that lists none gets
    /// plain text.
    bool hover_markdown = false;

    // textDocument.synchronization
    bool did_save = false;
    bool call_hierarchy = false;
    bool notebook_sync = false;

    // workspace
    bool apply_edit = false;
    bool document_changes = false;
    bool change_annotations = false;
    bool configuration = false;
    bool configuration_dynamic_registration = false;
    bool workspace_folders = false;
    bool did_rename_files = false;
    bool did_delete_files = false;
    bool watched_files_dynamic_registration = false;
    bool watched_files_relative_pattern = false;
    bool diagnostics_refresh = false;

    // window
    bool work_done_progress = false;
    bool show_message_actions = false;

    // general
    bool stale_request_cancel = false;
    bool markdown_parser = false;
    std::vector<PositionEncoding> position_encodings; // as offered, known ones only

    /// utf-8 if offered, else utf-16 if offered or nothing is, else utf-32.
    PositionEncoding negotiate_position_encoding() const;
    bool operator==(const ClientCapabilities&) const = default;
};

/// Writes what a client with these capabilities announces; for clients in tests.
void write(JsonWriter& writer, const ClientCapabilities& capabilities);

/// `reader` stands at `params.capabilities`; missing or of any type. Never throws.
void read(const Reader& reader, ClientCapabilities& capabilities);

} // namespace awaitls::protocol
