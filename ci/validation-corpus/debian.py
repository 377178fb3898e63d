"""Debian packages of both architectures: downloaded once, read as lists of files."""
import fnmatch
import io
import json
import os
import posixpath
import shutil
import subprocess
import tarfile
from functools import lru_cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
UNUSED = (
    "usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "usr/share/lintian/*", "usr/share/info/*",
    "usr/share/bash-completion/*", "usr/share/i18n/*", "usr/share/zoneinfo/*", "usr/share/icons/*", "usr/share/fonts/*",
    "usr/share/bug/*", "usr/share/doc-base/*", "usr/share/menu/*", "usr/share/perl/*/unicore/*",
        "usr/share/common-licenses/*",
    "usr/lib/*/gconv/*", "usr/include/*", "usr/share/gcc/*", "usr/share/mime/*", "usr/share/pixmaps/*",
        "usr/share/X11/*",
)
# Not needed to start a program; their installation scripts would need them.
UNUSED_PACKAGES = {
    "adduser", "debconf", "dpkg", "gcc-12-base", "init-system-helpers", "install-info", "mime-support", "media-types",
    "passwd", "sensible-utils", "systemd", "tzdata", "ucf", "lsb-base", "sysvinit-utils", "tar", "cdebconf", "openssl",
        "ca-certificates",
}
MERGED = ("bin", "sbin", "lib", "lib64")


class Packages:
    """The packages of one architecture, below a cache directory."""

    def __init__(self, architecture: str, directory: Path):
        self.architecture = architecture
        self.directory = directory / architecture
        self.closures: dict[str, list[str]] = {}

    def fetch(self, names) -> None:
        """Downloads packages with all their dependencies, unless an earlier call did."""
        (self.directory / "debs").mkdir(parents=True, exist_ok=True)
        known = self.directory / "closures.json"
        self.closures = json.loads(known.read_text()) if known.exists() else {}
        if set(names) <= set(self.closures):
            return
        self._apt('apt-get --quiet --quiet update && apt-cache dumpavail >available')
        available = Available((self.directory / "available").read_text())
        self.closures = {name: available.closure(name) for name in sorted({*names, *self.closures})}
        missing = [name for name in sorted(set().union(*self.closures.values()))
                   if not list((self.directory / "debs").glob(f"{name}_*.deb"))]
        if missing:
            self._apt(f'cd debs && apt-get --quiet --quiet download {" ".join(missing)}')
        known.write_text(json.dumps(self.closures))
        for name in ("lists", "cache"):
            shutil.rmtree(self.directory / name)
        (self.directory / "available").unlink()

    def _apt(self, command: str) -> None:
        script = f"""set -euo pipefail
source {PROJECT}/ci/lib/common.sh
source {PROJECT}/ci/lib/apt-private.sh
private_apt {self.architecture} {self.directory}
export APT_CONFIG={self.directory}/apt.conf
cd {self.directory}
{command}"""
        done = subprocess.run(["bash", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise SystemExit(f"packages for {self.architecture} are not available:\n{done.stdout[-2000:]}")

    @lru_cache(maxsize=None)
    def deb(self, package: str) -> Path:
        found = sorted((self.directory / "debs").glob(f"{package}_*.deb"), key=os.path.getmtime)
        if not found:
            raise SystemExit(f"package {package} for {self.architecture} was not downloaded")
        return found[-1]

    @lru_cache(maxsize=60)
    def files(self, package: str) -> list[tuple[tarfile.TarInfo, bytes]]:
        """Returns the package's entries; a path has no leading './'."""
        archive = subprocess.run(["dpkg-deb", "--fsys-tarfile", self.deb(package)], check=True,
            capture_output=True).stdout
        entries = []
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            for member in tar:
                member.name = posixpath.normpath(member.name)
                if member.name == "." or any(fnmatch.fnmatchcase(member.name, pattern) for pattern in UNUSED):
                    continue
                entries.append((member, tar.extractfile(member).read() if member.isreg() else b""))
        return entries

    def read(self, package: str, pattern: str) -> tuple[str, bytes]:
        """Returns path and content of the one regular file that matches a pattern."""
        for member, content in self.files(package):
            if member.isreg() and fnmatch.fnmatchcase(member.name, pattern):
                return member.name, content
        raise SystemExit(f"package {package} ({self.architecture}) has no {pattern}")

    def closure(self, names) -> list[str]:
        """Returns packages with all their dependencies, without those that only their installation needs."""
        return list(dict.fromkeys(needed for name in names for needed in self.closures[name]))


class Available:
    """The packages that apt knows."""

    def __init__(self, text: str):
        self._needed: dict[str, list[list[str]]] = {}
        self._providers: dict[str, list[str]] = {}
        for paragraph in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line and line[0] != " ")
            if "Package" not in fields:
                continue
            name = fields["Package"]
            clauses = ", ".join(fields[key] for key in ("Pre-Depends", "Depends") if key in fields)
            self._needed[name] = [[self._name(text) for text in clause.split("|")]
                                  for clause in clauses.split(", ") if clause]
            for provided in fields.get("Provides", "").split(", "):
                self._providers.setdefault(self._name(provided), []).append(name)

    @staticmethod
    def _name(text: str) -> str:
        return text.strip().partition(" ")[0].partition(":")[0]

    def _choose(self, names) -> str:
        """Returns the first existing package of alternatives, else one that provides the first."""
        for name in names:
            if name in self._needed:
                return name
        for name in names:
            if name in self._providers:
                return min(self._providers[name])
        raise SystemExit(f"no package {' or '.join(names)}")

    def closure(self, name: str) -> list[str]:
        found, queue = {}, [self._choose([name])]
        while queue:
            one = queue.pop(0)
            if one not in found and (one == name or one not in UNUSED_PACKAGES):
                found[one] = None
                queue += [self._choose(clause) for clause in self._needed[one]]
        return list(found)


def merged(path: str) -> str:
    """Returns the path in a system whose /bin, /sbin and /lib are links to those below /usr."""
    return f"usr/{path}" if path.split("/")[0] in MERGED else path


def merged_target(path: str, target: str) -> str:
    """Returns the link target that has the same meaning after the link itself has been moved below /usr."""
    if target.startswith("/") or merged(path) == path:
        return target
    return "/" + merged(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).lstrip("/"))
