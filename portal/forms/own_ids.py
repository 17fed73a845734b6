"""Forms that stand beside others of a page."""

from __future__ import annotations

from typing import Any

from django import forms


class OwnIdsForm(forms.Form):
    """Ids of its fields begin with the form's name: another form's field of the same name is not
    what a label leads to."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": f"{type(self).__name__.lower()}_%s", **kwargs})
