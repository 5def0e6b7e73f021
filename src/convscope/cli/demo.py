"""``convscope demo``."""

from pathlib import Path
from typing import Literal


def demo(
    *,
    data: Literal["emoji", "fashion"] = "emoji",
    out: str = "runs",
    port: int | None = None,
    browser: bool = True,
) -> None:
    """Train on bundled pictures, survey the network, open the explorer; finished work is used again.

    Parameters
    ----------
    data
        emoji: 9 kinds of emoji in colour; fashion: 10 kinds of clothes, 28 x 28 grey.
    out
        Folder in which runs are kept.
    port
        The port to listen on; the first free one from 8017 by default.
    browser
        Open a browser window.
    """
    from convscope.ask.demo import demo_run
    from convscope.ask.live import live
    from convscope.cli.show import survey_progress
    from convscope.explorer.explore import explore
    from convscope.train.progress import Terminal

    terminal = Terminal()
    try:
        with survey_progress() as report:
            folder = demo_run(data, Path(out), on_training=terminal, on_survey=report)
    finally:
        terminal.close()
    explore(folder, port=port, open_browser=browser, live=live(folder))
