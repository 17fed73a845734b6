"""The tour's rows, S1–S21, and what the demo simulates. Data."""

from portal.demo.tour import answering, money, sdk, seeing, totals
from portal.demo.tour.running import Row

# `seen`: addresses on the console (they begin with /), on partners' hosts (//slug/…), commands.
ROWS: tuple[Row, ...] = (
    Row(
        "S1",
        "Overflow API",
        "A primary cache that misses asks us: looked up, stored, metered before it is answered.",
        ("//redis-labs/docs/api/", "docs/integrating.md"),
        answering.overflow_api,
    ),
    Row(
        "S2",
        "Partner SDK",
        "A client for Python and JavaScript that never breaks its caller.",
        ("//redis-labs/docs/sdk/", "make test-sdk"),
        sdk.client,
    ),
    Row(
        "S3",
        "Primary-cache integration",
        "Redis, Memcached and Dragonfly clients that fall back on a miss or a slow answer.",
        ("docs/sdk.md",),
        sdk.primary,
    ),
    Row(
        "S4",
        "HybridCache",
        "Exact first, then by meaning beside a vector database, then the model, then stored.",
        ("docs/sdk-llm.md",),
        sdk.hybrid,
    ),
    Row(
        "S5",
        "White-label dashboard",
        "Each partner's portal on its own host, in its own name and colours.",
        ("//redis-labs/manage/", "//pinecone/", "/style/"),
        seeing.white_label,
    ),
    Row(
        "S6",
        "Revenue share",
        "30, 20 or 40 % for the partner where we collect, 60 % for a cloud that collects.",
        ("//redis-labs/manage/statements/", "/agreements/"),
        money.revenue_share,
    ),
    Row(
        "S7",
        "OEM licence",
        "A yearly base fee, $0.001 for each cached request, revenue deferred and earned.",
        ("/partners/azure-cache/", "/books/"),
        money.oem,
    ),
    Row(
        "S8",
        "Infrastructure as a service",
        "Wholesale at half of retail, with the retail prices of the month.",
        ("/partners/gcp-memorystore/",),
        money.wholesale,
    ),
    Row(
        "S9",
        "Proof of concept",
        "Free for six months, but metered and rated, with a countdown; then 30 %.",
        ("/partners/together-ai/", "//together-ai/manage/agreement/"),
        money.poc,
    ),
    Row(
        "S10",
        "LLM provider caching",
        "OpenAI, Anthropic, Cohere, Together: their own requests, answers and clients.",
        ("//together-ai/docs/api/",),
        answering.providers,
    ),
    Row(
        "S11",
        "AI features",
        "The same question spelled otherwise, streams, large answers, near questions.",
        ("docs/integrating.md", "python -m bench semantic"),
        answering.ai_features,
    ),
    Row(
        "S12",
        "Multi-tenant isolation",
        "A schema, a database role and an encryption key for each partner.",
        ("docs/security.md",),
        answering.isolation,
    ),
    Row(
        "S13",
        "Global edge",
        "Regional edges with their own memory and stream; below 50 ms.",
        ("/regions/", "make run REGIONS=3"),
        answering.edge,
    ),
    Row(
        "S14",
        "Usage analytics",
        "An explorer over thirteen months with exports and alerts.",
        ("//redis-labs/manage/usage/", "//redis-labs/manage/alerts/"),
        seeing.analytics,
    ),
    Row(
        "S15",
        "Agreement documents",
        "Papers written from the terms that rating reads, sent and kept signed.",
        ("/agreements/", "//redis-labs/manage/agreement/"),
        money.papers,
    ),
    Row(
        "S16",
        "Direct customers",
        "Our own customers under a house partner, with plan fees.",
        ("/partners/direct/", "//direct/"),
        money.direct,
    ),
    Row(
        "S17",
        "Channel metrics",
        "Partners, ARR, the part that partners drive, latency, hit rate, SDK adoption.",
        ("/",),
        seeing.cockpit,
    ),
    Row(
        "S18",
        "Projections",
        "The strategy's scenarios to the dollar, and one fed with real agreements.",
        ("/projections/",),
        seeing.projections,
    ),
    Row(
        "S19",
        "Monitoring",
        "Health, metrics and a status page with incidents, for partners too.",
        ("/incidents/", "//redis-labs/status/"),
        seeing.monitoring,
    ),
    Row(
        "S20",
        "Renegotiation",
        "Versions that refuse change, amendments by two people, what-if.",
        ("/agreements/", "/finance/margins/"),
        money.renegotiation,
    ),
    Row(
        "S21",
        "Monthly settlement",
        "Frozen, rated, reviewed, approved by a second person, issued, paid.",
        ("/finance/", "/payouts/", "manage.py reconcile"),
        money.settlement,
    ),
)

# What takes too long for a page: `make tour` alone asks it.
AT_LENGTH: tuple[Row, ...] = (
    Row(
        "totals",
        "Every figure, everywhere",
        "Rows, lines, control room and journal of every partner and month, as they are served.",
        ("make tour",),
        totals.totals,
    ),
)

SIMULATED: tuple[tuple[str, str], ...] = (
    (
        "Thirteen months of traffic",
        "Generated from a seed, recorded by the recorder's own action; the trickle of now is real"
        " requests.",
    ),
    (
        "Stripe",
        "A simulator on loopback, marked on its pages; a real key in STRIPE_API_KEY replaces it.",
    ),
    ("Mail", "Kept in a folder and shown at /demo/mail/ on each host; EMAIL_URL sends it."),
    (
        "Bank",
        "Customers' payments and payouts of past months are written as a bank would tell them.",
    ),
    (
        "DNS and certificates",
        "Hosts below .localhost, no certificates; what DNS says of Redis Labs' own names, and what "
        "the receivers of its webhooks answer, is written down as it would be.",
    ),
    ("Second factor", "Not asked for; REQUIRE_MFA=1 asks."),
    (
        "Companies and people",
        "All terms, customers and people are invented; everybody has the one password printed at "
        "the start.",
    ),
    (
        "Providers and models",
        "No model is asked: what is stored are made-up answers in the providers' own shapes.",
    ),
)
