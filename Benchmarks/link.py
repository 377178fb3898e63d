# SPDX-License-Identifier: Apache-2.0
"""Distant servers: a link is given its round trip and its rates, and what passed over it is counted."""

import contextlib
import socket
import statistics
import subprocess
import threading
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """What lies between a client and a server; rates are bytes per second, 0 for no limit."""

    milliseconds: float = 0
    connection_rate: float = 0
    total_rate: float = 0
    setup: float = 0  # round trips that a new connection costs before it carries anything

    @property
    def round_trip(self) -> float:
        return self.milliseconds / 1000

    def transfer(self, size: int, largest: int) -> float:
        """The least number of seconds for so many bytes, of which so many are in one piece."""
        return max(size / self.total_rate if self.total_rate else 0,
                   largest / self.connection_rate if self.connection_rate else 0)


@dataclass(frozen=True)
class Passed:
    """What a link has carried."""

    connections: int
    sent: int
    received: int


class Wan:
    """A server behind a link, on a port of its own."""

    def __init__(self, program: str, port: int, link: Link):
        self.link = Link()
        self._process = subprocess.Popen([program, str(port)], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        self.port = int(self._answer())
        self.set(link)

    def _answer(self) -> str:
        if not (line := self._process.stdout.readline()):
            raise SystemExit(f"wan ended with {self._process.wait()}")
        return line

    def set(self, link: Link) -> Passed:
        """Changes the link, and returns what passed since the previous call."""
        self.link = link
        print(f"{link.milliseconds:f} {link.connection_rate:f} {link.total_rate:f} {link.setup:f}",
              file=self._process.stdin, flush=True)
        return Passed(*map(int, self._answer().split()))

    def passed(self) -> Passed:
        return self.set(self.link)

    def stop(self) -> None:
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def examine(program: str) -> None:
    """Fails if round trips or rates are more than 10 % off, so that no figure rests on a wrong link."""
    link = Link(40, 8e6, 40e6, 2)
    with _Sink() as sink, contextlib.ExitStack() as at_the_end:
        wan = Wan(program, sink.port, link)
        at_the_end.callback(wan.stop)
        with socket.create_connection(("127.0.0.1", wan.port)) as client:
            _expect("first round trip", 3 * link.round_trip, _seconds(_exchange, client, 0, 1))
            trips = [_seconds(_exchange, client, 0, 1) for _ in range(9)]
            _expect("round trip", link.round_trip, statistics.median(trips))
            for sent, received in ((4_000_000, 1), (0, 4_000_000)):
                _expect("rate of a connection", link.transfer(4_000_000, 4_000_000) + link.round_trip,
                        _seconds(_exchange, client, sent, received))
        for sent, received in ((2_000_000, 1), (0, 2_000_000)):
            clients = [socket.create_connection(("127.0.0.1", wan.port)) for _ in range(10)]
            for client in clients:
                _exchange(client, 0, 1)
            threads = [threading.Thread(target=_exchange, args=(client, sent, received))
                       for client in clients]
            start = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            _expect("rate of all connections",
                    link.transfer(20_000_000, 2_000_000) + link.round_trip, time.perf_counter() - start)
            for client in clients:
                client.close()
        if (passed := wan.passed()).connections != 21:
            raise SystemExit(f"wan counted {passed.connections} connections instead of 21")


def _expect(what: str, expected: float, seconds: float) -> None:
    if abs(seconds / expected - 1) > 0.1:
        raise SystemExit(f"wan: {what}: {seconds:.3f} s instead of {expected:.3f} s")


def _seconds(call, *arguments) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def _exchange(client: socket.socket, sent: int, received: int) -> None:
    """Sends so many bytes to a sink and asks it for so many."""
    client.sendall(b"%d %d\n" % (sent, received))
    client.sendall(bytes(sent))
    while received > 0:
        if not (piece := client.recv(1 << 16)):
            raise SystemExit("wan: a connection ended early")
        received -= len(piece)


class _Sink:
    """A server that reads and sends as many bytes as it is told to."""

    def __enter__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    @staticmethod
    def _serve(client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as requests:
            for line in requests:
                received, sent = map(int, line.split())
                while received > 0:
                    received -= len(requests.read(min(received, 1 << 16)))
                client.sendall(bytes(sent))
