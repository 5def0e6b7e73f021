"""What may be amiss with a network, read off its atlas: arrays that are stored, and no model."""

from collections.abc import Callable, Iterator
from pathlib import Path

from convscope.atlas import layout
from convscope.atlas.read import Atlas, open_atlas
from convscope.diagnosis.alike import FEWEST, duplicate, near_duplicate
from convscope.diagnosis.answering import always_on, dead, hidden_layers, undersampled
from convscope.diagnosis.first_layer import aliasing, first_layers, high_frequency
from convscope.diagnosis.one_sided import one_class, shortcut
from convscope.diagnosis.symptoms import KINDS, Diagnosis, Lack, Symptom, ranked
from convscope.errors import UnknownName

LOOKERS: dict[str, Callable[[Atlas], Iterator[Symptom]]] = {
    "shortcut": shortcut, "dead": dead, "aliasing": aliasing, "high-frequency": high_frequency, "duplicate": duplicate,
    "always-on": always_on, "one-class": one_class, "near-duplicate": near_duplicate, "undersampled": undersampled,
}  # fmt: skip


def diagnose(atlas: Atlas | str | Path, *, kind: str | None = None) -> Diagnosis:
    """Everything in an atlas that may be amiss, ranked, or one ``kind`` of it; evidence, never a reason.

    ``atlas`` is one, or its folder, or a run. Kinds: shortcut, dead, aliasing, high-frequency, duplicate, always-on,
    one-class, near-duplicate, undersampled. Raises BadAtlas, UnknownName.

    >>> cs.diagnose("runs/photos", kind="dead").symptoms[0].share  # doctest: +SKIP
    """
    if kind is not None and kind not in KINDS:
        raise UnknownName("kind of symptom", kind, KINDS)
    opened = atlas if isinstance(atlas, Atlas) else open_atlas(atlas)
    kinds = [kind] if kind else list(KINDS)
    found = [symptom for name in kinds for symptom in LOOKERS[name](opened)]
    return Diagnosis(ranked(found), tuple(lack for lack in _lacks(opened) if lack.kind in kinds))


def _lacks(atlas: Atlas) -> Iterator[Lack]:
    again = "convscope survey RUN"
    layers = list(hidden_layers(atlas))
    if not any(True for _ in first_layers(atlas)):
        words = "kernels of a layer that looks straight at pixels are not kept, so frequencies and aliasing are not known"
        yield Lack("high-frequency", words, again)
        yield Lack("aliasing", words, again)
    bare = [layer.name for layer in layers if not layout.peaks_file(atlas.path, layer.name).is_file()]
    if bare:
        yield Lack("duplicate", f"no sample of peaks is kept of {_some(bare)}", again)
    elif len(atlas.images) < FEWEST:
        yield Lack("duplicate", f"a correlation needs {FEWEST} images at least", f"{again} --split all")
    if not atlas.image_classes:
        words = "the images have no labels"
        yield from (
            Lack(kind, words, f"{again} --data FOLDER_OF_CLASS_FOLDERS") for kind in ("one-class", "shortcut")
        )
    if not atlas.whys():
        yield Lack(
            "shortcut",
            "nobody has asked why of any image, so no suspicion was put to the test",
            "convscope why RUN ROW",
        )
    unseen = [layer.name for layer in layers if not layer.pictures]
    if unseen:
        yield Lack(
            "near-duplicate", f"winners of {_some(unseen)} were not drawn, so they were not compared", again
        )


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more layers' if len(names) > 3 else ''}"
