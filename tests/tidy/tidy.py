"""Rules of the repository that no compiler checks. Standard library only.

`python3 tests/tidy/tidy.py` checks this repository; test_tidy.py proves that each rule can fail.
A tree is a dict from a file's path (relative to the repository, with slashes) to its text; `check`
returns one line for each violation, sorted.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

Tree = Mapping[str, str]

LAYERS = ("analysis", "protocol", "server")

# What a layer may not include. A folder name stands for every header below it.
FORBIDDEN_INCLUDES = {
    "analysis": (
        # other layers and the libraries of the outside world
        "protocol",
        "server",
        "asio",
        "nlohmann",
        "spdlog",
        "fmt",
        "toml++",
        "CLI",
        "gtest",
        "benchmark",
        # files, clocks, threads, terminals
        "filesystem",
        "fstream",
        "iostream",
        "cstdio",
        "stdio.h",
        "unistd.h",
        "fcntl.h",
        "sys",
        "chrono",
        "ctime",
        "time.h",
        "thread",
        "stop_token",
        "mutex",
        "shared_mutex",
        "condition_variable",
        "future",
        "semaphore",
        # what depends on locale or chance
        "regex",
        "random",
        "locale",
        "clocale",
    ),
    "protocol": (
        "analysis",
        "server",
        "spdlog",
        "toml++",
        "CLI",
        "tree_sitter",
        "regex",
        "iostream",
    ),
    "server": ("regex", "iostream"),
}
# Programs that run while the project is built; they are no part of the layer they serve.
BUILD_PROGRAMS = frozenset({"analysis/knowledge/compile.cpp", "analysis/knowledge/read_typeshed.cpp"})

# Seconds of compile time for each file that sees them. No header of ours includes them.
HEAVY_HEADERS = ("nlohmann/json.hpp", "asio.hpp")
MAY_INCLUDE_HEAVY: frozenset[str] = frozenset()

# Text that is somebody else's or is wrong on purpose.
NOT_OUR_TEXT = (
    "tests/fixtures/",
    "tests/corpus/",
    "tests/fuzz/corpus/",
    "tests/tidy/test_tidy.py",
)
TABS_ALLOWED = (".tsv", "Makefile")
MADE_BY_BUILDS = frozenset({".git", "build", "node_modules", "__pycache__", ".pytest_cache"})
BINARY = (".png", ".gif", ".ico", ".gz", ".zip", ".whl", ".vsix", ".bin")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|root)/\w")
REGISTRY_HOST = re.compile(
    r"registry\.npmjs\." r"org|files\.pythonhosted\." r"org|pypi\." r"org|deb\.debian\." r"org"
)
LOCK_ADDRESS = re.compile(r'"resolved"\s*:|https?://')
# What npm repeats of a package's own words; nothing is fetched from an address in it.
LOCK_WORDS = re.compile(r'"(?:funding|deprecated)"\s*:\s*(?:\{[^}]*\}|\[[^\]]*\]|"(?:[^"\\]|\\.)*")')
LOCK_FILES = ("package-lock.json", "requirements.txt")


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def is_cpp(path: str) -> bool:
    return path.endswith((".h", ".cpp"))


def layer_of(path: str) -> str:
    return path.split("/", 1)[0]


def includes(text: str) -> Iterator[tuple[int, bool, str]]:
    """(line, in angle brackets, name) of each include."""
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match[1] == "<", match[2]


def matches(name: str, pattern: str) -> bool:
    """`asio` is itself, asio.hpp and everything in asio/."""
    return name == pattern or name == pattern + ".hpp" or name.startswith(pattern + "/")


def check_layering(tree: Tree) -> Iterator[str]:
    for path, text in tree.items():
        layer = layer_of(path)
        if not is_cpp(path) or layer not in LAYERS or path in BUILD_PROGRAMS:
            continue
        for line, _, name in includes(text):
            for pattern in FORBIDDEN_INCLUDES[layer]:
                if matches(name, pattern):
                    yield f"{path}:{line}: {layer} may not include {name}"


def check_headers(tree: Tree) -> Iterator[str]:
    for path, text in tree.items():
        if not is_cpp(path):
            continue
        for line, angle, name in includes(text):
            if path.endswith(".h") and name in HEAVY_HEADERS and path not in MAY_INCLUDE_HEAVY:
                yield f"{path}:{line}: {name} in a header slows down every file that includes it"
            if not angle and not name.startswith("generated/") and name not in tree:
                yield f'{path}:{line}: "{name}" is no path from the root of the repository'
        if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.MULTILINE):
            yield f"{path}:1: no #pragma once"


def listed_sources(tree: Tree) -> Iterator[tuple[str, str]]:
    """(list, source) for each .cpp that CMake is told of; what a build generates is left out.

    CMake reads a name relative to the CMakeLists.txt that is being processed, in an included .cmake too.
    """
    for path, text in tree.items():
        if posixpath.basename(path) != "CMakeLists.txt" and not path.endswith(".cmake"):
            continue
        folder = posixpath.dirname(path)
        while folder and f"{folder}/CMakeLists.txt" not in tree:
            folder = posixpath.dirname(folder)
        for word in re.findall(r"[\w./-]+\.cpp\b", re.sub(r"#.*", "", text)):
            if not word.startswith("/"):
                yield path, posixpath.normpath(posixpath.join(folder, word))


def check_source_lists(tree: Tree) -> Iterator[str]:
    """CMake is told of each .cpp of a layer and of the tests, and of no other."""
    listed = list(listed_sources(tree))
    sources = {source for _, source in listed}
    for path in tree:
        if path.endswith(".cpp") and layer_of(path) in (*LAYERS, "tests") and path not in sources:
            yield f"{path}:1: no CMakeLists.txt lists this file"
    for lists, source in listed:
        if source not in tree:
            yield f"{lists}:1: lists {source}, which is not there"


def check_text(tree: Tree) -> Iterator[str]:
    for path, text in tree.items():
        name = posixpath.basename(path)
        if name in LOCK_FILES:
            addresses = LOCK_WORDS.sub(lambda words: "\n" * words[0].count("\n"), text)
            for match in LOCK_ADDRESS.finditer(addresses):
                line = line_of(addresses, match.start())
                yield f"{path}:{line}: an address in a lock file"
        if path.startswith(NOT_OUR_TEXT):
            continue
        for pattern, what in (
            (UNFINISHED, "unfinished work belongs in the issue tracker"),
            (MACHINE_PATH, "a path of one machine"),
            (REGISTRY_HOST, "the address of a package registry"),
        ):
            for match in pattern.finditer(text):
                yield f"{path}:{line_of(text, match.start())}: {what}: {match[0]}"
        if not name.endswith(TABS_ALLOWED):
            for number, line in enumerate(text.split("\n"), 1):
                if "\t" in line:
                    yield f"{path}:{number}: a tab"
                if line.endswith("\r"):
                    yield f"{path}:{number}: a carriage return"
        if is_cpp(path) or path.endswith(".py"):
            for number, line in enumerate(text.split("\n"), 1):
                if line.endswith(" "):
                    yield f"{path}:{number}: space at the end of the line"
        if text and not text.endswith("\n"):
            yield f"{path}:{line_of(text, len(text))}: no newline at the end of the file"


def check_rules(tree: Tree) -> Iterator[str]:
    """Each rule, known by its page in docs/rules, has fixtures that name it, and no other has."""
    pages = {
        posixpath.basename(path)[: -len(".md")]
        for path in tree
        if re.fullmatch(r"docs/rules/[a-z0-9-]+\.md", path)
    }
    fixtures: dict[str, list[str]] = {}
    for path in tree:
        match = re.fullmatch(r"tests/fixtures/rules/([^/]+)/.+\.pyi?", path)
        if match:
            fixtures.setdefault(match[1], []).append(path)
    for rule in pages - fixtures.keys():
        yield f"tests/fixtures/rules/{rule}:1: the rule has no fixture"
    for rule, paths in fixtures.items():
        if pages and rule not in pages:
            yield f"{paths[0]}:1: there is no rule {rule}"
        elif not any(rule in tree[path] for path in paths):
            yield f"tests/fixtures/rules/{rule}:1: no fixture expects a finding of the rule"


CHECKS = (check_layering, check_headers, check_source_lists, check_text, check_rules)


def check(tree: Tree) -> list[str]:
    return sorted(violation for one in CHECKS for violation in one(tree))


def names_of_files(root: Path) -> list[str]:
    """What git knows or would add; without git (an unpacked archive), what no build makes."""
    git = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    if shutil.which("git") and (root / ".git").exists():
        listing = subprocess.run(git, check=True, stdout=subprocess.PIPE).stdout
        return [name for name in listing.decode("utf-8", "surrogateescape").split("\0") if name]
    names = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in MADE_BY_BUILDS]
        names += [(Path(folder) / name).relative_to(root).as_posix() for name in files]
    return names


def load(root: Path) -> dict[str, str]:
    """The text files of the repository; bytes that are no UTF-8 become U+FFFD."""
    return {
        name: (root / name).read_bytes().decode("utf-8", "replace")
        for name in names_of_files(root)
        if not name.endswith(BINARY) and (root / name).is_file()
    }


def main() -> int:
    violations = check(load(Path(__file__).resolve().parents[2]))
    for violation in violations:
        print(violation)
    print(f"{len(violations)} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
