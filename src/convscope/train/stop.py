"""Why a run ends before its last epoch, and how it ends without losing anything."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass
class Request:
    """The signal that asked the run to stop, 0 while none has."""

    signal: int = 0

    @property
    def exit_code(self) -> int:
        return 128 + self.signal


@contextmanager
def stop_requests() -> Iterator[Request]:
    """Inside, the first Ctrl-C or SIGTERM is only noted; the second leaves at once.

    Outside the main thread, where Python allows no signal handlers, nothing is caught.
    """
    request = Request()

    def note(number: int, frame: FrameType | None) -> None:
        if request.signal:
            raise SystemExit(128 + number)
        request.signal = number

    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
