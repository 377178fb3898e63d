"""The parts of a layer. A part yields the tar entries of one image, with programs of either architecture."""
import dataclasses
import io
import posixpath
import tarfile
from dataclasses import dataclass, field

import debian
from elf import Binary

OTHER = {"amd64": "arm64", "arm64": "amd64"}
NAMES = {
    "amd64": {"@cpu@": "x86_64", "@triplet@": "x86_64-linux-gnu", "@loader@": "/lib64/ld-linux-x86-64.so.2",
              "@musl@": "/lib/ld-musl-x86_64.so.1", "@debian@": "amd64"},
    "arm64": {"@cpu@": "aarch64", "@triplet@": "aarch64-linux-gnu", "@loader@": "/lib/ld-linux-aarch64.so.1",
              "@musl@": "/lib/ld-musl-aarch64.so.1", "@debian@": "arm64"},
}
BASE = ("base-files", "base-passwd", "bash", "coreutils", "dash", "debianutils", "grep", "libc-bin", "sed", "perl-base")


@dataclass(frozen=True)
class Context:
    """The image that a part belongs to, and the architecture of the part's programs."""
    platform: str
    code: str
    packages: dict = field(hash=False, compare=False)

    def expand(self, text: str) -> str:
        """Replaces the names that depend on the platform, such as @triplet@."""
        for name, value in NAMES[self.platform].items():
            text = text.replace(name, value)
        return text


def entry(path, kind=tarfile.REGTYPE, content=b"", mode=0o755, target="", **more):
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.linkname, info.size = kind, mode, target, len(content)
    for name, value in more.items():
        setattr(info, name, value)
    return info, content


class Part:
    """Yields tar entries for a context."""

    def entries(self, context: Context):
        raise NotImplementedError

    def packages(self) -> set:
        return set()


@dataclass(frozen=True)
class File(Part):
    """A text file; executable unless another mode is given."""
    path: str
    text: str
    mode: int = 0o755

    def entries(self, context):
        yield entry(context.expand(self.path), content=context.expand(self.text).encode("utf-8", "surrogateescape"),
            mode=self.mode)


@dataclass(frozen=True)
class Directory(Part):
    path: str
    mode: int = 0o755

    def entries(self, context):
        yield entry(context.expand(self.path), tarfile.DIRTYPE, mode=self.mode)


@dataclass(frozen=True)
class Link(Part):
    """A symbolic link."""
    path: str
    target: str

    def entries(self, context):
        yield entry(context.expand(self.path), tarfile.SYMTYPE, target=context.expand(self.target), mode=0o777)


@dataclass(frozen=True)
class HardLink(Part):
    path: str
    target: str

    def entries(self, context):
        yield entry(context.expand(self.path), tarfile.LNKTYPE, target=context.expand(self.target))


@dataclass(frozen=True)
class Whiteout(Part):
    """The removal of a path of the layers below; of all children of a directory if its name is '*'."""
    path: str

    def entries(self, context):
        directory, name = posixpath.split(context.expand(self.path))
        name = ".wh..wh..opq" if name == "*" else f".wh.{name}"
        yield entry(posixpath.join(directory, name), mode=0o644)


@dataclass(frozen=True)
class Special(Part):
    """An entry of any other type."""
    path: str
    kind: bytes
    text: str = ""

    def entries(self, context):
        yield entry(context.expand(self.path), self.kind, content=self.text.encode())


@dataclass(frozen=True)
class Program(Part):
    """A generated program that prints 'started': static, or for the loader of an interpreter."""
    path: str
    interpreter: str | None = None
    needed: tuple = ()
    runpath: str | None = None
    rpath: str | None = None
    interpreter_offset: int = 0
    architecture: str | None = None
    mode: int = 0o755

    def entries(self, context):
        names = Context(context.code, context.code,
            context.packages)  # a program names the loader of its own architecture
        binary = Binary(self.architecture or context.code, self.interpreter and names.expand(self.interpreter),
                        tuple(names.expand(name) for name in self.needed), self.runpath and names.expand(self.runpath),
                        self.rpath and names.expand(self.rpath), interpreter_offset=self.interpreter_offset)
        yield entry(context.expand(self.path), content=binary.encode(), mode=self.mode)


@dataclass(frozen=True)
class Library(Part):
    """A generated shared library."""
    path: str
    needed: tuple = ()
    soname: str | None = None
    runpath: str | None = None

    def entries(self, context):
        name = self.soname or posixpath.basename(self.path)
        binary = Binary(context.code, needed=self.needed, soname=name, is_library=True, runpath=self.runpath)
        yield entry(context.expand(self.path), content=binary.encode(), mode=0o644)


@dataclass(frozen=True)
class FromPackage(Part):
    """One file of a Debian package, found by a pattern; at the same path unless another is given."""
    package: str
    pattern: str
    path: str | None = None
    mode: int | None = None
    edit: tuple | None = None  # text to replace, and its replacement

    def entries(self, context):
        names = Context(context.code, context.code, context.packages)
        info, content = self._find(context.packages[context.code], names.expand(self.pattern))
        if self.edit:
            content = content.replace(self.edit[0].encode(), self.edit[1].encode())
        path = context.expand(self.path).lstrip("/") if self.path else debian.merged(
            info.name.replace(NAMES[context.code]["@triplet@"], NAMES[context.platform]["@triplet@"]))
        yield entry(path, content=content, mode=self.mode or info.mode)

    def _find(self, packages, pattern):
        name, content = packages.read(self.package, pattern)
        return next((info, data) for info, data in packages.files(self.package) if info.name == name)

    def packages(self):
        return {self.package}


@dataclass(frozen=True)
class Debs(Part):
    """Whole Debian packages with their dependencies, except those of the base that a lower layer has."""
    names: tuple
    over: tuple = BASE
    merged: bool = True  # paths as in a system with /bin → /usr/bin

    def entries(self, context):
        packages = context.packages[context.code]
        below = set(packages.closure(self.over)) if self.over else set()
        seen = set()
        for name in packages.closure(self.names):
            if name in below:
                continue
            for info, content in packages.files(name):
                path = debian.merged(info.name) if self.merged else info.name
                if path in seen or (self.merged and path in ("usr/bin", "usr/sbin", "usr/lib", "usr/lib64", "usr")):
                    continue
                seen.add(path)
                target = info.linkname
                if info.issym() and self.merged:
                    target = debian.merged_target(info.name, target)
                elif info.islnk():
                    target = posixpath.normpath(target)
                    target = debian.merged(target) if self.merged else target
                yield entry(path, info.type, content, info.mode, target)

    def packages(self):
        return {*self.names, *self.over}


@dataclass(frozen=True)
class Group(Part):
    parts: tuple

    def entries(self, context):
        for part in self.parts:
            yield from part.entries(context)

    def packages(self):
        return set().union(*(part.packages() for part in self.parts))


@dataclass(frozen=True)
class ForArchitecture(Part):
    """A part with programs for the architecture 'amd64' on all platforms, or for the 'other' one on each."""
    part: Part
    code: str

    def entries(self, context):
        code = OTHER[context.platform] if self.code == "other" else self.code
        yield from self.part.entries(dataclasses.replace(context, code=code))

    def packages(self):
        return self.part.packages()


@dataclass(frozen=True)
class Only(Part):
    """A part that only the image of one platform has."""
    platform: str
    part: Part

    def entries(self, context):
        if context.platform == self.platform:
            yield from self.part.entries(context)

    def packages(self):
        return self.part.packages()


def other(part):
    """The part with the programs of the other architecture, on both platforms: no platform starts."""
    return ForArchitecture(part, "other")


def hard_coded(part):
    """The part with amd64 programs on both platforms, as from one hard-coded download: only arm64 does not start."""
    return ForArchitecture(part, "amd64")


def tar_of(parts, context, *, padded=True, form=tarfile.GNU_FORMAT) -> bytes:
    """Returns the entries of parts as a tar archive, dated 1970 and owned by root."""
    output = io.BytesIO()
    for part in parts:
        for info, content in part.entries(context):
            output.write(info.tobuf(form))
            output.write(content + b"\0" * (-len(content) % 512))
    if padded:
        output.write(b"\0" * 1024)
        return output.getvalue()
    last = len(content) % 512
    return output.getvalue()[:-(512 - last)] if last else output.getvalue()
