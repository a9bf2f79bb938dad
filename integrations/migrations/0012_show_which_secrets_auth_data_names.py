from typing import Any

from django.db import migrations

from integrations import sealing, strict_json
from integrations.definitions.secrecy import masked

#: The model, and what its sealed column is bound to.
_SEALED = (("Environment", "environment.auth"), ("AppBinding", "app_binding.auth"))


def show_references(apps: Any, _schema_editor: Any) -> None:
    """Mask what is sealed once more: a text that only names a secret is shown from now on."""
    keyring = sealing.keyring()
    for name, purpose in _SEALED:
        for row in apps.get_model("integrations", name).objects.exclude(sealed_auth=""):
            try:
                data = keyring.open(row.sealed_auth, identity=f"{purpose}:{row.seal_id}")
            except sealing.SealBroken:
                continue  # it stays masked as a whole, and says so once it is used
            row.auth_shape = masked(strict_json.loads(data))
            row.save(update_fields=["auth_shape"])


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_unfrozen_environments_and_leased_runs"),
    ]

    operations = [
        migrations.RunPython(show_references, migrations.RunPython.noop),
    ]
