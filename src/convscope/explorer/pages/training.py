"""How the network came to be: curves of its run, and how channels grew from epoch to epoch."""

from convscope.explorer.curves import Curve, chart
from convscope.explorer.page import Page, only
from convscope.explorer.site import Asked, Site
from convscope.explorer.training import Run, run_of


def _write(site: Site, asked: Asked) -> str:
    atlas, run = site.atlas, run_of(site.atlas)
    grown = {name: kept for name in atlas.layers if (kept := atlas.evolution(name)) is not None}
    epochs = next(iter(grown.values()))["epoch"].tolist() if grown else []
    return site.render(
        "training.html", 1, run=run, same=run is not None and run.made(atlas), charts=_charts(run) if run else [],
        grown=grown, epochs=epochs, last=run.epochs[-1].epoch if run else max(epochs, default=0),
    )  # fmt: skip


def _charts(run: Run) -> list:
    epochs, best = [one.epoch for one in run.epochs], run.best.epoch
    accuracy = [Curve("training", [e.accuracy for e in run.epochs]), Curve("validation", [e.val_accuracy for e in run.epochs])]
    loss = [Curve("training", [e.loss for e in run.epochs]), Curve("validation", [e.val_loss for e in run.epochs])]
    return [
        ("Accuracy", chart("Accuracy over the epochs", epochs, accuracy, best, percent=True)),
        ("Loss", chart("Loss over the epochs", epochs, loss, best, percent=False)),
    ]


PAGE = Page("/training/", _write, only("training/"))
