"""Who plays in the demo: partners, their agreements, their customers and the people who log in.

All companies' terms are invented; the shares and kinds of deal are those of the strategy document.
"""

from dataclasses import dataclass, field
from typing import Any

from billing.rules.templates import Deal


@dataclass(frozen=True)
class Customer:
    """A customer of a partner. `weight` is its part of the partner's traffic."""

    external_id: str
    name: str
    weight: float
    country: str = "US"
    plan: str = ""
    joins_after_months: int = 0


@dataclass(frozen=True)
class PartnerCast:
    """One partner of the demo. `starts_months_ago` counts from the current month's first hour."""

    slug: str
    name: str
    kind: str
    host: str
    seed_hex: str
    product: str
    tagline: str
    legal_name: str
    template: str
    starts_months_ago: int
    monthly_requests: int
    card: str | None
    customers: tuple[Customer, ...]
    agreement: str
    deal: Deal = field(default_factory=Deal)
    response_bytes: int = 1300
    hit_rate: float = 0.68
    provider_models: tuple[tuple[str, str], ...] = (
        ("openai", "gpt-4o-mini"), ("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"),
    )  # fmt: skip

    @property
    def domain(self) -> str:
        """The mail domain of the partner's people."""
        return f"{self.slug}.example"


def _names(*names: str, plan: str = "") -> tuple[Customer, ...]:
    """Customers whose traffic falls off as in real tenants: the top five hold about half."""
    return tuple(
        Customer(
            external_id=name.lower().replace(" ", "-").replace(".", ""),
            name=name,
            weight=1 / (position + 2.2) ** 0.9,
            plan=plan,
            joins_after_months=0 if position % 4 else position % 9,
        )
        for position, name in enumerate(names)
    )


_DIRECT = (
    Customer("contoso", "Contoso", 1.0, plan="enterprise"),
    Customer("northwind", "Northwind Traders", 0.8, plan="enterprise"),
    Customer("fabrikam", "Fabrikam", 0.7, country="DE", plan="enterprise"),
    Customer("litware", "Litware", 0.2, plan="mid-market"),
    Customer("proseware", "Proseware", 0.15, plan="mid-market", joins_after_months=3),
    Customer("tailspin", "Tailspin Toys", 0.12, country="GB", plan="mid-market"),
    Customer("wingtip", "Wingtip", 0.1, plan="mid-market", joins_after_months=6),
)

CAST: tuple[PartnerCast, ...] = (
    PartnerCast(
        "redis-labs", "Redis Labs", "general_cache", "cache.redis.localhost", "#FF4438",
        "Redis Edge Cache", "Global overflow for your Redis", "Redis Labs Ltd",
        "revenue_share_platform", 13, 38_000_000, "retail",
        _names("Acme Corp", "Globex", "Initech", "Umbrella Health", "Stark Analytics", "Hooli",
               "Vandelay", "Wonka Labs", "Soylent", "Cyberdyne", "Tyrell", "Gringotts",
               "Monsters Inc", "Oscorp"),
        "revenue share 30 %, we collect",
    ),
    PartnerCast(
        "pinecone", "Pinecone", "vector_db", "cache.pinecone.localhost", "#1C17FF",
        "Pinecone Response Cache", "Answers next to your vectors", "Pinecone Systems Inc",
        "poc", 13, 16_000_000, "retail",
        _names("Nimbus Search", "Lumen AI", "Parallax", "Quill", "Orchard", "Sable",
               "Tessera", "Vireo"),
        "PoC for 6 months, then revenue share 30 %, we collect",
    ),
    PartnerCast(
        "together-ai", "Together.ai", "llm_provider", "cache.together.localhost", "#0F6FFF",
        "Together Cache", "Pay once for each answer", "Together Computer Inc",
        "poc", 5, 21_000_000, "retail",
        _names("Bloom Chat", "Cobalt", "Driftwood", "Ember", "Fathom", "Glyph", "Harbor"),
        "proof of concept in its last free month, then revenue share 30 %",
        provider_models=(("together", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
                         ("together", "deepseek-ai/DeepSeek-V3")),
    ),
    PartnerCast(
        "aws-elasticache", "AWS ElastiCache AI Edition", "cloud", "cache.aws.localhost", "#FF9900",
        "ElastiCache AI Edition", "Answers from the nearest region", "Amazon Web Services Inc",
        "revenue_share_partner", 13, 410_000_000, "per-gb",
        _names("Airline Group", "Bank of Nowhere", "City Retail", "Delta Media", "Eon Games",
               "First Mutual", "Grand Hotels", "Healthwise", "Ion Motors", "Jupiter Telecom",
               "Kestrel Insurance", "Lakeside Energy"),
        "revenue share, partner collects and keeps 60 %, per GB", response_bytes=4200,
    ),
    PartnerCast(
        "azure-cache", "Azure AI Cache", "cloud", "cache.azure.localhost", "#0078D4",
        "Azure AI Cache", "Cached intelligence for Azure", "Microsoft Corporation",
        "oem", 13, 24_000_000, None,
        _names("Adventure Works", "Blue Yonder", "Coho Winery", "Datum", "Fourth Coffee",
               "Graphic Design Institute", "Humongous Insurance", "Lucerne Publishing"),
        "OEM licence: $120,000 a year + $0.001 per cached request",
    ),
    PartnerCast(
        "gcp-memorystore", "Google Cloud Memorystore AI", "cloud", "cache.gcp.localhost", "#188038",
        "Memorystore AI", "Memory for your models", "Google LLC",
        "wholesale", 13, 30_000_000, "retail",
        _names("Alphabet Soup Co", "Bramble", "Cinder", "Dune Robotics", "Everglow", "Foxglove",
               "Granite Bank", "Hazel Health"),
        "wholesale at 50 % of retail",
    ),
    PartnerCast(
        "direct", "AgentCache Direct", "direct", "cache.direct.localhost", "#0B6B63",
        "AgentCache", "Never pay twice for the same answer", "AgentCache Inc.",
        "direct", 13, 12_000_000, "retail", _DIRECT, "direct customers: plan fee + usage",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Amendment:
    """Terms of a partner that were changed, so many months before the demo began."""

    slug: str
    months_before: int
    changes: dict[str, Any]


AMENDMENTS = (
    Amendment("redis-labs", 3, {"payment_days": 45}),
    # No month of it earns as much: its balance is carried forward.
    Amendment("pinecone", 4, {"min_payout_minor": 50_000_00}),
    # Its tax status was entered a month late: the last month's run is parked until somebody does.
    Amendment("gcp-memorystore", 1, {"tax": "charged"}),
)
CONSOLE_PEOPLE = (
    ("prepare@agentcache.example", "Priya Prepare", "finance_preparer"),
    ("approve@agentcache.example", "Anton Approve", "finance_approver"),
    ("ops@agentcache.example", "Olga Ops", "superadmin"),
)
# Two owners: a change of where the money goes needs a second one.
PARTNER_PEOPLE = (
    ("owner", "owner"), ("cfo", "owner"), ("finance", "finance"), ("developer", "developer"),
)  # fmt: skip
CUSTOMER_ROLES = (("owner", "customer_owner"), ("billing", "customer_billing"))
