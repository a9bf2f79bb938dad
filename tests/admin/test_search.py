"""What the command palette finds, for whom."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import RequestFactory
from django.urls import path
from pytest_django import DjangoAssertNumQueries
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from integrations.admin import search
from integrations.models import Integration


class IntegrationAdmin(ModelAdmin):
    search_fields = ("name",)
    ordering = ("name",)


site = UnfoldAdminSite()
site.register(Integration, IntegrationAdmin)

urlpatterns = [path("admin/", site.urls)]

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture(autouse=True)
def _only_integrations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admin, "site", site)


@pytest.fixture
def reader() -> User:
    user = User.objects.create_user("ada", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_integration"))
    return user


def test_search_finds_records_by_the_fields_of_their_admin(reader: User) -> None:
    wanted = Integration.objects.create(name="Auction house", tag="auction_house")
    Integration.objects.create(name="Ledger", tag="ledger")

    [result] = search.search_records(_request(reader), "auction")

    assert result.title == "Auction house"
    assert result.link == f"/admin/integrations/integration/{wanted.pk}/change/"
    assert result.description == "integration"


def test_search_without_permission_finds_nothing() -> None:
    Integration.objects.create(name="Auction house", tag="auction_house")
    outsider = User.objects.create_user("grace", is_staff=True)

    assert search.search_records(_request(outsider), "auction") == []


def test_search_that_fits_many_gives_the_first_few(reader: User) -> None:
    for number in range(search.RECORDS_PER_MODEL + 2):
        Integration.objects.create(name=f"Auction {number}", tag=f"auction_{number}")

    results = search.search_records(_request(reader), "auction")

    assert len(results) == search.RECORDS_PER_MODEL


def test_search_for_one_letter_reads_nothing(reader: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    Integration.objects.create(name="Auction house", tag="auction_house")

    with django_assert_num_queries(0):
        assert search.search_records(_request(reader), "a") == []


def _request(user: User) -> HttpRequest:
    request = RequestFactory().get("/admin/search/")
    request.user = user
    return request
