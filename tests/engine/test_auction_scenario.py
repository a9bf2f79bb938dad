"""The shape of the reference project's own feature, against fake connectors."""

from __future__ import annotations

from typing import Any

from integrations.connectors.base import Binding
from integrations.definitions.release import Release
from integrations.engine.records import Outcome
from tests.engine.harness import Harness

_RELEASE: dict[str, Any] = {
    "integration": "auctions",
    "version": 1,
    "feature": {
        "tag": "deploy_auction",
        "input": {"item": {"type": "string", "minlength": 1, "maxlength": 50}, "price": {"type": "number"}},
        "sequence": [
            {
                "sequence_tag": "submit_a_bid",
                "parents": ["deploy_an_auction"],
                "events": [
                    {
                        "type": "action",
                        "app": "auction_house",
                        "event": "bid",
                        "input": {
                            "params": {"auction_id": "$Sequence{deploy_an_auction}{deploy_contract}{data}{id}"},
                            "headers": {"Authorization": "$Auth{user_login}{data}{access_token}"},
                            "body": {"amount": "$Add($Input{price}, 1)"},
                        },
                    }
                ],
            },
            {
                "sequence_tag": "deploy_an_auction",
                "events": [
                    {
                        "type": "action",
                        "app": "auction_house",
                        "event": "deploy_contract",
                        "input": {
                            "headers": {"Authorization": "$Auth{user_login}{data}{access_token}"},
                            "body": {"item": "$Input{item}", "price": "$Input{price}"},
                        },
                        "retries": 2,
                    }
                ],
            },
        ],
        "output": {
            "auction": "$Sequence{deploy_an_auction}{deploy_contract}{data}{id}",
            "bid": "$Sequence{submit_a_bid}{bid}{data}{id}",
        },
    },
    "apps": {
        "auction_house": {
            "app_name": "Auction house",
            "tag": "auction_house",
            "actions": [
                {"tag": "login", "method": "POST", "resource": "/login"},
                {"tag": "deploy_contract", "method": "POST", "resource": "/contracts"},
                {"tag": "bid", "method": "POST", "resource": "/auctions/:auction_id/bids"},
            ],
            "auths": [
                {
                    "tag": "user_login",
                    "setup_type": "credential_access",
                    "action_tag": "login",
                    "expiry": 1,
                    "period": "hours",
                }
            ],
        }
    },
}


def test_deploy_auction_deploys_and_then_bids() -> None:
    binding = Binding(
        access_tag="auction_house", app_env_slug="dev", base_url="https://a.example", hosts=("a.example",)
    )
    harness = Harness(bindings={"auction_house": binding})
    harness.actions.tokens = [{"data": {"access_token": "eyJ-secret"}}]
    harness.answer("deploy_contract", {"data": {"id": "auction-9"}})
    harness.answer("bid", {"data": {"id": "bid-4"}})

    outcome = harness.run(Release.parse(_RELEASE), {"item": "chair", "price": 20})

    assert outcome == Outcome(status="succeeded", output={"auction": "auction-9", "bid": "bid-4"})
    deployed, bid = harness.actions.calls
    assert deployed.headers == bid.headers == {"Authorization": "eyJ-secret"}
    assert deployed.body == {"item": "chair", "price": 20}
    assert (bid.params, bid.body) == ({"auction_id": "auction-9"}, {"amount": 21})
    assert "eyJ-secret" not in repr(harness.recorder.records)
