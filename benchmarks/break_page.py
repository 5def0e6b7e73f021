"""The break table as a page."""

from typing import Any

TOOLS = ("convscope", "Captum", "zennit", "grad-cam")
NOT_OFFERED = "not offered"
PARTS = {
    "rectifiers": "How the rectifier is written: the deconvnet and guided map of a class score",
    "windows": "How windows and padding are written: the maps of a hidden unit in the map's corner",
    "calls": "Calls, batches and values",
    "left behind": "What is left behind in the network handed over",
}


def page(about: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    lines = [
        "# The break table", "",
        "The same small network, written in other ways; who still draws the map whose name it gives? What is right",
        "comes from the same network with each rectifier replaced by the textbook's line, to 1e-5 of the largest value.",
        f"Made by `benchmarks/break_table.py` ({versions}).", "",
        "*Right*: equal to the textbook. *Labelled*: drawn, and the map itself says that the method was not fully",
        "applied (partial), or by a stated extension (extended). *Silently*: another picture under the method's name,",
        "without a word. *Not offered*: the tool has no such call.", "",
        *(f"- {tool}: {tally(rows, tool)}" for tool in TOOLS),
    ]  # fmt: skip
    for part, title in PARTS.items():
        lines += ["", f"## {title}", "", f"| | {' | '.join(TOOLS)} |", "|---" * (len(TOOLS) + 1) + "|"]
        lines += [
            f"| {row['row'].replace('|', '&#124;')} | {' | '.join(emphasised(row[tool]) for tool in TOOLS)} |"
            for row in rows if row["part"] == part
        ]  # fmt: skip
    return "\n".join([*lines, ""])


def wrong(word: str) -> bool:
    return "silently" in word or "differs:" in word


def emphasised(word: str) -> str:
    return f"**{word}**" if wrong(word) else word


def tally(rows: list[dict[str, Any]], tool: str) -> str:
    words = [row[tool] for row in rows if row[tool] != NOT_OFFERED]
    return f"{sum(wrong(word) for word in words)} of {len(words)} rows silently wrong or left changed"
