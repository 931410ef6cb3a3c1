"""A payment that came back, was booked after all and comes back again is told as returned once more."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0015_written'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='prompt',
            name='prompt_once_a_payment',
        ),
        migrations.AddConstraint(
            model_name='prompt',
            constraint=models.UniqueConstraint(condition=models.Q(('payment__isnull', False), ('voided_at', None)), fields=('payment', 'kind'), name='prompt_once_a_payment'),
        ),
    ]
