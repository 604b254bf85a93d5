"""The yardstick: one FastAPI route that returns constant JSON, served exactly as the gateway is.

`python -m tests.benchmarks.bare_fastapi` prints one line with its address and serves until standard input
ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading

import uvicorn
from fastapi import FastAPI

from mock_gateway.serving import open_listener

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.post("/rest/payment/sale")
@app.post("/healthcare/service.asmx")
async def answer() -> dict[str, str]:
    return {"TransactionStatus": "C"}


def main() -> None:
    listener = open_listener("127.0.0.1", 0)
    config = uvicorn.Config(
        app,
        http="httptools",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    threading.Thread(target=_exit_at_end_of_stdin, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))


def _exit_at_end_of_stdin() -> None:
    while os.read(0, 65536):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
