"""Every fix of every rule, applied to a copy of the corpus: what it promises on fixtures holds on real code."""

from __future__ import annotations

from pathlib import Path

import pytest

import fixes
from fetch import CORPUS, FetchError, fetch


@pytest.fixture(scope="session")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> fixes.Outcome:
    try:
        fetch()
    except FetchError as error:
        pytest.fail(str(error), pytrace=False)
    return fixes.apply_all(CORPUS, tmp_path_factory.mktemp("fixes") / "corpus")


def broken(outcome: fixes.Outcome, promise: str) -> str:
    return "\n".join(f"  {problem.place}: {problem.detail}" for problem in outcome.problems if problem.promise == promise)


def test_there_is_something_to_mend(outcome: fixes.Outcome) -> None:
    assert outcome.files > 200
    # Files whose syntax is newer than this Python are compared, and not compiled.
    assert outcome.left_out * 10 < outcome.files
    assert len(outcome.gone) > 15


def test_what_compiled_compiles(outcome: fixes.Outcome) -> None:
    assert not broken(outcome, "compiles")


def test_nothing_new_is_found(outcome: fixes.Outcome) -> None:
    assert not broken(outcome, "nothing new")


def test_a_second_run_changes_nothing(outcome: fixes.Outcome) -> None:
    assert not broken(outcome, "settles")


def test_lines_without_an_edit_stay(outcome: fixes.Outcome) -> None:
    assert not broken(outcome, "edits only")


def test_broken_promises_are_seen() -> None:
    before = b"import time\n\n\nasync def main():\n    time.sleep(1)\n    pass\n"
    edit = {"location": {"row": 5, "column": 5}, "end_location": {"row": 5, "column": 18}, "content": "await sleep(1)"}
    old = [{"code": "blocking-sleep", "location": {"row": 5}, "message": "", "fix": {"edits": [edit]}}]

    def promises(after: bytes, new: list[fixes.Json]) -> list[str]:
        return [problem.promise for problem in fixes.compare(Path("x.py"), before, after, old, new)]

    good = before.replace(b"time.sleep", b"await sleep")
    assert promises(good, []) == []
    assert promises(good, old) == []
    assert promises(good, [old[0] | {"code": "zero-sleep"}]) == ["nothing new"]
    assert promises(good, old * 2) == ["nothing new"]
    assert promises(good.replace(b"await sleep", b"await await"), []) == ["compiles"]
    assert promises(good.replace(b"\n\n\n", b"\n\n"), []) == ["edits only"]
    assert promises(good.replace(b"    pass\n", b"    pass\n    pass\n    ...\n"), []) == ["edits only"]
