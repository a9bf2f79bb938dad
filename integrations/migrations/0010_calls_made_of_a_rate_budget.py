from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0009_run_by_environment_and_slots_of_several"),
    ]

    operations = [
        migrations.AddField(
            model_name="ratebudget",
            name="sent_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
