"""Waiting for a condition instead of sleeping: the one loop with a deadline that there is."""
import time
from collections.abc import Callable


def wait_until(condition: Callable, seconds: float, what: str | Callable, pause: float = 0.1, error: type = AssertionError):
    """Ask until `condition()` is true, and answer what it then answers. Where it is not within `seconds`, `error` says so and `what` was
    waited for: a text, or a function that makes one of what is there now. It is asked once more when the time is over."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise error(f"after {seconds:g} s not yet: {what() if callable(what) else what}")
        time.sleep(pause)
    return found
