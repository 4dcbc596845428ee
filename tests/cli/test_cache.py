"""What `awaitls check` keeps between runs: it is faster, and never of another opinion."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from pathlib import Path

import pytest

from conftest import Cli

STORE = "def load():\n    return read()\n\n\ndef read():\n    return 1\n"
BLOCKING = "import time\n\n\ndef load():\n    return read()\n\n\ndef read():\n    time.sleep(1)\n"
MAIN = "import store\n\n\nasync def main():\n    store.load()\n"
BAD = "import time\n\n\nasync def main():\n    time.sleep(1)\n"


def known(done: subprocess.CompletedProcess[str]) -> int:
    found = re.search(r"; (\d+) known from the last run", done.stderr)
    assert found, done.stderr
    return int(found[1])


def rules(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [f"{Path(f['filename']).name}:{f['code']}" for f in json.loads(done.stdout)]


def check(cli: Cli, *arguments: str) -> subprocess.CompletedProcess[str]:
    return cli("check", "--output-format", "json", "--timings", *arguments)


def settle(cli: Cli, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs until a run finds all results kept: those of files that were written a moment ago are not."""
    total = sum(1 for path in cli.folder.rglob("*.py") if ".venv" not in path.parts)
    for _ in range(100):
        done = check(cli, *arguments)
        if known(done) == total:
            return done
    raise AssertionError(f"{known(done)} of {total} are known")


def cache_file(cli: Cli) -> Path:
    (found,) = (cli.cache / "awaitls").iterdir()
    return found


@pytest.fixture
def project(cli: Cli) -> Cli:
    cli.write("pyproject.toml", "")
    cli.write("store.py", STORE)
    cli.write("main.py", MAIN)
    return cli


def test_the_second_run_knows_all_and_says_the_same(project: Cli) -> None:
    project.write("bad.py", BAD)
    project.write("store.py", BLOCKING)
    settle(project)
    for arguments in ((), ("--output-format", "json"), ("--output-format", "github"), ("--statistics",), ("--hints",)):
        cached, fresh = (project("check", *arguments, *extra) for extra in ((), ("--no-cache",)))
        assert cached.stdout == fresh.stdout and cached.returncode == fresh.returncode == 1
    assert "store.py:5" in project("check").stdout


@pytest.mark.parametrize(
    ("name", "text", "left", "now"),
    [
        ("main.py", BAD, 1, ["main.py:blocking-sleep"]),
        ("store.py", BLOCKING, 0, ["main.py:transitive-blocking-call"]),
        ("store.py", "async def load():\n    pass\n", 0, ["main.py:unawaited-coroutine"]),
        # A package wins over a module.
        ("store/__init__.py", "async def load():\n    pass\n", 1, ["main.py:unawaited-coroutine"]),
        ("other.py", "x = 1\n", 2, []),
    ],
)
def test_what_changes_is_looked_at_again(project: Cli, name: str, text: str, left: int, now: list[str]) -> None:
    assert rules(settle(project)) == []
    project.write(name, text)
    done = check(project)
    assert (known(done), rules(done)) == (left, now)


def test_what_an_effect_rests_on_counts(project: Cli) -> None:
    """main calls store.load, whose object comes from a third file that main never meets."""
    project.write("store.py", "import make\n\n\ndef load():\n    make.store().read()\n")
    project.write("make.py", "import kinds\n\n\ndef store():\n    return kinds.Quick()\n")
    project.write("kinds.py", "import time\n\n\nclass Quick:\n    def read(self):\n        pass\n\n\n"
                  "class Slow:\n    def read(self):\n        time.sleep(1)\n")
    assert rules(settle(project)) == []
    project.write("make.py", "import kinds\n\n\ndef store():\n    return kinds.Slow()\n")
    assert rules(check(project)) == ["main.py:transitive-blocking-call"]


def test_searches_of_the_project_count(project: Cli) -> None:
    project.write("store.py", "import abc\n\n\nclass Store(abc.ABC):\n    @abc.abstractmethod\n    def load(self): ...\n")
    project.write("main.py", "from store import Store\n\n\nasync def main(store: Store):\n    store.load()\n")
    project.write("unrelated.py", "x = 1\n")
    assert rules(settle(project)) == []
    project.write("slow.py", "import time\n\nimport store\n\n\nclass Slow(store.Store):\n    def load(self):\n        time.sleep(1)\n")
    done = check(project)
    assert rules(done) == ["main.py:transitive-blocking-call"] and known(done) >= 1
    (project.folder / "slow.py").unlink()
    assert rules(check(project)) == []


def test_installed_packages_count(project: Cli) -> None:
    project.write(".venv/pyvenv.cfg", "version = 3.11\n")
    library = ".venv/lib/python3.11/site-packages/store.py"
    (project.folder / "store.py").unlink()
    assert rules(settle(project)) == []
    project.write(library, BLOCKING)
    assert rules(check(project)) == ["main.py:transitive-blocking-call"]
    settle(project)
    project.write(library, STORE)
    assert rules(check(project)) == []


def test_settings_count(project: Cli) -> None:
    project.write("bad.py", BAD)
    settle(project)
    assert rules(check(project, "--ignore", "blocking-sleep")) == []
    project.write("pyproject.toml", "[tool.awaitls]\nignore = ['blocking-sleep']\n")
    assert rules(check(project)) == []
    project.write("pyproject.toml", "[tool.awaitls]\nstrictness = 'likely'\n")
    assert rules(check(project)) == ["bad.py:blocking-sleep"]


def test_fixes_are_of_what_is_there(project: Cli) -> None:
    bad = project.write("bad.py", BAD)
    settle(project)
    assert "would be fixed" in project("check", "--diff").stderr
    assert project("check", "--fix").returncode == 0
    assert "asyncio.sleep" in bad.read_text()
    assert rules(check(project)) == []


def test_named_files_and_no_cache_keep_nothing(project: Cli) -> None:
    check(project, "main.py", "store.py")
    check(project, "--no-cache")
    assert list(project.cache.iterdir()) == []
    settle(project)
    assert known(check(project, "--no-cache")) == 0


@pytest.mark.parametrize("damage", ["half", "empty", "flipped", "garbage", "version", "folder"])
def test_a_damaged_cache_counts_for_nothing(project: Cli, damage: str) -> None:
    project.write("bad.py", BAD)
    expected = settle(project).stdout
    path = cache_file(project)
    data = path.read_bytes()
    middle = len(data) // 2
    if damage == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({
            "half": data[:middle],
            "empty": b"",
            "flipped": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
            "garbage": data[:18] + random.Random(1).randbytes(len(data)),
            "version": data.replace(b"results 1", b"results 9"),
        }[damage])
    done = check(project)
    assert (known(done), done.stdout) == (0, expected)
    if damage == "folder":
        assert "results are not kept for the next run: " in done.stderr
    else:
        assert settle(project).stdout == expected


def test_a_cache_that_cannot_be_kept_is_no_error(project: Cli) -> None:
    project.cache.rmdir()
    project.cache.write_text("in the way")
    assert rules(check(project)) == []
    assert project("check").stderr == ""
    for env in ({"XDG_CACHE_HOME": "", "HOME": ""}, {"XDG_CACHE_HOME": "relative", "HOME": ""}):
        assert project("check", env=env).returncode == 0
    assert not (project.folder / "relative").exists()


def test_the_command_line_chooses_the_place(project: Cli) -> None:
    settle(project, "--cache-dir", "kept")
    assert list(project.cache.iterdir()) == [] and len(list((project.folder / "kept").iterdir())) == 1
    project.write("file", "in the way")
    project.write("main.py", BAD)
    done = project("check", "--cache-dir", "file/x")
    assert done.returncode == 1 and "warning: results are not kept for the next run: " in done.stderr
    project.write("pyproject.toml", "[tool.awaitls]\ncache-dir = 'kept'\n")
    assert "`--cache-dir`" in project("check").stderr


def test_caches_that_nobody_used_for_long_are_removed(project: Cli) -> None:
    settle(project)
    old, other = (project.cache / "awaitls" / name for name in ("0.results", "0.txt"))
    for path in (old, other):
        path.write_bytes(b"")
        os.utime(path, (1, 1))
    project.write("main.py", BAD)
    check(project)
    assert not old.exists() and other.exists()


@pytest.mark.parametrize("seed", range(4))
def test_any_edits(cli: Cli, seed: int) -> None:
    """After each of many edits a run with what the last one kept finds what a run without finds."""
    rng = random.Random(seed)
    names = ["pkg/a.py", "pkg/b.py", "pkg/sub/c.py", "pkg/__init__.py", "d.py", "tests/test_e.py"]
    lines = [
        "import time, asyncio", "from pkg import a", "from pkg.a import f", "from . import b", "import d", "from d import *",
        "from pkg.sub import c as b", "def f(x=None): time.sleep(1)", "def f(x=None): return g()", "async def f(): pass",
        "async def f(): await g()", "def g(): return f()", "def g(): a.f()", "async def h(): f()", "async def h(): a.f()",
        "async def h(): b.g()", "async def h(x): x.m()", "async def h(x: 'd.K'): x.m()", "class K(a.K):\n    def m(self): f()",
        "class K:\n    def m(self): time.sleep(1)", "class K:\n    async def m(self): pass", "class L(K):\n    def m(self): g()",
        "def k(x): x.m()", "k(K())", "k(d.K())", "async def t(): k(1)", "x = K()", "async def u(): d.x.m()", "f = g",
    ]
    cli.write("pyproject.toml", "")
    files: dict[str, list[str]] = {name: rng.sample(lines, 8) for name in names}
    for name, text in files.items():
        cli.write(name, "\n".join(text) + "\n")
    hits = 0
    for _ in range(40):
        name = rng.choice(names)
        path = cli.folder / name
        kind = rng.random()
        if kind < 0.1 and path.exists():
            path.unlink()
        else:
            text = files[name]
            if kind < 0.6:
                text[rng.randrange(len(text))] = rng.choice(lines)
            else:
                rng.shuffle(text)
            cli.write(name, "\n".join(text) + "\n")
        arguments = ("--hints", "--jobs", str(rng.choice([1, 3])))
        cached = check(cli, *arguments)
        assert cached.stdout == check(cli, *arguments, "--no-cache").stdout
        hits += known(cached)
    assert hits > 0
