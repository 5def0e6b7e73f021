"""``convscope evolve RUN``."""

from dataclasses import asdict

from convscope.cli.show import Count, print_json, survey_progress


def evolve(
    run: str,
    /,
    *,
    channels: str = "",
    each: Count = 6,
    images: Count = 256,
    data: str | None = None,
    json: bool = False,
) -> None:
    """How channels grew: their strongest patch, and its projection, at every epoch a run has kept; how soon layers settle.

    Parameters
    ----------
    run
        A run folder with an atlas: convscope survey RUN makes it.
    channels
        Which, for example conv1:0-7,conv2; otherwise some of every layer.
    each
        How many of every layer, where no channels are named.
    images
        Of how many images the strongest is sought.
    data
        The images, where they have moved.
    json
        Print what was made as JSON.
    """
    from convscope.ask.evolve import evolve as run_it
    from convscope.atlas.settling import settling

    with survey_progress() as report:
        atlas = run_it(run, channels=channels, each=each, images=images, data=data, on_progress=report)
    found = {name: kept for name in atlas.layers if (kept := atlas.evolution(name)) is not None}
    epochs = next(iter(found.values()))["epoch"].tolist()
    settled = {name: one for name, kept in found.items() if (one := settling(kept))}
    if json:
        made = {name: kept["channel"].tolist() for name, kept in found.items()}
        grown = {name: asdict(one) for name, one in settled.items()}
        print_json({"atlas": str(atlas.path), "epochs": epochs, "channels": made, "settling": grown})
        return
    print(f"{atlas.path}: {sum(len(kept['channel']) for kept in found.values())} channels at epochs "
          f"{', '.join(map(str, epochs))}")  # fmt: skip
    for name, one in settled.items():
        alike = " ".join(f"{value:.2f}" for value in one.alike)
        print(f"{name}: correlation with its end {alike}, above 0.9 from {one.starting}")
    print(f"See them: convscope explore {run}, page /training/")
