"""JSON extraction with a schema: an order placed in free words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.task import Task, distinct, pick, single

if TYPE_CHECKING:
    from random import Random

SYSTEM = (
    "Turn the customer's order into JSON that follows the schema. Take the product name in the "
    "singular as listed: mug, blanket, lamp, notebook, teapot, backpack. Express only if asked for."
)
PRODUCTS = {
    "mug": "mugs",
    "blanket": "blankets",
    "lamp": "lamps",
    "notebook": "notebooks",
    "teapot": "teapots",
    "backpack": "backpacks",
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "product": {"type": "string", "enum": list(PRODUCTS)},
        "quantity": {"type": "integer", "minimum": 1},
        "city": {"type": "string"},
        "express": {"type": "boolean"},
    },
    "required": ["product", "quantity", "city", "express"],
    "additionalProperties": False,
}
RESPONSE_FORMAT: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "order", "strict": True, "schema": SCHEMA},
}
NUMBERS = {
    1: "one",
    2: "two",
    3: "three",
    4: "four",
    6: "six",
    8: "eight",
    10: "ten",
    12: "a dozen",
}
CITIES = (
    "Bergen",
    "Porto",
    "Graz",
    "Leeds",
    "Ghent",
    "Turku",
    "Malmö",
    "Lyon",
    "Brno",
    "Cork",
    "Basel",
    "Split",
)
FRAMES = (
    "I'd like {what}, sent to {city}.{extra}",
    "Please ship {what} to our office in {city}.{extra}",
    "Hello, {what} for delivery to {city}, please.{extra} Thanks!",
    "Can you send {what} to my sister in {city}?{extra}",
    "We live in {city} and want to order {what}.{extra}",
    "Order: {what}. Deliver to: {city}.{extra}",
    "My last order went to Oslo, this time {what} should go to {city}.{extra}",
)
EXPRESS = (" I need it express.", " Express delivery, please.", " It is urgent, so by express.")
RELAXED = (
    "",
    "",
    " No hurry.",
    " Normal delivery is fine.",
    " It is a birthday present.",
    " No express needed.",
)


def tasks(rng: Random, n: int) -> list[Task]:
    def make() -> Task:
        quantity = rng.choice(tuple(NUMBERS))
        product = pick(rng, tuple(PRODUCTS))
        city, express = pick(rng, CITIES), rng.random() < 0.3
        count = NUMBERS[quantity] if rng.random() < 0.6 or quantity == 1 else str(quantity)
        what = f"{count} {product if quantity == 1 else PRODUCTS[product]}"
        user = pick(rng, FRAMES).format(
            what=what, city=city, extra=pick(rng, EXPRESS if express else RELAXED)
        )
        truth = {"product": product, "quantity": quantity, "city": city, "express": express}
        slip = None  # a gift taken for urgent, the city of the last order
        if "birthday" in user:
            slip = json.dumps({**truth, "express": True}, ensure_ascii=False)
        elif "Oslo" in user:
            slip = json.dumps({**truth, "city": "Oslo"}, ensure_ascii=False)
        return single(SYSTEM, user, json.dumps(truth, ensure_ascii=False), slip=slip)

    return distinct(n, make)
