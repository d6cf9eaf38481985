"""The web over canned incidents, to look at: `python -m tests.bot.web.serving PORT [--quiet]`."""

import sys

import uvicorn

from bot.web.server import build
from tests.bot.web.world import OPERATOR_TOKEN, World


def main() -> None:
    """Serve on loopback until stopped; sign in with the printed address."""
    port = int(sys.argv[1])
    world = World()
    world.tell_stories()
    sys.stdout.write(f"http://127.0.0.1:{port}/login#{OPERATOR_TOKEN}\n")
    uvicorn.run(build(world.doors()), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
