"""``convscope diagnose ATLAS``."""

from typing import TYPE_CHECKING

from convscope.cli.show import Count, print_json

if TYPE_CHECKING:
    from convscope.diagnosis.symptoms import Symptom


def diagnose(atlas: str, /, *, kind: str | None = None, top: Count = 3, json: bool = False) -> None:
    """What may be amiss in a network, read off its atlas: evidence, ranked, each with its check.

    Parameters
    ----------
    atlas
        An atlas, or a run that has one.
    kind
        One kind only: shortcut, dead, aliasing, high-frequency, duplicate, always-on, one-class, near-duplicate or
        undersampled.
    top
        How many channels to name for each.
    json
        Print everything as JSON.
    """
    from convscope.atlas.read import open_atlas
    from convscope.diagnosis.run import diagnose as run

    opened = open_atlas(atlas)
    found = run(opened, kind=kind)
    if json:
        print_json({"atlas": str(opened.path)} | found.as_dict())
        return
    print(f"{opened.path}: {len(found.symptoms)} signs in {len(opened.layers)} layers; evidence, not reasons")
    said: set[str] = set()
    for symptom in found.symptoms:
        _print(symptom, top, first=symptom.kind not in said)
        said.add(symptom.kind)
    for lack in found.lacks:
        print(f"\nnot known: {lack.words}: {lack.command}")
    print(f"\nSee them: convscope explore {atlas}, page /diagnose/")


def _print(symptom: "Symptom", top: int, *, first: bool) -> None:
    """A symptom; what is the same for all of its kind is said with the first."""
    print(
        f"\n{symptom.gravity}: {symptom.title.lower()}, {symptom.layer}: {symptom.share.count} of {symptom.share.total} channels"
    )
    for case in symptom.cases[:top]:
        pair = f"{case.channel} and {case.other}" if case.other is not None else str(case.channel)
        print(f"  {pair}: {case.words}")
    if len(symptom.cases) > top:
        print(f"  {top} shown of {len(symptom.cases)}")
    if first:
        print(f"  measured: {symptom.measured}\n  threshold: {symptom.threshold}\n  check: {symptom.check}")
