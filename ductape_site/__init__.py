"""The Django project around the `integrations` app: settings, routes and server entry points."""
