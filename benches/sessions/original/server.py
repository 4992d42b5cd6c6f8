"""The original's server, with one output node that always says the same."""

import sys

from smallestai.atoms.crew import AtomsCrewApp, CrewSession, OutputCrewNode
from smallestai.atoms.crew.events import SDKSystemUserJoinedEvent


class Parrot(OutputCrewNode):
    def __init__(self):
        super().__init__(name="parrot")

    async def on_event(self, event):
        if isinstance(event, SDKSystemUserJoinedEvent):
            await self.speak("Hello, how can I help you today?")

    async def generate_response(self):
        yield "Your order left the warehouse this morning and will be there tomorrow."


async def setup(session: CrewSession):
    session.add_node(Parrot())
    await session.start()
    await session.wait_until_complete()


if __name__ == "__main__":
    AtomsCrewApp(setup_handler=setup).run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
