"""`ivr serve`: the service in the foreground."""

import asyncio
import logging
import signal
import sys

import structlog
from aiohttp import web

from ivr.cli import options
from ivr.errors import UserError
from ivr.service import Service
from ivr.settings import Settings
from ivr.web import assets
from ivr.web.app import create_app


def serve(config: options.Config = options.CONFIG) -> None:
    """运行服务（前台，SIGTERM 平稳停止）· run the service in the foreground"""
    settings = options.settings_of(config)
    set_up_logging()
    asyncio.run(_serve(settings))


def set_up_logging() -> None:
    """JSON lines for machines, colours for a terminal; numbers never reach the log unmasked."""
    pretty = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer()
            if pretty
            else structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with await Service.open(settings) as service:
        runner = web.AppRunner(
            create_app(service), access_log=None, shutdown_timeout=5, handle_signals=False
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, settings.web.host, settings.web.port)
            try:
                await site.start()
            except OSError as error:
                raise UserError(
                    f"{settings.web.host}:{settings.web.port} cannot be served "
                    f"({error.strerror or error}); stop what uses it or change web.port"
                ) from None
            structlog.get_logger().info(
                "ivr serves", address=f"http://{settings.web.host}:{settings.web.port}"
            )
            assets.install_beside()
            await stop.wait()
        finally:
            await runner.cleanup()
