"""The same server under a client that others wrote: pytest-lsp, with pygls and lsprotocol's types."""

import pytest
import pytest_lsp
from lsprotocol import types
from lsprotocol.converters import get_converter
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

from client import apply, apply_edits, binary, edits_by_uri

TEXT = "import asyncio\nimport time\n\n\nasync def main():\n    time.sleep(1)\n"
EDITORS = ["visual_studio_code", "neovim", "emacs"]


@pytest_lsp.fixture(params=EDITORS, config=ClientServerConfig(server_command=[binary(), "server"]))
async def editor(request, lsp_client: LanguageClient):
    """A session with the capabilities that this editor announces, and notebooks."""

    @lsp_client.feature(types.CLIENT_REGISTER_CAPABILITY)
    def register(_: types.RegistrationParams) -> None:
        """These editors allow it; pytest-lsp brings no answer of its own."""

    capabilities = client_capabilities(request.param)
    capabilities.notebook_document = types.NotebookDocumentClientCapabilities(
        synchronization=types.NotebookDocumentSyncClientCapabilities()
    )
    parameters = types.InitializeParams(capabilities=capabilities)
    lsp_client.result = await lsp_client.initialize_session(parameters)
    yield
    await lsp_client.shutdown_session()


async def diagnostics(client: LanguageClient, uri: str) -> list[types.Diagnostic]:
    """By the way that the session has agreed on."""
    if client.result.capabilities.diagnostic_provider is None:
        await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        return list(client.diagnostics[uri])
    report = await client.text_document_diagnostic_async(
        types.DocumentDiagnosticParams(text_document=types.TextDocumentIdentifier(uri=uri))
    )
    return list(report.items)


@pytest.mark.asyncio
async def test_find_fix_and_check_again(editor: LanguageClient):
    uri = "file:///project/app.py"
    editor.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri=uri, language_id="python", version=1, text=TEXT))
    )
    [finding] = await diagnostics(editor, uri)
    assert finding.code == "blocking-sleep"
    assert finding.severity == types.DiagnosticSeverity.Error
    hover = await editor.text_document_hover_async(
        types.HoverParams(types.TextDocumentIdentifier(uri), finding.range.start)
    )
    assert "blocking-sleep" in hover.contents.value
    actions = await editor.text_document_code_action_async(
        types.CodeActionParams(types.TextDocumentIdentifier(uri), finding.range,
                               types.CodeActionContext(diagnostics=[finding]))
    )
    edit = get_converter().unstructure(actions[0].edit, types.WorkspaceEdit)
    fixed = apply(TEXT, edit, uri)
    assert fixed == TEXT.replace("time.sleep", "await asyncio.sleep")
    editor.text_document_did_change(
        types.DidChangeTextDocumentParams(
            types.VersionedTextDocumentIdentifier(version=2, uri=uri),
            [types.TextDocumentContentChangeWholeDocument(text=fixed)],
        )
    )
    assert await diagnostics(editor, uri) == []


@pytest.mark.asyncio
async def test_a_notebook(editor: LanguageClient):
    assert editor.result.capabilities.notebook_document_sync.save
    notebook = "file:///project/work.ipynb"
    cells = {f"vscode-notebook-cell:/project/work.ipynb#{name}": text for name, text in {
        "one": "import time", "two": "async def main():\n    time.sleep(1)\n\nawait main()", "three": "main()"}.items()}
    editor.notebook_document_did_open(
        types.DidOpenNotebookDocumentParams(
            types.NotebookDocument(notebook, "jupyter-notebook", 1, [
                types.NotebookCell(types.NotebookCellKind.Code, uri) for uri in cells]),
            [types.TextDocumentItem(uri, "python", 1, text) for uri, text in cells.items()],
        )
    )
    _, two, three = cells
    reports = {uri: await editor.text_document_diagnostic_async(
        types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))) for uri in cells}
    assert [[d.code for d in report.items] for report in reports.values()] == [
        [], ["blocking-sleep"], ["unawaited-coroutine"]]
    actions = await editor.text_document_code_action_async(
        types.CodeActionParams(types.TextDocumentIdentifier(two), reports[two].items[0].range,
                               types.CodeActionContext(diagnostics=list(reports[two].items)))
    )
    edit = get_converter().unstructure(actions[0].edit, types.WorkspaceEdit)
    fixed = {uri: apply_edits(cells[uri], edits) for uri, edits in edits_by_uri(edit).items()}
    assert fixed == {uri: text.replace("import time", "import asyncio\nimport time").replace("time.sleep", "await asyncio.sleep")
                     for uri, text in cells.items() if uri != three}
    editor.notebook_document_did_change(
        types.DidChangeNotebookDocumentParams(
            types.VersionedNotebookDocumentIdentifier(2, notebook),
            types.NotebookDocumentChangeEvent(cells=types.NotebookDocumentCellChanges(text_content=[
                types.NotebookDocumentCellContentChanges(
                    types.VersionedTextDocumentIdentifier(2, uri),
                    [types.TextDocumentContentChangeWholeDocument(text)])
                for uri, text in fixed.items()])),
        )
    )
    report = await editor.text_document_diagnostic_async(
        types.DocumentDiagnosticParams(types.TextDocumentIdentifier(two)))
    assert list(report.items) == []
    editor.notebook_document_did_close(
        types.DidCloseNotebookDocumentParams(
            types.NotebookDocumentIdentifier(notebook), [types.TextDocumentIdentifier(uri) for uri in cells])
    )


CALLS = "import asyncio\n\n\nasync def leaf():\n    pass\n\n\nasync def main():\n    await leaf()\n"


@pytest.mark.asyncio
async def test_call_hierarchy(editor: LanguageClient):
    uri = "file:///project/calls.py"
    editor.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri=uri, language_id="python", version=1, text=CALLS))
    )
    assert await diagnostics(editor, uri) == []
    if editor.result.capabilities.call_hierarchy_provider is None:
        return  # an editor that has no use for it
    [leaf] = await editor.text_document_prepare_call_hierarchy_async(
        types.CallHierarchyPrepareParams(types.TextDocumentIdentifier(uri), types.Position(3, 10))
    )
    [call] = await editor.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(leaf))
    assert (call.from_.name, call.from_.detail) == ("main", "calls [awaited]")
    [back] = await editor.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(call.from_))
    assert (back.to.name, back.from_ranges) == ("leaf", call.from_ranges)
    assert back.to.selection_range == leaf.selection_range
