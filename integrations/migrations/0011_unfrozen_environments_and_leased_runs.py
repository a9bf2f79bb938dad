from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0010_calls_made_of_a_rate_budget"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="freeze",
            options={
                "default_permissions": ("view",),
                "permissions": [("freeze_environment", "Can freeze and unfreeze environments")],
            },
        ),
        migrations.RemoveConstraint(model_name="freeze", name="freeze_in_force_unique"),
        migrations.RenameField(model_name="freeze", old_name="released_at", new_name="unfrozen_at"),
        migrations.RenameField(model_name="freeze", old_name="released_by", new_name="unfrozen_by"),
        migrations.AddConstraint(
            model_name="freeze",
            constraint=models.UniqueConstraint(
                condition=models.Q(("unfrozen_at__isnull", True)),
                fields=("environment",),
                name="freeze_in_force_unique",
            ),
        ),
        migrations.RenameIndex(model_name="run", new_name="run_leased", old_name="run_held"),
    ]
