"""Loaders and shared libraries: glibc, musl, run paths, ld.so.conf, sysroots."""
from images import DEBIAN, Image, Layer
from layers import Debs, File, FromPackage, Library, Link, Program, hard_coded, other

from .forms import ARM64_FAILS

LIBC = Layer(Debs(("libc6",), over=()))  # nothing but the C library, as in "distroless" images
MERGED_LIB = Layer(Link("lib", "usr/lib"), Link("lib64", "usr/lib64"), Debs(("libc6",), over=()))
DEBIAN_MUSL = Layer(Debs(("musl",), over=(), merged=False))  # with a file of search paths
MUSL = Layer(FromPackage("musl", "lib/*/libc.so", "@musl@", mode=0o755),
    Link("lib/libc.musl-@cpu@.so.1", "ld-musl-@cpu@.so.1"))  # as in Alpine
GLIBC = "@loader@"


def app(*needed, path="app/server", **more):
    return Program(path, interpreter=GLIBC, needed=(*needed, "libc.so.6"), **more)


def musl(*needed, **more):
    return Program("app/server", interpreter="@musl@", needed=needed, **more)


def image(name, why, *layers, starts=True, **more):
    return Image(name, why, list(layers), cmd=["/app/server"], starts=starts, **more)


DEFAULT = "usr/lib/@triplet@/"
IMAGES = [
    image("glibc", "a dynamic program with the GNU C library", MERGED_LIB, Layer(app())),
    image("glibc-foreign", "a dynamic program of the other architecture: its loader is missing too", MERGED_LIB,
        Layer(other(app())), starts=False),
    image("glibc-without-links", "the link to the loader's directory is missing", LIBC, Layer(app()), starts=False),
    image("glibc-missing", "a dynamic program without a C library", Layer(app()), starts=False),
    image("glibc-loader-foreign", "the loader is for the other architecture", MERGED_LIB,
        Layer(other(FromPackage("libc6", "lib/@triplet@/ld-linux-*.so.?", "@loader@"))), Layer(app()), starts=False),
    image("glibc-libc-foreign", "libc.so.6 is for the other architecture", MERGED_LIB,
        Layer(other(FromPackage("libc6", "lib/@triplet@/libc.so.6", "usr/lib/@triplet@/libc.so.6"))), Layer(app()),
        starts=False),
    image("library", "a library in the default directory", DEBIAN,
        Layer(app("libapp.so.1"), Library(DEFAULT + "libapp.so.1"))),
    image("library-missing", "a needed library is missing", DEBIAN, Layer(app("libapp.so.1")), starts=False),
    image("library-foreign", "a needed library is for the other architecture", DEBIAN,
        Layer(app("libapp.so.1"), other(Library(DEFAULT + "libapp.so.1"))), starts=False),
    image("library-hard-coded", "a needed library is an amd64 download", DEBIAN,
        Layer(app("libapp.so.1"), hard_coded(Library(DEFAULT + "libapp.so.1"))), starts=ARM64_FAILS),
    image("library-foreign-skipped", "the loader skips a foreign library and finds another", DEBIAN,
        Layer(app("libapp.so.1", runpath="/opt/lib"), other(Library("opt/lib/libapp.so.1")),
        Library(DEFAULT + "libapp.so.1"))),
    image("library-foreign-skipped-reversed", "the run path has the library, the default directory a foreign one",
        DEBIAN,
        Layer(app("libapp.so.1", runpath="/opt/lib"), Library("opt/lib/libapp.so.1"),
        other(Library(DEFAULT + "libapp.so.1")))),
    image("library-unused-foreign", "a foreign library that nothing needs", DEBIAN,
        Layer(app(), other(Library(DEFAULT + "libapp.so.1")))),
    image("library-transitive", "a library needs another one", DEBIAN,
        Layer(app("liba.so"), Library(DEFAULT + "liba.so", needed=("libb.so",)), Library(DEFAULT + "libb.so"))),
    image("library-transitive-missing", "a library needs another one, which is missing", DEBIAN,
        Layer(app("liba.so"), Library(DEFAULT + "liba.so", needed=("libb.so",))), starts=False),
    image("library-transitive-foreign", "a library needs another one, which is foreign", DEBIAN,
        Layer(app("liba.so"), Library(DEFAULT + "liba.so", needed=("libb.so",)), other(Library(DEFAULT + "libb.so"))),
        starts=False),
    image("library-runpath-origin", "a run path relative to the program", DEBIAN,
        Layer(app("libapp.so.1", runpath="$ORIGIN/lib"), Library("app/lib/libapp.so.1"))),
    image("library-runpath-origin-link", "the program is started through a link; $ORIGIN is its real directory", DEBIAN,
        Layer(app("libapp.so.1", path="opt/app/bin/server", runpath="$ORIGIN/../lib"),
        Library("opt/app/lib/libapp.so.1"), Link("app/server", "/opt/app/bin/server"))),
    image("library-runpath-not-inherited", "a run path does not hold for the libraries of a library", DEBIAN,
        Layer(app("liba.so", runpath="/opt/lib"), Library("opt/lib/liba.so", needed=("libb.so",)),
        Library("opt/lib/libb.so")), starts=False),
    image("library-rpath-inherited", "DT_RPATH holds for the libraries of a library", DEBIAN,
        Layer(app("liba.so", rpath="/opt/lib"), Library("opt/lib/liba.so", needed=("libb.so",)),
        Library("opt/lib/libb.so"))),
    image("library-own-runpath", "a library has its own run path", DEBIAN,
        Layer(app("liba.so", runpath="/opt/lib"), Library("opt/lib/liba.so", needed=("libb.so",), runpath="$ORIGIN"),
        Library("opt/lib/libb.so"))),
    image("library-empty-runpath", "a run path that does not exist", DEBIAN,
        Layer(app("libapp.so.1", runpath="/opt/none"), Library("opt/lib/libapp.so.1")), starts=False),
    image("library-absolute", "a needed library is a path", DEBIAN,
        Layer(app("/opt/lib/libapp.so.1"), Library("opt/lib/libapp.so.1"))),
    image("library-absolute-missing", "a needed library is a path that does not exist", DEBIAN,
        Layer(app("/opt/lib/libapp.so.1")), starts=False),
    image("library-usr-local", "/usr/local/lib is in no default search path without ld.so.cache", DEBIAN,
        Layer(app("libapp.so.1"), Library("usr/local/lib/libapp.so.1")), starts=False),
    image("library-environment", "LD_LIBRARY_PATH of the config", DEBIAN,
        Layer(app("libapp.so.1"), Library("opt/lib/libapp.so.1")), env=["LD_LIBRARY_PATH=/opt/lib"]),
    image("library-environment-wrong", "LD_LIBRARY_PATH of the config has only a foreign library", DEBIAN,
        Layer(app("libapp.so.1"), other(Library("opt/lib/libapp.so.1"))),
        env=["LD_LIBRARY_PATH=/opt/lib"], starts=False),
    Image("library-environment-script", "a start script sets LD_LIBRARY_PATH",
        [DEBIAN, Layer(app("libapp.so.1"), Library("opt/lib/libapp.so.1"),
        File("entry.sh", "#!/bin/sh\nexport LD_LIBRARY_PATH=/opt/lib\nexec /app/server\n"))], entrypoint=["/entry.sh"]),
    Image("library-of-script-program", "a script starts a program whose library is missing",
        [DEBIAN, Layer(app("libapp.so.1"), File("entry.sh", "#!/bin/sh\nexec /app/server\n"))],
        entrypoint=["/entry.sh"], starts=False),
    Image("library-preload-missing", "a missing LD_PRELOAD library is only a warning", [DEBIAN, Layer(app())],
        cmd=["/app/server"], env=["LD_PRELOAD=/opt/none.so"]),
    image("library-dangling-link", "the library is a link that leads nowhere", DEBIAN,
        Layer(app("libapp.so.1"), Link(DEFAULT + "libapp.so.1", "libapp.so.1.2")), starts=False),
    image("library-link", "the library is a link", DEBIAN,
        Layer(app("libapp.so.1"), Link(DEFAULT + "libapp.so.1", "libapp.so.1.2"), Library(DEFAULT + "libapp.so.1.2"))),
    image("library-text", "the library is a text file", DEBIAN,
        Layer(app("libapp.so.1"), File(DEFAULT + "libapp.so.1", "no library\n")), starts=False),
    image("library-empty", "the library is an empty file", DEBIAN,
        Layer(app("libapp.so.1"), File(DEFAULT + "libapp.so.1", "")), starts=False),
    image("interpreter-beyond-4-kib", "the interpreter's name is beyond the first 4 KiB", DEBIAN,
        Layer(app(interpreter_offset=9000))),
    image("interpreter-beyond-4-kib-missing", "the interpreter beyond the first 4 KiB is missing", DEBIAN,
        Layer(Program("app/server", interpreter="/opt/none/ld.so", needed=("libc.so.6",), interpreter_offset=9000)),
        starts=False),
    image("interpreter-missing", "a program for musl in an image with the GNU C library", DEBIAN,
        Layer(musl("libc.so")), starts=False),
    image("musl", "a program for musl", MUSL, Layer(musl())),
    image("musl-libc", "a program that needs musl's libc.so", MUSL, Layer(musl("libc.musl-@cpu@.so.1"))),
    image("musl-debian", "musl as Debian packages it", DEBIAN_MUSL, Layer(musl("libc.so"))),
    image("musl-debian-library", "a library in the directory that Debian's path file names", DEBIAN_MUSL,
        Layer(musl("libapp.so.1"), Library("usr/lib/@cpu@-linux-musl/libapp.so.1"))),
    image("musl-debian-library-elsewhere", "a library in /usr/lib, which Debian's path file does not name", DEBIAN_MUSL,
        Layer(musl("libapp.so.1"), Library("usr/lib/libapp.so.1")), starts=False),
    image("musl-library", "a library in musl's search path", MUSL,
        Layer(musl("libapp.so.1"), Library("usr/lib/libapp.so.1"))),
    image("musl-library-local", "a library in /usr/local/lib, which musl searches", MUSL,
        Layer(musl("libapp.so.1"), Library("usr/local/lib/libapp.so.1"))),
    image("musl-library-missing", "a needed library is missing", MUSL, Layer(musl("libapp.so.1")), starts=False),
    image("musl-path-file", "a library in a directory of musl's path file", MUSL,
        Layer(musl("libapp.so.1"), File("etc/ld-musl-@cpu@.path", "/opt/lib\n", 0o644),
        Library("opt/lib/libapp.so.1"))),
    image("musl-path-file-replaces", "the path file replaces the default directories", MUSL,
        Layer(musl("libapp.so.1"), File("etc/ld-musl-@cpu@.path", "/opt/lib\n", 0o644), Library("usr/lib/libapp.so.1")),
        starts=False),
    image("musl-on-glibc", "both C libraries, each program finds its own", DEBIAN, Layer(Debs(("musl",))),
        Layer(musl())),
    image("glibc-program-on-musl", "a program for the GNU C library in an image with musl", MUSL, Layer(app()),
        starts=False),
    image("sysroot-foreign", "a foreign sysroot beside a static program", Layer(Program("app/server")),
        Layer(other(FromPackage("libc6", "lib/@triplet@/libc.so.6", "sysroot/lib/libc.so.6")))),
    image("sysroot-foreign-default", "only a foreign C library beside a static program", Layer(Program("app/server")),
        Layer(other(FromPackage("libc6", "lib/@triplet@/libc.so.6", "lib/libc.so.6")))),
    image("nvidia-library", "a library that the runtime of the host injects", DEBIAN, Layer(app("libcuda.so.1")),
        starts=False),
]
