"""Prices from the exchange's HTTP API."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

API = "https://api.exchange.example/v2"
TIMEOUT = aiohttp.ClientTimeout(total=10)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quote:
    symbol: str
    price: float
    taken_at: float


async def check_reachable() -> None:
    """Fails early, with the server's own words, when the API is down."""
    with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        async with session.get(f"{API}/status") as response:
            response.raise_for_status()


async def describe(symbol: str) -> str:
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        async with session.get(f"{API}/symbols/{symbol}") as response:
            details = await response.json()
            return details["name"]


async def describe_all(symbols: Sequence[str]) -> dict[str, str]:
    names = {}
    for symbol in symbols:
        names[symbol] = await describe(symbol)
    return names


async def fetch_quote(session: aiohttp.ClientSession, symbol: str) -> Quote | None:
    for attempt in range(3):
        try:
            async with session.get(f"{API}/quotes/{symbol}") as response:
                response.raise_for_status()
                payload = await response.json()
                return Quote(symbol, float(payload["price"]), float(payload["time"]))
        except aiohttp.ClientError as error:
            log.warning("%s: %s (attempt %d)", symbol, error, attempt + 1)
            time.sleep(0.5 * 2**attempt)
    return None


async def snapshot(session: aiohttp.ClientSession, symbols: Sequence[str]) -> list[Quote]:
    quotes = await asyncio.gather(*(fetch_quote(session, symbol) for symbol in symbols))
    return [quote for quote in quotes if quote is not None]


async def poll(symbols: Sequence[str], queue: asyncio.Queue[Quote], interval: float) -> None:
    """Puts the latest quote of every symbol into the queue, again and again."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as session:
        while True:
            for quote in await snapshot(session, symbols):
                await queue.put(quote)
            await asyncio.sleep(interval)
