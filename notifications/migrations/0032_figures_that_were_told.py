from django.db import migrations, models

# Who told before this was kept told the figures of then, which hold unless the bank has changed them since.
_TOLD_AS_IT_IS = """
UPDATE notifications_agenttask AS task SET version = installment.version
FROM loans_installment AS installment
WHERE task.kind = 'untold' AND task.outcome = 'told' AND installment.id = task.installment_id
  AND task.done_at >= installment.known_at
"""


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0031_what_nobody_has_applied'),
    ]

    operations = [
        migrations.AddField(
            model_name='agenttask',
            name='version',
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name='schedule version'),
        ),
        migrations.RunSQL(_TOLD_AS_IT_IS, migrations.RunSQL.noop),
    ]
