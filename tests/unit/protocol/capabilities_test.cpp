#include "protocol/capabilities.h"
#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "protocol/json_writer.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace awaitls::protocol {
namespace {

ClientCapabilities resolve(std::string_view text) {
    const ParsedJson document = parse_json(text);
    EXPECT_TRUE(document.value) << document.error;
    ClientCapabilities capabilities;
    read(Reader(*document.value, "capabilities"), capabilities);
    return capabilities;
}

TEST(Capabilities, NothingAnnounced) {
    EXPECT_EQ(resolve("{}"), ClientCapabilities());
    EXPECT_EQ(resolve("null"), ClientCapabilities());
    EXPECT_EQ(resolve("[1]"), ClientCapabilities());
    EXPECT_EQ(resolve("{}").negotiate_position_encoding(), PositionEncoding::Utf16);
    ClientCapabilities missing;
    read(Reader::nothing("params").field("capabilities"), missing);
    EXPECT_EQ(missing, ClientCapabilities());
}

TEST(Capabilities, WrongTypesCountAsNotAnnounced) {
    EXPECT_EQ(resolve(R"({"textDocument":{"publishDiagnostics":{"versionSupport":"yes",
                "relatedInformation":1,"tagSupport":{"valueSet":"x"}},"codeAction":[],
                "diagnostic":true,"hover":{"contentFormat":"markdown"}},"workspace":7,
                "window":{"workDoneProgress":null},"general":{"positionEncodings":{"a":1}}})"),
              ClientCapabilities());
}

TEST(Capabilities, RichClient) {
    const ClientCapabilities all = resolve(R"({
        "workspace":{"applyEdit":true,"configuration":true,"workspaceFolders":true,
            "fileOperations":{"didRename":true,"didDelete":true},
            "workspaceEdit":{"documentChanges":true,"changeAnnotationSupport":{}},
            "didChangeConfiguration":{"dynamicRegistration":true},
            "didChangeWatchedFiles":{"dynamicRegistration":true,"relativePatternSupport":true},
            "diagnostics":{"refreshSupport":true}},
        "textDocument":{
            "publishDiagnostics":{"relatedInformation":true,"versionSupport":true,
                "tagSupport":{"valueSet":[1,2,99]},
                "codeDescriptionSupport":true,"dataSupport":true},
            "synchronization":{"didSave":true},
            "hover":{"contentFormat":["markdown","plaintext"]},
            "codeAction":{"isPreferredSupport":true,"disabledSupport":true,"dataSupport":true,
                "resolveSupport":{"properties":["edit","command"]},
                "codeActionLiteralSupport":{"codeActionKind":{"valueSet":[""]}}},
            "callHierarchy":{"dynamicRegistration":true},
            "diagnostic":{"dynamicRegistration":true,"relatedDocumentSupport":true}},
        "window":{"workDoneProgress":true,
            "showMessage":{"messageActionItem":{"additionalPropertiesSupport":true}}},
        "general":{"staleRequestSupport":{"cancel":true,"retryOnContentModified":[]},
            "markdown":{"parser":"marked"},"positionEncodings":["utf-16"]},
        "notebookDocument":{"synchronization":{"dynamicRegistration":true}}})");
    ClientCapabilities expected;
    expected.pull_diagnostics = expected.pull_dynamic_registration = true;
    expected.pull_related_documents = expected.publish_version = true;
    expected.related_information = expected.code_description = expected.diagnostic_data = true;
    expected.tag_unnecessary = expected.tag_deprecated = true;
    expected.code_action_literals = expected.code_action_is_preferred = true;
    expected.code_action_disabled = expected.code_action_data = true;
    expected.code_action_resolve_edit = expected.code_action_resolve_command = true;
    expected.hover_markdown = expected.did_save = expected.call_hierarchy = true;
    expected.notebook_sync = expected.apply_edit = expected.document_changes = true;
    expected.change_annotations = expected.configuration = true;
    expected.configuration_dynamic_registration = expected.workspace_folders = true;
    expected.did_rename_files = expected.did_delete_files = true;
    expected.watched_files_dynamic_registration = expected.watched_files_relative_pattern = true;
    expected.diagnostics_refresh = expected.work_done_progress = true;
    expected.show_message_actions = expected.stale_request_cancel = expected.markdown_parser = true;
    expected.position_encodings = {PositionEncoding::Utf16};
    EXPECT_EQ(all, expected);

    JsonWriter writer;
    write(writer, all);
    EXPECT_EQ(resolve(writer.text()), all) << writer.text();
}

TEST(Capabilities, WritingAndReadingAgreeOnEachField) {
    const std::vector<bool ClientCapabilities::*> fields = {
        &ClientCapabilities::publish_version,      &ClientCapabilities::related_information,
        &ClientCapabilities::tag_unnecessary,      &ClientCapabilities::tag_deprecated,
        &ClientCapabilities::code_action_literals, &ClientCapabilities::code_action_resolve_edit,
        &ClientCapabilities::hover_markdown,       &ClientCapabilities::pull_diagnostics,
        &ClientCapabilities::work_done_progress,   &ClientCapabilities::document_changes,
        &ClientCapabilities::change_annotations,   &ClientCapabilities::notebook_sync,
        &ClientCapabilities::show_message_actions, &ClientCapabilities::diagnostics_refresh};
    for (bool ClientCapabilities::*field : fields) {
        ClientCapabilities one;
        one.*field = true;
        JsonWriter writer;
        write(writer, one);
        EXPECT_EQ(resolve(writer.text()), one) << writer.text();
    }
}

TEST(Capabilities, PullDiagnosticsCarryTheirOwnSupport) {
    const ClientCapabilities pull = resolve(R"({"textDocument":{"diagnostic":{
        "relatedInformation":true,"codeDescriptionSupport":true,"dataSupport":true,
        "tagSupport":{"valueSet":[1]}}}})");
    EXPECT_TRUE(pull.pull_diagnostics && pull.related_information && pull.code_description &&
                pull.diagnostic_data && pull.tag_unnecessary);
    EXPECT_FALSE(pull.tag_deprecated || pull.publish_version);
}

TEST(Capabilities, HoverFormatIsTheClientsFirstKnownOne) {
    const auto markdown = [](const std::string& formats) {
        return resolve(R"({"textDocument":{"hover":{"contentFormat":)" + formats + "}}}")
            .hover_markdown;
    };
    EXPECT_TRUE(markdown(R"(["markdown","plaintext"])"));
    EXPECT_TRUE(markdown(R"(["markdown"])"));
    EXPECT_TRUE(markdown(R"(["asciidoc",3,"markdown"])"));
    EXPECT_FALSE(markdown(R"(["plaintext","markdown"])"));
    EXPECT_FALSE(markdown(R"(["plaintext"])"));
    EXPECT_FALSE(markdown("[]"));
}

TEST(Capabilities, PositionEncodings) {
    const auto negotiated = [](const std::string& offered) {
        return position_encoding_name(
            resolve(R"({"general":{"positionEncodings":)" + offered + "}}")
                .negotiate_position_encoding());
    };
    EXPECT_EQ(negotiated(R"(["utf-16"])"), "utf-16");
    EXPECT_EQ(negotiated(R"(["utf-8","utf-16","utf-32"])"), "utf-8");
    EXPECT_EQ(negotiated(R"(["utf-32","utf-8","utf-16"])"), "utf-8");
    EXPECT_EQ(negotiated(R"(["utf-32","utf-16"])"), "utf-16");
    EXPECT_EQ(negotiated(R"(["utf-32"])"), "utf-32");
    EXPECT_EQ(negotiated(R"(["utf-7",1,null])"), "utf-16");
    EXPECT_EQ(negotiated("[]"), "utf-16");
}

} // namespace
} // namespace awaitls::protocol
