"""When borrowers are told, and how patiently."""

from datetime import timedelta

from portal.settings.environment import env

# When people may be told, in their own zone; see notifications.timing.ContactHours.
CONTACT_HOURS = env.str("CONTACT_HOURS", default="")
# A folder with policy files of one's own, which take the place of the shipped ones; see docs/policies.md.
POLICY_FOLDER = env.str("POLICY_FOLDER", default="")
# Multiplies every wait of the ladders: 1 in life, a fraction in a demonstration.
LADDER_PACE = env.float("LADDER_PACE", default=1.0)
# What was told is kept so long after its case was closed. The longest that we know of is six years, for which a default
# stands in a record in the United Kingdom; China keeps five (Order 631, Article 16).
HISTORY_YEARS = env.int("HISTORY_YEARS", default=6)
# A worker that has held a claim for longer has lost it; no task may run so long (CELERY_TASK_TIME_LIMIT).
CLAIM_LEASE = timedelta(seconds=env.float("CLAIM_LEASE", default=600.0))
# Before the second attempt at a hand-over that failed for the moment; doubled each time.
RETRY_AFTER = timedelta(seconds=env.float("RETRY_AFTER", default=30.0))
