"""Compressed bodies: what was packed comes out, whatever is wrong is said, no bomb goes off."""

import gzip
import time
import zlib

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from cache_api.rules import inflate
from cache_api.rules.inflate import BadBody, inflated

PACK = {"gzip": gzip.compress, "zstd": zstandard.compress}
coding = st.sampled_from(inflate.CODINGS)


def code_of(body, how):
    with pytest.raises(BadBody) as caught:
        inflated(body, how)
    return caught.value.code


@given(st.binary(max_size=2000), coding)
def test_what_was_packed_comes_out(body, how):
    assert inflated(PACK[how](body), how) == body


@settings(max_examples=50)
@given(st.binary(min_size=1, max_size=300), coding, st.data())
def test_a_body_that_breaks_off_goes_on_or_is_doubled_is_refused(body, how, data):
    packed = PACK[how](body)
    cut = data.draw(st.integers(0, len(packed) - 1))

    for bad in (packed[:cut], packed + packed, packed + b"more"):
        assert code_of(bad, how) == "invalid-request"


@settings(max_examples=50)
@given(st.binary(max_size=300), coding)
def test_noise_is_refused(body, how):
    assert code_of(b"\x00" + body, how) == "invalid-request"


@pytest.mark.parametrize("how", inflate.CODINGS)
def test_the_bound_is_exact_and_a_bomb_costs_little(how):
    assert len(inflated(PACK[how](bytes(1000)), how, 1000)) == 1000
    with pytest.raises(BadBody, match="more than 999"):
        inflated(PACK[how](bytes(1000)), how, 999)
    began = time.process_time()
    assert code_of(PACK[how](bytes(10**8)), how) == "payload-too-large"
    assert time.process_time() - began < 3


def test_a_coding_nobody_speaks_is_named():
    assert code_of(zlib.compress(b"{}"), "deflate") == "unsupported-media"
    assert code_of(zlib.compress(b"{}"), "gzip") == "invalid-request"
