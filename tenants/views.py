"""Doors of the ground storey: a partner's stylesheet."""

from django.http import Http404, HttpRequest, HttpResponse

from tenants import queries
from tenants.rules import brandcss, palette

_FOREVER = "public, max-age=31536000, immutable"


def brand_css(request: HttpRequest, css_hash: str) -> HttpResponse:
    """The tokens of one revision; the hash is in the name, so it never changes."""
    owner = request.owner  # type: ignore[attr-defined]
    css = (
        brandcss.css_text(palette.default_tokens())
        if owner.is_console
        else queries.brand_css(owner.partner_id, css_hash)
    )
    if css is None:
        raise Http404
    return HttpResponse(css, content_type="text/css", headers={"Cache-Control": _FOREVER})
