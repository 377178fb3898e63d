// SPDX-License-Identifier: Apache-2.0

import RegistryTestSupport
import StrictJSON
import Testing

/// `login` and `logout` as separate processes.
@Suite(.timeLimit(.minutes(10))) struct LoginTests {
    private static let password = "canary-5e1f-pass"
    private let workspace: Workspace
    private let docker: DockerRegistry

    init() async throws {
        docker = try await DockerRegistry.start(users: ["ci": Self.password])
        var workspace = try Workspace()
        workspace.environment = ["OCIMIRROR_PLAIN_HTTP": docker.host]
        self.workspace = workspace
    }

    private func login(_ host: String, password: String = password, _ further: String...)
        async throws -> Run
    {
        try workspace.folder.write(password + "\n", to: "password")
        let words = ["login", host, "--username", "ci", "--password-stdin"] + further
        return try await workspace.feed("password", to: words)
    }

    private var file: String { workspace.folder.text("home/.docker/config.json") }

    @Test func `valid credentials are stored for this and other programs`() async throws {
        let run = try await login(docker.host)
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.hasPrefix("logged in to \(docker.host), credentials stored in "))
        #expect(!run.said.contains(Self.password))
        #expect(try await workspace.shell("stat -c %a home/.docker/config.json") == "600\n")

        let image = ImageBuilder().multiPlatform()
        let shelf = LoopbackRegistry()
        shelf.publish(image, repository: "image", tag: "now")
        let push = try await SpawnedProcess.run(
            "skopeo",
            [
                "copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
                "--insecure-policy", "docker://\(shelf.host)/image:now",
                "docker://\(docker.host)/app:1.0",
            ], environment: ["HOME": workspace.folder("home"), "TMPDIR": workspace.folder.path])
        #expect(push.status == 0, "skopeo uses the login: \(push.errors)")
        let check = try await workspace.run("check", "\(docker.host)/app:1.0")
        #expect(check.status == 0, "\(check.said)")

        let logout = try await workspace.run("logout", docker.host)
        #expect(logout.output == "logged out of \(docker.host)\n")
        #expect(!file.contains(docker.host))
        #expect(try await workspace.run("check", "\(docker.host)/app:1.0").status == 77)
    }

    @Test func `rejected credentials are not stored`() async throws {
        try await workspace.shell("mkdir -p home/.docker")
        let before = #"{"auths":{"other.io":{}}}"#
        try workspace.folder.write(before, to: "home/.docker/config.json")
        let run = try await login(docker.host, password: "canary-wrong")
        #expect(run.status == 77, "\(run.said)")
        #expect(run.errors.contains("logging in to \(docker.host)"))
        #expect(run.errors.contains("credentials from standard input (user ci) rejected (401)"))
        #expect(!run.said.contains("canary"))
        #expect(file == before)
    }

    @Test(arguments: [true, false])
    func `credentials are verified with the token server`(isRight: Bool) async throws {
        let issuer = TokenIssuer(users: ["ci": Self.password], policy: TokenIssuer.usersOnly)
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        let run = try await login(
            registry.host, password: isRight ? Self.password : "wrong", "--plain-http",
            registry.host, "--json")
        #expect(run.status == (isRight ? 0 : 77), "\(run.said)")
        #expect(file.contains(registry.host) == isRight)
        guard isRight else { return }
        let document = try run.json
        #expect(
            document["verified"] == .bool(true) && document["registry"] == .string(registry.host))
    }

    @Test func `a refresh token is stored under Azure's all-zeros user`() async throws {
        let issuer = TokenIssuer(users: ["ci": Self.password], policy: TokenIssuer.usersOnly)
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        try workspace.folder.write(Self.password, to: "password")
        let zeros = "00000000-0000-0000-0000-000000000000"
        var workspace = self.workspace
        workspace.environment = ["OCIMIRROR_PLAIN_HTTP": registry.host]
        let run = try await workspace.feed(
            "password", to: ["login", registry.host, "-u", zeros, "--password-stdin"])
        #expect(run.status == 0, "\(run.said)")
        let check = try await workspace.run("check", "\(registry.host)/app:1.0")
        #expect(check.status == 0, "\(check.said)")
        #expect(registry.requests.count { $0.method == .post } == 2, "one form for each token")
    }

    @Test func `credentials are sent only to a server with a trusted certificate`()
        async throws
    {
        let authority = try await CertificateAuthority.make()
        let registry = try await DockerRegistry.start(
            users: ["ci": Self.password], certificate: authority.issue())
        let unknown = try await login(registry.host)
        #expect(unknown.status == 2, "\(unknown.said)")
        #expect(registry.requests.isEmpty)
        let known = try await login(
            registry.host, password: Self.password, "--ca-file", authority.certificateFile)
        #expect(known.status == 0, "\(known.said)")
        #expect(file.contains(registry.host))
    }

    @Test(arguments: [false, true])
    func `A17 --strict-auth fails if credentials are rejected`(isStrict: Bool)
        async throws
    {
        let issuer = TokenIssuer(users: ["ci": "another"])
        let registry = LoopbackRegistry(authentication: .bearer(issuer))
        registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        try workspace.folder.write(
            #"{"auths":{"\#(registry.host)":{"username":"ci","password":"canary"}}}"#,
            to: "auth.json")
        let run = try await workspace.run(
            arguments: ["check", "--plain-http", registry.host, "--auth-file", "auth.json"]
                + (isStrict ? ["--strict-auth"] : []) + ["\(registry.host)/app:1.0"])
        #expect(run.status == (isStrict ? 77 : 0), "\(run.said)")
        #expect(run.errors.contains("credentials from"), "\(run.errors)")
        #expect(run.errors.contains("read anonymously") == !isStrict)
        #expect(!run.said.contains("canary"))
    }

    @Test func `A17 the report lists pulls without rejected credentials`() async throws {
        let lapsed = LoopbackRegistry(
            authentication: .bearer(TokenIssuer(users: ["ci": "another"])))
        let open = LoopbackRegistry()
        for registry in [lapsed, open] {
            registry.publish(ImageBuilder().multiPlatform(), repository: "app", tag: "1.0")
        }
        try workspace.configure(
            Mirror(
                from: [
                    "{source: \"\(lapsed.host)/app:1.0\", name: lapsed}",
                    "{source: \"\(open.host)/app:1.0\", name: open}",
                ], to: "oci:./mirror",
                registries: [
                    lapsed.host:
                        "{plainHTTP: true, credentials: {username: ci, password: canary}}",
                    open.host: "{plainHTTP: true}",
                ]
            ).text)
        let run = try await workspace.run("sync", "--json")
        #expect(run.status == 0, "\(run.said)")
        let images = try run.json["images"]?.elements ?? []
        #expect(images.map { $0["auth"] } == [.string("anonymous"), .null])
        #expect(run.errors.contains("read anonymously"))
        #expect(!run.said.contains("canary"))
    }

    @Test func `a registry without authentication cannot verify credentials, which is reported`()
        async throws
    {
        let registry = LoopbackRegistry()
        let run = try await login(registry.host, "--plain-http", registry.host)
        #expect(run.status == 0, "\(run.said)")
        #expect(run.errors.contains("the credentials were not checked"))
    }

    // A23: command lines are visible to all processes.
    @Test func `A23 there is no option for the password`() async throws {
        let run = try await workspace.run(
            "login", docker.host, "--username", "ci", "--password", Self.password)
        #expect(run.status == 64)
        #expect(file.isEmpty)
    }

    @Test func `without a terminal, a missing password is a usage error`() async throws {
        let run = try await workspace.run("login", docker.host)
        #expect(run.status == 64)
        #expect(run.errors.contains("--username"))
        let second = try await workspace.run("login", docker.host, "--username", "ci")
        #expect(second.status == 64)
        #expect(second.errors.contains("--password-stdin"))
    }

    @Test func `the password is prompted for without echo`() async throws {
        let command = "'\(Workspace.program)' login \(docker.host)"
        let seen = try await workspace.shell(
            """
            export OCIMIRROR_PLAIN_HTTP=\(docker.host)
            mkfifo keys
            script -qefc "\(command)" seen < keys > /dev/null &
            exec 3> keys
            shows() { until grep -q "$1" seen 2> /dev/null; do sleep 0.02; done; }
            shows Username: && echo ci >&3
            shows Password: && echo \(Self.password) >&3
            wait $!
            cat seen
            """)
        #expect(seen.contains("logged in to \(docker.host)"), "\(seen)")
        #expect(!seen.contains(Self.password))
        #expect(file.contains(docker.host))
    }

    @Test func `a configured credential helper stores the credentials`() async throws {
        try await workspace.shell("mkdir -p home/.docker")
        try workspace.folder.write(#"{"credsStore": "shelf"}"#, to: "home/.docker/config.json")
        let shelf = workspace.folder("shelf")
        try workspace.folder.write(
            """
            #!/bin/sh
            case "$1" in
            store) cat > '\(shelf)' ;;
            get) [ -s '\(shelf)' ] && cat '\(shelf)' || { echo credentials not found; exit 1; } ;;
            erase) rm '\(shelf)' ;;
            esac

            """, to: "docker-credential-shelf")
        try await workspace.shell("chmod +x docker-credential-shelf")
        var workspace = self.workspace
        workspace.environment["PATH"] = "\(workspace.folder.path):/usr/bin:/bin"
        try workspace.folder.write(Self.password, to: "password")
        let run = try await workspace.feed(
            "password", to: ["login", docker.host, "-u", "ci", "--password-stdin"])
        #expect(run.status == 0, "\(run.said)")
        #expect(run.output.contains("docker-credential-shelf"))
        #expect(!file.contains("\"auth\""))
        let check = try await workspace.run("check", "--verbose", "\(docker.host)/none:1")
        #expect(check.status == 1, "\(check.said)")
        #expect(check.errors.contains("using credentials from docker-credential-shelf"))
        #expect(try await workspace.run("logout", docker.host).status == 0)
        #expect(workspace.folder.text("shelf").isEmpty)
    }
}

extension Workspace {
    /// Runs the program with a file as standard input.
    fileprivate func feed(_ file: String, to arguments: [String]) async throws -> Run {
        let result = try await SpawnedProcess.run(
            "sh",
            ["-c", #"cd "$1" && exec < "$2" && shift 2 && exec "$@""#, "sh", folder.path, file]
                + [Self.program] + arguments,
            environment: environment.merging(["HOME": folder("home")]) { given, _ in given })
        return Run(status: result.status, output: result.output, errors: result.errors)
    }
}
