"""A small client for language servers, and where to type in a document."""

from __future__ import annotations

import ast
import itertools
import json
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

Json = dict[str, Any]

# A server that is silent for so long is broken; nothing that is measured comes near it.
PATIENCE = 30.0
# Between an answer and the next edit, as fast typing has it: the server is asleep again by then.
PAUSE = 0.02

URI = "file:///bench/app/module.py"


class Server:
    """A language server with one open document. The caller's thread does all reading and writing, and a message is
    stamped with the time when its last byte was read, before it is understood: this side costs next to nothing."""

    def __init__(
        self, command: list[str], mode: str, root: Path | None = None, options: Json | None = None, cache: str | None = None
    ) -> None:
        assert mode in ("push", "pull")
        self.command, self.mode = command, mode
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0,
            env=os.environ | ({} if cache is None else {"XDG_CACHE_HOME": cache}),
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin.fileno(), self.process.stdout.fileno()
        self.buffer = b""
        self.ids = itertools.count(1)
        self.version = 0
        document: Json = {"publishDiagnostics": {"versionSupport": True, "relatedInformation": True}}
        if mode == "pull":
            document["diagnostic"] = {"dynamicRegistration": False}
        # Who cannot be told to pull again is told diagnostics.
        workspace = {"diagnostics": {"refreshSupport": mode == "pull"}}
        capabilities = {"textDocument": document, "workspace": workspace, "general": {"positionEncodings": ["utf-16"]}}
        folders = [] if root is None else [{"uri": root.as_uri(), "name": root.name}]
        self.request("initialize", {
            "processId": None, "rootUri": None if root is None else root.as_uri(), "workspaceFolders": folders,
            "capabilities": capabilities, "initializationOptions": options or {},
        })
        self.notify("initialized", {})

    # --- messages --------------------------------------------------------------------------------

    @staticmethod
    def frame(message: Json) -> bytes:
        body = json.dumps({"jsonrpc": "2.0", **message}, separators=(",", ":")).encode()
        return b"Content-Length: %d\r\n\r\n" % len(body) + body

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self.stdin, view) :]

    def messages(self) -> Iterator[tuple[float, Json]]:
        """What the server sends, each with the time when it had arrived whole."""
        arrived = time.perf_counter()
        while True:
            head, separator, rest = self.buffer.partition(b"\r\n\r\n")
            size = int(re.search(rb"Content-Length: (\d+)", head)[1]) if separator else 0  # type: ignore[index]
            if separator and len(rest) >= size:
                self.buffer = rest[size:]
                yield arrived, json.loads(rest[:size])
                continue
            if not select.select([self.stdout], [], [], PATIENCE)[0]:
                raise TimeoutError(f"{self.command[0]} said nothing for {PATIENCE:g} s")
            chunk = os.read(self.stdout, 1 << 20)
            arrived = time.perf_counter()
            if not chunk:
                raise EOFError(f"{self.command[0]} ended, status {self.process.wait()}")
            self.buffer += chunk

    def notify(self, method: str, params: Json) -> None:
        self.write(self.frame({"method": method, "params": params}))

    def request(self, method: str, params: Json | None) -> Any:
        number = next(self.ids)
        self.write(self.frame({"id": number, "method": method, "params": params}))
        return self.reply(number)[1]

    def reply(self, number: int) -> tuple[float, Any]:
        for arrived, message in self.messages():
            if message.get("id") == number and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{self.command[0]}: {message['error']}")
                return arrived, message["result"]
        raise AssertionError("messages() ends by raising only")

    # --- the document ------------------------------------------------------------------------------

    def report(self, data: bytes) -> tuple[float, list[Json]]:
        """Sends an edit (or the document) and waits for the diagnostics of its version. Seconds, diagnostics."""
        if self.mode == "pull":
            number = next(self.ids)
            params = {"textDocument": {"uri": URI}}
            data += self.frame({"id": number, "method": "textDocument/diagnostic", "params": params})
            begin = time.perf_counter()
            self.write(data)
            arrived, result = self.reply(number)
            return arrived - begin, result["items"]
        begin = time.perf_counter()
        self.write(data)
        for arrived, message in self.messages():
            if message.get("method") != "textDocument/publishDiagnostics":
                continue
            if message["params"].get("version") == self.version:
                return arrived - begin, message["params"]["diagnostics"]
        raise AssertionError("messages() ends by raising only")

    def open(self, text: str) -> tuple[float, list[Json]]:
        self.version += 1
        item = {"uri": URI, "languageId": "python", "version": self.version, "text": text}
        return self.report(self.frame({"method": "textDocument/didOpen", "params": {"textDocument": item}}))

    def edit(self, line: int, begin: int, end: int, text: str, last_line: int | None = None) -> tuple[float, list[Json]]:
        self.version += 1
        stop = {"line": line if last_line is None else last_line, "character": end}
        change = {"range": {"start": {"line": line, "character": begin}, "end": stop}, "text": text}
        params = {"textDocument": {"uri": URI, "version": self.version}, "contentChanges": [change]}
        return self.report(self.frame({"method": "textDocument/didChange", "params": params}))

    def memory(self, kind: str) -> int:
        """Bytes, as Linux counts: VmHWM is the most that was resident at once, RssAnon what is now without mapped files."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{kind}:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]

    def peak_memory(self) -> int:
        return self.memory("VmHWM")

    def close(self) -> None:
        self.request("shutdown", None)
        self.notify("exit", {})
        self.process.wait(timeout=PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


# --- probes ------------------------------------------------------------------------------------------


class Site(NamedTuple):
    """A statement `NAME = ...` in the body of an async function: where a letter can be typed or a line be inserted."""

    line: int
    column: int  # behind NAME
    indent: int


def find_sites(text: str) -> list[Site]:
    lines = text.split("\n")
    sites = []
    open_nodes: list[ast.AST] = [
        statement for node in ast.walk(ast.parse(text)) if isinstance(node, ast.AsyncFunctionDef) for statement in node.body
    ]
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue  # code that runs elsewhere, or is visited for itself
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            target = node.targets[0]
            own_line = not lines[node.lineno - 1][: node.col_offset].strip() and lines[node.lineno - 1].isascii()
            if own_line:
                sites.append(Site(node.lineno - 1, target.end_col_offset or 0, node.col_offset))
        open_nodes += [child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.excepthandler))]
    return sorted(sites)


def spread(sites: list[Site], count: int) -> list[Site]:
    """Some of them, from everywhere in the file."""
    step = max(len(sites) // count, 1)
    return sites[step // 2 :: step][:count]


def type_letters(servers: list[Server], sites: list[Site]) -> list[list[float]]:
    """Types a word, letter by letter, and takes it back, at each site; each letter is one sample of each server. The
    servers get each letter in turn: what the machine does besides falls on all of them."""
    samples: list[list[float]] = [[] for _ in servers]
    for site in sites:
        letters = [(site.column + i, site.column + i, "x") for i in range(4)]
        letters += [(site.column + i - 1, site.column + i, "") for i in range(4, 0, -1)]
        for begin, end, text in letters:
            for server, taken in zip(servers, samples):
                time.sleep(PAUSE)
                taken.append(server.edit(site.line, begin, end, text)[0])
    return samples
