"""Runs the SDK's chat loop at a terminal of its own, and types into it.

Usage: chat_loop.py URL TEXT...

Types each text at a prompt, then "quit". Prints what the terminal showed, without its control
sequences, and exits as the chat did.
"""

import asyncio
import os
import pty
import re
import select
import sys
import time

PROMPT = "You: "
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
SECONDS = 60


async def chat(url):
    from smallestai.cli.lib.chat import ChatClient, chat_loop

    client = ChatClient(url)
    if not await client._connect():
        sys.exit("the client did not connect")
    try:
        await chat_loop(client)
    finally:
        await client._disconnect()


def drive(terminal, texts):
    """Gives what the terminal showed until the chat was over, or time was up."""
    shown, typed = b"", 0
    deadline = time.monotonic() + SECONDS
    while select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # How Linux says that the other end is closed.
            piece = b""
        if not piece:
            break
        shown += piece
        if typed < len(texts) and text_of(shown).count(PROMPT) > typed:
            os.write(terminal, texts[typed].encode() + b"\n")
            typed += 1
    return text_of(shown)


def text_of(shown):
    return CONTROL.sub("", shown.decode(errors="replace"))


def main(url, *texts):
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", COLUMNS="100", LINES="50")
        asyncio.run(chat(url))
        return
    print(drive(terminal, [*texts, "quit"]), flush=True)
    os.close(terminal)  # Hangs up on a chat that is not over.
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


main(*sys.argv[1:])
