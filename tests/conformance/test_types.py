"""Every structure of protocol/types.h against the official meta model.

For each structure the meta model gives examples: the smallest one, and the smallest one with each optional
property added. The program protocol_echo reads and writes them with our code. What comes back must be
valid and the same, except for the properties listed in UNUSED, which we do not read; and leaving out a
required property must be refused, except for those listed in LENIENT. A property misspelt, forgotten or of
another type on our side fails here, and so does a structure that is not compared at all.
"""

from __future__ import annotations

import enum
import json
import os
import pathlib
import subprocess
import typing
from typing import Any

import attrs
import pytest
from lsprotocol import types as lsp

import validate

ROOT = pathlib.Path(__file__).resolve().parents[2]
ECHO = pathlib.Path(os.environ.get("AWAITLS_PROTOCOL_ECHO", ROOT / "build/release/tests/protocol_echo"))

# Our structures that have another name in the meta model, or stand for several of its structures.
NAMES = {
    "CallHierarchyCallsParams": ["CallHierarchyIncomingCallsParams", "CallHierarchyOutgoingCallsParams"],
    "ClientInfo": ["ClientInfo"],
    "DocumentDiagnosticReport": [
        "RelatedFullDocumentDiagnosticReport",
        "RelatedUnchangedDocumentDiagnosticReport",
    ],
    "DocumentFilter": [
        "TextDocumentFilterLanguage",
        "TextDocumentFilterScheme",
        "TextDocumentFilterPattern",
    ],
    "DocumentReport": ["FullDocumentDiagnosticReport", "UnchangedDocumentDiagnosticReport"],
    "NotebookCellArrayChange": ["NotebookCellArrayChange"],
    "NotebookCellLanguage": ["NotebookCellLanguage"],
    "NotebookCellStructureChange": ["NotebookDocumentCellChangeStructure"],
    "NotebookCellTextChange": ["NotebookDocumentCellContentChanges"],
    "NotebookCellsChange": ["NotebookDocumentCellChanges"],
    "NotebookDocumentFilter": [
        "NotebookDocumentFilterNotebookType",
        "NotebookDocumentFilterScheme",
        "NotebookDocumentFilterPattern",
    ],
    "NotebookSelector": ["NotebookDocumentFilterWithNotebook", "NotebookDocumentFilterWithCells"],
    "TextDocumentContentChangeEvent": [
        "TextDocumentContentChangePartial",
        "TextDocumentContentChangeWholeDocument",
    ],
    "TextEdit": ["TextEdit", "AnnotatedTextEdit"],
    "WorkspaceDiagnosticReport": [
        "WorkspaceDiagnosticReport",
        "WorkspaceDiagnosticReportPartialResult",
    ],
    "WorkspaceDocumentDiagnosticReport": [
        "WorkspaceFullDocumentDiagnosticReport",
        "WorkspaceUnchangedDocumentDiagnosticReport",
    ],
    "WorkspaceServerCapabilities": ["WorkspaceOptions"],
}

# Properties that we leave out on purpose, by the meta model's structure.
UNUSED = {
    "ApplyWorkspaceEditParams": {"metadata"},
    "CallHierarchyItem": {"tags"},
    "CodeAction": {"tags"},
    "CodeActionOptions": {"documentation", "workDoneProgress"},
    "Command": {"tooltip"},
    "DiagnosticOptions": {"workDoneProgress"},
    "DiagnosticRegistrationOptions": {"workDoneProgress"},
    "ExecuteCommandOptions": {"workDoneProgress"},
    "FileOperationOptions": {"didCreate", "willCreate", "willDelete", "willRename"},
    "FileOperationPattern": {"options"},
    "InitializeParams": {"workDoneToken"},
    "ServerCapabilities": {
        "codeLensProvider",
        "colorProvider",
        "completionProvider",
        "declarationProvider",
        "definitionProvider",
        "documentFormattingProvider",
        "documentHighlightProvider",
        "documentLinkProvider",
        "documentOnTypeFormattingProvider",
        "documentRangeFormattingProvider",
        "documentSymbolProvider",
        "experimental",
        "foldingRangeProvider",
        "implementationProvider",
        "inlayHintProvider",
        "inlineCompletionProvider",
        "inlineValueProvider",
        "linkedEditingRangeProvider",
        "monikerProvider",
        "referencesProvider",
        "renameProvider",
        "selectionRangeProvider",
        "semanticTokensProvider",
        "signatureHelpProvider",
        "typeDefinitionProvider",
        "typeHierarchyProvider",
        "workspaceSymbolProvider",
    },
    "TextDocumentContentChangePartial": {"rangeLength"},
    "TextDocumentSyncOptions": {"willSave", "willSaveWaitUntil"},
    "WorkspaceOptions": {"textDocumentContent"},
}

# Required properties whose absence clients are forgiven, by the meta model's structure.
LENIENT = {
    "DiagnosticRegistrationOptions": {"documentSelector"},
    "DidChangeConfigurationParams": {"settings"},
    "InitializeParams": {"processId", "rootUri", "capabilities"},
    "OptionalVersionedTextDocumentIdentifier": {"version"},
    "WorkspaceFullDocumentDiagnosticReport": {"version"},
    "WorkspaceUnchangedDocumentDiagnosticReport": {"version"},
    # A change without a range replaces the whole document.
    "TextDocumentContentChangePartial": {"range"},
    # One structure of ours stands for several whose only difference is which property is required.
    "AnnotatedTextEdit": {"annotationId"},
    "NotebookDocumentFilterNotebookType": {"notebookType"},
    "NotebookDocumentFilterPattern": {"pattern"},
    "NotebookDocumentFilterScheme": {"scheme"},
    "NotebookDocumentFilterWithCells": {"cells"},
    "NotebookDocumentFilterWithNotebook": {"notebook"},
    "TextDocumentFilterLanguage": {"language"},
    "TextDocumentFilterPattern": {"pattern"},
    "TextDocumentFilterScheme": {"scheme"},
}

# The alternative to exemplify where we do not support the first one.
PREFERRED = {
    "ServerCapabilities.textDocumentSync": lsp.TextDocumentSyncOptions,
    "ServerCapabilities.notebookDocumentSync": lsp.NotebookDocumentSyncOptions,
    "ServerCapabilities.codeActionProvider": lsp.CodeActionOptions,
    "ServerCapabilities.diagnosticProvider": lsp.DiagnosticOptions,
    "TextDocumentSyncOptions.save": lsp.SaveOptions,
    "WorkspaceFoldersServerCapabilities.changeNotifications": bool,
    "RelativePattern.baseUri": str,
    "Hover.contents": lsp.MarkupContent,
    "NotebookDocumentSyncOptions.notebookSelector": typing.Sequence[
        lsp.NotebookDocumentFilterWithNotebook
    ],
    "NotebookDocumentFilterWithNotebook.notebook": lsp.NotebookDocumentFilterNotebookType,
    "NotebookDocumentFilterWithCells.notebook": lsp.NotebookDocumentFilterNotebookType,
    "TextDocumentFilterLanguage.pattern": str,
    "TextDocumentFilterScheme.pattern": str,
    "TextDocumentFilterPattern.pattern": str,
    "NotebookDocumentFilterNotebookType.pattern": str,
    "NotebookDocumentFilterScheme.pattern": str,
    "NotebookDocumentFilterPattern.pattern": str,
    "DidChangeConfigurationRegistrationOptions.section": typing.Sequence[str],
}

# Values to exemplify an enumeration by, where we know only some.
ENUM_VALUES = {
    lsp.PositionEncodingKind: "utf-8",
    lsp.TraceValue: "verbose",
    lsp.SymbolKind: 12,
}


def example(kind: Any, key: str = "") -> Any:
    """The smallest value of a type."""
    if isinstance(kind, typing.ForwardRef):
        kind = kind.__forward_arg__
    if isinstance(kind, str):
        kind = getattr(lsp, kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Union:
        if Any in arguments:
            return {"any": [1, None]}
        return example(next(a for a in arguments if a is not type(None)), key)
    if origin is typing.Literal:
        return arguments[0]
    if origin in (list, typing.get_origin(typing.Sequence[int])):
        return [example(arguments[0], key)]
    if origin in (dict, typing.get_origin(typing.Mapping[str, int])):
        return {"file:///key": example(arguments[1], key)}
    if kind is Any or kind is object or kind is lsp.LSPObject:
        return {"any": [1, None]}
    if attrs.has(kind):
        return smallest(kind)
    if issubclass(kind, enum.Enum):
        return ENUM_VALUES.get(kind, next(iter(kind)).value)
    if kind is bool:
        return True
    if kind is int:
        return 1
    if kind is float:
        return 1.5
    assert kind is str, kind
    return "file:///a.py" if key.lower().endswith("uri") else "text"


def property_example(cls: type, prop: validate.Property) -> Any:
    if prop.options is not None:
        return prop.options[0]
    kind = PREFERRED.get(f"{cls.__name__}.{prop.key}", prop.type)
    return example(kind, prop.key)


def smallest(cls: type) -> dict:
    return {
        key: property_example(cls, prop)
        for key, prop in validate.properties(cls).items()
        if prop.required
    }


@pytest.fixture(scope="module")
def program():
    assert ECHO.exists(), f"{ECHO} is not built; AWAITLS_PROTOCOL_ECHO names another place"
    with subprocess.Popen([ECHO], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:

        def echo(name: str, value: Any) -> dict:
            process.stdin.write(json.dumps({"type": name, "value": value}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield echo
        process.stdin.close()


def structures() -> list[str]:
    if not ECHO.exists():
        return []
    return subprocess.run([ECHO, "--list"], check=True, capture_output=True, text=True).stdout.split()


PAIRS = [
    (ours, model)
    for ours in structures()
    if ours != "ClientCapabilities"
    for model in NAMES.get(ours, [ours])
]


def test_every_structure_is_compared():
    assert len(PAIRS) > 100
    known = {ours for ours, _ in PAIRS}
    assert set(NAMES) <= known
    models = {model for _, model in PAIRS}
    assert set(UNUSED) <= models
    assert set(LENIENT) <= models


def normalised(ours: str, value: Any, sent: Any) -> Any:
    """What came back without what we always write: all of the client's capabilities and the trace."""
    if ours == "InitializeParams" and isinstance(value, dict):
        value = dict(value)
        assert validate.check(lsp.ClientCapabilities, value["capabilities"], "capabilities") == []
        value["capabilities"] = sent["capabilities"]
        if "trace" not in sent:
            assert value.pop("trace") == "off"
    if ours == "TextDocumentSyncOptions" and "change" not in sent:
        value = dict(value)
        assert value.pop("change") == 0
    if ours == "ServerCapabilities" and isinstance(value.get("textDocumentSync"), dict):
        value = dict(value)
        value["textDocumentSync"] = normalised(
            "TextDocumentSyncOptions", value["textDocumentSync"], sent["textDocumentSync"]
        )
    return value


@pytest.mark.parametrize("ours, model", PAIRS, ids=[f"{o}-{m}" for o, m in PAIRS])
def test_structure(program, ours, model):
    cls = getattr(lsp, model)
    known = validate.properties(cls)
    base = smallest(cls)
    unused = UNUSED.get(model, set())
    assert unused <= set(known), "UNUSED names a property that the meta model does not have"

    def check_echo(sent: dict, expected: dict) -> None:
        assert validate.check(cls, sent, model) == [], "the example itself is wrong"
        answer = program(ours, sent)
        assert "value" in answer, (sent, answer)
        assert validate.check(cls, answer["value"], model) == []
        assert normalised(ours, answer["value"], sent) == expected

    check_echo(base, base)
    everything = dict(base)
    for key, prop in known.items():
        if key in base:
            continue
        sent = dict(base)
        sent[key] = property_example(cls, prop)
        check_echo(sent, base if key in unused else sent)
        everything[key] = sent[key]
    check_echo(everything, {k: v for k, v in everything.items() if k not in unused})

    lenient = LENIENT.get(model, set())
    for key in base:
        answer = program(ours, {k: v for k, v in base.items() if k != key})
        if key in lenient:
            assert "value" in answer, (key, answer)
        else:
            assert answer.get("error", "").startswith(f"value.{key}: expected"), (key, answer)


def test_capabilities_are_named_as_in_the_meta_model(program):
    """Each capability that we read is one of the meta model: all of them on, and each echoed."""
    client = {
        "workspace": {
            "applyEdit": True,
            "configuration": True,
            "workspaceFolders": True,
            "fileOperations": {"didRename": True, "didDelete": True},
            "workspaceEdit": {"documentChanges": True, "changeAnnotationSupport": {}},
            "didChangeConfiguration": {"dynamicRegistration": True},
            "didChangeWatchedFiles": {"dynamicRegistration": True, "relativePatternSupport": True},
            "diagnostics": {"refreshSupport": True},
        },
        "textDocument": {
            "synchronization": {"didSave": True},
            "publishDiagnostics": {
                "relatedInformation": True,
                "versionSupport": True,
                "tagSupport": {"valueSet": [1, 2]},
                "codeDescriptionSupport": True,
                "dataSupport": True,
            },
            "hover": {"contentFormat": ["markdown", "plaintext"]},
            "codeAction": {
                "isPreferredSupport": True,
                "disabledSupport": True,
                "dataSupport": True,
                "resolveSupport": {"properties": ["edit", "command"]},
                "codeActionLiteralSupport": {
                    "codeActionKind": {"valueSet": ["quickfix", "source", "source.fixAll"]}
                },
            },
            "callHierarchy": {},
            "diagnostic": {"dynamicRegistration": True, "relatedDocumentSupport": True},
        },
        "notebookDocument": {"synchronization": {}},
        "window": {"workDoneProgress": True, "showMessage": {"messageActionItem": {}}},
        "general": {
            "staleRequestSupport": {"cancel": True, "retryOnContentModified": []},
            "markdown": {"parser": "marked"},
            "positionEncodings": ["utf-8", "utf-16", "utf-32"],
        },
    }
    assert validate.check(lsp.ClientCapabilities, client, "capabilities") == []
    assert program("ClientCapabilities", client) == {"value": client}
    nothing = program("ClientCapabilities", {})["value"]
    assert validate.check(lsp.ClientCapabilities, nothing, "capabilities") == []


def test_enumerations_are_those_of_the_meta_model(program):
    """Each value we name round-trips; the next one after the last is refused or taken as not given."""
    range_ = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    for severity in lsp.DiagnosticSeverity:
        value = {"range": range_, "message": "", "severity": severity.value}
        assert program("Diagnostic", value) == {"value": value}
    for tag in lsp.DiagnosticTag:
        value = {"range": range_, "message": "", "tags": [tag.value]}
        assert program("Diagnostic", value) == {"value": value}
    for kind in lsp.FileChangeType:
        value = {"uri": "a:b", "type": kind.value}
        assert program("FileEvent", value) == {"value": value}
    for kind in (k for k in lsp.MessageType if k.name != "Debug"):
        value = {"type": kind.value, "message": ""}
        assert program("LogMessageParams", value) == {"value": value}
    for kind in lsp.TextDocumentSyncKind:
        assert program("TextDocumentSyncOptions", {"change": kind.value}) == {"value": {"change": kind.value}}
    for kind in lsp.NotebookCellKind:
        value = {"kind": kind.value, "document": "a:b"}
        assert program("NotebookCell", value) == {"value": value}
    for kind in lsp.CodeActionTriggerKind:
        value = {"diagnostics": [], "triggerKind": kind.value}
        assert program("CodeActionContext", value) == {"value": value}
    for kind in lsp.SymbolKind:
        value = {"name": "n", "kind": kind.value, "uri": "a:b", "range": range_, "selectionRange": range_}
        assert program("CallHierarchyItem", value) == {"value": value}
    for kind in lsp.MarkupKind:
        assert program("MarkupContent", {"kind": kind.value, "value": ""})["value"]["kind"] == kind.value
    for kind in lsp.PositionEncodingKind:
        assert program("ServerCapabilities", {"positionEncoding": kind.value}) == {
            "value": {"positionEncoding": kind.value}
        }
    for kind in lsp.TraceValue:
        assert program("SetTraceParams", {"value": kind.value}) == {"value": {"value": kind.value}}
    assert program("SetTraceParams", {"value": "later"}) == {"value": {"value": "off"}}
    assert "error" in program("FileEvent", {"uri": "a:b", "type": 4})
    assert program("Diagnostic", {"range": range_, "message": "", "severity": 5}) == {
        "value": {"range": range_, "message": ""}
    }
