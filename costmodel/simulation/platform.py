"""The compute platform's and the callers' rules, read from the catalog as integers for a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from costmodel.assumptions.by_month import each
from costmodel.assumptions.catalog import Assumptions
from costmodel.assumptions.fields import Law
from costmodel.assumptions.pipeline import Pipeline, Risk
from costmodel.assumptions.service import Service
from costmodel.errors import InputError, Problem
from costmodel.simulation.plan import FunctionPlan, LambdaPlan, RetryPlan
from costmodel.simulation.tables import SCORE_UNITS

NS_PER_MS = 10**6
NS_PER_S = 10**9
NS_PER_HOUR = 3600 * NS_PER_S
NS_PER_MINUTE = 60 * NS_PER_S
SCALE_WINDOW_S = 10  # the platform states its scaling rate per ten seconds
OUTAGE = "outage"


def functions(assumptions: Assumptions, index_of: Callable[[Law], int]) -> Iterator[FunctionPlan]:
    """Each function's pool; its cold start is placement + the runtime's INIT + loading its own code."""
    for name, function in assumptions.pipeline.functions.items():
        platform = assumptions.services["lambda"]
        laws = ("placement", f"init.{function.runtime}.{function.architecture}", "code_init")
        yield FunctionPlan(
            name=name,
            memory_mb=function.memory_mb,
            architecture=function.architecture,
            timeout_ns=function.timeout_s * NS_PER_S,
            init_laws=tuple(index_of(_law(platform, law, name)) for law in laws),
            provisioned=function.provisioned_concurrency,
            reserved=function.reserved_concurrency or 0,
        )


def _law(service: Service, operation: str, function: str) -> Law:
    try:
        return service.law(operation)
    except KeyError:
        known = ", ".join(law.operation for law in service.latency if law.operation.startswith("init."))
        wrong = f"no [[latency]] `{operation}` (for {function})"
        remedy = f"add it, or give the function one of the runtimes known: {known}"
        raise InputError(Problem("services/lambda.toml", None, "latency", wrong, remedy)) from None


def compute(assumptions: Assumptions, outages: list[str]) -> LambdaPlan:
    """The platform's rules at the scenario's date; a pipeline without functions gets an empty platform."""
    if not assumptions.pipeline.functions:
        return LambdaPlan(0, 0, 0, 0, 0, NS_PER_MS, False, -1)
    service, on = assumptions.services["lambda"], assumptions.scenario.on
    own = assumptions.pipeline.account_concurrency
    rate = parameter(service, "scale_per_10s")
    return LambdaPlan(
        account_concurrency=each(int, own.value if own else parameter(service, "account_concurrency")),
        keep_alive_ns=each(int, parameter(service, "keep_alive_s") * NS_PER_S),
        life_ns=each(int, parameter(service, "life_s") * NS_PER_S),
        scale_interval_ns=each(int, SCALE_WINDOW_S * NS_PER_S / rate),
        scale_burst=each(int, rate),
        billing_increment_ns=int((service.rule_on("billing_increment_ms", on) or 1) * NS_PER_MS),
        init_billed=bool(service.rule_on("init_billed", on)),
        outage=outages.index("lambda") if "lambda" in outages else -1,
    )


def parameter(service: Service, name: str) -> Decimal:
    """A service's parameter; InputError if its file has none of that name."""
    if name not in service.parameter:
        raise InputError(
            Problem(f"services of {service.name}", None, f"parameter.{name}", "missing", "add it with its source")
        )
    return service.parameter[name].value


def retry(assumptions: Assumptions) -> RetryPlan:
    """How callers try again; a pipeline that says nothing tries once."""
    pipeline = assumptions.pipeline
    delays = tuple(each(int, q.value * NS_PER_MINUTE) for q in pipeline.async_retry_minutes)
    policy = pipeline.sdk_retry
    tries = (
        (1, 0, 0)
        if policy is None
        else (
            each(int, policy.attempts.value),
            each(int, policy.base_ms.value * NS_PER_MS),
            each(int, policy.most_ms.value * NS_PER_MS),
        )
    )
    return RetryPlan(*tries, delays, *_requeue(assumptions))


def _requeue(assumptions: Assumptions) -> tuple[int, int, int]:
    """First and longest pause, and greatest age, of an event that found no environment; 0 without functions."""
    if not assumptions.pipeline.functions:
        return (0, 0, 0)
    platform = assumptions.services["lambda"]
    return (
        each(int, parameter(platform, "async_requeue_first_s") * NS_PER_S),
        each(int, parameter(platform, "async_requeue_most_s") * NS_PER_S),
        each(int, parameter(platform, "async_max_age_h") * NS_PER_HOUR),
    )


def api_timeout_ns(pipeline: Pipeline) -> int:
    """The API service's limit on one request."""
    return each(int, pipeline.api_timeout_ms.value * NS_PER_MS) if pipeline.api_timeout_ms else 2**62


def thresholds(risk: Risk | None) -> tuple[int, int, int]:
    """Scores above which a payment is reviewed, blocked, critical, in the units of a score table."""
    if risk is None:
        return (2**62, 2**62, 2**62)
    return (
        int(risk.review_above * SCORE_UNITS),
        int(risk.block_above * SCORE_UNITS),
        int(risk.critical_above * SCORE_UNITS),
    )


def outages(assumptions: Assumptions) -> dict[str, tuple[Decimal, Law]]:
    """Services that fail now and then: outages a year, and the law of their length."""
    found: dict[str, tuple[Decimal, Law]] = {}
    for name, service in assumptions.services.items():
        laws = [law for law in service.latency if law.operation == OUTAGE]
        if laws and "outages_per_year" in service.parameter:
            found[name] = (service.parameter["outages_per_year"].value, laws[0])
    return found
