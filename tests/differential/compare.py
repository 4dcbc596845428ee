#!/usr/bin/env python3
"""Compares what awaitls resolves calls to with the definitions that pyright goes to, on files of the corpus.

`compare.py` installs the pyright of package.json into build/pyright (npm, at the first run), copies the packages of the
corpus into build/differential, where each is a project of its own without installed libraries, draws files with a seed
until every package has its number of call sites, and prints a table, every disagreement with its place and the most
frequent kinds of calls that pyright resolves and awaitls does not. The exit status is 1 where more than 0.5 % of the
answers disagree, or less than 70 % of the definitions in the project are named. A person runs it: it takes minutes.

A call counts where pyright names one definition of a function or class: not a variable, a parameter, a property (what it
gives is called) or one of several definitions. Agreement is the same definition; a class, its __init__ and its __new__ are
one, and so are overloads. A library thing agrees with a stub or source outside the project by the last part of its name;
where module or class are spelled otherwise in the two (they may be aliases, or a base class), the pair is listed.

Figures of the default run (16 packages, 16,847 calls, seed 1): pyright names 13,009. Under strictness `certain` 12,174
agree, 834 are unknown and 1 disagrees (0.01 %); of 5,529 definitions in the project 5,301 are named (95.9 %). Under
strictness `likely` 2 disagree (0.02 %) and 5,338 are named (96.6 %).
"""

from __future__ import annotations

import argparse
import collections
import functools
import json
import os
import queue
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import urllib.parse
import venv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "corpus"))
from fetch import CORPUS, Package, fetch  # noqa: E402

PYRIGHT = ROOT / "build" / "pyright"
TYPESHED = PYRIGHT / "node_modules" / "pyright" / "dist" / "typeshed-fallback"
WORK = ROOT / "build" / "differential"
DUMP = Path(os.environ.get("AWAITLS_DUMP_CALLEES", ROOT / "build" / "release" / "tests" / "dump_callees")).resolve()

MAX_DISAGREEMENT = 0.005
MIN_NAMED = 0.70
MAX_SITES_OF_FILE = 120  # of a longer file a draw, so that no file is all that is seen of a package
NAMED = "agree", "unknown", "disagree"
TIMEOUT = 300.0  # seconds that an answer may take; only a hang comes near it

Place = tuple[str, int]  # a file and a line, from 1


class Site(NamedTuple):
    path: str
    line: int  # from 1
    column: int  # of the callee's name, in UTF-16 units from 0
    answer: str  # "PATH:LINE", "library:NAME" or "?"
    confidence: str
    about: str  # what awaitls knows of the callee or, of an attribute, of its object


class Definition(NamedTuple):
    path: str
    line: int  # from 1
    kind: str  # "def" or "class"
    name: str
    owner: tuple[int, str] | None  # line and name of the class around it

    @property
    def places(self) -> set[Place]:
        """The lines that name the thing; a constructor names its class too."""
        result = {(self.path, self.line)}
        if self.owner and self.name in ("__init__", "__new__"):
            result.add((self.path, self.owner[0]))
        return result

    @property
    def spelled(self) -> str:
        """The last part of what a library calls it."""
        if self.owner and self.name in ("__init__", "__new__"):
            return self.owner[1]
        return self.name


# --- What is there -----------------------------------------------------------------------------------------


def install_pyright() -> list[str]:
    """The command of the language server, at the version that package.json names."""
    script = PYRIGHT / "node_modules" / "pyright" / "langserver.index.js"
    lock = (HERE / "package-lock.json").read_text()
    stamp = PYRIGHT / "installed"
    if not (stamp.is_file() and stamp.read_text() == lock and script.is_file()):
        PYRIGHT.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(HERE / name, PYRIGHT / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(PYRIGHT)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        stamp.write_text(lock)
    return ["node", str(script), "--stdio"]


def make_project(package: Package) -> Path:
    """A copy of the package as a project for both programs."""
    folder = WORK / package.name
    stamp = WORK / f"{package.name}.sha256"
    if not (stamp.is_file() and stamp.read_text() == package.sha256):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(package.folder, folder)
        stamp.write_text(package.sha256)
    # Pyright would check every open file beside what it is asked.
    (folder / "pyproject.toml").write_text(
        '[tool.pyright]\npythonVersion = "3.13"\npythonPlatform = "Linux"\ntypeCheckingMode = "off"\nignore = ["**"]\n'
    )
    return folder


@functools.cache
def read(path: str) -> str:
    return Path(path).read_bytes().decode("utf-8-sig", errors="replace")


@functools.cache
def lines_of(path: str) -> list[str]:
    return re.split(r"\r\n|\r|\n", read(path))


def line_of(path: str, line: int) -> str:
    lines = lines_of(path)
    return lines[line - 1] if line <= len(lines) else ""


def definition_at(path: str, line: int, column: int) -> Definition | None:
    """The definition whose name stands there; nothing where a variable, a parameter or a property does."""
    text = line_of(path, line)
    before = re.fullmatch(r"(\s*)(?:async\s+)?(def|class)\s+", text[:column])
    name = re.match(r"\w+", text[column:])
    if before is None or name is None or is_property(path, line):
        return None
    return Definition(path, line, before[2], name[0], class_around(path, line, len(before[1])))


def is_property(path: str, line: int) -> bool:
    while line > 1 and (text := line_of(path, line - 1).strip()).startswith("@"):
        if re.match(r"@[\w.]*(property|reify)\b", text):
            return True
        line -= 1
    return False


def class_around(path: str, line: int, indent: int) -> tuple[int, str] | None:
    """The class whose body holds a definition, by what is indented less above it."""
    for number in range(line - 1, 0, -1):
        found = re.match(r"(\s*)(?:async\s+)?(def|class|if|elif|else|try|except|with|for)\b\s*(\w*)", line_of(path, number))
        if found is None or len(found[1]) >= indent:
            continue
        if found[2] == "class":
            return number, found[3]
        if found[2] == "def":
            return None
        indent = len(found[1])
    return None


# --- The two programs --------------------------------------------------------------------------------------


def dump(paths: list[str], likely: bool) -> dict[str, list[Site]]:
    command = [str(DUMP), *(["--likely"] if likely else [])]
    done = subprocess.run(command, input="\n".join(paths) + "\n", capture_output=True, text=True, check=True)
    sites: dict[str, dict[tuple[int, int], Site]] = {path: {} for path in paths}
    for line in done.stdout.splitlines():
        path, row, column, answer, confidence, about = line.split("\t")
        site = Site(path, int(row), int(column), answer, confidence, about)
        sites[path][site.line, site.column] = site
    return {path: list(found.values()) for path, found in sites.items()}


class Pyright:
    """A session of the language server on one project."""

    def __init__(self, command: list[str], folder: Path, python: Path) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._python = python
        self._arrived: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._last_id = 0
        threading.Thread(target=self._read, daemon=True).start()
        place = {"uri": folder.as_uri(), "name": folder.name}
        text_document = {"definition": {"linkSupport": False}, "declaration": {"linkSupport": False}}
        capabilities = {
            "workspace": {"configuration": True, "workspaceFolders": True},
            "textDocument": text_document,
        }
        first = {"processId": os.getpid(), "rootUri": place["uri"], "workspaceFolders": [place]}
        self.ask([("initialize", {**first, "capabilities": capabilities})])
        self._send({"method": "initialized", "params": {}})

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        while header := stream.readline():
            length = 0
            while header.strip():
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
                header = stream.readline()
            self._arrived.put(json.loads(stream.read(length)))
        self._arrived.put(None)

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        stream = self._process.stdin
        assert stream is not None
        stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        stream.flush()

    def _configuration(self, section: str) -> dict[str, Any]:
        if section == "python":
            return {"pythonPath": str(self._python)}
        if section == "python.analysis":
            return {"diagnosticMode": "openFilesOnly", "indexing": False}
        return {}

    def ask(self, questions: Iterable[tuple[str, dict[str, Any]]]) -> list[Any]:
        """The results, in the order of the questions."""
        waiting: dict[int, int] = {}
        for index, (method, params) in enumerate(questions):
            self._last_id += 1
            waiting[self._last_id] = index
            self._send({"id": self._last_id, "method": method, "params": params})
        results: list[Any] = [None] * len(waiting)
        while waiting:
            message = self._arrived.get(timeout=TIMEOUT)
            if message is None:
                raise RuntimeError("pyright ended")
            if "method" in message and "id" in message:
                result: Any = None
                if message["method"] == "workspace/configuration":
                    result = [self._configuration(item.get("section", "")) for item in message["params"]["items"]]
                self._send({"id": message["id"], "result": result})
            elif "id" in message:
                if "error" in message:
                    raise RuntimeError(f"pyright: {message['error']['message']}")
                results[waiting.pop(message["id"])] = message["result"]
        return results

    def definitions(self, path: str, sites: list[Site]) -> list[list[tuple[str, int, int]]]:
        """For each site the places that pyright goes to: file, line from 1, column in UTF-16 units."""
        document = {"uri": Path(path).as_uri()}
        opened = {**document, "languageId": "python", "version": 1, "text": read(path)}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})
        results = self.ask(
            (
                "textDocument/definition",
                {"textDocument": document, "position": {"line": site.line - 1, "character": site.column}},
            )
            for site in sites
        )
        self._send({"method": "textDocument/didClose", "params": {"textDocument": document}})
        answers = []
        for result in results:
            locations = result if isinstance(result, list) else [result] if result else []
            places = []
            for location in locations:
                start = location["range"]["start"]
                file = urllib.parse.unquote(urllib.parse.urlparse(location["uri"]).path)
                places.append((file, start["line"] + 1, start["character"]))
            answers.append(places)
        return answers

    def close(self) -> None:
        self.ask([("shutdown", {})])
        self._send({"method": "exit"})
        self._process.wait(timeout=TIMEOUT)


# --- Judging -----------------------------------------------------------------------------------------------


class Judged(NamedTuple):
    package: str
    site: Site
    definition: Definition | None  # nothing where pyright does not name one
    inside: bool  # the definition is of the project
    verdict: str  # one of NAMED; "other" where pyright names several, and ours is none of them; else ""
    named: bool  # agrees, by a definition and not by a library's name
    loose: bool = False  # agrees by no more than the last part of a name


def the_definition(places: list[tuple[str, int, int]]) -> list[Definition]:
    """The definitions of the one thing that all places define: overloads, or alternatives in branches. Else nothing."""
    found = [definition_at(*place) for place in places]
    if not found or any(one is None for one in found):
        return []
    definitions = sorted({one for one in found if one is not None}, key=lambda one: (one.path.endswith(".pyi"), one))
    first = definitions[0]
    if any(one.spelled != first.spelled or stem(one.path) != stem(first.path) for one in definitions):
        return []
    if any((one.owner or (0, ""))[1] != (first.owner or (0, ""))[1] for one in definitions):
        return []
    return definitions


def stem(path: str) -> str:
    """Stub and source of a module have the same, wherever typeshed keeps the stub."""
    return Path(path).stem


def is_same(ours: Definition, theirs: Definition) -> bool:
    if ours.places & theirs.places:
        return True
    # Overloads, accessors, and a stub beside its source.
    same_owner = (ours.owner or (0, ""))[1] == (theirs.owner or (0, ""))[1]
    same_file = ours.path.removesuffix("i") == theirs.path.removesuffix("i")
    if not (same_owner and same_file and ours.spelled == theirs.spelled):
        return False
    return ours.path != theirs.path or is_decorated(ours) or is_decorated(theirs)


def is_decorated(definition: Definition) -> bool:
    return line_of(definition.path, definition.line - 1).lstrip().startswith("@")


def our_definition(answer: str) -> Definition | None:
    path, _, line = answer.rpartition(":")
    text = line_of(path, int(line))
    found = re.match(r"\s*(?:async\s+)?(?:def|class)\s+", text)
    return definition_at(path, int(line), found.end()) if found else None


def judge(package: str, folder: Path, site: Site, places: list[tuple[str, int, int]]) -> Judged:
    definitions = the_definition(places)
    if not definitions:
        found = [definition_at(*place) for place in places]
        ours = our_definition(site.answer) if ":" in site.answer and not site.answer.startswith("library:") else None
        several = [one for one in found if one is not None]
        other = len(several) > 1 and ours is not None and not any(is_same(ours, one) for one in several)
        return Judged(package, site, several[0] if other else None, False, "other" if other else "", False)
    definition = definitions[0]
    inside = Path(definition.path).is_relative_to(folder)
    if site.answer == "?":
        return Judged(package, site, definition, inside, "unknown", False)
    if site.answer.startswith("library:"):
        name = site.answer.removeprefix("library:")
        agrees = name.rpartition(".")[2] in (definition.name, definition.spelled) or is_alias(name, definition)
        if inside:  # the tables may know the project as a library
            agrees = agrees and (folder / name.split(".")[0]).is_dir()
        loose = agrees and not is_spelled_alike(name, definition)
        return Judged(package, site, definition, inside, "agree" if agrees else "disagree", False, loose)
    ours = our_definition(site.answer)
    agrees = ours is not None and any(is_same(ours, one) for one in definitions)
    return Judged(package, site, definition, inside, "agree" if agrees else "disagree", agrees)


def is_alias(name: str, definition: Definition) -> bool:
    """The stub of the library's module imports the definition under this name: `from _hashlib import openssl_sha1 as sha1`."""
    module, _, last = name.rpartition(".")
    stub = TYPESHED / "stdlib" / f"{module.replace('.', '/')}.pyi"
    return stub.is_file() and bool(re.search(rf"\b{definition.name} as {last}\b", read(str(stub))))


def is_spelled_alike(name: str, definition: Definition) -> bool:
    """The top-level module is the same, and so is the class of a method."""
    path = Path(definition.path)
    parts = path.relative_to(TYPESHED).parts[1:] if path.is_relative_to(TYPESHED) else path.parts
    package = name.split(".")[0]
    if package not in (part.removesuffix(".pyi").removesuffix(".py").lstrip("_") for part in parts):
        return False
    if definition.owner is None or name.rpartition(".")[2] == definition.owner[1]:
        return True
    return definition.owner[1] in name.split(".")


def object_of(site: Site) -> str:
    """How the callee is written: `f()`, `self.f()`, `self.a.f()`, `a.f()`, `a.b.f()`, `g().f()`, ..."""
    before = line_of(site.path, site.line)[: site.column]
    if not before.rstrip().endswith("."):
        return "f()"
    before = before.rstrip()[:-1]
    if re.search(r"\bsuper\(\)$", before):
        return "super().f()"
    if not before.strip() or before.endswith(")"):
        return "g().f()"
    if before.endswith("]"):
        return "a[i].f()"
    if before.endswith(("'", '"')):
        return "'text'.f()"
    chain = re.search(r"[\w.]+$", before)
    if chain is None:
        return "other"
    parts = chain[0].split(".")
    head = parts[0] if parts[0] in ("self", "cls") else "g()" if not parts[0] else "a"
    return ".".join([head, *["b"] * min(len(parts) - 1, 2), "f()"])


def kind_of_unknown(judged: Judged) -> str:
    assert judged.definition is not None
    about = judged.site.about.split(" ")[0]
    written = object_of(judged.site)
    known = f"callee {about}" if written == "f()" else f"object {about}"
    return f"{written:12} {known:20} pyright: {judged.definition.kind}"


# --- The report --------------------------------------------------------------------------------------------


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f}" if whole else "-"


def row(name: str, judged: list[Judged]) -> str:
    named = [one for one in judged if one.verdict in NAMED]
    count = collections.Counter(one.verdict for one in named)
    inside = [one for one in named if one.inside]
    ours = sum(one.named for one in inside)
    cells = [len(judged), len(named), count["agree"], count["unknown"], count["disagree"]]
    numbers = "".join(f"{cell:>9}" for cell in cells)
    return f"{name:16}{numbers}{percent(count['disagree'], len(named)):>9}{len(inside):>9}{ours:>9}{percent(ours, len(inside)):>9}"


def shown(path: str) -> str:
    for folder in (WORK, TYPESHED, Path(sysconfig.get_path("stdlib"))):
        if Path(path).is_relative_to(folder):
            return Path(path).relative_to(folder).as_posix()
    return path


def print_table(judged: list[Judged]) -> None:
    heads = ("sites", "pyright", "agree", "unknown", "disagree", "%", "inside", "named", "%")
    print(f"{'package':16}" + "".join(f"{head:>9}" for head in heads))
    for package in sorted({one.package for one in judged}):
        print(row(package, [one for one in judged if one.package == package]))
    print(row("all", judged))


def print_disagreements(judged: list[Judged], verdict: str) -> None:
    for one in judged:
        if one.verdict != verdict or one.definition is None:
            continue
        site, theirs = one.site, one.definition
        print(f"{shown(site.path)}:{site.line}:{site.column + 1}: {line_of(site.path, site.line).strip()}")
        owner = f"{theirs.owner[1]}." if theirs.owner else ""
        print(f"    pyright: {shown(theirs.path)}:{theirs.line} {owner}{theirs.name}")
        print(f"    awaitls: {shown(site.answer)} ({site.confidence}; {site.about})")


def print_unknown(judged: list[Judged], inside: bool, every: bool) -> None:
    unknown = [one for one in judged if one.verdict == "unknown" and one.inside == inside]
    print(f"\nunknown to awaitls, of definitions {'inside' if inside else 'outside'} the project: {len(unknown)}")
    kinds: dict[str, list[Judged]] = collections.defaultdict(list)
    for one in unknown:
        kinds[kind_of_unknown(one)].append(one)
    for kind, ones in sorted(kinds.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(ones):6}  {kind}")
        for one in ones if every else ones[:2] if len(ones) >= 5 else []:
            assert one.definition is not None
            place = f"{shown(one.site.path)}:{one.site.line}:{one.site.column + 1}"
            print(f"            {place} [{one.site.about}] -> {shown(one.definition.path)}:{one.definition.line}")


def print_loose(judged: list[Judged]) -> None:
    pairs: dict[tuple[str, str], list[Site]] = collections.defaultdict(list)
    for one in judged:
        if one.loose and one.definition is not None:
            owner = f"{one.definition.owner[1]}." if one.definition.owner else ""
            theirs = f"{shown(one.definition.path)} {owner}{one.definition.name}"
            pairs[one.site.answer.removeprefix("library:"), theirs].append(one.site)
    for (ours, theirs), sites in sorted(pairs.items(), key=lambda item: (-len(item[1]), item[0])):
        print(f"{len(sites):6}  {ours} = {theirs}, as in {shown(sites[0].path)}:{sites[0].line}")


def is_good(judged: list[Judged]) -> bool:
    named = [one for one in judged if one.verdict in NAMED]
    inside = [one for one in named if one.inside]
    disagree = sum(one.verdict == "disagree" for one in named)
    ours = sum(one.named for one in inside)
    return disagree <= MAX_DISAGREEMENT * len(named) and ours >= MIN_NAMED * len(inside)


def draw(package: Package, folder: Path, seed: int, count: int) -> dict[str, list[Site]]:
    """Files, drawn by the seed, with about so many call sites; long files with a part of theirs."""
    chance = random.Random(f"{seed} {package.name}")
    paths = sorted(str(path) for path in folder.rglob("*.py"))
    chance.shuffle(paths)
    result: dict[str, list[Site]] = {}
    for start in range(0, len(paths), 20):
        for path, sites in dump(paths[start : start + 20], False).items():
            if count <= 0:
                return result
            if len(sites) > MAX_SITES_OF_FILE:
                sites = sorted(chance.sample(sites, MAX_SITES_OF_FILE))
            result[path] = sites
            count -= len(sites)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=1000, help="call sites of each package")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unknown", action="store_true", help="list every call that only pyright resolves")
    parser.add_argument("packages", nargs="*", help="names as in tests/corpus/packages.txt; default: all")
    options = parser.parse_args()
    packages = [one for one in fetch() if not options.packages or one.name in options.packages]
    command = install_pyright()
    WORK.mkdir(parents=True, exist_ok=True)
    python = WORK / "environment" / "bin" / "python"
    if not python.exists():
        venv.create(WORK / "environment", with_pip=False)
    results: dict[str, list[Judged]] = {"certain": [], "likely": []}
    for package in packages:
        folder = make_project(package)
        session = Pyright(command, folder, python)
        drawn = draw(package, folder, options.seed, options.sites)
        likely = dump(list(drawn), True)
        for path, sites in drawn.items():
            answers = session.definitions(path, sites) if sites else []
            again = {(site.line, site.column): site for site in likely[path]}
            for site, places in zip(sites, answers, strict=True):
                results["certain"].append(judge(package.name, folder, site, places))
                results["likely"].append(judge(package.name, folder, again[site.line, site.column], places))
        session.close()
        print(f"{package.name}: {sum(map(len, drawn.values()))} calls", file=sys.stderr, flush=True)
    for strictness, judged in results.items():
        print(f"{'' if strictness == 'certain' else chr(10)}strictness {strictness}\n")
        print_table(judged)
        print("\ndisagreements")
        print_disagreements(judged, "disagree")
        print("\npyright names several definitions, and ours is another")
        print_disagreements(judged, "other")
        for inside in (True, False):
            print_unknown(judged, inside, options.unknown)
    print("\nspelled otherwise")
    print_loose(results["certain"])
    return 0 if all(map(is_good, results.values())) else 1


if __name__ == "__main__":
    sys.exit(main())
