"""URLs of a Valkey Cluster: its nodes, and what is refused without telling the password."""

import pytest

from tenants.rules.valkey_urls import is_cluster, nodes


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis://:s@a:1/0", ["redis://:s@a:1/0"]),
        ("valkey-cluster://:s%40@a:1,b:2,c", ["redis://:s%40@a:1/0", "redis://:s%40@b:2/0",
                                             "redis://:s%40@c/0"]),
        ("rediss-cluster://u:s@a:1", ["rediss://u:s@a:1/0"]),
        ("valkeys-cluster://a:1,b:2/", ["rediss://a:1/0", "rediss://b:2/0"]),
    ],
)  # fmt: skip
def test_a_url_names_its_servers(url, named):
    assert list(nodes(url)) == named
    assert is_cluster(url) == ("cluster" in url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://:secret@a:1,b:2/0", "redis-cluster://"),
        ("valkey-cluster://:secret@a:1/3", "databases"),
        ("valkey-cluster://:secret@", "one of its nodes"),
    ],
)
def test_others_are_refused_and_the_password_is_not_told(url, why):
    with pytest.raises(ValueError, match=why) as caught:
        nodes(url)
    assert "secret" not in str(caught.value)
