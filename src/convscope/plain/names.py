"""Layer names as file and URL names: one reversible escape for both."""

import re

SAFE = re.compile(r"[A-Za-z0-9_.-]")


def escape(name: str) -> str:
    """A name that is safe as one folder and one URL path segment on every system.

    Letters, digits, ``_``, ``-`` and inner dots stay; every other byte becomes ``~`` and two hex digits.

    >>> escape("layer1.0.relu#2")
    'layer1.0.relu~232'
    """
    escaped = "".join(
        character if SAFE.fullmatch(character) else "".join(f"~{byte:02x}" for byte in character.encode())
        for character in name
    )
    # a leading or trailing dot is a hidden file on one system and dropped on another
    if escaped.startswith("."):
        escaped = "~2e" + escaped[1:]
    if escaped.endswith("."):
        escaped = escaped[:-1] + "~2e"
    return escaped or "~"


def unescape(escaped: str) -> str:
    """The name that ``escape`` was given.

    >>> unescape("layer1.0.relu~232")
    'layer1.0.relu#2'
    """
    if escaped == "~":
        return ""
    raw = re.sub(rb"~([0-9a-f]{2})", lambda found: bytes([int(found[1], 16)]), escaped.encode())
    return raw.decode()
