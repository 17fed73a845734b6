"""The site's icon in the brand's colour."""

from django.http import HttpRequest, HttpResponse

from tenants import queries
from tenants.rules import brandcss, palette


def icon(request: HttpRequest, css_hash: str) -> HttpResponse:
    """The product's initial on the brand's fill; the hash makes the address change with it."""
    owner = request.owner  # type: ignore[attr-defined]
    seed = None if owner.is_console else queries.brand_seed(owner.partner_id, css_hash)
    tokens = palette.tokens_for(seed or palette.AGENTCACHE_SEED)
    svg = brandcss.icon_svg(tokens, owner.brand.product_name)
    return HttpResponse(svg, content_type="image/svg+xml", headers={
        "Cache-Control": "public, max-age=86400",
    })  # fmt: skip
