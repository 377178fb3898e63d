"""Writes small ELF programs and libraries: each prints a text and exits with 0 (libraries contain no code)."""
import struct
from dataclasses import dataclass, field

MACHINES = {"amd64": 62, "arm64": 183, "i386": 3, "armhf": 40, "s390x": 22, "ppc64el": 21, "riscv64": 243}
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_PHDR, PT_GNU_STACK = 1, 2, 3, 6, 0x6474E551
DT_NEEDED, DT_HASH, DT_STRTAB, DT_SYMTAB, DT_STRSZ, DT_SYMENT, DT_SONAME = 1, 4, 5, 6, 10, 11, 14
DT_RPATH, DT_DEBUG, DT_RUNPATH = 15, 21, 29
PAGE = 0x10000  # the largest page of both architectures


@dataclass
class Binary:
    """An ELF file. A program without an interpreter is static."""
    architecture: str
    interpreter: str | None = None
    needed: tuple = ()
    runpath: str | None = None
    rpath: str | None = None
    soname: str | None = None
    is_library: bool = False
    interpreter_offset: int = 0  # at least this many bytes before the interpreter's name
    text: str = "started\n"
    base: int = field(init=False)

    def __post_init__(self):
        self.base = 0 if self.is_library else 0x400000

    def encode(self) -> bytes:
        return self._encode32() if self.architecture == "i386" else self._encode64()

    def _code(self, distance_of) -> bytes:
        """Returns instructions that write the text and exit. distance_of(offset) is the distance from an
        instruction at an offset in the code to the text."""
        length = len(self.text.encode())
        if self.architecture == "amd64":
            return (b"\xb8\x01\0\0\0\xbf\x01\0\0\0"
                    + b"\x48\x8d\x35" + struct.pack("<i", distance_of(17))
                    + b"\xba" + struct.pack("<I", length) + b"\x0f\x05"
                    + b"\xb8\xe7\0\0\0\x31\xff\x0f\x05")
        if self.architecture == "arm64":
            distance = distance_of(4)
            address = 0x10000001 | (distance & 3) << 29 | (distance >> 2) << 5
            return struct.pack("<8I", 0xD2800020, address, 0xD2800002 | length << 5, 0xD2800808,
                               0xD4000001, 0xD2800000, 0xD2800BC8, 0xD4000001)
        return b"\0" * 32  # never executed

    def _encode64(self) -> bytes:
        headers = [PT_LOAD, PT_GNU_STACK]
        if self.interpreter:
            headers = [PT_PHDR, PT_INTERP, *headers]
        is_dynamic = bool(self.interpreter) or self.is_library
        if is_dynamic:
            headers.append(PT_DYNAMIC)
        code_at = 64 + 56 * len(headers)
        text_at = code_at + len(self._code(lambda _: 0))
        text = self.text.encode()
        content = bytearray(text_at)
        content[code_at:] = self._code(lambda offset: text_at - code_at - offset)
        content += text + b"\0" * (-len(text) % 16)
        interpreter_at = interpreter_size = dynamic_at = dynamic_size = 0
        if self.interpreter:
            content += b"\0" * (self.interpreter_offset - len(content))
            interpreter_at, name = len(content), self.interpreter.encode() + b"\0"
            interpreter_size = len(name)
            content += name
        content += b"\0" * (-len(content) % 16)
        if is_dynamic:
            dynamic_at, dynamic_size = self._append_dynamic(content)
        segments = {
            PT_LOAD: (7, 0, len(content)), PT_GNU_STACK: (6, 0, 0), PT_PHDR: (4, 64, 56 * len(headers)),
            PT_INTERP: (4, interpreter_at, interpreter_size), PT_DYNAMIC: (6, dynamic_at, dynamic_size),
        }
        content[:16] = b"\x7fELF\x02\x01\x01" + b"\0" * 9
        struct.pack_into("<HHIQQQIHHHHHH", content, 16, 3 if self.is_library else 2, MACHINES[self.architecture], 1,
                         0 if self.is_library else self.base + code_at, 64, 0, 0, 64, 56, len(headers), 64, 0, 0)
        for number, kind in enumerate(headers):
            flags, offset, size = segments[kind]
            address = self.base + offset
            struct.pack_into("<IIQQQQQQ", content, 64 + 56 * number, kind, flags, offset, address, address, size, size,
                             PAGE if kind == PT_LOAD else 8)
        return bytes(content)

    def _append_dynamic(self, content: bytearray):
        strings = bytearray(b"\0")

        def string(value):
            at = len(strings)
            strings.extend(value.encode() + b"\0")
            return at

        entries = [(DT_NEEDED, string(name)) for name in self.needed]
        for tag, value in ((DT_SONAME, self.soname), (DT_RUNPATH, self.runpath), (DT_RPATH, self.rpath)):
            if value:
                entries.append((tag, string(value)))
        symbols_at = len(content)
        content += b"\0" * 24
        hash_at = len(content)
        content += struct.pack("<5I", 1, 1, 0, 0, 0)
        strings_at = len(content)
        content += strings + b"\0" * (-(hash_at + 20 + len(strings)) % 16)
        entries += [(DT_HASH, self.base + hash_at), (DT_STRTAB, self.base + strings_at), (DT_STRSZ, len(strings)),
                    (DT_SYMTAB, self.base + symbols_at), (DT_SYMENT, 24)]
        if not self.is_library:
            entries.append((DT_DEBUG, 0))
        entries.append((0, 0))
        at = len(content)
        content += b"".join(struct.pack("<QQ", *entry) for entry in entries)
        return at, 16 * len(entries)

    def _encode32(self) -> bytes:
        text, address = self.text.encode(), 0x8048000
        code_at = 52 + 32
        code = (b"\xb8\x04\0\0\0\xbb\x01\0\0\0\xb9" + struct.pack("<I", address + code_at + 34)
                + b"\xba" + struct.pack("<I", len(text)) + b"\xcd\x80" + b"\xb8\x01\0\0\0\x31\xdb\xcd\x80")
        code += b"\x90" * (34 - len(code))
        size = code_at + len(code) + len(text)
        header = b"\x7fELF\x01\x01\x01" + b"\0" * 9 + struct.pack(
            "<HHIIIIIHHHHHH", 2, MACHINES["i386"], 1, address + code_at, 52, 0, 0, 52, 32, 1, 40, 0, 0)
        return header + struct.pack("<8I", PT_LOAD, 0, address, address, size, size, 7, 0x1000) + code + text
