"""All settings on one page. Environment variables are read through portal.env, nowhere else."""

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static

from portal import env
from tenants import log_lines
from tenants.rules.brand import FONT_PACKAGES

BASE_DIR = env.BASE_DIR
DATA_DIR = env.data_dir()
DEMO = env.flag("DEMO", True)
DEBUG = False

SECRET_KEY = (
    env.secret("SECRET_KEY_FILE", "secret_key").strip().decode() or "unset-until-the-servers-start"
)
KEK = env.secret("KEK_FILE", "kek")
SECRET_FILES = [
    path
    for name in ("KEK_FILE", "SECRET_KEY_FILE", "STRIPE_API_KEY_FILE", "STRIPE_WEBHOOK_SECRET_FILE")
    if (path := os.environ.get(name))
]

# --- hosts: the domain table decides, not ALLOWED_HOSTS (tenants.middleware) ---
ALLOWED_HOSTS = ["*"]
PLATFORM_DOMAIN = os.environ.get("PLATFORM_DOMAIN", "agentcache.localhost")
CONSOLE_HOST, CONSOLE_URL = env.console_host(), env.console_url()
WEB_PORT, EDGE_PORT = env.number("WEB_PORT", 8000), env.number("EDGE_PORT", 8001)
HTTPS = env.flag("HTTPS", not DEMO)

# --- partners' own domains: CNAME targets, who is asked, whom we trust (docs/deploy/) ---
EDGE_DOMAIN = os.environ.get("EDGE_DOMAIN", f"edge.{PLATFORM_DOMAIN}")
DNS_SERVERS = os.environ.get("DNS_SERVERS", "").split()  # `address:port`; none: the machine's
CERT_AUTHORITIES = os.environ.get("CERT_AUTHORITIES", "letsencrypt.org").split()
TLS_PROBE_ADDRESS = os.environ.get("TLS_PROBE_ADDRESS", "")  # `address:port` instead of the target
TLS_PROBE_CA_FILE = os.environ.get("TLS_PROBE_CA_FILE", "")
HOLDING_DIR = Path(os.environ.get("HOLDING_DIR") or DATA_DIR / "holding")  # shown by Caddy

# --- apps: an app is wholly public, wholly per partner, or on the short list of both ---
BOTH_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "tenants.accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]
SHARED_APPS = ["django_tenants", "tenants", "cache_api.metering", "billing", *BOTH_APPS]
TENANT_APPS = [*BOTH_APPS, "cache_api", "portal"]
INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # before the admin, whose templates it replaces
    "portal.records.apps.AdminConfig",
    *SHARED_APPS,
    *[app for app in TENANT_APPS if app not in SHARED_APPS],
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "django_cotton",
    "rest_framework",
    "drf_spectacular",
]
MIGRATION_MODULES = {"admin": None}  # it has no table here
TENANT_MODEL = "tenants.Partner"
TENANT_DOMAIN_MODEL = "tenants.Domain"
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_LIMIT_SET_CALLS = True
TENANT_BASE_MIGRATE_COMMAND = "tenants.db.migrating.Command"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

# --- database: one login per kind of process (design: database roles) ---
DB_LOGIN = os.environ.get("AC_DB_LOGIN", "web")
DB_URL_BY_LOGIN = {
    "web": "DATABASE_URL",
    "owner": "OWNER_DATABASE_URL",
    "recorder": "RECORDER_DATABASE_URL",
    "settle": "SETTLE_DATABASE_URL",
}
DATABASE_URLS = {login: env.url(name) for login, name in DB_URL_BY_LOGIN.items()}
if DB_LOGIN not in DB_URL_BY_LOGIN:
    raise ImproperlyConfigured(
        f"AC_DB_LOGIN={DB_LOGIN!r}: use one of {', '.join(DB_URL_BY_LOGIN)}."
    )
# A page says that it has no data rather than wait for a stuck server; settling may take its time.
PAGE_DEADLINE_S = env.number("PAGE_DEADLINE_MS", 10_000) / 1000
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "tenants.db",
        **env.database(env.url(DB_URL_BY_LOGIN[DB_LOGIN])),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # Cursors are read to their end here; by default Postgres plans for their first tenth, and
        # sums a month by sorting millions of rows.
        "OPTIONS": {
            "connect_timeout": min(5, max(2, int(PAGE_DEADLINE_S))),
            "options": "-c cursor_tuple_fraction=1",
            **env.database_options(env.url(DB_URL_BY_LOGIN[DB_LOGIN])),
        },
        "DEADLINE_S": PAGE_DEADLINE_S if DB_LOGIN == "web" else None,
        "ATOMIC_REQUESTS": False,
    }
}

# --- Valkey and Celery ---
CACHE_URL = env.url("CACHE_URL")
EVENTS_URL = env.url("EVENTS_URL")
BROKER_URL = env.broker_url()
CACHES = {
    "default": {
        "BACKEND": "portal.gateways.page_cache.PageCache",
        "LOCATION": CACHE_URL or "redis://127.0.0.1:1/0",
        "KEY_FUNCTION": "tenants.schema.cache_key",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}

# --- the request's way in ---
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.framing.FramingMiddleware",
    "portal.framing.FirstPieceMiddleware",
    "portal.language.LanguageMiddleware",
    "portal.metrics.MetricsMiddleware",
    "tenants.middleware.HostMiddleware",
    "cache_api.views.middleware.ApiMiddleware",  # the API goes no further
    "portal.log_context.LogContextMiddleware",
    "tenants.middleware.LeadMiddleware",
    "tenants.middleware.ScopeMiddleware",
    "tenants.middleware.PreviewMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.body_size.BodySizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "tenants.middleware.SessionScopeMiddleware",
    "portal.language.PersonLanguageMiddleware",
    "tenants.accounts.second_factor.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.read_only.ReadOnlyMiddleware",
    "portal.overlay.OverlayMiddleware",
    "portal.look.LookMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
CSRF_FAILURE_VIEW = "portal.views.errors.form_expired"
ROOT_URLCONF = "portal.urls.partner"
CONSOLE_URLCONF = "portal.urls.console"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    [
                        "django_cotton.cotton_loader.Loader",
                        "django.template.loaders.filesystem.Loader",
                        "django.template.loaders.app_directories.Loader",
                    ],
                )
            ],
            "builtins": ["django_cotton.templatetags.cotton", "django.templatetags.i18n"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.page",
            ],
        },
    }
]
COTTON_DIR = "cotton"

# --- people ---
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
     "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]  # fmt: skip
ACCOUNT_ADAPTER = "tenants.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True  # on partners' hosts; a second factor is asked for after it
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 10 * 60  # mails take their time; three tries a code
ACCOUNT_RATE_LIMITS = {"sso": "60/m/ip"}  # ways to an identity provider; the others stay theirs
# A second factor: owners and all platform staff must have one (tenants.accounts.second_factor).
REQUIRE_MFA = env.flag("REQUIRE_MFA", not DEMO)
MFA_ADAPTER = "tenants.accounts.second_factor.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS  # browsers allow it on *.localhost only
MFA_ALLOW_UNVERIFIED_EMAIL = True  # an invitation's link came by that mail
MFA_TOTP_TOLERANCE = 1
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if HTTPS else 0  # whose address sessions and rate limits are told
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
# `__Host-` needs https; plain names are used on loopback http only (tenants.checks refuses others).
SESSION_COOKIE_NAME = "__Host-sid" if HTTPS else "sid"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_S = env.number("SESSION_IDLE_MINUTES", 120) * 60
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024  # with all files: portal.body_size

# --- mail: the demo writes to a folder that /demo/mail/ shows ---
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"no-reply@{PLATFORM_DOMAIN}")
# What the SPF record of a partner's own domain includes; it names our mail servers.
MAIL_SPF_DOMAIN = os.environ.get("MAIL_SPF_DOMAIN", f"spf.{PLATFORM_DOMAIN}")
SECURITY_EMAIL = os.environ.get("SECURITY_EMAIL", f"security@{PLATFORM_DOMAIN}")
EMAIL_URL = os.environ.get("EMAIL_URL", "")
EMAIL_BACKEND = (
    "django.core.mail.backends.filebased.EmailBackend"
    if DEMO and not EMAIL_URL
    else "django.core.mail.backends.smtp.EmailBackend"
)
EMAIL_FILE_PATH = str(DATA_DIR / "mail")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
EMAIL_TIMEOUT = 15
globals().update(env.mail(EMAIL_URL))

# --- webhooks: only a developer's own machine may be told by http on loopback ---
WEBHOOK_LOOPBACK = env.flag("WEBHOOK_LOOPBACK", DEMO)
SSO_LOOPBACK = env.flag("SSO_LOOPBACK", DEMO)  # as for identity providers

# --- language, time, static files ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # each by its own name
LOCALE_PATHS = [DATA_DIR / "locale"]  # compiled from BASE_DIR/locale by portal.apps
LANGUAGE_COOKIE_NAME = "__Host-lang" if HTTPS else "lang"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
# Wheels carry fonts (unfold, an app, has Inter).
_wheels = {f"fonts/{name}": (package, "files") for name, package in FONT_PACKAGES.items()}
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (prefix, Path(find_spec(package).submodule_search_locations[0]) / inside)  # type: ignore[union-attr,index]
        for prefix, (package, inside) in _wheels.items()
    ),
]
# The raw records (/admin/) in our own colours: the steps of the console's brand.
UNFOLD = {
    "SITE_ICON": lambda _request: static("img/icon-default.svg"),
    "STYLES": [lambda _request: static("css/records.css")],
    "COLORS": {"primary": {
        "50": "oklch(98.5% .012 184)", "100": "oklch(95.6% .028 186)", "200": "oklch(90% .047 185)",
        "300": "oklch(85.8% .056 186)", "400": "oklch(77.1% .068 186)",
        "500": "oklch(64.9% .081 186)", "600": "oklch(47.6% .081 186)",
        "700": "oklch(43.7% .077 185)", "800": "oklch(40.8% .072 185)",
        "900": "oklch(37.1% .06 185)", "950": "oklch(23.9% .04 187)",
    }},
}  # fmt: skip
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "portal.gateways.static_files.StaticFiles"},
}
WHITENOISE_MAX_AGE = 31_536_000

# Who we are on documents; an operator's own facts come from the environment.
PLATFORM_PARTY = {
    "legal_name": os.environ.get("PLATFORM_LEGAL_NAME", "AgentCache, Inc."),
    "address": os.environ.get("PLATFORM_ADDRESS", "").splitlines(),
    "country": os.environ.get("PLATFORM_COUNTRY", "US"),
    "tax_id": os.environ.get("PLATFORM_TAX_ID", ""),
    "email": os.environ.get("PLATFORM_EMAIL", f"billing@{PLATFORM_DOMAIN}"),
}

# Our bank account, from which payouts are ordered (pain.001).
PLATFORM_ACCOUNT = {
    "iban": os.environ.get("PLATFORM_IBAN", ""),
    "bic": os.environ.get("PLATFORM_BIC", ""),
}

# --- Stripe: without a key everything works, payments come by hand and by bank file ---
STRIPE_API_KEY = env.text("STRIPE_API_KEY")
STRIPE_API_BASE = os.environ.get("STRIPE_API_BASE", "")
STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET")
STRIPE_SIMULATED = env.flag("STRIPE_SIMULATED", False)

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Overflow API",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "cache_api.openapi.complete",
    ],
}
LOG_LEVEL = (os.environ.get("LOG_LEVEL") or "INFO").upper()
LOGGING = log_lines.config(as_json=env.flag("LOG_JSON", not DEMO), level=LOG_LEVEL)
# What `check --deploy` would say and nobody should follow here.
SILENCED_SYSTEM_CHECKS = [
    "security.W002",  # frames are refused by the policy (frame-ancestors)
    "security.W005",  # a partner's subdomains are not ours to pin
    "security.W008",  # Caddy leads from http to https
    "security.W021",  # likewise the browsers' list
    "drf_spectacular.W001",  # names inside the OpenAPI document
]
