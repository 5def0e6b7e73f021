"""How the network came to be: curves of its run, and how channels grew from epoch to epoch."""

from markupsafe import Markup

from convscope.atlas.settling import settling
from convscope.explorer.curves import Curve, chart
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site
from convscope.explorer.training import Run, run_of


def _write(site: Site, asked: Asked) -> str:
    atlas, run = site.atlas, run_of(site.atlas)
    grown = {name: kept for name in atlas.layers if (kept := atlas.evolution(name)) is not None}
    epochs = next(iter(grown.values()))["epoch"].tolist() if grown else []
    last = max([*epochs, *(one.epoch for one in run.epochs)] if run else epochs, default=0)
    return site.render(
        "training.html", 1, run=run, same=run is not None and run.made(atlas),
        charts=_charts(run, last) if run else [], grown=grown, epochs=epochs, last=last,
        settled={name: found for name, kept in grown.items() if (found := settling(kept))},
    )  # fmt: skip


def _charts(run: Run, last: int) -> list[tuple[str, Markup]]:
    epochs, best = [one.epoch for one in run.epochs], run.best.epoch
    accuracy = [
        Curve("training", [one.accuracy for one in run.epochs]),
        Curve("validation", [one.val_accuracy for one in run.epochs]),
    ]
    loss = [
        Curve("training", [one.loss for one in run.epochs]),
        Curve("validation", [one.val_loss for one in run.epochs]),
    ]
    return [
        ("Accuracy", chart("Accuracy over the epochs", epochs, accuracy, best, last, percent=True)),
        ("Loss", chart("Loss over the epochs", epochs, loss, best, last, percent=False)),
    ]


PAGE = Page("/training/", _write, only("training/"))
