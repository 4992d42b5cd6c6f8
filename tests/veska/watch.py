"""Reads frames as the events of Veska, and emits them.

Prints for each line what its handler was given, as JSON: {"type": ..., "source": ..., "message": ..., "data": ...,
"timestamp": ...}, or {"error": ...} if the line is no event of Veska's.
"""

import asyncio
import json
import sys

from veska import Event, EventEmitter


async def main():
    for line in sys.stdin:
        try:
            event = Event.model_validate_json(line)
        except ValueError as error:
            print(json.dumps({"error": str(error)}))
            continue
        emitter = EventEmitter()
        emitter.on(event.type, lambda event: print(event.model_dump_json()))
        await emitter.emit(event)


asyncio.run(main())
