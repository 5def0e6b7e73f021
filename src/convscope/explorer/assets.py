"""Style sheets and scripts as they are sent: few files, without the comments that are a sixth of their bytes."""

import base64
import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"
# what is needed together, or by pages that are read one after another, is one request
TOGETHER = {
    "scope.css": ("scope.css", "find.css"),
    "scope.js": ("scope.js", "keys.js"),
    "panel.js": (
        "query.js", "panel.js", "compare.js", "grid.js", "find.js", "only.js", "kernels.js", "veil.js", "stack.js", "loupe.js",
        "tour.js",
    ),
    "learn.js": (
        "learn.js", "lab-planes.js", "lab-kernel.js", "lab-pooling.js", "lab-receptive-field.js",
        "lab-stride-and-padding.js",
    ),
}  # fmt: skip
# whole lines, what stands two spaces behind a statement, indentation, and empty lines
COMMENT = re.compile(rb"^\s*(?://.*|/\*\*.*\*/)?\n|(?<=[;{),])  // .*$|^ +", re.MULTILINE)


@cache
def assets() -> dict[str, bytes]:
    """Every file by the name under which it is sent."""
    files = {path.name: path for path in sorted(STATIC.iterdir()) if path.suffix in (".css", ".js")}
    parts = {name: TOGETHER.get(name, (name,)) for name in files}
    inside = {part for name, together in TOGETHER.items() for part in together if part != name}
    return {
        name: b"".join(_sent(files[part]) for part in together)
        for name, together in parts.items()
        if name not in inside
    }


@cache
def icon() -> str:
    """The picture of the browser's tab, as an address that needs no request.

    In points: one in outlines is a document of its own, and made anew whenever the page's address changes.
    """
    picture = base64.b64encode((STATIC / "icon.png").read_bytes()).decode()
    return f"data:image/png;base64,{picture}"


def _sent(path: Path) -> bytes:
    text = path.read_bytes()
    return COMMENT.sub(b"", text) if path.suffix == ".js" else text
