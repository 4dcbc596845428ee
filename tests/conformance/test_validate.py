"""The validator itself: it accepts right sessions and rejects every seeded error."""

from __future__ import annotations

import copy
import json

import attrs
import pytest
from lsprotocol import types as lsp

import validate

POSITION = {"line": 0, "character": 0}
RANGE = {"start": POSITION, "end": {"line": 0, "character": 5}}
CLIENT = {
    "general": {"positionEncodings": ["utf-8", "utf-16"]},
    "window": {"workDoneProgress": True},
    "workspace": {
        "applyEdit": True,
        "configuration": True,
        "workspaceEdit": {"documentChanges": True},
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "diagnostics": {"refreshSupport": True},
    },
}


def request(direction, number, method, params=None):
    message = {"jsonrpc": "2.0", "id": number, "method": method}
    if params is not None:
        message["params"] = params
    return {"dir": direction, "message": message}


def notification(direction, method, params):
    return {"dir": direction, "message": {"jsonrpc": "2.0", "method": method, "params": params}}


def response(direction, number, result):
    return {"dir": direction, "message": {"jsonrpc": "2.0", "id": number, "result": result}}


def failure(direction, number, code, data=None):
    error = {"code": code, "message": "m"}
    if data is not None:
        error["data"] = data
    return {"dir": direction, "message": {"jsonrpc": "2.0", "id": number, "error": error}}


DIAGNOSTIC = {
    "range": RANGE,
    "severity": 2,
    "code": "blocking-sleep",
    "codeDescription": {"href": "https://example.org/rule"},
    "source": "awaitls",
    "message": "m",
    "tags": [1],
    "relatedInformation": [{"location": {"uri": "file:///b.py", "range": RANGE}, "message": "r"}],
    "data": {"anything": [1, None]},
}


def good_session():
    document = {"uri": "file:///a.py"}
    return [
        request("in", 0, "initialize", {"processId": None, "rootUri": None, "capabilities": CLIENT}),
        response(
            "out",
            0,
            {
                "capabilities": {
                    "positionEncoding": "utf-8",
                    "textDocumentSync": {"openClose": True, "change": 2, "save": {"includeText": True}},
                    "hoverProvider": True,
                    "codeActionProvider": {
                        "codeActionKinds": ["quickfix", "source.fixAll.awaitls"],
                        "resolveProvider": True,
                    },
                    "diagnosticProvider": {
                        "interFileDependencies": True,
                        "workspaceDiagnostics": False,
                    },
                },
                "serverInfo": {"name": "awaitls", "version": "1"},
            },
        ),
        notification("in", "initialized", {}),
        request("out", 1, "workspace/configuration", {"items": [{"section": "awaitls"}]}),
        response("in", 1, [None]),
        request(
            "out",
            2,
            "client/registerCapability",
            {
                "registrations": [
                    {
                        "id": "w",
                        "method": "workspace/didChangeWatchedFiles",
                        "registerOptions": {"watchers": [{"globPattern": "**/pyproject.toml"}]},
                    }
                ]
            },
        ),
        response("in", 2, None),
        request("out", "p", "window/workDoneProgress/create", {"token": "t"}),
        response("in", "p", None),
        notification("out", "$/progress", {"token": "t", "value": {"kind": "begin", "title": "x"}}),
        notification("out", "$/progress", {"token": "t", "value": {"kind": "end"}}),
        notification(
            "out",
            "textDocument/publishDiagnostics",
            {"uri": "file:///a.py", "version": 1, "diagnostics": [DIAGNOSTIC]},
        ),
        request("in", 3, "textDocument/diagnostic", {"textDocument": document}),
        response("out", 3, {"kind": "full", "resultId": "r", "items": [DIAGNOSTIC]}),
        request(
            "in", 4, "textDocument/diagnostic", {"textDocument": document, "previousResultId": "r"}
        ),
        response("out", 4, {"kind": "unchanged", "resultId": "r"}),
        request("in", 5, "textDocument/hover", {"textDocument": document, "position": POSITION}),
        response("out", 5, None),
        request(
            "in",
            6,
            "textDocument/codeAction",
            {"textDocument": document, "range": RANGE, "context": {"diagnostics": []}},
        ),
        response(
            "out",
            6,
            [
                {
                    "title": "t",
                    "kind": "quickfix",
                    "isPreferred": True,
                    "edit": {
                        "documentChanges": [
                            {
                                "textDocument": {"uri": "file:///a.py", "version": None},
                                "edits": [{"range": RANGE, "newText": "await "}],
                            }
                        ]
                    },
                }
            ],
        ),
        request("in", 7, "workspace/diagnostic", {"previousResultIds": [], "partialResultToken": "q"}),
        notification(
            "out",
            "$/progress",
            {
                "token": "q",
                "value": {
                    "items": [{"kind": "full", "items": [], "uri": "file:///c.py", "version": None}]
                },
            },
        ),
        failure("out", 7, -32802, {"retriggerRequest": True}),
        request("in", 8, "shutdown"),
        response("out", 8, None),
        {"dir": "in", "message": {"jsonrpc": "2.0", "method": "exit"}},
    ]


def test_a_right_session_has_no_errors():
    assert validate.validate_records(good_session(), check_client=True) == []


def index_of(session, label):
    """The position of a message: "out:METHOD" or "out:response:ID"."""
    direction, what, *number = label.split(":")
    for position, record in enumerate(session):
        message = record["message"]
        if record["dir"] != direction:
            continue
        if number and "method" not in message and message["id"] == int(number[0]):
            return position
        if not number and message.get("method") == what:
            return position
    raise LookupError(label)


def drop(*path):
    def change(message):
        for step in path[:-1]:
            message = message[step]
        del message[path[-1]]

    return change


def put(value, *path):
    def change(message):
        for step in path[:-1]:
            message = message[step]
        message[path[-1]] = value

    return change


PUBLISH = "out:textDocument/publishDiagnostics"
FIRST = ("params", "diagnostics", 0)

SEEDED = [
    # required properties
    (PUBLISH, drop("params", "uri"), "params.uri: required"),
    (PUBLISH, drop("params", "diagnostics"), "params.diagnostics: required"),
    (PUBLISH, drop("params"), "params: missing"),
    (PUBLISH, drop(*FIRST, "range"), "range: required"),
    (PUBLISH, drop(*FIRST, "message"), "message: required"),
    (PUBLISH, drop(*FIRST, "range", "end", "character"), "character: required"),
    (PUBLISH, drop(*FIRST, "relatedInformation", 0, "location", "uri"), "uri: required"),
    ("out:response:3", drop("result", "kind"), "kind"),
    ("out:response:3", drop("result", "items"), "items: required"),
    ("out:response:4", drop("result", "resultId"), "resultId: required"),
    ("out:response:0", drop("result", "capabilities"), "capabilities: required"),
    (
        "out:response:0",
        drop("result", "capabilities", "diagnosticProvider", "interFileDependencies"),
        "interFileDependencies: required",
    ),
    (
        "out:response:6",
        drop("result", 0, "edit", "documentChanges", 0, "textDocument", "version"),
        "version: required",
    ),
    # types
    (PUBLISH, put("1", "params", "version"), "params.version: expected an integer"),
    (PUBLISH, put(1.5, "params", "version"), "params.version: expected an integer"),
    (PUBLISH, put(2**31, "params", "version"), "out of the range"),
    (PUBLISH, put({}, "params", "diagnostics"), "expected an array"),
    (PUBLISH, put(7, *FIRST, "source"), "source: expected a string"),
    (PUBLISH, put(True, *FIRST, "code"), "code: expected"),
    (PUBLISH, put("0", *FIRST, "range", "start", "line"), "line: expected an integer"),
    (PUBLISH, put(-1, *FIRST, "range", "start", "line"), "line"),
    (PUBLISH, put(True, *FIRST, "range", "start", "line"), "line: expected an integer"),
    (PUBLISH, put("no uri", "params", "uri"), "not a URI"),
    (PUBLISH, put(9, *FIRST, "range", "start", "character"), "starts after its end"),
    ("out:response:0", put("yes", "result", "capabilities", "hoverProvider"), "hoverProvider"),
    ("out:response:6", put(1, "result", 0, "isPreferred"), "isPreferred: expected a boolean"),
    # null
    (PUBLISH, put(None, "params", "version"), "params.version: must be left out"),
    (PUBLISH, put(None, *FIRST, "tags"), "tags: must be left out"),
    (PUBLISH, put(None, "params", "uri"), "params.uri: expected a string"),
    # unknown keys
    (PUBLISH, put(1, *FIRST, "fix"), "fix: unknown key"),
    (PUBLISH, put(1, "params", "Version"), "Version: unknown key"),
    (PUBLISH, put(1, "extra"), "unknown key extra"),
    ("out:response:0", put({}, "result", "capabilities", "hover"), "hover: unknown key"),
    # enumerations
    (PUBLISH, put(5, *FIRST, "severity"), "5 is not a DiagnosticSeverity"),
    (PUBLISH, put([3], *FIRST, "tags"), "3 is not a DiagnosticTag"),
    ("out:response:0", put(3, "result", "capabilities", "textDocumentSync", "change"), "3 is not a"),
    ("out:response:3", put("partial", "result", "kind"), "kind"),
    # results
    ("out:response:5", put([], "result"), "textDocument/hover result"),
    ("out:response:5", put({"contents": {"kind": "html", "value": ""}}, "result"), "kind"),
    ("out:response:6", put({}, "result"), "textDocument/codeAction result"),
    ("out:response:0", put(None, "result"), "initialize result"),
    ("out:response:8", put({}, "result"), "shutdown result"),
    ("out:response:0", put("utf-32", "result", "capabilities", "positionEncoding"), "not offered"),
    # the envelope
    (PUBLISH, put("1.0", "jsonrpc"), "jsonrpc"),
    (PUBLISH, put(4, "id"), "has an id"),
    (PUBLISH, put("textDocument/publishDiagnostic", "method"), "not in the meta model"),
    (PUBLISH, put("textDocument/didOpen", "method"), "clientToServer only"),
    ("out:response:5", put(99, "id"), "answers no open request"),
    ("out:response:5", drop("result"), "a result or an error"),
    ("out:response:5", put({"code": 1, "message": "m"}, "error"), "a result or an error"),
    ("out:response:7", put("x", "error", "code"), "error.code"),
    ("out:response:7", drop("error", "message"), "error.message"),
    ("out:response:7", put({"retrigger": True}, "error", "data"), "retriggerRequest: required"),
    ("out:workspace/configuration", drop("id"), "has no id"),
    ("out:workspace/configuration", put([], "id"), "id: expected"),
    # progress and registration
    ("out:$/progress", drop("params", "value", "title"), "title: required"),
    ("out:$/progress", put("start", "params", "value", "kind"), "neither work done progress"),
    (
        "out:client/registerCapability",
        drop("params", "registrations", 0, "registerOptions", "watchers"),
        "watchers: required",
    ),
    (
        "out:client/registerCapability",
        put("textDocument/hover", "params", "registrations", 0, "method"),
        "did not announce textDocument.hover.dynamicRegistration",
    ),
]


@pytest.mark.parametrize("label, change, expected", SEEDED, ids=[s[2] + " @ " + s[0] for s in SEEDED])
def test_seeded_errors_are_found(label, change, expected):
    session = copy.deepcopy(good_session())
    change(session[index_of(session, label)]["message"])
    errors = validate.validate_records(session, cut=True)
    assert any(expected in error for error in errors), errors


@pytest.mark.parametrize(
    "path, method",
    [
        (("window", "workDoneProgress"), "window/workDoneProgress/create"),
        (("workspace", "configuration"), "workspace/configuration"),
        (("workspace", "workspaceEdit", "documentChanges"), "response"),
        (("workspace", "didChangeWatchedFiles", "dynamicRegistration"), "client/registerCapability"),
    ],
)
def test_what_the_client_lacks_may_not_be_used(path, method):
    session = copy.deepcopy(good_session())
    capabilities = session[0]["message"]["params"]["capabilities"]
    for step in path[:-1]:
        capabilities = capabilities[step]
    capabilities[path[-1]] = False
    errors = validate.validate_records(session)
    assert len(errors) == 1, errors
    assert method in errors[0] and "did not announce" in errors[0]


def test_unanswered_twice_answered_and_early_messages():
    session = good_session()
    position = index_of(session, "out:response:5")
    answered_twice = session[: position + 1] + session[position:]
    assert validate.validate_records(answered_twice) == [
        f"#{position + 2} response: answers no open request: id 5"
    ]
    unanswered = session[:position] + session[position + 1 :]
    assert validate.validate_records(unanswered) == [
        "request 5 (textDocument/hover) was never answered"
    ]
    assert validate.validate_records(unanswered, cut=True) == []
    early = [session[0], notification("out", "textDocument/publishDiagnostics", {"uri": "a:b", "diagnostics": []}), session[1]]
    assert validate.validate_records(early) == [
        "#2 textDocument/publishDiagnostics: sent before the answer to initialize"
    ]


def test_the_client_is_checked_on_demand():
    session = good_session()
    del session[0]["message"]["params"]["capabilities"]
    assert any("capabilities: required" in e for e in validate.validate_records(session, check_client=True))


def test_text_that_is_not_json_is_an_error():
    assert validate.validate_records([{"dir": "out", "text": "{"}]) != []
    assert validate.validate_records([{"dir": "in", "text": "{"}]) == []


def test_the_whole_meta_model_is_understood():
    """No property of any structure, and no result, makes the validator give up."""
    values = [None, True, 1, -1.5, "text", [], [{}], {}, {"no such key": [1]}]
    kinds = [
        prop.type
        for cls in vars(lsp).values()
        if isinstance(cls, type) and attrs.has(cls)
        for prop in validate.properties(cls).values()
    ]
    assert len(kinds) > 1000
    for kind in kinds:
        for value in values:
            assert isinstance(validate.check(kind, value, "value"), list)


def test_command_line(tmp_path, capsys):
    right = tmp_path / "right.jsonl"
    right.write_text("".join(json.dumps(r) + "\n" for r in good_session()))
    broken = good_session()
    del broken[1]["message"]["result"]["capabilities"]
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text("".join(json.dumps(r) + "\n" for r in broken))
    assert validate.main(["--both", str(right)]) == 0
    assert validate.main([str(right), str(wrong)]) == 1
    assert "capabilities: required by InitializeResult" in capsys.readouterr().out


def test_the_traffic_of_several_servers_is_as_many_sessions(tmp_path, capsys):
    traffic = tmp_path / "traffic.jsonl"
    records = [record | {"process": process, "time": 0} for process in (1, 2) for record in good_session()]
    traffic.write_text("".join(json.dumps(r) + "\n" for r in records))
    assert validate.main(["--both", str(traffic)]) == 0
    assert "of 2 servers" in capsys.readouterr().out
