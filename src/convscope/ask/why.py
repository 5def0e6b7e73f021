"""Why this and not that: one picture, what the network said of it, and whether it said so for a bad reason."""

from pathlib import Path
from typing import Any

import numpy as np

from convscope.ask.answer import check_model
from convscope.ask.boxed import boxed, known_boxes, mask_of
from convscope.ask.inquiry import Subject, investigate
from convscope.ask.look import read_image
from convscope.ask.run import is_run, run_images
from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.atlas.write import write_picture, write_why
from convscope.errors import BadAtlas, BadSpec, Unanswerable, UnknownName
from convscope.images import open_images
from convscope.images.source import Images
from convscope.model.model import Model
from convscope.plain.overrides import with_overrides
from convscope.plain.why import Inquiry, Why
from convscope.survey.pixels import Pixels
from convscope.survey.progress import Report


def why(
    model: Any,
    image: Any,
    *,
    against: str | None = None,
    atlas: Any = None,
    images: Any = None,
    boxes: Any = None,
    box: Any = None,
    settings: Inquiry | None = None,
    on_progress: Report | None = None,
    **overrides: Any,
) -> Why:
    """What made the network call ``image`` what it did, and not ``against``; remembered in the atlas.

    ``model`` is a run with an atlas; anything else that ``open_model`` opens needs ``atlas`` and ``images``, those
    it was surveyed on. ``image`` is a row or id of the atlas, a file or a uint8 array; what is not of the atlas is
    not remembered. ``boxes`` say where the things are in the images, in source pixels: a CSV (image, x0, y0, x1, y1),
    a mapping from ids to tuples of boxes, or boxes.csv beside the atlas; ``box`` is that of this picture. ``against``
    is the true class where the answer is wrong, else the runner-up. ``overrides`` are fields of ``Inquiry``. The
    model is not changed. Raises BadAtlas, BadImages, BadSpec, Unanswerable, UnknownName.

    >>> found = cs.why("runs/photos", 17, against="cat")  # doctest: +SKIP
    >>> found.verdict, found.suspect.channel, found.test("paste").numbers  # doctest: +SKIP
    """
    from convscope.nets.open import open_model

    wanted = with_overrides(settings or Inquiry(), overrides)
    opened = open_model(model)
    known = _atlas(model, atlas, opened)
    pixels = Pixels(opened, _images(model, images, known))
    subject = _subject(opened, known, pixels, image, against)
    tell = on_progress or (lambda progress: None)
    own = None if box is None else mask_of(opened.fit, box, *_size(known, image, subject.row))
    there = boxed(
        known, opened.fit, known_boxes(known, boxes), wanted,
        row=subject.row, predicted=subject.predicted, own=own,
    )  # fmt: skip
    found = investigate(opened, known, pixels, subject, there, wanted, tell)
    if subject.row is not None:
        _remember(known, found, pixels)
    return found


def _remember(atlas: Atlas, why: Why, pixels: Pixels) -> None:
    """Keep an answer in its atlas, and beside it the image and the one that the patch is cut from."""
    assert why.row is not None
    for row in (why.row, *(why.patch or ())[:1]):
        photo = layout.photo_file(atlas.path, row)
        if not photo.is_file():
            write_picture(photo, pixels.shown(row))
    write_why(atlas.path, why)


def _atlas(model: Any, atlas: Any, opened: Model) -> Atlas:
    if atlas is None and not (isinstance(model, str | Path) and is_run(model)):
        raise BadAtlas(
            f"{opened.name} is no run folder, so its atlas is not known: give it with --atlas FOLDER"
        )
    known = atlas if isinstance(atlas, Atlas) else open_atlas(model if atlas is None else atlas)
    check_model(known, opened)
    return known


def _images(model: Any, images: Any, atlas: Atlas) -> Images:
    """The images of the atlas by row; raises BadAtlas naming one that is not there."""
    if images is None and not (isinstance(model, str | Path) and is_run(model)):
        raise BadAtlas(f"where the images of {atlas.path} lie is not known: give them with --data FOLDER")
    found = run_images(Path(model)) if images is None else open_images(images)
    places = {name: place for place, name in enumerate(found.ids)}
    lacking = [name for name in atlas.images.ids if name not in places]
    if lacking:
        raise BadAtlas(
            f"{found.name} lacks {lacking[0]!r} and {len(lacking) - 1} more images of {atlas.path}: "
            "give those that were surveyed with --data FOLDER"
        )
    return found.subset([places[name] for name in atlas.images.ids])


def _subject(model: Model, atlas: Atlas, pixels: Pixels, image: Any, against: str | None) -> Subject:
    row = _row(atlas, image)
    shown = model.preprocess(read_image(image)) if row is None else pixels.batch([row])[0]
    scores = model.scores(shown[None])[0]
    if len(scores) < 2:
        raise Unanswerable(f"{model.name} has one class: there is no other to ask against")
    predicted, runner_up = scores.sort(descending=True, stable=True).indices[:2].tolist()
    truth = int(atlas.truth[row]) if row is not None else -1
    other = truth if truth >= 0 and truth != predicted else runner_up
    if against is not None:
        other = model.unit_of_class(against).channel
        if other == predicted:
            raise BadSpec(
                f"against {against!r}: that is what it was called; choose another class to ask against"
            )
    name = str(image) if isinstance(image, str | Path) else "the picture given"
    label = int(atlas.images.labels[row]) if row is not None else -1
    known = model.classes[truth] if truth >= 0 else (atlas.image_classes[label] if label >= 0 else None)
    return Subject(
        row,
        name if row is None else atlas.images.ids[row],
        shown,
        model.probabilities(shown[None])[0],
        known,
        predicted,
        other,
    )


def _size(atlas: Atlas, image: Any, row: int | None) -> tuple[int, int]:
    """(height, width) of the picture in source pixels."""
    if row is not None:
        return int(atlas.images.heights[row]), int(atlas.images.widths[row])
    height, width = read_image(image).shape[:2]
    return height, width


def _row(atlas: Atlas, image: Any) -> int | None:
    """The row of an image of the atlas; None for a picture of its own."""
    if isinstance(image, str) and image in atlas.images.ids:
        return atlas.images.row(image)
    if isinstance(image, str) and image.isdecimal() and not Path(image).exists():
        image = int(image)
    if isinstance(image, int | np.integer):
        if not 0 <= image < len(atlas.images):
            raise UnknownName("row", image, (), f"{atlas.path} has rows 0 to {len(atlas.images) - 1}.")
        return int(image)
    if isinstance(image, str) and not Path(image).exists():
        raise UnknownName("image", image, atlas.images.ids, "Give a row or id of the atlas, or a file.")
    return None
