# The versions of ClickHouse: tests/versions/README.md.

.PHONY: test-versions
test-versions: all
	@tests/stack/prepare.sh build engine kafka all-versions
	@CLICKHOUSE_VERSIONS=all build/venv/bin/python -m pytest -q -s tests/versions
