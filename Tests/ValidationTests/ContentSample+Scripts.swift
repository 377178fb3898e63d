// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport

extension ContentSample {
    private static let mismatch = ["error content-mismatch"]
    private static let missing = ["error entrypoint-missing"]
    private static let likely = ["warning content-mismatch"]
    private static let likelyMissing = ["warning entrypoint-missing"]
    /// A foreign binary that nothing starts.
    private static let note = ["note foreign-executables"]
    private static let unchecked = ["note not-checked"]

    /// Returns an image with a small distribution, some tools, a foreign `/app/server`, a matching
    /// `/app/good`, and a script.
    private static func script(
        _ name: String, _ text: String, _ words: [String], _ expected: [String],
        shebang: String = "#!/bin/sh\n", files: [TarEntry] = [], environment: [String] = []
    ) -> ContentSample {
        let tools = ["mkdir", "gosu", "tini", "perl", "bash", "tool", "qemu-x86_64-static"]
            .map { Sample.file("usr/bin/\($0)") }
        return ContentSample(
            name: name,
            layers: [
                Sample.base() + tools
                    + [Sample.file("app/server", .amd64), Sample.file("app/good")] + files
                    + [.file("entry.sh", shebang + text)]
            ], entrypoint: ["/entry.sh"], command: words,
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin:/app"] + environment,
            expected: expected)
    }

    /// Returns the same image without a command.
    private static func script(
        _ name: String, _ text: String, _ expected: [String], shebang: String = "#!/bin/sh\n",
        files: [TarEntry] = [], environment: [String] = []
    ) -> ContentSample {
        script(
            name, text, [], expected, shebang: shebang, files: files, environment: environment)
    }

    /// Commands of scripts that are certainly reached, or certainly not.
    static let scripts: [ContentSample] = [
        script("exec of a path", "exec /app/server\n", mismatch),
        script("exec of a matching program", "exec /app/good\n", note),
        script("exec with arguments", "exec /app/server --port 80 \"$@\"\n", mismatch),
        script("exec of a name", "exec server\n", mismatch),
        script("exec of a missing program", "exec /app/none\n", missing + note),
        script("exec with an assignment", "A=1 B=\"x y\" exec /app/server\n", mismatch),
        script("exec of env", "exec env A=1 /app/server\n", mismatch),
        script("exec of gosu", "exec gosu 1000:1000 /app/server\n", mismatch),
        script("exec of the arguments", "exec \"$@\"\n", ["/app/server"], mismatch),
        script("exec of unquoted arguments", "exec $@\n", ["server", "-x"], mismatch),
        script("exec of matching arguments", "exec \"$@\"\n", ["/app/good"], note),
        script("exec of gosu with the arguments", "exec gosu app \"$@\"\n", ["server"], mismatch),
        script("the last command", "mkdir -p /data\n/app/server\n", mismatch),
        script("commands of a list", "cd /app && exec ./server\n", mismatch),
        script("commands on a line", "mkdir /x; cd /app; ./server", mismatch),
        script("cd and a relative path", "cd /app\ncd ../app/.\nexec ./server\n", mismatch),
        script("set -e and a failing command", "set -e\n/app/server\nexec /app/good\n", mismatch),
        script("set -euo", "set -euo pipefail\n/app/server\nexec /app/good\n", mismatch),
        script(
            "set -o errexit", "set -o errexit\n/app/server --version\nexec /app/good\n", mismatch),
        script(
            "an option of the first line", "/app/server\nexec /app/good\n", mismatch,
            shebang: "#!/bin/sh -e\n"),
        script(
            "a failing command without set -e", "/app/server\nexec /app/good\n", likely),
        script("set +e", "set -e\nset +e\n/app/server\nexec /app/good\n", likely),
        script(
            "a command whose failure is ignored", "set -e\n/app/server || true\nexec good\n", note
        ),
        script("a fallback", "/app/server || exec /app/good\n", note),
        script("a missing program with a fallback", "/app/none || exec /app/good\n", note),
        script(
            "a fallback that reports a failure",
            "/app/server || { echo failed; exit 1; }\nexec /app/good\n", mismatch),
        script(
            "the directory of the script",
            "here=$(cd \"$(dirname \"$0\")\" && pwd)\nexec \"$here/app/server\"\n", mismatch),
        script(
            "the directory of bash's source",
            "exec \"$(dirname \"$(readlink -f \"${BASH_SOURCE[0]}\")\")/app/server\"\n", mismatch,
            shebang: "#!/bin/bash\n"),
        script("a relative directory", "cd app\nexec ./server\n", mismatch),
        script("a foreign fallback of a foreign program", "/app/server || exec server\n", mismatch),
        script("exec without fallback", "exec /app/server || exec /app/good\n", mismatch),
        script("an end with a failure", "/app/server || exit 1\n", mismatch),
        script("an end before", "exit 0\nexec /app/server\n", note),
        script("set of the arguments", "set -- /app/server \"$@\"\nexec \"$@\"\n", mismatch),
        script("set and shift", "set -- a b /app/server\nshift 2\nexec \"$@\"\n", mismatch),
        script("a variable", "APP=/app\nexec \"$APP/server\"\n", mismatch),
        script("a variable in braces", "NAME=server\nexec /app/${NAME}\n", mismatch),
        script(
            "a variable of the config", "exec \"$APP_HOME/server\"\n", mismatch,
            environment: ["APP_HOME=/app"]),
        script("a fallback value of an argument", "exec ${1:-/app/server}\n", mismatch),
        script("an unset variable", "exec $WRAPPER /app/server\n", likely),
        script("PATH", "PATH=/app:$PATH\nexport PATH\nexec server\n", mismatch),
        script("an unknown PATH", "PATH=$(getpath)\nexec nothing\n", unchecked + note),
        script("quotes", "exec '/app/ser'\"ver\"\n", mismatch),
        script("an escaped line break", "exec \\\n  /app/server\n", mismatch),
        script("a comment", "# exec /app/none\nexec /app/good # /app/none\n", note),
        script("a group", "{ mkdir /x; exec /app/server; }\n", mismatch),
        script("a subshell", "( exec /app/server )\n", mismatch),
        script("a subshell whose failure is ignored", "( exec /app/server )\nexec good\n", likely),
        script("a negation", "! /app/server\nexec /app/good\n", likely),
        script(
            "a function", "main() {\n  exec /app/server\n}\nmain \"$@\"\n", mismatch),
        script(
            "a function with arguments", "run() { exec \"$1\"; }\nrun /app/server\n", mismatch),
        script("a function that is not called", "run() { exec nothing; }\nexec good\n", note),
        script("recursion", "run() { run; }\nrun\n", unchecked + note),
        script(
            "a here-document", "cat <<EOF >/x\nexec nothing\nEOF\nexec /app/good\n", note,
            files: [Sample.file("usr/bin/cat")]),
        script(
            "a script of a script", "exec /app/run.sh\n", mismatch,
            files: [.file("app/run.sh", "#!/bin/sh\nexec /app/server\n")]),
        script(
            "a script that is read", ". /app/lib.sh\nrun\n", mismatch,
            files: [.file("app/lib.sh", "#!/bin/sh\nrun() { exec /app/server; }\n")]),
        script("bash", "exec /app/server\n", mismatch, shebang: "#!/usr/bin/env bash\n"),
        script(
            "both branches", "if [ -f /x ]; then exec /app/server; else exec server -x; fi\n",
            mismatch),
    ]

    /// Commands of scripts that depend on conditions.
    static let conditions: [ContentSample] = [
        script("a condition about a file", "[ -f /x ] && exec /app/server\nexec good\n", likely),
        script("a branch", "if [ -f /x ]; then exec /app/server; fi\nexec /app/good\n", likely),
        script(
            "a missing program in a branch", "if [ -f /x ]; then exec nothing; fi\nexec good\n",
            note),
        script(
            "a missing program after a check",
            "if command -v nothing >/dev/null; then exec nothing; fi\nexec /app/good\n", note),
        script("a program after a check", "command -v server && exec server\n", mismatch),
        script(
            "an option as the first argument",
            "if [ \"${1#-}\" != \"$1\" ]; then\n  set -- server \"$@\"\nfi\nexec \"$@\"\n", ["-v"],
            mismatch),
        script(
            "the same with a program",
            "if [ \"${1#-}\" != \"$1\" ]; then\n  set -- server \"$@\"\nfi\nexec \"$@\"\n",
            ["good"],
            note),
        script(
            "an argument that is compared",
            "if [ \"$1\" = run ]; then exec /app/server; fi\nexec good",
            ["run"], mismatch),
        script(
            "another argument", "if [ \"$1\" = run ]; then exec nothing; fi\nexec good", ["x"], note
        ),
        script(
            "a script that starts itself as another user",
            "set -e\nif [ \"$1\" = server -a \"$(id -u)\" = 0 ]; then\n  mkdir /x\n"
                + "  exec gosu app \"$0\" \"$@\"\nfi\nexec \"$@\"\n", ["server"], mismatch),
        script("a script that starts itself forever", "exec \"$0\" \"$@\"\n", ["server"], note),
        script(
            "a loop over files in a pipeline",
            "find /entry.d -type f | while read -r f; do\n  case \"$f\" in\n"
                + "    *.envsh) . \"$f\" ;;\n    *) \"$f\" ;;\n  esac\ndone\nexec \"$@\"\n",
            ["server"], mismatch, files: [Sample.file("usr/bin/find")]),
        script("a loop over programs", "for f in /x/*; do \"$f\"; done\nexec server\n", mismatch),
        script(
            "a loop that waits", "until tool; do mkdir /x; done\nexec server\n", likely),
        script(
            "a default that is assigned", ": ${APP:=/app/none}\nexec $APP\n", mismatch,
            environment: ["APP=/app/server"]),
        script(
            "a default for an empty variable", ": ${APP:=/app/server}\nexec $APP\n", mismatch,
            environment: ["APP="]),
        script(
            "arithmetic", "N=1\n(( N++ ))\nif [ $N = 1 ]; then exec nothing; fi\nexec good\n",
            note, shebang: "#!/bin/bash\n"),
        script("break outside of a loop", "break\nexec /app/server\n", mismatch),
        script(
            "a builtin of an unknown shell", "exec something\n", unchecked + note,
            shebang: "#!/usr/bin/busybox sh\n", files: [Sample.file("usr/bin/busybox")]),
        script(
            "an assignment before a function",
            "f() { exec $X; }\nX=/app/good\nX=/app/server f\n", mismatch),
        script("a branch that is never taken", "true || /app/server\nexec good\n", note),
        script("a test of a program", "test -x /app/server && exec good\n", note),
        script(
            "a program for another system", "[ $(uname) = Other ] && exec nothing\nexec good\n",
            note),
        script(
            "the first characters of an argument",
            "if [ \"${1:0:1}\" = - ]; then set -- server \"$@\"; fi\nexec \"$@\"\n", ["-v"],
            mismatch,
            shebang: "#!/bin/bash\n"),
        script(
            "bash's name of the script", "[ $# = 2 ] || exec \"$BASH_SOURCE\" a server\nexec $2\n",
            mismatch, shebang: "#!/bin/bash\n"),
        script("a default of an unset variable", "exec \"${APP:-/app/server}\"\n", likely),
        script(
            "a loop that calls a function",
            "log() { echo \"$@\"; }\nfor f in *; do log $f; done\n"
                + "exec \"$@\"\n", ["server"], mismatch),
        script(
            "another language that names a program", "os.execv('/app/server')\n", likely,
            shebang: "#!/usr/bin/perl\n"),
        script(
            "a script without a first line", "exec sh /app/run\n", unchecked + note,
            files: [.file("app/run", "exec /app/server\n")]),
        script("two conditions", "[ a = a -a b = c ] && exec nothing\nexec good\n", note),
        script(
            "no arguments", "if [ $# -eq 0 ]; then exec /app/server; fi\nexec \"$@\"\n", mismatch),
        script("test", "if test -z \"$1\"; then exec /app/server; fi\nexec good\n", mismatch),
        script(
            "double brackets", "if [[ $1 == r* ]]; then exec /app/server; fi\nexec good", ["run"],
            mismatch, shebang: "#!/bin/bash\n"),
        script(
            "case", "case \"$1\" in\n  run|start) exec /app/server ;;\n  *) exec good ;;\nesac\n",
            ["start"], mismatch),
        script(
            "another case", "case \"$1\" in\n  run) exec nothing ;;\n  *) exec good ;;\nesac\n",
            ["x"], note),
        script(
            "an unknown case",
            "case $(date) in\n  run) exec /app/server ;;\n  *) exec good ;;\nesac\n",
            likely),
        script(
            "the host's CPU architecture",
            "case $(uname -m) in x86_64) exec /app/server;; aarch64) exec /app/good;; esac\n", note),
        script(
            "the CPU architecture in a pipeline",
            "A=$(uname -m | sed s/_/-/)\nif [ $A = x86-64 ]; then exec /app/server; fi\nexec good\n",
            note),
        script(
            "a loop", "for f in /entry.d/*; do . \"$f\"; done\nexec /app/server\n", likely),
        script(
            "a loop that changes nothing", "for i in 1 2; do mkdir /$i; done\nexec server\n",
            mismatch),
        script(
            "a loop over options",
            "while [ $# -gt 0 ]; do shift; done\nexec \"$@\"\n", ["/app/server"], likely),
        script("an endless loop", "while true; do /app/server; done\n", likely),
        script("a program that may run forever", "/app/good\nexec /app/server\n", likely),
        script("a background program", "/app/server &\nexec /app/good\n", likely),
        script("a pipeline", "/app/server | tool\n", likely),
        script("a pipe into a shell", "tool | sh\nexec /app/good\n", unchecked + note),
        script(
            "a pipe into a shell of a group", "tool | { cd /app; exec sh -s a; }\n",
            unchecked + note),
        script(
            "a file as the input of a shell", "sh < /app/run\nexec /app/good\n", unchecked + note),
        script("a text as the input of a shell", "exec sh -e <<END\ngood\nEND\n", unchecked + note),
        script("a shell without input", "tool | sh -c good\nsh\nexec /app/good\n", note),
        script("eval", "eval \"$X\"\nexec /app/server\n", likely),
        script("an unknown file", ". /app/none.sh\nexec /app/server\n", likely),
        script("an unknown command", "$X\nexec /app/server\n", likely),
        script("a missing program", "nothing --version\nexec /app/good\n", likelyMissing + note),
        script("a missing directory", "cd /none && exec nothing\n", note),
        script("a command substitution", "X=$(/app/server --version)\nexec good\n", likely),
        script(
            "malformed text after a command", "exec /app/server\nif (\n", mismatch),
        script("malformed text before a command", "if (\nexec /app/server\n", likely),
        script("a comment about a program", "# /app/server\nexec /app/good\n", note),
        script(
            "a script that is cut off",
            String(repeating: "mkdir /0123456789\n", count: 300) + "exec /app/good\n",
            ["/app/server"], likely),
        script("a script that ignores its arguments", "exec /app/good\n", ["/app/server"], note),
        script(
            "another language", "exec(sys.argv)\n", ["/app/server"], likely,
            shebang: "#!/usr/bin/perl\n"),
        script(
            "arguments that are a script with a missing interpreter", "exec perl \"$@\"\n",
            ["/app/x.pl"], note, files: [.file("app/x.pl", "#!/opt/perl\n")]),
        script(
            "an emulator", "exec qemu-x86_64-static \"$@\"\n", ["/app/server"], note),
        script("a carriage return in the script", "exec /app/good\r\n", missing + note),
        script("NUL bytes", "\0\0exec /app/server\n", likely),
    ]
}
