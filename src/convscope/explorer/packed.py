"""Data as a classic script: a page opened from a disk may not fetch, and text packs to a tenth."""

import base64
import gzip
import json
from typing import Any


def packed(address: str, data: Any) -> str:
    """The script at ``address`` that hands ``data`` (JSON) to ``Scope.data(address)``; equal data, equal bytes.

    >>> packed("images/rows.js", [1, 2])[:38]
    'Scope.keep("images/rows.js", "H4sIAAAA'
    """
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text = base64.b64encode(gzip.compress(plain, compresslevel=5, mtime=0)).decode()
    return f'Scope.keep({json.dumps(address)}, "{text}");\n'


def unpacked(script: str) -> Any:
    """The data of such a script.

    >>> unpacked(packed("x.js", {"a": 1}))
    {'a': 1}
    """
    return json.loads(gzip.decompress(base64.b64decode(script.rsplit('"', 2)[1])))
