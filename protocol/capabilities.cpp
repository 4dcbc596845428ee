#include "protocol/capabilities.h"

#include "protocol/json_reader.h"
#include "protocol/json_writer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace awaitls::protocol {

namespace {

/// A capability that is one boolean, at a path below `capabilities`.
struct Flag {
    std::string_view group;
    std::string_view section;
    std::string_view name;
    bool ClientCapabilities::*member;
};

using C = ClientCapabilities;

// Sorted by group and section, which `write` relies on.
constexpr std::array kFlags = {
    Flag{"textDocument", "codeAction", "dataSupport", &C::code_action_data},
    Flag{"textDocument", "codeAction", "disabledSupport", &C::code_action_disabled},
    Flag{"textDocument", "codeAction", "isPreferredSupport", &C::code_action_is_preferred},
    Flag{"textDocument", "diagnostic", "dynamicRegistration", &C::pull_dynamic_registration},
    Flag{"textDocument", "diagnostic", "relatedDocumentSupport", &C::pull_related_documents},
    Flag{"textDocument", "publishDiagnostics", "codeDescriptionSupport", &C::code_description},
    Flag{"textDocument", "publishDiagnostics", "dataSupport", &C::diagnostic_data},
    Flag{"textDocument", "publishDiagnostics", "relatedInformation", &C::related_information},
    Flag{"textDocument", "publishDiagnostics", "versionSupport", &C::publish_version},
    Flag{"textDocument", "synchronization", "didSave", &C::did_save},
    Flag{"window", "", "workDoneProgress", &C::work_done_progress},
    Flag{"workspace", "", "applyEdit", &C::apply_edit},
    Flag{"workspace", "", "configuration", &C::configuration},
    Flag{"workspace", "", "workspaceFolders", &C::workspace_folders},
    Flag{"workspace", "fileOperations", "didRename", &C::did_rename_files},
    Flag{"workspace", "fileOperations", "didDelete", &C::did_delete_files},
    Flag{"workspace", "diagnostics", "refreshSupport", &C::diagnostics_refresh},
    Flag{"workspace", "didChangeConfiguration", "dynamicRegistration",
         &C::configuration_dynamic_registration},
    Flag{"workspace", "didChangeWatchedFiles", "dynamicRegistration",
         &C::watched_files_dynamic_registration},
    Flag{"workspace", "didChangeWatchedFiles", "relativePatternSupport",
         &C::watched_files_relative_pattern},
    Flag{"workspace", "workspaceEdit", "documentChanges", &C::document_changes},
};

bool truth(const Reader& value) {
    return value.is_boolean() && value.boolean();
}

template <class Visit>
void each_string(const Reader& list, Visit visit) {
    if (!list.is_array()) {
        return;
    }
    for (std::size_t index = 0; index < list.size(); ++index) {
        if (const Reader element = list.at(index); element.is_string()) {
            visit(element.string());
        }
    }
}

void read_tags(const Reader& diagnostics, ClientCapabilities& capabilities) {
    const Reader values = diagnostics.soft_field("tagSupport").soft_field("valueSet");
    if (!values.is_array()) {
        return;
    }
    for (std::size_t index = 0; index < values.size(); ++index) {
        const Reader value = values.at(index);
        if (!value.is_integer()) {
            continue;
        }
        capabilities.tag_unnecessary |= value.integer() == 1;
        capabilities.tag_deprecated |= value.integer() == 2;
    }
}

void read_text_document(const Reader& text_document, ClientCapabilities& capabilities) {
    read_tags(text_document.soft_field("publishDiagnostics"), capabilities);

    const Reader pull = text_document.soft_field("diagnostic");
    capabilities.pull_diagnostics = pull.is_object();
    capabilities.related_information |= truth(pull.soft_field("relatedInformation"));
    capabilities.code_description |= truth(pull.soft_field("codeDescriptionSupport"));
    capabilities.diagnostic_data |= truth(pull.soft_field("dataSupport"));
    read_tags(pull, capabilities);

    const Reader actions = text_document.soft_field("codeAction");
    capabilities.code_action_literals = actions.soft_field("codeActionLiteralSupport").is_object();
    each_string(actions.soft_field("resolveSupport").soft_field("properties"),
                [&capabilities](const std::string& property) {
                    capabilities.code_action_resolve_edit |= property == "edit";
                    capabilities.code_action_resolve_command |= property == "command";
                });

    std::optional<bool> markdown;
    each_string(text_document.soft_field("hover").soft_field("contentFormat"),
                [&markdown](const std::string& format) {
                    if (!markdown && (format == "markdown" || format == "plaintext")) {
                        markdown = format == "markdown";
                    }
                });
    capabilities.hover_markdown = markdown.value_or(false);
    capabilities.call_hierarchy = text_document.soft_field("callHierarchy").is_object();
}

void write_strings(JsonWriter& writer, std::string_view key,
                   std::initializer_list<std::string_view> values) {
    writer.key(key);
    writer.begin_array();
    for (const std::string_view value : values) {
        writer.string(value);
    }
    writer.end_array();
}

/// The members of `section` that are no plain flags.
void write_special(JsonWriter& writer, std::string_view section, const ClientCapabilities& c) {
    if (section == "codeAction") {
        if (c.code_action_literals) {
            writer.key("codeActionLiteralSupport");
            writer.raw(R"({"codeActionKind":{"valueSet":["quickfix","source","source.fixAll"]}})");
        }
        if (c.code_action_resolve_edit || c.code_action_resolve_command) {
            writer.key("resolveSupport");
            writer.raw(c.code_action_resolve_command ? R"({"properties":["edit","command"]})"
                                                     : R"({"properties":["edit"]})");
        }
    } else if (section == "publishDiagnostics" && (c.tag_unnecessary || c.tag_deprecated)) {
        writer.key("tagSupport");
        writer.raw(!c.tag_deprecated    ? R"({"valueSet":[1]})"
                   : !c.tag_unnecessary ? R"({"valueSet":[2]})"
                                        : R"({"valueSet":[1,2]})");
    } else if (section == "workspaceEdit" && c.change_annotations) {
        writer.key("changeAnnotationSupport");
        writer.raw("{}");
    }
}

/// Members of `group` that stand beside its sections.
void write_group_special(JsonWriter& writer, std::string_view group, const ClientCapabilities& c) {
    if (group == "textDocument") {
        writer.key("hover");
        writer.begin_object();
        if (c.hover_markdown) {
            write_strings(writer, "contentFormat", {"markdown", "plaintext"});
        } else {
            write_strings(writer, "contentFormat", {"plaintext"});
        }
        writer.end_object();
        if (c.call_hierarchy) {
            writer.key("callHierarchy");
            writer.raw("{}");
        }
    } else if (group == "window" && c.show_message_actions) {
        writer.key("showMessage");
        writer.raw(R"({"messageActionItem":{}})");
    }
}

void write_general(JsonWriter& writer, const ClientCapabilities& c) {
    writer.key("general");
    writer.begin_object();
    if (c.stale_request_cancel) {
        writer.key("staleRequestSupport");
        writer.raw(R"({"cancel":true,"retryOnContentModified":[]})");
    }
    if (c.markdown_parser) {
        writer.key("markdown");
        writer.raw(R"({"parser":"marked"})");
    }
    if (!c.position_encodings.empty()) {
        writer.key("positionEncodings");
        writer.begin_array();
        for (const PositionEncoding encoding : c.position_encodings) {
            writer.string(position_encoding_name(encoding));
        }
        writer.end_array();
    }
    writer.end_object();
}

} // namespace

PositionEncoding ClientCapabilities::negotiate_position_encoding() const {
    const auto offered = [this](PositionEncoding encoding) {
        return std::find(position_encodings.begin(), position_encodings.end(), encoding) !=
               position_encodings.end();
    };
    if (offered(PositionEncoding::Utf8)) {
        return PositionEncoding::Utf8;
    }
    if (offered(PositionEncoding::Utf32) && !offered(PositionEncoding::Utf16)) {
        return PositionEncoding::Utf32;
    }
    return PositionEncoding::Utf16;
}

void read(const Reader& reader, ClientCapabilities& capabilities) {
    for (const Flag& flag : kFlags) {
        const Reader group = reader.soft_field(flag.group);
        const Reader section = flag.section.empty() ? group : group.soft_field(flag.section);
        capabilities.*flag.member = truth(section.soft_field(flag.name));
    }
    read_text_document(reader.soft_field("textDocument"), capabilities);
    const Reader workspace = reader.soft_field("workspace");
    capabilities.change_annotations =
        workspace.soft_field("workspaceEdit").soft_field("changeAnnotationSupport").is_object();
    capabilities.show_message_actions = reader.soft_field("window")
                                            .soft_field("showMessage")
                                            .soft_field("messageActionItem")
                                            .is_object();
    capabilities.notebook_sync =
        reader.soft_field("notebookDocument").soft_field("synchronization").is_object();

    const Reader general = reader.soft_field("general");
    capabilities.stale_request_cancel =
        truth(general.soft_field("staleRequestSupport").soft_field("cancel"));
    capabilities.markdown_parser = general.soft_field("markdown").is_object();
    each_string(general.soft_field("positionEncodings"), [&capabilities](const std::string& name) {
        if (const std::optional<PositionEncoding> encoding = position_encoding_from_name(name)) {
            capabilities.position_encodings.push_back(*encoding);
        }
    });
}

void write(JsonWriter& writer, const ClientCapabilities& capabilities) {
    writer.begin_object();
    std::string_view group;
    std::string_view section;
    const auto leave_section = [&] {
        if (!section.empty()) {
            write_special(writer, section, capabilities);
            writer.end_object();
            section = {};
        }
    };
    const auto leave_group = [&] {
        leave_section();
        if (!group.empty()) {
            write_group_special(writer, group, capabilities);
            writer.end_object();
        }
    };
    for (const Flag& flag : kFlags) {
        if (flag.section == "diagnostic" && !capabilities.pull_diagnostics) {
            continue;
        }
        if (flag.group != group) {
            leave_group();
            group = flag.group;
            writer.key(group);
            writer.begin_object();
        }
        if (flag.section != section) {
            leave_section();
            section = flag.section;
            writer.key(section);
            writer.begin_object();
        }
        writer.key(flag.name);
        writer.boolean(capabilities.*flag.member);
    }
    leave_group();
    if (capabilities.notebook_sync) {
        writer.key("notebookDocument");
        writer.raw(R"({"synchronization":{}})");
    }
    write_general(writer, capabilities);
    writer.end_object();
}

} // namespace awaitls::protocol
