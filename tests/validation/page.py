"""The validation page, as Markdown text: the same bytes whenever it is made."""

from __future__ import annotations

from collections.abc import Iterable

from tests.validation import logs, simfaas, theory
from tests.validation.networks import DAYS

HEAD = """# Validation

What the engine computes, beside what others have found: queueing theory, logs of real AWS Lambda functions, another
simulator. Every figure of ours comes from running plans through `costmodel`'s engines; none is typed in. Made by

    python -m tests.validation

in the folder of the repository (the tests' packages must be installed), and held to these bytes by
`tests/test_validation.py`.
"""
METRICS = {
    "L": "mean number in the system", "Lq": "mean number waiting", "W": "mean stay", "Wq": "mean wait",
    "sd_Wq": "standard deviation of the wait", "P_wait": "share who wait", "P_block": "share refused",
    "P_cold": "share of cold starts", "service_level": "share served in time", "utilization": "utilisation",
    "mean_idle_servers": "mean idle servers",
}  # fmt: skip


def page() -> str:
    """The whole page."""
    parts = [HEAD, *theory_parts(), *log_parts(), *simfaas_parts(), LIMITS]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; all but the first column are right-aligned where their heads end in a blank."""
    lines = [head, ["---:" if name.endswith(" ") else "---" for name in head], *rows]
    return "\n".join(f"| {' | '.join(cell.strip() for cell in line)} |" for line in lines) + "\n"


# --- queueing theory ------------------------------------------------------------------------------------------------


def theory_parts() -> list[str]:
    """Both keys, figure by figure."""
    per_case = theory.ARRIVALS * theory.REPLICATIONS
    key = [row for case in theory.key_cases() for row in theory.rows(case)]
    more = [row for case in theory.theory_cases() for row in theory.rows(case)]
    largest = max((*key, *more), key=lambda row: abs(row.z))
    text = f"""## Queueing theory

Each case is a plan of stations or of one function, run {theory.REPLICATIONS} times with about {theory.ARRIVALS:,} payments each
({per_case:,} in all) after a lead-in. *z* is the distance between the mean of the runs and the expected figure in
standard errors of that mean. Of {len(key) + len(more)} figures the farthest is {abs(largest.z):.1f} standard errors off
({largest.case}, {words(largest.metric)}). Times are in the case's own unit.
"""
    answers = table(
        ["case", "figure", "expected ", "ours ", "off ", "z ", "allowed ", "source"],
        ([row.case, words(row.metric), *numbers(row), allowed(row), row.source] for row in key),
    )
    further = table(
        ["case", "figure", "expected ", "ours ", "off ", "z ", "source"],
        ([row.model, words(row.metric), *numbers(row), row.source] for row in more),
    )
    models = ", ".join(f"{case}: {theory.rows(case)[0].model}" for case in theory.key_cases())
    first = f"### The answer key\n\n{models}; rates and laws in `tests/answers/queues.csv`.\n"
    return [text, first, answers, FURTHER, further]


def words(metric: str) -> str:
    """A figure's name for people."""
    name, _, argument = metric.rpartition("_")
    if metric[0] == "p" and metric[1:].isdigit():
        return f"share of time with {metric[1:]} in the system"
    if name in ("Wq", "W") and argument.startswith("p"):
        return f"{argument} of the {'wait' if name == 'Wq' else 'stay'}"
    if name == "Wq_above":
        return f"share who wait longer than {argument}"
    if name == "P_at_least":
        return f"share of time with at least {argument}"
    return METRICS[metric]


def numbers(row: theory.Row) -> list[str]:
    """Expected, ours, deviation, z."""
    return [f"{row.expected:.6g}", f"{row.ours:.6g}", f"{100 * row.deviation:+.2f} %", f"{row.z:+.1f}"]


def allowed(row: theory.Row) -> str:
    """The tolerance that the answer key states, in the figure's unit."""
    return f"{row.tolerance:.3g}"


# --- logs -----------------------------------------------------------------------------------------------------------


def log_parts() -> list[str]:
    """Predicted and measured cold starts and environments."""
    measured = [logs.measured(logs.read_log(day)) for day in logs.DAYS]
    shipped = [logs.predicted(day) for day in logs.DAYS]
    kept = [logs.fitted_on_the_others(day) for day in logs.DAYS]
    fitted = [logs.predicted(day, keep_alive_s) for day, keep_alive_s in zip(logs.DAYS, kept, strict=True)]
    keep_alive = logs.platform_as_shipped().parameter["keep_alive_s"]
    life = logs.platform_as_shipped().parameter["life_s"]
    newest, choices = (
        sum(numbers) for numbers in zip(*(logs.choices(logs.read_log(day)) for day in logs.DAYS), strict=True)
    )
    text = f"""## Real AWS Lambda logs

Three logs of 28 hours each from 2020, of one function called by a Poisson stream (`tests/samples/`, MIT licence,
pacslab/serverless-performance-modeling). Their calls arrive in our engine at the logged times; a plan of one function
serves them, durations drawn from the log's own quantiles ({logs.REPLICATIONS} runs). The rules are those that ship with
`costmodel`: the most recently used environment first, each kept {keep_alive.value} s, at most {life.value} s old.

The first call of each log is left out: it met an environment older than the log. An environment counts from its first
call until {logs.COUNTED_ON_S} s after its last answer, as the logs' authors count; *as seen*, until its last answer.
Most recently used first is what the logs themselves show: of {choices} calls that found two or more idle environments
(each of which answered again later), {newest} went to the one used last.
"""
    first = table(
        ["log", "calls ", "cold, measured ", "cold, predicted ", "off ", "environments, measured ", "predicted ", "off ",
         "as seen, measured ", "predicted "],
        [
            *(log_line(day, f"{len(logs.read_log(day).came_s):,}", have, want)
              for day, have, want in zip(logs.DAYS, shipped, measured, strict=True)),
            log_line("all", f"{sum(len(logs.read_log(day).came_s) for day in logs.DAYS):,}", total(shipped), total(measured)),
        ],
    )  # fmt: skip
    between = """The shipped keep-alive was read from the whole series of logs that these three are part of, so the table above tests
the engine more than the figure. Fitted instead on two logs and tested on the third (keep-alives of 600 to 660 s tried;
the nearest to both logs' cold starts is taken):
"""
    second = table(
        ["tested on", "keep-alive fitted on the others ", "cold, measured ", "cold, predicted ", "off ", "environments, measured ",
         "predicted ", "off "],
        [
            *(log_line(day, f"{seconds} s", have, want)[:8]
              for day, seconds, have, want in zip(logs.DAYS, kept, fitted, measured, strict=True)),
            log_line("all", "", total(fitted), total(measured))[:8],
        ],
    )  # fmt: skip
    return [text, first, between, second]


def log_line(name: str, what: str, ours: logs.Figures, real: logs.Figures) -> list[str]:
    """One line of the tables of logs."""
    return [
        name, what, f"{real.cold_starts:.0f}", f"{ours.cold_starts:.1f}", off(ours.cold_starts, real.cold_starts),
        f"{real.environments:.3f}", f"{ours.environments:.3f}", off(ours.environments, real.environments),
        f"{real.seen:.3f}", f"{ours.seen:.3f}",
    ]  # fmt: skip


def total(figures: list[logs.Figures]) -> logs.Figures:
    """All logs together."""
    return logs.Figures(*(sum(getattr(one, name) for one in figures) for name in logs.Figures.__dataclass_fields__))


def off(ours: float, real: float) -> str:
    """The relative deviation."""
    return f"{100 * (ours / real - 1):+.1f} %"


# --- SimFaaS --------------------------------------------------------------------------------------------------------


def simfaas_parts() -> list[str]:
    """Its example on equal draws, and beside its README."""
    share, error = simfaas.cold_share(SIMFAAS_RUNS)
    text = f"""## SimFaaS

The example of SimFaaS's README: {simfaas.RATE} calls a second, {simfaas.WARM_S} s warm and {simfaas.COLD_S} s cold, both
exponential, environments kept {simfaas.KEPT_S} s. On equal draws (the same arrivals and durations, call by call), from
an empty start; SimFaaS 0.2.2 once with its own rule (the newest environment first) and once with the most recently used
first, which is ours and which the logs above show. `tests/test_validation.py` runs SimFaaS again where it is installed.
"""
    lines = []
    for row in simfaas.recorded():
        ours = simfaas.ours(float(row["until_s"]), int(row["seed"]))
        lines.append([f"{row['seed']}, {int(row['until_s']):,} s", f"{int(row['calls']):,}", row["cold_starts"],
                      row["cold_starts_most_recent"], f"{ours.cold_starts:.0f}", row["mean_servers"],
                      row["mean_servers_most_recent"], f"{ours.environments:.4f}"])  # fmt: skip
    equal = table(
        ["seed, time", "calls ", "cold, SimFaaS ", "cold, SimFaaS (most recent) ", "cold, ours ", "environments, SimFaaS ",
         "environments, SimFaaS (most recent) ", "environments, ours "],
        lines,
    )  # fmt: skip
    long_run = f"""Over a long run ({SIMFAAS_RUNS} times {DAYS} days, after a lead-in) {100 * share:.4f} % of our calls are cold (standard error
{100 * error:.4f} %); SimFaaS's README prints 0.14 % for one run of a million seconds.
"""
    return [text, equal, long_run]


FURTHER = """### Further cases

Expected figures from `tests/answers/theory.csv`, which a test computes again from the formulas.
"""
SIMFAAS_RUNS = 10
LIMITS = """## What is not shown here

- Abandonment (Erlang A), priorities and correlated arrivals (MMPP) have closed forms too; a plan has no way to say the
  first two, and a workload varies its rate by hours only.
- The logs are of 2020, of one function of 128 MB and at most one call a minute on average. In the busiest of them the
  engine makes about a fifth too many cold starts: some idle environments were used again after 700 to 1,150 s.
- No log of a system that pays is public. Latencies of the services are the catalog's, with their ranges.
"""
