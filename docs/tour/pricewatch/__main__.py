"""pricewatch SETTINGS LINES: two JSON files."""

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

import aiohttp

from . import feed
from .alerts import Line, Watcher
from .notify import Notifier
from .store import Store

DAY = 24 * 60 * 60


async def load_settings(path: Path) -> dict[str, str]:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    return json.loads(text)


async def load_lines(path: Path) -> list[Line]:
    text = await asyncio.to_thread(path.read_text, encoding="utf-8")
    return [Line(**item) for item in json.loads(text)]


async def main(settings_path: Path, lines_path: Path) -> None:
    settings = await load_settings(settings_path)
    lines = await load_lines(lines_path)

    await feed.check_reachable()
    symbols = sorted({line.symbol for line in lines})
    for symbol, name in (await feed.describe_all(symbols)).items():
        logging.info("watching %s (%s)", symbol, name)

    store = Store(Path(settings["database"]))
    await store.warm_up(time.time() - DAY)
    quotes: asyncio.Queue[feed.Quote] = asyncio.Queue()
    async with aiohttp.ClientSession(timeout=feed.TIMEOUT) as session:
        notifier = Notifier(session, settings["webhook"], settings["mail_host"])
        watcher = Watcher(lines, store, notifier, session, settings["preferences"])
        async with asyncio.TaskGroup() as group:
            group.create_task(feed.poll(symbols, quotes, interval=5.0))
            group.create_task(watcher.run(quotes))


def run() -> None:
    logging.basicConfig(level=logging.INFO)
    loop = asyncio.get_event_loop()
    loop.run_until_complete(main(Path(sys.argv[1]), Path(sys.argv[2])))


if __name__ == "__main__":
    run()
