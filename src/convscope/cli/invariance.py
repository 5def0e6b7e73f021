"""``convscope invariance MODEL``."""

from convscope.cli.network import UNTOLD, Network
from convscope.cli.show import print_json


def invariance(
    model: str,
    /,
    *,
    data: str | None = None,
    into: str | None = None,
    network: Network = UNTOLD,
    json: bool = False,
) -> None:
    """How far features go when pictures are moved, enlarged and turned: figure 5 of Zeiler & Fergus, on your network.

    Parameters
    ----------
    model
        A surveyed run folder, or a network by name.
    data
        The images of the survey; a run remembers its own.
    into
        The atlas; RUN/atlas by default.
    json
        Print all distances and probabilities as JSON.
    """
    from convscope.ask.invariance import measure_invariance
    from convscope.ask.run import subject
    from convscope.plain.moves import KINDS

    about = subject(model, network.open(model), data, into, "all")
    found = measure_invariance(about.model, about.images, about.into)
    if json:
        print_json(found.as_dict())
        return
    print(
        f"{len(found.rows)} pictures, {len(found.layers)} layers; distance as a share of the layer’s own length"
        + ", p of the class" * (len(about.model.classes) > 1)
    )
    for kind, moved in found.moved.items():
        last = len(moved.steps) // 2 if kind == "rotation" else len(moved.steps) - 1
        shares = ", ".join(
            f"{name} {found.relative(kind, name, last):.2f}" for name in (found.layers[0], found.layers[-1])
        )
        before, after = (moved.probability[:, place].mean() for place in (moved.still, last))
        sure = f"; p {before:.2f} becomes {after:.2f}" if len(about.model.classes) > 1 else ""
        print(f"{kind}, {moved.steps[last]:g} {KINDS[kind][0]}: {shares}{sure}")
    print(f"See the curves: convscope explore {about.into}, page /invariance/")
