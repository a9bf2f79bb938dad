"""The demo integration, written with the SDK: it takes an order, pays it through a flaky API, and says what it cost.

Its API is `examples.orders_api`, which `scripts/run` starts beside the console.
"""

from __future__ import annotations

from typing import Any

from integrations.builder import Ductape
from integrations.builder.app import AppBuilder
from integrations.builder.integration import IntegrationBuilder
from integrations.types import JsonObject

INTEGRATION = "shop"
FEATURE = "place_order"
ENVIRONMENT = "dev"
SAMPLE_INPUT: JsonObject = {"item": "lamp", "quantity": 3, "unit_price": 24.5, "coupon": "SPRING10"}

#: What the example API accepts when nothing else is said.
_CREDENTIALS: JsonObject = {"username": "demo", "password": "demo-password"}

PRICE_ORDER = """\
interface Order {
  quantity: number;
  unit_price: number;
  coupon?: string;
}

enum Discount {
  None = 0,
  Spring = 10,
}

export default function price(input: Order) {
  const discount = input.coupon === "SPRING10" ? Discount.Spring : Discount.None;
  const net = input.quantity * input.unit_price * (1 - discount / 100);
  const total = Math.round(net * 119) / 100;
  console.log(`${input.quantity} pieces, ${discount}% off: ${total}`);
  return { net: Math.round(net * 100) / 100, total, discount_percent: discount };
}
"""


def load(ductape: Ductape, *, api_url: str) -> None:
    """Create the demo, or point an existing one at `api_url`. Loading it again changes nothing else."""
    _load_app(ductape.get_app_builder(), api_url)
    builder = ductape.get_integration_builder()
    builder.create_integration(name="Shop", description="Takes orders and pays them: the demo.", tag=INTEGRATION)
    builder.create_env(env_name="Development", slug=ENVIRONMENT, description="Against the example API.", auth={})
    builder.create_env(env_name="Production", slug="prd", description="Not in use yet.", auth={}, active=False)
    _connect(builder)
    _load_function(builder)
    _load_feature(builder)


def _load_app(app: AppBuilder, api_url: str) -> None:
    app.create_app(app_name="Orders API", tag="orders", description="The example API.", status="private")
    app.update_app(retries={"max": 4, "delay": 0.1, "longest": 2})
    app.create_env(slug="sandbox", env_name="Sandbox", base_url=api_url)
    app.update_env("sandbox", base_url=api_url)
    for action in _actions():
        app.create_action(**action)
    app.create_auth(
        tag="user_login",
        name="User login",
        setup_type="credential_access",
        action_tag="login",
        expiry=1,
        period="mins",
    )
    app.create_constant(key="currency", value="EUR", description="What all prices are in.")


def _actions() -> list[dict[str, Any]]:
    authorization: JsonObject = {"Authorization": {"type": "string", "description": "Bearer and a token"}}
    return [
        {
            "tag": "login",
            "method": "POST",
            "resource": "/v1/login",
            "description": "Exchanges a user and password for a token.",
            "body": {"username": {"type": "string"}, "password": {"type": "string"}},
            "responses": [
                {"status_code": 200, "sample": {"data": {"access_token": "…", "expires_in": 60}}},
                {"status_code": 401, "success": False},
            ],
        },
        {
            "tag": "get_stock",
            "method": "GET",
            "resource": "/v1/stock/:item",
            "description": "How many pieces of an item are there.",
            "params": {"item": {"type": "string"}},
            "headers": authorization,
        },
        {
            "tag": "create_order",
            "method": "POST",
            "resource": "/v1/orders",
            "headers": authorization,
            "body": {
                "item": {"type": "string", "minlength": 1},
                "quantity": {"type": "number", "minimum": 1},
                "price": {"type": "float", "minimum": 0},
            },
            "responses": [{"status_code": 201}],
        },
        {
            "tag": "pay_order",
            "method": "POST",
            "resource": "/v1/orders/:id/payments",
            "description": "Fails with 503 the first two times for each order.",
            "params": {"id": {"type": "string"}},
            "headers": authorization,
            "body": {"amount": {"type": "float", "minimum": 0}},
        },
    ]


def _connect(builder: IntegrationBuilder) -> None:
    builder.add_app(
        access_tag="orders",
        envs=[
            {
                "app_env_slug": "sandbox",
                "integration_env_slug": ENVIRONMENT,
                "auth": {"auth_tag": "user_login", "data": {"body": _CREDENTIALS}},
            }
        ],
    )


def _load_function(builder: IntegrationBuilder) -> None:
    builder.create_function(
        tag="price_order",
        name="Price an order",
        language="TypeScript",
        function=PRICE_ORDER,
        input={
            "quantity": {"type": "number", "minimum": 1},
            "unit_price": {"type": "float", "minimum": 0},
            "coupon": {"type": "string", "required": False},
        },
        output={"type": "object", "output_keys": {"net": {"type": "float"}, "total": {"type": "float"}}},
    )


def _load_feature(builder: IntegrationBuilder) -> None:
    builder.create_feature(
        tag=FEATURE,
        name="Place an order",
        description="Prices an order, creates it, pays it, and looks up what is left in stock.",
        input={
            "item": {"type": "string", "minlength": 1, "maxlength": 40, "sample": "lamp"},
            "quantity": {"type": "number", "minimum": 1, "maximum": 100, "sample": 3},
            "unit_price": {"type": "float", "minimum": 0, "sample": 24.5},
            "coupon": {"type": "string", "required": False, "sample": "SPRING10"},
        },
        sequence=_sequences(),
        output={
            "order_id": "$Sequence{order}{create_order}{data}{id}",
            "payment": "$Sequence{payment}{pay_order}{data}{status}",
            "total": "$Sequence{order}{price_order}{total}",
            "summary": (
                "$Input{quantity} x $Input{item} for $Sequence{order}{price_order}{total} $Constant{orders}{currency}"
            ),
            "left_in_stock": "$Sequence{stock}{get_stock}{data}{available}",
        },
    )


def _sequences() -> list[JsonObject]:
    headers: JsonObject = {"Authorization": "Bearer $Auth{user_login}{data}{access_token}"}
    return [
        {
            "sequence_tag": "order",
            "events": [
                {
                    "type": "function",
                    "event": "price_order",
                    "input": {
                        "quantity": "$Input{quantity}",
                        "unit_price": "$Input{unit_price}",
                        "coupon": '$Default($Input{coupon}, "")',
                    },
                },
                {
                    "type": "action",
                    "event": "create_order",
                    "app": "orders",
                    "input": {
                        "headers": headers,
                        "body": {
                            "item": "$Input{item}",
                            "quantity": "$Input{quantity}",
                            "price": "$Sequence{order}{price_order}{total}",
                        },
                    },
                },
            ],
        },
        {
            "sequence_tag": "stock",
            "events": [
                {
                    "type": "action",
                    "event": "get_stock",
                    "app": "orders",
                    "allow_fail": True,
                    "input": {"headers": headers, "params": {"item": "$Input{item}"}},
                }
            ],
        },
        {
            "sequence_tag": "payment",
            "parents": ["order"],
            "events": [
                {
                    "type": "action",
                    "event": "pay_order",
                    "app": "orders",
                    "condition": {
                        "subject": "$Sequence{order}{price_order}{total}",
                        "decision_type": "greater-than",
                        "value": 0,
                    },
                    "input": {
                        "headers": headers,
                        "params": {"id": "$Sequence{order}{create_order}{data}{id}"},
                        "body": {"amount": "$Sequence{order}{price_order}{total}"},
                    },
                }
            ],
        },
    ]
