"""``convscope explore ATLAS|RUN``."""

from convscope.cli.network import UNTOLD, Network


def explore(
    atlas: str,
    /,
    *,
    port: int | None = None,
    browser: bool = True,
    live: bool = True,
    model: str | None = None,
    data: str | None = None,
    network: Network = UNTOLD,
) -> None:
    """Open an atlas in the browser; surveys first where there is none yet.

    Parameters
    ----------
    atlas
        An atlas folder, or a run folder.
    port
        The port to listen on; the first free one from 8017 by default.
    browser
        Open a browser window.
    live
        Attach the model: it answers what the atlas does not hold, and looks at pictures you drop in.
    model
        The model, where ATLAS lies in no run: the name or the run that it was made from.
    data
        The images the atlas was made from, where the run does not know them.
    """
    from convscope.ask.live import live as answers
    from convscope.ask.run import has_atlas, is_run, run_of
    from convscope.explorer.explore import explore as serve

    if not has_atlas(atlas) and is_run(atlas):
        from convscope.cli.survey import survey_model
        from convscope.survey.settings import Survey

        survey_model(atlas, None, None, UNTOLD, Survey())
    place = (model or run_of(atlas)) if live else None
    kinds = place and answers(place, data=data, open_with=lambda: network.open(place))
    serve(atlas, port=port, open_browser=browser, live=kinds or None)
