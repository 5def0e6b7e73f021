"""``convscope check DATA``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from convscope.cli.place import keep
from convscope.cli.show import Count, print_json

if TYPE_CHECKING:
    from convscope.check.findings import Finding, Findings

COLOURS = {"grave": "bold red", "warning": "yellow", "note": "dim"}
WIDEST = 100  # characters of a line that names images


def check(
    data: str,
    /,
    *,
    html: Path | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    top: Count = 3,
    json: bool = False,
    strict: bool = False,
) -> None:
    """Find damaged files, copies, wrong labels and leaks between splits, before you train.

    Nothing of yours is changed. The exit code is 0 when the check ran, whatever it found; see --strict.

    Parameters
    ----------
    data
        A folder, a zip, a table of paths, arrays in a file, or the name of a bundled set.
    html
        Write a page with the pictures to this file.
    out
        Write findings.json and findings.html to this folder.
    top
        How many groups of images to name for each finding.
    json
        Print everything as JSON.
    strict
        Exit with 1 where something grave was found.
    """
    from convscope.check.page import write_page
    from convscope.check.run import check as run
    from convscope.images import open_images
    from convscope.plain.files import write_json

    if html:
        keep(html, [data], "--html")
    images = open_images(data)
    findings = run(images)
    if out:
        write_json(out / "findings.json", findings.as_dict())
    for place in (html, out and out / "findings.html"):
        if place:
            write_page(images, findings, place)
    if json:
        print_json(findings.as_dict())
    else:
        _print(findings, top)
        for place in (html, out):
            if place:
                print(f"\nWritten: {place}")
    sys.exit(1 if strict and findings.grave else 0)


def _print(findings: "Findings", top: int) -> None:
    from rich.console import Console

    console = Console(highlight=False, soft_wrap=True, markup=False)
    console.print(
        f"{findings.name}: {findings.images:,} images, {len(findings.classes)} classes, {findings.seconds:.1f} s"
    )
    for one in findings:
        if one.gravity == "note":
            continue
        console.print()
        console.print(f"{one.gravity:9}", style=COLOURS[one.gravity], end="")
        console.print(one.sentence)
        for line in _named(one, top):
            console.print(f"         {line}", style="dim")
        console.print(f"         → {one.next_step}")
    console.print()
    for one in findings:
        if one.gravity == "note":
            names = ", ".join(map(_printable, one.images[:top])) + (", …" if len(one.images) > top else "")
            console.print(f"note     {one.sentence}" + (f" {names}" if names else ""), style=COLOURS["note"])
    console.print(_verdict(findings))


def _named(finding: "Finding", top: int) -> list[str]:
    """The first groups of a finding, and how many there are."""
    details = finding.details or ("",) * len(finding.groups)
    lines = []
    for group, detail in list(zip(finding.groups, details, strict=True))[:top]:
        names = " = ".join(_printable(name) for name in group)
        names = names if len(names) <= WIDEST else f"{names[:WIDEST]}… ({len(group)} images)"
        lines.append(names + (f"  ({_printable(detail)})" if detail else ""))
    if len(finding.groups) > top:
        lines.append(f"{top} shown of {len(finding.groups):,}")
    return lines


def _printable(name: str) -> str:
    """A file's name without what would move the cursor."""
    return "".join(letter if letter.isprintable() else "�" for letter in name)


def _verdict(findings: "Findings") -> str:
    counts = {gravity: sum(one.gravity == gravity for one in findings) for gravity in COLOURS}
    if not counts["grave"] and not counts["warning"]:
        return "Nothing to worry about."
    plural = {name: "s" if count != 1 else "" for name, count in counts.items()}
    return f"{counts['grave']} grave, {counts['warning']} warning{plural['warning']}, {counts['note']} note{plural['note']}."
