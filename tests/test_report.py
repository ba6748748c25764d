"""What `report --html` and `--markdown` write: the figures of the result, in a page that rests on nothing else."""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

import costmodel as cm
from costmodel.analysis import uncertainty as uncertainty_module
from costmodel.analysis.check import CheckResult
from costmodel.analysis.growth import GrowthResult
from costmodel.analysis.uncertain_result import Uncertainty
from costmodel.billing.bill import EXACT
from costmodel.reporting.captions_run import latency_text
from costmodel.reporting.captions_uncertainty import probability_text, tornado_text
from costmodel.reporting.captions_what_if import alt_text
from costmodel.reporting.html_page import html_page, table_html
from costmodel.reporting.report import FINDINGS, make_report
from costmodel.reporting.report_markdown import report_markdown
from costmodel.reporting.report_parts import Chapter, Lead, Report
from costmodel.reporting.tables import Table
from costmodel.result import Result
from tests.test_uncertainty import linear

Cli = Callable[..., tuple[int, str, str]]
QUICK = {"replications": 2}
# every payment is blocked: whatever its score is, it lies above
BLOCKED = {"pipeline.risk.review_above": 0, "pipeline.risk.block_above": 0, "pipeline.risk.critical_above": 1}
EVIL = "<script>alert('x')</script> & \"quoted\" | @all"
VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """What a browser or a screen reader would find: elements with their attributes, text by element, table cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: dict[str, list[str]] = {}
        self.tables: list[list[list[str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
            self.texts.setdefault(tag, []).append("")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed, but not the last that was opened"

    def handle_data(self, data: str) -> None:
        for tag in set(self.open):
            self.texts[tag][-1] += data
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data

    def table(self, caption: str) -> list[list[str]]:
        """The cells of the table whose caption begins so, without its head."""
        at = next(at for at, text in enumerate(self.texts["caption"]) if text.startswith(caption))
        return self.tables[at][1:]

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def month() -> Result:
    return cm.run("seed_aws", set=QUICK)


@pytest.fixture(scope="module")
def checked() -> CheckResult:
    return cm.check(set=QUICK)


@pytest.fixture(scope="module")
def page(month: Result, checked: CheckResult) -> Page:
    return Page(html_page(make_report(month, checked)))


def retitled(result: Result, title: str) -> Result:
    scenario = result.assumptions.scenario.model_copy(update={"title": title})
    return dataclasses.replace(result, assumptions=dataclasses.replace(result.assumptions, scenario=scenario))


# --- the file -------------------------------------------------------------------------------------------------


def test_one_file_that_asks_nothing_of_the_network(month: Result, checked: CheckResult, page: Page) -> None:
    text = html_page(make_report(month, checked))
    assert not re.search(r'(?:src|href|action|data)="(?!data:|#)|@import|url\(|<script|<link|<iframe', text)
    assert [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    ]
    assert text == html_page(make_report(month, checked)), "the same bytes again"


def test_headings_language_and_names_for_those_who_do_not_see_it(page: Page) -> None:
    levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.all("html")[0]["lang"] == "en"
    assert any("width=device-width" in (one.get("content") or "") for one in page.all("meta"))
    names = [one["id"] for _, one in page.found if "id" in one]
    assert len(names) == len(set(names))
    assert {one["href"] for one in page.all("a")} <= {f"#{name}" for name in names}
    assert all(one.get("scope") in ("col", "row") for one in page.all("th"))
    assert len(page.texts["caption"]) == len(page.tables)
    assert all(text.strip() for text in page.texts["caption"])


def test_every_picture_says_in_words_what_it_shows(page: Page, month: Result, checked: CheckResult) -> None:
    pictures = [one["alt"] for one in page.all("img")]
    assert pictures == [FINDINGS[name][1](checked) for name in ("options", "perimeter", "bridge", "cost_lines")] + [
        latency_text(month), FINDINGS["latency"][1](checked)
    ]  # fmt: skip


def test_the_verdict_comes_first_and_the_decision_under_it(page: Page) -> None:
    """The seed's arithmetic: 3,175 / 3,450 = 92.03 %; own at mid costs more than both of Stripe's options."""
    first = page.texts["section"][0]
    places = [
        first.index(words)
        for words in (
            "98 % is wrong",
            "98 % fails: 92.03 %",
            "92 % adds up: 92.03 %",
            "the cheapest",
            "Your options",
            "building pays from",
        )
    ]
    assert places == sorted(places)
    assert "“Stripe ACH, nothing to build”: $2,248 a month" in first
    assert page.texts["h2"][0] == "The verdict"


# --- its figures are those of the result ------------------------------------------------------------------------


def test_options_and_perimeters_are_the_documents(page: Page) -> None:
    """Term by term from the document's figures, as in test_charts."""
    options = {row[0]: row[1:5] for row in page.table("Your options")}
    assert options["stay with Stripe cards"] == ["$3,450", "$3,883", "$4,655", "$7,443"]
    assert options["own AWS pipeline, ACH"] == ["$525", "$2,090", "$6,182", "$38,750"]
    rows = {row[0]: row[1:5] for row in page.table("Reduction by perimeter")}
    assert rows["as claimed"] == ["$3,450.00", "$275.00", "92.0\u00a0%", "–"]
    assert rows["same rail, both legs"] == ["$1,200.00", "$525.00", "56.3\u00a0%", "–"]
    assert rows["cards kept"] == ["$3,450.00", "$2,288.50", "33.7\u00a0%", "18.7 to 33.7"]


def test_every_bill_line_is_quantity_times_price_with_its_basis_and_source(page: Page, month: Result) -> None:
    *lines, whole = page.table("Quantity × unit price = cost")
    assert len(lines) == len(month.bill.lines)
    for cells, line in zip(lines, month.bill.lines, strict=True):
        assert cells[0].startswith(f"{line.service}.{line.meter}")
        assert (cells[3], cells[5], cells[7]) == ("×", "=", line.basis)
        assert cells[6] == f"{EXACT.quantize(line.cost_usd, line.cost_usd.__class__('0.0001')):,f}"
    assert whole[6] == f"{month.bill.total_usd:,.2f}"
    sources = {row[-1] for row in page.table("Prices used")}
    assert sources == {" ".join([line.source]) for line in month.bill.lines}


def test_share_that_rests_on_assumptions(page: Page, month: Result) -> None:
    share = 100 * month.bill.share_not_published_or_measured()
    assert f"{share:.0f}\u00a0% of this total rests on assumptions" in page.texts["main"][0]


def test_all_claims_with_verdict(page: Page, checked: CheckResult) -> None:
    words = {"holds": "adds up", "fails": "fails", "not_reproducible": "cannot be reproduced"}
    rows = page.table(f"All {len(checked.claims)} claims")
    assert [(row[0], row[5]) for row in rows] == [(one.claim.id, words[one.verdict]) for one in checked.claims]
    conditions = {row[0]: row[6] for row in rows}
    assert all((one.holds_when or "") in conditions[one.claim.id] for one in checked.claims)


def test_latency_is_that_of_the_month(page: Page, month: Result) -> None:
    row = next(row for row in page.table("Latency of a payment") if row[0] == "payment request")
    assert row[3].startswith(f"{month.latency_ms['p95']:,.0f} ± ")


def test_assumptions_are_traced_to_their_source(page: Page, month: Result) -> None:
    rows = {row[0]: row[1:] for row in page.table("Figures of the workload and the pipeline")}
    share = month.assumptions.scenario.workload.fates["dispute"].share
    given = [f"{share.value} {share.unit}", str(share.low), str(share.high), share.basis, share.source]
    assert rows["workload.fates.dispute.share"] == given
    score = month.assumptions.pipeline.risk.score  # type: ignore[union-attr]
    assert rows["pipeline.risk.score"] == ["p50 110 points", "× 0.7", "× 1.4", "assumption", score.source]
    assert rows["pipeline.static.kms_keys"][:3] == ["5", "5", "15"]


# --- growth and uncertainty -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def later() -> tuple[GrowthResult, Uncertainty]:
    """Twelve months of growth, and an uncertainty analysis whose samples are drawn, not simulated."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uncertainty_module, "sampled", linear)
        sure = cm.uncertainty(samples=16, indices=False)
    return cm.growth("seed_aws", months=12), sure


def test_growth_and_uncertainty_stand_in_chapters_of_their_own(
    month: Result, checked: CheckResult, later: tuple[GrowthResult, Uncertainty]
) -> None:
    path, sure = later
    report = make_report(month, checked, growth=path, uncertainty=sure)
    text = html_page(report)
    assert text == html_page(make_report(month, checked, growth=path, uncertainty=sure)), "the same bytes again"
    made = Page(text)
    assert {"As the business grows", "How sure it is"} <= set(made.texts["h2"])
    rows = made.table("Month by month")
    assert rows[-1][:2] == ["12 (2026-10)", f"{path.months[-1].payments:,}"] or rows[-1][0].startswith("12 (")
    assert f"{float(path.cumulative_usd[-1]):,.0f}".replace("-", "−") == rows[-1][6]
    spread = {row[0]: row[1:] for row in made.table("How far the figures spread")}
    same_rail = sure.spread("same_rail.reduction")
    assert spread["reduction of cost, same rail, both legs, %"][1] == f"{same_rail.low:,.1f}".replace("-", "−")
    alts = [one["alt"] for one in made.all("img")]
    assert alts[-3:] == [alt_text(path), probability_text(sure), tornado_text(sure)]
    markdown = report_markdown(make_report(month, checked, growth=path, uncertainty=sure, all_=False))
    assert "### As the business grows" in markdown
    assert "### How sure it is" in markdown


def test_what_is_left_out_says_how_to_get_it(cli: Cli, tmp_path: Path) -> None:
    code, _, _ = cli("report", "seed_aws", "--quiet", "--no-growth", "--set", "replications=2", "--markdown",
                     tmp_path / "r.md")  # fmt: skip
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert code == 0
    assert "costmodel growth seed_aws" in text
    assert "--uncertainty 512" in text


def test_the_command_puts_both_into_the_page(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, later: tuple[GrowthResult, Uncertainty]
) -> None:
    path, _ = later
    monkeypatch.setattr(uncertainty_module, "sampled", linear)
    monkeypatch.setattr("costmodel.analysis.growth.growth", lambda *_, **__: path)
    code, _, err = cli("report", "seed_aws", "--quiet", "--uncertainty", "8", "--set", "replications=2", "--html",
                       tmp_path / "r.html")  # fmt: skip
    assert (code, err) == (0, "")
    made = Page((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert made.table("Month by month")
    assert "in 8 months" in " ".join(made.texts["main"][0].split())
    assert cli("report", "seed_aws", "--quiet", "--uncertainty", "1", "--html", tmp_path / "no.html")[0] == 2
    assert not (tmp_path / "no.html").exists()


def test_large_volume_does_not_make_the_page_slow(cli: Cli, tmp_path: Path) -> None:
    code, _, _ = cli("report", "seed_aws", "--quiet", "--set", "replications=1", "--set",
                     "workload.payments_per_month=20000", "--markdown", tmp_path / "r.md")  # fmt: skip
    assert code == 0
    assert "So many payments take long to simulate month by month" in (tmp_path / "r.md").read_text(encoding="utf-8")


# --- hard cases -------------------------------------------------------------------------------------------------


def test_what_a_data_file_says_is_never_markup(month: Result, checked: CheckResult) -> None:
    evil = make_report(retitled(month, EVIL), checked)
    text = html_page(evil)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert EVIL in Page(text).texts["header"][0]
    markdown = report_markdown(evil)
    assert "\\<script>" in markdown
    assert "@all" not in markdown


@pytest.mark.parametrize("place", ["title", "about", "chapter", "lead", "sentence", "caption", "head", "cell"])
def test_every_place_is_escaped(place: str) -> None:
    words = dict.fromkeys(("title", "about", "chapter", "lead", "sentence", "caption", "head", "cell"), "x") | {
        place: EVIL
    }
    chapter = Chapter(words["chapter"], (Lead(words["lead"]), words["sentence"]))
    text = html_page(Report(words["title"], words["about"], (chapter,)))
    text += table_html(words["caption"], Table((words["head"],), ((words["cell"],),)))
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_table_that_would_break_in_markdown_does_not(month: Result, checked: CheckResult) -> None:
    for line in report_markdown(make_report(month, checked, all_=False)).splitlines():
        if line.startswith("| ECO-"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 7  # six cells


def test_no_payment_completed(checked: CheckResult) -> None:
    blocked = cm.run("seed_aws", set=QUICK | BLOCKED)
    nothing = cm.check(set=QUICK | BLOCKED)
    assert blocked.figures["completed_per_month"] == 0
    text = Page(html_page(make_report(blocked, nothing))).texts["section"][0]
    assert "No payment was completed in this month." in text
    assert "No payment was completed" not in html_page(make_report(cm.run("seed_aws", set=QUICK), checked))


def test_a_month_without_a_payment(cli: Cli, tmp_path: Path) -> None:
    """One payment a month, seen for a quarter of an hour."""
    code, _, err = cli("report", "seed_aws", "--quiet", "--no-growth", "--set", "workload.payments_per_month=1",
                       "--set", "workload.days=0.01", "--set", "replications=2", "--html", tmp_path / "z.html",
                       "--markdown", tmp_path / "z.md", "--xlsx", tmp_path / "z.xlsx")  # fmt: skip
    assert (code, err) == (0, "")
    first = Page((tmp_path / "z.html").read_text(encoding="utf-8")).texts["section"][0]
    assert "No payment was offered in this month." in first
    assert "the bill is for what stands idle" in first
    assert "No payment was offered in this month." in (tmp_path / "z.md").read_text(encoding="utf-8")


def test_of_another_volume_the_documents_figures_say_nothing() -> None:
    """Ten times the payments: 2.9 % of $1,000,000 and $0.30 of each are $30,500 alone, not the document's $3,450."""
    more = {"replications": 1, "workload.payments_per_month": 5000}
    larger = Page(html_page(make_report(cm.run("seed_aws", set=more), cm.check(set=more))))
    rows = {row[0]: row[1] for row in larger.table("Your options a month at $1.00M")}
    assert 30_500 < int(rows["stay with Stripe cards"].strip("$").replace(",", "")) < 38_000
    assert "$4,655" not in larger.texts["section"][0]


def test_a_system_that_is_bought_says_what_does_not_apply(cli: Cli, tmp_path: Path) -> None:
    files = [tmp_path / "s.html", tmp_path / "s.md"]
    code, _, err = cli(
        "report", "seed_stripe", "--quiet", "--set", "replications=2", "--html", files[0], "--markdown", files[1]
    )
    assert (code, err) == (0, "")
    for text in (file.read_text(encoding="utf-8") for file in files):
        assert "bought, not built" in text
        assert "do not apply" in text
        assert "Reduction by perimeter" not in text
    assert "stripe.card" in {row[0] for row in Page(files[0].read_text(encoding="utf-8")).table("Quantity ×")}


def test_payments_of_a_file_are_not_the_documents_month(cli: Cli, tmp_path: Path) -> None:
    """30 payments of $50: 1,500 offered; the document's fees of 3,450 and break-even are for another month."""
    rows = "".join(f"2026-09-{day:02d}T12:00:00Z,50.00\n" for day in range(1, 31))
    (tmp_path / "mine.csv").write_text(f"time,amount\n{rows}", encoding="utf-8")
    code, _, err = cli("report", "seed_aws", "--quiet", "--set", "replications=2", "--payments", tmp_path / "mine.csv",
                       "--html", tmp_path / "mine.html")  # fmt: skip
    assert (code, err) == (0, "")
    mine = Page((tmp_path / "mine.html").read_text(encoding="utf-8"))
    assert "30 payments replayed from a file" in mine.texts["header"][0]
    assert "mean ticket $50.00" in mine.texts["section"][0]
    assert "building pays" not in mine.texts["section"][0]
    assert {len(row) for row in mine.table("Your options a month at $1,500")} == {5}  # option, fees, low, mid, high
    assert "This is the document's month" in mine.texts["main"][0]


# --- the command ------------------------------------------------------------------------------------------------


def test_both_files_twice_the_same(cli: Cli, tmp_path: Path) -> None:
    for name in ("a", "b"):
        code, out, _ = cli("report", "seed_aws", "--quiet", "--no-growth", "--set", "replications=2",
                           "--html", tmp_path / f"{name}.html", "--markdown", tmp_path / f"{name}.md")  # fmt: skip
        assert code == 0
        assert f"{name}.html: a report of 11 chapters" in out
    for kind in ("html", "md"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize("option", ["--html", "--markdown"])
@pytest.mark.parametrize(
    ("scenario", "place", "word"),
    [
        ("seed_aws", "no/such/folder.html", "there is no folder"),
        ("seed_aws", ".", "is a folder"),
        ("sed_aws", "x.html", "did you mean `seed_aws`"),
    ],
)
def test_bad_input_writes_nothing(cli: Cli, tmp_path: Path, option: str, scenario: str, place: str, word: str) -> None:
    other = tmp_path / "other"
    second = "--markdown" if option == "--html" else "--html"
    code, out, err = cli("report", scenario, "--quiet", option, tmp_path / place, second, other)
    assert (code, out) == (2, "")
    assert word in err
    assert list(tmp_path.iterdir()) == []
