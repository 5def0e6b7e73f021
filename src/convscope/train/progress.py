"""A training run as seen in a terminal: one live line, or plain lines where nothing is live."""

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from convscope.train.events import Epoch, Event, Finished, Started, Step
from convscope.train.report import report_lines


class Terminal:
    """A listener for ``train(on_progress=...)``; plain lines where the console is no terminal.

    >>> Terminal(Console(quiet=True))(Epoch(1, 2, 0.7, 0.6, 0.8, 0.5, 0.001, 3.0, True))
    """

    def __init__(self, console: Console | None = None):
        self.console = console or Console()
        self.live: Progress | None = None
        self.task = TaskID(0)

    def __call__(self, event: Event) -> None:
        if isinstance(event, Started):
            self.start(event)
        elif isinstance(event, Step) and self.live is not None:
            self.live.update(self.task, completed=event.step, description=step_line(event))
        elif isinstance(event, Epoch):
            self.say(epoch_line(event))
        elif isinstance(event, Finished):
            self.close()
            self.say(finished_line(event))

    def start(self, event: Started) -> None:
        """Say what is trained; in a terminal, begin the live bar."""
        self.say(started_line(event))
        for note in event.notes:
            self.say(f"  note: {note}")
        if not self.console.is_terminal:
            return
        columns = (BarColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
        live = Progress(*columns, console=self.console, transient=True)
        self.task = live.add_task("starting", total=event.steps, completed=event.step)
        live.start()
        self.live = live

    def say(self, line: str) -> None:
        # class and folder names are text, never markup
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Give the terminal back; safe to call twice, and after an error."""
        if self.live is not None:
            self.live.stop()
            self.live = None


def started_line(event: Started) -> str:
    return (
        f"{event.folder}: {event.net} ({event.parameters:,} parameters), {event.classes} classes, "
        f"{event.train_images:,} training and {event.val_images:,} validation images, "
        f"{event.epochs} epoch{'s' * (event.epochs != 1)}"
    )


def step_line(event: Step) -> str:
    return (
        f"epoch {event.epoch}/{event.epochs}  loss {event.loss:.3f}  accuracy {event.accuracy:.1%}  "
        f"{clock(event.eta)} left"
    )


def epoch_line(event: Epoch) -> str:
    alone = "  the classifier alone" if event.epoch == 0 else ""
    kept = "  kept so far" if event.kept else ""
    return (
        f"epoch {event.epoch:>3}/{event.epochs}  loss {event.loss:.3f}  accuracy {event.accuracy:.1%}  "
        f"validation {event.val_accuracy:.1%}  {event.seconds:.1f} s{alone}{kept}"
    )


def finished_line(event: Finished) -> str:
    """How good the model is, where it is weak, and what to do next."""
    lines = report_lines(event.report)
    return "\n".join((*lines, f"Report: {event.folder}/report.html", f"Look inside: {event.report['next']}"))


def clock(seconds: float) -> str:
    """Minutes and seconds.

    >>> clock(75)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
