#include "protocol/codec.h"
#include "protocol/diagnostics_message.h"
#include "protocol/json_reader.h"
#include "protocol/json_text.h"
#include "protocol/types.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace awaitls::protocol {
namespace {

template <class T>
T from_json(std::string_view text) {
    const ParsedJson document = parse_json(text);
    EXPECT_TRUE(document.value) << document.error;
    T value{};
    read(Reader(*document.value, "params"), value);
    return value;
}

template <class T>
std::string error_of(std::string_view text) {
    try {
        from_json<T>(text);
    } catch (const ReadError& error) {
        return error.what();
    }
    return "no error";
}

/// Reads and writes; equal texts mean that every field was understood.
template <class T>
std::string echo(std::string_view text) {
    return to_json(from_json<T>(text)).text;
}

Diagnostic sample_diagnostic() {
    Diagnostic diagnostic;
    diagnostic.range = {{1, 2}, {1, 9}};
    diagnostic.severity = DiagnosticSeverity::Warning;
    diagnostic.code = "blocking-sleep";
    diagnostic.code_description = CodeDescription{"https://example.org/blocking-sleep"};
    diagnostic.source = "awaitls";
    diagnostic.message = "time.sleep(\"1\") blocks\nthe loop \xFF";
    diagnostic.tags = {DiagnosticTag::Unnecessary};
    diagnostic.related_information = {{{"file:///b.py", {{3, 0}, {3, 4}}}, "called here"}};
    diagnostic.data = RawJson{R"({"key":1})"};
    return diagnostic;
}

constexpr std::string_view kSampleDiagnostic =
    R"({"range":{"start":{"line":1,"character":2},"end":{"line":1,"character":9}},"severity":2,)"
    R"("code":"blocking-sleep","codeDescription":{"href":"https://example.org/blocking-sleep"},)"
    R"("source":"awaitls","message":"time.sleep(\"1\") blocks\nthe loop )"
    "\xEF\xBF\xBD"
    R"(","tags":[1],"relatedInformation":[{"location":{"uri":"file:///b.py","range":{"start":)"
    R"({"line":3,"character":0},"end":{"line":3,"character":4}}},"message":"called here"}],)"
    R"("data":{"key":1}})";

// ---- The writer of diagnostics ----

TEST(Diagnostics, AreWrittenInFull) {
    EXPECT_EQ(to_json(sample_diagnostic()).text, kSampleDiagnostic);
    Diagnostic poor;
    poor.message = "m";
    EXPECT_EQ(to_json(poor).text,
              R"({"range":{"start":{"line":0,"character":0},"end":{"line":0,"character":0}},)"
              R"("message":"m"})");
}

TEST(Diagnostics, PublishJoinsKeptTexts) {
    const RawJson kept = to_json(sample_diagnostic());
    DiagnosticsMessage message = DiagnosticsMessage::publish("file:///a%20b.py", 7);
    message.add(kept);
    message.add(sample_diagnostic());
    const std::string one(kSampleDiagnostic);
    EXPECT_EQ(message.finish(),
              R"({"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":)"
              R"({"uri":"file:///a%20b.py","version":7,"diagnostics":[)" +
                  one + "," + one + "]}}");
    EXPECT_EQ(DiagnosticsMessage::publish("untitled:\"x", std::nullopt).finish(),
              R"({"jsonrpc":"2.0","method":"textDocument/publishDiagnostics","params":)"
              R"({"uri":"untitled:\"x","diagnostics":[]}})");
}

TEST(Diagnostics, FastPathEqualsTheStructures) {
    const PublishDiagnosticsParams params{
        "file:///a", 3, {sample_diagnostic(), sample_diagnostic()}};
    DiagnosticsMessage publish = DiagnosticsMessage::publish("file:///a", 3);
    publish.add(sample_diagnostic());
    publish.add(to_json(sample_diagnostic()));
    EXPECT_EQ(publish.finish(),
              notification_body("textDocument/publishDiagnostics", to_json(params)));

    DocumentDiagnosticReport report;
    report.result_id = "r1";
    report.items = {sample_diagnostic()};
    DiagnosticsMessage full = DiagnosticsMessage::full_report("r1");
    full.add(sample_diagnostic());
    EXPECT_EQ(full.finish(), to_json(report).text);
    EXPECT_EQ(DiagnosticsMessage::full_report(std::nullopt).finish(),
              R"({"kind":"full","items":[]})");
    EXPECT_EQ(unchanged_report("r\"1").text, R"({"kind":"unchanged","resultId":"r\"1"})");

    EXPECT_EQ(DiagnosticsMessage::workspace_full_report("file:///a.py", 3, "r1").finish(),
              R"({"uri":"file:///a.py","version":3,"kind":"full","resultId":"r1","items":[]})");
    const RawJson gone{
        DiagnosticsMessage::workspace_full_report("file:///a.py", std::nullopt, std::nullopt)
            .finish()};
    EXPECT_EQ(gone.text, R"({"uri":"file:///a.py","version":null,"kind":"full","items":[]})");
    const RawJson same = workspace_unchanged_report("file:///b.py", std::nullopt, "r2");
    EXPECT_EQ(same.text,
              R"({"kind":"unchanged","resultId":"r2","uri":"file:///b.py","version":null})");
    EXPECT_EQ(workspace_report({}).text, R"({"items":[]})");
    EXPECT_EQ(workspace_report({gone, same}).text,
              R"({"items":[)" + gone.text + "," + same.text + "]}");
}

TEST(Diagnostics, AreReadBack) {
    Diagnostic expected = sample_diagnostic();
    expected.message = "time.sleep(\"1\") blocks\nthe loop \xEF\xBF\xBD";
    EXPECT_EQ(from_json<Diagnostic>(kSampleDiagnostic), expected);
}

TEST(Diagnostics, OfOtherServersAreReadLeniently) {
    const Diagnostic diagnostic = from_json<Diagnostic>(
        R"({"range":{"start":{"line":0,"character":0},"end":{"line":1e300,)"
        R"("character":4294967296}},)"
        R"("severity":9,"code":12,"source":null,"tags":[1,42],"codeDescription":null,)"
        R"("message":{"kind":"markdown","value":"*m*"},"relatedInformation":null,"extra":1})");
    EXPECT_EQ(diagnostic.severity, std::nullopt);
    EXPECT_EQ(diagnostic.code, IntegerOrString(std::int64_t{12}));
    EXPECT_EQ(diagnostic.tags, std::vector<DiagnosticTag>{DiagnosticTag::Unnecessary});
    EXPECT_EQ(diagnostic.message, "*m*");
    EXPECT_EQ(diagnostic.range.end, (Position{kMaxUinteger, kMaxUinteger}));
    EXPECT_FALSE(diagnostic.data.present());
}

// ---- Reading ----

TEST(Types, ErrorsNameThePlace) {
    EXPECT_EQ(error_of<DidOpenTextDocumentParams>(
                  R"({"textDocument":{"uri":"u","languageId":"python","version":1}})"),
              "params.textDocument.text: expected a string, got nothing");
    EXPECT_EQ(error_of<DidChangeTextDocumentParams>(
                  R"({"textDocument":{"uri":"u","version":"1"},"contentChanges":[]})"),
              "params.textDocument.version: expected an integer, got \"1\"");
    EXPECT_EQ(error_of<CodeActionParams>(R"({"textDocument":{"uri":"u"},"range":
                  {"start":{"line":0,"character":0},"end":{"line":0}},
                  "context":{"diagnostics":[]}})"),
              "params.range.end.character: expected an unsigned integer, got nothing");
    EXPECT_EQ(error_of<DidChangeWatchedFilesParams>(R"({"changes":[{"uri":"u","type":9}]})"),
              "params.changes[0].type: expected a value of the enumeration, got 9");
    EXPECT_EQ(error_of<DocumentDiagnosticParams>(R"({"textDocument":"u"})"),
              "params.textDocument: expected an object, got \"u\"");
    EXPECT_EQ(error_of<WorkDoneProgressCancelParams>(R"({"token":true})"),
              "params.token: expected an integer or a string, got true");
}

TEST(Types, InitializeOfRealClients) {
    const InitializeParams rich = from_json<InitializeParams>(
        R"({"processId":42,"clientInfo":{"name":"Editor","version":"1"},"locale":"en",
            "rootPath":"/w","rootUri":"file:///w",
            "capabilities":{"window":{"workDoneProgress":true}},
            "initializationOptions":{"a":[1]},"trace":"verbose",
            "workspaceFolders":[{"uri":"file:///w","name":"w"}]})");
    EXPECT_EQ(rich.process_id, 42);
    EXPECT_EQ(rich.client_info->name, "Editor");
    EXPECT_TRUE(rich.capabilities.work_done_progress);
    EXPECT_EQ(rich.initialization_options.text, R"({"a":[1]})");
    EXPECT_EQ(rich.trace, TraceValue::Verbose);
    ASSERT_TRUE(rich.workspace_folders);
    EXPECT_EQ(rich.workspace_folders->at(0).name, "w");

    const InitializeParams poor = from_json<InitializeParams>(
        R"({"processId":null,"rootUri":null,"workspaceFolders":null,"trace":"shout",)"
        R"("capabilities":7})");
    EXPECT_EQ(poor.process_id, std::nullopt);
    EXPECT_EQ(poor.root_uri, std::nullopt);
    EXPECT_FALSE(poor.workspace_folders);
    EXPECT_FALSE(poor.initialization_options.present());
    EXPECT_EQ(poor.trace, TraceValue::Off);
    EXPECT_EQ(error_of<InitializeParams>("{}"), "no error");
}

TEST(Types, CodeActionContextTellsAbsentFromEmpty) {
    const auto only = [](const std::string& text) {
        return from_json<CodeActionContext>(R"({"diagnostics":[])" + text + "}").only;
    };
    EXPECT_EQ(only(""), std::nullopt);
    EXPECT_EQ(only(R"(,"only":[])"), std::vector<std::string>());
    EXPECT_EQ(only(R"(,"only":["source.fixAll"])"), std::vector<std::string>{"source.fixAll"});
}

TEST(Types, KindsAreHierarchical) {
    EXPECT_TRUE(is_kind_within("source.fixAll.awaitls", "source.fixAll"));
    EXPECT_TRUE(is_kind_within("source.fixAll", "source.fixAll"));
    EXPECT_TRUE(is_kind_within("quickfix", ""));
    EXPECT_FALSE(is_kind_within("source.fixAll", "source.fixAll.awaitls"));
    EXPECT_FALSE(is_kind_within("source.fixAllOther", "source.fixAll"));
    EXPECT_FALSE(is_kind_within("quickfix", "source"));
}

// ---- Both ways ----

TEST(Types, EditsEcho) {
    for (const std::string_view text :
         {R"({"changes":{"file:///a":[{"range":{"start":{"line":0,"character":0},)"
          R"("end":{"line":0,"character":0}},"newText":"x"}]}})",
          R"({"documentChanges":[{"textDocument":{"uri":"file:///a","version":null},"edits":[]}]})",
          R"({"documentChanges":[{"textDocument":{"uri":"file:///a","version":4},)"
          R"("edits":[{"range":{"start":{"line":0,"character":0},"end":{"line":0,)"
          R"("character":0}},"newText":"x","annotationId":"n"}]}],)"
          R"("changeAnnotations":{"n":{"label":"l","needsConfirmation":true,)"
          R"("description":"d"}}})",
          "{}", R"({"changes":{}})"}) {
        EXPECT_EQ(echo<WorkspaceEdit>(text), text);
    }
}

TEST(Types, ReportsEcho) {
    for (const std::string_view text :
         {R"({"kind":"full","items":[]})", R"({"kind":"full","resultId":"a","items":[]})",
          R"({"kind":"unchanged","resultId":"a"})",
          R"({"kind":"full","items":[],)"
          R"("relatedDocuments":{"file:///b":{"kind":"unchanged","resultId":"x"}}})"}) {
        EXPECT_EQ(echo<DocumentDiagnosticReport>(text), text);
    }
    EXPECT_EQ(echo<WorkspaceDiagnosticReport>(
                  R"({"items":[{"kind":"full","items":[],"uri":"file:///a","version":null}]})"),
              R"({"items":[{"kind":"full","items":[],"uri":"file:///a","version":null}]})");
}

TEST(Types, OpaqueValuesEcho) {
    EXPECT_EQ(echo<CodeAction>(R"({"title":"t","data":{"deep":[1,2.5,"x"]}})"),
              R"({"title":"t","data":{"deep":[1,2.5,"x"]}})");
    EXPECT_EQ(echo<ExecuteCommandParams>(R"({"command":"c","arguments":[1,null,{}]})"),
              R"({"command":"c","arguments":[1,null,{}]})");
}

TEST(Types, WatchersTakeBothPatterns) {
    for (
        const std::string_view text :
        {R"({"watchers":[{"globPattern":"**/*.py"}]})",
         R"({"watchers":[{"globPattern":{"baseUri":"file:///w","pattern":"*.toml"},"kind":7}]})"}) {
        EXPECT_EQ(echo<DidChangeWatchedFilesRegistrationOptions>(text), text);
    }
    EXPECT_EQ(
        from_json<RelativePattern>(R"({"baseUri":{"uri":"file:///w","name":"w"},"pattern":"p"})")
            .base_uri,
        "file:///w");
}

TEST(Types, ProgressValuesCarryTheirKind) {
    WorkDoneProgressBegin begin;
    begin.title = "Analysing";
    begin.percentage = 0;
    EXPECT_EQ(to_json(ProgressParams{"token", to_json(begin)}).text,
              R"({"token":"token","value":{"kind":"begin","title":"Analysing","percentage":0}})");
    EXPECT_EQ(to_json(WorkDoneProgressEnd{}).text, R"({"kind":"end"})");
    EXPECT_EQ(error_of<WorkDoneProgressEnd>(R"({"kind":"begin"})"),
              "params.kind: expected \"end\", got \"begin\"");
}

TEST(Types, NotebookSelectorsEcho) {
    const std::string text =
        R"({"notebookSelector":[{"notebook":"*","cells":[{"language":"python"}]},)"
        R"({"notebook":{"scheme":"file"}},{"cells":[{"language":"python"}]}],"save":true})";
    EXPECT_EQ(echo<NotebookDocumentSyncOptions>(text), text);
}

TEST(Types, NotebookChangesEcho) {
    constexpr std::string_view text =
        R"({"notebookDocument":{"version":2,"uri":"file:///n.ipynb"},)"
        R"("change":{"metadata":{"k":1},"cells":{"structure":{"array":{"start":1,)"
        R"("deleteCount":0,"cells":[{"kind":2,)"
        R"("document":"vscode-notebook-cell:/n.ipynb#b"}]},)"
        R"("didOpen":[{"uri":"vscode-notebook-cell:/n.ipynb#b","languageId":"python",)"
        R"("version":1,"text":"x"}],)"
        R"("didClose":[{"uri":"vscode-notebook-cell:/n.ipynb#a"}]},"data":[{"kind":1,)"
        R"("document":"vscode-notebook-cell:/n.ipynb#c"}],)"
        R"("textContent":[{"document":{"uri":"vscode-notebook-cell:/n.ipynb#c",)"
        R"("version":3},"changes":[{"text":"y"}]}]}}})";
    EXPECT_EQ(echo<DidChangeNotebookDocumentParams>(text), text);
}

TEST(Types, ServerCapabilitiesAreWritten) {
    InitializeResult result;
    result.capabilities.position_encoding = PositionEncoding::Utf8;
    result.capabilities.text_document_sync =
        TextDocumentSyncOptions{true, TextDocumentSyncKind::Incremental, SaveOptions{true}};
    result.capabilities.hover_provider = true;
    result.capabilities.code_action_provider = CodeActionOptions{{"quickfix"}, true};
    result.capabilities.diagnostic_provider = DiagnosticOptions{"awaitls", true, false};
    result.capabilities.workspace = WorkspaceServerCapabilities{{{true, true}}, {}};
    result.capabilities.notebook_document_sync = NotebookDocumentSyncOptions{
        {{NotebookDocumentFilter{"jupyter-notebook", {}, {}}, {{"python"}}}}, true};
    result.server_info = ServerInfo{"awaitls", "1"};
    EXPECT_EQ(to_json(result).text,
              R"({"capabilities":{"positionEncoding":"utf-8",)"
              R"("textDocumentSync":{"openClose":true,"change":2,"save":{"includeText":true}},)"
              R"("notebookDocumentSync":{"notebookSelector":[{)"
              R"("notebook":{"notebookType":"jupyter-notebook"},)"
              R"("cells":[{"language":"python"}]}],"save":true},"hoverProvider":true,)"
              R"("codeActionProvider":{"codeActionKinds":["quickfix"],"resolveProvider":true},)"
              R"("diagnosticProvider":{"identifier":"awaitls","interFileDependencies":true,)"
              R"("workspaceDiagnostics":false},)"
              R"("workspace":{"workspaceFolders":{"supported":true,)"
              R"("changeNotifications":true}}},"serverInfo":{"name":"awaitls","version":"1"}})");
}

} // namespace
} // namespace awaitls::protocol
