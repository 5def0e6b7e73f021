"""What moves, enlargements and turns of some pictures did to the layers of an atlas, as one file beside its numbers."""

from pathlib import Path

from convscope.atlas import layout
from convscope.atlas.check import read_json, readable
from convscope.atlas.read import Atlas
from convscope.plain.files import write_json
from convscope.plain.moves import Moves, read_moves

REMEDY = "`convscope invariance RUN` makes it again"


def write_invariance(root: Path, moves: Moves) -> Path:
    """Keep what was measured in the atlas at ``root``."""
    path = root / layout.INVARIANCE
    write_json(path, {"schema": layout.SCHEMA, **moves.as_dict()})
    return path


def read_invariance(atlas: Atlas) -> Moves | None:
    """What ``convscope invariance`` measured, or None; raises BadAtlas where the file is damaged or of other layers."""
    path = atlas.path / layout.INVARIANCE
    if not path.exists():
        return None
    data = read_json(path, REMEDY)
    with readable(path, REMEDY):
        moves = read_moves(data)
        known = set(atlas.layers) | {atlas.manifest["model"]["output"]}
        if not set(moves.layers) <= known or not moves.layers:
            raise ValueError(f"layers {moves.layers[:3]}")
        if not (0 <= min(moves.rows) <= max(moves.rows) < len(atlas.images)):
            raise ValueError(f"rows {moves.rows}")
        if not (0 <= min(moves.classes) <= max(moves.classes) < len(atlas.classes)):
            raise ValueError(f"classes {moves.classes}")
        return moves
