"""A hand-written client for the real binary over stdio.

Whatever the server sends must be consumed by the test: finish() fails on messages that nobody took. Log messages of
severity warning and error count; information and debug ones are kept in `log` and need not be taken. All traffic is
recorded as JSON lines, one {"dir": "in"|"out", "message": ...} each ("in" is what the server receives).
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import queue
import re
import subprocess
import threading
from typing import Any

TIMEOUT = 60.0  # seconds that a message may take; only a hang comes near it

ERROR, WARNING, INFORMATION, HINT = 1, 2, 3, 4


def frame(body: str | bytes | dict) -> bytes:
    """One message as it stands on the wire."""
    if isinstance(body, dict):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    return b"Content-Length: %d\r\n\r\n" % len(body) + body


class ResponseError(Exception):
    def __init__(self, error: dict):
        super().__init__(f"{error['code']}: {error['message']}")
        self.code = error["code"]
        self.message = error["message"]
        self.data = error.get("data")


@dataclasses.dataclass
class Cell:
    """A cell of a notebook, and its text."""

    uri: str
    text: str = ""
    kind: int = 2
    language: str = "python"
    version: int = 1

    @property
    def item(self) -> dict:
        return {"kind": self.kind, "document": self.uri}

    @property
    def text_document(self) -> dict:
        return {"uri": self.uri, "languageId": self.language, "version": self.version, "text": self.text}


class Client:
    def __init__(self, arguments: list[str], record: pathlib.Path, cwd: pathlib.Path, cache: pathlib.Path):
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
            env=os.environ | {"XDG_CACHE_HOME": str(cache)},
        )
        self.record_path = record
        self.log: list[dict] = []
        self.opened: list[str] = []  # by open(), and maybe closed since
        self.server_capabilities: dict = {}
        self.configuration: Any = None  # answered to workspace/configuration: a value, or a function of the item
        self.registrations: list[dict] = []
        self.cut = False  # the session may end with requests unanswered
        self._record = record.open("w")
        self._record_lock = threading.Lock()
        self._arrived: queue.Queue = queue.Queue()
        self._inbox: list[dict] = []
        self._next_id = 0
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()
        self._errors: list[bytes] = []
        self._error_thread = threading.Thread(target=self._read_errors, daemon=True)
        self._error_thread.start()

    # ---- The wire ----

    def _read(self) -> None:
        stream = self.process.stdout
        while True:
            header = b""
            while not header.endswith(b"\r\n\r\n"):
                byte = stream.read(1)
                if not byte:
                    self._arrived.put({"end": header.decode(errors="replace")})
                    return
                header += byte
            match = re.fullmatch(rb"Content-Length: (\d+)\r\n\r\n", header)
            if not match:
                self._arrived.put({"junk": header.decode(errors="replace")})
                return
            body = stream.read(int(match[1]))
            message = json.loads(body)
            self._write_record("out", message)
            self._arrived.put(message)

    def _read_errors(self) -> None:
        for line in self.process.stderr:
            self._errors.append(line)

    def _write_record(self, direction: str, message: Any) -> None:
        with self._record_lock:
            self._record.write(json.dumps({"dir": direction, "message": message}) + "\n")

    def raw(self, data: bytes, *messages: dict) -> None:
        """Bytes as they are, and the messages among them, for the record."""
        for message in messages:
            self._write_record("in", message)
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, *messages: dict) -> None:
        """Messages in one write, so that the server reads them as one batch."""
        self.raw(b"".join(frame(message) for message in messages), *messages)

    # ---- Messages ----

    @staticmethod
    def notification(method: str, params: Any = None) -> dict:
        message = {"jsonrpc": "2.0", "method": method}
        return message if params is None else message | {"params": params}

    def new_request(self, method: str, params: Any = None) -> dict:
        self._next_id += 1
        return self.notification(method, params) | {"id": self._next_id}

    def notify(self, method: str, params: Any = None) -> None:
        self.send(self.notification(method, params))

    def request(self, method: str, params: Any = None) -> Any:
        """Sends a request and returns its result; ResponseError where it fails."""
        message = self.new_request(method, params)
        self.send(message)
        return self.response(message["id"])

    def response(self, request_id: Any) -> Any:
        message = self._take(lambda m: "method" not in m and m.get("id") == request_id, f"a response to {request_id}")
        if "error" in message:
            raise ResponseError(message["error"])
        return message["result"]

    def expect(self, method: str, **fields: Any) -> Any:
        """The params of the next message with this method, and these fields in its params."""

        def matches(message: dict) -> bool:
            params = message.get("params") or {}
            return message.get("method") == method and all(params.get(k) == v for k, v in fields.items())

        return self._take(matches, f"{method} {fields or ''}").get("params")

    def expect_log(self, pattern: str) -> str:
        """The next warning or error in the log; it must match."""
        message = self._take(lambda m: m.get("method") == "window/logMessage", f"a log entry like {pattern!r}")
        text = message["params"]["message"]
        assert re.search(pattern, text), f"logged {text!r}, expected {pattern!r}"
        return text

    def arrived(self, method: str) -> list[Any]:
        """The params of all messages with this method that came before the answer to a request sent now."""
        try:
            self.request("awaitls/barrier")
        except ResponseError:
            pass
        found = [message.get("params") for message in self._inbox if message.get("method") == method]
        self._inbox = [message for message in self._inbox if message.get("method") != method]
        return found

    def published(self, uri: str, version: int | None = None) -> list[dict]:
        """The diagnostics of the next publish for a document; they must be of this version."""
        params = self.expect("textDocument/publishDiagnostics", uri=uri)
        assert params.get("version") == version, f"published version {params.get('version')}, expected {version}"
        return params["diagnostics"]

    def _take(self, wanted, description: str) -> dict:
        for i, message in enumerate(self._inbox):
            if wanted(message):
                return self._inbox.pop(i)
        while True:
            message = self._receive(description)
            if message is None:
                continue
            if wanted(message):
                return message
            self._inbox.append(message)

    def _receive(self, waiting_for: str) -> dict | None:
        """One message; None where it needs no test."""
        assert not self._ended, f"the server ended before {waiting_for}"
        try:
            message = self._arrived.get(timeout=TIMEOUT)
        except queue.Empty:
            raise AssertionError(f"no {waiting_for}; unconsumed: {self._inbox}") from None
        if "end" in message:
            self._ended = True
            raise AssertionError(f"the server ended before {waiting_for}; stderr: {self.stderr()}")
        assert "junk" not in message, f"no message on stdout: {message['junk']!r}"
        method = message.get("method")
        if method == "window/logMessage" and message["params"]["type"] > WARNING:
            self.log.append(message["params"])
            return None
        if method == "client/registerCapability":
            self.registrations += message["params"]["registrations"]
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
            return None
        if method == "workspace/configuration":
            values = [
                self.configuration(item) if callable(self.configuration) else self.configuration
                for item in message["params"]["items"]
            ]
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": values})
            return None
        if method in ("workspace/diagnostic/refresh", "window/workDoneProgress/create"):
            self.send({"jsonrpc": "2.0", "id": message["id"], "result": None})
        return message

    # ---- A session ----

    def initialize(self, capabilities: dict | None = None, **params: Any) -> dict:
        result = self.request(
            "initialize",
            {"processId": None, "rootUri": None, "capabilities": capabilities or {}} | params,
        )
        self.server_capabilities = result["capabilities"]
        self.notify("initialized", {})
        return result

    def open(self, uri: str, text: str, version: int = 1, language: str = "python") -> None:
        self.opened.append(uri)
        self.notify("textDocument/didOpen", {
            "textDocument": {"uri": uri, "languageId": language, "version": version, "text": text}
        })

    @staticmethod
    def change_message(uri: str, version: int, *changes: dict) -> dict:
        return Client.notification("textDocument/didChange", {
            "textDocument": {"uri": uri, "version": version}, "contentChanges": list(changes)
        })

    def change(self, uri: str, version: int, *changes: dict) -> None:
        self.send(self.change_message(uri, version, *changes))

    def save(self, uri: str, text: str | None = None) -> None:
        self.notify("textDocument/didSave", {"textDocument": {"uri": uri}} | ({} if text is None else {"text": text}))

    def close(self, uri: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def open_notebook(self, uri: str, *cells: Cell, version: int = 1) -> None:
        self.notify("notebookDocument/didOpen", {
            "notebookDocument": {"uri": uri, "notebookType": "jupyter-notebook", "version": version,
                                 "cells": [cell.item for cell in cells]},
            "cellTextDocuments": [cell.text_document for cell in cells],
        })

    @staticmethod
    def notebook_change_message(uri: str, version: int, **change: Any) -> dict:
        return Client.notification("notebookDocument/didChange", {
            "notebookDocument": {"uri": uri, "version": version}, "change": change
        })

    def change_notebook(self, uri: str, version: int, **change: Any) -> None:
        self.send(self.notebook_change_message(uri, version, **change))

    def edit_cell(self, uri: str, version: int, cell: str, cell_version: int, *changes: dict) -> None:
        self.change_notebook(uri, version, cells={"textContent": [
            {"document": {"uri": cell, "version": cell_version}, "changes": list(changes)}
        ]})

    def splice_cells(self, uri: str, version: int, start: int, delete: int, cells: list[Cell] = [],
                     opened: list[Cell] | None = None, closed: list[Cell] = []) -> None:
        """All of the inserted cells are opened, unless it is said which."""
        self.change_notebook(uri, version, cells={"structure": {
            "array": {"start": start, "deleteCount": delete, "cells": [cell.item for cell in cells]},
            "didOpen": [cell.text_document for cell in (cells if opened is None else opened)],
            "didClose": [{"uri": cell.uri} for cell in closed],
        }})

    def close_notebook(self, uri: str, *cells: Cell) -> None:
        self.notify("notebookDocument/didClose", {
            "notebookDocument": {"uri": uri}, "cellTextDocuments": [{"uri": cell.uri} for cell in cells]
        })

    def pull(self, uri: str, previous: str | None = None) -> dict:
        return self.request("textDocument/diagnostic", {
            "textDocument": {"uri": uri}, "identifier": "awaitls"
        } | ({} if previous is None else {"previousResultId": previous}))

    def code_actions(self, uri: str, span: dict, only: list[str] | None = None, trigger: int = 1,
                     diagnostics: list[dict] | None = None) -> list[dict]:
        context: dict = {"diagnostics": diagnostics or [], "triggerKind": trigger}
        if only is not None:
            context["only"] = only
        return self.request("textDocument/codeAction",
                            {"textDocument": {"uri": uri}, "range": span, "context": context})

    def hover(self, uri: str, line: int, character: int) -> dict | None:
        return self.request("textDocument/hover",
                            {"textDocument": {"uri": uri}, "position": {"line": line, "character": character}})

    def stderr(self) -> str:
        return b"".join(self._errors).decode(errors="replace")

    def wait(self) -> int:
        """The exit status; messages that still arrive go to the inbox."""
        status = self.process.wait(timeout=TIMEOUT)
        self._error_thread.join(timeout=TIMEOUT)
        while not self._ended:
            message = self._arrived.get(timeout=TIMEOUT)
            if "end" in message:
                assert message["end"] == "", f"an incomplete message on stdout: {message['end']!r}"
                self._ended = True
            elif message.get("method") == "window/logMessage" and message["params"]["type"] > WARNING:
                self.log.append(message["params"])
            else:
                self._inbox.append(message)
        return status

    def unconsumed(self) -> list[dict]:
        return self._inbox

    def finish(self) -> None:
        """Ends the session in order. Fails on anything that the server sent and no test took."""
        if self.process.poll() is None:
            self.request("shutdown")
            self.notify("exit")
            assert self.wait() == 0
        elif not self._ended:
            self.wait()
        self._record.flush()
        assert self._inbox == [], f"messages that no test took: {json.dumps(self._inbox, indent=1)}"
        assert self.stderr() == "", f"on stderr: {self.stderr()}"

    def kill(self) -> None:
        """Leaves nothing behind, whatever happened."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._record.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass


def binary() -> str:
    path = os.environ.get("AWAITLS_BINARY")
    assert path, "set AWAITLS_BINARY to the path of the built awaitls"
    return path


def merged(base: dict, extra: dict) -> dict:
    """Capabilities with some more, or with other values."""
    result = dict(base)
    for key, value in extra.items():
        result[key] = merged(result[key], value) if isinstance(value, dict) and key in result else value
    return result


# ---- Positions and edits, by code points and apart from the server's own arithmetic ----

def span(start_line: int, start: int, end_line: int, end: int) -> dict:
    return {"start": {"line": start_line, "character": start}, "end": {"line": end_line, "character": end}}


def units(text: str, encoding: str) -> int:
    """The width of a text in a position encoding."""
    if encoding == "utf-8":
        return len(text.encode())
    if encoding == "utf-16":
        return len(text.encode("utf-16-le")) // 2
    return len(text)


def split_lines(text: str) -> list[str]:
    """Lines with their terminators, as the protocol counts them: LF, CR LF and CR."""
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$|(?<![^\r\n])$", text) or [""]


def offset(text: str, position: dict, encoding: str) -> int:
    lines = split_lines(text)
    if position["line"] >= len(lines):
        return len(text)
    line = lines[position["line"]].rstrip("\r\n")
    column = 0
    while column < len(line) and units(line[: column + 1], encoding) <= position["character"]:
        column += 1
    return sum(len(l) for l in lines[: position["line"]]) + column


def text_at(text: str, place: dict, encoding: str = "utf-16") -> str:
    return text[offset(text, place["start"], encoding):offset(text, place["end"], encoding)]


def edits_by_uri(edit: dict) -> dict[str, list[dict]]:
    """What a WorkspaceEdit does to each document."""
    if "documentChanges" in edit:
        changes = [(change["textDocument"]["uri"], change["edits"]) for change in edit["documentChanges"]]
        assert len(dict(changes)) == len(changes), "each document once"
        return dict(changes)
    return edit["changes"]


def apply(text: str, edit: dict, uri: str, encoding: str = "utf-16") -> str:
    """The text after a WorkspaceEdit that touches this document alone."""
    changes = edits_by_uri(edit)
    assert list(changes) == [uri]
    return apply_edits(text, changes[uri], encoding)


def apply_edits(text: str, edits: list[dict], encoding: str = "utf-16") -> str:
    places = [(offset(text, e["range"]["start"], encoding), offset(text, e["range"]["end"], encoding), e["newText"])
              for e in edits]
    assert places == sorted(places, key=lambda p: p[:2]), "edits in the order of the text"
    for begin, end, new in reversed(places):
        text = text[:begin] + new + text[end:]
    return text
