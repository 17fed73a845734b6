"""What a line rests on is exactly the usage its quantity was counted from."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.rules.charging import charge
from billing.rules.cycles import fraction_to_decimal
from billing.rules.trust.basis import basis_of
from tests.billing.rules.build import few
from tests.billing.rules.trust.test_archive import CARDS, KINDS, made, usages


def basis(run, line):
    return basis_of(run, key=line.key, kind=line.kind, payer=line.payer,
                    customer_id=line.customer_id, rate_key=line.rate_key)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@given(usages, st.sampled_from(CARDS))
@few
def test_a_lines_usage_gives_its_quantity(kind, rows, card):
    run = made(kind, card, rows)

    for line in charge(run).lines:
        found = basis(run, line)
        if not line.unit:
            assert found is None
            continue
        assert fraction_to_decimal(Fraction(found.total, found.meter.divisor), 12) == line.quantity
        assert (found.start, found.end) == (line.start, line.end)
        if line.payer == "customer":
            assert set(found.customers) <= {line.customer_id}
