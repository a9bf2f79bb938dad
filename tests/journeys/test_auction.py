"""The reference project's own scenario, through the SDK and against a real server: deploy an auction and bid on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.actors import SYSTEM
from integrations.builder import Ductape
from integrations.types import JsonObject
from tests.fakes.api import Answer, Api, Request, running_api

pytestmark = pytest.mark.django_db

TOKEN = "eyJhbGciOi-of-the-auctioneer"


def auction_house(request: Request) -> Answer:
    """Log in, deploy contracts and take bids; everything but the login wants the token as it is."""
    if request.path == "/login":
        known = request.body == {"email": "ann@example.com", "password": "correct-horse"}
        return Answer(body={"data": {"access_token": TOKEN}}) if known else Answer(status=401)
    if request.headers.get("authorization") != TOKEN:
        return Answer(status=401, body={"message": "log in first"})
    if request.path == "/contracts":
        return Answer(status=201, body={"data": {"id": "auction-9", **request.body}})
    return Answer(status=201, body={"data": {"id": "bid-4", "auction": request.path.split("/")[2], **request.body}})


@pytest.fixture
def api(local_calls: None) -> Iterator[Api]:
    with running_api(auction_house) as api:
        yield api


@pytest.fixture
def ductape(api: Api) -> Ductape:
    ductape = Ductape(user=SYSTEM)
    app = ductape.get_app_builder()
    app.create_app(app_name="Auction house", tag="auction_house")
    app.create_env(slug="prd", base_url=api.url)
    app.create_action(tag="login", method="POST", resource="/login", body={"email": "string", "password": "string"})
    app.create_action(
        tag="deploy_contract",
        method="POST",
        resource="/contracts",
        headers={"Authorization": "string"},
        body={"item": "string", "reserve": "number"},
        responses=[{"status_code": 201, "body": {"data": {"type": "object", "fields": {"id": {"type": "string"}}}}}],
    )
    app.create_action(
        tag="bid",
        method="POST",
        resource="/auctions/:auction_id/bids",
        params={"auction_id": "string"},
        headers={"Authorization": "string"},
        body={"amount": "number"},
    )
    app.create_auth(tag="user_login", setup_type="credential_access", action_tag="login", expiry=1, period="hours")
    builder = ductape.get_integration_builder()
    builder.create_integration(name="Auctions", description="Deploys auctions and bids on them", unique=True)
    builder.create_env(env_name="Development", slug="dev", auth={})
    access_tag = builder.create_app_access_tag("auction_house")
    builder.add_app(
        access_tag=access_tag,
        envs=[
            {
                "app_env_slug": "prd",
                "integration_env_slug": "dev",
                "auth": {
                    "auth_tag": "user_login",
                    "data": {"body": {"email": "ann@example.com", "password": "correct-horse"}},
                },
            }
        ],
    )
    builder.create_feature(
        tag="deploy_auction",
        name="Deploy an auction",
        input_type="json",
        input={
            "item": {"type": "string", "minlength": 1, "maxlength": 50},
            "reserve": {"type": "number"},
            "bid": {"type": "number"},
        },
        sequence=[
            {
                "sequence_tag": "deploy_an_auction",
                "events": [
                    {
                        "type": "action",
                        "app": access_tag,
                        "event": "deploy_contract",
                        "input": {
                            "headers": {"Authorization": "$Auth{user_login}{data}{access_token}"},
                            "body": {"item": "$Input{item}", "reserve": "$Input{reserve}"},
                        },
                        "retries": 2,
                    }
                ],
            },
            {
                "sequence_tag": "submit_a_bid",
                "parents": ["deploy_an_auction"],
                "events": [
                    {
                        "type": "action",
                        "app": access_tag,
                        "event": "bid",
                        "input": {
                            "headers": {"Authorization": "$Auth{user_login}{data}{access_token}"},
                            "params": {"auction_id": "$Sequence{deploy_an_auction}{deploy_contract}{data}{id}"},
                            "body": {"amount": "$Input{bid}"},
                        },
                    }
                ],
            },
        ],
        output={
            "auction": "$Sequence{deploy_an_auction}{deploy_contract}{data}{id}",
            "bid": "$Sequence{submit_a_bid}{bid}{data}",
        },
    )
    return ductape


def test_deploy_auction_logs_in_deploys_and_bids_on_what_it_deployed(ductape: Ductape, api: Api) -> None:
    result = ductape.get_processor().process_feature(
        integration="auctions",
        env="dev",
        feature_tag="deploy_auction",
        input={"item": "chair", "reserve": 0, "bid": 25},
    )

    assert (result.status, result.error) == ("succeeded", "")
    assert result.output == {"auction": "auction-9", "bid": {"id": "bid-4", "auction": "auction-9", "amount": 25}}
    login, deployed, bid = api.requests
    assert (login.method, login.path) == ("POST", "/login")
    assert login.body == {"email": "ann@example.com", "password": "correct-horse"}
    assert (deployed.method, deployed.path, deployed.body) == ("POST", "/contracts", {"item": "chair", "reserve": 0})
    assert (bid.method, bid.path, bid.body) == ("POST", "/auctions/auction-9/bids", {"amount": 25})
    assert deployed.headers["authorization"] == bid.headers["authorization"] == TOKEN
    assert deployed.headers["idempotency-key"] != bid.headers["idempotency-key"]
    assert TOKEN not in repr(result)


def test_deploy_auction_uses_its_token_again_in_the_next_run(ductape: Ductape, api: Api) -> None:
    for item in ("chair", "table"):
        ductape.get_processor().process_feature(
            integration="auctions",
            env="dev",
            feature_tag="deploy_auction",
            input={"item": item, "reserve": 1, "bid": 2},
        )

    assert len(api.asked("/login")) == 1
    assert [request.body["item"] for request in api.asked("/contracts")] == ["chair", "table"]


def test_deploy_auction_logs_in_again_once_when_its_token_is_refused(
    ductape: Ductape, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = ductape.get_processor().process_feature
    given: JsonObject = {"item": "chair", "reserve": 1, "bid": 2}
    process(integration="auctions", env="dev", feature_tag="deploy_auction", input=given)
    monkeypatch.setitem(globals(), "TOKEN", "eyJhbGciOi-after-a-restart-of-the-server")

    result = process(integration="auctions", env="dev", feature_tag="deploy_auction", input=given)

    assert result.status == "succeeded"
    assert result.steps[0].reason == "the token was refused, so a fresh one was fetched"
    assert len(api.asked("/login")) == 2
    assert [request.headers["authorization"] == TOKEN for request in api.asked("/contracts")] == [False, False, True]


def test_deploy_auction_with_another_password_fails_at_its_first_call(ductape: Ductape, api: Api) -> None:
    builder = ductape.get_integration_builder("auctions")
    binding = builder.fetch_app("auction_house").envs[0].to_dict()
    data = {"body": {"email": "ann@example.com", "password": "guessed-wrong"}}
    builder.update_app("auction_house", envs=[{**binding, "auth": {"auth_tag": "user_login", "data": data}}])

    result = ductape.get_processor().process_feature(
        integration="auctions", env="dev", feature_tag="deploy_auction", input={"item": "chair", "reserve": 1, "bid": 2}
    )

    assert (result.status, result.output) == ("failed", None)
    assert result.error == 'auth "user_login": POST /login answered 401'
    assert [step.event for step in result.steps] == ["deploy_contract"]
    assert api.asked("/contracts") == []
