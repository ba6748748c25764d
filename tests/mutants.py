"""Mutants of the rules that both engines share: `python -m tests.mutants FOLDER --sample 600` tries so many of them.

What turns a pipeline into a plan, a timetable and payments is read by either engine; what the reference engine does with
them is what the compiled one must equal. All mutants of these modules would take hours, so that some are drawn. The
clone is copied to FOLDER, mutmut (extra `mutation`) works there, and how many live is told by module. With `--again` those
that lived meet the tests as they are now; with `--score` is only told what was found, in any folder where mutmut was.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLANS = ("compiling", "metered", "platform", "calendar", "timetable", "tables", "payments", "arrivals", "counts")
ENGINE = ("instructions", "environments", "stations", "strands", "sources", "reference")
ASKED = ("engine", "metering", "calendar", "payments", "stations", "draws", "pipeline_aws", "money", "plans_by_hand",
         "times_and_counts_by_hand", "engine_edges")  # fmt: skip
UNASKED = 33  # as mutmut says that no test calls the function
COPIED = ("costmodel", "data", "tests", "pyproject.toml", "README.md", "constraints.txt")


def modules() -> list[str]:
    """The files that are mutated."""
    return [f"costmodel/simulation/{name}.py" for name in (*PLANS, *ENGINE)]


def mutants() -> list[str]:
    """The names of all mutants, sorted."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    found = []
    for name in modules():
        made = mutate_file_contents(name, (ROOT / name).read_text(encoding="utf-8"), None, None)
        found += [f"{name.removesuffix('.py').replace('/', '.')}.{mutant}" for mutant in made.mutant_names]
    return sorted(found)


def drawn(number: int, seed: int) -> list[str]:
    """So many of them, each equally likely."""
    return random.Random(seed).sample(mutants(), number)


def settings() -> str:
    """What mutmut is told. A new process for each mutant forgets what another has remembered."""
    lists = {
        "source_paths": ["costmodel/"],
        "only_mutate": modules(),
        "also_copy": [f"{name}/" if (ROOT / name).is_dir() else name for name in COPIED],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-q", "-x", "-k", "not ompiled"],
        "pytest_add_cli_args_test_selection": [f"tests/test_{name}.py" for name in ASKED],
    }
    texts = [f"{key} =\n" + "".join(f"    {value}\n" for value in values) for key, values in lists.items()]
    return "[mutmut]\nprocess_isolation = forkserver\n" + "".join(texts)


def prepare(folder: Path) -> None:
    """A copy of the clone with these settings in place of those for `mutmut run`."""
    folder.mkdir(parents=True)
    for name in COPIED:
        made = ROOT / name
        copy = shutil.copytree if made.is_dir() else shutil.copy2
        copy(made, folder / name)
    project = folder / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(re.sub(r"\[tool\.mutmut\].*?(?=\n\[tool\.)", "", text, flags=re.DOTALL), encoding="utf-8")
    (folder / "setup.cfg").write_text(settings(), encoding="utf-8")


def scores(folder: Path) -> Iterator[tuple[str, int, int, list[str]]]:
    """By module: its name, its mutants, how many were tried, and which of those live."""
    for meta in sorted(folder.glob("mutants/costmodel/**/*.meta")):
        ended: dict[str, int | None] = json.loads(meta.read_text(encoding="utf-8"))["exit_code_by_key"]
        tried = {name: code for name, code in ended.items() if code is not None}
        if ended:
            live = [name for name, code in tried.items() if code in (0, UNASKED)]
            yield meta.name.removesuffix(".py.meta"), len(ended), len(tried), live


def tell(folder: Path) -> None:
    """The scores, and who lives."""
    found = list(scores(folder))
    for name, made, tried, live in found:
        print(f"{name:14} {made:5} made {tried:5} tried {len(live):4} live")
    tried, live = sum(row[2] for row in found), sum(len(row[3]) for row in found)
    print(f"{'all':14} {sum(row[1] for row in found):5} made {tried:5} tried {live:4} live")
    for row in found:
        print(*row[3], sep="\n", end="\n" if row[3] else "")


def ask(folder: Path, names: list[str]) -> None:
    """Let mutmut try these in a folder that is prepared."""
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    subprocess.run([mutmut, "run", "--max-children", "1", *names], cwd=folder, check=True)


def again(folder: Path) -> None:
    """Those that live meet the tests of the clone."""
    shutil.copytree(ROOT / "tests", folder / "tests", dirs_exist_ok=True)
    (folder / "setup.cfg").write_text(settings(), encoding="utf-8")
    ask(folder, [name for _, _, _, live in scores(folder) for name in live])


def main() -> None:
    """Draw, run, and tell."""
    asked = argparse.ArgumentParser(description="mutants of the rules that both engines share")
    asked.add_argument("folder", type=Path, help="one that is not there yet; with --again and --score, one that is")
    asked.add_argument("--sample", type=int, default=600, help="how many to draw")
    asked.add_argument("--seed", type=int, default=8, help="of the draw")
    asked.add_argument("--again", action="store_true", help="try those that lived with the tests as they are now")
    asked.add_argument("--score", action="store_true", help="only tell what was found")
    given = asked.parse_args()
    if given.again:
        again(given.folder)
    elif not given.score:
        prepare(given.folder)
        ask(given.folder, drawn(given.sample, given.seed))
    tell(given.folder)


if __name__ == "__main__":
    main()
