import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loans', '0025_since_when_a_partner_is_known'),
    ]

    operations = [
        migrations.AddConstraint(
            model_name='partner',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('code'), name='partner_code_once_in_any_letters', violation_error_message='Another firm has this code, but for capital letters.'),
        ),
    ]
