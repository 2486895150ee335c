#!/usr/bin/env python3
"""Writes the answers on file anew, as build/debezium-udf gives them now: read the difference, then commit."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import answers  # noqa: E402
import tables  # noqa: E402


def main():
    answers.FOLDER.mkdir(exist_ok=True)
    wanted = {case.file for case in answers.CASES}
    for old in set(answers.FOLDER.iterdir()) - wanted:
        old.unlink()
    for case in answers.CASES:
        case.file.write_text(case.ask(tables.BINARIES["simdjson"]), "utf-8")
    print(f"{len(wanted)} files written; now read: git diff {answers.FOLDER.relative_to(tables.ROOT)}")


if __name__ == "__main__":
    main()
