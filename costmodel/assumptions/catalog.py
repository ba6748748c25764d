"""Find the data files, lay the user's over them, change single assumptions, and give checked records."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path

from costmodel.assumptions.based import on_base
from costmodel.assumptions.changes import Change, apply_changes
from costmodel.assumptions.checking import nearest
from costmodel.assumptions.linking import check_links
from costmodel.assumptions.pipeline import Pipeline
from costmodel.assumptions.reading import FILES_KEPT, Table, overlay, read_toml
from costmodel.assumptions.scenario import Scenario
from costmodel.assumptions.service import Service
from costmodel.assumptions.sharing import Same, checked, digest, laid_over
from costmodel.errors import InputError, Problem

EVERY_VOLUME = 10**18  # payments in all replications


@dataclass(frozen=True)
class Content:
    """What the files say of a scenario, laid over each other and changed, before it is checked."""

    name: str
    scenario: Table
    pipeline: Table
    services: dict[str, Table]
    overridden: tuple[str, ...]


@dataclass(frozen=True)
class Assumptions:
    """Everything one run rests on, checked: scenario, pipeline, services; and what was overridden."""

    name: str
    scenario: Scenario
    pipeline: Pipeline
    services: dict[str, Service]
    overridden: tuple[str, ...]
    data_sha256: str

    def with_replications(self, number: int) -> Assumptions:
        """The same, to be run so many times whatever its volume."""
        scenario = self.scenario.model_copy(update={"replications": number, "replicate_up_to_payments": EVERY_VOLUME})
        return replace(self, scenario=scenario)


@cache
def data_dir() -> Path:
    """The shipped data: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "data"
    return installed if installed.is_dir() else package.parent / "data"


def names(kind: str, data: Path | None = None) -> list[str]:
    """The names that exist of a kind (services, pipelines, scenarios, claims), shipped or in `data`."""
    folders = [data_dir() / kind] + ([data / kind] if data else [])
    return sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.toml")})


def load_table(kind: str, name: str, data: Path | None = None) -> tuple[Table, list[str]]:
    """The shipped file of that name with the user's laid over it; and the keys the user's file set.

    `name` may also be a path to a file. Raises InputError if there is no such file.
    """
    if data is not None and not data.is_dir():
        raise InputError(Problem(str(data), None, "", "no such folder", "name one that holds services, scenarios …"))
    if name.endswith(".toml") or "/" in name:
        return read_toml(Path(name)), []
    paths = [folder / kind / f"{name}.toml" for folder in (data_dir(), data) if folder]
    tables = [read_toml(path) for path in paths if _is_file(path)]
    if not tables:
        known = names(kind, data)
        raise InputError(Problem(name, None, "", f"no such {_noun(kind)}", f"{nearest(name, known)}"))
    if len(tables) == 1:
        return tables[0], ([f"{kind}.{name}"] if data and not paths[0].is_file() else [])
    merged, keys = laid_over(tables[0], tables[1])
    return merged, [f"{kind}.{name}.{key}" for key in keys]


def load_single(file: str, data: Path | None = None) -> Table:
    """The shipped file of which there is only one (its name, with `.toml`), with the user's laid over it.

    Raises InputError where one of them cannot be read.
    """
    table = read_toml(data_dir() / file)
    if data is not None and (data / file).is_file():
        table, _ = overlay(table, read_toml(data / file))
    return table


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no file can have
        return False


def load_services(data: Path | None = None) -> dict[str, Service]:
    """Every service of the catalog, by name. Raises InputError with the problems of all files at once."""
    return check_services({name: load_table("services", name, data)[0] for name in names("services", data)})


def overridden_prices(data: Path | None) -> list[str]:
    """The dotted keys of the services that `data` sets; none without it."""
    return [key for name in names("services", data) for key in load_table("services", name, data)[1]] if data else []


def check_services(tables: dict[str, Table]) -> dict[str, Service]:
    """Checked services from their tables. Raises InputError with the problems of all of them."""
    services: dict[str, Service] = {}
    problems: list[Problem] = []
    for name, table in tables.items():
        try:
            services[name] = checked(Service, table)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return services


def load_assumptions(name: str, *, data: Path | None = None, changes: tuple[Change, ...] = ()) -> Assumptions:
    """The scenario of that name (or file) with all it rests on.

    `data` is a folder laid over the shipped one; the scenario's own `set` and then `changes` set single assumptions by
    path, last.
    Raises InputError: unknown names, keys or paths, missing figures, broken references.
    """
    return assumed(load_content(name, data=data, changes=changes))


def load_content(name: str, *, data: Path | None = None, changes: tuple[Change, ...] = ()) -> Content:
    """What the files say of that scenario, with `data` laid over and `changes` made, not yet checked as records."""
    whole, overridden = _scenario_table(name, data)
    scenario, own = _without_changes(Same(whole))
    pipeline_name = _changed_pipeline(scenario, (*own, *changes))
    if pipeline_name != scenario.get("pipeline"):  # its changes to its pipeline stay behind with that
        own = tuple(change for change in own if not change.path.startswith("pipeline."))
    if pipeline_name == scenario.get("pipeline"):
        _check_named("pipelines", "pipeline", scenario, data)
    pipeline, keys = load_pipeline_table(pipeline_name, data)
    overridden += keys
    services = {}
    for service in names("services", data):
        services[service], keys = load_table("services", service, data)
        overridden += keys
    scenario, pipeline, services = apply_changes(scenario, pipeline, services, (*own, *changes))
    asked = [f"--set {change}" for change in changes]
    return Content(Path(name).stem, scenario, pipeline, services, tuple(overridden + asked))


def assumed(content: Content) -> Assumptions:
    """The checked records of some content. Raises InputError with what is wrong in it."""
    scenario, pipeline, services = content.scenario, content.pipeline, content.services
    assumptions = Assumptions(
        name=content.name,
        scenario=checked(Scenario, scenario),
        pipeline=checked(Pipeline, pipeline),
        services=check_services(services),
        overridden=content.overridden,
        data_sha256=digest(
            {"scenario": scenario, "pipeline": pipeline, **{f"services.{n}": t for n, t in services.items()}}
        ),
    )
    check_links(assumptions.pipeline, assumptions.services, assumptions.scenario, pipeline)
    return assumptions


def load_pipeline_table(name: str, data: Path | None = None) -> tuple[Table, list[str]]:
    """A pipeline's table on its base, which may have a base too; and the keys that `data` set."""
    return _pipeline_table(name, data, [name])


def _pipeline_table(name: str, data: Path | None, seen: list[str]) -> tuple[Table, list[str]]:
    table, overridden = load_table("pipelines", name, data)
    if "base" not in table:
        return table, overridden
    below, keys = _pipeline_table(_next_base("pipelines", table, seen, data), data, seen)
    return on_base(table, below), overridden + keys


def _next_base(kind: str, table: Table, seen: list[str], data: Path | None) -> str:
    """The base a table names, noted in `seen`. Raises InputError for one that is not there or was seen before."""
    base = str(table["base"])
    if base in seen:
        file, line = table.lines["base"]
        raise InputError(Problem(file, line, "base", f"{' -> '.join([*seen, base])} goes round in a circle",
                                 f"let one {kind[:-1]} stand on its own"))  # fmt: skip
    _check_named(kind, "base", table, data)
    seen.append(base)
    return base


def _scenario_table(name: str, data: Path | None) -> tuple[Table, list[str]]:
    """A scenario's table with its bases beneath it; the chain of bases must end."""
    table, overridden = load_table("scenarios", name, data)
    seen = [name]
    while "base" in table:
        base = _next_base("scenarios", table, seen, data)
        below, keys = load_table("scenarios", base, data)
        table = _on_base(Same(below), Same(table))
        overridden += keys
    return table, overridden


@lru_cache(maxsize=FILES_KEPT)
def _on_base(below: Same, table: Same) -> Table:
    """A scenario's table laid over its base's; the base's own base is still to come."""
    above = Table({k: v for k, v in table.thing.items() if k != "base"}, table.thing.place, table.thing.lines)
    return overlay(below.thing, above)[0]


@lru_cache(maxsize=FILES_KEPT)
def _without_changes(table: Same) -> tuple[Table, tuple[Change, ...]]:
    """A scenario's table without its `set`, and the changes that stand there: paths and values, in order."""
    whole: Table = table.thing
    asked = whole.get("set", Table({}, whole.place, {}))
    if not isinstance(asked, Table):
        file, line = whole.lines["set"]
        raise InputError(Problem(file, line, "set", "is no table", 'write [set], then "PATH" = VALUE'))
    rest = Table({key: value for key, value in whole.items() if key != "set"}, whole.place, whole.lines)
    return rest, tuple(Change(path, value, asked.lines[path]) for path, value in asked.items())


def _check_named(kind: str, key: str, table: Table, data: Path | None) -> None:
    """Raises InputError at the place of `key` if the name it gives is no file of that kind.

    What a file names is a name, or a path to a data file: a stranger's file must not make us read any other.
    """
    name, known = str(table[key]), names(kind, data)
    if name in known or name.endswith(".toml"):
        return
    file, line = table.lines[key]
    raise InputError(Problem(file, line, key, f"no such {_noun(kind)}: `{name}`", nearest(name, known)))


def _noun(kind: str) -> str:
    return "policy" if kind == "policies" else kind.removesuffix("s")


def _changed_pipeline(scenario: Table, changes: tuple[Change, ...]) -> str:
    named = [str(change.value) for change in changes if change.path == "pipeline"]
    given = named[-1] if named else scenario.get("pipeline")
    if not isinstance(given, str):
        file, line = scenario.place
        raise InputError(Problem(file, line, "pipeline", "missing", 'add `pipeline = "aws_native"`'))
    return given
