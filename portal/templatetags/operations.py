"""Alarms and names on the operations pages."""

import uuid
from typing import Any

from django import template

from portal import local
from portal.rules.alarms import Alarm
from portal.words import operations as words

register = template.Library()


@register.filter
def alarm_text(alarm: Alarm) -> str:
    """An alarm in words, with its figure."""
    figure = alarm.figure if isinstance(alarm.figure, str) else local.grouped(round(alarm.figure))
    return str(words.ALARMS[alarm.key]) % {"n": figure}


@register.filter
def name_of(names: dict[uuid.UUID, str], key: uuid.UUID | None) -> str:
    """`{{ names|name_of:row.partner_id }}`; '' for none."""
    return names.get(key, "") if key else ""


@register.filter
def finding(kind: str) -> Any:
    """What a search found something to be."""
    return words.FINDINGS.get(kind, kind)
