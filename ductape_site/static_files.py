"""How static files are stored for production: compressed, and under names that change with their content."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedAndCompressedStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Also rewrites what JavaScript modules import, or a browser would keep an old module beside a new one."""

    support_js_module_import_aggregation = True
