"""The web application: one page, one WebSocket a browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response

from millwright.core.errors import MillwrightError
from millwright.dashboard.bundle_routes import Bundles, add_bundle_routes, is_same_origin
from millwright.dashboard.commands import Answer, Choose, Hold, Shuffle, parse_command, read_object
from millwright.dashboard.room import Browser, Room
from millwright.dashboard.session import Session

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}
ANSWER_WITHIN_S = 5.0


def make_app(session: Session, room: Room, bundles: Bundles, hosts: tuple[str, ...]) -> FastAPI:
    """The application around a started session.

    Args:
        bundles: what the pages about policies tell of.
        hosts: names under which it may be reached; a page of any other origin can neither read nor drive.
    """

    @asynccontextmanager
    async def connect(_: FastAPI) -> AsyncIterator[None]:
        room.connect(asyncio.get_running_loop())
        yield

    app = FastAPI(title="millwright dashboard", lifespan=connect, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=list(hosts))

    @app.middleware("http")
    async def harden(request: Request, follow: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await follow(request)
        response.headers.update(HEADERS)
        return response

    @app.get("/api/status")
    async def get_status() -> dict[str, Any]:
        return session.snapshots.value.to_json()

    @app.websocket("/ws")
    async def watch(socket: WebSocket) -> None:
        if not is_same_origin(socket):
            await socket.close()
            return
        await socket.accept()
        browser = room.enter(socket)
        sender = asyncio.create_task(browser.send_forever(room))
        receiver = asyncio.create_task(_receive_forever(socket, browser, room, session))
        try:
            await asyncio.wait((sender, receiver), return_when=asyncio.FIRST_COMPLETED)
        finally:
            _let_go(room, browser, session)
            room.leave(browser)
            for task in (sender, receiver):
                task.cancel()
            await asyncio.gather(sender, receiver, return_exceptions=True)

    add_bundle_routes(app, bundles)
    app.mount("/", StaticFiles(directory=str(files("millwright.dashboard") / "static"), html=True))
    return app


async def _receive_forever(socket: WebSocket, browser: Browser, room: Room, session: Session) -> None:
    try:
        while True:
            text = await socket.receive_text()
            await browser.answer(await _answer(text, browser, room, session))
    except (WebSocketDisconnect, KeyError):  # KeyError: a binary message, which no page of ours sends
        pass


async def _answer(text: str, browser: Browser, room: Room, session: Session) -> dict[str, Any]:
    message: dict[str, Any] = {}
    try:
        message = read_object(text, 'a command is an object, e.g. {"do": "run", "target": "red"}')
        answer = await _obey(message, browser, room, session)
    except MillwrightError as error:
        answer = Answer(False, str(error))
    except TimeoutError:
        answer = Answer(False, f"no answer within {ANSWER_WITHIN_S:.0f} s")
    return {"type": "answer", "id": message.get("id"), "do": message.get("do"), **asdict(answer)}


async def _obey(message: dict[str, Any], browser: Browser, room: Room, session: Session) -> Answer:
    if message.get("do") == "drive":
        taken = room.take(browser)
        return Answer(taken, "you drive" if taken else "another browser drives; it has to hand over first")
    command = None if message.get("do") == "hand over" else parse_command(message, tuple(room.viewers.sizes))
    if room.driver is not browser:
        return Answer(False, "you are watching; another browser drives" if room.driver else "take the wheel first")
    if command is None:
        _let_go(room, browser, session)
        return Answer(True, "handed over")
    if isinstance(command, Hold):
        return _hold(command, session)
    if session.keep is not None and isinstance(command, Shuffle | Choose):
        return Answer(False, "what is driven here is recorded: the tracks come in turn, and you drive them")
    return await asyncio.wait_for(asyncio.wrap_future(session.submit(command)), ANSWER_WITHIN_S)


def _hold(hold: Hold, session: Session) -> Answer:
    """Keys are read when the next tick comes: they do not queue."""
    if session.keys is None:
        return Answer(False, "nothing is driven by keys here")
    session.keys.hold(hold.keys)
    return Answer(True, "")


def _let_go(room: Room, browser: Browser, session: Session) -> None:
    """Whoever leaves the seat holds no key any more."""
    if room.driver is browser and session.keys is not None:
        session.keys.hold(())
    room.release(browser)
