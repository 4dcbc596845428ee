"""`awaitls check` and `awaitls rule` from the outside."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

import pytest

from conftest import Cli

BAD = "import asyncio\nimport time\n\n\nasync def main():\n    time.sleep(1)\n"
FIXED = "import asyncio\nimport time\n\n\nasync def main():\n    await asyncio.sleep(1)\n"
CLEAN = "import asyncio\n\n\nasync def main():\n    await asyncio.sleep(1)\n"
HINT = "import asyncio\n\n\nasync def main(f):\n    try:\n        await f()\n    except asyncio.TimeoutError:\n        print(1)\n"
TARGET = ("--target-version", "3.11")  # timeout-error-alias speaks from 3.11 on
ROOT = Path(__file__).resolve().parents[2]


def concise(cli: Cli, *arguments: str, **kwargs: str | bytes) -> list[str]:
    """`path:row:col: rule` of each finding."""
    done = cli("check", "--output-format", "concise", *arguments, **kwargs)
    return re.findall(r"^(\S+:\d+:\d+: \S+) ", done.stdout, re.MULTILINE)


# --- exit status ---------------------------------------------------------------------------------------


def test_clean_exits_0(cli: Cli) -> None:
    cli.write("a.py", CLEAN)
    done = cli("check")
    assert (done.returncode, done.stdout, done.stderr) == (0, "No problems found in 1 file.\n", "")


def test_findings_exit_1(cli: Cli) -> None:
    cli.write("a.py", BAD)
    done = cli("check", "a.py")
    assert done.returncode == 1
    assert "error[blocking-sleep]" in done.stdout and " --> a.py:6:5\n" in done.stdout
    assert "Found 1 problem: 1 error.\n[*] 1 fixable with `--fix`.\n" in done.stdout
    assert cli("check", "--exit-zero").returncode == 0


def test_fail_on(cli: Cli) -> None:
    cli.write("a.py", BAD)
    severity = ("--config", "severity = { blocking-sleep = 'information' }")
    assert cli("check", *severity).returncode == 0
    assert cli("check", *severity, "--fail-on", "information").returncode == 1
    assert cli("check", *severity, "--fail-on", "error").returncode == 0
    assert cli("check", "--fail-on", "fatal").returncode == 2


def test_hints_stay_in_the_editor(cli: Cli) -> None:
    cli.write("a.py", HINT)
    done = cli("check", *TARGET)
    assert done.returncode == 0
    assert done.stdout == "No problems found in 1 file.\n1 hint not shown; `--hints` shows it.\n"
    assert concise(cli, *TARGET, "--hints") == ["a.py:7:12: timeout-error-alias"]
    assert concise(cli, *TARGET, "--select", "timeout-error-alias") == ["a.py:7:12: timeout-error-alias"]
    assert cli("check", *TARGET, "--hints").returncode == 0
    assert cli("check", *TARGET, "--fail-on", "hint").returncode == 1
    found = json.loads(cli("check", *TARGET, "--output-format", "json").stdout)
    assert [finding["severity"] for finding in found] == ["hint"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--select", "blocking_sleep"], 'did you mean "blocking-sleep"?'),
        (["check", "--ignore", "nosuchrule"], "`awaitls rule --all` lists them"),
        (["check", "--output-format", "xml"], 'there is no "xml"; there are: full, concise'),
        (["check", "--python", "/no/such/env"], "there is no Python environment at /no/such/env"),
        (["check", "--python", "/etc"], "/etc is no Python environment"),
        (["check", "--target-version", "3"], '"3" is no Python version'),
        (["check", "--jobs", "0"], "--jobs"),
        (["check", "--jobs", "many"], "--jobs"),
        (["check", "--nosuch"], "--nosuch"),
        (["check", "--config", "nosuch = 1"], "unknown key `nosuch`"),
        (["check", "--config", "max-awaits = 'few'"], "`max-awaits` must be a whole number, 0 or larger"),
        (["check", "--config", "max-awaits = -1"], "must be a whole number"),
        (["check", "--config", "max-awaits = [1, 2]"], "must be a whole number"),
        (["check", "--config", "select = ["], "not valid TOML"),
        (["check", "--config", "nosuch.toml"], "neither a file nor KEY=VALUE"),
        (["check", "--diff", "--statistics"], "--diff"),
        (["check", "--diff", "--output-format", "json"], "--diff"),
        (["check", "--statistics", "--output-format", "github"], "--statistics"),
        (["check", "-", "a.py"], "standard input"),
        (["check", "a.py", "--stdin-filename", "b.py"], "--stdin-filename"),
        (["rule"], "give the name of a rule, or --all"),
        (["rule", "blocking-slep"], "did you mean `blocking-sleep`?"),
        (["rule", "--all", "--output-dir", "x"], "--output-dir"),
        (["server", "--log-level", "loud"], "--log-level"),
        (["chekc"], "there are: check, rule, server"),
    ],
)
def test_wrong_arguments_exit_2(cli: Cli, arguments: list[str], message: str) -> None:
    cli.write("a.py", BAD)
    done = cli(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stdout == ""


def test_help_and_version(cli: Cli) -> None:
    assert re.fullmatch(r"awaitls \d+\.\d+\.\d+\n", cli("--version").stdout)
    assert cli("check", "--help").returncode == 0
    assert cli().returncode == 2
    help_text = cli("check", "--help").stdout
    for option in ("--select", "--fix", "--unsafe-fixes", "--stdin-filename", "--fail-on", "--no-cache"):
        assert option in help_text


# --- files ---------------------------------------------------------------------------------------------


def test_discovery(cli: Cli) -> None:
    (cli.folder / ".git").mkdir()
    cli.write(".gitignore", "gen/\n")
    for name in ("b.py", "a/c.py", "gen/d.py", ".venv/e.py", "f.txt", "a/g.pyi"):
        cli.write(name, BAD)
    assert concise(cli) == [f"{name}:6:5: blocking-sleep" for name in ("a/c.py", "a/g.pyi", "b.py")]
    assert concise(cli, "gen/d.py", "f.txt") == ["gen/d.py:6:5: blocking-sleep", "f.txt:6:5: blocking-sleep"]


def test_order_does_not_depend_on_threads(cli: Cli) -> None:
    for number in range(60):
        cli.write(f"m{number:02}.py", BAD * (number % 3))
    one = cli("check", "--jobs", "1").stdout
    assert one == cli("check", "--jobs", "8").stdout
    assert one.count("error[") == 60


def test_nothing_to_check(cli: Cli) -> None:
    done = cli("check")
    assert done.returncode == 0
    assert "there is nothing to check" in done.stderr


def test_missing_path(cli: Cli) -> None:
    cli.write("a.py", BAD)
    done = cli("check", "gone.py", "a.py")
    assert done.returncode == 2
    assert done.stderr == "error: gone.py: No such file or directory\n"
    assert "a.py:6:5" in done.stdout, "the rest goes on"


def test_unreadable_file(cli: Cli) -> None:
    cli.write("a.py", BAD)
    (cli.folder / "b.py").symlink_to("/proc/self/mem")  # its first page cannot be read, not even by root
    done = cli("check")
    assert done.returncode == 2
    assert done.stderr == "error: b.py: Input/output error\n"
    assert "a.py:6:5" in done.stdout, "the rest goes on"


def test_a_folder_named_like_a_module(cli: Cli) -> None:
    (cli.folder / "a.py").mkdir()
    cli.write("a.py/b.py", BAD)
    assert concise(cli) == ["a.py/b.py:6:5: blocking-sleep"]


def test_too_large(cli: Cli) -> None:
    cli.write("big.py", BAD + "#" * 3_000_000)
    done = cli("check")
    assert done.returncode == 0
    assert "not analysed: it is larger than `max-file-size` (2000000 bytes)" in done.stdout
    assert cli("check", "--config", "max-file-size = 4_000_000").returncode == 1


# --- configuration -------------------------------------------------------------------------------------


def test_configuration_of_the_nearest_folder(cli: Cli) -> None:
    cli.write("pyproject.toml", "[tool.awaitls]\nselect = ['task']\n")
    cli.write("sub/awaitls.toml", "select = ['blocking']\n")
    cli.write("a.py", BAD)
    cli.write("sub/b.py", BAD)
    assert concise(cli) == ["sub/b.py:6:5: blocking-sleep"]
    assert len(concise(cli, "--isolated")) == 2
    assert len(concise(cli, "--config", "sub/awaitls.toml")) == 2
    assert len(concise(cli, "--config", "select = ['ALL']")) == 2
    assert concise(cli, "--select", "ASYNC251", "--ignore", "blocking-sleep") == []
    assert len(concise(cli, "--extend-select", "ASYNC2,RUF006")) == 2


def test_codes_of_other_tools_select_their_part_of_a_rule(cli: Cli) -> None:
    cli.write("a.py", "import os\n\n\nasync def main(path, number):\n    open(path)\n    os.fdopen(number)\n")
    assert concise(cli, "--select", "ASYNC231") == ["a.py:6:5: blocking-open"]
    assert concise(cli, "--select", "ASYNC231") == ["a.py:6:5: blocking-open"], "from the cache"
    assert concise(cli, "--select", "ASYNC230") == ["a.py:5:5: blocking-open"]
    assert len(concise(cli, "--select", "blocking-open")) == 2
    assert concise(cli, "--config", "per-file-ignores = { 'a.py' = ['ASYNC230'] }") == ["a.py:6:5: blocking-open"]
    findings = json.loads(cli("check", "--output-format", "json", "--select", "S7493").stdout)
    assert [finding["aliases"] for finding in findings] == [["ASYNC230", "S7493"], ["ASYNC231", "S7493"]]
    findings = json.loads(cli("check", "--output-format", "json", "--select", "S7493").stdout)
    assert [finding["aliases"] for finding in findings] == [["ASYNC230", "S7493"], ["ASYNC231", "S7493"]], "from the cache"
    done = cli("check", "--show-settings", "--select", "ASYNC231")
    assert '"blocking-open", # information, only ASYNC231, S7493\n' in done.stdout


def test_whole_codes_select_what_goes_beyond_a_rule(cli: Cli) -> None:
    cli.write("a.py", "def load(path):\n    try:\n        return open(path)\n    except BaseException:\n        pass\n")
    assert concise(cli) == []
    for selector in ("ASYNC10", "S7497", "cancellation-swallowed", "ALL"):
        assert "cancellation-swallowed" not in cli("check", "--select", selector).stdout
    assert concise(cli, "--select", "ASYNC103") == ["a.py:4:12: cancellation-swallowed"]
    assert concise(cli, "--select", "ASYNC103") == ["a.py:4:12: cancellation-swallowed"], "from the cache"
    [finding] = json.loads(cli("check", "--output-format", "json", "--select", "ASYNC103").stdout)
    assert finding["aliases"] == ["ASYNC103"]
    done = cli("check", "--show-settings", "--select", "ASYNC103")
    assert '"cancellation-swallowed", # warning, with all that ASYNC103 means\n' in done.stdout
    done = cli("check", "--show-settings")
    assert '"cancellation-swallowed", # warning\n' in done.stdout
    [rule] = json.loads(cli("rule", "cancellation-swallowed", "--output-format", "json").stdout)
    assert rule["beyond"].keys() == {"ASYNC103"}
    assert "whole, also: " in cli("rule", "cancellation-swallowed").stdout


@pytest.mark.parametrize(
    ("code", "line"), [("ASYNC910", 4), ("ASYNC911", 9), ("ASYNC913", 14), ("ASYNC220", 19), ("ASYNC221", 20)]
)
def test_each_code_means_its_shape(cli: Cli, code: str, line: int) -> None:
    cli.write(
        "a.py",
        "import subprocess\nimport trio\n\nasync def plain():\n    print()\n\n"
        "async def items():\n    await trio.sleep(1)\n    yield 1; yield 2\n    await trio.sleep(1)\n\n"
        "async def spin(busy):\n    await trio.sleep(1)\n    while True:\n        if not busy:\n            await trio.sleep(1)\n\n"
        "async def runs():\n    subprocess.Popen(['make'])\n    subprocess.run(['make'])\n    await trio.sleep(1)\n",
    )
    findings = json.loads(cli("check", "--output-format", "json", "--select", code).stdout)
    assert [finding["location"]["row"] for finding in findings] == [line]
    assert code in findings[0]["aliases"]


def test_mistakes_in_the_configuration(cli: Cli) -> None:
    cli.write("pyproject.toml", "[tool.awaitls]\nselect = ['ALL', 'blocking_sleep']\nnosuch = 1\n")
    cli.write("a.py", BAD)
    done = cli("check")
    assert done.returncode == 2
    assert done.stderr == (
        'error: pyproject.toml:2:18: there is no rule, category or code "blocking_sleep"; did you mean "blocking-sleep"?\n'
        "error: pyproject.toml:3:1: unknown key `nosuch`\n"
    )
    assert "a.py:6:5" in done.stdout, "the rest holds"


def test_broken_configuration(cli: Cli) -> None:
    cli.write("pyproject.toml", "[project]\nname = 'x'\nversion = \n")
    cli.write("a.py", BAD)
    done = cli("check")
    assert done.returncode == 2
    assert re.match(r"error: pyproject\.toml:3:\d+: not valid TOML: ", done.stderr)
    assert "a.py:6:5" in done.stdout


def test_per_file_ignores_and_exclude(cli: Cli) -> None:
    cli.write("awaitls.toml", "exclude = ['gen']\nper-file-ignores = { 'tests/*' = ['blocking'] }\n")
    for name in ("gen/a.py", "tests/deep/b.py", "c.py"):
        cli.write(name, BAD)
    assert concise(cli) == ["c.py:6:5: blocking-sleep"]
    assert concise(cli, "gen/a.py") == ["gen/a.py:6:5: blocking-sleep"]


def test_show_settings(cli: Cli) -> None:
    cli.write("pyproject.toml", "[project]\nrequires-python = '>=3.12'\n[tool.awaitls]\nselect = ['blocking-sleep']\n")
    done = cli("check", "--show-settings")
    assert done.returncode == 0
    assert done.stdout == (
        '# .\nconfiguration = "pyproject.toml"\ntarget-version = "3.12"\nstrictness = "certain"\n'
        'max-file-size = 2000000\nrules = [\n    "blocking-sleep", # error\n]\n'
    )


def test_an_environment_says_nothing_of_the_oldest_python(cli: Cli) -> None:
    cli.write("env/pyvenv.cfg", "home = /usr/bin\nversion = 3.12.4\n")
    cli.write("installed/lib/python3.13/site.py", "")
    cli.write("pyproject.toml", "[tool.awaitls]\npython = 'env'\n")
    version = lambda *options: cli("check", "--show-settings", *options).stdout.splitlines()[2]
    assert version() == 'target-version = "3.10"'
    assert version("--python", "installed") == 'target-version = "3.10"'
    assert version("--python", "installed", "--target-version", "3.13") == 'target-version = "3.13"'
    cli.write("pyproject.toml", "[project]\nrequires-python = '>=3.11'\n[tool.awaitls]\npython = 'env'\n")
    assert version() == 'target-version = "3.11"'


@pytest.mark.parametrize("path", ["/usr", "../env", "env/../../x", ""])
def test_a_configured_environment_stays_in_the_project(cli: Cli, path: str) -> None:
    cli.write("pyproject.toml", f"[tool.awaitls]\npython = '{path}'\n")
    cli.write("a.py", "")
    done = cli("check")
    assert done.returncode == 2
    assert "must be a path below this file's folder" in done.stderr


# --- output --------------------------------------------------------------------------------------------


def test_json_contract(cli: Cli) -> None:
    cli.write("a.py", BAD.replace("time.sleep(1)", "x = 'é𝒳'; time.sleep(1)"))
    done = cli("check", "--output-format", "json")
    assert done.returncode == 1
    [finding] = json.loads(done.stdout)
    assert finding.keys() == {
        "code", "name", "category",
        "cell", "severity", "review_severity", "aliases", "filename", "location", "end_location",
        "message", "url", "fix", "related",
    }  # fmt: skip
    assert finding["code"] == finding["name"] == "blocking-sleep"
    assert finding["category"] == "blocking"
    assert finding["severity"] == "error"
    assert finding["review_severity"] == "CRITICAL"
    assert "ASYNC251" in finding["aliases"]
    assert finding["filename"] == str(cli.folder / "a.py")
    assert finding["location"] == {"row": 6, "column": 15}
    assert finding["end_location"]["row"] == 6
    assert finding["url"].endswith("docs/rules/blocking-sleep.md")
    assert finding["fix"]["applicability"] == "safe"
    assert finding["fix"]["message"]
    for edit in finding["fix"]["edits"]:
        assert edit.keys() == {"content", "location", "end_location"}
    lines = cli("check", "--output-format", "json-lines").stdout.splitlines()
    assert [json.loads(line) for line in lines] == [finding]
    cli.write("a.py", CLEAN)
    assert cli("check", "--output-format", "json").stdout == "[]\n"


def test_formats(cli: Cli) -> None:
    cli.write("a.py", BAD)
    assert cli("check", "--output-format", "concise").stdout.startswith("a.py:6:5: blocking-sleep ")
    assert cli("check", "--output-format", "grouped").stdout.startswith("a.py:\n  6:5 blocking-sleep [*] ")
    assert cli("check", "--output-format", "github").stdout.startswith("::error title=awaitls (blocking-sleep),file=a.py,line=6,")
    statistics = cli("check", "--statistics").stdout
    assert re.match(r"1  blocking-sleep  \[\*\] ", statistics)
    [count] = json.loads(cli("check", "--statistics", "--output-format", "json").stdout)
    assert count == {"code": "blocking-sleep", "name": "blocking-sleep", "count": 1, "fixable": True, "fixable_count": 1}


def test_colour(cli: Cli) -> None:
    cli.write("a.py", BAD)
    assert "\x1b" not in cli("check").stdout
    assert "\x1b[" in cli("check", env={"FORCE_COLOR": "1"}).stdout
    assert "\x1b" not in cli("check", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout


def test_output_file(cli: Cli) -> None:
    cli.write("a.py", BAD)
    done = cli("check", "--output-file", "out.txt", env={"FORCE_COLOR": "1"})
    assert (done.returncode, done.stdout) == (1, "")
    assert cli.read("out.txt").startswith(b"error[blocking-sleep]: ")
    assert cli("check", "--output-file", "no/such/folder.txt").returncode == 2


def test_timings(cli: Cli) -> None:
    cli.write("a.py", BAD)
    done = cli("check", "--timings", "--no-cache")
    assert re.search(r"^check files +\d+\.\d ms   1 file, \d+ bytes, 1 thread; 0 known from the last run$", done.stderr, re.MULTILINE)
    assert "ms" not in done.stdout.split("Found")[1]


def test_timings_of_rules(cli: Cli) -> None:
    cli.write("a.py", BAD)
    cli.write("b.py", BAD)
    lines = cli("check", "--timings", "--no-cache", "--select", "ALL").stderr.splitlines()
    first = next(i for i, line in enumerate(lines) if re.match(r"rules +\d+\.\d ms ", line))
    rows = [re.fullmatch(r" +(\d+\.\d) ms +(\d+\.\d) %  ([a-z-]+)", line) for line in lines[first + 1 :]]
    assert all(rows) and len(rows) > 20
    times = [float(row[1]) for row in rows if row]
    assert times == sorted(times, reverse=True)
    assert "blocking-sleep" in [row[3] for row in rows if row]
    assert 95 < sum(float(row[2]) for row in rows if row) < 105
    # A rule that does not run takes no time, and without --timings nobody looks.
    few = cli("check", "--timings", "--no-cache", "--select", "blocking-sleep").stderr
    assert [line.split()[-1] for line in few.splitlines() if "%" in line] == ["blocking-sleep"]
    assert "%" not in cli("check", "--no-cache").stderr


# --- fixes ---------------------------------------------------------------------------------------------


def test_fix(cli: Cli) -> None:
    path = cli.write("a.py", BAD)
    path.chmod(0o640)
    done = cli("check", "--fix")
    assert done.returncode == 0
    assert done.stdout == "Found 1 problem (1 fixed, 0 remaining).\n"
    assert cli.read("a.py").decode() == FIXED
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(os.listdir(cli.folder)) == ["a.py"]
    assert cli("check", "--fix").stdout == "No problems found in 1 file.\n"


def test_fix_keeps_what_is_not_its_own(cli: Cli) -> None:
    cli.write("crlf.py", BAD.replace("\n", "\r\n"))
    cli.write("bom.py", b"\xef\xbb\xbf" + BAD.encode())
    cli.write("latin.py", ("# coding: latin-1\n# \xe9\n" + BAD).encode("latin-1"))
    cli.write("linked.txt", BAD)
    (cli.folder / "link.py").symlink_to("linked.txt")
    assert cli("check", "--fix").returncode == 0
    assert cli.read("crlf.py").decode() == FIXED.replace("\n", "\r\n")
    assert cli.read("bom.py") == b"\xef\xbb\xbf" + FIXED.encode()
    assert cli.read("latin.py") == ("# coding: latin-1\n# \xe9\n" + FIXED).encode("latin-1")
    assert (cli.folder / "link.py").is_symlink()
    assert cli.read("linked.txt").decode() == FIXED


def test_diff_writes_nothing(cli: Cli) -> None:
    cli.write("a.py", BAD)
    cli.write("b.py", CLEAN)
    for arguments in (["--diff"], ["--fix", "--diff"]):
        done = cli("check", *arguments)
        assert done.returncode == 1
        assert done.stdout == (
            "--- a.py\n+++ a.py\n@@ -3,4 +3,4 @@\n \n \n async def main():\n"
            "-    time.sleep(1)\n+    await asyncio.sleep(1)\n"
        )
        assert done.stderr == "1 problem would be fixed.\n"
    assert cli.read("a.py").decode() == BAD
    assert cli("check", "--diff", "--exit-zero").returncode == 0
    assert cli("check", "--diff", "b.py").returncode == 0


def test_unsafe_fixes_wait_for_their_flag(cli: Cli) -> None:
    source = "import asyncio\nimport requests\n\n\nasync def main():\n    requests.get('http://x', timeout=3)\n"
    cli.write("a.py", source)
    done = cli("check", "--fix")
    assert done.returncode == 1
    assert cli.read("a.py").decode() == source
    assert "fixable with `--fix --unsafe-fixes`" in done.stdout
    assert cli("check", "--fix", "--unsafe-fixes").returncode == 0
    assert "await asyncio.to_thread(" in cli.read("a.py").decode()


# --- standard input ------------------------------------------------------------------------------------


def test_stdin(cli: Cli) -> None:
    cli.write("pkg/awaitls.toml", "ignore = ['blocking']\n")
    assert concise(cli, "-", stdin=BAD) == ["-:6:5: blocking-sleep"]
    assert concise(cli, "-", "--stdin-filename", "src/m.py", stdin=BAD) == ["src/m.py:6:5: blocking-sleep"]
    assert concise(cli, "--stdin-filename", "pkg/m.py", stdin=BAD) == []
    found = json.loads(cli("check", "-", "--stdin-filename", "m.py", "--output-format", "json", stdin=BAD).stdout)
    assert found[0]["filename"] == str(cli.folder / "m.py")


def test_stdin_fix(cli: Cli) -> None:
    done = cli("check", "--fix", "-", stdin=BAD)
    assert (done.returncode, done.stdout) == (0, FIXED)
    assert done.stderr == "Found 1 problem (1 fixed, 0 remaining).\n"
    assert cli("check", "--fix", "-", stdin=CLEAN).stdout == CLEAN
    assert cli("check", "--diff", "-", stdin=BAD).stdout.startswith("--- -\n+++ -\n@@ ")


# --- bad input -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        b"",
        b"\0",
        b"async def f():\n    \0\n",
        b"\xff\xfe\x00\x01",
        b"# coding: nosuch\n",
        b"# coding: utf-8\nx = '\xe9'\n",
        b"\xed\xa0\x80",
        b"(" * 200_000,
        b"[" * 5_000 + b"]" * 5_000,
        b"async def f():\r    await g()\r",
        b"if x:\n\ty\n        z\n",
        b'"""' * 999,
        b"\\",
    ],
    ids=lambda source: f"{source[:12]!r}x{len(source)}",
)
def test_any_bytes(cli: Cli, source: bytes) -> None:
    cli.write("bad.py", source)
    cli.write("good.py", BAD)
    done = cli("check", "--output-format", "json")
    assert done.returncode == 1, done.stderr
    assert "blocking-sleep" in done.stdout, "other files go on"
    assert cli("check", "--fix", "--unsafe-fixes").returncode in (0, 1)
    assert cli.read("bad.py") == source


def test_what_is_no_utf8_is_told(cli: Cli) -> None:
    cli.write("a.py", b"x = '\xe9'\n" + BAD.encode())
    done = cli("check", "--fix", "--output-format", "json")
    notes = [finding for finding in json.loads(done.stdout) if finding["code"] is None]
    assert len(notes) == 1 and notes[0]["severity"] == "warning"
    assert cli.read("a.py") == b"x = '\xe9'\n" + BAD.encode(), "a lossy reading is never written"


def test_names_that_command_the_terminal(cli: Cli) -> None:
    cli.write("a\x1b[31m\n.py", BAD)
    for form in ("full", "concise", "grouped"):
        assert "\x1b" not in cli("check", "--output-format", form).stdout


# --- rules and pages -----------------------------------------------------------------------------------


def test_rule_pages(cli: Cli) -> None:
    page = cli("rule", "blocking-sleep").stdout
    assert page.startswith("# blocking-sleep\n\n")
    assert cli("rule", "S7488").stdout == page
    rules = json.loads(cli("rule", "--all", "--output-format", "json").stdout)
    names = [rule["name"] for rule in rules]
    assert names == sorted(names) and "blocking-sleep" in names
    listed = cli("rule", "--all").stdout.splitlines()
    assert [line.split()[0] for line in listed] == names
    markdown = cli("rule", "--all", "--output-format", "markdown").stdout
    for rule in rules:
        assert rule.keys() >= {"category", "severity", "review_severity", "aliases", "summary", "documentation", "fix", "url"}
        assert f"# {rule['name']}\n" in markdown


def test_the_pages_in_the_repository_are_current(cli: Cli) -> None:
    done = cli("rule", "--all", "--output-format", "markdown", "--output-dir", "docs/rules")
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_text() for path in (cli.folder / "docs/rules").iterdir()}
    kept = {path.name: path.read_text() for path in (ROOT / "docs/rules").glob("*.md")}
    assert made.keys() == kept.keys(), "./dev docs writes the pages"
    stale = [name for name, text in made.items() if kept[name] != text]
    assert not stale, "./dev docs writes the pages"
    for name in ("configuration.md", "awaitls.schema.json"):
        assert (cli.folder / "docs" / name).read_text() == (ROOT / "docs" / name).read_text(), "./dev docs writes it"


# --- several files -------------------------------------------------------------------------------------


def write_project(cli: Cli) -> None:
    cli.write("pyproject.toml", "")
    cli.write("app/__init__.py", "")
    cli.write("app/store.py", "import time\n\n\ndef load():\n    time.sleep(1)\n\n\nasync def fetch():\n    return 1\n")
    cli.write("app/main.py", "from .store import fetch, load\n\n\nasync def main():\n    load()\n    fetch()\n    print()\n")


def test_findings_cross_files(cli: Cli) -> None:
    write_project(cli)
    expected = ["app/main.py:5:5: transitive-blocking-call", "app/main.py:6:5: unawaited-coroutine"]
    assert concise(cli) == expected
    assert concise(cli, "app/main.py") == expected, "also where only the one file is named"
    assert concise(cli, "--jobs", "4", "app/store.py", "app/main.py") == expected


def test_a_generator_is_judged_by_who_iterates_it(cli: Cli) -> None:
    cli.write("pyproject.toml", "")
    cli.write("app/__init__.py", "")
    cli.write(
        "app/source.py",
        "class Source:\n    async def numbers(self, lock):\n        async with lock:\n            yield 1\n            yield 2\n",
    )
    found = lambda: concise(cli, "--select", "yield-in-cm-in-async-generator")
    assert found() == [], "nobody is known to iterate it"
    use = "from app.source import Source\n\n\nasync def main(lock):\n    source = Source()\n    "
    cli.write("app/use.py", use + "async for number in source.numbers(lock):\n        break\n")
    expected = [f"app/source.py:{line}:13: yield-in-cm-in-async-generator" for line in (4, 5)]
    assert found() == expected, "another file stops early; the cache knows that it was searched"
    assert found() == expected, "from the cache"
    closing = "from contextlib import aclosing\n" + use
    cli.write("app/use.py", closing + "async with aclosing(source.numbers(lock)) as numbers:\n        print(await anext(numbers))\n")
    assert found() == [], "it is closed there now"


def test_findings_of_installed_packages(cli: Cli) -> None:
    packages = "env/lib/python3.11/site-packages"
    cli.write("env/pyvenv.cfg", "version = 3.11.2\n")
    cli.write(f"{packages}/shopkit/__init__.py", "from .client import Client\n")
    cli.write(
        f"{packages}/shopkit/client.py",
        "import requests\n\n\nclass Client:\n    async def fetch(self):\n        return 1\n\n"
        "    def load(self):\n        return requests.get('https://example.org')\n",
    )
    cli.write("pyproject.toml", "")
    cli.write("main.py", "import shopkit\n\n\nasync def main(client: shopkit.Client):\n    client.load()\n    client.fetch()\n    print()\n")
    expected = ["main.py:5:5: transitive-blocking-call", "main.py:6:5: unawaited-coroutine"]
    assert concise(cli, "main.py") == []
    assert concise(cli, "--python", "env", "main.py") == expected
    done = cli("check", "--python", "env", "main.py")
    assert f"--> {packages}/shopkit/client.py:9:16" in done.stdout
    cli.write("pyproject.toml", '[tool.awaitls]\npython = "env"\n')
    assert concise(cli, "main.py") == expected, "as configured"
    cli.write("pyproject.toml", "")
    (cli.folder / "env").rename(cli.folder / ".venv")
    assert concise(cli, "main.py") == expected, "found by itself"
    assert concise(cli, "--isolated", "main.py") == []


def test_a_chain_shows_the_other_file(cli: Cli) -> None:
    write_project(cli)
    done = cli("check", "--isolated")
    assert "load -> time.sleep (store.py:5)" in done.stdout
    assert "note: `time.sleep` blocks\n --> app/store.py:5:5\n" in done.stdout
    found = json.loads(cli("check", "--output-format", "json").stdout)
    assert [place["filename"] for place in found[0]["related"]] == [str(cli.folder / "app/store.py")]
    assert found[0]["related"][0]["location"] == {"row": 5, "column": 5}


def test_fixes_across_files(cli: Cli) -> None:
    write_project(cli)
    cli("check", "--fix")
    assert "    await fetch()\n" in (cli.folder / "app/main.py").read_text()
