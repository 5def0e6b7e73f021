"""Live answers: what is asked, how it fares, what is cancelled; the model is a stand-in that the test drives."""

import io
import json
import re
import threading
import time

import numpy as np
import pytest
from PIL import Image

from convscope.atlas.picture import forget_upload, keep_upload, uploads
from convscope.atlas.read import open_atlas
from convscope.errors import Unanswerable
from convscope.explorer import live
from convscope.explorer.app import create_app
from convscope.explorer.worker import WAITING, Full, Worker
from convscope.plain.wish import Wish

from .asking import ask


class Slow:
    """Answers when it is let go; remembers what it was asked."""

    def __init__(self):
        self.go, self.asked = threading.Event(), []

    def __call__(self, atlas, wish, tell, cancelled):
        self.asked.append(wish)
        tell(1, 3, "looking")
        while not self.go.wait(0.005):
            tell(1, 3, "looking")
        return {"page": f"image/{wish.image}/"}


def fails(atlas, wish, tell, cancelled):
    raise Unanswerable("this one has no answer")


def breaks(atlas, wish, tell, cancelled):
    raise ZeroDivisionError("secret")


def until(holds, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def slow():
    made = Slow()
    yield made
    made.go.set()


@pytest.fixture
def worker(atlas, slow):
    return Worker(atlas, {"slow": slow, "other": slow, "fails": fails, "breaks": breaks})


def test_wishes_are_answered_one_after_another(worker, slow):
    jobs = [worker.ask(Wish("slow", str(row))) for row in range(3)]
    until(lambda: jobs[0].state == "running")
    assert [job.state for job in jobs] == ["running", "waiting", "waiting"]
    slow.go.set()
    until(lambda: all(job.state == "done" for job in jobs))
    assert [wish.image for wish in slow.asked] == ["0", "1", "2"]
    assert jobs[2].answer == {"page": "image/2/"}


def test_the_latest_wish_takes_the_place_of_the_one_before(worker, slow):
    first = worker.ask(Wish("slow", "1", "relu1:3"))
    until(lambda: first.state == "running")
    second, third = (worker.ask(Wish("slow", "1", f"relu1:{channel}")) for channel in (4, 5))
    other = worker.ask(Wish("other", "1"))
    until(lambda: first.state == "cancelled")
    slow.go.set()
    until(lambda: third.state == "done" and other.state == "done")
    assert (first.state, second.state) == ("cancelled", "cancelled")
    assert [wish.unit for wish in slow.asked] == ["relu1:3", "relu1:5", ""]


def test_the_same_wish_twice_is_one_job(worker, slow):
    assert worker.ask(Wish("slow", "1")) is worker.ask(Wish("slow", "1"))


def test_the_queue_is_short(worker, slow):
    running = worker.ask(Wish("slow", "0"))
    until(lambda: running.state == "running")
    for row in range(1, WAITING + 1):
        worker.ask(Wish("slow", str(row)))
    with pytest.raises(Full):
        worker.ask(Wish("slow", "99"))


def test_cancel_reaches_what_runs_and_what_waits(worker, slow):
    running, waiting = worker.ask(Wish("slow", "0")), worker.ask(Wish("slow", "1"))
    until(lambda: running.state == "running")
    for job in (waiting, running):
        worker.cancel(job)
    until(lambda: running.state == waiting.state == "cancelled")
    assert len(slow.asked) == 1


def test_a_failure_ends_its_job_and_nothing_else(worker, slow, caplog):
    failed, broken = worker.ask(Wish("fails", "0")), worker.ask(Wish("breaks", "0"))
    slow.go.set()
    after = worker.ask(Wish("slow", "0"))
    until(lambda: after.state == "done")
    assert (failed.state, failed.words) == ("failed", "this one has no answer")
    assert broken.words == "Something broke: the terminal that runs convscope says more."
    assert "secret" in caplog.text


# over HTTP


@pytest.fixture
def app(own, slow):
    return create_app(own, live={"slow": slow, "fails": fails})


def token(app) -> bytes:
    return re.search(r'name="scope-token" content="([0-9a-f]{64})"', ask(app, "/about/").text)[1].encode()


def post(app, path: str, *parts: bytes | None, more=()):
    return ask(
        app, path, method="POST", headers=[(b"x-convscope-token", token(app)), *more], parts=parts or (b"",)
    )


def png(height: int, width: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.arange(height * width * 3, dtype=np.uint8).reshape(height, width, 3)).save(
        buffer, "PNG"
    )
    return buffer.getvalue()


def test_a_wish_becomes_a_job_that_can_be_followed_and_cancelled(app, slow):
    made = post(app, "/live/wish", b'{"kind": "slow", ', b'"image": "1", "unit": "relu1:2"}')
    assert made.status == 202
    job = f"/live/job/{json.loads(made.body)['id']}"
    headers = [(b"x-convscope-token", token(app))]
    until(lambda: json.loads(ask(app, job, headers=headers).body)["words"] == "looking")
    found = json.loads(ask(app, job, headers=headers).body)
    assert (found["state"], found["done"], found["total"]) == ("running", 1, 3)
    post(app, f"{job}/cancel")
    until(lambda: json.loads(ask(app, job, headers=headers).body)["state"] == "cancelled")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{}", b"null", b'{"kind": "slow"}', b'{"kind": "nothing", "image": "1"}', b'{"kind": 3, "image": "1"}',
        b'{"kind": "slow", "image": "1", "path": "/etc"}', b"\xff", b"[" * 4000, b'{"kind": "slow", "image": "' + b"1" * 600 + b'"}',
    ],
)  # fmt: skip
def test_a_wish_that_is_none_is_refused(app, slow, body):
    assert post(app, "/live/wish", body).status == 400
    assert slow.asked == []


def test_beyond_the_queue_the_answer_is_429(app, slow):
    wishes = [json.dumps({"kind": "slow", "image": str(row)}).encode() for row in range(WAITING + 3)]
    assert [post(app, "/live/wish", wish).status for wish in wishes][-1] == 429


def test_a_picture_of_ones_own_is_decoded_fitted_and_named_by_its_content(app, own):
    reply = post(app, "/live/picture", png(20, 30))
    assert reply.status == 201
    (kept,) = uploads(own)
    assert json.loads(reply.body) == {"image": kept.key, "page": f"image/{kept.key}/"}
    assert kept.pixels().shape == (32, 32, 3)
    assert sorted(path.name for path in kept.folder.iterdir()) == ["photo.png", "upload.json"]
    assert post(app, f"/live/picture/{kept.key}/forget").status == 200
    assert not list(uploads(own))


def test_what_is_no_picture_is_refused_with_its_reason(app, own):
    reply = post(app, "/live/picture", b"<svg onload=alert(1)>")
    assert (reply.status, json.loads(reply.body)["words"][:31]) == (415, "That picture cannot be used: no")
    assert not list(uploads(own))


def test_a_body_is_counted_while_it_arrives(app, monkeypatch):
    monkeypatch.setattr(live, "LARGEST_PICTURE", 1000)
    # its head says it is short
    reply = post(app, "/live/picture", *[b"x" * 100] * 11, more=[(b"content-length", b"10")])
    assert reply.status == 413


def test_a_slow_body_is_not_waited_for(own, slow, monkeypatch):
    monkeypatch.setattr(live.body, "__defaults__", (0.05,))
    app = create_app(own, live={"slow": slow})
    assert post(app, "/live/picture", b"x", None).status == 408  # the last part never comes


def test_a_picture_that_is_forgotten_while_it_is_worked_on_leaves_nothing(atlas, slow):
    worker = Worker(atlas, {"stack": slow})
    kept = keep_upload(atlas, np.zeros((8, 8, 3), np.uint8))
    job = worker.ask(Wish("stack", kept.key))
    until(lambda: job.state == "running")
    worker.let_go(kept.key)
    assert job.finished
    forget_upload(atlas, kept.key)
    assert not kept.folder.exists()


def test_a_wish_that_is_refused_takes_nothing_back(worker, slow):
    running = worker.ask(Wish("slow", "0", "a"))
    until(lambda: running.state == "running")
    waiting = [worker.ask(Wish("slow", str(row))) for row in range(1, WAITING + 1)]
    with pytest.raises(Full):
        worker.ask(Wish("slow", "0", "b"))
    assert not running.stop.is_set()
    assert {job.state for job in waiting} == {"waiting"}


def test_peaks_can_be_asked_for_by_many_threads_at_once(atlas):
    from concurrent.futures import ThreadPoolExecutor

    atlas = open_atlas(atlas.path)
    with ThreadPoolExecutor(6) as pool:
        for answer in pool.map(
            lambda place: atlas.neighbours(list(atlas.layers)[place % len(atlas.layers)], 0), range(90)
        ):
            assert len(answer["channel"])
