"""``jlstm serve``: a trained model that answers over HTTP."""

import dataclasses
import ipaddress
import socket
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import uvicorn

from jlstm.cli.arguments import Parser, add_run
from jlstm.cli.serving.app import make_app
from jlstm.cli.serving.ending import leave_computing
from jlstm.cli.serving.limits import Limits
from jlstm.tasks.runs import load_run
from jlstm.training.failure import Reached

MEANINGS = {
    "body": "bytes of a request at most",
    "batch": "inputs that are computed together at most",
    "gather": "seconds to wait for more inputs before a batch is computed",
    "waiting": "requests that may wait",
    "seconds": "until a request is given up",
    "sessions": "streams that may be open",
    "idle": "seconds until a stream that is not used is closed",
}


def serve(argv: Sequence[str], reached: Reached) -> int:
    """Answer requests until interrupted."""
    options = _parser().parse_args(list(argv))
    given = {name: getattr(options, name) for name in MEANINGS}
    limits = Limits(**given)
    run = load_run(options.run, options.weights, trust_code=options.trust_code)
    app = make_app(run, limits)
    with _listening(options) as listener:
        host, port = listener.getsockname()[:2]
        _warn(host)
        shown = f"[{host}]" if ":" in host else host
        print(f"serving {options.run} at http://{shown}:{port}", flush=True)
        config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=10)
        try:
            uvicorn.Server(config).run([listener])
        except KeyboardInterrupt:  # which is how it is ended
            print("stopped", flush=True)
            leave_computing()
    return 0


def _parser() -> Parser:
    parser = Parser("serve", "Answers of a trained model over HTTP.")
    add = parser.add_argument
    add_run(parser)
    here = "address to listen at (default: 127.0.0.1, for this machine only)"
    add("--host", default="127.0.0.1", help=here)
    add("--port", type=int, default=8000, help="0 takes a free one (default: 8000)")
    for field in dataclasses.fields(Limits):
        most: Any = field.default
        text = f"{MEANINGS[field.name]} (default: {most:,})"
        add(f"--{field.name}", type=type(most), default=most, metavar="N", help=text)
    return parser


def _listening(options: Namespace) -> socket.socket:
    """Return a socket that listens.

    Raises:
        ValueError: the port is out of range.
        OSError: the address cannot be had.
    """
    if not 0 <= options.port < 65536:
        raise ValueError(f"--port is {options.port}; give 0 to 65535.")
    try:
        family = socket.getaddrinfo(options.host, options.port)[0][0]
        return socket.create_server((options.host, options.port), family=family)
    except OSError as error:
        raise OSError(
            error.errno,
            f"cannot listen at {options.host} port {options.port}: "
            f"{error.strerror or error}; give another --port or --host",
        ) from None


def _warn(host: str) -> None:
    """Say so where others can reach what has no password."""
    if not ipaddress.ip_address(host).is_loopback:
        print(
            f"warning: whoever reaches {host} can use the model, there is no password",
            file=sys.stderr,
        )
