"""How long a page works, by the clock of its own main thread: other work on the machine does not count."""

from collections.abc import Callable


def main_thread(page) -> Callable[[], float]:
    """Asks for the milliseconds of CPU time that the main thread of the page has used so far."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def read() -> float:
        found = devtools.send("Performance.getMetrics")["metrics"]
        return 1000 * next(one["value"] for one in found if one["name"] == "TaskDuration")

    return read
