"""Django's admin without its log of changes: nothing is changed there, so it keeps no table."""

from django.contrib.admin.apps import SimpleAdminConfig


class AdminConfig(SimpleAdminConfig):
    """`LogEntry` stays unloaded: a person's removal would look for rows of a table that is not."""

    def import_models(self) -> None:
        """The app brings checks, templates and static files, and no model."""
        self.models = self.apps.all_models[self.label]
