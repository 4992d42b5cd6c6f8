"""Decodes frames with the SDK's codecs.

Reads lines {"type": ..., "frame": ...}. Prints for each what the agent's codec makes of the frame,
{"type": ..., "class": ..., "fields": ..., "chat_client": ...}, or {"type": ..., "error": ...}. What is
under "chat_client" is the class that the chat client's codec gives, or null where it refuses.
"""

import json
import sys
import warnings
from typing import Any, Dict, Optional

from smallestai.atoms.crew.events import SDKEvent
from smallestai.atoms.crew.session import EventCodec
from smallestai.cli.lib.chat import SDKCodec

warnings.simplefilter("ignore", DeprecationWarning)


class EscalationEvent(SDKEvent, type="escalation_event"):
    reason: str
    severity: Optional[str] = "medium"


class OrderCreatedEvent(SDKEvent, type="myapp.order.created"):
    order_id: int
    total: float
    items: Dict[str, Any]


def read(frame):
    event = EventCodec().decode(json.loads(frame))
    fields = event.model_dump(mode="json")
    return {"type": event.type, "class": type(event).__name__, "fields": fields, "chat_client": chat_client(frame)}


def chat_client(frame):
    try:
        return type(SDKCodec().decode(frame)).__name__
    except ValueError:
        return None


def main():
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            answer = read(asked["frame"])
        except Exception as error:
            answer = {"type": asked["type"], "error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer))


main()
