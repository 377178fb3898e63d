"""Start scripts as images have them."""
from images import BUSYBOX, DEBIAN, Image, Layer
from layers import Debs, File, HardLink, Link, Program, hard_coded, other

from .forms import ARM64_FAILS, HARD_CODED_LAYER, SERVER_LAYER, forms
from .words import FOREIGN_GOSU, GOSU, HARD_CODED_GOSU, TINI

ENTRY = ["/entry.sh"]


def script(text, path="entry.sh", **more):
    return Layer(File(path, text, **more))


WITH_ARGUMENTS = script('#!/bin/sh\nset -e\nexec "$@"\n')
DOCKER_LIBRARY = script('''#!/bin/bash
set -Eeo pipefail
# first argument is an option
if [ "${1:0:1}" = '-' ]; then
\tset -- /app/server "$@"
fi
if [ "$1" = '/app/server' ] && [ "$(id -u)" = '0' ]; then
\tmkdir -p /data && chown -R 65534 /data
\texec gosu nobody "$BASH_SOURCE" "$@"
fi
exec "$@"
''')
NGINX_STYLE = Layer(File("docker-entrypoint.sh", '''#!/bin/sh
set -e
entrypoint_log() { if [ -z "${NGINX_ENTRYPOINT_QUIET_LOGS:-}" ]; then echo "$@"; fi; }
if [ "$1" = "/app/server" ]; then
    if find "/docker-entrypoint.d/" -mindepth 1 -maxdepth 1 -type f -print -quit 2>/dev/null | read v; then
        for f in $(ls /docker-entrypoint.d/*.sh); do
            if [ -x "$f" ]; then entrypoint_log "$0: Launching $f"; "$f"; fi
        done
    else
        entrypoint_log "$0: No files found in /docker-entrypoint.d/, skipping configuration"
    fi
fi
exec "$@"
'''), File("docker-entrypoint.d/10-hook.sh", "#!/bin/sh\necho hook\n"))
POSTGRES_STYLE = script('''#!/usr/bin/env bash
set -Eeo pipefail
file_env() {
\tlocal var="$1" def="${2:-}"
\tif [ "${!var:-}" ]; then val="${!var}"; else val="$def"; fi
\texport "$var"="$val"
}
_main() {
\tif [ "${1:0:1}" = '-' ]; then set -- /app/server "$@"; fi
\tif [ "$(id -u)" = '0' ]; then exec gosu postgres "$BASH_SOURCE" "$@"; fi
\tfile_env 'POSTGRES_PASSWORD'
\texec "$@"
}
if [ "${#FUNCNAME[@]}" -le 1 ]; then _main "$@"; fi
''')
CASE_OF_ARCHITECTURE = script('''#!/bin/sh
case "$(uname -m)" in
  x86_64) exec /app/amd64/server ;;
  aarch64) exec /app/arm64/server ;;
esac
''')

IMAGES = [
    *forms("script-exec", "gfhm", [DEBIAN, script("#!/bin/sh\nset -e\nexec /app/server\n")], entrypoint=ENTRY),
    *forms("script-arguments", "gfhm", [DEBIAN, WITH_ARGUMENTS], entrypoint=ENTRY, cmd=["/app/server"]),
    *forms("script-arguments-in-entrypoint", "gf", [DEBIAN, WITH_ARGUMENTS], entrypoint=["/entry.sh", "/app/server"]),
    *forms("tini-script-arguments", "gfh", [DEBIAN, TINI, WITH_ARGUMENTS], entrypoint=["tini", "--", "/entry.sh"],
        cmd=["/app/server"]),
    *forms("script-plain-call", "gf", [DEBIAN, script("#!/bin/sh\n/app/server\n")], entrypoint=ENTRY),
    *forms("script-cd", "gf", [DEBIAN, script("#!/bin/sh\ncd /app\nexec ./server\n")], entrypoint=ENTRY),
    *forms("script-cd-and", "gf", [DEBIAN, script("#!/bin/sh\ncd /app && exec ./server\n")], entrypoint=ENTRY),
    *forms("script-env", "gf", [DEBIAN, script("#!/bin/sh\nexec env A=1 /app/server\n")], entrypoint=ENTRY),
    *forms("script-assignment", "gf", [DEBIAN, script("#!/bin/sh\nA=1 exec /app/server\n")], entrypoint=ENTRY),
    *forms("script-variable", "gf", [DEBIAN, script('#!/bin/sh\nAPP=/app\nexec "$APP/server" "$@"\n')],
        entrypoint=ENTRY),
    *forms("script-default-variable", "gf", [DEBIAN, script('#!/bin/sh\nexec "${APP:-/app/server}"\n')],
        entrypoint=ENTRY),
    *forms("script-own-directory", "gf",
        [DEBIAN, script('#!/bin/sh\nhere=$(cd "$(dirname "$0")" && pwd)\nexec "$here/server"\n', "app/entry.sh")],
        entrypoint=["/app/entry.sh"]),
    *forms("script-continued-line", "gf", [DEBIAN, script("#!/bin/sh\nexec \\\n  /app/server \\\n  --port 80\n")],
        entrypoint=ENTRY),
    *forms("script-condition", "gf",
        [DEBIAN, script('#!/bin/sh\nif [ "$DEBUG" = 1 ]; then\n  set -x\nfi\nexec /app/server "$@"\n')],
        entrypoint=ENTRY),
    *forms("script-function", "gf", [DEBIAN, script('#!/bin/sh\nmain() {\n  exec /app/server "$@"\n}\nmain "$@"\n')],
        entrypoint=ENTRY),
    *forms("script-case", "gf",
        [DEBIAN, script('#!/bin/sh\ncase "$1" in\n  serve) exec /app/server ;;\n  *) exec "$@" ;;\nesac\n')],
        entrypoint=ENTRY, cmd=["serve"]),
    *forms("script-background", "gf", [DEBIAN, script('#!/bin/sh\n/app/server &\nwait $!\n')], entrypoint=ENTRY),
    *forms("script-set-arguments", "gf", [DEBIAN, script('#!/bin/sh\nset -- /app/server "$@"\nexec "$@"\n')],
        entrypoint=ENTRY),
    *forms("script-chain", "gfh",
        [DEBIAN,
        Layer(File("entry.sh", '#!/bin/sh\nexec /run.sh "$@"\n'), File("run.sh", "#!/bin/bash\nexec /app/server\n"))],
        entrypoint=ENTRY),
    *forms("script-source", "gf",
        [DEBIAN,
        Layer(File("entry.sh", "#!/bin/sh\n. /settings.sh\nexec $SERVER\n"),
        File("settings.sh", "SERVER=/app/server\n", 0o644))],
        entrypoint=ENTRY),
    *forms("script-here-document", "g",
        [DEBIAN, script("#!/bin/sh\ncat >/tmp/conf <<EOF\nexec /opt/none\n/opt/none\nEOF\nexec /app/server\n")],
        entrypoint=ENTRY),
    *forms("script-comment", "g",
        [DEBIAN, script("#!/bin/sh\n# exec /opt/none\necho 'exec /opt/none'\nexec /app/server # /opt/none\n")],
        entrypoint=ENTRY),
    *forms("script-python", "gf",
        [DEBIAN,
        Layer(Debs(("python3-minimal",)),
        File("entry.py", "#!/usr/bin/python3\nimport os, sys\nos.execv('/app/server', sys.argv)\n"))],
        entrypoint=["/entry.py"]),
    *forms("script-perl", "gf", [DEBIAN, Layer(File("entry.pl", "#!/usr/bin/perl\nexec '/app/server' or exit 126;\n"))],
        entrypoint=["/entry.pl"]),
    *forms("docker-library-style", "gfh", [DEBIAN, GOSU, DOCKER_LIBRARY], entrypoint=ENTRY, cmd=["/app/server"]),
    *forms("nginx-style", "gfh", [DEBIAN, Layer(Debs(("findutils",))), NGINX_STYLE],
        entrypoint=["/docker-entrypoint.sh"], cmd=["/app/server", "-g", "daemon off;"]),
    *forms("postgres-style", "gfh", [DEBIAN, GOSU, POSTGRES_STYLE], entrypoint=ENTRY, cmd=["/app/server"]),
    Image("script-gosu-hard-coded", "exec gosu with an amd64 download of gosu",
        [DEBIAN, HARD_CODED_GOSU, script('#!/bin/sh\nset -e\nexec gosu nobody "$@"\n'), SERVER_LAYER],
        entrypoint=ENTRY, cmd=["/app/server"], starts=ARM64_FAILS),
    Image("script-gosu-foreign", "exec gosu with gosu for the other architecture",
        [DEBIAN, FOREIGN_GOSU, script('#!/bin/sh\nexec gosu nobody "$@"\n'), SERVER_LAYER],
        entrypoint=ENTRY, cmd=["/app/server"], starts=False),
    Image("script-perl-arguments", "perl reads the command itself, whose interpreter is missing",
        [DEBIAN,
        Layer(File("entry.sh", '#!/bin/sh\nexec perl "$@"\n'),
        File("app/job.pl", "#!/opt/perl/bin/perl-none\nprint 1;\n"))],
        entrypoint=ENTRY, cmd=["/app/job.pl"]),
    Image("script-perl-data", "a foreign program is data for the interpreter",
        [DEBIAN, Layer(File("entry.sh", '#!/bin/sh\nexec perl -e "exit 0" -- "$@"\n')),
        Layer(other(Program("app/data")))],
        entrypoint=ENTRY, cmd=["/app/data"]),
    Image("script-perl-data-text", "a file with a dead shebang is data for the interpreter",
        [DEBIAN,
        Layer(File("entry.sh", '#!/bin/sh\nexec perl -e "exit 0" -- "$@"\n'), File("app/data", "#!/opt/none\n"))],
        entrypoint=ENTRY, cmd=["/app/data"]),
    Image("script-cat-arguments", "the arguments are read, not started",
        [DEBIAN, script('#!/bin/sh\nexec cat "$@"\n'), HARD_CODED_LAYER],
        entrypoint=ENTRY, cmd=["/app/server"]),
    Image("script-fallback", "a foreign program fails, and the script continues",
        [DEBIAN, Layer(other(Program("opt/tool"))), script("#!/bin/sh\n/opt/tool || exec perl -e 1\n")],
        entrypoint=ENTRY),
    Image("script-ignored-failure", "the failure of a foreign program is ignored",
        [DEBIAN, Layer(other(Program("opt/tool"))),
        script("#!/bin/sh\n/opt/tool\nexec /app/server\n"), SERVER_LAYER], entrypoint=ENTRY),
    Image("script-stops-at-failure", "set -e ends the script at a foreign program",
        [DEBIAN, Layer(other(Program("opt/tool"))),
        script("#!/bin/sh\nset -e\n/opt/tool\nexec /app/server\n"), SERVER_LAYER], entrypoint=ENTRY, starts=False),
    Image("script-by-architecture", "the script chooses the program by uname",
        [DEBIAN, Layer(hard_coded(Program("app/server-x86_64")), Program("app/server-aarch64")),
        script('#!/bin/sh\nexec "/app/server-$(uname -m)"\n')], entrypoint=ENTRY),
    Image("script-case-architecture", "the script chooses the program by a case of uname", [DEBIAN,
        Layer(hard_coded(Program("app/amd64/server")), Program("app/@debian@/server")),
        CASE_OF_ARCHITECTURE], entrypoint=ENTRY),
    Image("script-carriage-returns", "Windows line endings: the interpreter is '/bin/sh\\r'",
        [DEBIAN, script("#!/bin/sh\r\nexec /app/server\r\n"), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-carriage-return-in-command", "the shebang is intact, the command ends in a carriage return",
        [DEBIAN, script("#!/bin/sh\nexec /app/server\r\n"), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-byte-order-mark", "a byte order mark before the shebang",
        [DEBIAN, script("\ufeff#!/bin/sh\nexec /app/server\n"), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-not-executable", "the script has no permission to execute",
        [DEBIAN, script("#!/bin/sh\nexec /app/server\n", mode=0o644), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-without-bash", "the script's interpreter is missing",
        [BUSYBOX, script("#!/bin/bash\nexec /app/server\n"), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-env-without-bash", "env does not find the interpreter",
        [BUSYBOX, Layer(Link("usr/bin/env", "/bin/busybox")),
        script("#!/usr/bin/env bash\nexec /app/server\n"), SERVER_LAYER], entrypoint=ENTRY, starts=False),
    Image("script-env-split-shebang", "env -S in a shebang",
        [DEBIAN, script("#!/usr/bin/env -S sh -e\nexec /app/server\n"), SERVER_LAYER], entrypoint=ENTRY),
    Image("script-env-without-split", "env takes 'sh -e' as the name of a program",
        [DEBIAN, script("#!/usr/bin/env sh -e\nexec /app/server\n"), SERVER_LAYER],
        entrypoint=ENTRY, starts=False),
    Image("script-shebang-space", "a space after #!",
        [DEBIAN, script("#! /bin/sh -e\nexec /app/server\n"), SERVER_LAYER], entrypoint=ENTRY),
    Image("script-shebang-foreign-interpreter", "the interpreter is for the other architecture",
        [DEBIAN, Layer(other(Program("opt/run"))),
        script("#!/opt/run\n")], entrypoint=ENTRY, starts=False),
    Image("script-shebang-script", "the interpreter is itself a script",
        [DEBIAN, Layer(File("opt/run", "#!/bin/sh\nexec /app/server\n")),
        script("#!/opt/run\n"), SERVER_LAYER], entrypoint=ENTRY),
    Image("script-shebang-loop", "the interpreter is the script itself", [DEBIAN, script("#!/entry.sh\n")],
        entrypoint=ENTRY, starts=False),
    Image("script-shebang-relative", "a relative interpreter is found from the working directory",
        [DEBIAN, Layer(Program("app/run")), script("#!run\n")],
        entrypoint=ENTRY, workdir="/app"),
    Image("script-without-shebang-from-shell", "a shell runs a script without a shebang itself",
        [DEBIAN, Layer(File("app/start", "exec /app/server\n")), SERVER_LAYER],
        cmd=["sh", "-c", "/app/start"]),
    Image("script-hard-link", "the script is a hard link",
        [DEBIAN, Layer(File("opt/start.sh", "#!/bin/sh\nexec /app/server\n"), HardLink("entry.sh", "opt/start.sh")),
        SERVER_LAYER],
        entrypoint=ENTRY),
    Image("interpreter-and-script", "sh runs a script that is a word",
        [DEBIAN, script("exec /app/server\n", "app/start.sh", mode=0o644), SERVER_LAYER],
        cmd=["sh", "/app/start.sh"]),
    Image("interpreter-and-script-hard-coded", "sh runs a script that starts an amd64 download",
        [DEBIAN, script("exec /app/server\n", "app/start.sh"), HARD_CODED_LAYER],
        cmd=["sh", "/app/start.sh"], starts=ARM64_FAILS),
    Image("interpreter-without-script", "sh is to run a script that is missing", [DEBIAN], cmd=["sh", "/app/start.sh"],
        starts=False),
    Image("interpreter-options-script", "options before the script",
        [DEBIAN, script("exec /app/server\n", "app/start.sh"), SERVER_LAYER],
        cmd=["bash", "-e", "-o", "pipefail", "/app/start.sh"]),
    Image("interpreter-relative-script", "a script relative to the working directory",
        [DEBIAN, script("exec /app/server\n", "app/start.sh"), SERVER_LAYER],
        workdir="/app", cmd=["sh", "start.sh"]),
    Image("interpreter-relative-script-missing", "a relative script that another directory has",
        [DEBIAN, script("exec /app/server\n", "app/start.sh"), SERVER_LAYER],
        workdir="/srv", cmd=["sh", "start.sh"], starts=False),
]
