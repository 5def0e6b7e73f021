"""``convscope publish ATLAS DIR``."""

from typing import Annotated

from cyclopts import Parameter

from convscope.cli.show import print_json
from convscope.explorer.excerpt import Excerpt


def publish(
    atlas: str,
    folder: str,
    /,
    *,
    settings: Annotated[Excerpt | None, Parameter(name="*")] = None,
    json: bool = False,
) -> None:
    """Write the same pages as files that open by double click.

    Parameters
    ----------
    atlas
        An atlas folder, or a run folder.
    folder
        Where the pages go; an empty or new folder.
    json
        Print what was written as JSON.
    """
    from convscope.atlas.read import open_atlas
    from convscope.explorer.publish import publish as write

    report = write(open_atlas(atlas), folder, settings=settings)
    if json:
        print_json(
            {
                "folder": folder,
                "files": report.files,
                "bytes": report.bytes,
                "warnings": list(report.warnings),
            }
        )
        return
    for warning in report.warnings:
        print(f"note: {warning}")
    print(f"{folder}: {report.files:,} files, {report.bytes / 1e6:.1f} MB; open {folder}/index.html")
