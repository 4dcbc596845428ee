"""What is found depends on the texts, not on how they came to be: a session of many edits in several documents and files finds
what a server finds that is started then, whatever the order in which documents are opened."""

import random

import pytest

from client import merged

NAMES = ["app/__init__.py", "app/a.py", "app/b.py", "app/sub/c.py", "d.py", "e.py"]
LINES = [
    "import time, asyncio", "from app import a", "from app.a import f", "from . import b", "import d", "from d import *",
    "from app.sub import c as b", "def f(x=None): time.sleep(1)", "def f(x=None): return g()", "async def f(): pass",
    "async def f(): await g()", "def g(): return f()", "def g(): a.f()", "async def h(): f()", "async def h(): a.f()",
    "async def h(): b.g()", "async def h(x): x.m()", "async def h(x: 'd.K'): x.m()", "class K(a.K):\n    def m(self): f()",
    "class K:\n    def m(self): time.sleep(1)", "class K:\n    async def m(self): pass", "class L(K):\n    def m(self): g()",
    "def k(x): x.m()", "k(K())", "k(d.K())", "async def t(): k(1)", "x = K()", "async def u(): d.x.m()", "f = g", "(",
    "    async def n(self): self.m()", "'''",
]


def shown(report: dict) -> list[tuple]:
    return sorted(
        (d["range"]["start"]["line"], d["code"], d["message"], str(d.get("relatedInformation"))) for d in report["items"]
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_long_session_finds_what_a_new_one_finds(start, pull, tmp_path, seed):
    rng = random.Random(seed)
    (tmp_path / "app" / "sub").mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text("")
    disk = {name: rng.sample(LINES, 9) for name in NAMES}
    for name, lines in disk.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")

    def uri(name: str) -> str:
        return (tmp_path / name).as_uri()

    def session():
        client = start()
        watches = merged(pull, {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}})
        client.initialize(
            watches, rootUri=tmp_path.as_uri(), workspaceFolders=[{"uri": tmp_path.as_uri(), "name": "x"}],
            initializationOptions={"diagnosticMode": "workspace"},
        )
        return client

    held: dict[int, dict[str, dict]] = {}  # by client: the last report of each file

    def everywhere(client) -> dict[str, list[tuple]]:
        """What a client shows for the whole workspace that asks for what changed."""
        reports = held.setdefault(id(client), {})
        previous = [{"uri": u, "value": r["resultId"]} for u, r in reports.items() if r.get("resultId")]
        for report in client.request("workspace/diagnostic", {"previousResultIds": previous})["items"]:
            if report["kind"] == "full":
                reports[report["uri"]] = report
        return {u: shown(r) for u, r in reports.items() if r["items"]}

    def wait_for_index(client) -> None:
        while not any(entry["message"].startswith("indexed ") for entry in client.log):
            client.arrived("nothing")

    def findings(client, documents) -> dict[str, list[tuple]]:
        """As a client has them that asks again when it is told to."""
        found: dict[str, list[tuple]] = {}
        while True:
            before, found = found, {name: shown(client.pull(uri(name))) for name in sorted(documents)}
            if not client.arrived("workspace/diagnostic/refresh") and found == before:
                return found

    client = session()
    documents: dict[str, list[str]] = {}  # open ones
    versions = dict.fromkeys(NAMES, 0)
    found_something = 0
    for step in range(60):
        name = rng.choice(NAMES)
        action = rng.random()
        versions[name] += 1
        if name not in documents and (action < 0.5 or not documents):
            documents[name] = list(disk.get(name, ["x = 1"]))
            client.open(uri(name), "\n".join(documents[name]) + "\n", versions[name])
        elif name in documents and action < 0.7:
            lines = documents[name]
            at = rng.randrange(len(lines))
            lines[at] = rng.choice(LINES)
            client.change(uri(name), versions[name], {"text": "\n".join(lines) + "\n"})
            if action < 0.2:
                disk[name] = list(lines)
                (tmp_path / name).write_text("\n".join(lines) + "\n")
                client.save(uri(name))
                client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri(name), "type": 2}]})
        elif name in documents and action < 0.85:
            del documents[name]
            client.close(uri(name))
        elif name not in documents:
            kind = 2
            if action > 0.9 and name in disk:
                del disk[name]
                (tmp_path / name).unlink()
                kind = 3
            else:
                kind = 2 if name in disk else 1
                disk[name] = rng.sample(LINES, 9)
                (tmp_path / name).write_text("\n".join(disk[name]) + "\n")
            client.notify("workspace/didChangeWatchedFiles", {"changes": [{"uri": uri(name), "type": kind}]})
        if step == 0:
            wait_for_index(client)
        if step % 6 or not documents:
            continue
        fresh = session()
        order = sorted(documents)
        rng.shuffle(order)
        for opened in order:
            fresh.open(uri(opened), "\n".join(documents[opened]) + "\n")
        wait_for_index(fresh)
        expected = findings(fresh, documents)
        assert findings(client, documents) == expected, f"step {step}"
        assert everywhere(client) == everywhere(fresh), f"step {step}"
        found_something += sum(len(items) for items in expected.values())
    findings(client, documents)  # and takes what the last steps make it ask for
    assert found_something > 0


@pytest.mark.parametrize("seed", range(3))
def test_a_server_that_knows_the_last_results_finds_what_another_one_finds(start, pull, tmp_path, seed):
    rng = random.Random(seed)
    root = tmp_path / "project"
    (root / "app" / "sub").mkdir(parents=True)
    (root / "pyproject.toml").write_text("")
    disk: set[str] = set()
    cache = tmp_path / "cache"

    def write(name: str) -> None:
        (root / name).write_text("\n".join(rng.sample(LINES, 9)) + "\n")
        disk.add(name)

    def found(opened: str | None, **arguments) -> tuple[dict[str, tuple], int]:
        """The reports for the workspace, and how many files were analysed for them."""
        client = start(**arguments)
        client.initialize(
            pull, rootUri=root.as_uri(), workspaceFolders=[{"uri": root.as_uri(), "name": "x"}],
            initializationOptions={"diagnosticMode": "workspace", "logLevel": "debug"},
        )
        if opened is not None:
            client.open((root / opened).as_uri(), (root / opened).read_text() + rng.choice(["", "# more\n"]))
        items = client.request("workspace/diagnostic", {"previousResultIds": []})["items"]
        client.arrived("workspace/diagnostic/refresh")
        client.finish()
        analysed = [entry["message"] for entry in client.log if "analysed" in entry["message"]]
        return {item["uri"]: (item["resultId"], shown(item)) for item in items}, int(analysed[-1].split()[2])

    for name in NAMES:
        write(name)
    known = 0
    for step in range(25):
        opened = rng.choice(sorted(disk)) if rng.random() < 0.2 else None
        state = rng.getstate()
        fresh, all_files = found(opened)
        rng.setstate(state)
        stored, analysed = found(opened, cache=cache)
        assert stored == fresh, f"step {step}"
        known += all_files - analysed
        if rng.random() < 0.6:
            name = rng.choice(NAMES)
            if name in disk and rng.random() < 0.2:
                (root / name).unlink()
                disk.discard(name)
            else:
                write(name)
    assert known > 0
