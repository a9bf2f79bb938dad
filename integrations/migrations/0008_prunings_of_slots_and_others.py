from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0007_replays_and_failure_groups"),
    ]

    operations = [
        migrations.AddField(model_name="pruning", name=name, field=models.PositiveBigIntegerField(default=0))
        for name in ("slots", "failure_groups", "bulk_operations", "workers", "sessions")
    ]
