"""``convscope explore ATLAS|RUN``."""


def explore(atlas: str, /, *, port: int | None = None, browser: bool = True) -> None:
    """Open an atlas in the browser; surveys first where there is none yet.

    Parameters
    ----------
    atlas
        An atlas folder, or a run folder.
    port
        The port to listen on; the first free one from 8017 by default.
    browser
        Open a browser window.
    """
    from convscope.ask.run import has_atlas, is_run
    from convscope.explorer.explore import explore as serve

    if not has_atlas(atlas) and is_run(atlas):
        from convscope.cli.survey import survey_model
        from convscope.survey.settings import Survey

        survey_model(atlas, None, None, None, Survey())
    serve(atlas, port=port, open_browser=browser)
