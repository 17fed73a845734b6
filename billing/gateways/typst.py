"""PDF and PNG of a document by typst: the only file that knows it. Same JSON, same bytes."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from billing.gateways.paper_language import page_of
from billing.rules.documents import canonical_bytes, sha256_hex
from tenants.rules.brand import FONT_PACKAGES, FONTS

if TYPE_CHECKING:
    import typst

PDF_STANDARD = "a-3b"
NEUTRAL_HEX = "#334155"
_lock = threading.Lock()


class CannotRenderError(RuntimeError):
    """The template does not fit the document; the message is typst's own."""


def _labels() -> dict[str, str]:
    return {
        "adjustments": _("Adjustments"),
        "amount": _("Amount"),
        "arithmetic": _("How it was calculated"),
        "base": _("Base"),
        "buyer": _("Billed to"),
        "carried": _("Carried forward"),
        "closing": _("Closing balance"),
        "currency": _("Currency"),
        "due": _("Due"),
        "fees": _("Fees"),
        "fingerprint": _("Fingerprint of the document (SHA-256):"),
        "from": _("From"),
        "how_to_pay": _("How to pay"),
        "issued": _("Issued"),
        "item": _("Item"),
        "net": _("Net"),
        "netting": _("Netted"),
        "not_charged": _("not charged"),
        "nothing": _("Nothing was charged in this period."),
        "opening": _("Opening balance"),
        "page": _("Page"),
        "paid": _("Paid out since"),
        "pay_to": _("Paid to"),
        "payable": _("Payable"),
        "payable_on": _("Payable on"),
        "period": _("Period (UTC)"),
        "powered_by": _("Powered by AgentCache"),
        "privacy": _("Privacy"),
        "purchase_order": _("Purchase order"),
        "quantity": _("Quantity"),
        "reference": _("Reference"),
        "seller": _("Sold by"),
        "shadow": _("Shadow value of the proof of concept"),
        "shadow_note": _("at list price, not charged"),
        "shares": _("Shares of this period"),
        "sold_by": _("sold by"),
        "support": _("Support"),
        "tax": _("Tax"),
        "tax_id": _("Tax ID"),
        "terms": _("Terms"),
        "total": _("Total"),
        "unit_price": _("Unit price"),
    }


def _inputs(document: Mapping[str, Any], logo: bytes) -> dict[str, str]:
    with translation.override(document["language"]):
        labels = _labels()
    return {
        "page": json.dumps(page_of(document), ensure_ascii=False),
        "labels": json.dumps(labels, ensure_ascii=False),
        "fingerprint": sha256_hex(canonical_bytes(dict(document))),
        "logo": json.dumps(list(logo)),
        "font": _family(document["brand"].get("font", "")),
    }


def _family(font: str) -> str:
    """The font of a brand on paper; documents from before brands had one keep theirs."""
    if not font:
        return "Libertinus Serif"
    return FONTS[font] if font in FONT_PACKAGES else FONTS["inter"]


@cache
def _fonts() -> typst.Fonts:
    import typst  # noqa: PLC0415 - see below

    folders: list[Any] = [
        Path(folder) / "files"
        for package in FONT_PACKAGES.values()
        for folder in find_spec(package).submodule_search_locations or ()  # type: ignore[union-attr]
    ]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=folders)


def _compile(document: Mapping[str, Any], logo: bytes, **options: Any) -> list[bytes]:
    return _typeset("document.typ", _inputs(document, logo), document["number"], **options)


def _typeset(template: str, inputs: dict[str, str], name: str, **options: Any) -> list[bytes]:
    import typst  # noqa: PLC0415 - 13 MB with its fonts, which a process without PDFs need not have

    source = Path(settings.BASE_DIR) / "templates" / "documents" / template
    try:
        # One compiler at a time: typst keeps every core busy by itself.
        with _lock:
            made = typst.compile(
                source, root=source.parent, font_paths=_fonts(), sys_inputs=inputs, **options
            )
    except typst.TypstError as error:
        raise CannotRenderError(f"{name} cannot be rendered: {error}") from error
    return made if isinstance(made, list) else [made]


def render_pdf(document: Mapping[str, Any], logo: bytes = b"") -> bytes:
    """The PDF of a document's canonical JSON (as a dict); the same dict gives the same bytes.

    `logo` is the PNG of the file that its brand names. Raises CannotRenderError. Safe to repeat:
    nothing is stored here.
    """
    issued = datetime.fromisoformat(document["issued_at"])
    [pdf] = _compile(document, logo, format="pdf", pdf_standards=[PDF_STANDARD], timestamp=issued)
    return pdf


def render_png(document: Mapping[str, Any], ppi: int = 144, logo: bytes = b"") -> list[bytes]:
    """One PNG a page, to look at. Raises CannotRenderError."""
    return _compile(document, logo, format="png", ppi=float(ppi))


def render_agreement(paper: Mapping[str, Any]) -> bytes:
    """The PDF of a written agreement (`billing.rules.clauses`); the same dict, the same bytes.

    Raises CannotRenderError.
    """
    inputs = {
        "paper": json.dumps(paper, ensure_ascii=False),
        "brand": paper["brand"]["primary_hex"] or NEUTRAL_HEX,
        "fingerprint": sha256_hex(canonical_bytes(dict(paper))),
    }
    dated = datetime.fromisoformat(paper["in_force_from"])
    [pdf] = _typeset("agreement.typ", inputs, paper["reference"], format="pdf",
                     pdf_standards=[PDF_STANDARD], timestamp=dated)  # fmt: skip
    return pdf


def render_proposal(paper: Mapping[str, Any]) -> bytes:
    """The PDF of a proposal (`billing.rules.planning.pitch`); the same dict, the same bytes.

    Raises CannotRenderError.
    """
    return _ours("proposal.typ", paper)


def render_review(paper: Mapping[str, Any]) -> bytes:
    """The PDF of a partner's quarter (`portal.pictures.review`); the same dict, the same bytes.

    Raises CannotRenderError.
    """
    return _ours("review.typ", paper)


def _ours(template: str, paper: Mapping[str, Any]) -> bytes:
    """A paper of ours to a partner, which wears no brand; dated `made_at`."""
    inputs = {"paper": json.dumps(paper, ensure_ascii=False), "brand": NEUTRAL_HEX}
    dated = datetime.fromisoformat(paper["made_at"])
    [pdf] = _typeset(template, inputs, paper["subject"], format="pdf",
                     pdf_standards=[PDF_STANDARD], timestamp=dated)  # fmt: skip
    return pdf
