"""Doors of the ground storey: a host's stylesheet, pictures, icons and manifest.

None of them asks who looks: a sign-in page wears the brand too. Addresses name what they hold, so
that browsers may keep it for ever; what has changed since is told not to be kept.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_POST, require_safe

from tenants import preview, queries, resolve
from tenants.gateways import pictures
from tenants.resolve import Resolved
from tenants.rules import brandcss
from tenants.rules.brand import FILE, Brand

FOREVER = "public, max-age=31536000, immutable"
SIDES = (32, 180, 192, 512)
# Home screens cut their own shape out of these: no free corners.
_FILLED = (180, 192, 512)
# A picture of a partner may draw, nothing else, even where somebody opens it as a page.
_PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def brand_css(request: HttpRequest, css_hash: str) -> HttpResponseBase:
    """The tokens of one revision; a draft's are shown to the bearer of its preview alone."""
    owner = _owner(request)
    if css_hash == resolve.DEFAULT_CSS_HASH:
        css: str | None = resolve.DEFAULT_CSS
    elif owner.partner_id is None:
        css = None
    else:
        draft = css_hash == owner.brand.css_hash or _edits(request)
        css = queries.brand_css(owner.partner_id, css_hash, draft=draft)
    if css is None:
        raise Http404
    return _kept(request, css.encode(), "text/css; charset=utf-8", css_hash)


@require_safe
def brand_file(request: HttpRequest, name: str, as_png: bool = False) -> HttpResponseBase:
    """A logo as it was kept, or as PNG for what cannot show a drawing (mail)."""
    owner = _owner(request)
    if owner.partner_id is None or not FILE.fullmatch(name):
        raise Http404
    found = queries.brand_file(owner.partner_id, name)
    if found is None:
        raise Http404
    content, media_type = found.content, found.media_type
    if as_png:
        content, media_type = found.png, pictures.PNG
    return _kept(request, bytes(content), media_type, f"{name}{'p' if as_png else ''}")


@require_safe
def brand_icon(request: HttpRequest, key: str, side: int = 0) -> HttpResponseBase:
    """The icon of the host's brand: `side` pixels as PNG, or a drawing."""
    brand = _owner(request).brand
    if side and side not in SIDES:
        raise Http404
    content, media_type = _icon(_owner(request), side)
    answer = _kept(request, content, media_type, f"{brand.icon_key}-{side}")
    if key != brand.icon_key:
        answer["Cache-Control"] = "no-cache"
    return answer


@require_safe
def favicon(request: HttpRequest) -> HttpResponseBase:
    """Where browsers look without being told."""
    return HttpResponseRedirect(icon_path(_owner(request).brand, 32))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to put the portal on its home screen, under the partner's name."""
    brand = _owner(request).brand
    icons = [
        {"src": icon_path(brand, side), "sizes": f"{side}x{side}", "type": pictures.PNG,
         "purpose": "any maskable"}
        for side in (192, 512)
    ]  # fmt: skip
    facts = {
        "name": brand.product_name, "short_name": brand.brief, "description": brand.tagline,
        "start_url": "/", "display": "minimal-ui", "theme_color": brand.theme_light,
        "background_color": brand.light.get("surface-0", "#FFFFFF"), "icons": icons,
    }  # fmt: skip
    return JsonResponse(facts, content_type="application/manifest+json",
                        headers={"Cache-Control": "no-cache"})  # fmt: skip


@require_safe
def open_preview(request: HttpRequest, token: str) -> HttpResponse:
    """From now on this browser sees the draft, on this host, until the link expires."""
    if preview.draft_of(_owner(request), token) is None:
        raise Http404
    answer = HttpResponseRedirect("/accounts/login/")
    answer.set_cookie(preview.COOKIE, token, max_age=preview.LASTS_SECONDS, httponly=True,
                      secure=preview.COOKIE.startswith("__Host-"), samesite="Lax")  # fmt: skip
    answer["Cache-Control"] = "no-store"
    return answer


@require_POST
def end_preview(request: HttpRequest) -> HttpResponse:
    """Back to what everybody sees."""
    answer = HttpResponseRedirect("/")
    answer.delete_cookie(preview.COOKIE)
    return answer


def icon_path(brand: Brand, side: int) -> str:
    """The address of an icon."""
    return f"/brand/icon-{side}.{brand.icon_key}.png"


def _icon(owner: Resolved, side: int) -> tuple[bytes, str]:
    brand = owner.brand
    if not side:
        return brandcss.icon_svg(brand.light, brand.letter).encode(), pictures.SVG
    fill, ink = brand.light["brand-9"], brand.light["on-brand"]
    kept = queries.brand_file(owner.partner_id, brand.icon) if owner.partner_id else None
    if kept is None:
        made = pictures.letter_icon(brand.letter, fill, ink, side, side not in _FILLED)
        return made, pictures.PNG
    ground = brand.light["surface-1"] if side in _FILLED else ""
    return pictures.scaled_icon(bytes(kept.png), side, ground), pictures.PNG


def _kept(request: HttpRequest, content: bytes, media_type: str, tag: str) -> HttpResponseBase:
    headers = {"Cache-Control": FOREVER, "ETag": f'"{tag}"', "X-Content-Type-Options": "nosniff"}
    if media_type.startswith("image/"):
        headers["Content-Security-Policy"] = _PICTURE_POLICY
    answer = HttpResponse(content, content_type=media_type, headers=headers)
    # Ours say what they are; an answer that is still the same costs no bytes.
    return get_conditional_response(request, etag=headers["ETag"], response=answer) or answer


def _edits(request: HttpRequest) -> bool:
    """Whether this person works on the brand: the editor shows drafts to them."""
    user = request.user
    return bool(user.is_authenticated and user.may("brand.edit"))  # type: ignore[union-attr]


def _owner(request: HttpRequest) -> Resolved:
    found: Resolved = request.owner  # type: ignore[attr-defined]
    return found
