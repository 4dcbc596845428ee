"""Delivery of an alert: a webhook and a mail."""

import asyncio
import logging
import smtplib
from dataclasses import dataclass
from email.message import EmailMessage

import aiohttp

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Alert:
    symbol: str
    price: float
    line: float
    mail_to: str

    def text(self) -> str:
        return f"{self.symbol} is at {self.price:.2f}, your line is {self.line:.2f}"


def send_mail(host: str, alert: Alert) -> None:
    message = EmailMessage()
    message["To"] = alert.mail_to
    message["Subject"] = alert.text()
    with smtplib.SMTP(host, timeout=20) as server:
        server.send_message(message)


class Notifier:
    def __init__(self, session: aiohttp.ClientSession, webhook: str, mail_host: str) -> None:
        self._session = session
        self._webhook = webhook
        self._mail_host = mail_host

    async def deliver(self, alert: Alert) -> None:
        await asyncio.gather(
            self._post(alert),
            asyncio.to_thread(send_mail, self._mail_host, alert),
            return_exceptions=True,
        )
        self._audit(alert)

    async def _post(self, alert: Alert) -> None:
        async with self._session.post(self._webhook, json={"text": alert.text()}) as response:
            response.raise_for_status()

    async def _audit(self, alert: Alert) -> None:
        record = {"event": "alert", "symbol": alert.symbol, "price": alert.price}
        async with self._session.post(f"{self._webhook}/audit", json=record) as response:
            if response.status >= 400:
                log.error("audit refused: %d", response.status)
