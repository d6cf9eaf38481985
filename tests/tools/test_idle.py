"""A connection that was idle is not used again: the server may be closing it just then."""

import asyncio

from tests.tools.fixtures import needs
from tests.waiting import until
from tools.http import IDLE_S, client

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def test_e14_an_idle_connection_is_left_to_its_server() -> None:
    dialled: list[asyncio.Task[None] | None] = []

    async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialled.append(asyncio.current_task())
        while await reader.readline():
            while (await reader.readline()).strip():
                pass
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answered, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with client(needs(), lambda: (url,)) as http:
            assert (await http.get(url)).text == "ok"
            before = len(dialled)
            await asyncio.sleep(IDLE_S + 0.2)
            assert (await http.get(url)).text == "ok"
    assert len(dialled) == before + 1
    await until(lambda: all(one and one.done() for one in dialled))
