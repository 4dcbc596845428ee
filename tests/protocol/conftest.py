import json
import pathlib
import sys

import pytest

from client import Client, binary, merged

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "conformance"))

from validate import validate_records

PUSH = {
    "general": {"positionEncodings": ["utf-16"]},
    "textDocument": {
        "publishDiagnostics": {
            "relatedInformation": True, "codeDescriptionSupport": True, "versionSupport": True,
            "tagSupport": {"valueSet": [1, 2]}, "dataSupport": True,
        },
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["", "quickfix", "source", "source.fixAll"]}},
            "isPreferredSupport": True, "dataSupport": True, "resolveSupport": {"properties": ["edit"]},
        },
        "hover": {"contentFormat": ["markdown", "plaintext"]},
        "synchronization": {"didSave": True},
    },
    "workspace": {"workspaceEdit": {"documentChanges": True}, "applyEdit": True, "workspaceFolders": True},
}


@pytest.fixture
def push() -> dict:
    """Capabilities of a client that takes everything but is told diagnostics."""
    return PUSH


@pytest.fixture
def pull() -> dict:
    """Capabilities of a client that asks for diagnostics."""
    return merged(PUSH, {"textDocument": {"diagnostic": {}}, "workspace": {"diagnostics": {"refreshSupport": True}}})


@pytest.fixture
def start(tmp_path_factory, tmp_path):
    """Starts servers. After a test that passed, each is ended in order and its traffic validated."""
    clients: list[Client] = []
    traffic = tmp_path_factory.mktemp("traffic")

    def start_one(*arguments: str, cache: pathlib.Path | None = None) -> Client:
        """Servers know nothing of each other's results, but those with the same folder for caches."""
        record = traffic / f"{len(clients)}.jsonl"
        client = Client([binary(), "server", *arguments], record, tmp_path, cache or record.with_suffix(".cache"))
        clients.append(client)
        return client

    try:
        yield start_one
        for client in clients:
            client.finish()
    finally:
        for client in clients:
            client.kill()
    for client in clients:
        records = [json.loads(line) for line in client.record_path.read_text().splitlines()]
        errors = validate_records(records, False, client.cut)
        assert errors == [], "\n".join(errors)


@pytest.fixture
def client(start, push) -> Client:
    """A session with a client that is told diagnostics."""
    one = start()
    one.initialize(push)
    return one
