"""What a form was opened on is no longer so."""


class ChangedMeanwhile(RuntimeError):
    """Somebody else saved since the form was opened; nothing was overwritten."""
