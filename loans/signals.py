"""The few things that happen in this floor and that a floor above may want to tell someone about.

Each is sent inside the transaction that made the fact, with ids only; a receiver writes rows and nothing else.
"""

from django.dispatch import Signal

# The platform saw payments that the bank has not booked: payment_ids.
payments_received = Signal()
# The bank booked payments: payment_ids.
payments_settled = Signal()
# Payments that had been seen or booked were returned or refused: payment_ids.
payments_returned = Signal()
# Installments that are new, or whose state, due date or total changed: installment_ids.
installments_changed = Signal()
# Loans are another borrower's than before: loan_ids. Before all that is news to the new one.
loans_given_over = Signal()
# An outage touches installments that it had not touched before: installment_ids, outage_id.
installments_held = Signal()
# A borrower opened a dispute: dispute_id, about (what the page it came from gave it, passed through unread).
dispute_opened = Signal()
# An agent wrote to the borrower: dispute_id, message_id.
dispute_answered = Signal()
# An agent decided: dispute_id.
dispute_decided = Signal()
