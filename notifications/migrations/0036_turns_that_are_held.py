from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0035_who_says_what_arrives'),
    ]

    operations = [
        migrations.AlterField(
            model_name='duty',
            name='status',
            field=models.CharField(choices=[('waiting', "the firm's turn"), ('passed_on', "the other firm's turn"), ('met', 'told by a firm'), ('taken_over', 'taken over by the portal'), ('void', 'not needed any more'), ('held', 'held: it may have been paid')], default='waiting', max_length=12, verbose_name='status'),
        ),
        migrations.AddIndex(
            model_name='duty',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['portal_at'], name='duty_held'),
        ),
    ]
