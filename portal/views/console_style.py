"""The living style page: every token and component, in any brand, light and dark."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from portal import brand_samples
from portal.forms.people import QuotaForm
from portal.views.asked import not_one_of
from portal.views.brand import MODES
from portal.words import brand as brand_words
from portal.words.told import told
from tenants import queries
from tenants.accounts.permissions import permission
from tenants.rules import brandcss, palette
from tenants.rules.brand import FONTS

# Brands that break designs: too light for white text, too dark for black, between both, a colour
# with a meaning of its own, and none at all.
HARD = {"yellow": "#FFD200", "navy": "#001F5B", "mid-grey": "#808080", "red": "#FF4438",
        "black": "#000000"}  # fmt: skip
TYPE = ((12, 16), (13, 20), (14, 20), (16, 24), (20, 28), (24, 32), (32, 40), (40, 48))
FAMILIES = ("surface", "border", "text", "brand", "accent", "link", "focus", "panel", "ok", "warn",
            "danger", "info", "chart", "on")  # fmt: skip


@permission("cockpit.view")
@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """All of it on one page; the brand is in the address (`seed`, `accent`, `font`, `mode`)."""
    seed, accent, font = _asked(request)
    tokens = _tokens(seed, accent)
    mode = request.GET.get("mode", "")
    if mode not in ("", *MODES):
        raise not_one_of("mode", mode, MODES)
    bad = QuotaForm({"day": "many"})
    bad.is_valid()
    return render(request, "console/style.html", {
        "seed": seed, "accent": accent, "font": font, "fonts": FONTS.items(), "theme": mode,
        "modes": [(name, label, _link(seed, accent, font, name)) for name, label in MODES.items()],
        "brands": [(name, colour, _link(colour, second, family, mode))
                   for name, colour, second, family in _brands()],
        "tokens_css": f"{reverse('console_style_css')}?{_query(seed, accent, font)}",
        "families": _families(tokens), "ladder": [f"brand-{step}" for step in range(1, 13)],
        "ladders": [[tokens[one][f"brand-{step}"] for step in range(1, 13)]  # type: ignore[literal-required]
                    for one in MODES],
        "contrasts": brand_words.contrast_rows(tokens), "adjusted": brand_words.adjusted(tokens),
        "type_scale": TYPE, "spark": brand_samples.EXACT, "bad_form": bad,
        "good_form": QuotaForm(initial={"day": 10_000}),
        "charts": [brand_samples.requests_chart(), brand_samples.series_chart()],
        "empty_chart": brand_samples.empty_chart(),
    })  # fmt: skip


@permission("cockpit.view")
@require_safe
def tokens_css(request: HttpRequest) -> HttpResponse:
    """The stylesheet of a brand that nobody has to have."""
    seed, accent, font = _asked(request)
    css = brandcss.css_text(_tokens(seed, accent), font)
    return HttpResponse(css, content_type="text/css; charset=utf-8",
                        headers={"Cache-Control": "private, max-age=3600"})  # fmt: skip


def _asked(request: HttpRequest) -> tuple[str, str, str]:
    get = request.GET.get
    font = get("font", "inter")
    if font not in FONTS:
        raise not_one_of("font", font, FONTS)
    return get("seed") or palette.AGENTCACHE_SEED, get("accent", ""), font


def _tokens(seed: str, accent: str) -> palette.Tokens:
    try:
        return palette.tokens_for(seed, accent)
    except ValueError as error:
        raise BadRequest(told(error)) from error


def _brands() -> list[tuple[str, str, str, str]]:
    """Name, seed, accent and font of what can be put on: partners' looks, then the hard ones."""
    ours = [("AgentCache", palette.AGENTCACHE_SEED, "", "inter")]
    return [
        *ours,
        *queries.published_looks(),
        *((name, seed, "", "inter") for name, seed in HARD.items()),
    ]


def _families(tokens: palette.Tokens) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Tokens by the first word of their names: (name, light, dark)."""
    found: list[tuple[str, list[tuple[str, str, str]]]] = []
    for family in FAMILIES:
        rows = [(name, tokens["light"][name], tokens["dark"][name])
                for name in sorted(tokens["light"], key=_by_number)
                if name == family or name.startswith(f"{family}-")]  # fmt: skip
        found.append((family, rows))
    return found


def _by_number(name: str) -> tuple[str, int]:
    stem, _dash, end = name.rpartition("-")
    return (stem, int(end)) if end.isdigit() else (name, 0)


def _query(seed: str, accent: str, font: str) -> str:
    chosen: dict[str, Any] = {"seed": seed, "accent": accent, "font": font}
    return urlencode({name: value for name, value in chosen.items() if value})


def _link(seed: str, accent: str, font: str, mode: str) -> str:
    return f"?{_query(seed, accent, font)}{f'&mode={mode}' if mode else ''}"
