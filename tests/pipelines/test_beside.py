"""Pipelines beside each other in one database: one is broken, and the others are unharmed."""
from .messages import change, layout

COLUMNS = {"id": "Int64", "name": "Nullable(String)"}


def send(site, names: list, first: int, count: int) -> None:
    for name in names:
        site.send(name, [change("c", 1 + number, id=number, name=f"{name} {number}") for number in range(first, first + count)])


def test_one_is_broken_and_the_others_are_unharmed(site):
    kinds = {"beside_a": "rows", "beside_b": "rows", "beside_c": "events"}
    paths = {name: site.make(name, layout(f"{name}Row", COLUMNS), "--kind", kind) for name, kind in kinds.items()}
    send(site, [*kinds], 0, 50)
    for name in kinds:
        site.engine.wait_for(f"SELECT count() FROM {name}", 50)
    # What the view of one writes to is gone.
    site.engine.query("RENAME TABLE beside_b_rows TO beside_b_elsewhere")
    send(site, [*kinds], 50, 50)
    for name in ("beside_a", "beside_c"):
        site.engine.wait_for(f"SELECT count() FROM {name}", 100)
    # The status says so of that one alone.
    site.engine.wait_for("SELECT max(code = 'table_missing') FROM pipeline_status WHERE pipeline = 'beside_b'", 1, 40)
    assert site.engine.value("SELECT max(code = 'table_missing') FROM pipeline_status WHERE pipeline IN ('beside_a', 'beside_c')") == 0
    site.engine.query("RENAME TABLE beside_b_elsewhere TO beside_b_rows")
    site.engine.wait_for("SELECT count() FROM beside_b", 100, 60)
    assert site.engine.rows("SELECT pipeline, count() AS n FROM dead_letters WHERE pipeline LIKE 'beside%' GROUP BY pipeline") == []
    # One is taken away, and what the others have in the shared tables stays.
    site.run(site.sql(paths["beside_c"], "--topic", "beside_c", "--kind", "events", "--remove"))
    assert site.engine.rows("SELECT pipeline, sum(rows) AS n FROM pipeline_minutes WHERE pipeline LIKE 'beside%' GROUP BY pipeline ORDER BY pipeline")[0] == {
        "pipeline": "beside_a", "n": 100}
    send(site, ["beside_a"], 100, 10)
    site.engine.wait_for("SELECT count() FROM beside_a", 110)
