"""What awaitls costs, as ratios of figures taken in one run, so that they mean the same on every machine:
`awaitls check` against a bare parse of the same files, a keystroke against a server that does nothing, memory against
the size of the source. Prints a table, and with --json everything behind it. Nothing is asserted: ./dev bench."""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import latency
import workspace

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "build" / "corpus"
# Latencies are those of a client on Node, as VS Code is one; its own share is in both sides of the ratio.
CLIENT = Path(__file__).with_name("client.mjs")
STDLIB = Path(sysconfig.get_paths()["stdlib"])

# Documents of about so many lines are the beginnings of these files, one behind the other, cut where a function begins.
DOCUMENT_LINES = (1_000, 10_000)
DOCUMENT_SOURCES = [
    f"aiohttp/aiohttp/{name}.py"
    for name in ("connector", "web_protocol", "streams", "client_ws", "client_reqrep", "client", "web_ws", "web_response",
                 "web_request", "multipart", "payload", "web_fileresponse", "web_runner", "web_urldispatcher", "resolver")
]
STDLIB_SOURCES = "asyncio/[!_]*.py"  # without star imports, which could give any name a meaning


# The one rule that all rules together are measured against: it resolves calls, as most do.
ONE_RULE = "unawaited-coroutine"

PARTS = ["check", "latency", "memory", "workspace", "micro"]


class Program:
    def __init__(self, build: Path) -> None:
        self.awaitls = build / "awaitls"
        self.raw_parse = build / "tests" / "bench_raw_parse"
        self.null_server = build / "tests" / "bench_null_server"
        self.micro = build / "tests" / "bench_micro"
        for file in (self.awaitls, self.raw_parse, self.null_server, self.micro):
            if not file.is_file():
                sys.exit(f"{file} is missing: ./dev bench builds it")


class Spent(NamedTuple):
    cpu: float  # seconds of user and system time
    wall: float
    out: str
    err: str


def spend(command: list[str | Path], stdin: str = "") -> Spent:
    """Runs a program; the times are of its whole process."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    begin, before = time.perf_counter(), os.times()
    out, err = process.communicate(stdin)
    after = os.times()
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed with status {process.returncode}:\n{err}")
    cpu = after.children_user - before.children_user + after.children_system - before.children_system
    return Spent(cpu, time.perf_counter() - begin, out, err)


def ratio_of_medians(above: list[float], below: list[float]) -> float:
    return statistics.median(above) / statistics.median(below)


def percentile(samples: list[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(math.ceil(len(ordered) * share), len(ordered)) - 1]


# --- check against the bare parse ----------------------------------------------------------------------


def corpora() -> dict[str, list[Path]]:
    """The packages of the corpus, where it was fetched, else the standard library."""
    found = {folder.name: sorted(folder.rglob("*.py")) for folder in sorted(CORPUS.glob("*")) if folder.is_dir()}
    if not found:
        found = {"standard library": sorted(p for p in STDLIB.rglob("*.py") if "site-packages" not in p.parts)}
    return {name: files for name, files in found.items() if files}


def bench_check(program: Program, rounds: int) -> list[Json]:
    rows = []
    for name, files in corpora().items():
        names = "".join(f"{file}\n" for file in files)
        listed = ROOT / "build" / "bench-files.txt"
        listed.write_text(names)
        # Files that are named are checked whatever .gitignore says; a folder would drag in rules about it.
        check: list[str | Path] = [program.awaitls, "check", "--isolated", "--no-cache", "--exit-zero", "--statistics"]
        one: list[float] = []
        raw: list[float] = []
        ratios: list[float] = []
        walls: dict[int, list[float]] = {1: [], 2: []}
        selected: dict[str, list[float]] = {"ALL": [], ONE_RULE: []}
        for _ in range(rounds):
            # A machine's speed drifts: the parse before and the parse behind are the measure.
            parsed = spend([program.raw_parse], names)
            for jobs in (1, 2):
                done = spend([*check, "--timings", "--jobs", str(jobs), *files])
                walls[jobs].append(done.wall)
                if jobs == 1:
                    one.append(done.cpu)
                    raw.append((parsed.cpu + spend([program.raw_parse], names).cpu) / 2)
                    ratios.append(one[-1] / raw[-1])
            # Without --timings, which reads a clock at each check and so weighs on all rules more than on one.
            for rules, cpu in selected.items():
                cpu.append(spend([*check, "--jobs", "1", "--select", rules, *files]).cpu)
            counts = re.search(r"(\d+) files?, (\d+) bytes", done.err)
            if counts is None or list(counts.groups()) != parsed.out.split():
                sys.exit(f"{name}: not the same files were checked and parsed: {counts}, {parsed.out.strip()}")
        listed.unlink()
        size = int(parsed.out.split()[1])
        rows.append({
            "corpus": name, "files": len(files), "bytes": size,
            "check_cpu": one, "all_rules_cpu": selected["ALL"], "one_rule_cpu": selected[ONE_RULE], "raw_parse_cpu": raw, "wall_1_job": walls[1], "wall_2_jobs": walls[2],
            "check_over_raw_parse": statistics.median(ratios),
            "wall_2_jobs_over_1": ratio_of_medians(walls[2], walls[1]),
            "all_rules_over_one": ratio_of_medians(selected["ALL"], selected[ONE_RULE]),
            "megabytes_per_cpu_second": size / statistics.median(one) / 1e6,
        })
    return rows


def total_row(rows: list[Json]) -> Json:
    def total(key: str) -> float:
        return sum(statistics.median(row[key]) for row in rows)

    return {
        "corpus": "all", "files": sum(row["files"] for row in rows), "bytes": sum(row["bytes"] for row in rows),
        "check_over_raw_parse": sum(row["check_over_raw_parse"] * statistics.median(row["raw_parse_cpu"]) for row in rows)
        / total("raw_parse_cpu"),
        "wall_2_jobs_over_1": total("wall_2_jobs") / total("wall_1_job"),
        "all_rules_over_one": total("all_rules_cpu") / total("one_rule_cpu"),
        "megabytes_per_cpu_second": sum(row["bytes"] for row in rows) / total("check_cpu") / 1e6,
    }


# --- a keystroke against a server that does nothing ------------------------------------------------------


def document(lines: int) -> str:
    files = [CORPUS / name for name in DOCUMENT_SOURCES]
    if not all(file.is_file() for file in files):
        files = sorted(STDLIB.glob(STDLIB_SOURCES))
    # The import is what the inserted defect needs.
    text = ["import asyncio", *"".join(file.read_text(encoding="utf-8") for file in files).split("\n")]
    end = min(lines, len(text) - 1)
    while text[end - 1] or not re.match(r"(    )?(async def |def |class |@\w)", text[end]):
        end -= 1
    return "\n".join(text[:end]) + "\n"


def bench_latency(program: Program, lines: int, mode: str, rounds: int) -> Json:
    text = document(lines)
    sites = latency.spread(latency.find_sites(text), 10)
    if not sites:
        sys.exit(f"no place to type at in the document of {lines} lines")
    servers = {"null": [str(program.null_server), mode], "awaitls": [str(program.awaitls), "server"]}
    samples: dict[str, dict[str, list[float]]] = {
        name: {"letters": [], "defect": []} for name in servers
    }
    first: dict[str, list[float]] = {name: [] for name in servers}
    findings = 0
    for _ in range(rounds):
        job = {
            "servers": list(servers.values()), "mode": mode, "uri": latency.URI, "text": text,
            "sites": [site._asdict() for site in sites], "pause_ms": latency.PAUSE * 1e3,
        }
        done = json.loads(spend(["node", CLIENT], json.dumps(job)).out)
        for index, name in enumerate(servers):
            first[name].append(done["opened"][index] / 1e3)
            samples[name]["letters"] += [ms / 1e3 for ms in done["letters"][index]]
        samples["awaitls"]["defect"] += [ms / 1e3 for ms in done["defect"]]
        findings = done["findings"][-1]
    letters, floor = samples["awaitls"]["letters"], samples["null"]["letters"]
    defect = samples["awaitls"]["defect"]
    return {
        "lines": text.count("\n"), "bytes": len(text.encode()), "mode": mode, "findings": findings,
        "null_median_ms": statistics.median(floor) * 1e3, "null_p95_ms": percentile(floor, 0.95) * 1e3,
        "letters_median_ms": statistics.median(letters) * 1e3, "letters_p95_ms": percentile(letters, 0.95) * 1e3,
        "defect_median_ms": statistics.median(defect) * 1e3, "defect_p95_ms": percentile(defect, 0.95) * 1e3,
        "open_median_ms": statistics.median(first["awaitls"]) * 1e3,
        "letters_over_null": ratio_of_medians(letters, floor),
        "letters_over_null_p95": percentile(letters, 0.95) / percentile(floor, 0.95),
        "defect_over_letters": ratio_of_medians(defect, letters),
        "samples_ms": {k: {p: [s * 1e3 for s in v] for p, v in w.items()} for k, w in samples.items()},
    }


# --- memory ----------------------------------------------------------------------------------------------


def bench_memory(program: Program, lines: int) -> Json:
    def peaks(text: str) -> tuple[int, int]:
        server = latency.Server([str(program.awaitls), "server"], "push")
        server.open(text)
        opened = server.peak_memory()
        sites = latency.spread(latency.find_sites(text), 10)
        for _ in range(2):
            latency.type_letters([server], sites)
        typed = server.peak_memory()
        server.close()
        return opened, typed

    text = document(lines)
    size = len(text.encode())
    # It asks for library things, so that the tables of these, made once, are no part of the difference.
    tiny = peaks("import asyncio\n\n\nasync def main():\n    result = await asyncio.sleep(1)\n    value = len(str(result))\n")
    full = peaks(text)
    return {
        "lines": text.count("\n"), "bytes": size,
        "peak_with_tiny_document": tiny[1], "peak_after_open": full[0], "peak_after_edits": full[1],
        "open_over_source": (full[0] - tiny[0]) / size,
        "edited_over_source": (full[1] - tiny[1]) / size,
    }


# --- a whole workspace -----------------------------------------------------------------------------------


def bench_workspace(program: Program, rounds: int) -> Json:
    sizes = {name: sum(file.stat().st_size for file in files) for name, files in corpora().items()}
    largest = max(sizes, key=lambda name: sizes[name])
    source = CORPUS / largest if (CORPUS / largest).is_dir() else STDLIB
    # A copy with the mark of a project: where it lies it is a part of this one.
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / largest
        shutil.copytree(source, root, ignore=lambda _, names: [n for n in names if n == "site-packages"])
        (root / "pyproject.toml").touch()
        return {
            "memory": workspace.bench_memory(program.awaitls, root, sizes[largest]),
            "start": workspace.bench_start(program.awaitls, root, rounds),
            "server_start": workspace.bench_server_start(program.awaitls, root, rounds),
            "relink": workspace.bench_relink(program.awaitls, rounds),
        }


# --- the steps of an analysis ----------------------------------------------------------------------------


def bench_micro(program: Program) -> list[Json]:
    files = []
    for lines in DOCUMENT_LINES:
        files.append(program.micro.parent / f"bench-document-{lines}.py")
        files[-1].write_text(document(lines), encoding="utf-8")
    done = spend([program.micro, *files, "--benchmark_format=json", "--benchmark_min_time=0.3"])
    found = json.loads(done.out)["benchmarks"]
    return [{"step": one["name"], "cpu_us": one["cpu_time"] / 1e3, "bytes_per_second": one.get("bytes_per_second")} for one in found]


# --- printing --------------------------------------------------------------------------------------------


def table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]

    def line(row: list[str]) -> str:
        return "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths)))

    return "\n".join([line(head), *map(line, rows)]) + "\n"


def print_check(rows: list[Json]) -> None:
    print(table(
        ["check, CPU of one thread", "files", "MB", "/ raw parse", "MB/s", "2 jobs / 1 job, wall", "all rules / one"],
        [[row["corpus"], str(row["files"]), f"{row['bytes'] / 1e6:.1f}", f"{row['check_over_raw_parse']:.2f}",
          f"{row['megabytes_per_cpu_second']:.1f}", f"{row['wall_2_jobs_over_1']:.2f}",
          f"{row['all_rules_over_one']:.2f}"] for row in rows],
    ), flush=True)


def print_latency(rows: list[Json]) -> None:
    print(table(
        ["keystroke to diagnostics", "ms", "p95", "null ms", "/ null", "p95 / null's", "defect / letter", "findings"],
        [[f"{row['lines']} lines, {row['mode']}", f"{row['letters_median_ms']:.2f}", f"{row['letters_p95_ms']:.2f}",
          f"{row['null_median_ms']:.2f}", f"{row['letters_over_null']:.2f}", f"{row['letters_over_null_p95']:.2f}",
          f"{row['defect_over_letters']:.2f}", str(row["findings"])] for row in rows],
    ), flush=True)


def print_memory(rows: list[Json]) -> None:
    print(table(
        ["peak memory over a tiny document's", "kB of source", "bytes / source byte", "after typing"],
        [[f"{row['lines']} lines", f"{row['bytes'] / 1e3:.0f}", f"{row['open_over_source']:.1f}",
          f"{row['edited_over_source']:.1f}"] for row in rows],
    ), flush=True)


def print_workspace(result: Json) -> None:
    memory, start, relink = result["memory"], result["start"], result["relink"]
    print(table(
        ["a whole workspace", "MB", "first report ms", "indexed ms", "memory at rest / source byte"],
        [[memory["workspace"], f"{memory['bytes'] / 1e6:.1f}", f"{memory['first_report_ms']:.1f}",
          f"{memory['indexed_ms']:.0f}", f"{memory['closed_over_source']:.2f}"]],
    ))
    print(table(
        ["from the cache", "first s", "second s", "second / first"],
        [[name, f"{statistics.median(one['first_s']):.2f}", f"{statistics.median(one['second_s']):.2f}",
          f"{one['second_over_first']:.2f}"]
         for name, one in (("check", start), ("server, all files", result["server_start"]))],
    ))
    print(table(
        ["edits of a leaf", "letter ms", "signature to a user's report ms", "signature / letter"],
        [[f"{relink['users']} users", f"{relink['letter_ms']:.2f}", f"{relink['signature_ms']:.2f}",
          f"{relink['signature_over_letter']:.2f}"]],
    ), flush=True)


def print_micro(rows: list[Json]) -> None:
    steps: dict[str, dict[str, Json]] = {}
    for row in rows:
        step, size = row["step"].split("/")
        steps.setdefault(step, {})[size.replace("_", " ")] = row
    sizes = list(next(iter(steps.values())))
    print(table(
        ["step, CPU in microseconds", *sizes],
        [[step.replace("_", " "), *(f"{by[size]['cpu_us']:.0f}" if size in by else "" for size in sizes)] for step, by in steps.items()],
    ), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="dev bench", description=__doc__)
    parser.add_argument("build", type=Path, help="the folder of a release build with AWAITLS_BENCHES")
    parser.add_argument("--only", choices=PARTS, action="append", help="run this part only")
    parser.add_argument("--rounds", type=int, default=3, help="alternating rounds of which medians are taken")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to a file")
    arguments = parser.parse_args()
    program = Program(arguments.build.resolve())
    wanted = arguments.only or PARTS
    results: Json = {"machine": platform.machine(), "cores": os.cpu_count(), "rounds": arguments.rounds}
    if "check" in wanted:
        rows = bench_check(program, arguments.rounds)
        results["check"] = [*rows, total_row(rows)]
        print_check(results["check"])
    if "latency" in wanted:
        results["latency"] = [
            bench_latency(program, lines, mode, arguments.rounds) for lines in DOCUMENT_LINES for mode in ("push", "pull")
        ]
        print_latency(results["latency"])
    if "memory" in wanted:
        results["memory"] = [bench_memory(program, lines) for lines in DOCUMENT_LINES]
        print_memory(results["memory"])
    if "workspace" in wanted:
        results["workspace"] = bench_workspace(program, arguments.rounds)
        print_workspace(results["workspace"])
    if "micro" in wanted:
        results["micro"] = bench_micro(program)
        print_micro(results["micro"])
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
