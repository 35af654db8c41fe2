"""A PostgreSQL that fails over: two nodes kept by Patroni and etcd behind HAProxy, all on this machine's loopback.

Debian's packages patroni, etcd-server, haproxy and postgresql; nothing of the system's own services is touched.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.end_to_end.site import free_port

PROGRAMS: Final = ("patroni", "etcd", "haproxy")
START_SECONDS_MAX: Final = 120.0
TTL_SECONDS: Final = 20
"""A leader that has not been heard of for so long is none; the least that Patroni takes."""
PASSWORD: Final = "only-on-loopback"
NODES: Final = ("north", "south")


class ClusterUnavailableError(Exception):
    """A program is not installed, or the cluster does not come up; the message says which."""


@dataclass(kw_only=True, slots=True)
class Node:
    """One PostgreSQL and the Patroni that keeps it."""

    name: str
    folder: Path
    sql_port: int
    rest_port: int
    process: subprocess.Popen[bytes] | None = None

    def family(self) -> list[psutil.Process]:
        """Every process of the node: Patroni, and PostgreSQL with what it started, which outlives a Patroni."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = " ".join(process.info["cmdline"] or ())
            if str(self.folder) in words:
                found.append(process)
                with suppress(psutil.NoSuchProcess):
                    found += process.children(recursive=True)
        return list(dict.fromkeys(found))


@dataclass(kw_only=True, slots=True)
class Cluster:
    """Both nodes, the store that they agree in, and the door that leads to the leader."""

    folder: Path
    run_as: dict[str, Any]
    binaries: Path
    synchronous: bool = True
    """Whether a commit waits for the other node; without it what was acknowledged can be lost."""
    store_port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    door_port: int = field(default_factory=free_port)
    nodes: dict[str, Node] = field(default_factory=dict)
    others: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def database_url(self, name: str) -> str:
        """SQLAlchemy's URL of a database, by the door."""
        return f"postgresql+psycopg://postgres:{PASSWORD}@127.0.0.1:{self.door_port}/{name}"

    def start(self) -> None:
        """Start everything, and return once there is a leader and a synchronous standby."""
        self._run("etcd", "etcd", *_store(self.folder / "etcd", self.store_port, self.peer_port))
        for name in NODES:
            node = Node(name=name, folder=self.folder / name, sql_port=free_port(), rest_port=free_port())
            self.nodes[name] = node
            node.folder.mkdir()
            _own(node.folder, self.run_as)
            _written(node.folder / "patroni.json", json.dumps(self._node(node)), self.run_as)
            self.start_node(name)
            self.wait_for(lambda roles: "leader" in roles.values())  # so that the first node makes the database
        door = _written(self.folder / "haproxy.cfg", self._door(), self.run_as)
        self._run("haproxy", "haproxy", "-db", "-f", str(door))
        self.wait_until_whole()

    def start_node(self, name: str) -> None:
        """Start a node, or start it again after a kill: it finds its own way back."""
        node = self.nodes[name]
        node.process = self._run(name, "patroni", str(node.folder / "patroni.json"))

    def wait_until_whole(self) -> str:
        """Wait for a leader with a synchronous standby; the leader's name."""
        other = "sync_standby" if self.synchronous else "replica"
        roles = self.wait_for(lambda roles: set(roles.values()) == {"leader", other})
        return next(name for name, role in roles.items() if role == "leader")

    def wait_for(self, fits: Any) -> dict[str, str]:
        """Wait until the roles of the nodes fit; they."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while not fits(roles := self.roles()):
            if time.monotonic() > deadline:
                raise ClusterUnavailableError(f"The cluster stands at {roles}: {self._tail()}")
            time.sleep(0.2)  # nothing says when another process is through
        return roles

    def roles(self) -> dict[str, str]:
        """Node -> role, as those that answer see it; those that do not run are left out."""
        for node in self.nodes.values():
            with suppress(OSError, urllib.error.URLError, ValueError):
                with urllib.request.urlopen(f"http://127.0.0.1:{node.rest_port}/cluster", timeout=3) as answer:
                    members = json.load(answer)["members"]
                return {m["name"]: m["role"] for m in members if m.get("state") in ("running", "streaming")}
        return {}

    def kill_node(self, name: str) -> None:
        """End a whole node at once, as when its power is cut."""
        for process in self.nodes[name].family():
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def kill_postgres(self, name: str) -> None:
        """End the database of a node and leave its Patroni."""
        keeper = self.nodes[name].process
        for process in self.nodes[name].family():
            if keeper is None or process.pid != keeper.pid:
                with suppress(psutil.NoSuchProcess):
                    process.kill()

    def freeze(self, name: str) -> list[psutil.Process]:
        """Stop a whole node without ending it, as a machine that hangs; `resume` each to go on."""
        family = self.nodes[name].family()
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        return family

    def stop_telling(self, leader: str) -> None:
        """Let the leader send nothing to the other node any more, as when the line between them is cut."""
        for process in self.nodes[leader].family():
            with suppress(psutil.NoSuchProcess):
                if "walsender" in " ".join(process.cmdline()):
                    process.suspend()

    def stop(self) -> None:
        """End everything."""
        for name in self.nodes:
            self.kill_node(name)
        for process in self.others:
            process.kill()
            process.wait()

    def _run(self, log_name: str, *command: str) -> subprocess.Popen[bytes]:
        with (self.folder / f"{log_name}.log").open("ab") as log:
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self.run_as
            )
        self.others.append(process)
        return process

    def _tail(self) -> str:
        return "\n".join(f"{p.name}: {p.read_text(errors='replace')[-600:]}" for p in self.folder.glob("*.log"))

    def _node(self, node: Node) -> dict[str, Any]:
        """The settings of a node; `README.md` beside this file says why they are as they are."""
        people = {role: {"username": role, "password": PASSWORD} for role in ("replicator", "rewind_user")}
        return {
            "scope": "warehouse",
            "name": node.name,
            "restapi": _at(node.rest_port),
            # Not etcd3: Patroni 3.0.2 writes its name there without a look at whose the lock is by then.
            "etcd": {"host": f"127.0.0.1:{self.store_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_SECONDS,
                    "loop_wait": 3,
                    "retry_timeout": 5,
                    "synchronous_mode": self.synchronous,
                    "postgresql": {"use_pg_rewind": True, "parameters": {"max_connections": 200}},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                **_at(node.sql_port),
                "data_dir": str(node.folder / "data"),
                "bin_dir": str(self.binaries),
                "pgpass": str(node.folder / "pgpass"),
                "authentication": {
                    "superuser": {"username": "postgres", "password": PASSWORD},
                    "replication": people["replicator"],
                    "rewind": people["rewind_user"],
                },
                "pg_hba": [
                    "host replication replicator 127.0.0.1/32 scram-sha-256",
                    "host all all 127.0.0.1/32 scram-sha-256",
                ],
                "parameters": {"unix_socket_directories": str(node.folder), "password_encryption": "scram-sha-256"},
            },
        }

    def _door(self) -> str:
        """HAProxy leads to whichever node says that it is the leader, and hangs up where it is no more."""
        servers = "\n".join(
            f"  server {n.name} 127.0.0.1:{n.sql_port} check port {n.rest_port}" for n in self.nodes.values()
        )
        return f"""defaults
  mode tcp
  timeout connect 3s
  timeout client 30m
  timeout server 30m
  timeout check 2s
listen leader
  bind 127.0.0.1:{self.door_port}
  maxconn 200
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter 1s fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


def _at(port: int) -> dict[str, str]:
    return {"listen": f"127.0.0.1:{port}", "connect_address": f"127.0.0.1:{port}"}


def _store(folder: Path, port: int, peer_port: int) -> Iterator[str]:
    yield from ("--data-dir", str(folder), "--log-level", "error", "--enable-v2")
    yield from ("--listen-client-urls", f"http://127.0.0.1:{port}", "--advertise-client-urls")
    yield f"http://127.0.0.1:{port}"
    yield from ("--listen-peer-urls", f"http://127.0.0.1:{peer_port}", "--initial-advertise-peer-urls")
    yield from (f"http://127.0.0.1:{peer_port}", "--initial-cluster", f"default=http://127.0.0.1:{peer_port}")


@contextmanager
def running_cluster(*, synchronous: bool = True) -> Iterator[Cluster]:
    """A cluster of its own, gone with its data at the end.

    Raises ClusterUnavailableError with a sentence that says what is missing.
    """
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    binaries = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None)
    if missing or binaries is None:
        raise ClusterUnavailableError(
            f"{', '.join(missing or ['postgresql'])} cannot be found. "
            "On Debian: apt-get install patroni etcd-server haproxy postgresql"
        )
    folder = Path(tempfile.mkdtemp(prefix="failover-"))
    run_as: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses root
        nobody = pwd.getpwnam("nobody")
        run_as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    _own(folder, run_as)
    cluster = Cluster(folder=folder, run_as=run_as, binaries=binaries, synchronous=synchronous)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _own(path: Path, run_as: dict[str, Any]) -> None:
    if run_as:
        os.chown(path, run_as["user"], run_as["group"])


def _written(path: Path, text: str, run_as: dict[str, Any]) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    _own(path, run_as)
    return path
