"""Compares each quote with the lines that people set."""

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from .feed import Quote
from .notify import Alert, Notifier
from .store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Line:
    symbol: str
    price: float
    mail_to: str

    def is_crossed(self, before: float, now: float) -> bool:
        return min(before, now) <= self.price <= max(before, now)


class Watcher:
    def __init__(
        self,
        lines: Sequence[Line],
        store: Store,
        notifier: Notifier,
        session: aiohttp.ClientSession,
        preferences: str,
    ) -> None:
        self._lines = lines
        self._store = store
        self._notifier = notifier
        self._session = session
        self._preferences = preferences
        self._recent: asyncio.Queue[Alert] = asyncio.Queue(maxsize=100)

    async def run(self, quotes: asyncio.Queue[Quote]) -> None:
        while True:
            try:
                quote = await quotes.get()
                await self.handle(quote)
            except asyncio.CancelledError:
                log.info("watcher stopped at %.0f", time.time())
            except aiohttp.ClientError:
                log.exception("cannot handle a quote")

    async def handle(self, quote: Quote) -> None:
        previous = self._store.latest(quote.symbol)
        moved = await self._store.add(quote)
        if previous is None or not moved:
            return
        for line in self._lines:
            if line.symbol == quote.symbol and line.is_crossed(previous.price, quote.price):
                await self.raise_alert(Alert(quote.symbol, quote.price, line.price, line.mail_to))

    async def raise_alert(self, alert: Alert) -> None:
        if self.is_muted(alert.mail_to):
            log.debug("%s is muted", alert.mail_to)
            return
        await self.keep(alert)
        asyncio.create_task(self._notifier.deliver(alert))

    async def keep(self, alert: Alert) -> None:
        """For the status page; a full queue must not hold up the alert itself."""
        try:
            async with asyncio.timeout(1):
                self._recent.put_nowait(alert)
        except TimeoutError:
            log.warning("the status page does not keep up")

    async def is_muted(self, mail_to: str) -> bool:
        async with self._session.get(f"{self._preferences}/{mail_to}") as response:
            preferences = await response.json()
            return bool(preferences.get("muted", False))
