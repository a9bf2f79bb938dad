from __future__ import annotations

import pytest

from integrations import models
from integrations.actors import SYSTEM
from integrations.errors import AlreadyExists, DefinitionError, InUse, NotFound, PermissionRefused
from integrations.operations import integrations
from integrations.types import JsonObject
from tests.factories.run import RunFactory
from tests.scenes.scene import everything_but, last_audit, make_integration, make_scene, person

pytestmark = pytest.mark.django_db

VALUES: JsonObject = {"name": "Order sync", "description": "Keeps orders equal"}


def test_create_makes_its_creator_a_member(db: None) -> None:
    creator = person("add_integration", "view_integration")

    row = integrations.create(values=VALUES, by=creator)

    assert (row.tag, row.created_by, list(row.members.all())) == ("order_sync", creator, [creator])
    assert integrations.fetch(tag="order_sync", by=creator) == row
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag, audit.by) == ("add", "integration", "order_sync", creator)


def test_create_of_a_name_that_exists_opens_it_whatever_its_case() -> None:
    first = integrations.create(values=VALUES, by=SYSTEM)

    again = integrations.create(values={**VALUES, "name": " ORDER Sync", "description": "Another"}, by=SYSTEM)

    assert again == first
    assert again.description == VALUES["description"]
    assert models.AuditRecord.objects.count() == 1


@pytest.mark.parametrize(("first", "second"), [(True, False), (False, True), (True, True)])
def test_create_of_a_name_that_one_of_the_two_wants_for_itself_is_refused(first: bool, second: bool) -> None:
    integrations.create(values={**VALUES, "unique": first}, by=SYSTEM)

    with pytest.raises(AlreadyExists, match='there is already an integration "order SYNC"'):
        integrations.create(values={**VALUES, "name": "order SYNC", "unique": second, "tag": "other"}, by=SYSTEM)

    assert models.Integration.objects.count() == 1


def test_create_opens_the_namesake_that_its_caller_may_see() -> None:
    creator = person("add_integration")
    make_integration()
    own = integrations.save(
        row=models.Integration(created_by=creator),
        definition=integrations.parse({**VALUES, "tag": "own"}),
        by=creator,
    )

    assert integrations.create(values=VALUES, by=creator) == own


def test_create_of_a_name_that_its_caller_may_not_see_is_refused() -> None:
    make_integration()

    with pytest.raises(AlreadyExists):
        integrations.create(values=VALUES, by=person("add_integration"))


def test_save_reports_a_taken_tag_and_a_taken_name_at_once() -> None:
    integrations.create(values={**VALUES, "unique": True}, by=SYSTEM)

    with pytest.raises(DefinitionError) as caught:
        integrations.save(row=models.Integration(), definition=integrations.parse(VALUES), by=SYSTEM)

    assert [problem.place for problem in caught.value.problems] == ["integrations/tag", "integrations/name"]


def test_update_that_becomes_unique_beside_a_namesake_is_refused() -> None:
    make_integration()
    integrations.save(row=models.Integration(), definition=integrations.parse({**VALUES, "tag": "second"}), by=SYSTEM)

    with pytest.raises(DefinitionError, match='already an integration "Order sync"'):
        integrations.update(tag="second", changes={"unique": True}, by=SYSTEM)


def test_update_of_the_tag_moves_it() -> None:
    make_integration()

    integrations.update(tag="order_sync", changes={"tag": "orders", "name": "Orders"}, by=SYSTEM)

    with pytest.raises(NotFound, match='there is no integration "order_sync"; there are: "orders"'):
        integrations.fetch(tag="order_sync", by=SYSTEM)
    assert last_audit().changes.keys() == {"name", "tag"}


def test_foreign_integration_answers_like_a_missing_one() -> None:
    own, foreign = make_integration("Own"), make_integration("Foreign")
    member = person(*everything_but("view_every_integration"), member_of=own)

    with pytest.raises(NotFound) as missing:
        integrations.fetch(tag="gone", by=member)
    with pytest.raises(NotFound) as hidden:
        integrations.fetch(tag="foreign", by=member)
    with pytest.raises(NotFound):
        integrations.update(tag="foreign", changes={}, by=member)

    assert str(hidden.value) == str(missing.value).replace("gone", "foreign")
    assert integrations.fetch_all(by=member) == [own]
    assert integrations.fetch_all(by=person("view_integration", "view_every_integration")) == [foreign, own]


def test_membership_without_the_permission_shows_nothing() -> None:
    row = make_integration()
    member = person(member_of=row)

    with pytest.raises(PermissionRefused):
        integrations.fetch(tag=row.tag, by=member)
    with pytest.raises(PermissionRefused):
        integrations.fetch_all(by=member)


def test_each_verb_takes_its_own_permission() -> None:
    row = make_integration()

    with pytest.raises(PermissionRefused):
        integrations.create(values=VALUES, by=person(*everything_but("add_integration")))
    with pytest.raises(PermissionRefused):
        integrations.update(tag=row.tag, changes={}, by=person(*everything_but("change_integration")))
    with pytest.raises(PermissionRefused):
        integrations.set_members(row=row, members=[], by=person(*everything_but("change_integration")))
    with pytest.raises(PermissionRefused):
        integrations.delete(row=row, by=person(*everything_but("delete_integration")))


def test_delete_takes_everything_along_but_the_audit_record() -> None:
    row = make_scene()

    integrations.delete(row=row, by=SYSTEM)

    assert not models.Integration.objects.exists()
    assert not models.FeatureVersion.objects.exists()
    assert models.App.objects.count() == 1
    assert models.AuditRecord.objects.filter(integration_tag="order_sync", kind="feature").exists()
    audit = last_audit()
    assert (audit.action, audit.kind, audit.tag) == ("delete", "integration", "order_sync")


def test_integration_with_runs_is_not_deleted() -> None:
    row = make_scene()
    feature = models.Feature.objects.get()
    RunFactory.create(feature_version=feature.latest_version(), environment=row.environments.get())

    with pytest.raises(InUse, match="1 runs in its history"):
        integrations.delete(row=row, by=SYSTEM)


def test_members_are_set_and_written_down_once() -> None:
    row = make_integration()
    ann, ben = person(), person()

    integrations.set_members(row=row, members=[ann, ben], by=SYSTEM)
    integrations.set_members(row=row, members=[ben, ann], by=SYSTEM)

    assert set(row.members.all()) == {ann, ben}
    audits = models.AuditRecord.objects.filter(action="change")
    assert [audit.changes for audit in audits] == [{"members": {"from": [], "to": [ann.username, ben.username]}}]
