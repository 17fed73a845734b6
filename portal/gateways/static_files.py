"""Where static files are found: by names that change with what is in them."""

from functools import cache
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):
    """A page names thirty of them: each address is worked out once in a process."""

    @cache  # noqa: B019 - there is one of us in a process
    def url(self, name: str, force: bool = False) -> Any:
        """The address of a file. Raises ValueError for one that is not there."""
        return super().url(name, force)
