// SPDX-License-Identifier: Apache-2.0

import OCI
import RegistryTestSupport
import Testing

/// One exit code for each result, tested with its real causes.
@Suite(.timeLimit(.minutes(10))) struct `exit codes` {
    private static let local = "127.0.0.1:5000"

    @Test(
        arguments: [
            (["sync"], "cannot read", "--config"),
            (["plan", "-c", "other.yaml"], "other.yaml", "--config"),
        ])
    func `78 without a configuration`(
        words: [String], what: String, hint: String
    ) async throws {
        let run = try await Workspace().run(arguments: words)
        #expect(run.status == 78)
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("ocimirror: error: ") && run.errors.contains(what))
        #expect(run.errors.contains("\nocimirror: hint: ") && run.errors.contains(hint))
    }

    @Test func `78 for an invalid configuration, with all locations`() async throws {
        let workspace = try Workspace(
            "version: 1\ntargts: []\ntargets:\n  - {prefix: a.b/c, lock: l.yaml}\nimages:\n  - busybox\n"
        )
        let run = try await workspace.run("sync")
        #expect(run.status == 78)
        #expect(run.errors.contains("mirror.yaml:2:1: ") && run.errors.contains("targets"))
        #expect(run.errors.contains("mirror.yaml:6:5: "))
    }

    @Test func `78 for a damaged lock file`() async throws {
        let workspace = try Workspace(Mirror(from: ["busybox:1.36"], to: "a.example/m").text)
        try workspace.folder.write("global: [\n", to: "images.lock.yaml")
        let run = try await workspace.run("sync")
        #expect(run.status == 78)
        #expect(run.errors.contains("images.lock.yaml") && run.errors.contains("version control"))
        #expect(workspace.lock == "global: [\n")
    }

    @Test func `2 for a run in which everything failed, without a new lock file`() async throws {
        let source = LoopbackRegistry()
        let workspace = try Workspace(
            Mirror(
                from: ["127.0.0.1:1/app:1.0"], to: "\(source.host)/mirror",
                plain: [source.host, "127.0.0.1:1"]
            ).text)
        let run = try await workspace.run("sync", "--report", "run.md")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("images.lock.yaml not written: no entries"))
        #expect(workspace.folder.text("run.md").contains("**not written**"))
        #expect(!(try await workspace.state()).contains("images.lock.yaml"))

        // An existing lock file is kept, even without entries.
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        try workspace.configure(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(source.host)/mirror", plain: [source.host]
            ).text)
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        source.inject(.on(nil, "*", .answer(.unsupported)))
        #expect(try await workspace.run("sync").status == 2)
        #expect(workspace.lock == lock)
    }

    @Test func `78 for a lock file with conflict markers or an edited digest, with a hint`()
        async throws
    {
        let source = LoopbackRegistry()
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(source.host)/mirror", plain: [source.host]
            ).text)
        #expect(try await workspace.run("sync").status == 0)
        let lock = workspace.lock
        let line = try #require(lock.split(separator: "\n").first { $0.contains(" digest: ") })
        let edits = [
            ("<<<<<<< HEAD\n\(line)\n=======\n\(line)\n>>>>>>> x", "lines 13, 15, 17", "version"),
            (
                "        digest: sha256:\(String(repeating: "0", count: 64))",
                ":13:17: app: 'digest' is", "undo"
            ),
        ]
        for (edit, place, hint) in edits {
            try workspace.folder.write(
                lock.replacing(String(line), with: edit, maxReplacements: 1),
                to: "images.lock.yaml")
            for words in [
                ["sync"], ["verify"], ["pin", "."], ["lint", "--lock", "images.lock.yaml", "."],
            ] {
                let run = try await workspace.run(arguments: words)
                #expect(run.status == 78, "\(run.said)")
                #expect(run.errors.contains(place) && run.errors.contains(hint), "\(run.errors)")
            }
        }
        // The hints solve the problem.
        try await workspace.shell("rm images.lock.yaml")
        #expect(try await workspace.run("sync").status == 0)
        #expect(workspace.lock == lock)
    }

    @Test(
        arguments: [
            (["chekc", "a:1"], "did you mean 'check'?"),
            (["sync", "--plan-http", "a"], "did you mean '--plain-http'?"),
            (["check", "--validation", "configs", "a:1"], "config"),
            (["check"], "missing argument: IMAGE"),
            (["check", "a:1", "B:2"], "IMAGE: 'B"),
            (["check", "--plain-http", "a/b", "a:1"], "--plain-http: 'a/b'"),
            (["check", "--idle-timeout", "soon", "a:1"], "--idle-timeout"),
            (["--quiet"], "missing command"),
            (["sync", "--dry-run"], "there is no '--dry-run': use 'ocimirror plan'"),
            (["pin", "--dry-run", "a"], "there is no '--dry-run': use '--diff' or '--check'"),
            (["prune", "-n"], "there is no '-n': without '--yes', 'prune' removes nothing"),
            (["promote", "--dry-run"], "unknown option '--dry-run'"),
            (["check", "--insecure", "a:1"], "there is no '--insecure': use '--plain-http HOST'"),
            (["copy", "a:1"], "there is no 'copy': use 'ocimirror sync'"),
        ])
    func `64 for an invalid command line`(words: [String], hint: String) async throws {
        let run = try await Workspace().run(arguments: words)
        #expect(run.status == 64, "\(run.said)")
        #expect(run.output.isEmpty)
        #expect(run.errors.hasPrefix("ocimirror: error: ") && run.errors.contains(hint))
        #expect(run.errors.split(separator: "\n").count == 1)
    }

    @Test(
        arguments: [
            (["--version"], "ocimirror "), (["-V"], "ocimirror "), (["version"], "ocimirror "),
            ([], "Commands:"), (["help", "help"], "Exit codes:"), (["-h"], "Commands:"),
            (["sync", "-h"], "--help' describes"),
            (["sync", "--help"], "--idle-timeout TIME"), (["--help"], "Exit codes:"),
            (["help", "sync"], "ID…"),
        ])
    func `0 for help and version`(words: [String], answer: String) async throws {
        let run = try await Workspace().run(arguments: words)
        #expect(run.status == 0)
        #expect(run.output.contains(answer))
        #expect(run.errors.isEmpty)
    }

    @Test func `2 for an unknown host`() async throws {
        let run = try await Workspace().run("check", "registry.invalid/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("UNKNOWN: the check failed"))
        #expect(run.output.contains("hint: check the name registry.invalid, its port"))
    }

    @Test func `2 for a registry that is down`() async throws {
        let place = "127.0.0.1:1"
        let run = try await Workspace().run("check", "--plain-http", place, "\(place)/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("hint: check the name \(place), its port"))
    }

    @Test func `77 for a private image`() async throws {
        let registry = LoopbackRegistry(
            authentication: .basic(user: "another", password: "user"))
        registry.publish(ImageBuilder().multiPlatform(seed: 1), repository: "app", tag: "1.0")
        let run = try await Workspace().run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.output.contains("UNKNOWN: the check failed"))
        #expect(run.output.contains("hint: "))
    }

    @Test func `2 for a registry with an untrusted certificate`()
        async throws
    {
        let authority = try await CertificateAuthority.make()
        let strange = LoopbackRegistry(certificate: try await authority.issue().pair)
        let run = try await Workspace().run("check", "\(strange.host)/app:1.0")
        #expect(run.status == 2, "\(run.said)")
        #expect(strange.requests.isEmpty)
        strange.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let trusting = try await Workspace().run(
            "check", "--ca-file", authority.certificateFile, "\(strange.host)/app:1.0")
        #expect(trusting.status == 0, "\(trusting.said)")
    }

    @Test func `2 if one of two targets cannot be written`()
        async throws
    {
        let (source, target, broken) = (
            LoopbackRegistry(), LoopbackRegistry(), LoopbackRegistry()
        )
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        broken.inject(.on(.put, "*", .answer(.unsupported)))
        let hosts = [source, target, broken].map(\.host)
        let workspace = try Workspace(
            """
            version: 1
            validation: config
            targets:
              - {prefix: \(broken.host)/mirror, lock: broken.lock.yaml}
              - {prefix: \(target.host)/mirror, lock: images.lock.yaml}
            registries:
            \(hosts.map { "  \"\($0)\": {plainHTTP: true}" }.joined(separator: "\n"))
            images:
              - \(source.host)/app:1.0

            """)
        let run = try await workspace.run("sync")
        #expect(run.status == 2, "\(run.said)")
        #expect(run.output.contains("target: ") || run.output.contains("target \(broken.host)"))
        #expect(workspace.lock.contains("      app:\n"))
        #expect(!workspace.folder.text("broken.lock.yaml").contains("      app:\n"))
        #expect(target.tags(of: "mirror/app").count == 1)
        #expect(broken.tags(of: "mirror/app").isEmpty)
    }

    @Test func `77 for credentials that are rejected`() async throws {
        let source = LoopbackRegistry()
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let target = try await DockerRegistry.start(users: ["ci": "right"])
        var workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host],
                registries: [
                    target.host:
                        "{plainHTTP: true, credentialsOverHTTP: true, credentials: {username: ci, password: \"${PASSWORD}\"}}"
                ]
            ).text)
        workspace.environment = ["PASSWORD": "canary-wrong"]
        let wrong = try await workspace.run("sync", "--verbose")
        #expect(wrong.status == 77, "\(wrong.said)")
        #expect(wrong.output.contains("hint: "))
        workspace.environment = ["PASSWORD": "right"]
        #expect(try await workspace.run("sync").status == 0)
        let unset = try await Workspace(workspace.folder.text("mirror.yaml")).run("sync")
        #expect(unset.status == 78)
        #expect(unset.errors.contains("PASSWORD"))
    }

    @Test func `75 if the registry throttles`() async throws {
        let registry = LoopbackRegistry()
        registry.inject(
            .on(nil, "/manifests/*", .answer(.tooManyRequests, headers: ["Retry-After": "3600"])))
        let run = try await Workspace().run(
            "check", "--plain-http", registry.host, "\(registry.host)/app:1.0")
        #expect(run.status == 75, "\(run.said)")
        #expect(registry.requests.count == 1, "an hour is not waited for")
        #expect(run.output.contains("3600 s"))
    }

    @Test func `75 while another run holds the file lock`() async throws {
        let (source, target) = (LoopbackRegistry(), LoopbackRegistry())
        source.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        let workspace = try Workspace(
            Mirror(
                from: ["\(source.host)/app:1.0"], to: "\(target.host)/mirror",
                plain: [source.host, target.host]
            ).text)
        for round in 1...2 {
            // Without a lock file, and then with one.
            let gate = Gate()
            source.inject(.on(.head, "/manifests/*", hits: 1...1, .stall(gate)))
            let streams = try TemporaryFolder()
            let first = try workspace.start("sync", "--idle-timeout", "10m", streams: streams)
            await source.waitForRequests(RequestPattern(.head, "/manifests/*"))
            let second = try await workspace.run("sync")
            #expect(second.status == 75, "round \(round): \(second.said)")
            #expect(second.errors.contains("another run"))
            gate.open()
            #expect(try await onOwnThread { first.wait() } == 0)
            source.heal()
            source.forgetRequests()
        }
    }
}
