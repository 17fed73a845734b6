"""A brand as its facts are given, checked, and as a page, a mail or a paper wears it. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from tenants.rules.colour import clean_hex
from tenants.rules.sayings import Said, saying

# Name in the stylesheet and for people; the files come from packages (static/css/fonts.css).
FONTS = {
    "inter": "Inter",
    "geist": "Geist",
    "manrope": "Manrope",
    "plex": "IBM Plex Sans",
    "source": "Source Sans 3",
    "system": "system-ui",
}
# The wheels that carry them as `files/*.ttf`; papers use them too (a system font: Inter).
FONT_PACKAGES = {
    "inter": "fontpkg_inter",
    "geist": "fontpkg_geist",
    "manrope": "fontpkg_manrope",
    "plex": "fontpkg_ibm_plex_sans",
    "source": "fontpkg_source_sans_3",
}
LONGEST = {
    "product_name": 80, "short_name": 24, "tagline": 160, "legal_name": 160, "mail_sender": 80,
    "support_url": 300, "terms_url": 300, "privacy_url": 300, "support_email": 254,
}  # fmt: skip
REQUIRED = ("product_name", "legal_name")
# Whose grant lets a partner take "Powered by AgentCache" off (tenants.Entitlement).
HIDES_POWERED_BY = "hide_powered_by"
FILE = re.compile(r"[0-9a-f]{32}\.(png|svg)")
_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]+")
# A sender or a subject with these could forge a header or another address.
_UNSAFE_SENDER = re.compile(r'[<>"@,;:\\]')


class BadBrand(ValueError):
    """A fact that no brand can have; `member` names it, the text says what it must be."""

    def __init__(self, member: str, message: str) -> None:
        super().__init__(message)
        self.member = member


@dataclass(frozen=True)
class BrandFacts:
    """What a partner decides; everything else of a brand is derived.

    `logo_light`, `logo_dark` and `icon` are names of kept files (`<hash>.png` or `.svg`).
    """

    product_name: str
    legal_name: str
    seed_hex: str
    short_name: str = ""
    tagline: str = ""
    accent_hex: str = ""
    font: str = "inter"
    support_email: str = ""
    support_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    mail_sender: str = ""
    powered_by: bool = True
    logo_light: str = ""
    logo_dark: str = ""
    icon: str = ""


FACTS = tuple(one.name for one in fields(BrandFacts))


def checked(given: Mapping[str, Any]) -> BrandFacts:
    """The facts with blanks trimmed and colours written one way. Raises BadBrand."""
    facts: dict[str, Any] = {name: value.strip() if isinstance(value, str) else value
             for name, value in given.items()}  # fmt: skip
    for name, longest in LONGEST.items():
        _check_text(name, facts.get(name, ""), longest)
    for name in ("support_url", "terms_url", "privacy_url"):
        _check_link(name, facts.get(name, ""))
    if facts.get("support_email") and not _EMAIL.fullmatch(facts["support_email"]):
        raise BadBrand(
            "support_email",
            Said(
                "%(support_email)s is no e-mail address.",
                support_email=f"{facts['support_email']!r}",
            ),
        )
    if _UNSAFE_SENDER.search(facts.get("mail_sender", "")):
        raise BadBrand(
            "mail_sender", Said("A sender's name has none of the characters < > \" @ , ; : \\.")
        )
    if facts.get("font", "inter") not in FONTS:
        raise BadBrand(
            "font",
            Said(
                "%(font)s is no font of ours: %(fonts)s.",
                font=f"{facts['font']!r}",
                fonts=", ".join(FONTS),
            ),
        )
    for name in ("logo_light", "logo_dark", "icon"):
        if facts.get(name) and not FILE.fullmatch(facts[name]):
            raise BadBrand(
                name, Said("%(it)s is no file that was kept here.", it=f"{facts[name]!r}")
            )
    facts["seed_hex"] = _colour("seed_hex", facts["seed_hex"])
    if facts.get("accent_hex"):
        facts["accent_hex"] = _colour("accent_hex", facts["accent_hex"])
    return BrandFacts(**facts)


def _colour(member: str, text: str) -> str:
    try:
        return clean_hex(text)
    except ValueError as error:
        raise BadBrand(member, saying(error)) from error


def _check_text(name: str, text: str, longest: int) -> None:
    if len(text) > longest or not text.isprintable():
        raise BadBrand(name, Said("At most %(longest)s printable characters.", longest=longest))
    if name in REQUIRED and not text:
        raise BadBrand(
            name, Said("1 to %(longest)s printable characters are needed.", longest=longest)
        )


def _check_link(name: str, address: str) -> None:
    if not address:
        return
    try:
        parts = urlsplit(address)
        good = parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username
    except ValueError:
        good = False
    if not good or any(one in address for one in " <>\"'\\"):
        raise BadBrand(
            name, Said("A whole https address is needed, such as https://example.com/terms.")
        )


@dataclass(frozen=True)
class Brand:
    """What every surface of a host shows of its owner; `light` and `dark` are its tokens."""

    product_name: str
    tagline: str
    legal_name: str
    support_email: str
    css_hash: str
    short_name: str = ""
    font: str = "inter"
    support_url: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    mail_sender: str = ""
    powered_by: bool = True
    logo_light: str = ""
    logo_dark: str = ""
    icon: str = ""
    plate_light: bool = False
    plate_dark: bool = False
    mail_from: str = ""  # the partner's own verified address for mails
    # the partner's own words in mails, by `mail_texts.key`
    mail_texts: Mapping[str, str] = field(default_factory=dict, hash=False)
    light: Mapping[str, str] = field(default_factory=dict, hash=False)
    dark: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def brief(self) -> str:
        """The name where there is little room: below an icon on a phone."""
        return self.short_name or self.product_name[:24]

    @property
    def theme_light(self) -> str:
        """The colour of a phone's bars around a light page."""
        return self.light.get("brand-9", "#FFFFFF")

    @property
    def theme_dark(self) -> str:
        """The colour of a phone's bars around a dark page."""
        return self.dark.get("panel-b", "#000000")

    @property
    def sender(self) -> str:
        """Whose name stands in a mail's From."""
        return self.mail_sender or self.product_name

    @property
    def letter(self) -> str:
        """The letter of the icon that is drawn where none was given."""
        return initial(self.brief)

    @property
    def icon_key(self) -> str:
        """Changes whenever the icon looks different; it stands in the icon's address."""
        looks = (self.icon, self.letter, self.light.get("brand-9"), self.light.get("on-brand"))
        return hashlib.sha256(repr(looks).encode()).hexdigest()[:16]


def initial(name: str) -> str:
    """The first letter or digit of a name, in upper case; A where there is none."""
    first = next((one for one in name if one.isalnum()), "A").upper()
    return first if len(first) == 1 else first[:1]
