from django.db import migrations

# As if the bank's figures held nothing of what only the platform has seen; what its next report says of a loan is
# derived with the figures.
_SEEN = """
UPDATE loans_paymentpart AS part SET since = part.amount
FROM loans_payment AS payment
WHERE payment.id = part.payment_id AND payment.status = 'received' AND part.since = 0 AND part.amount > 0
"""


class Migration(migrations.Migration):
    dependencies = [("loans", "0023_when_an_outage_was_lifted")]

    operations = [migrations.RunSQL(_SEEN, migrations.RunSQL.noop)]
