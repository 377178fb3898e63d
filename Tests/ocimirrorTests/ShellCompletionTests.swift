// SPDX-License-Identifier: Apache-2.0

import Files
import RegistryTestSupport
import Testing
import YAML

/// Completions in real shells, if they are installed.
@Suite(.timeLimit(.minutes(10))) struct ShellCompletionTests {
    @Test(
        arguments: [
            ("ocimirror pl", "plan"),
            ("ocimirror lock m", "merge"),
            ("ocimirror sync --refresh", "--refresh-referrers"),
            ("ocimirror check --validation con", "config content"),
            ("ocimirror check --validation=con", "config content"),
            ("ocimirror sync gra", "grafana"),
            ("ocimirror sync team", "team/app"),
            ("ocimirror -c other.yaml sync r", "redis-7-4-1 redis-7-4-2"),
            ("ocimirror check grafana/", "grafana/grafana:12.1.0"),
            ("ocimirror check grafana/grafana:1", "12.1.0"),
            ("ocimirror login --username me q", "quay.io"),
            ("ocimirror check --platform linux/a", "linux/amd64 linux/arm64"),
            ("ocimirror completions ", "bash zsh fish"),
            ("ocimirror help exit", "exit-codes"),
        ])
    func `bash completes`(line: String, words: String) async throws {
        let workspace = try Self.workspace()
        let found = try await workspace.shell(
            """
            PATH=$FOLDER:$PATH bash -c 'source <(ocimirror completions bash); COMP_LINE=$1 COMP_POINT=${#1}
                compopt() { echo "$@"; }; _ocimirror; echo "${COMPREPLY[@]}"' bash '\(line)'
            """.replacing("$FOLDER", with: Self.programFolder))
        #expect(found == words + "\n")
    }

    @Test func `bash completes files for file options`() async throws {
        let found = try await Self.workspace().shell(
            """
            PATH=$FOLDER:$PATH bash -c 'source <(ocimirror completions bash); COMP_LINE=$1 COMP_POINT=${#1}
                compopt() { echo "$@"; }; _ocimirror' bash 'ocimirror sync -c mi'
            """.replacing("$FOLDER", with: Self.programFolder))
        #expect(found == "-o default\n")
    }

    @Test(
        .enabled(if: Self.has("fish")),
        arguments: [
            ("ocimirror pl", ["plan\tShow what sync would do, and its pull cost"]),
            ("ocimirror sync gra", ["grafana\tdocker.io/grafana/grafana:12.1.0"]),
            ("ocimirror check --validation=con", ["--validation=config", "--validation=content"]),
            ("ocimirror sync -c mi", ["mirror.yaml"]),
            ("ocimirror completions ", ["bash", "fish", "zsh"]),
        ])
    func `fish completes`(line: String, words: [String]) async throws {
        let found = try await Self.workspace().shell(
            """
            PATH=\(Self.programFolder):$PATH fish --no-config -c \
            'ocimirror completions fish | source; complete --do-complete "\(line)"'
            """)
        #expect(found.split(separator: "\n").map(String.init).sorted() == words)
    }

    /// zsh completes only interactively, so the test types Tab on a pseudo-terminal.
    ///
    /// The expected text must not be echoed by the terminal before the shell prints it.
    @Test(
        .enabled(if: Self.has("zsh")),
        arguments: [
            ("ocimirror pla", "ocimirror plan "),
            ("ocimirror sync gra", "ocimirror sync grafana "),
            ("ocimirror sync --refr", "ocimirror sync --refresh-referrers "),
            ("ocimirror sync -c mirr", "ocimirror sync -c mirror.yaml "),
            ("ocimirror sync --config=mirr", "ocimirror sync --config=mirror.yaml "),
            ("ocimirror check --validation=inde", "ocimirror check --validation=index "),
        ])
    func `zsh completes`(line: String, completed: String) async throws {
        let workspace = try Self.workspace()
        try workspace.folder.write(
            """
            PS1='' PATH=\(Self.programFolder):$PATH
            mkdir functions && ocimirror completions zsh >functions/_ocimirror
            fpath=($PWD/functions $fpath)
            autoload -Uz compinit && compinit -u -D
            show() { print -r -- "<<$BUFFER>>" > typed; print shown-$((6 * 7)) }
            zle -N show
            bindkey '^X' show
            print ready-$((6 * 7))

            """, to: "start.zsh")
        try workspace.folder.write(
            """
            zmodload zsh/zpty
            zpty shell zsh -f -i
            zpty -w shell 'source start.zsh'
            zpty -r -m shell seen '*ready-42*'
            zpty -w -n shell $'\(line)\\t\\C-X'
            zpty -r -m shell seen '*shown-42*'
            cat typed

            """, to: "drive.zsh")
        #expect(try await workspace.shell("timeout 100 zsh -f drive.zsh") == "<<\(completed)>>\n")
    }

    @Test(arguments: ["bash", "zsh", "fish"].filter { Self.has($0) })
    func `the shell accepts the script`(shell: String) async throws {
        let workspace = try Workspace()
        try await workspace.shell("\(Workspace.program) completions \(shell) > script")
        try await workspace.shell("\(shell) -n script")
    }

    @Test func `ids are completed even if a variable of the configuration is not set`() async throws
    {
        let workspace = try Self.workspace()
        let run = try await workspace.run("complete", "--", "sync", "")
        #expect(run.output.split(separator: "\n").count == 3)
        #expect(run.status == 0)
    }

    @Test(arguments: ["", "no: [such", "version: 1\nimages: 5\n"])
    func `an invalid configuration completes nothing, without an error`(text: String) async throws {
        let run = try await Workspace(text).run("complete", "--", "sync", "")
        #expect(run.output == ":\n" && run.errors.isEmpty && run.status == 0)
    }

    @Test func `a hostile lock file cannot inject shell commands`() async throws {
        let workspace = try Self.workspace()
        let sources = [
            "$(touch gone)", "`touch gone`", "a;b", "a b", "-rf",
            ":files", "a'b", "a\"b", "a*", "~root", "a&b", "a|b", "a>b", "é", "{a,b}", "!1",
        ]
        let digest = "sha256:" + String(repeating: "ab", count: 32)
        var lock = """
            global:
              ocimirror:
                schema: 1
                inputs: \(digest)
                images:

            """
        for (number, source) in sources.enumerated() {
            lock += """
                      image-\(number):
                        {source: \(YAMLQuoting.doubleQuoted(source)), upstream: "oci:x@\(digest)", registry: localhost,
                         repository: mirror/app, digest: "\(digest)", sha: "\(digest.dropFirst(7))",
                         pinned: "localhost/mirror/app@\(digest)", size: 2, validation: config,
                         mediaType: application/vnd.oci.image.index.v1+json, platforms: {}}

                """
        }
        try workspace.folder.write(lock, to: "images.lock.yaml")
        let ids = (["grafana", "team/app"] + sources.indices.map { "image-\($0)" }).sorted()
        for (command, words) in [
            ("sync", ids),
            ("check", ["grafana/grafana:12.1.0", "quay.io/team/app:1.4"]),
        ] {
            let run = try await workspace.run("complete", "--", command, "")
            let lines = run.output.split(separator: "\n").map { $0.split(separator: "\t") }
            #expect(lines.map { String($0[0]) } == words + [":"], "\(run.output)")
            #expect(
                run.output.unicodeScalars.allSatisfy {
                    $0.value >= 0x20 || "\n\t".unicodeScalars.contains($0)
                })
        }
    }

    private static let programFolder = String(
        Workspace.program.dropLast("/ocimirror".count))

    private static func has(_ program: String) -> Bool {
        (try? FileStatus.of("/usr/bin/\(program)")) != nil
    }

    private static func workspace() throws -> Workspace {
        let workspace = try Workspace(
            """
            version: 1
            targets: [{prefix: "${REGISTRY}/mirror", lock: images.lock.yaml}]
            images:
              - grafana/grafana:12.1.0
              - {source: "quay.io/team/app:1.4", name: team/app}

            """)
        try workspace.folder.write(
            """
            version: 1
            targets: [{prefix: localhost:5000/mirror, lock: other.lock.yaml}]
            images: [{source: redis, tags: [7.4.1, 7.4.2]}]

            """, to: "other.yaml")
        return workspace
    }
}
