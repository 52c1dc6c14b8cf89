"""`gateway simulate-cbp DIR --seed N`: plays the receiver for trials: reads delivered shipments, drops responses.

With one seed and the same shipments, the answers are the same. 75 % are released, 10 % held and released later, 10 %
rejected, 5 % never answered; some answers come twice, and one in fifty names a shipment that nobody sent.
"""

from __future__ import annotations

import json
import random
from datetime import datetime
from typing import Any

from gateway.errors import ConfigError
from gateway.responses import Response, write_responses
from gateway.site import Site

_REJECTS = (("470", "INVALID COUNTRY OF ORIGIN"), ("188", "EXPRESS RECORD INCOMPLETE"), ("033", "INVALID CONSIGNEE"))


def simulate(site: Site, seed: int, now: datetime) -> dict[str, Any]:
    """Write one response file about all shipments in the out folder that were not answered before.

    Raises ConfigError when gateway.toml names no responses folder.
    """
    folder = site.settings.responses_dir
    if folder is None:
        raise ConfigError("gateway.toml names no responses folder.", 'Add the line: responses = "responses".')
    folder.mkdir(parents=True, exist_ok=True)
    done_file = folder / "answers" / ".simulated.json"
    done = set(json.loads(done_file.read_text("utf-8"))) if done_file.is_file() else set()
    delivered = [p for p in sorted(site.settings.out_dir.glob("*.json")) if p.name not in done]
    responses: list[Response] = []
    shipments = 0
    for path in delivered:
        message = json.loads(path.read_bytes())
        for shipment in message["shipments"]:
            shipments += 1
            chance = random.Random(f"{seed}/{shipment['shipment_id']}")  # noqa: S311 - a play, not a secret
            purpose = shipment.get("transmission_purpose") or message["transmission_purpose"]
            answers = _taken_back if purpose == "cancel" else _answers
            responses += answers(str(shipment["shipment_id"]), str(message["originator_code"]), chance, now)
    result = {"files": len(delivered), "shipments": shipments, "responses": len(responses), "written": ""}
    if responses:
        name = f"cbp-{now:%Y%m%dT%H%M%S}-{seed}.json"
        half = folder / f".{name}.tmp"
        half.write_bytes(write_responses(responses))
        half.replace(folder / name)
        result["written"] = str(folder / name)
    done_file.parent.mkdir(parents=True, exist_ok=True)
    done_file.write_text(json.dumps(sorted(done | {p.name for p in delivered})), "utf-8")
    return result


def _taken_back(shipment: str, originator: str, chance: random.Random, now: datetime) -> list[Response]:
    """Return the answer to a cancellation: what was taken back is neither held nor released."""
    return [Response(shipment, "accepted", originator, "", "CANCELLATION ACCEPTED", now.strftime("%Y-%m-%dT%H:%M:%SZ"))]


def _answers(shipment: str, originator: str, chance: random.Random, now: datetime) -> list[Response]:
    at, dice = now.strftime("%Y-%m-%dT%H:%M:%SZ"), chance.random()
    if dice < 0.75:
        found = [Response(shipment, "released", originator, "1C", "RELEASED", at)]
    elif dice < 0.85:
        found = [
            Response(shipment, "hold", originator, "1A", "HELD FOR EXAMINATION", at),
            Response(shipment, "released", originator, "1B", "RELEASED AFTER EXAM", at),
        ]
    elif dice < 0.95:
        code, text = chance.choice(_REJECTS)
        found = [Response(shipment, "rejected", originator, code, text, at)]
    else:
        return []
    if chance.random() < 0.05:
        found.append(found[-1])  # said twice
    if chance.random() < 0.02:
        found.append(Response(f"UNKNOWN{shipment[-4:]}", "released", originator, "1C", "RELEASED", at))
    return found
