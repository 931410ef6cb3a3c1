"""What happens in this floor and a floor above may want to follow. Sent inside the transaction that made the fact, with
ids only; a receiver writes rows and nothing else.
"""

from django.dispatch import Signal

# Firms named phones of people whom they had named before, that were not in use until then: user_ids. The people are
# locked.
phones_named = Signal()
