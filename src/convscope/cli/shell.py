"""Messages are written for Python; on the command line its keywords are flags, ``--imgsz 64`` for ``input_size=64``."""

import re

FLAGS = {
    "input_size": "--imgsz",
    "mean": "--mean",
    "std": "--std",
    "classes": "--classes",
    "weights": "--weights",
    "output": "--output",
}
KEYWORD = re.compile(rf"(?<![\w'\"/.-])({'|'.join(FLAGS)})=(?P<value>[\w'\"])?")

RANGE = re.compile(r"^(\w+)=(\S+) is(?= out of range)")  # a setting of a verb, whose flag has its name


def in_shell(text: object) -> str:
    """A message with the flags of the command line in place of the keywords of ``open_model``.

    >>> in_shell("pass input_size=64, and mean= and std= as it was trained with")
    'pass --imgsz 64, and --mean and --std as it was trained with'
    """
    return KEYWORD.sub(_flag, RANGE.sub(r"--\1 \2 is", str(text)))


def _flag(found: re.Match[str]) -> str:
    flag, value = FLAGS[found[1]], found["value"]
    return f"{flag} {value}" if value else flag
