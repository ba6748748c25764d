"""The wheel as it would be published: built here, without a network, and used from another folder."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import costmodel

ROOT = Path(__file__).resolve().parent.parent
MADE = ("__pycache__", ".pyc", ".pyo", ".nbi", ".nbc")  # what running leaves behind


def shipped(folder: str) -> set[str]:
    """Every file of a folder of the repository, but for what running it left there."""
    paths = [path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file()]
    return {path.as_posix() for path in paths if not any(sign in path.as_posix() for sign in MADE)}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("wheel")
    done = subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], cwd=ROOT,
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    (found,) = place.glob("*.whl")
    return found


def test_it_is_of_this_version_and_of_no_platform(wheel: Path) -> None:
    assert wheel.name == f"costmodel-{costmodel.__version__}-py3-none-any.whl"


def test_it_holds_the_package_and_the_data_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    about = f"costmodel-{costmodel.__version__}.dist-info"
    told = {f"{about}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")}
    assert names == shipped("costmodel") | {f"costmodel/{name}" for name in shipped("data")} | told


def test_it_names_the_command_and_the_plugin(wheel: Path) -> None:
    points = configparser.ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        points.read_string(archive.read(f"costmodel-{costmodel.__version__}.dist-info/entry_points.txt").decode())
    assert {name: dict(points[name]) for name in points.sections()} == {
        "console_scripts": {"costmodel": "costmodel.cli.main:main"},
        "pytest11": {"costmodel": "costmodel.reporting.pytest_plugin"},
    }


def test_it_works_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Unpacked in a folder of its own, asked from another one, with what it depends on from here."""
    place, here = tmp_path / "installed", tmp_path / "here"
    here.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(place)

    def asked(*words: str) -> str:
        done = subprocess.run([sys.executable, *words], cwd=here, capture_output=True, text=True, check=False,
                              env={**os.environ, "PYTHONPATH": str(place)})  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    data = asked("-c", "from costmodel.assumptions.catalog import data_dir; print(data_dir())")
    assert data.strip() == str(place / "costmodel" / "data")
    assert asked("-m", "costmodel", "--version") == f"costmodel {costmodel.__version__}\n"
    said = asked("-m", "costmodel", "run", "seed_stripe", "--set", "replications=1", "--engine", "reference", "--quiet")
    assert said.startswith("seed_stripe: ")
