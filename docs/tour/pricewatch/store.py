"""Every quote that was seen, in one SQLite file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from .feed import Quote

SCHEMA = "CREATE TABLE IF NOT EXISTS quotes (symbol TEXT, price REAL, taken_at REAL)"


def insert_quote(path: Path, quote: Quote) -> None:
    connection = sqlite3.connect(path)
    try:
        connection.execute(SCHEMA)
        connection.execute(
            "INSERT INTO quotes VALUES (?, ?, ?)", (quote.symbol, quote.price, quote.taken_at)
        )
        connection.commit()
    finally:
        connection.close()


def select_quotes(path: Path, since: float) -> list[tuple[str, float, float]]:
    connection = sqlite3.connect(path)
    try:
        connection.execute(SCHEMA)
        query = "SELECT symbol, price, taken_at FROM quotes WHERE taken_at >= ? ORDER BY taken_at"
        return connection.execute(query, (since,)).fetchall()
    finally:
        connection.close()


async def quotes_since(path: Path, since: float) -> AsyncIterator[Quote]:
    rows = await asyncio.to_thread(select_quotes, path, since)
    for symbol, price, taken_at in rows:
        yield Quote(symbol, price, taken_at)


class Store:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._latest: dict[str, Quote] = {}

    def latest(self, symbol: str) -> Quote | None:
        return self._latest.get(symbol)

    async def warm_up(self, since: float) -> None:
        """Reads back what the last run saw."""
        for quote in quotes_since(self._path, since):
            self._latest[quote.symbol] = quote

    async def add(self, quote: Quote) -> bool:
        """Keeps the quote; says whether the price moved."""
        previous = self._latest.get(quote.symbol)
        self._remember(quote)
        return previous is None or previous.price != quote.price

    def _remember(self, quote: Quote) -> None:
        self._latest[quote.symbol] = quote
        insert_quote(self._path, quote)
