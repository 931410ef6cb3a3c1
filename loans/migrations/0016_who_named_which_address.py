from django.db import migrations

# Whoever had loans of a person then is taken to have named the addresses that came from firms.
NAMED = """
UPDATE accounts_contactpoint AS point SET named_by = firms.ids
FROM (
    SELECT loan.borrower_id, array_agg(DISTINCT firm.id ORDER BY firm.id) AS ids
    FROM loans_loan AS loan, LATERAL (VALUES (loan.bank_id), (loan.platform_id)) AS firm (id)
    WHERE firm.id IS NOT NULL GROUP BY loan.borrower_id) AS firms
WHERE firms.borrower_id = point.user_id AND point.source = 'partner' AND point.verified_at IS NULL
  AND point.retired_at IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0007_named_by"),
        ("loans", "0015_what_was_ever_said"),
    ]

    operations = [migrations.RunSQL(NAMED, migrations.RunSQL.noop)]
