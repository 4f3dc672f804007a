"""What the check of a model finds: by the model alone, without Spark; then in a small made-up snapshot."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession
from rich.console import Console

from jobs import check_model
from jobs.core.config.model import ScoringModel
from jobs.core.config.segmentation import MigrationRule
from jobs.core.report.answers import Answers
from jobs.core.report.findings import show_findings
from jobs.core.report.model_report import Finding, deciding_weights, model_findings
from jobs.core.report.segments_report import segments_findings
from jobs.core.report.snapshot_report import history_finding, snapshot_findings
from tests.conftest import CHECKOUT, Workspace, active, fact

Content = dict[str, Any]
VALUE: Content = yaml.safe_load((CHECKOUT / "conf/models/value_potential_strategic.yaml").read_text())
REVENUE: Content = yaml.safe_load((CHECKOUT / "conf/models/profitability_adherence.yaml").read_text())
NOT_APPLICABLE = "does not apply: the model has no segments"


def model(change: Callable[[Content], object] | None = None, shipped: Content = VALUE) -> ScoringModel:
    """A shipped model with a change."""
    content = deepcopy(shipped)
    if change:
        change(content)
    return ScoringModel.model_validate(content)


def by_check(findings: list[Finding]) -> dict[str, Finding]:
    checks = {finding.check: finding for finding in findings}
    assert len(checks) == len(findings)
    return checks


def found(checked: ScoringModel) -> dict[str, Finding]:
    return by_check([*model_findings(checked), *segments_findings(checked)])


def told(change: Callable[[Content], object], check: str, shipped: Content = VALUE) -> tuple[str, str]:
    """Verdict and detail of one check of a shipped model with a change."""
    finding = found(model(change, shipped))[check]
    return finding.verdict, finding.detail


def rule(start: str, end: str, **given: str) -> Content:
    """A migration rule of value segments."""
    names = {
        "rule": f"{start}_to_{end}".lower().replace("-", "_"),
        "axis": "value_segment",
        "mode": "automatic",
    }
    return {**names, "from": start, "to": end, "trigger": "T", "action": "A", **given}


def with_rules(*rules: Content) -> Callable[[Content], None]:
    return lambda content: content["segments"].update(migration_rules=list(rules))


def test_what_is_found_of_the_shipped_models() -> None:
    other = {check: finding.verdict for check, finding in found(model()).items() if finding.verdict != "ok"}
    open_ones = ("Mid-Market", "SMB", "playbooks", "metrics")
    assert other == dict.fromkeys(open_ones, "look")
    checks = found(model(shipped=REVENUE))
    assert [check for check, finding in checks.items() if finding.verdict != "ok"] == ["ignoring potential"]
    does_not_apply = [check for check, finding in checks.items() if finding.detail == NOT_APPLICABLE]
    assert does_not_apply == [
        "segments",
        "service levels",
        "rules",
        "one-size engagement",
        "no migration path",
    ]


def test_rules_without_conditions_or_without_a_last_resort_are_missing() -> None:
    shipped = model()
    first, *between, last = shipped.tiers
    tiers = (first.model_copy(update={"when": None}), *between, last.model_copy(update={"when": first.when}))
    finding = found(shipped.model_copy(update={"tiers": tiers}))["tiers"]
    assert (finding.verdict, finding.detail) == (
        "missing",
        "Enterprise has no condition; Tech-touch has a condition, so that some customers are in none",
    )


@pytest.mark.parametrize(
    ("name", "limit", "nobody"),
    [
        ("growth_tier", 80, "Growth can't be reached: nobody is left with total_score >= 80"),
        ("scale_tier", 70, "Scale can't be reached: nobody is left with total_score >= 70"),
        ("enterprise_tier", 101, "Enterprise can't be reached: nobody is left with total_score >= 101"),
    ],
)
def test_tier_that_nobody_reaches_is_told(name: str, limit: int, nobody: str) -> None:
    change = told(lambda content: content["thresholds"].update({name: limit}), "tiers in order")
    assert change == ("look", nobody)


def test_limit_above_or_from_the_same_number_leaves_that_number() -> None:
    def change(second: str, first: str = ">") -> Callable[[Content], None]:
        def apply(content: Content) -> None:
            content["segments"]["value"][0]["when"]["operator"] = first
            content["segments"]["value"][1]["when"].update(operator=second, threshold="enterprise_arr")

        return apply

    assert told(change(">="), "value segments in order")[0] == "ok"
    assert told(change(">"), "value segments in order")[0] == "look"
    assert told(change(">=", ">="), "value segments in order")[0] == "look"


def test_thresholds_without_use_and_numbers_without_a_name_are_told() -> None:
    verdict, detail = told(lambda content: content["thresholds"].update(spare=1), "thresholds", REVENUE)
    assert (verdict, detail) == ("look", "spare is used nowhere")
    assert told(lambda _: None, "thresholds")[0] == "ok"

    def write_numbers(content: Content) -> None:
        for place in ("high_value", "high_health"):
            content["segments"]["matrix"][place] = {"metric": "arr", "operator": ">=", "value": 77}

    assert told(write_numbers, "thresholds") == ("look", "arr 77 stands in 2 conditions without a name")


def test_score_that_decides_nothing_is_told() -> None:
    def change(content: Content) -> None:
        content["components"][-3]["weight"] = 0.65
        del content["components"][-1]

    assert told(change, "strategic score") == (
        "look",
        "no tier, flag, segment or other score reads strategic_score",
    )
    assert told(lambda _: None, "value score") == (
        "ok",
        "0.5 arr (percentile, higher is better), 0.25 contract_years (100 from 3, 80 from 2, 50 from 1, "
        "else 20), 0.25 on_time_payment_rate (0 at 0, 100 at 1)",
    )


def test_edge_cases_left_open_are_missing() -> None:
    def without_coverage(content: Content) -> None:
        del content["exclusions"][-1]

    def everybody_is_scored(content: Content) -> None:
        del content["exclusions"], content["segments"]["migration_rules"]

    assert told(lambda _: None, "missing measures")[0] == "ok"
    assert told(without_coverage, "missing measures")[0] == "missing"
    assert told(everybody_is_scored, "who is not scored")[0] == "missing"
    assert told(lambda _: None, "missing measures", REVENUE)[1] == "a missing measure ranks as the lowest"


def test_service_level_tells_what_is_not_defined() -> None:
    assert told(lambda _: None, "Tech-Touch") == (
        "ok",
        "for Starter; CSM ratio 1:1000+; QBRs 0 a year; touches 0 a year",
    )

    def change(content: Content) -> None:
        del content["segments"]["service_levels"][0]["customers_per_csm"]

    assert told(change, "Enterprise") == (
        "missing",
        "for Enterprise; QBRs 4 a year; touches 12 a year; not defined: CSM ratio",
    )


def test_engagement_out_of_order_unused_or_without_escalation_is_told() -> None:
    def change(content: Content) -> None:
        segments = content["segments"]
        segments["service_levels"][0]["customers_per_csm"] = [60, 50]
        segments["value"][2]["service_level"] = "Tech-Touch"
        segments["migration_rules"] = [
            each for each in segments["migration_rules"] if each["to"] != "At-Risk"
        ]
        segments["alerts"] = []

    checks = found(model(change))
    assert checks["CSM ratios in order"].detail == (
        "Enterprise goes from 60 to 50; Enterprise has 60 customers a CSM, Mid-Market below it 30"
    )
    assert checks["service levels in use"].detail == "SMB is due to no value segment"
    assert [checks[check].verdict for check in ("escalation", "alerts")] == ["missing", "missing"]
    assert checks["one way only"].detail == (
        "health_state goes up from At-Risk to Healthy by a rule, and down without one"
    )


@pytest.mark.parametrize(
    ("rules", "dead"),
    [
        (
            [rule("any", "SMB"), rule("Starter", "SMB", action="B")],
            "starter_to_smb: any_to_smb before it takes all its changes",
        ),
        (
            [rule("SMB", "any"), rule("any", "Starter"), rule("SMB", "Starter")],
            "smb_to_starter: smb_to_any before it takes all its changes",
        ),
        ([rule("SMB", "SMB")], "smb_to_smb: from SMB to SMB is no change"),
        ([rule("Starter", "SMB"), rule("any", "SMB")], None),
    ],
)
def test_rule_that_never_fires_is_told(rules: list[Content], dead: str | None) -> None:
    verdict, detail = told(with_rules(*rules), "rules that never fire")
    assert (verdict, detail) == (("look", dead) if dead else ("ok", "each rule has a change of its own"))


@pytest.mark.parametrize(
    ("axis", "start", "end"), [("tier", "Gold", "any"), ("value_segment", "any", "Gold")]
)
def test_rule_of_a_value_that_the_axis_never_has_is_told(axis: str, start: str, end: str) -> None:
    shipped = model()
    assert shipped.segments is not None
    strange = MigrationRule.model_validate({**rule(start, end), "rule": "strange", "axis": axis})
    segments = shipped.segments.model_copy(
        update={"migration_rules": (*shipped.segments.migration_rules, strange)}
    )
    finding = found(shipped.model_copy(update={"segments": segments}))["rules that never fire"]
    assert finding.detail == f"strange: {axis} is never Gold"


@pytest.mark.parametrize(
    ("later", "contradicts"),
    [
        (rule("SMB", "any", action="B"), False),  # an exception, then the general rule
        (rule("SMB", "any"), False),
        (rule("SMB", "Starter", rule="again"), False),  # the same once more
        (rule("SMB", "Starter", rule="again", action="B"), True),
        (rule("SMB", "Starter", rule="again", mode="manual"), True),
    ],
)
def test_contradictions_are_told(later: Content, contradicts: bool) -> None:
    verdict, detail = told(with_rules(rule("SMB", "Starter"), later), "contradictions")
    assert verdict == ("look" if contradicts else "ok")
    if contradicts:
        assert detail == (
            f"smb_to_starter (automatic, A) and again ({later['mode']}, {later['action']}) both take SMB to "
            "Starter; the first one wins"
        )


def test_rules_that_cross_contradict_where_they_do() -> None:
    _, detail = told(with_rules(rule("SMB", "any"), rule("any", "Starter", action="B")), "contradictions")
    assert detail == (
        "smb_to_any (automatic, A) and any_to_starter (automatic, B) both take SMB to Starter; "
        "the first one wins"
    )


def test_paths_without_a_way_back_or_out_are_told() -> None:
    checks = found(
        model(with_rules(rule("Starter", "SMB"), rule("SMB", "Mid-Market"), rule("Mid-Market", "SMB")))
    )
    assert checks["one way only"].detail == (
        "value_segment goes up from Starter to SMB by a rule, and down without one"
    )
    assert checks["stuck"].detail == "no rule leads out of value_segment Enterprise"
    assert checks["upgrades of value segments"].verdict == "look"
    assert checks["downgrades of value segments"].detail == (
        "no rule for Enterprise to Mid-Market, Enterprise to SMB, Enterprise to Starter, "
        "Mid-Market to Starter, SMB to Starter"
    )
    assert checks["review"].verdict == "look"
    only_up = found(model(with_rules(rule("Starter", "SMB"))))
    assert only_up["downgrades of value segments"].verdict == "missing"


def test_tiers_by_value_alone_ignore_potential() -> None:
    def change(content: Content) -> None:
        for tier in content["tiers"][:-1]:
            tier["when"]["metric"] = "value_score"

    checks = found(model(change))
    assert [checks[check].verdict for check in ("ARR-only tiers", "ignoring potential")] == ["look", "look"]
    assert checks["ARR-only tiers"].detail == "100% of what decides the tiers is current value"
    by_arr = found(model(lambda content: content.update(tiers=[{"tier": "A", "name": "All"}])))
    assert by_arr["ARR-only tiers"].verdict == "look"


def test_what_decides_the_tiers_is_followed_down_to_measures() -> None:
    weights = deciding_weights(model())
    assert (sum(weights.values()), weights["arr"], weights["growth_rate"]) == (
        1,
        Fraction(1, 5),
        Fraction(7, 50),
    )
    assert deciding_weights(model(shipped=REVENUE))["total_revenue"] == Fraction(9, 40)


def test_one_service_for_all_is_told() -> None:
    def one_level(content: Content) -> None:
        for segment in content["segments"]["value"]:
            segment["service_level"] = "SMB"

    def alike(content: Content) -> None:
        levels = content["segments"]["service_levels"]
        content["segments"]["service_levels"] = [
            {**levels[0], "service_level": level["service_level"]} for level in levels
        ]

    assert told(one_level, "one-size engagement")[0] == "look"
    assert told(alike, "one-size engagement") == (
        "look",
        "4 value segments with 4 service levels, 1 of them different",
    )


def test_no_rules_are_no_migration_path() -> None:
    checks = found(model(with_rules()))
    assert (checks["rules"].verdict, checks["no migration path"].verdict) == ("missing", "look")


@pytest.mark.parametrize(
    ("dates", "today", "verdict"),
    [
        ((date(2024, 9, 30), date(2024, 12, 31)), date(2025, 3, 31), "ok"),
        ((date(2024, 12, 31), date(2024, 9, 30)), date(2025, 4, 30), "look"),
        ((date(2024, 12, 31),), date(2025, 1, 1), "look"),
    ],
)
def test_snapshots_that_do_not_follow_one_another_are_static(
    dates: tuple[date, ...], today: date, verdict: str
) -> None:
    assert history_finding(model(), dates, today).verdict == verdict


# What is known of all customers.
KNOWN = (
    *("arr", "on_time_payment_rate", "growth_rate", "seats_used_share", "use_cases_matched_share"),
    *("reference_rating", "influence_rating"),
)
# Of ten customers: one is at 80, one half a point below 60, the others far from any limit.
SCORES = (80, 59.5, 70, 70, 70, 70, 50, 50, 10, 10)


def tiers_of(spark: SparkSession, *dropped: str) -> DataFrame:
    measured = [each.metric for each in model().components if not each.metric.endswith("_score")]
    entries = ", ".join(f"({number}, {score}BD)" for number, score in enumerate(SCORES))
    tier = "CASE WHEN score >= 80 THEN 'Enterprise' WHEN score >= 60 THEN 'Growth' ELSE 'Scale' END"
    columns = {
        **dict.fromkeys(measured, "1.5BD"),
        "contract_years": "IF(number < 4, 2, NULL)",
        "brand_rating": "CAST(NULL AS INT)",
        "nps": "IF(number < 1, 50, NULL)",
        "cancelled_on": "CAST(NULL AS DATE)",
        "value_score": "score",
        "potential_score": "score",
        "strategic_score": "score",
        "total_score": "score",
        "tier": tier,
        "arr_source": "IF(number < 4, 'revenue', 'given')",
        "growth_source": "IF(number < 3, 'given', IF(number < 8, 'events', NULL))",
        "health_source": "CAST(NULL AS STRING)",
        "coverage": "CAST(0.75 AS DECIMAL(9, 8))",
    }
    told = ", ".join(f"{sql} AS {name}" for name, sql in columns.items() if name not in dropped)
    return spark.sql(f"SELECT {told} FROM VALUES {entries} AS t (number, score)")  # noqa: S608


SEGMENTS = """
    SELECT
        TRUE AS is_scored, t.*, tier AS held_tier, held AS held_value_segment,
        'Declining' AS behavior_segment, 'Declining' AS computed_behavior_segment,
        CAST(NULL AS STRING) AS health_state, CAST(NULL AS STRING) AS computed_health_state
    FROM VALUES
        ('Scale', 'Enterprise', 'Enterprise', 45.00BD, 'Enterprise', 'Enterprise'),
        ('Scale', 'Mid-Market', 'Mid-Market', 15.00BD, 'Mid-Market', 'SMB'),
        ('Scale', 'Mid-Market', 'Mid-Market', 15.00BD, 'Mid-Market', 'Gold'),
        ('Scale', 'SMB', 'Starter', 25.00BD, 'SMB', 'Enterprise'),
        ('Scale', 'Starter', 'Starter', NULL, 'Tech-Touch', NULL)
        AS t (tier, value_segment, held, arr, service_level, delivered_service_level)
    UNION ALL
    SELECT FALSE, NULL, NULL, NULL, 1000.00BD, NULL, 'Enterprise', NULL, NULL, NULL, NULL, NULL, NULL
"""


def test_snapshot_beside_what_the_model_expects(spark: SparkSession) -> None:
    checks = by_check(snapshot_findings(model(), tiers_of(spark), spark.sql(SEGMENTS)))
    assert {check: (finding.verdict, finding.detail) for check, finding in checks.items()} == {
        "tier Enterprise": ("ok", "1 of 10 customers, 10.0%"),
        "tier Growth": ("ok", "4 of 10 customers, 40.0%"),
        "tier Scale": ("ok", "5 of 10 customers, 50.0%"),
        "tier Tech-touch": ("look", "0 of 10 customers, 0.0%"),
        "total_score 80": ("ok", "1 customers within a point of it, 10.0%"),
        "total_score 60": ("ok", "1 customers within a point of it, 10.0%"),
        "total_score 40": ("ok", "0 customers within a point of it, 0.0%"),
        "any threshold of a tier": ("ok", "2 customers within a point, 20.0%"),
        **dict.fromkeys(KNOWN, ("ok", "known of 10 customers, 100.0%")),
        "contract_years": ("look", "known of 4 customers, 40.0%"),
        "brand_rating": ("missing", "known of 0 customers, 0.0%"),
        "nps": ("look", "known of 1 customers, 10.0%"),
        "ARR, source": ("ok", "given 6 (60.0%), stands in 4 (40.0%), unknown 0 (0.0%)"),
        "growth, source": ("look", "given 3 (30.0%), stands in 5 (50.0%), unknown 2 (20.0%)"),
        "health, source": ("missing", "given 0 (0.0%), stands in 0 (0.0%), unknown 10 (100.0%)"),
        "coverage": ("ok", "75.0% of the weight is measured on average"),
        "value segment Enterprise": (
            "look",
            "customers 20.0%, outside 5.0% to 10.0%; ARR 45.0%, within 40.0% to 50.0%",
        ),
        "value segment Mid-Market": (
            "look",
            "customers 40.0%, outside 15.0% to 25.0%; ARR 30.0%, within 25.0% to 35.0%",
        ),
        "value segment SMB": (
            "look",
            "customers 20.0%, outside 30.0% to 40.0%; ARR 25.0%, within 15.0% to 25.0%",
        ),
        "value segment Starter": (
            "look",
            "customers 20.0%, outside 30.0% to 40.0%; ARR 0.0%, outside 5.0% to 10.0%",
        ),
        "segment leakage": (
            "look",
            "of 3 customers whose service is known 1 get more service than is due, 33.3%; "
            "1 get what is no service level of the model",
        ),
        "resource mismatch": (
            "look",
            "of 3 customers whose service is known 1 get more service than is due, 1 get less, 66.7%; "
            "1 get what is no service level of the model",
        ),
        "manual assignment": (
            "look",
            "1 of 5 customers are other than computed by an override, 20.0%",
        ),
    }


def test_snapshot_without_columns_segments_or_expectations(spark: SparkSession) -> None:
    def change(content: Content) -> None:
        for segment in content["segments"]["value"]:
            segment.pop("expected")

    tiers = tiers_of(spark, "arr", "coverage", "health_source", "total_score")
    checks = by_check(snapshot_findings(model(change), tiers, None))
    assert checks["arr"].verdict == "missing"
    assert checks["value segments"].verdict == "missing"
    assert checks["total_score"].detail == "the latest snapshot has no such column: publish again"
    assert "coverage" not in checks
    unserved = spark.sql(SEGMENTS).where("delivered_service_level IS NULL")
    checks = by_check(snapshot_findings(model(change), tiers, unserved))
    assert checks["value segment Starter"].detail == (
        "customers 100.0%, no share expected; ARR 0.0%, no share expected"
    )
    assert [
        checks[check].verdict for check in ("value segment SMB", "segment leakage", "resource mismatch")
    ] == ["missing"] * 3
    assert checks["manual assignment"].verdict == "ok"
    nobody = by_check(snapshot_findings(model(), tiers.limit(0), unserved.limit(0)))
    assert [(finding.check, finding.verdict) for finding in nobody.values()] == [
        ("total_score", "missing"),
        ("customers", "missing"),
    ]


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_findings_are_shown_by_area_as_they_are() -> None:
    printed = io.StringIO()
    console = Console(file=printed, width=130)
    findings = [
        Finding("Scoring", "[bold]a", "ok", "x [/y]"),
        Finding("Inputs", "b", "missing", "z"),
        Finding("Scoring", "c", "look", "w"),
    ]
    show_findings(Answers(console=console), model(), findings)
    assert lines(printed.getvalue()) == [
        "",
        f"value_potential_strategic: {VALUE['description']}",
        *("", "Scoring", "check verdict detail", "[bold]a ok x [/y]", "c look w"),
        *("", "Inputs", "check verdict detail", "b missing z"),
    ]


def test_findings_are_rows_for_programs() -> None:
    printed = io.StringIO()
    console = Console(file=printed)
    findings = [Finding("Scoring", "[bold]\x1b", "ok", "x"), Finding("Inputs", "b", "missing", "z")]
    with Answers(as_json=True, console=console) as answers:
        show_findings(answers, model(), findings)
    assert json.loads(printed.getvalue()) == [
        {
            "model": "value_potential_strategic",
            "area": area,
            "check": check,
            "verdict": verdict,
            "detail": detail,
        }
        for area, check, verdict, detail in (
            ("Scoring", "[bold]\x1b", "ok", "x"),
            ("Inputs", "b", "missing", "z"),
        )
    ]


def checked(workspace: Workspace, *options: str) -> int:
    log = str(workspace.folder / "check.log")
    return check_model.run(["--config", str(workspace.config), "--log-file", log, *options])


def test_models_are_checked_before_anything_is_published(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    models = ["profitability_adherence", "value_potential_strategic"]
    workspace.configure(model=None, models=models)
    assert checked(workspace) == 0
    out = capsys.readouterr().out
    assert [name for name in models if f"\n{name}: " in out] == models
    assert out.count("Nothing is published yet in") == 2
    assert checked(workspace, "--model", models[0], "--strict", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in rows} == {models[0]}
    assert {row["verdict"] for row in rows} <= {"ok", "look"}
    content = yaml.safe_load((CHECKOUT / f"conf/models/{models[1]}.yaml").read_text())
    del content["segments"]["service_levels"][0]["customers_per_csm"]
    (workspace.folder / "value.yaml").write_text(yaml.safe_dump(content))
    workspace.configure(model=None, models=[models[0], "value.yaml"])
    assert checked(workspace, "--strict") == 3
    assert "Bad data: 1 findings are missing, and --strict asks for none" in capsys.readouterr().err
    assert checked(workspace, "--model", "other", "--today", "soon") == 2
    assert lines(capsys.readouterr().err)[1:3] == [
        "--today: must be a date like 2024-12-31, got 'soon'",
        f"--model: must be one of {', '.join(models)}, got 'other'",
    ]


@pytest.mark.long
def test_latest_published_snapshot_is_checked(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.write_sources([fact("Ann"), fact("Bob", revenue="50")], active("Ann", "Bob"))
    workspace.configure()
    assert workspace.run("2024-12-31") == 0
    capsys.readouterr()
    assert checked(workspace, "--today", "2025-01-31") == 0
    out = lines(capsys.readouterr().out)
    assert "snapshot ok 2024-12-31, published with the model as it is" in out
    assert "tier B ok 1 of 2 customers, 50.0%" in out
    assert any(
        line.startswith("static segmentation look 1 published, the latest of 2024-12-31, 31 days")
        for line in out
    )
    workspace.configure(model=workspace.model(thresholds={**REVENUE["thresholds"], "high_adherence": 80}))
    assert checked(workspace) == 0
    assert (
        "snapshot look 2024-12-31, published with the model as it was before a change: publish again"
        in lines(capsys.readouterr().out)
    )
