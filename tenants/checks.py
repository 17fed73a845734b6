"""System checks that keep the walls where the design puts them."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, Tags, register


@register(Tags.security)
def plain_cookies_only_on_loopback(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Cookies without `__Host-` are for the loopback demo; a real install must use https."""
    if settings.SESSION_COOKIE_NAME.startswith("__Host-") or settings.DEMO:
        return []
    return [Error("Sessions over plain http outside the demo: set HTTPS=1.", id="tenants.E001")]


@register(Tags.models)
def tables_in_one_place(app_configs: Any, **kwargs: Any) -> list[Error]:
    """An app is wholly public or wholly per partner, but for the list of both."""
    both = set(settings.SHARED_APPS) & set(settings.TENANT_APPS) - set(settings.BOTH_APPS)
    return [Error(f"{app} is in both app lists.", id="tenants.E002") for app in sorted(both)]


@register(Tags.models)
def no_foreign_key_across_schemas(app_configs: Any, **kwargs: Any) -> list[Error]:
    """A partner's table may not point at a public one, nor the other way round."""
    found = []
    for model in apps.get_models():
        mine = _place(model)
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None)
            if not field.concrete or target is None or isinstance(target, str):
                continue
            if "both" not in (mine, _place(target)) and mine != _place(target):
                found.append(Error(f"{model.__name__}.{field.name} leaves its schema.",
                                   id="tenants.E003"))  # fmt: skip
    return found


@register(Tags.security)
def engine_and_limit(app_configs: Any, **kwargs: Any) -> list[Error]:
    """The checked engine must be in use, and only with it may set calls be limited."""
    if settings.DATABASES["default"]["ENGINE"] == "tenants.db":
        return []
    return [Error("DATABASES must use the tenants.db engine.", id="tenants.E004")]


def _place(model: Any) -> str:
    name = model._meta.app_config.name
    if name in settings.BOTH_APPS:
        return "both"
    return "public" if name in settings.SHARED_APPS else "partner"
