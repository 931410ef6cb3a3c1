"""The portal's settings with the limit's and the peers' addresses beside the portal's own."""

from benchmarks.peers.anymail_bodies import SECRET
from portal.settings import *  # noqa: F403
from portal.settings import DATA_DIR

ROOT_URLCONF = "benchmarks.web.urls"
STATIC_ROOT = DATA_DIR / "static"
ANYMAIL = {"WEBHOOK_SECRET": SECRET}
