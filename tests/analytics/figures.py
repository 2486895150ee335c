"""What the tests compared and counted: shown at the end of the run."""
LINES: list = []


def note(line: str) -> None:
    LINES.append(line)
