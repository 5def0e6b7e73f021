"""Data as a classic script: a page opened from a disk may not fetch, and text packs to a tenth."""

import base64
import gzip
import json
from typing import Any


def packed(address: str, data: Any, level: int = 5) -> str:
    """The script at ``address`` that hands ``data`` (JSON) to ``Scope.data(address)``; equal data, equal bytes.

    >>> packed("images/rows.js", [1, 2])[:38]
    'Scope.keep("images/rows.js", "H4sIAAAA'
    """
    return packed_text(address, as_json(data), level)


def packed_text(address: str, text: str, level: int) -> str:
    """The same of data that are JSON already. A higher gzip ``level``, to 9, pays for words, and hardly for numbers."""
    packet = base64.b64encode(gzip.compress(text.encode(), level, mtime=0)).decode()
    return f'Scope.keep({json.dumps(address)}, "{packet}");\n'


def as_json(data: Any) -> str:
    """JSON without a space too many; a number that is not finite is refused."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def unpacked(script: str) -> Any:
    """The data of such a script.

    >>> unpacked(packed("x.js", {"a": 1}))
    {'a': 1}
    """
    return json.loads(gzip.decompress(base64.b64decode(script.rsplit('"', 2)[1])))
