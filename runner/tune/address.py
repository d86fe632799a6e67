"""Find the head of a Ray cluster, and see whether it will have us, in seconds.

Ray itself tries for minutes, and prints what its networking library says.
"""

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
from ray._raylet import GcsClient  # type: ignore[attr-defined] # compiled
from ray.exceptions import RayError

from runner.errors import LaunchError

__all__ = ["check_address", "find_address"]

_PATIENCE_S: Final = 5.0
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(
    [0, 0, 0, 4, 0, 0, 0, 0, 0]
)
_FRAME_BYTES: Final = 9  # before its content: length, kind, flags, stream
_SETTINGS: Final = 4  # the kind of frame that every HTTP/2 server begins with


def find_address(address: str) -> str:
    """Resolve what a user gave.

    Args:
        address: ``HOST:PORT``, or ``auto`` for the cluster that was started here last.

    Returns:
        ``HOST:PORT``.

    Raises:
        LaunchError: It names no cluster.
    """
    if address == "auto":
        return find_address(_known_here())
    if "://" in address:
        raise LaunchError(
            f"--address {address}: a sweep needs the cluster itself, not its client "
            "port: call film on one of its machines, with HOST:PORT of the head"
        )
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise LaunchError(
            f"--address {address}: give HOST:PORT of the cluster's head, such as "
            "head:6379, or auto"
        )
    return address


# Not any cluster that runs here, as Ray's own "auto" has it: another user's too.
def _known_here() -> str:
    told = os.environ.get("RAY_ADDRESS", "")
    if told and told != "auto":
        return told
    home = Path(os.environ.get("RAY_TMPDIR") or tempfile.gettempdir())
    file = home / "ray" / "ray_current_cluster"
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError:
        raise LaunchError(
            "--address auto: RAY_ADDRESS is not set, and no cluster was started on "
            "this machine with `ray start`; give HOST:PORT of its head"
        ) from None


def check_address(address: str) -> None:
    """See whether the head of a cluster answers, and takes us.

    Args:
        address: ``HOST:PORT``.

    Raises:
        LaunchError: It does not.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection(
            (host.strip("[]"), int(port)), _PATIENCE_S
        ) as peer:
            speaks = bool(os.environ.get("RAY_USE_TLS")) or _speaks_http2(peer)
    except (OSError, OverflowError) as error:
        raise LaunchError(
            f"--address {address}: nothing answers there ({error}); is the head up "
            f"(`ray start --head --port={port}`), and may this machine reach it?"
        ) from None
    if not speaks:
        raise LaunchError(_not_ray(address))
    _ask_head(address)
    if not any(_is_raylet(process) for process in psutil.process_iter(["name"])):
        raise LaunchError(
            f"--address {address}: this machine is not part of the cluster, and a "
            f"launch is made on one that is: `ray start --address={address} "
            "--num-cpus=0 --num-gpus=0` joins it and offers nothing to trials"
        )


def _speaks_http2(peer: socket.socket) -> bool:
    peer.sendall(_PREFACE)
    try:
        answer = peer.recv(_FRAME_BYTES, socket.MSG_WAITALL)
    except TimeoutError:
        return False
    return len(answer) == _FRAME_BYTES and answer[3] == _SETTINGS


# Without a token Ray's networking library would end the process.
def _ask_head(address: str) -> None:
    wants = os.environ.get("RAY_AUTH_MODE", "").lower() == "token"
    if wants and not _has_token():
        raise LaunchError(
            f"--address {address}: no token of the cluster on this machine; put it "
            "into ~/.ray/auth_token, or name its file in RAY_AUTH_TOKEN_PATH (for a "
            "cluster without tokens: RAY_AUTH_MODE=disabled)"
        )
    try:
        with _quiet():
            GcsClient(address=address)
    except RayError as error:
        if "token" not in str(error).lower():
            raise LaunchError(_not_ray(address)) from None
        raise LaunchError(
            f"--address {address}: the cluster refuses the token of this machine; put "
            "its own into ~/.ray/auth_token, or name its file in RAY_AUTH_TOKEN_PATH"
            if wants
            else f"--address {address}: the cluster wants a token, but RAY_AUTH_MODE "
            f"is {os.environ.get('RAY_AUTH_MODE')} here; unset it"
        ) from None


# In the order in which Ray looks.
def _has_token() -> bool:
    if os.environ.get("RAY_AUTH_TOKEN"):
        return True
    path = os.environ.get("RAY_AUTH_TOKEN_PATH")
    file = Path(path) if path else Path.home() / ".ray" / "auth_token"
    try:
        return bool(file.read_text(encoding="utf-8").strip())
    except OSError:
        return False


def _not_ray(address: str) -> str:
    return (
        f"--address {address}: what answers there is not the head of a Ray cluster; "
        "its port is the one of `ray start --head`, as a rule 6379"
    )


def _is_raylet(process: psutil.Process) -> bool:
    return bool(process.info["name"] == "raylet")


# Ray's C++ writes past Python's sys.stderr.
@contextmanager
def _quiet() -> Iterator[None]:
    kept = os.dup(2)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
