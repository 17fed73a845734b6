"""What an installation must not be like, as a table: a fact, and the numbers that refuse it."""

import pytest

from tenants.rules import safe_install as rule

OTHER = "f" * 20 + "0123456789"
KEPT = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on",
        "server_encoding": "UTF8"}  # fmt: skip


def url(user, password, host="db.internal"):
    return f"postgresql://{user}:{password}@{host}/agentcache"


def numbers(refusals):
    found = list(refusals)
    assert all(what.endswith(".") and todo.endswith(".") for _, what, todo in found)
    return [number for number, _, _ in found]


@pytest.mark.parametrize(
    ("judged", "expected"),
    [
        (rule.our_domains({"PLATFORM_DOMAIN": "overflow.cloud"}), []),
        (rule.our_domains({"PLATFORM_DOMAIN": "agentcache.example"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": "cache.example.com"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": "localhost"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": "https://overflow.cloud"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": "overflow.cloud:443"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": "Overflow.cloud"}), [4]),
        (rule.our_domains({"PLATFORM_DOMAIN": ""}), [4]),
        (rule.secrets(b"0123456789abcdef" * 4 + b"\n", "x" * 60), []),
        (rule.secrets(b"", ""), []),  # that it is missing is said by another check
        (rule.secrets(b"ab" * 32, "x" * 60), [5]),
        (rule.secrets(b"0123456789abcdef" * 4 + b"\n", "0123456789abcdef" * 4), [17]),
        (rule.logins({"A": url("ac_web", "p"), "B": url("ac_owner", "q"), "C": ""}), []),
        (rule.logins({"A": url("ac_web", "p"), "B": url("ac_web", "q")}), [18]),
        (rule.passwords({"A": url("ac_web", "x" * 16), "B": url("ac_owner", "y" * 16)}), []),
        (rule.passwords({"A": "redis://127.0.0.1:6379/0", "B": ""}), []),
        (rule.passwords({"A": "redis://:%40%40%40@cache:6379/0"}), [19]),
        (rule.passwords({"A": url("ac_web", OTHER), "B": url("ac_owner", OTHER)}), [19]),
        (rule.passwords({"EVENTS_URL": f"redis://:{OTHER}@events:6379/0",
                         "BROKER_URL": f"redis://:{OTHER}@events:6379/1"}), []),
        (rule.passwords({"EVENTS_URL": f"redis://:{OTHER}@events:6379/0",
                         "CACHE_URL": f"redis://:{OTHER}@cache:6379/0"}), [19]),
        (rule.in_the_clear({"A": url("ac_web", "p", "10.0.0.1:5432"), "B": ""}), []),
        (rule.in_the_clear({"A": url("ac_web", "p", "8.8.8.8:5432")}), [31]),
        (rule.in_the_clear({"A": url("ac_web", "p", "8.8.8.8") + "?sslmode=verify-full"}), []),
        (rule.in_the_clear({"A": "redis://:p@[2606:4700::1]:6379/0"}), [31]),
        (rule.in_the_clear({"A": "valkey-cluster://:p@10.0.0.1:6379,8.8.8.8:6379"}), [31]),
        (rule.in_the_clear({"A": "valkeys-cluster://:p@8.8.8.8:6379", "B": "amqps://8.8.8.8"}), []),
        (rule.stripe("", ""), []),
        (rule.stripe("sk_live_51", "whsec_1"), []),
        (rule.stripe("rk_live_51", "whsec_1"), []),
        (rule.stripe("sk_test_51", "whsec_1"), [25]),
        (rule.stripe("pk_live_51", "whsec_1"), [25]),
        (rule.stripe("sk_live_51", "sk_live_51"), [25]),
        (rule.postgres(180_003, KEPT), []),
        (rule.postgres(150_013, KEPT), [26]),
        (rule.postgres(180_003, KEPT | {"fsync": "off"}), [26]),
        (rule.postgres(180_003, KEPT | {"synchronous_commit": "local"}), []),
        (rule.postgres(180_003, KEPT | {"synchronous_commit": "off"}), [26]),
        (rule.postgres(180_003, KEPT | {"server_encoding": "SQL_ASCII"}), [26]),
        (rule.clock("PostgreSQL", -1.9), []),
        (rule.clock("PostgreSQL", -2.1), [27]),
        (rule.clock("EVENTS_URL", 3600.0), [27]),
        (rule.machine(1 << 30, 8_192, "/data"), []),
        (rule.machine((1 << 30) - 1, 8_192, "/data"), [28]),
        (rule.machine(1 << 40, 4_096, "/data"), [29]),
        (rule.machine(1 << 40, -1, "/data"), []),  # RLIM_INFINITY
    ],
)  # fmt: skip
def test_what_is_refused(judged, expected):
    assert numbers(judged) == expected
