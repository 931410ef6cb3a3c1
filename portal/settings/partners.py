"""The interface of banks and platforms, and what they are told."""

from portal.settings.environment import env

# An access token of a partner's client lives so long; the clients are few, the tokens stored as hashes.
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 3600
# Lets events for partners go by plain http, to any port and to our own network: for tests and a sandbox, never in life.
OUTWARD_ALLOW_PRIVATE = env.bool("OUTWARD_ALLOW_PRIVATE", default=False)

# The longest message of events that a partner may push, in bytes.
EVENTS_BODY_LIMIT = env.int("EVENTS_BODY_LIMIT", default=1_000_000)
# The longest file of JSON or CSV that is read, in bytes: it passes through memory whole, in several copies.
TABLE_FILE_LIMIT = env.int("TABLE_FILE_LIMIT", default=32_000_000)
# The longest statement in XML or MT940, which passes through memory in pieces.
STATEMENT_FILE_LIMIT = env.int("STATEMENT_FILE_LIMIT", default=1_000_000_000)
# How often one partner may ask in a minute, and one address for a token.
PARTNER_QUERIES_A_MINUTE = env.int("PARTNER_QUERIES_A_MINUTE", default=1_200)
PARTNER_TOKENS_A_MINUTE = env.int("PARTNER_TOKENS_A_MINUTE", default=30)
# Nobody is let in unless a view says who: no session, no password. Each view names its own way to prove who asks.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "loans.api.problems.answer",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Dueproof for partners",
    "DESCRIPTION": "What banks and platforms tell the portal, and what they may ask it. See docs/partners.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "loans.api.schema.close_objects",
    ],
    "ENUM_NAME_OVERRIDES": {"FirmChannelEnum": ["sms", "email", "push", "voice", "letter", "in_app"]},
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
}
