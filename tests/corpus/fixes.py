#!/usr/bin/env python3
"""What fixes must keep, on real code: applies every fix to a copy of folders, and says where a promise is broken.

Without folders the corpus is taken. The files that break a promise stay in the copy where --keep names a folder for it.
"""

from __future__ import annotations

import argparse
import difflib
import json
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from corpus import BINARY
from fetch import CORPUS

Json = dict[str, Any]

# These suggest what is better than awaits one by one, and a fix may write those awaits.
ABOUT_AWAITS = {
    "await-in-loop", "network-await-without-timeout", "sequential-executor-jobs", "sequential-independent-awaits", "too-many-awaits"
}
# These speak of an await that stood there before, where the function that it calls waits since a fix gave that one a checkpoint.
ABOUT_WAITS = {"await-in-cleanup-unshielded", "await-in-except"}


class Problem(NamedTuple):
    promise: str
    place: str
    detail: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.place}: {self.detail}"


def check(folder: Path, *arguments: str | Path) -> dict[Path, list[Json]]:
    """The findings of all rules in the folder, by file, relative to it; `arguments` end with what is checked of it."""
    command = [BINARY, "check", "--isolated", "--no-cache", "--select", "ALL", "--output-format", "json", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=1200, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"awaitls ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    found: dict[Path, list[Json]] = defaultdict(list)
    for item in json.loads(done.stdout):
        found[Path(item["filename"]).resolve().relative_to(folder.resolve())].append(item)
    return found


def compile_error(text: bytes, name: str) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(text, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:  # also what is newer than the Python that runs this
            return str(error)
    return None


def lines_of(text: bytes) -> list[str]:
    # As awaitls counts them: form feeds and the like end no line.
    return text.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def edited_lines(findings: list[Json]) -> set[int]:
    """The lines, counted from 1, that the edits of the fixes touch; an insertion at the head of a line is also behind the one above."""
    lines: set[int] = set()
    for finding in findings:
        for edit in (finding["fix"] or {"edits": []})["edits"]:
            first, last = edit["location"]["row"], edit["end_location"]["row"]
            if edit["location"]["column"] == 1 and first == last and edit["content"].endswith("\n"):
                first -= 1
            lines.update(range(first, last + 1))
    return lines


def differences(was: list[str], now: list[str]) -> list[tuple[str, int, int, int, int]]:
    """The opcodes of difflib, which takes long for what is equal at both ends."""
    head = next((i for i, (a, b) in enumerate(zip(was, now)) if a != b), min(len(was), len(now)))
    most = min(len(was), len(now)) - head
    tail = next((i for i, (a, b) in enumerate(zip(reversed(was), reversed(now))) if a != b or i == most), most)
    middle = difflib.SequenceMatcher(None, was[head : len(was) - tail], now[head : len(now) - tail], autojunk=False)
    inner = [(tag, i1 + head, i2 + head, j1 + head, j2 + head) for tag, i1, i2, j1, j2 in middle.get_opcodes()]
    return [("equal", 0, head, 0, head), *inner, ("equal", len(was) - tail, len(was), len(now) - tail, len(now))]


def places_of(line: int, added: list[str], was: list[str]) -> range:
    """The lines behind which the added ones may have been put to the same effect; `line` is one of them."""
    first = last = line
    block = added
    while first > 0 and was[first - 1] == block[-1]:
        block = [block[-1], *block[:-1]]
        first -= 1
    block = added
    while last < len(was) and was[last] == block[0]:
        block = [*block[1:], block[0]]
        last += 1
    return range(first, last + 1)


def compare(name: Path, before: bytes, after: bytes, old: list[Json], new: list[Json]) -> list[Problem]:
    problems = []
    was, now = lines_of(before), lines_of(after)
    error = compile_error(after, str(name)) if before != after and compile_error(before, str(name)) is None else None
    if error is not None:
        problems.append(Problem("compiles", str(name), error))
    # Which lines a line comes from: its own where it was only moved, those of the edited block otherwise.
    origin: dict[int, range] = {}
    untouched: set[int] = set()
    allowed = edited_lines(old)
    for tag, i1, i2, j1, j2 in differences(was, now):
        for row in range(j1, j2):
            origin[row + 1] = range(i1 + 1 + row - j1, i1 + 2 + row - j1) if tag == "equal" else range(i1 + 1, i2 + 1)
        if tag == "equal":
            untouched.update(range(j1 + 1, j2 + 1))
            continue
        beyond = [row for row in range(i1 + 1, i2 + 1) if row not in allowed]
        if beyond:
            problems.append(Problem("edits only", f"{name}:{beyond[0]}", f"changed: {was[beyond[0] - 1].strip()}"))
        elif i1 == i2 and not any(row in allowed or row + 1 in allowed for row in places_of(i1, now[j1:j2], was)):
            problems.append(Problem("edits only", f"{name}:{i1}", f"added: {now[j1].strip()}"))
    known = Counter((finding["code"], finding["location"]["row"]) for finding in old)
    for finding in new:
        rule, row = finding["code"], finding["location"]["row"]
        place = next((line for line in origin[row] if known[rule, line] > 0), None)
        if place is not None:
            known[rule, place] -= 1
        elif rule not in ABOUT_AWAITS and not (rule in ABOUT_WAITS and row in untouched):
            problems.append(Problem("nothing new", f"{name}:{row}", f"{rule}: {finding['message']}"))
    return problems


def count(findings: list[Json]) -> int:
    return sum(finding["code"] not in ABOUT_WAITS for finding in findings)


class Outcome(NamedTuple):
    files: int  # that fixes changed
    left_out: int  # of these, whose syntax the Python that runs this does not have
    gone: Counter[str]  # findings that went, by rule
    problems: list[Problem]


def apply_all(folder: Path, copy: Path, *arguments: str | Path) -> Outcome:
    """Copies the Python files of the folder and applies all fixes to them; `arguments` go to awaitls."""

    def others(where: str, names: list[str]) -> list[str]:
        return [name for name in names if not name.endswith((".py", ".pyi")) and not Path(where, name).is_dir()]

    shutil.copytree(folder, copy, ignore=others)
    (copy / "pyproject.toml").touch()  # a project of its own, whatever lies around it
    before = check(copy, *arguments, copy)
    texts = {path: (copy / path).read_bytes() for path in before}
    after = check(copy, "--fix", "--unsafe-fixes", *arguments, copy)
    changed = {path: text for path, text in texts.items() if (copy / path).read_bytes() != text}
    fixed = {path: (copy / path).read_bytes() for path in changed}
    again = check(copy, "--fix", "--unsafe-fixes", *arguments, *(copy / path for path in changed)) if changed else {}
    problems = []
    gone: Counter[str] = Counter()
    left_out = 0
    for path in sorted(set(before) | set(after)):
        text = (copy / path).read_bytes()
        old = texts.get(path, text)
        left_out += path in changed and compile_error(old, str(path)) is not None
        problems += compare(path, old, fixed.get(path, old), before.get(path, []), after.get(path, []))
        if text != fixed.get(path, old):
            problems.append(Problem("settles", str(path), "a second run changes it again"))
        elif path in changed and count(again.get(path, [])) > count(after.get(path, [])):
            problems.append(Problem("settles", str(path), "a second run finds more"))
        gone += Counter(f["code"] for f in before.get(path, [])) - Counter(f["code"] for f in after.get(path, []))
    return Outcome(len(changed), left_out, gone, problems)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*", default=[CORPUS])
    parser.add_argument("--python", type=Path, help="the environment that the folders are checked with")
    parser.add_argument("--keep", type=Path, help="where the copies stay")
    options = parser.parse_args()
    failed = False
    for folder in options.folders:
        with tempfile.TemporaryDirectory() as temporary:
            copy = (options.keep or Path(temporary)) / folder.name
            more = ["--python", options.python] if options.python else []
            outcome = apply_all(folder, copy, *more)
        for problem in outcome.problems:
            print(f"{folder.name}: {problem}")
        gone = ", ".join(f"{rule} {count}" for rule, count in outcome.gone.most_common())
        print(f"{folder.name}: {outcome.files} files mended ({outcome.left_out} not compiled): {gone}", flush=True)
        failed = failed or bool(outcome.problems)
    sys.exit(failed)


if __name__ == "__main__":
    main()
