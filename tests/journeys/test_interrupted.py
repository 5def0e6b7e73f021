"""Ctrl-C, SIGTERM and the server: nothing is lost, and the next command is named."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import convscope as cs
from convscope.train.events import Epoch

from .conftest import QUICK, convscope

SOURCE = Path(cs.__file__).parent.parent
COMMAND = (sys.executable, "-c", "from convscope.cli import main; main()")


@contextmanager
def started(*words: object) -> Iterator[subprocess.Popen]:
    """The command line as a process of its own, which does not outlive the test."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([*COMMAND, *map(str, words)], env=environment, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("kind", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_training_is_continued_to_the_same_bytes(photos, tmp_path, kind, code):
    """Given a run that a signal stops after its first epoch, resuming ends in the weights of an undisturbed run."""
    assert convscope("train", photos, *QUICK, "--out", tmp_path / "whole").code == 0
    stopped = interrupt_after_one_epoch(photos, tmp_path / "stopped", kind)
    assert stopped.code == code
    line = stopped.err.splitlines()[-1]
    command = re.search(
        r"stopped in epoch \d of 2; nothing is lost. Continue with: convscope (train .* --resume)$", line
    )[1]
    answer = convscope(*shlex.split(command))
    assert answer.code == 0, answer.err
    weights = [tmp_path / name / "shapes/model/model.safetensors" for name in ("whole", "stopped")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def interrupt_after_one_epoch(photos, out, kind):
    """The signal comes from inside, so that it always comes at the same moment."""
    from convscope.train.progress import Terminal

    say = Terminal.__call__

    def say_and_signal(self, event):
        say(self, event)
        if isinstance(event, Epoch) and event.epoch == 1:
            os.kill(os.getpid(), kind)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Terminal, "__call__", say_and_signal)
        return convscope("train", photos, *QUICK, "--out", out)


def test_explore_serves_until_it_is_told_to_stop(run):
    with started("explore", run, "--port", "0", "--no-browser") as process:
        line = process.stdout.readline()
        address = re.fullmatch(r"convscope explorer: (http://127\.0\.0\.1:\d+/) \(Ctrl-C stops it\)\n", line)[
            1
        ]
        for page in ("", "layer/", "layer/relu1/", "about/"):
            with urllib.request.urlopen(address + page, timeout=10) as reply:
                assert reply.status == 200
                assert b"<!doctype html>" in reply.read(99).lower()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(address + "layer/relu9/", timeout=10)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (0, "")


def test_explore_surveys_first_where_there_is_no_atlas(own_run, monkeypatch):
    """Given a run without an atlas, the pages are served of one that was just made."""
    from convscope.explorer import serve as server

    shutil.rmtree(own_run / "atlas")
    served = []
    monkeypatch.setattr(server, "serve", lambda path, **_: served.append(cs.open_atlas(path).stage))
    answer = convscope("explore", own_run, "--no-browser")
    assert (answer.code, served) == (0, ["complete"])
    assert answer.err.startswith("counting: 9 images")  # the validation images


def test_a_closed_pipe_is_no_error(run):
    with started("summary", run) as process:
        process.stdout.close()
        errors = process.stderr.read()
        process.wait(timeout=20)
    assert (process.returncode, errors) == (0, "")
