"""What the charts of a run find, in a sentence, and in words for those who do not see them."""

from __future__ import annotations

from costmodel.analysis.concurrency import Concurrency
from costmodel.errors import UsageError
from costmodel.reporting.words import ms, number
from costmodel.result import Result

LEVELS = ("p50", "p95", "p99")
SHOWN = 3  # functions with a line of their own


def percentiles(result: Result) -> dict[str, float]:
    """The percentiles that the distribution shows, ms. UsageError where no payment was completed."""
    known = {level: result.latency_ms[level] for level in LEVELS}
    if not result.latencies or None in known.values():
        raise UsageError(f"{result.scenario}: no payment was completed, so there is no latency to draw")
    return {level: value for level, value in known.items() if value is not None}


def latency_finding(result: Result) -> str:
    """What half, one in twenty and one in a hundred payments take."""
    found = percentiles(result)
    return (
        f"Half of the payments take more than {ms(found['p50'])}, one in twenty more than {ms(found['p95'])}, "
        f"one in a hundred more than {ms(found['p99'])}"
    )


def latency_text(result: Result) -> str:
    """The distribution in words."""
    found = percentiles(result)
    rows = "; ".join(f"{level} {ms(value)}{_interval(result, level)}" for level, value in found.items())
    counted = sum(times for _, times in result.latencies)
    ends = f"from {ms(result.latencies[0][0])} to {ms(result.latencies[-1][0])}"
    return f"Distribution of the latency of {counted:,} payments, {ends}. {latency_finding(result)}. {rows}."


def _interval(result: Result, level: str) -> str:
    pair = result.intervals.get(f"latency_ms.{level}")
    return f" (95 % interval {pair[0]:,.0f} to {pair[1]:,.0f})" if pair else ""


def busiest(result: Concurrency) -> list[str]:
    """The functions with the most environments busy on average, the busiest first; none that is never busy."""
    names = sorted(result.means, key=lambda name: -result.mean(name))
    return [name for name in names[:SHOWN] if result.mean(name)]


def concurrency_finding(result: Concurrency) -> str:
    """How near the account comes to its limit, and who takes most."""
    at_most = f"At most {max(result.most):,} of {result.limit:,} environments are busy at once"
    names = busiest(result)
    return f"{at_most}; {names[0]} takes most (mean {number(result.mean(names[0]), 2)})" if names else at_most


def concurrency_text(result: Concurrency) -> str:
    """Concurrency over time in words."""
    rows = "; ".join(
        f"{name}: mean {number(result.mean(name), 2)}, at most {result.peaks[name]:,}" for name in busiest(result)
    )
    seconds = number(result.step_s * len(result.starts_s), 0)
    return (
        f"Busy environments over {seconds} s and {result.payments:,} payments. {concurrency_finding(result)}. {rows}."
    )
