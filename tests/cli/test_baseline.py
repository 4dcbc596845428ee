"""`--baseline`: what is known is not reported, whatever line it stands in."""

from __future__ import annotations

import json
import re

import pytest

from conftest import Cli

HEAD = "import time\n\n\nasync def main():\n"
ONE = HEAD + "    time.sleep(1)\n"
TWO = HEAD + "    time.sleep(1)\n    time.sleep(2)\n"
HINT = "import asyncio\n\n\nasync def main(f):\n    try:\n        await f()\n    except asyncio.TimeoutError:\n        pass\n"


def write(cli: Cli, *arguments: str) -> str:
    done = cli("check", "--baseline", "known.json", "--write-baseline", *arguments)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return done.stderr


def check(cli: Cli, *arguments: str) -> tuple[int, list[str], str]:
    """The exit status, `path:row` of each finding, and the summary."""
    done = cli("check", "--output-format", "concise", "--baseline", "known.json", *arguments)
    lines = done.stdout.splitlines(keepends=True)
    found = [match[1] for line in lines if (match := re.match(r"(\S+:\d+):\d+: ", line))]
    return done.returncode, found, "".join(lines[len(found) :])


def entries(cli: Cli) -> list[tuple[str, str, str, int]]:
    document = json.loads(cli.read("known.json"))
    assert document["version"] == 1
    return [(e["path"], e["rule"], e["code"], e.get("count", 1)) for e in document["findings"]]


def test_known_findings_are_not_reported(cli: Cli) -> None:
    cli.write("a.py", ONE)
    assert write(cli) == "Wrote 1 problem to known.json.\n"
    assert cli.read("known.json").decode() == (
        '{\n  "version": 1,\n  "findings": [\n'
        '    {"path": "a.py", "rule": "blocking-sleep", "code": "time.sleep(1)"}\n  ]\n}\n'
    )
    assert check(cli) == (0, [], "No problems found in 1 file.\n1 problem not shown: the baseline knows it.\n")
    cli.write("a.py", TWO)
    status, found, _ = check(cli)
    assert (status, found) == (1, ["a.py:6"])


def test_lines_and_layout_do_not_count(cli: Cli) -> None:
    cli.write("a.py", ONE)
    write(cli)
    cli.write("a.py", "# moved\n\n" + ONE.replace("time.sleep(1)", "time.sleep(\n        1\n    )"))
    assert check(cli)[:2] == (0, [])
    cli.write("a.py", ONE.replace("time.sleep(1)", "time.sleep(3)"))
    assert check(cli)[:2] == (1, ["a.py:5"])


def test_equal_findings_are_counted(cli: Cli) -> None:
    cli.write("a.py", ONE + "    time.sleep(1)\n")
    write(cli)
    assert entries(cli) == [("a.py", "blocking-sleep", "time.sleep(1)", 2)]
    cli.write("a.py", ONE + "    time.sleep(1)\n" * 2)
    assert check(cli)[:2] == (1, ["a.py:7"])


def test_other_files_and_rules_are_not_known(cli: Cli) -> None:
    cli.write("a.py", ONE)
    write(cli)
    cli.write("b.py", ONE)
    assert check(cli)[:2] == (1, ["b.py:5"])
    cli.write("b.py", "async def f(p):\n    open(p)\n")
    assert check(cli)[1] == ["b.py:2"]


def test_what_is_gone_is_told_and_dropped(cli: Cli) -> None:
    cli.write("a.py", TWO)
    cli.write("b.py", ONE)
    write(cli)
    cli.write("a.py", ONE)
    assert check(cli, "a.py")[2] == (
        "No problems found in 1 file.\n1 problem not shown: the baseline knows it.\n"
        "1 problem of the baseline is gone; `--write-baseline` drops it.\n"
    )
    # Of files that this run does not see all stays, of files that are no more nothing does.
    assert write(cli, "a.py") == "Wrote 2 problems to known.json.\n"
    assert [entry[0] for entry in entries(cli)] == ["a.py", "b.py"]
    (cli.folder / "b.py").unlink()
    write(cli, "a.py")
    assert [entry[0] for entry in entries(cli)] == ["a.py"]


def test_rules_that_do_not_run_are_left_alone(cli: Cli) -> None:
    cli.write("a.py", ONE + "    open('x')\n")
    write(cli)
    assert check(cli, "--select", "blocking-open")[2].splitlines()[1:] == [
        "1 problem not shown: the baseline knows it."
    ]
    write(cli, "--select", "blocking-open")
    assert [entry[1] for entry in entries(cli)] == ["blocking-open", "blocking-sleep"]


def test_hints_are_known_too(cli: Cli) -> None:
    cli.write("a.py", HINT)
    target = ("--target-version", "3.11")
    assert write(cli, *target) == "Wrote 1 problem to known.json.\n"
    assert check(cli, *target, "--hints")[:2] == (0, [])
    assert "gone" not in check(cli, *target)[2]
    assert json.loads(cli("check", *target, "--baseline", "known.json", "--output-format", "json").stdout) == []
    cli.write("a.py", HINT + HINT)
    assert check(cli, *target)[2].splitlines()[1:] == [
        "1 hint not shown; `--hints` shows it.",
        "1 problem not shown: the baseline knows it.",
    ]


def test_paths_are_relative_to_the_baseline(cli: Cli) -> None:
    cli.write("src/a.py", ONE)
    cli.write("ci/readme", "")
    assert cli("check", "--baseline", "ci/known.json", "--write-baseline", "src").returncode == 0
    assert '"path": "' in cli.read("ci/known.json").decode()
    assert cli("check", "--baseline", "ci/known.json").returncode == 0
    cli.write("known.json", "")
    (cli.folder / "known.json").unlink()
    write(cli)
    assert [entry[0] for entry in entries(cli)] == ["src/a.py"]


@pytest.mark.parametrize("form", ["json", "json-lines", "sarif", "github", "gitlab", "junit", "full", "grouped"])
def test_every_format_goes_by_it(cli: Cli, form: str) -> None:
    cli.write("a.py", ONE)
    write(cli)
    done = cli("check", "--baseline", "known.json", "--output-format", form)
    assert done.returncode == 0 and "blocking-sleep" not in done.stdout


def test_standard_input(cli: Cli) -> None:
    cli.write("a.py", ONE)
    write(cli)
    arguments = ("check", "-", "--stdin-filename", "a.py", "--baseline", "known.json")
    assert cli(*arguments, stdin=ONE).returncode == 0
    assert cli(*arguments, stdin=TWO).returncode == 1


def test_results_of_the_last_run_go_by_it_too(cli: Cli) -> None:
    cli.write("a.py", TWO)
    assert cli("check").returncode == 1
    write(cli)
    assert check(cli)[:2] == (0, [])
    assert cli("check").returncode == 1


def test_fixes_do_not_go_by_it(cli: Cli) -> None:
    cli.write("a.py", "import asyncio\n" + ONE)
    write(cli)
    assert cli("check", "--fix", "--baseline", "known.json").returncode == 0
    assert "await asyncio.sleep(1)" in cli.read("a.py").decode()


def test_notes_are_never_known(cli: Cli) -> None:
    cli.write("a.py", ONE.encode() + b"# \xff\n")
    write(cli)
    done = cli("check", "--baseline", "known.json")
    assert "blocking-sleep" not in done.stdout and done.returncode == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "known.json: No such file or directory"),
        ("{", "this is no baseline: it is no JSON; `--write-baseline` makes one"),
        ("[]", "it has no `version`"),
        ('{"version": "1"}', "it has no `version`"),
        ('{"version": 2, "findings": []}', "it is of another version of awaitls"),
        ('{"version": 1}', "`findings` is no array"),
        ('{"version": 1, "findings": [1]}', "an entry lacks its `path` or `rule`"),
        ('{"version": 1, "findings": [{"path": "a.py", "rule": "x", "count": -1}]}', "a `count` is no number"),
    ],
)
def test_a_wrong_file_is_an_error(cli: Cli, content: str | None, message: str) -> None:
    cli.write("a.py", ONE)
    if content is not None:
        cli.write("known.json", content)
    done = cli("check", "--baseline", "known.json")
    assert done.returncode == 2 and message in done.stderr and done.stdout == ""
    if content is not None:
        assert cli("check", "--baseline", "known.json", "--write-baseline").returncode == 2
        assert cli.read("known.json").decode() == content


def test_arguments(cli: Cli) -> None:
    done = cli("check", "--write-baseline")
    assert done.returncode == 2 and "goes with `--baseline FILE`" in done.stderr
    done = cli("check", "--baseline", "b", "--write-baseline", "--fix")
    assert done.returncode == 2 and "neither with `--fix`" in done.stderr
    cli.write("a.py", ONE)
    assert cli("check", "--baseline", "no/such/folder/b", "--write-baseline").returncode == 2
