"""What a whole workspace costs: to index it, to keep it in mind, to check it again, and an edit that others depend on."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import latency

Json = dict[str, Any]

# Imports what the tables of libraries are made for: those are made once, and no part of what a workspace costs.
TINY = "import asyncio\n\n\nasync def main():\n    result = await asyncio.sleep(1)\n    value = len(str(result))\n"
USERS = 500
REST = 4.0  # seconds; the server lets go of what it read after two


class Workspace:
    """A server with some documents of a folder."""

    def __init__(self, awaitls: Path, root: Path) -> None:
        self.root = root
        self.server = latency.Server([str(awaitls), "server"], "push", root)
        self.versions: dict[str, int] = {}
        self.arrived = 0.0  # when the last message came
        self.index_ready: float | None = None

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str) -> float:
        self.versions[name] = 1
        item = {"uri": self.uri(name), "languageId": "python", "version": 1, "text": text}
        return self.sent("textDocument/didOpen", {"textDocument": item}, name)

    def edit(self, name: str, line: int, begin: int, end: int, text: str, reported: str) -> float:
        """Seconds until the diagnostics of the document `reported` come."""
        self.versions[name] += 1
        span = {"start": {"line": line, "character": begin}, "end": {"line": line, "character": end}}
        document = {"uri": self.uri(name), "version": self.versions[name]}
        return self.sent(
            "textDocument/didChange", {"textDocument": document, "contentChanges": [{"range": span, "text": text}]}, reported
        )

    def sent(self, method: str, params: Json, reported: str) -> float:
        begin = time.perf_counter()
        self.server.notify(method, params)
        return self.reported(reported) - begin

    def reported(self, name: str) -> float:
        """When the next diagnostics of a document came."""
        for message in self.messages():
            if message.get("method") == "textDocument/publishDiagnostics" and message["params"]["uri"] == self.uri(name):
                return self.arrived
        raise AssertionError("messages() ends by raising only")

    def indexed(self) -> float:
        """When the index of the folder was ready."""
        messages = self.messages()
        while self.index_ready is None:
            next(messages)
        return self.index_ready

    def messages(self) -> Iterator[Json]:
        for self.arrived, message in self.server.messages():
            if message.get("method") == "window/logMessage" and message["params"]["message"].startswith("indexed "):
                self.index_ready = self.arrived
            yield message


def memory_at_rest(awaitls: Path, root: Path) -> tuple[int, float, float]:
    """Bytes, seconds until the first document was reported, seconds until all was indexed."""
    workspace = Workspace(awaitls, root)
    begin = time.perf_counter()
    opened = workspace.open("awaitls_bench_document.py", TINY)
    indexed = workspace.indexed() - begin
    time.sleep(REST)
    used = workspace.server.memory("RssAnon")
    workspace.server.close()
    return used, opened, indexed


def bench_memory(awaitls: Path, root: Path, size: int) -> Json:
    with tempfile.TemporaryDirectory() as empty:
        floor, _, _ = memory_at_rest(awaitls, Path(empty))
    used, opened, indexed = memory_at_rest(awaitls, root)
    return {
        "workspace": root.name, "bytes": size, "empty": floor, "full": used, "closed_over_source": (used - floor) / size,
        "first_report_ms": opened * 1e3, "indexed_ms": indexed * 1e3,
    }


def bench_start(awaitls: Path, root: Path, rounds: int) -> Json:
    """`awaitls check` of a folder for the first time, and again."""
    walls: dict[str, list[float]] = {"first": [], "second": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for name, samples in walls.items():
                begin = time.perf_counter()
                subprocess.run(
                    [awaitls, "check", "--exit-zero", "--isolated", "--statistics", root], check=True, capture_output=True,
                    env={**os.environ, "XDG_CACHE_HOME": cache},
                )
                samples.append(time.perf_counter() - begin)
                time.sleep(0.05)  # the files are older than the second run by more than their clock's step
    return {
        "workspace": root.name, "first_s": walls["first"], "second_s": walls["second"],
        "second_over_first": statistics.median(walls["second"]) / statistics.median(walls["first"]),
    }


def bench_server_start(awaitls: Path, root: Path, rounds: int) -> Json:
    """A server's first report of a whole workspace, and that of the next server."""
    walls: dict[str, list[float]] = {"first": [], "second": []}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            for samples in walls.values():
                begin = time.perf_counter()
                options = {"diagnosticMode": "workspace"}
                server = latency.Server([str(awaitls), "server"], "pull", root, options, cache)
                server.request("workspace/diagnostic", {"previousResultIds": []})
                samples.append(time.perf_counter() - begin)
                time.sleep(REST)  # results are written after the answer
                server.close()
    return {
        "workspace": root.name, "first_s": walls["first"], "second_s": walls["second"],
        "second_over_first": statistics.median(walls["second"]) / statistics.median(walls["first"]),
    }


def bench_relink(awaitls: Path, rounds: int) -> Json:
    """Letters in a body of a module that many import, and its function made async and sync again."""
    letters: list[float] = []
    signatures: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        filler = "".join(f"\n\ndef helper_{i}(value):\n    return value + {i}\n" for i in range(200))
        leaf = "def load(path):\n    count = 1\n    return count\n" + filler
        user = "import leaf\n\n\nasync def main():\n    leaf.load('a')\n" + filler
        (root / "leaf.py").write_text(leaf)
        for i in range(USERS):
            (root / f"user_{i}.py").write_text(user)
        workspace = Workspace(awaitls, root)
        workspace.open("leaf.py", leaf)
        workspace.indexed()
        workspace.open("user_7.py", user)
        for _ in range(20 * rounds):
            for begin, end, text in ((9, 9, "x"), (9, 10, "")):
                time.sleep(latency.PAUSE)
                letters.append(workspace.edit("leaf.py", 1, begin, end, text, "leaf.py"))
            for begin, end, text in ((0, 0, "async "), (0, 6, "")):
                time.sleep(latency.PAUSE)
                signatures.append(workspace.edit("leaf.py", 0, begin, end, text, "user_7.py"))
        workspace.server.close()
    return {
        "users": USERS, "letter_ms": statistics.median(letters) * 1e3, "signature_ms": statistics.median(signatures) * 1e3,
        "signature_over_letter": statistics.median(signatures) / statistics.median(letters),
    }
