"""Talks to an agent through the SDK's chat client.

Usage: chat_client.py URL TEXT...

Prints {"greeting": ...}, for each text {"reply": ...}, and {"closed": ...}, the code with which the
socket was closed. The greeting or a reply is null where the client has none.
"""

import asyncio
import json
import sys

from smallestai.cli.lib import chat

# Standard output is for the answers.
chat.console.file = sys.stderr


async def talk(client, texts):
    await client.send_event(chat.SDKSystemUserJoinedEvent())
    say(greeting=await client.receive_initial_message())
    for text in texts:
        say(reply=await client.send_message(text))


async def main(url, *texts):
    client = chat.ChatClient(url)
    if not await client._connect():
        sys.exit("the client did not connect")
    try:
        await asyncio.wait_for(talk(client, texts), timeout=60)
    finally:
        await client._disconnect()
    say(closed=client._websocket.close_code)


def say(**answer):
    print(json.dumps(answer), flush=True)


asyncio.run(main(*sys.argv[1:]))
