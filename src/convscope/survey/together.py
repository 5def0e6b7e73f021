"""A survey by all processes that torchrun started, on one machine or many that share a folder."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch.distributed as distributed

from convscope.atlas.read import Atlas
from convscope.model.model import Model
from convscope.survey.progress import Report
from convscope.survey.run import survey, survey_shard
from convscope.survey.settings import Shard, Survey

PATIENCE = timedelta(days=7)  # shares may differ widely in how long they take


def is_together() -> bool:
    """Whether this process is one of several that torchrun started."""
    return "TORCHELASTIC_RUN_ID" in os.environ and int(os.environ.get("WORLD_SIZE", "1")) > 1


def survey_together(
    model: Model,
    images: Any,
    *,
    into: str | Path,
    settings: Survey | None = None,
    on_progress: Report | None = None,
) -> Atlas | None:
    """Count a share, draw a share, and finish the atlas in the first process; None in all others.

    Nothing but files is exchanged: a share that was lost with its process is made up for.
    """
    shard = Shard(int(os.environ["RANK"]) + 1, int(os.environ["WORLD_SIZE"]))
    report = on_progress if shard.number == 1 else None
    distributed.init_process_group("gloo", timeout=PATIENCE)
    try:
        for _ in ("count", "draw"):
            survey_shard(model, images, into=into, shard=shard, settings=settings, on_progress=report)
            distributed.barrier()
        finished = (
            survey(model, images, into=into, settings=settings, on_progress=report)
            if shard.number == 1
            else None
        )
        distributed.barrier()
        return finished
    finally:
        distributed.destroy_process_group()
