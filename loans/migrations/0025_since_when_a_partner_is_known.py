
import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models

# When it was first spoken with, or of. Of one that never was nothing tells: since now.
SINCE = """
UPDATE loans_partner AS partner SET known_since = heard.since
FROM (
    SELECT known.id, min(known.since) AS since
    FROM (
        SELECT partner_id AS id, min(received_at) AS since FROM loans_report GROUP BY partner_id
        UNION ALL
        SELECT partner_id, min(valid_from) FROM loans_partnerkey GROUP BY partner_id
        UNION ALL
        SELECT bank_id, min(created_at) FROM loans_loan GROUP BY bank_id
        UNION ALL
        SELECT platform_id, min(created_at) FROM loans_loan GROUP BY platform_id) AS known
    GROUP BY known.id) AS heard
WHERE partner.id = heard.id AND heard.since < partner.known_since
"""


class Migration(migrations.Migration):
    dependencies = [("loans", "0024_what_the_figure_cannot_hold")]

    operations = [
        migrations.AddField(
            model_name="partner",
            name="known_since",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
                editable=False,
                verbose_name="known since",
            ),
        ),
        migrations.RunSQL(SINCE, migrations.RunSQL.noop),
    ]
