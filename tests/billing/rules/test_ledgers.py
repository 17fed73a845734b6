"""The chain of seals over final rows, and which tables it covers."""

import copy

import pytest
from django.apps import apps

from billing.models.base import FrozenRow
from billing.rules.ledgers import LEDGERS, breaks, next_seal

TABLES = [{"one": {"columns": ["a", "id"], "rows": {"1": "aa"}}},
          {"one": {"columns": ["a", "id"], "rows": {"2": "bb"}}},
          {"two": {"columns": ["id"], "rows": {"3": "cc"}}}]  # fmt: skip
# Frozen, and compared otherwise: with bytes, a fingerprint or what it comes to again.
ELSEWHERE = {
    "billing_documentline", "billing_journalentry", "billing_journalline", "billing_runinput",
    "billing_ratedline", "billing_customershare",
}  # fmt: skip
# Made anew at will, of no consequence for money, or settlement has no right to read them.
LEFT_OUT = {
    "billing_renderedfile", "billing_renewalnotice", "billing_planversion", "billing_countfile",
    "billing_agreementpaper", "billing_agreementpaperevent",
}  # fmt: skip


def chain() -> list:
    made = []
    for tables in TABLES:
        made.append(next_seal(made[-1] if made else None, tables))
    return made


def changed(number, **members):
    made = copy.deepcopy(chain())
    made[number].update(members)
    return made


def test_a_chain_as_made_is_whole():
    made = chain()
    assert breaks(made, {}) == []
    assert breaks(made, {one["step"]: one["sha256"] for one in made}) == []
    assert breaks([], {}) == []


@pytest.mark.parametrize(("seals", "noted", "found"), [
    (changed(1, tables=TABLES[0]), {}, ["seal 2 is not the one that was made as number 2"]),
    (changed(1, sha256="0"), {}, ["seal 2 is not the one that was made as number 2",
                                  "seal 3 is not the one that was made as number 3"]),
    (changed(2, step=7), {}, ["seal 7 is not the one that was made as number 3"]),
    (changed(2, previous_sha256=""), {}, ["seal 3 is not the one that was made as number 3"]),
    ([{}, *chain()[1:]], {}, ["seal None is not the one that was made as number 1",
                              "seal 2 is not the one that was made as number 2"]),
    (chain()[1:], {}, ["seal 2 is not the one that was made as number 1",
                       "seal 3 is not the one that was made as number 2"]),
    # What only somebody who noted a seal can tell.
    (chain()[:2], {}, []),
    (chain()[:2], {3: chain()[2]["sha256"]}, ["seal 3 was noted and is gone"]),
    (chain(), {2: "0" * 64}, ["seal 2 is another one than was noted"]),
])  # fmt: skip
def test_what_is_wrong_with_a_chain(seals, noted, found):
    assert breaks(seals, noted) == found


def test_every_frozen_table_is_sealed_or_compared_otherwise():
    frozen = {model._meta.db_table for model in apps.get_models() if issubclass(model, FrozenRow)}
    assert frozen - set(LEDGERS) == ELSEWHERE | LEFT_OUT
