"""Workspaces with something wrong in them: the rest of the answer stays right, and what was left out is said."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conftest import Cli

BLOCKING = "import time\n\n\ndef load():\n    time.sleep(1)\n"
MAIN = "import store\n\n\nasync def main():\n    store.load()\n"
FOUND = ["main.py:transitive-blocking-call"]


def found(cli: Cli, *arguments: str) -> list[str]:
    done = cli("check", "--output-format", "json", *arguments)
    assert done.returncode in (0, 1), done.stderr
    return sorted(f"{Path(f['filename']).relative_to(cli.folder)}:{f['code']}" for f in json.loads(done.stdout))


@pytest.fixture
def project(cli: Cli) -> Cli:
    cli.write("pyproject.toml", "")
    cli.write("store.py", BLOCKING)
    cli.write("main.py", MAIN)
    return cli


def test_imports_in_circles(project: Cli) -> None:
    project.write("store.py", "import main\nfrom other import *\n" + BLOCKING)
    project.write("other.py", "from store import *\nfrom main import *\nimport other\n")
    assert found(project) == FOUND


@pytest.mark.parametrize("name", ["time", "asyncio", "typing", "abc"])
def test_a_module_called_as_one_of_the_standard_library(project: Cli, name: str) -> None:
    """Which one an import means depends on how the program is started: the standard library is what it says."""
    project.write(f"{name}.py", "def sleep(x):\n    pass\n")
    project.write(f"{name}/__init__.py", "def sleep(x):\n    pass\n")
    assert found(project) == FOUND


@pytest.mark.parametrize("text", ["def load(: ...\n", "\x00\xff", "class A(\n", "'''", "def load():\n", ""])
def test_a_stub_that_is_damaged(project: Cli, text: str) -> None:
    project.write("other.py", "import time\n\n\nasync def main():\n    time.sleep(1)\n")
    project.write("store.pyi", text.encode("latin-1"))
    assert "other.py:blocking-sleep" in found(project)


def test_a_stub_that_is_damaged_in_one_place(project: Cli) -> None:
    project.write("store.pyi", "def broken(: ...\n\n\nasync def load() -> int: ...\n")
    assert found(project) == ["main.py:unawaited-coroutine"]


@pytest.mark.parametrize("what", ["cfg", "no packages", "a file", "dangling", "loop", "pth", "undecodable"])
def test_a_broken_environment(project: Cli, what: str) -> None:
    packages = project.folder / ".venv/lib/python3.11/site-packages"
    if what == "cfg":
        project.write(".venv/pyvenv.cfg", b"\xff\xfe = = \x00\nversion = x.y\nhome\n")
        packages.mkdir(parents=True)
    elif what == "no packages":
        project.write(".venv/pyvenv.cfg", "version = 3.11\n")
    elif what == "a file":
        project.write(".venv/pyvenv.cfg", "version = 3.11\n")
        project.write(".venv/lib/python3.11/site-packages", "no folder")
    elif what == "dangling":
        (project.folder / ".venv").symlink_to("nowhere")
    elif what == "loop":
        (project.folder / ".venv").symlink_to(".venv")
    elif what == "pth":
        project.write(".venv/pyvenv.cfg", "version = 3.11\n")
        packages.mkdir(parents=True)
        (packages / "x.pth").write_bytes(b"import os; os.abort()\n/nowhere\n\xff\xfe\n.\n../../../../..\n" + b"a" * 100_000)
        (packages / "self.pth").write_text(str(packages) + "\n")
    else:
        project.write(".venv/pyvenv.cfg", "version = 3.11\n")
        packages.mkdir(parents=True)
        (packages / "requests").mkdir()
        (packages / "requests/__init__.py").write_bytes(b"# -*- coding: nosuch -*-\ndef get(): pass\n")
    project.write("other.py", "import requests\n\n\nasync def main():\n    requests.get('x')\n")
    assert found(project) == ["main.py:transitive-blocking-call", "other.py:blocking-http"]


def test_folders_that_hold_themselves(project: Cli) -> None:
    (project.folder / "inner").mkdir()
    (project.folder / "inner/up").symlink_to("..")
    (project.folder / "store_link.py").symlink_to("store_link.py")
    project.write("inner/other.py", "from store_link import load\nfrom inner.up.inner import up\n\n\nasync def main():\n    load()\n")
    assert found(project) == FOUND


def test_a_module_of_30000_lines(project: Cli) -> None:
    generated = "".join(f"def f{i}(x):\n    return f{i + 1}(x)\n\n\n" for i in range(7_500))
    project.write("store.py", generated + "def f7500(x):\n    load()\n\n\n" + BLOCKING)
    assert found(project) == FOUND


def test_more_files_than_are_indexed(project: Cli) -> None:
    many = project.folder / "many"
    many.mkdir()
    for i in range(40_001):
        os.close(os.open(many / f"m{i}.py", os.O_CREAT | os.O_WRONLY))
    project.write("base.py", "import abc\n\n\nclass Base(abc.ABC):\n    @abc.abstractmethod\n    def load(self): ...\n")
    project.write("main.py", MAIN + "\n\nasync def other(base: 'base.Base', x):\n    base.load()\n    x.load()\n")
    done = project("check", "--no-cache", "--output-format", "concise")
    assert "main.py:5:5: transitive-blocking-call" in done.stdout
    assert done.stderr.count("has too many Python files") == 1


def test_files_that_vanish_between_runs(project: Cli) -> None:
    assert found(project) == FOUND
    (project.folder / "store.py").unlink()
    assert found(project) == []
    (project.folder / "store.py").symlink_to("main.py")
    assert found(project) == []


def test_what_a_helper_imports_is_its_own_matter(cli: Cli) -> None:
    """An import of a module that is there already costs nothing: there means in the helper, not where it is called."""
    cli.write("lazy.py", 'import importlib\n\n\ndef load():\n    return importlib.import_module("decimal")\n')
    main = "import decimal\n\nimport lazy\n\n\nasync def main():\n    lazy.load()\n    return decimal.Decimal(1)\n"
    cli.write("main.py", main)
    cli.write("other.py", main.replace("import decimal\n", ""))
    arguments = ("check", "--extend-select", "blocking-import", "--output-format", "json")
    for found in (
        cli(*arguments, "main.py"), cli(*arguments, "."), cli(*arguments, "--stdin-filename", "main.py", "-", stdin=main)
    ):
        codes = [item["code"] for item in json.loads(found.stdout) if item["filename"].endswith("main.py")]
        assert codes == ["transitive-blocking-call"]
