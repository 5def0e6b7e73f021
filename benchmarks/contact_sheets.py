"""Contact sheets of whole networks, to be looked at: projections beside patches, one PNG a layer.

    python benchmarks/contact_sheets.py INTO ATLAS [ATLAS ...] [--channels 12]

What was seen on those of real networks is in docs/what-was-seen.md. The sheets show the photographs they were made of;
where those may not be passed on, neither may the sheets.
"""

import argparse
from pathlib import Path

from convscope.atlas.read import open_atlas
from convscope.atlas.sheet import draw_sheet
from convscope.plain.names import escape
from convscope.plain.render import save_png


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("into", type=Path)
    parser.add_argument("atlas", type=Path, nargs="+")
    parser.add_argument("--channels", type=int, default=12)
    asked = parser.parse_args()
    for path in asked.atlas:
        atlas = open_atlas(path)
        folder = asked.into / path.name
        folder.mkdir(parents=True, exist_ok=True)
        for layer in atlas.layers.values():
            if atlas.projected(layer.name).any():
                save_png(folder / f"{escape(layer.name)}.png", draw_sheet(atlas, layer.name, asked.channels))
                print(
                    f"{folder}/{escape(layer.name)}.png: {layer.lens}; {layer.validity.sentence}", flush=True
                )


if __name__ == "__main__":
    main()
