"""ClickHouse's own /dashboard, opened by the link that the bundle gives."""
from tests.analytics.analytics import DATABASE


def test_the_link_opens_the_saved_queries(story, visit, shoot):
    site = story
    site.insert([{"topic": "dashboard", "offset": 1, "reason": "after: missing", "message": "m"}], "dead_letters")
    titles = [row["title"].replace("{experiment}", "101") for row in
              site.rows(f"SELECT title FROM {DATABASE}.dashboard_queries FINAL ORDER BY position")]
    page = visit(f"{site.page}#101")
    link = page.locator("#dashboard").get_attribute("href")
    assert link == site.value(f"SELECT dashboard FROM {DATABASE}.experiment_list WHERE experiment_id = 101")

    page.goto(site.url.rstrip("/") + link)
    page.wait_for_function(f"document.querySelectorAll('#charts canvas').length === {len(titles)}")
    assert [text.split("\n")[0] for text in page.locator("#charts .title").all_inner_texts()] == titles
    assert [text for text in page.locator("#charts .query-error").all_inner_texts() if text.strip()] == []
    assert page.locator("#user").input_value() == "experiments_page"
    shoot(page, "dashboard", whole=False)


def test_every_saved_query_runs_as_the_reader_and_gives_times_and_figures(story):
    for row in story.rows(f"SELECT title, query FROM {DATABASE}.dashboard_queries FINAL"):
        text = story.query(row["query"], params={"experiment": 101, "rounding": 60, "seconds": 86400},
                          settings={"user": "experiments_page"}, format="TSVWithNamesAndTypes").splitlines()
        assert text[1].split("\t")[0] in ("Int64", "Float64", "Int32"), row["title"]
        assert len(text) > 2, row["title"]


def test_charts_of_ones_own_survive_an_update_of_the_bundle(site):
    site.query(f"INSERT INTO {DATABASE}.dashboard_queries VALUES (25, 'mine', 'SELECT 1, 2')")
    count = f"SELECT count() FROM {DATABASE}.dashboard_queries FINAL"
    before = site.value(count)
    site.make()
    assert site.value(count) == before
    site.query(f"DELETE FROM {DATABASE}.dashboard_queries WHERE position = 25")
