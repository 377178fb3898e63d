"""Interpreters and virtual machines of Debian, emulators and cross toolchains."""
from images import BUSYBOX, DEBIAN, Image, Layer
from layers import Debs, Directory, File, FromPackage, HardLink, Link, Program, hard_coded, other

from .forms import ARM64_FAILS, FOREIGN_LAYER, SERVER_LAYER, forms

PYTHON, PHP, NODE, LUA, TCL, GAWK = (Layer(Debs((name,))) for name in ("python3-minimal", "php8.2-cli", "nodejs",
    "lua5.4", "tcl8.6", "gawk"))
VENV = Layer(Link("opt/venv/bin/python3", "/usr/bin/python3"), Link("opt/venv/bin/python", "python3"),
        File("opt/venv/pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.2\n", 0o644),
        File("opt/venv/bin/app", "#!/opt/venv/bin/python\nimport sys\nprint(sys.prefix)\n"),
            Directory("opt/venv/lib/python3.11/site-packages"))
PHP_ENTRYPOINT = File("usr/local/bin/docker-php-entrypoint", '''#!/bin/sh
set -e

# first arg is `-f` or `--some-option`
if [ "${1#-}" != "$1" ]; then
\tset -- apache2-foreground "$@"
fi

exec "$@"
''')
NODE_ENTRYPOINT = File("usr/local/bin/docker-entrypoint.sh", '''#!/bin/sh
set -e

# Run command with node if the first argument contains a "-" or is not a system command. The last
# part inside the "{}" is a workaround for the following bug in ash/dash:
if [ "${1#-}" != "${1}" ] || [ -z "$(command -v "${1}")" ] || { [ -f "${1}" ] && ! [ -x "${1}" ]; }; then
  set -- node "$@"
fi

exec "$@"
''')
JAVA = Layer(Debs(("openjdk-17-jre-headless",)), Link("usr/bin/java", "/usr/lib/jvm/java-17-openjdk-@debian@/bin/java"),
        Link("usr/lib/jvm/default", "java-17-openjdk-@debian@"))
JAVA_LAUNCHER = "usr/lib/jvm/java-17-openjdk-@debian@/bin/java"
FOREIGN_PAYLOAD = Layer(Program("app/payload", architecture="s390x"))
CROSS = Layer(Debs(("libc6-arm64-cross", "libc6-amd64-cross"), over=("base-files",)))


def interpreter(name, layer, program, option, code):
    """Good forms with a script, a script as a word and code in a word; and a missing script."""
    yield Image(f"{name}-script", f"a {name} script",
        [DEBIAN, layer, Layer(File("app/main", f"#!{program}\n{code}\n"))], cmd=["/app/main"], real=True)
    yield Image(f"{name}-file", f"{name} runs a file", [DEBIAN, layer, Layer(File("app/main", f"{code}\n", 0o644))],
        cmd=[program, "/app/main"], real=True)
    yield Image(f"{name}-code", f"{name} runs code in a word", [DEBIAN, layer], cmd=[program, option, code], real=True)
    yield Image(f"{name}-file-missing", f"{name} is to run a file that is missing", [DEBIAN, layer],
        cmd=[program, "/app/main"], starts=False, real=True)


IMAGES = [
    *interpreter("python", PYTHON, "/usr/bin/python3", "-c", "print('started')"),
    *interpreter("perl", Layer(Directory("app")), "/usr/bin/perl", "-e", "print 'started'"),
    *interpreter("php", PHP, "/usr/bin/php8.2", "-r", "echo 'started';"),
    *interpreter("node", NODE, "/usr/bin/node", "-e", "console.log('started')"),
    *interpreter("lua", LUA, "/usr/bin/lua5.4", "-e", "print('started')"),
    Image("gawk", "a script of awk with an option in its shebang",
        [DEBIAN, GAWK, Layer(File("app/main", "#!/usr/bin/gawk -f\nBEGIN { print \"started\" }\n"))], cmd=["/app/main"],
        real=True),
    Image("tcl", "a script of Tcl with its usual first lines",
        [DEBIAN, TCL,
        Layer(File("app/main",
        '#!/bin/sh\n# the next line restarts using tclsh \\\nexec tclsh8.6 "$0" "$@"\nputs started\n'))],
        cmd=["/app/main"], real=True),
    Image("venv", "a virtual environment of Python", [DEBIAN, PYTHON, VENV], cmd=["/opt/venv/bin/app"], real=True),
    Image("venv-search-path", "a virtual environment in PATH", [DEBIAN, PYTHON, VENV],
        env=["PATH=/opt/venv/bin:/usr/bin:/bin"], cmd=["python", "-c", "import encodings"], real=True),
    Image("venv-without-python",
        "the Python of the virtual environment is missing, as after a build stage with another base", [DEBIAN, VENV],
        cmd=["/opt/venv/bin/app"], starts=False),
    Image("venv-foreign-python", "the Python of the virtual environment is for the other architecture",
        [DEBIAN, PYTHON, VENV, Layer(other(FromPackage("python3.11-minimal", "usr/bin/python3.11")))],
        cmd=["/opt/venv/bin/app"], starts=False),
    Image("venv-hard-coded-copy", "the virtual environment has a copy of an amd64 Python",
        [DEBIAN, PYTHON, VENV,
        Layer(hard_coded(FromPackage("python3.11-minimal", "usr/bin/python3.11", "opt/venv/bin/python3")))],
        cmd=["/opt/venv/bin/app"], starts=ARM64_FAILS),
    Image("python-runs-foreign-file", "python is to run a program as its script", [DEBIAN, PYTHON, FOREIGN_LAYER],
        cmd=["python3", "/app/server"], starts=False),
    Image("python-unbuffered", "options before the script",
        [DEBIAN, PYTHON, Layer(File("app/main.py", "print('started')\n"))],
        cmd=["python3", "-u", "-X", "utf8", "/app/main.py", "--port", "80"], real=True),
    Image("python-module", "python runs a module", [DEBIAN, PYTHON], cmd=["python3", "-m", "os"], real=True),
    Image("php-docker-entrypoint", "the start script of the PHP image",
        [DEBIAN, PHP, Layer(Link("usr/local/bin/php", "/usr/bin/php8.2"), PHP_ENTRYPOINT)],
        entrypoint=["docker-php-entrypoint"], cmd=["php", "-v"]),
    Image("node-docker-entrypoint", "the start script of the Node image",
        [DEBIAN, NODE, Layer(NODE_ENTRYPOINT, File("app/main.js", "console.log('started')\n", 0o644))],
        entrypoint=["docker-entrypoint.sh"], cmd=["/app/main.js"]),
    Image("node-foreign", "node's library is for the other architecture",
        [DEBIAN, NODE, Layer(other(FromPackage("libnode108", "usr/lib/*/libnode.so.108")))], cmd=["node", "-e", "0"],
        starts=False),
    Image("java", "a virtual machine for Java", [DEBIAN, JAVA], cmd=["java", "-version"], real=True),
    Image("java-home", "the virtual machine by JAVA_HOME in shell text", [DEBIAN, JAVA],
        env=["JAVA_HOME=/usr/lib/jvm/default"], cmd=["sh", "-c", "exec $JAVA_HOME/bin/java -version"], real=True),
    Image("java-hard-coded", "the launcher of Java is an amd64 download",
        [DEBIAN, JAVA,
        Layer(hard_coded(FromPackage("openjdk-17-jre-headless", "usr/lib/jvm/java-17-openjdk-@debian@/bin/java",
        JAVA_LAUNCHER)))],
        cmd=["java", "-version"], starts=ARM64_FAILS),
    Image("java-missing", "a start script with JAVA_HOME, which is missing",
        [DEBIAN, Layer(File("app/bin/app", '#!/bin/sh\nexec "$JAVA_HOME/bin/java" -jar /app/app.jar "$@"\n'))],
        env=["JAVA_HOME=/opt/java"], cmd=["/app/bin/app"], starts=False),
    Image("emulator", "an emulator runs a foreign payload",
        [DEBIAN, Layer(Program("usr/bin/qemu-s390x-static")), FOREIGN_PAYLOAD],
        cmd=["qemu-s390x-static", "/app/payload"]),
    Image("emulator-script", "a script runs a foreign payload in an emulator",
        [DEBIAN, Layer(Program("usr/bin/qemu-s390x-static")), FOREIGN_PAYLOAD,
        Layer(File("entry.sh", '#!/bin/sh\nexec qemu-s390x-static "$@"\n'))], entrypoint=["/entry.sh"],
        cmd=["/app/payload"]),
    Image("emulator-script-path", "a script names emulator and payload",
        [DEBIAN, Layer(Program("usr/bin/qemu-s390x-static")), FOREIGN_PAYLOAD,
        Layer(File("entry.sh", "#!/bin/sh\nexec /usr/bin/qemu-s390x-static -L /usr/s390x /app/payload\n"))],
        entrypoint=["/entry.sh"]),
    Image("emulator-foreign", "the emulator itself is for the other architecture",
        [DEBIAN, Layer(other(Program("usr/bin/qemu-s390x-static"))), FOREIGN_PAYLOAD],
        cmd=["qemu-s390x-static", "/app/payload"], starts=False),
    Image("emulator-missing", "the payload is started without an emulator", [DEBIAN, FOREIGN_PAYLOAD],
        cmd=["/app/payload"], starts=False),
    Image("cross-libraries", "Debian's cross C libraries for both architectures", [DEBIAN, CROSS, SERVER_LAYER],
        cmd=["/app/server"], real=True),
    Image("cross-shell", "a shell beside cross C libraries", [DEBIAN, CROSS], cmd=["/bin/bash", "-c", "exec perl -e 1"],
        real=True),
    Image("several-architectures", "downloads for all architectures, chosen by a link",
        [Layer(hard_coded(Program("opt/amd64/server")), Program("opt/@debian@/server"),
        Program("opt/s390x/server", architecture="s390x"),
        Link("app/server", "/opt/@debian@/server"))], cmd=["/app/server"]),
    Image("several-architectures-wrong-link", "downloads for all architectures, and a link to the amd64 one",
        [Layer(hard_coded(Program("opt/amd64/server")), Program("opt/@debian@/server"),
        Link("app/server", "/opt/amd64/server"))],
        cmd=["/app/server"], starts=ARM64_FAILS),
    *forms("plugins-foreign", "g",
        [DEBIAN, Layer(other(Program("opt/plugins/tool")), HardLink("opt/plugins/same", "opt/plugins/tool"))],
        why="foreign plug-ins beside the program", cmd=["/app/server"]),
    Image("busybox-shell-foreign-tool", "a foreign tool that nothing starts", [BUSYBOX, FOREIGN_LAYER],
        cmd=["sh", "-c", "echo started"]),
]
