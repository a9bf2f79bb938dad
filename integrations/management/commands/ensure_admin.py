"""Make sure that somebody can log in: creates the first superuser, or gives it a new password."""

from __future__ import annotations

import secrets
from argparse import ArgumentParser
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Create the superuser `admin` unless there is a superuser, and print its password once. It is kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--reset-password", action="store_true", help="give the user a new password")

    def handle(self, *args: Any, username: str, reset_password: bool, **options: Any) -> None:
        if not reset_password and User.objects.filter(is_superuser=True, is_active=True).exists():
            return
        user, _ = User.objects.get_or_create(username=username)
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.is_staff = user.is_superuser = user.is_active = True
        user.save()
        self.stdout.write(f"Log in as {username} with the password {password} (shown only now)")
