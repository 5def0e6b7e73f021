"""How far every layer goes when pictures are moved, enlarged and turned: measured once, kept in the atlas."""

from pathlib import Path

from convscope.ask.answer import check_model
from convscope.ask.lessons import chosen_pictures
from convscope.atlas.moves import write_invariance
from convscope.atlas.read import Atlas, open_atlas
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.plain.moves import Moves

PICTURES = 5  # as in the paper's figure


def measure_invariance(model: Model, images: Images, into: str | Path) -> Moves:
    """Measure for the atlas at ``into`` what docs/atlas-format.md calls ``invariance.json``, and write it there.

    Of five of its chosen pictures: rightly named ones first, each of another class while there are any. Raises
    BadAtlas where the atlas is of another network, or ``images`` lack its chosen pictures.
    """
    from convscope.studies.invariance import invariance

    atlas = open_atlas(into)
    check_model(atlas, model)
    pictures = chosen_pictures(atlas, images)
    rows = five(atlas)
    shown, classes = [pictures[row] for row in rows], [watched(atlas, row) for row in rows]
    found = invariance(model, shown, classes, rows, list(atlas.layers))
    write_invariance(atlas.path, found)
    return found


def watched(atlas: Atlas, row: int) -> int:
    """The class of an image: the true one, or the one it was called where that is not known."""
    truth = int(atlas.truth[row])
    return truth if truth >= 0 else int(atlas.images.predicted[row])


def five(atlas: Atlas) -> list[int]:
    """The rows to move: rightly named ones first, each class once before any comes again, then as they were chosen."""
    right = [row for row in atlas.chosen if watched(atlas, row) == atlas.images.predicted[row]]
    wrong = [row for row in atlas.chosen if row not in right]
    return sorted((_each_class_once(atlas, right) + _each_class_once(atlas, wrong))[:PICTURES])


def _each_class_once(atlas: Atlas, rows: list[int]) -> list[int]:
    """The same rows, every class's first before any class's second."""
    classes = [watched(atlas, row) for row in rows]
    before = [classes[:place].count(one) for place, one in enumerate(classes)]
    return [rows[place] for place in sorted(range(len(rows)), key=before.__getitem__)]
