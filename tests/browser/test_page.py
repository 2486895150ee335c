"""The page /experiments in headless Chromium: what it shows is what the SQL says, in every state. Screenshots: conftest.py."""
import base64
import hashlib
import json
import re
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tests.analytics.analytics import DATABASE, configure, event, users
from tests.analytics.story import EXPERIMENTS
from tests.stack.engine import ROOT, QueryError
from tests.support.waiting import wait_until

HOSTILE = ['<img src=x onerror="window.hacked=1">', '"><script>window.hacked=1</script>', "</script><svg onload=alert(1)>",
           "javascript:window.hacked=1", "${window.hacked=1}", "a\u202eb\u0000c", "'; DROP TABLE events_processed; --",
           "=cmd|' /C calc'!A0", "x" * 3000, "&lt;b&gt;", "{{7*7}}", "../../etc/passwd", "__proto__"]


def wait_for(page, expression: str, arg=None, seconds: float = 20) -> None:
    """Playwright's own way needs eval, which the page forbids; its events come only while it is asked."""
    def holds() -> bool:
        page.wait_for_timeout(50)
        return page.evaluate(expression, arg)

    wait_until(holds, seconds, expression, pause=0)


def step(server, table: str) -> None:
    """One refresh of one table, alone."""
    server.query(f"SYSTEM REFRESH VIEW {DATABASE}.{table}_mv")
    server.query(f"SYSTEM WAIT VIEW {DATABASE}.{table}_mv")


def cells(page, region: str) -> list:
    """The rows of the table whose caption is `region`, as dicts by column title."""
    return page.locator(f'[role=region][aria-label="{region}"] tbody tr').evaluate_all(
        "rows => rows.map(row => Object.fromEntries([...row.cells].map(cell => [cell.dataset.title, cell.innerText.trim()])))")


def opened(page, *places: str) -> None:
    """Opens the details that hold these, and waits until they were read."""
    for place in places:
        page.evaluate("place => document.getElementById(place).closest('details').open = true", place)
    wait_for(page, "places => places.every(place => shown[place] && !document.getElementById(place).innerText.includes('Reading…'))", list(places))


def fixed(number: float, digits: int) -> str:
    """As a page writes it: a number in the middle of two goes to the larger one, where Python takes the even one."""
    return str(Decimal(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def signed(text: str) -> str:
    return text.replace("-", "−") if text.startswith("-") else f"+{text}"


def whole(number: int) -> str:
    return f"{number:,}"


def test_the_page_shows_what_the_sql_says(story, visit, shoot):
    page = visit(f"{story.page}#101")
    assert page.locator("h2").inner_text() == "Checkout in one step"
    for metric in ("conversion", "click", "value"):
        shown = cells(page, metric)
        expected = story.results(101, metric)
        assert len(shown) == len(expected) == 2
        if metric != "conversion":
            opened(page, "secondary")
            shown = cells(page, metric)
        for row, variant in zip(shown, (0, 1)):
            want = expected[variant]
            assert row["Variant"].split("\n")[0] == want["variant_key"]
            assert row["Users"] == whole(want["users"])
            if metric == "value":
                assert float(row["Mean"]) == pytest.approx(want["rate"], rel=1e-3)
            else:
                assert row["Rate"] == f"{fixed(100 * want['rate'], 2)} %" and row["Converted"] == whole(want["users_converted"])
        treatment, want = shown[1], expected[1]
        assert treatment["Variant"].split("\n")[1] == want["verdict"]
        assert treatment["Lift"].split("\n")[0] == signed(fixed(100 * want["lift"], 1)) + " %"
        assert treatment["p, corrected"] == ("< 0.0001" if want["p_value_corrected"] < 0.0001 else fixed(want["p_value_corrected"], 4))
        numbers = [float(text.replace("−", "-")) for text in re.findall(r"[+−][\d.]+", treatment["Difference, 95 % interval"])]
        factor = 1 if metric == "value" else 100
        assert numbers == pytest.approx([factor * want[key] for key in ("difference", "ci_low", "ci_high")], abs=6e-3)
        drawn = page.locator(f'[aria-label="{metric}"] svg.interval').get_attribute("aria-label")
        assert "at every look" in drawn
    opened(page, "users")
    for row, want in zip(cells(page, "Users"), story.results(101, "conversion").values()):
        assert (row["Variant"], row["Assigned"], row["Exposed"]) == (
            want["variant_key"], whole(want["users_assigned"]), whole(want["users_exposed"]))
    of = story.value(f"SELECT any(computed_at) FROM {DATABASE}.experiment_results WHERE experiment_id = 101")
    assert f"figures of {of[11:]}, read at " in page.locator("#state").inner_text()
    shoot(page, "experiment")


def test_the_intervals_are_drawn_where_their_numbers_are(story, visit):
    page = visit(f"{story.page}#101")
    want = story.results(101, "conversion", 1)
    drawn = page.locator('[aria-label="conversion"] svg.interval').evaluate("""svg => ({
        zero: svg.querySelector('.zero').x1.baseVal.value,
        narrow: ['x1', 'x2'].map(end => svg.querySelector('.narrow')[end].baseVal.value),
        wide: ['x1', 'x2'].map(end => svg.querySelector('.wide')[end].baseVal.value),
        dot: svg.querySelector('circle').cx.baseVal.value})""")
    scale = (drawn["dot"] - drawn["zero"]) / want["difference"]
    for line, names in (("narrow", ("ci_low", "ci_high")), ("wide", ("sequential_low", "sequential_high"))):
        assert drawn[line] == pytest.approx([drawn["zero"] + scale * want[name] for name in names], abs=0.01)
        assert all(0 <= x <= 220 for x in drawn[line])


def test_list_names_users_and_verdicts(story, visit):
    page = visit(story.page)
    shown = page.locator("#list li").all_inner_texts()
    assert len(shown) == len(EXPERIMENTS)
    for experiment in EXPERIMENTS:
        (text,) = [text for text in shown if experiment.name in text]
        rows = story.results(experiment.id, "conversion")
        assert f"№ {experiment.id} · {whole(sum(row['users_exposed'] for row in rows.values()))} users" in text
        assert rows[1]["verdict"] in text


def test_conversion_over_time_is_drawn_from_the_days(story, visit):
    page = visit(f"{story.page}#101")
    opened(page, "days", "hours")
    page.locator("#days summary").click()
    shown = cells(page, "Conversion rate up to each day")
    exposed, converted = {0: 0, 1: 0}, {0: 0, 1: 0}
    names = {0: "control", 1: "one step"}
    expected = {}
    for row in story.rows(f"SELECT * FROM {DATABASE}.users_by_day WHERE experiment_id = 101 ORDER BY day, variant_id"):
        variant = row["variant_id"]
        exposed[variant] += row["users_exposed"]
        converted[variant] += row["users_converted"]
        # Up to the day: also of a variant that got no user on it.
        expected[row["day"]] = {names[seen]: f"{fixed(100 * (converted[seen] / exposed[seen]), 2)} % of {whole(exposed[seen])}"
                                for seen in exposed if exposed[seen]}
    assert {row.pop("Day (UTC)"): row for row in shown} == expected
    for chart in ("#days", "#hours"):
        canvas = page.locator(f"{chart} canvas")
        assert canvas.count() == 1 and canvas.bounding_box()["width"] > 300
        # Something is drawn: pixels that are not the ground's.
        assert canvas.evaluate("c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size") > 20
    assert page.locator("#days .u-legend").inner_text().replace("\n", "").find("one step") > 0


def test_segments_and_left_out(story, visit):
    page = visit(f"{story.page}#102")
    opened(page, "segments", "left_out")
    for kind in ("device", "browser", "page"):
        rows = story.rows(f"SELECT * FROM {DATABASE}.experiment_segment_results WHERE experiment_id = 102 AND segment_type = '{kind}' "
                          "AND metric = 'conversion' ORDER BY variant_id")
        control = {row["segment"]: row for row in rows if row["is_control"]}
        shown = {row[kind.capitalize()]: row for row in cells(page, f"By {kind}")}
        assert len(shown) == len(control) > 2
        for row in rows:
            if not row["is_control"]:
                there = shown[row["segment"]]
                assert there["Variant"] == f"green\n{row['finding']}" and there["Users"] == whole(row["users"])
                assert there["Figure"] == f"{fixed(100 * row['rate'], 2)} %"
                assert there["Control"] == f"{fixed(100 * control[row['segment']]['rate'], 2)} % of {whole(control[row['segment']]['users'])}"
                assert there["p, corrected"] == fixed(row["p_value_corrected"], 4)
    shown = {row["Reason"]: (row["Users"], row["Events"]) for row in cells(page, "Left out")}
    assert shown == {row["reason"]: (whole(row["users"]), whole(row["events"])) for row in
                     story.rows(f"SELECT * FROM {DATABASE}.experiment_left_out_users WHERE experiment_id = 102")}
    assert {"user seen in two variants", "event without assignment", "event with a clock ahead"} <= shown.keys()


def test_a_wrong_split_is_a_warning(story, visit, shoot):
    page = visit(f"{story.page}#103")
    assert page.locator("#head .notice").inner_text().startswith("No verdict: users are not split as expected")
    shoot(page, "sample-ratio-mismatch")


def test_on_a_phone(story, visit, shoot):
    page = visit(f"{story.page}#101", width=360, height=740, has_touch=True, is_mobile=True, device_scale_factor=2)
    opened(page, "secondary", "segments", "plan", "users", "left_out")
    for region in ("conversion", "value", "click", "By device", "How long", "Users", "Left out", "Pipeline"):
        box = page.locator(f'[role=region][aria-label="{region}"]')
        assert box.evaluate("box => box.scrollWidth <= box.clientWidth"), region
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for target in ("#list a >> nth=0", "#pause", "#filter", "#effect", "summary >> nth=0"):
        assert page.locator(target).bounding_box()["height"] >= 32
    page.locator("#list a", has_text="Green buy button").tap()
    wait_for(page, "document.querySelector('h2')?.innerText === 'Green buy button'")
    wait_for(page, "!document.body.innerText.includes('Reading…')")
    shoot(page, "phone")


def test_in_the_dark(story, visit, shoot):
    page = visit(f"{story.page}#101", color_scheme="dark")
    shoot(page, "dark")
    dark = contrast(page)
    page.emulate_media(color_scheme="light")
    light = contrast(page)
    assert dark["ground"] != light["ground"]
    for colours in (dark, light):
        assert min(value for key, value in colours.items() if key != "ground") >= 4.5, colours


def contrast(page) -> dict:
    """The WCAG contrast of each kind of text with the ground."""
    return page.evaluate("""() => {
        const rgb = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const light = colour => rgb(colour).map(x => x / 255).map(x => x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4)
            .reduce((sum, x, index) => sum + x * [0.2126, 0.7152, 0.0722][index], 0);
        const ground = getComputedStyle(document.body).backgroundColor;
        const found = {ground};
        for (const selector of ['h2', '.quiet', '.good', 'th', 'a[href="#pipeline"]'])
            found[selector] = (() => { const [low, high] = [light(getComputedStyle(document.querySelector(selector)).color), light(ground)]
                .sort((one, other) => one - other); return (high + 0.05) / (low + 0.05); })();
        return found;
    }""")


def test_by_keyboard_alone(story, visit, shoot):
    page = visit(story.page)
    # Which is the first depends on the hour at which the story ends.
    other = next(experiment for experiment in EXPERIMENTS if experiment.name != page.locator("h2").inner_text())

    def focused() -> str:
        return page.evaluate("document.activeElement.id || document.activeElement.innerText.split('\\n')[0]")

    page.keyboard.press("Tab")
    assert focused() == "To the results"
    page.keyboard.press("Enter")
    assert focused() == "main"
    page.evaluate("document.activeElement.blur()")
    page.locator(".skip").focus()
    seen = []
    while not seen or seen[-1] != "filter":
        page.keyboard.press("Tab")
        seen.append(focused())
        assert len(seen) < 10
    assert seen == ["Pipeline", "dashboard", "pause", "filter"]
    page.keyboard.type(other.name[:-2].lower())
    wait_for(page, "document.querySelectorAll('#list li').length === 1")
    page.keyboard.press("Tab")
    assert focused() == other.name
    assert page.locator("#list a").evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    shoot(page, "keyboard", whole=False)
    page.keyboard.press("Enter")
    wait_for(page, "name => document.querySelector('h2')?.innerText === name", other.name)
    assert focused() == other.name and page.url.endswith(f"#{other.id}")
    # Tables that scroll can be reached, and details opened.
    page.locator("summary", has_text="Conversion over time").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#days summary")
    page.locator("#days summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#days details").evaluate("details => details.open")
    # A control inside is the next stop after its title.
    page.locator("summary", has_text="How long").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    assert focused() == "effect"
    before = page.locator("#effect").input_value()
    page.keyboard.press("ArrowDown")
    assert page.locator("#effect").input_value() != before


def test_it_is_named_for_those_who_do_not_see_it(story, visit):
    page = visit(story.page)
    opened(page, "secondary", "segments", "plan", "days", "hours")
    assert page.locator("html").get_attribute("lang") == "en" and page.title() == "Experiments"
    assert page.locator("button, a, input").evaluate_all(
        "all => all.filter(one => !(one.innerText || one.ariaLabel || '').trim()).length") == 0
    assert page.locator("select").evaluate_all("all => all.every(one => one.labels.length === 1)")
    assert page.locator("svg.interval, .chart").evaluate_all("all => all.every(one => one.getAttribute('aria-label').length > 10)")
    assert page.locator("th:not([scope])").count() == page.locator(".u-legend th").count()


def test_it_refreshes_itself(story, visit):
    page = visit(f"{story.page}#102")
    page.evaluate("clearTimeout(timer)")
    before = story.results(102, "conversion", 1)["users"]
    opened(page, "days")
    page.locator("#days summary").click()
    page.locator("#list a", has_text="Green").focus()
    story.insert([event(102, 1, f"late {number}", "exposure", 60) for number in range(7)])
    story.refresh()
    page.evaluate("refresh()")
    wait_for(page, f"document.querySelector('[aria-label=conversion] tbody')?.innerText.includes('{whole(before + 7)}')")
    # Neither the focus nor what was opened is lost.
    assert page.evaluate("document.activeElement.dataset.key") == "102"
    assert page.locator("#days details").evaluate("details => details.open")


def test_it_asks_again_after_ten_seconds_until_it_is_paused(story, visit):
    page = visit(story.page, clock=True)

    def rounds_after(seconds: int) -> str:
        page.clock.run_for(seconds * 1000)
        page.wait_for_timeout(500)
        return page.evaluate("round")

    assert rounds_after(9) == 1
    page.clock.run_for(2000)
    page.wait_for_selector("html[data-round='2']")
    page.locator("#pause").click()
    assert page.locator("#state").inner_text() == "Paused"
    assert rounds_after(60) == 2
    page.locator("#pause").click()
    page.wait_for_selector("html[data-round='3']")
    assert page.locator("#state").inner_text().startswith("Live")


def test_an_empty_database(empty_site, visit, shoot):
    page = visit(empty_site.page)
    assert "No experiment has any events yet" in page.locator("#list").inner_text()
    assert page.locator(".failure").count() == 0 and page.locator("#state").inner_text().startswith("Live")
    assert "None: every message was decoded" in page.locator("#dead_letters").inner_text()
    shoot(page, "empty")


def test_an_experiment_that_is_not_there(story, visit):
    page = visit(f"{story.page}#4294967295")
    wait_for(page, "document.querySelector('h2')?.innerText === 'Experiment 4294967295'")
    assert page.locator(".failure").count() == 0


def test_hostile_names_stay_text(site, visit, shoot):
    for number, name in enumerate(HOSTILE):
        configure(site, 301 + number, name=name, control_variant_id=0)
        rows = users(301 + number, 0, 20, 5) + users(301 + number, 1, 20, 8)
        site.insert([row | {"variant_key": name, "event_type": row["event_type"], "device": name, "page": name, "browser": name,
                            "user_id": name + row["user_id"]} for row in rows]
                    + [event(301 + number, 1, name, name, 70)])
        site.insert([{"topic": name, "offset": number, "reason": f"after.payload: {name}", "message": name}], "dead_letters")
    site.refresh()
    page = visit(f"{site.page}#301")
    listed = page.locator("#list strong").evaluate_all("all => all.map(one => one.textContent)")
    assert set(HOSTILE) <= set(listed)
    for number, name in enumerate(HOSTILE[:3]):
        page.evaluate(f"location.hash = '#{301 + number}'")
        opened(page, "segments", "hours")
        wait_for(page, "name => document.querySelector('h2')?.textContent === name && !!document.querySelector('#segments table')",
                   name)
        assert page.locator("#goals strong").first.evaluate("node => node.textContent") == name
        assert page.locator("#segments td").first.evaluate("node => node.textContent") == name
        wait_for(page, "!!document.querySelector('#hours td')")
        assert name in page.locator("#hours td").evaluate_all("all => all.map(one => one.textContent)")
    shoot(page, "hostile-names")
    letters = page.locator("#dead_letters td:first-child").evaluate_all("all => all.map(one => one.textContent)")
    assert {f"after.payload: {name}" for name in HOSTILE} <= set(letters)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img, iframe, svg:not(.interval), #main script, b").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_only_the_scripts_of_the_page_may_run(story, visit):
    text = (ROOT / "sql" / "experiments" / "page" / "experiments.html").read_text()
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.S)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in text, f"the Content-Security-Policy must name 'sha256-{digest}'"
    page = visit(story.page)
    page.evaluate("""() => {
        const script = document.createElement('script');
        script.textContent = 'window.hacked = 1';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<b onclick="window.hacked = 1" id="handler">x</b>');
        document.querySelector('#handler').click();
    }""")
    assert page.evaluate("window.hacked") is None
    assert visit.problems and all("Content Security Policy" in problem for problem in visit.problems)
    visit.problems.clear()


def test_two_hundred_experiments(site, visit, shoot):
    site.insert([row for number in range(200) for variant in (0, 1)
                 for row in users(1000 + number, variant, 6, number % 6, first=100 * variant)])
    site.refresh()
    page = visit(site.page)
    known = site.value(f"SELECT count() FROM {DATABASE}.experiments")
    assert known >= 200 and page.locator("#list li").count() == known
    shoot(page, "two-hundred-experiments", whole=False)
    page.locator("#filter").fill("1137")
    assert page.locator("#list li").all_inner_texts()[0].startswith("Experiment 1137")
    assert page.locator("#list .quiet").first.inner_text() == f"1 of {known} experiments"


def test_a_failing_query_says_what_and_why_and_spoils_nothing_else(story, visit, shoot):
    page = visit(f"{story.page}#101")
    opened(page, "segments", "days")
    before = cells(page, "By device")
    story.query(f"RENAME TABLE {DATABASE}.users_by_day TO {DATABASE}.users_by_day_away")
    try:
        page.evaluate("refresh()")
        page.wait_for_selector("#days .failure")
        message = page.locator("#days .failure").inner_text()
        assert "The query “days” failed (HTTP 404)" in message and "users_by_day" in message and "UNKNOWN_TABLE" in message
        # What could be read before is still there, and all else is as it was.
        assert "Below is what could be read last" in message and page.locator("#days canvas").count() == 1
        assert cells(page, "By device") == before and page.locator(".failure").count() == 1
        wait_for(page, "document.querySelector('#state').innerText.startsWith('1 query failed · Live')")
        shoot(page, "failing-query")
        fresh = visit(f"{story.page}#101")
        assert fresh.locator(".failure").count() == 0
        opened(fresh, "days")
        assert fresh.locator("#days .failure").count() == 1 and fresh.locator("#days canvas").count() == 0
    finally:
        story.query(f"RENAME TABLE {DATABASE}.users_by_day_away TO {DATABASE}.users_by_day")
    page.evaluate("refresh()")
    wait_for(page, "!document.querySelector('.failure') && document.querySelector('#state').innerText.startsWith('Live')")


def test_figures_that_could_not_be_computed_anew_are_said_to_be_old(story, visit, shoot):
    story.query(f"RENAME TABLE {DATABASE}.variants_seen TO {DATABASE}.variants_seen_away")
    try:
        story.query(f"SYSTEM REFRESH VIEW {DATABASE}.experiment_results_mv")
        story.wait_for("SELECT count() FROM system.view_refreshes WHERE view = 'experiment_results_mv' AND exception != ''", 1)
        page = visit(f"{story.page}#101")
        notice = page.locator("#refreshes .notice").inner_text()
        last = story.value("SELECT last_success_time FROM system.view_refreshes WHERE view = 'experiment_results_mv'")
        assert notice.startswith(f"experiment_results was last computed at {last} UTC. After that: ") and "variants_seen" in notice
        assert notice.endswith("(UNKNOWN_TABLE)")
        assert len(cells(page, "conversion")) == 2
        shoot(page, "failing-refresh", whole=False)
    finally:
        story.query(f"RENAME TABLE {DATABASE}.variants_seen_away TO {DATABASE}.variants_seen")
        story.refresh()
    page.evaluate("refresh()")
    wait_for(page, "!document.querySelector('#refreshes .notice')")


def test_a_server_that_does_not_answer(story, visit):
    page = visit(f"{story.page}#101")
    page.context.set_offline(True)
    page.evaluate("refresh()")
    # list, results, settings, metrics, before, refreshes, pipeline, dead letters.
    wait_for(page, "document.querySelectorAll('.failure').length === 8")
    assert "was not answered" in page.locator("#list .failure").inner_text()
    page.context.set_offline(False)
    page.evaluate("refresh()")
    wait_for(page, "!document.querySelector('.failure')")


def test_the_pipeline_is_shown(story, visit):
    story.query(f"TRUNCATE TABLE {DATABASE}.dead_letters")
    story.insert([{"topic": "t", "offset": number, "reason": reason, "message": "m"} for number, reason in
                  enumerate(["not JSON: bad number at byte 1", "after: missing", "after: missing"])], "dead_letters")
    step(story, "page_pipeline_latest")
    page = visit(story.page)
    assert [(row["Reason"], row["Letters"]) for row in cells(page, "Dead letters by reason")] == [
        ("after: missing", "2"), ("not JSON: bad number at byte 1", "1")]
    shown = [row["State"] for row in cells(page, "Pipeline")]
    assert shown == [row["diagnosis"] for row in story.rows(f"SELECT diagnosis FROM {DATABASE}.pipeline_status")]


def test_the_reader_may_read_figures_and_nothing_else(story):
    def ask(sql: str) -> str:
        return story.query(sql, settings={"user": "experiments_page"})

    assert json.loads(ask(f"SELECT count() AS n FROM {DATABASE}.experiment_results FORMAT JSONEachRow"))["n"] > 0
    for sql in (f"SELECT * FROM {DATABASE}.events", f"SELECT user_id FROM {DATABASE}.experiment_users",
                f"SELECT message FROM {DATABASE}.dead_letters", f"INSERT INTO {DATABASE}.experiment_settings (experiment_id) VALUES (1)",
                f"TRUNCATE TABLE {DATABASE}.events_processed", f"SYSTEM REFRESH VIEW {DATABASE}.experiment_batches_mv",
                "SELECT * FROM file('/etc/passwd', 'LineAsString')", "SELECT * FROM url('http://127.0.0.1:1', 'LineAsString')",
                "SELECT * FROM system.named_collections"):
        with pytest.raises(QueryError, match="ACCESS_DENIED|READONLY"):
            ask(sql)
    with pytest.raises(QueryError, match="SETTING_CONSTRAINT_VIOLATION"):
        ask("SELECT 1 SETTINGS max_execution_time = 1000")
    with pytest.raises(QueryError, match="READONLY"):
        ask("SELECT 1 SETTINGS readonly = 0")


def test_a_metric_that_is_a_row_is_shown_for_old_events(story, visit, shoot):
    """The last one: it changes what the story's server computes."""
    of = {"experiment_ids": [102], "event_types": ["conversion"]}
    story.insert([{"metric": "score in a day", "kind": "mean", "number": "score", "role": "goal", "window_hours": 24, **of},
                  {"metric": "revenue", "kind": "sum", "number": "value", "role": "guardrail", "margin": 0.5, "cap": 40, **of}],
                 "experiment_metrics")
    story.refresh()
    page = visit(f"{story.page}#102")
    for metric, role in (("score in a day", "goals"), ("revenue", "guardrails")):
        want = story.results(102, metric, 1)
        row = cells(page, metric)[1]
        assert row["Variant"] == f"green\n{want['verdict']}" and float(row["Mean"]) > 0
        assert page.locator(f"#{role} h4", has_text=metric).count() == 1
    assert "in the first 24 hours" in page.locator("#goals h4", has_text="score in a day").inner_text()
    shoot(page, "row")
