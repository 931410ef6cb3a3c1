from django.db import migrations, models

# Of those that were over before anybody looked, nothing is demanded anew.
_OVER = """
UPDATE loans_outage SET lifted_at = ends_at + make_interval(hours => grace_hours)
WHERE ends_at + make_interval(hours => grace_hours) <= now() - interval '5 minutes'
"""


class Migration(migrations.Migration):
    dependencies = [("loans", "0022_when_an_outage_was_listed")]

    operations = [
        migrations.AddField(
            model_name="outage",
            name="lifted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.RunSQL(_OVER, migrations.RunSQL.noop),
    ]
