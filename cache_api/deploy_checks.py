"""What `manage.py check --deploy --database default` refuses of the doors and of other regions."""

from typing import Any

from django.core.checks import Error, Tags, register

from cache_api.gateways.config import load
from tenants.deploy_servers import of_region


@register(Tags.caches, deploy=True)
def doors_find_their_surroundings(app_configs: Any, **kwargs: Any) -> list[Error]:
    """An edge can read what it starts with; other regions' Valkeys are as the home's."""
    try:
        known = load()
    except ValueError as error:  # BadConfig and BadKek among them
        hint = "See docs/operating.md, Environment."
        return [Error(f"No edge can start: {error}", hint=hint, id="cache_api.D040")]
    return [
        one for region in known.others
        for one in of_region(region.name, region.cache_url, region.events_url)
    ]  # fmt: skip
