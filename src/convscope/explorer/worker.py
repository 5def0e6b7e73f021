"""One thread makes live answers, one after another: a short queue, the latest wish wins, any may be cancelled."""

import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from convscope.atlas.read import Atlas
from convscope.errors import ConvscopeError
from convscope.plain.wish import Answering, Cancelled, Wish

WAITING = 8  # wishes in the queue
KEPT = 64  # finished jobs that can still be asked about
log = logging.getLogger(__name__)


@dataclass(eq=False)
class Job:
    """A wish on its way: ``done`` of ``total`` parts (0 where that is not known), what is being done, and what came of it."""

    wish: Wish
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    state: Literal["waiting", "running", "done", "failed", "cancelled"] = "waiting"
    done: int = 0
    total: int = 0
    words: str = "waiting"
    answer: dict[str, Any] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def finished(self) -> bool:
        return self.state not in ("waiting", "running")

    def tell(self, done: int, total: int, words: str) -> None:
        """How far it has come; raises Cancelled where nobody waits any more."""
        if self.stop.is_set():
            raise Cancelled
        self.done, self.total, self.words = done, total, words

    def as_dict(self) -> dict[str, Any]:
        seconds = round(time.monotonic() - self.began, 1)
        state = {name: getattr(self, name) for name in ("id", "state", "done", "total", "words", "answer")}
        return state | {"seconds": seconds}


class Full(Exception):
    """So many wishes wait that no further one is taken."""


class Worker:
    """Answers wishes about ``atlas`` with the table ``kinds``; its thread starts with the first wish."""

    def __init__(self, atlas: Atlas, kinds: Mapping[str, Answering]):
        self.atlas = atlas
        self.kinds = kinds
        self.waiting: deque[Job] = deque()
        self.jobs: dict[str, Job] = {}
        self.running: Job | None = None
        self.changed = threading.Condition()
        self.thread: threading.Thread | None = None

    def ask(self, wish: Wish) -> Job:
        """Queue a wish in the place of an older one of its kind for the same picture; raises Full."""
        with self.changed:
            older = [
                job for job in self._alive() if (job.wish.kind, job.wish.image) == (wish.kind, wish.image)
            ]
            for job in older:
                if job.wish == wish and not job.stop.is_set():
                    return job
            if len(self.waiting) - sum(job in self.waiting for job in older) >= WAITING:
                raise Full
            for job in older:
                self._cancel(job)
            job = Job(wish)
            self.jobs[job.id] = job
            self.waiting.append(job)
            self._forget_old()
            if self.thread is None:
                self.thread = threading.Thread(target=self._work, name="convscope live", daemon=True)
                self.thread.start()
            self.changed.notify_all()
            return job

    def cancel(self, job: Job) -> None:
        """Take a wish back: at once while it waits, at the next operation while it runs."""
        with self.changed:
            self._cancel(job)

    def let_go(self, image: str) -> None:
        """Take back all that is wished of a picture, and wait until nothing works on it."""
        with self.changed:
            for job in self._alive():
                if job.wish.image == image:
                    self._cancel(job)
            self.changed.wait_for(lambda: self.running is None or self.running.wish.image != image)

    def _alive(self) -> list[Job]:
        return [*self.waiting, *([self.running] if self.running else [])]

    def _cancel(self, job: Job) -> None:
        job.stop.set()
        if job in self.waiting:
            self.waiting.remove(job)
            job.state = "cancelled"

    def _forget_old(self) -> None:
        finished = [key for key, job in self.jobs.items() if job.finished]
        for key in finished[: max(0, len(self.jobs) - KEPT)]:
            del self.jobs[key]

    def _work(self) -> None:
        while True:
            with self.changed:
                while not self.waiting:
                    self.changed.wait()
                job = self.running = self.waiting.popleft()
                job.state = "running"
            _make(self.kinds[job.wish.kind], self.atlas, job)
            with self.changed:
                self.running = None
                self.changed.notify_all()


def _make(answering: Answering, atlas: Atlas, job: Job) -> None:
    """One answer; whatever goes wrong ends this job and nothing else."""
    try:
        job.answer = answering(atlas, job.wish, job.tell, job.stop.is_set)
        job.state = "done"
    except Cancelled:
        job.state, job.words = "cancelled", "cancelled"
    except ConvscopeError as error:
        job.words, job.state = str(error), "failed"
    except BaseException as error:  # a dead thread would leave every later wish waiting for ever
        log.error("while answering %r", job.wish, exc_info=error)
        job.words, job.state = "Something broke: the terminal that runs convscope says more.", "failed"
