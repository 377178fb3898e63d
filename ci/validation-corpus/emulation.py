"""Starts an arm64 root file system on an amd64 machine, and nothing that is not arm64.

    emulation.py ROOT QEMU REQUEST      (as root; REQUEST is JSON: words, env, cwd, user)

The kernel keeps binary formats per user namespace. This program creates one, registers QEMU for arm64 programs, and a
file that no format accepts for all amd64 and i386 programs; so an amd64 program in the root fails with "exec format
error", as it does on an arm64 machine. QEMU itself is an amd64 program: its copy has a mark in the padding of the ELF
identification, which the second registration excludes. Words, user and working directory are resolved as runc does. The
exit code is the program's; 125 if the machine cannot do this.
"""
import ctypes
import json
import os
import sys
import tempfile
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x10000000, 0x20000000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
MARK = 0x4F  # in the last byte of the identification's padding
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, kind, flags=0):
    call("mount", source.encode(), str(target).encode(), kind.encode(), ctypes.c_ulong(flags), None)


def enter_namespaces():
    """Enters new namespaces as a child whose user and group ids equal the machine's."""
    created, mapped = os.pipe(), os.pipe()
    child = os.fork()
    if child != 0:
        os.read(created[0], 1)
        for kind in ("uid_map", "gid_map"):
            Path(f"/proc/{child}/{kind}").write_text("0 0 4294967295")
        os.write(mapped[1], b"1")
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
    os.write(created[1], b"1")
    os.read(mapped[0], 1)
    os.setgid(0)
    os.setuid(0)
    first = os.fork()  # process 1 of the new namespace
    if first != 0:
        _, status = os.waitpid(first, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def identification(machine, bits=2):
    """Returns magic and mask of little-endian ELF files for a machine, in the notation of the kernel."""
    magic = [0x7F, *b"ELF", bits, 1, 1, *[0] * 9, 2, 0, machine & 0xFF, machine >> 8]
    mask = [0xFF] * 7 + [0] + [0] * 7 + [0xFF] + [0xFE, 0xFF, 0xFF, 0xFF]
    return tuple("".join(f"\\x{byte:02x}" for byte in text) for text in (magic, mask))


def register_formats(root, qemu, nothing):
    directory = root / "proc/sys/fs/binfmt_misc"
    mount("binfmt_misc", directory, "binfmt_misc")
    for name, machine, bits, interpreter in (
        ("arm64", 183, 2, qemu), ("foreign-amd64", 62, 2, nothing), ("foreign-i386", 3, 1, nothing)
    ):
        magic, mask = identification(machine, bits)
        (directory / "register").write_text(f":{name}:M::{magic}:{mask}:{interpreter}:F")


def marked_copy(qemu, target):
    content = bytearray(Path(qemu).read_bytes())
    content[15] = MARK
    target.write_bytes(content)
    target.chmod(0o755)


def mount_devices(root):
    for name in ("proc", "dev", "tmp"):
        path = root / name
        if not path.is_dir():
            path.mkdir()
    mount("proc", root / "proc", "proc")
    mount("tmpfs", root / "dev", "tmpfs")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        (root / "dev" / name).touch()
        mount(f"/dev/{name}", root / "dev" / name, "", MS_BIND)
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / name).symlink_to(target)
    (root / "dev" / "shm").mkdir(mode=0o1777)


def resolve(word, path):
    """Returns the file that runc would execute: a word without a slash is looked up in PATH."""
    if "/" in word:
        return word
    for directory in path.split(":"):
        candidate = f"{directory or '.'}/{word}"
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(f"{word}: executable file not found in $PATH")


def identity(user):
    """Returns user and group id of the config's User, as containerd finds them in /etc/passwd and /etc/group."""
    def look_up(file, name, columns):
        try:
            rows = [line.split(":") for line in Path(file).read_text().splitlines()]
        except OSError:
            rows = []
        for row in rows:
            if row[0] == name or row[2:3] == [name]:
                return [int(row[column]) for column in columns]
        if not name.isdecimal():
            raise OSError(f"{name}: no such entry in {file}")
        return [int(name), 0]

    user, _, group = user.partition(":")
    ids = look_up("/etc/passwd", user, (2, 3)) if user else [0, 0]
    return ids[0], look_up("/etc/group", group, (2,))[0] if group else ids[1]


def main():
    root, qemu, request = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    try:
        enter_namespaces()
        mount("none", "/", "none", MS_REC | MS_PRIVATE)
        mount_devices(root)
        with tempfile.TemporaryDirectory() as scratch:
            own_qemu, nothing = Path(scratch) / "qemu", Path(scratch) / "nothing"
            marked_copy(qemu, own_qemu)
            nothing.write_bytes(b"\0")
            nothing.chmod(0o755)
            register_formats(root, own_qemu, nothing)
    except OSError as error:
        print(f"cannot emulate: {error}", file=sys.stderr)
        os._exit(125)
    try:
        os.chroot(root)
        directory = request["cwd"] or "/"
        if not directory.startswith("/"):
            raise OSError(f"{directory}: the working directory is relative")
        if malformed := [entry for entry in request["env"] if "=" not in entry]:
            raise OSError(f"{malformed[0]}: an environment entry without a value")
        os.makedirs(directory, exist_ok=True)
        os.chdir(directory)
        user, group = identity(request["user"])
        os.setgroups([])
        os.setgid(group)
        os.setuid(user)
        environment = dict(entry.partition("=")[::2] for entry in request["env"])
        words = request["words"]
        os.execve(resolve(words[0], environment.get("PATH", "")), words, environment)
    except OSError as error:
        print(f"cannot start: {error}", file=sys.stderr)
        os._exit(1)


main()
