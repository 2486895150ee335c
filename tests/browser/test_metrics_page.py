"""What the page shows of metrics that a team defines, on experiments that are given: tests/browser/given.py."""
import json
import re
from datetime import timedelta

import pytest

from tests.analytics.analytics import DATABASE
from tests.analytics.moments import moments
from tests.browser import given
from tests.browser.given import DIFFERED, ENDED, PLANNED, RICH, THIRTY
from tests.browser.test_page import HOSTILE, cells, fixed, opened, wait_for, whole


def results(site, experiment: int, *, role: str = "", variant: int = 1) -> list:
    return site.rows(f"SELECT * FROM {DATABASE}.experiment_results WHERE experiment_id = {experiment} AND variant_id = {variant} "
                     f"AND role LIKE '%{role}' ORDER BY metric")


def numbers(text: str) -> list:
    return [float(found.replace("−", "-")) for found in re.findall(r"[+−][\d.]+", text)]


def test_goals_guardrails_and_secondary_stand_apart(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{RICH}")
    shoot(page, "metrics")
    opened(page, "secondary")
    for role, place in (("goal", "goals"), ("guardrail", "guardrails"), ("secondary", "secondary")):
        expected = results(given_site, RICH, role=role)
        assert page.locator(f"#{place} h4").evaluate_all("all => all.map(one => one.firstChild.textContent)") == [row["metric"] for row in expected]
        for want in expected:
            row = cells(page, want["metric"])[1]
            # With what it is corrected for.
            assert row["Variant"] == f"{want['variant_key']}\n{want['verdict']}"
            assert row["p, corrected"] == ("< 0.0001" if want["p_value_corrected"] < 0.0001 else fixed(want["p_value_corrected"], 4))
    assert "Holm over 4 comparisons of goals" in page.locator("#goals").inner_text()
    assert "Holm over 2 comparisons of clicks" in page.locator("#guardrails").inner_text()


def test_a_metric_says_how_it_is_made(given_site, visit):
    page = visit(f"{given_site.page}#{RICH}")
    opened(page, "secondary")
    said = dict(page.locator("h4").evaluate_all("all => all.map(one => [one.firstChild.textContent, one.querySelector('small').textContent])"))
    assert said == {
        "conversion": "Share of the users with conversion events, in the first 168 hours after the exposure. Up is good",
        "revenue": "Sum of value over conversion events, mean over users, at most 500 a user. Up is good. "
                   "Compared with the 14 days before the exposure",
        "errors": "Number of error events, mean over users. Down is good; worse by 5 % or more is too much",
        "clicks": "Number of click events, mean over users. Up is good; worse by 2 % or more is too much",
        "load time": "Quantile 0.9 over users of the mean of properties.load_ms over exposure events. Down is good; worse by 10 % or more "
                     "is too much",
        "basket": "Ratio: sum of value over conversion events to number of conversion events. Up is good",
        "score": "Mean score of a user’s conversion events, mean over users, only browsers safari. Up is good",
        "highest": "Largest value of a user’s conversion events, mean over users, capped at the quantile 0.99. Down is good",
    }


def test_the_verdict_comes_first_and_counts_guardrails(given_site, visit):
    page = visit(f"{given_site.page}#{RICH}")
    order = page.locator("h2, .verdicts, #goals, #guardrails, main > details").evaluate_all(
        "all => all.map(one => [one.id || one.className || one.localName, one.getBoundingClientRect().top])")
    assert [name for name, _ in sorted(order, key=lambda one: one[1])][:4] == ["h2", "verdicts", "goals", "guardrails"]
    for variant, said in enumerate(page.locator(".verdicts li").all_inner_texts(), 1):
        goals = {row["metric"]: row["verdict"] for row in results(given_site, RICH, role="goal", variant=variant)}
        guards = [row["verdict"].startswith("Not worse") for row in results(given_site, RICH, role="guardrail", variant=variant)]
        for metric, verdict in goals.items():
            words = {"Better": "better on", "Worse": "worse on", "No dif": "no difference seen on"}[verdict[:6].strip()]
            assert re.search(f"{words} [^;.]*{metric}", said, re.I), said
        assert ("All 3 guardrails hold" if all(guards) else f"{sum(guards)} of 3 guardrails held") in said
    (listed,) = [text for text in page.locator("#list li").all_inner_texts() if "Checkout in one step" in text]
    (row,) = given_site.rows(f"SELECT * FROM {DATABASE}.experiment_list WHERE experiment_id = {RICH}")
    assert row["verdict"] in listed and row["verdict"].startswith("revenue: Better") and row["guardrails"] == 6
    assert f"{row['guardrails'] - row['guardrails_held']} of 6 guardrails not held" in listed


def test_what_decides_is_drawn(given_site, visit):
    page = visit(f"{given_site.page}#{RICH}")
    # The adjusted difference, with what that gained.
    (want,) = [row for row in results(given_site, RICH) if row["metric"] == "revenue"]
    shown = cells(page, "revenue")[1]["Difference, 95 % interval"]
    assert numbers(shown) == pytest.approx([want[name] for name in ("adjusted_difference", "adjusted_low", "adjusted_high", "difference",
                                                                    "ci_low", "ci_high")], rel=1e-3)
    assert f"{round(want['variance_gained'])} % less variance" in shown and want["variance_gained"] > 50
    # The worst that a guardrail allows.
    for metric, sign in (("errors", 1), ("clicks", -1)):
        control, one = (next(row for row in results(given_site, RICH, variant=variant) if row["metric"] == metric) for variant in (0, 1))
        zero, margin, dot = page.locator(f'[aria-label="{metric}"] svg.interval').first.evaluate(
            "svg => ['.zero', '.margin'].map(line => svg.querySelector(line).x1.baseVal.value).concat(svg.querySelector('circle').cx.baseVal.value)")
        assert (margin - zero) / (dot - zero) == pytest.approx(sign * control["rate"] * control["margin"] / one["difference"], rel=1e-4)
    assert page.locator('[aria-label="conversion"] .margin').count() == 0


def test_segments_of_the_metric_that_is_chosen(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{RICH}")
    opened(page, "segments")
    for metric in ("conversion", "load time"):
        page.locator("#of_metric").select_option(metric)
        wait_for(page, "metric => answers.segments?.data && document.querySelector('#of_metric').value === metric "
                       "&& !document.querySelector('#segments').innerText.includes('Reading…')", metric)
        rows = given_site.rows(f"SELECT * FROM {DATABASE}.experiment_segment_results WHERE experiment_id = {RICH} AND metric = '{metric}' "
                               "AND segment_type IN ('device', 'phase') AND NOT is_control")
        shown = {(row.get("Device") or row["Phase"], row["Variant"].split("\n")[0]): row
                 for kind in ("By device", "By phase") for row in cells(page, kind)}
        assert len(rows) == len(shown) == 10
        for row in rows:
            there = shown[row["segment"], row["variant_key"]]
            assert there["Variant"].endswith(row["finding"]) and there["p, corrected"] == fixed(row["p_value_corrected"], 4)
            factor, close = (100, {"abs": 6e-3}) if metric == "conversion" else (1, {"rel": 1e-3})
            assert numbers(there["Difference, 95 % interval"]) == pytest.approx(
                [factor * row[name] for name in ("difference", "ci_low", "ci_high")], **close)
    # The twenty largest, both variants of each.
    pages = [row["Page"] for row in cells(page, "By page")]
    assert pages == [f"/page/{number}" for number in range(20) for _ in (1, 2)]
    shoot(page, "segments")


def test_how_long_until_a_difference_shows(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{RICH}")
    opened(page, "plan")
    for effect in ("0.05", "0.01"):
        page.locator("#effect").select_option(effect)
        rows = {(row["Metric"], row["Variant"]): row for row in cells(page, "How long")}
        expected = given_site.rows(f"SELECT * FROM {DATABASE}.experiment_plan WHERE experiment_id = {RICH} AND abs(effect_share - {effect}) < 1e-9")
        assert len(rows) == len(expected) == 16
        for want in expected:
            row = rows[want["metric"], ("control", "one step", "two steps")[want["variant_id"]]]
            assert row["Users needed"] == whole(round(want["users_needed"])) and row["So far"] == whole(want["users_so_far"])
            if want["users_so_far"] >= want["users_needed"]:
                assert row["Left"] == "enough users"
            elif want["days_left"] <= 3650:
                assert row["Left"] == f"{whole(-int(-want['days_left'] // 1))} days"
    shoot(page, "plan")


def test_the_life_of_an_experiment(given_site, visit, shoot):
    page = visit(given_site.page)

    def life(experiment: int) -> tuple:
        page.evaluate(f"location.hash = '#{experiment}'")
        wait_for(page, "one => current === one && answers.settings?.data && document.querySelectorAll('.life li').length > 0", experiment)
        shoot(page, f"life-{experiment}", whole=False)
        return page.locator(".life li").all_inner_texts(), page.locator(".life [aria-current]").all_inner_texts()

    def day(moment) -> str:
        return moment.strftime(f"{moment.day} %b %Y, %H:%M UTC")

    items, current = life(RICH)
    assert items[0] == "Running for 12 days, ends in 4 days" and items[1] == f"Start {day(given.PHASES['ramp'])}"
    assert items[2:5] == [f"Phase ramp since {day(given.PHASES['ramp'])}", f"Phase full since {day(given.PHASES['full'])}",
                          f"Phase holdout from {day(given.PHASES['holdout'])}"]
    assert current == [items[3]] and "The first 2 hours of a user do not count" in items
    assert life(PLANNED)[0] == ["Planned: starts in 2 days", f"Start {day(given.NOW + timedelta(days=2, hours=1))}"]
    assert life(ENDED)[0][0] == "Ended 16 days ago, after 13 days"
    items, _ = life(DIFFERED)
    assert items[0] == "Running for 14 days, without a planned end" and items[1].startswith("Events from ")


def test_variants_that_differed_before_are_a_warning(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{DIFFERED}")
    assert page.locator("#head .notice").inner_text().startswith("The variants differed before the experiment, in revenue")
    assert page.locator("#n_before").inner_text() == "1 of 1 comparisons differed"
    opened(page, "before")
    (want,) = given_site.rows(f"SELECT * FROM {DATABASE}.experiment_before WHERE experiment_id = {DIFFERED} AND variant_id = 1")
    control, shown = cells(page, "Before the experiment")
    assert shown["Variant"] == f"one step\n{want['finding']}" and want["finding"].startswith("Differed")
    assert numbers(shown["Difference"]) == pytest.approx([want["before_difference"]], rel=1e-3)
    shoot(page, "differed-before")
    page = visit(f"{given_site.page}#{RICH}")
    assert page.locator("#n_before").inner_text() == "no difference in 2 comparisons" and page.locator("#head .notice").count() == 0


def test_thirty_metrics(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{THIRTY}")
    opened(page, "secondary", "segments", "plan")
    assert page.locator("h4").count() == 30 == page.locator("#of_metric option").count()
    assert [page.locator(f"#{place} h4").count() for place in ("goals", "guardrails", "secondary")] == [10, 10, 10]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, "thirty-metrics")
    page.set_viewport_size({"width": 360, "height": 740})
    wait_for(page, "document.documentElement.scrollWidth <= 360")
    shoot(page, "thirty-metrics-phone")


def test_it_fits_a_phone_in_the_dark(given_site, visit, shoot):
    page = visit(f"{given_site.page}#{RICH}", width=360, height=740, is_mobile=True, color_scheme="dark")
    opened(page, "secondary", "segments", "plan", "before", "users", "days")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for box in page.locator("[role=region]").all():
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), box.get_attribute("aria-label")
    shoot(page, "metrics-phone-dark")


def test_only_what_is_open_is_asked(given_site, visit):
    page = visit(f"{given_site.page}#{RICH}")
    page.locator("#pause").click()
    asked = []
    page.on("request", lambda request: asked.append(re.search(r"/experiments/(\w+)", request.url)[1]))
    page.evaluate("refresh()")
    wait_for(page, "document.documentElement.dataset.round === '2'")
    assert sorted(asked) == ["before", "dead_letters", "list", "metrics", "pipeline", "refreshes", "results", "settings"]
    opened(page, "plan")
    assert "plan" in asked and "segments" not in asked
    page.locator("summary", has_text="How long").click()
    asked.clear()
    page.evaluate("refresh()")
    wait_for(page, "document.documentElement.dataset.round === String(round) && round > 3")
    assert "results" in asked and "plan" not in asked


def test_a_pipeline_that_is_not_looked_at_any_more_is_said_to_be_old(given_site, visit):
    given_site.query(f"TRUNCATE TABLE {DATABASE}.page_pipeline_latest")
    given_site.query(f"INSERT INTO {DATABASE}.page_pipeline_latest (code, diagnosis, computed_at) VALUES ('up_to_date', 'up to date', now())")
    page = visit(f"{given_site.page}#{RICH}")
    assert [row["State"] for row in cells(page, "Pipeline")] == ["up to date"] and page.locator("#pipeline .notice").count() == 0
    given_site.query(f"TRUNCATE TABLE {DATABASE}.page_pipeline_latest")
    given_site.query(f"INSERT INTO {DATABASE}.page_pipeline_latest (code, diagnosis, computed_at) "
                     "VALUES ('up_to_date', 'up to date', '2026-11-01 10:00:00')")
    page.evaluate("refresh()")
    wait_for(page, "document.querySelector('#pipeline .notice')?.innerText === 'This is of 2026-11-01 10:00:00 UTC.'")


def test_a_failing_query_of_metrics_leaves_the_figures(given_site, visit, shoot):
    given_site.query(f"RENAME TABLE {DATABASE}.experiment_metrics_defined TO {DATABASE}.experiment_metrics_away")
    try:
        page = visit(f"{given_site.page}#{RICH}")
        assert "The query “metrics” failed" in page.locator("#metrics .failure").inner_text() and page.locator(".failure").count() == 1
        assert len(cells(page, "conversion")) == 3
        assert page.locator("#goals h4 small").first.inner_text() == "Share of the users with such events. Up is good"
        shoot(page, "failing-metrics", whole=False)
    finally:
        given_site.query(f"RENAME TABLE {DATABASE}.experiment_metrics_away TO {DATABASE}.experiment_metrics_defined")


def test_hostile_metrics_segments_and_phases_stay_text(given_site, visit, shoot):
    names = [name for name in HOSTILE if name != "x" * 3000]
    given_site.insert([{"experiment_id": given.HOSTILE, "name": "Hostile", "control_variant_id": 0, "expected_split": {0: 1, 1: 1},
                        "phases": {name: given.text(given.NOW - timedelta(days=number)) for number, name in enumerate(names)}}],
                      "experiment_settings")
    given_site.seen(given.HOSTILE, 2, 500, keys=names[:2])
    for number, name in enumerate(names):
        given_site.metric(name, "count", [given.HOSTILE], role=("goal", "guardrail", "secondary")[number % 3], event_types=[name],
                          number=name, browsers=[name], cuped=True)
        given_site.give([moments(given.HOSTILE, name, variant, [number, variant + 1, 2] * 200, p=[1, 2, variant] * 200, segment=segment, kind="count")
                         for variant in (0, 1) for segment in (("all", ""), ("page", name), ("phase", name))])
    given_site.compute()
    page = visit(f"{given_site.page}#{given.HOSTILE}")
    opened(page, "secondary", "segments", "plan", "before", "users")
    titles = page.locator("h4").evaluate_all("all => all.map(one => one.firstChild.textContent)")
    assert sorted(titles) == sorted(names)
    assert page.locator("#segments td").first.evaluate("node => node.textContent") in names
    assert {f"Phase {name}" for name in names} == set(page.locator(".life li").evaluate_all(
        "all => all.map(one => one.textContent).filter(text => text.startsWith('Phase')).map(text => text.replace(/ (since|from) [^ ]+ [^ ]+ [^ ]+ [^ ]+ UTC$/, ''))"))
    assert json.loads(page.locator("#of_metric").evaluate("box => JSON.stringify([...box.options].map(option => option.value).sort())")) == sorted(names)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, svg:not(.interval), #main script, b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, "hostile-metrics")
