import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0008_prunings_of_slots_and_others"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="run",
            name="environment",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="runs",
                to="integrations.environment",
            ),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["environment", "-created_at"], name="run_by_environment"),
        ),
        migrations.AddIndex(
            model_name="slot",
            index=models.Index(
                condition=models.Q(("until_at__isnull", False)), fields=["job", "until_at"], name="slot_of_several"
            ),
        ),
    ]
