// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing
import TextSafety

@testable import Registry

@Suite struct `Credentials` {
    static func pair(_ user: String, _ password: String) -> String {
        Registry.Base64.encode(Array("\(user):\(password)".utf8))
    }

    static func file(_ host: String, _ user: String) -> String {
        #"{"auths":{"\#(host)":{"auth":"\#(pair(user, "pw"))"}}}"#
    }

    func store(
        _ files: [String: String], given: [RegistryHost: Credential] = [:], authFile: String? = nil,
        environment: [String: String] = ["HOME": "/h"],
        helper: @escaping CredentialHelper.Runner = { _, _, _ in
            CredentialHelper.Output(
                status: 1, output: Array("credentials not found in native keychain".utf8))
        }
    ) -> CredentialStore {
        CredentialStore(
            given: given, authFile: authFile, environment: environment,
            read: { files[$0].map { Array($0.utf8) } }, run: helper)
    }

    func user(_ store: CredentialStore, _ repository: String) async throws -> String? {
        let found = try await store.credential(for: Repository(parsing: repository))
        guard case .basic(let user, _)? = found?.credential else { return nil }
        return user
    }

    @Test func `come from the first source that has any`() async throws {
        var files = [
            "/a": Self.file("ghcr.io", "auth-file"),
            "/h/.docker/config.json": Self.file("ghcr.io", "docker"),
            "/run/containers/auth.json": Self.file("ghcr.io", "podman-run"),
            "/h/.config/containers/auth.json": Self.file("ghcr.io", "podman-home"),
        ]
        let environment = [
            "HOME": "/h", "XDG_RUNTIME_DIR": "/run", "REGISTRY_AUTH_FILE": "/a",
            "GITHUB_TOKEN": "t", "GITHUB_ACTOR": "actor",
        ]
        let ghcr = try RegistryHost(parsing: "ghcr.io")
        let given = store(files, given: [ghcr: .user("given", "pw")], environment: environment)
        #expect(try await user(given, "ghcr.io/a/b") == "given")
        var order: [String?] = []
        for path in [
            "/a", "/h/.docker/config.json", "/run/containers/auth.json",
            "/h/.config/containers/auth.json", "none",
        ] {
            order.append(try await user(store(files, environment: environment), "ghcr.io/a/b"))
            if files[path] != nil { files[path] = "{}" }
        }
        #expect(order == ["auth-file", "docker", "podman-run", "podman-home", "actor"])
        #expect(try await user(store(files, environment: environment), "quay.io/a/b") == nil)
    }

    @Test func `are reported with their source only`() async throws {
        let files = [
            "/a": Self.file("a.io", "u"), "/h/.docker/config.json": Self.file("b.io", "u"),
            "/h/.config/containers/auth.json": Self.file("c.io", "u"),
        ]
        let given = try RegistryHost(parsing: "g.io")
        let store = store(
            files, given: [given: .user("u", "pw")], authFile: "/a",
            environment: [
                "HOME": "/h", "GITHUB_TOKEN": "t", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c",
                "AZURE_CLIENT_SECRET": "s",
            ])
        var sources: [String?] = []
        for host in ["g.io", "a.io", "b.io", "c.io", "ghcr.io", "x.azurecr.io", "quay.io"] {
            let found = try await store.credential(for: Repository(parsing: "\(host)/a"))
            sources.append(found?.source)
        }
        #expect(
            sources == [
                "mirror.yaml", "/a", "/h/.docker/config.json", "/h/.config/containers/auth.json",
                "GITHUB_TOKEN", "Microsoft Entra (AZURE_CLIENT_SECRET)", nil,
            ])
    }

    // Exact host and port, and the names of Docker Hub.
    @Test(arguments: [
        ("registry.example.com", "registry.example.com/a", true),
        ("registry.example.com", "registry.example.com.evil.org/a", false),
        ("registry.example.com", "registry.example.com:5000/a", false),
        ("registry.example.com:5000", "registry.example.com:5000/a", true),
        ("example.com", "registry.example.com/a", false),
        ("https://registry.example.com", "registry.example.com/a", true),
        ("https://registry.example.com/v2/", "registry.example.com/a", true),
        ("https://index.docker.io/v1/", "busybox", true), ("docker.io", "busybox", true),
        ("registry-1.docker.io", "a/b", true), ("index.docker.io", "ghcr.io/a", false),
        ("quay.io/org", "quay.io/org/app", true), ("quay.io/org", "quay.io/organism/app", false),
        ("quay.io/org/app", "quay.io/org/app", true),
        ("quay.io/org/app", "quay.io/org/other", false),
        ("user@registry.example.com", "registry.example.com/a", false),
    ])
    func `A15 belong to one host`(key: String, repository: String, fits: Bool) async throws {
        let store = store(["/h/.docker/config.json": Self.file(key, "me")])
        #expect((try await user(store, repository) == "me") == fits)
    }

    @Test func `of the longest key have precedence, and of Docker Hub the traditional key`()
        async throws
    {
        let auths = [
            ("quay.io", "host"), ("quay.io/org/app", "app"), ("quay.io/org", "org"),
            ("docker.io", "new"), ("https://index.docker.io/v1/", "traditional"),
        ]
        .map { #""\#($0.0)":{"auth":"\#(Self.pair($0.1, "pw"))"}"# }
        let store = store(
            ["/h/.docker/config.json": "{\"auths\":{\(auths.joined(separator: ","))}}"])
        #expect(try await user(store, "quay.io/x") == "host")
        #expect(try await user(store, "quay.io/org/x") == "org")
        #expect(try await user(store, "quay.io/org/app") == "app")
        #expect(try await user(store, "busybox") == "traditional")
    }

    @Test func `are parsed in each form`() async throws {
        let store = store([
            "/h/.docker/config.json": #"""
            {"auths":{"a.io":{"identitytoken":"refresh","auth":"\#(Self.pair("u", ""))"},
            "b.io":{"username":"u","password":"p"},"c.io":{},
            "d.io":{"auth":"\#(Self.pair("u", "p:q\0\0"))"}},"HttpHeaders":{"x":"y"}}
            """#
        ])
        func credential(_ name: String) async throws -> Credential? {
            try await store.credential(for: Repository(parsing: name))?.credential
        }
        #expect(try await credential("a.io/x") == .identityToken(Secret("refresh")))
        #expect(try await credential("b.io/x") == .user("u", "p"))
        #expect(try await credential("c.io/x") == nil)
        #expect(try await credential("d.io/x") == .user("u", "p:q"))
    }

    // The content of a malformed file must not appear in the message.
    @Test(arguments: [
        #"{"auths":{"a.io":{"auth":"canary""#, "canary", #"{"auths":"canary"}"#,
    ])
    func `A22 of a malformed file are an error that names only the file`(content: String)
        async throws
    {
        let error = await #expect(throws: ContentError.self) {
            _ = try await user(store(["/h/.docker/config.json": content]), "a.io/x")
        }
        let message = try #require(error).message
        #expect(message.hasPrefix("/h/.docker/config.json: invalid auth file"))
        #expect(!message.contains("canary"))
    }

    @Test(arguments: [
        #"{"auth":"canary"}"#, #"["canary"]"#, #"{"identitytoken":{"canary":1}}"#,
        #"{"username":"me","password":["canary"]}"#, #"{"Auth":"canary"}"#,
    ])
    func `A22 of a malformed entry are an error of its registry only`(entry: String) async throws {
        let good = #""auth":"\#(Self.pair("u", "p"))""#
        let content = #"{"auths":{"a.io":\#(entry),"b.io":{\#(good)},"a.io/team":{\#(good)}}}"#
        let store = store(["/h/.docker/config.json": content])
        for name in ["b.io/x", "a.io/team/x"] { #expect(try await user(store, name) == "u") }
        #expect(try await user(store, "c.io/x") == nil)
        let error = await #expect(throws: ContentError.self) {
            _ = try await user(store, "a.io/x")
        }
        let message = try #require(error).message
        #expect(message.hasPrefix("/h/.docker/config.json: invalid credentials of a.io: "))
        #expect(!message.contains("canary"))
        #expect(error?.hint?.contains("ocimirror login a.io") == true)
    }

    @Test func `are an error if the given file does not exist`() async throws {
        await #expect(throws: ContentError.self) {
            _ = try await user(store([:], authFile: "/none"), "a.io/x")
        }
    }

    static let helpers = #"{"credsStore":"store","credHelpers":{"a.io":"special"}}"#

    @Test func `of helpers are requested once`() async throws {
        let asked = Mutex<[String]>([])
        let store = store(["/h/.docker/config.json": Self.helpers]) { program, arguments, input in
            let line = ([program] + arguments + [String(decoding: input, as: UTF8.self)])
                .joined(separator: " ")
            asked.withLock { $0.append(line) }
            return CredentialHelper.Output(
                status: 0, output: Array(#"{"ServerURL":"","Username":"u","Secret":"s"}"#.utf8))
        }
        for name in ["a.io/x", "a.io/y", "busybox"] { #expect(try await user(store, name) == "u") }
        #expect(
            asked.withLock { $0 } == [
                "docker-credential-special get a.io\n",
                "docker-credential-store get https://index.docker.io/v1/\n",
            ])
    }

    @Test func `of a helper are an identity token, a password or none`() async throws {
        let token = store(["/h/.docker/config.json": Self.helpers]) { _, _, _ in
            CredentialHelper.Output(
                status: 0,
                output: Array(
                    #"{"ServerURL":"https://a.io","Username":"<token>","Secret":"s"}"#.utf8))
        }
        let found = try await token.credential(for: Repository(parsing: "a.io/x"))
        #expect(found?.credential == .identityToken(Secret("s")))
        #expect(found?.source == "docker-credential-special (/h/.docker/config.json)")
        #expect(try await user(store(["/h/.docker/config.json": Self.helpers]), "a.io/x") == nil)
    }

    // Credentials of another source might be sent where they do not belong.
    @Test(arguments: [
        CredentialHelper.Output(status: 1, output: Array("no such keyring canary".utf8)),
        CredentialHelper.Output(status: 0, output: Array("canary".utf8)),
        CredentialHelper.Output(
            status: 0,
            output: Array(#"{"ServerURL":"evil.io","Username":"u","Secret":"canary"}"#.utf8)),
    ])
    func `A16 of a failing helper are an error`(response: CredentialHelper.Output) async throws {
        let files = [
            "/h/.docker/config.json": Self.helpers,
            "/h/.config/containers/auth.json": Self.file("a.io", "other"),
        ]
        let error = await #expect(throws: ContentError.self) {
            _ = try await user(store(files) { _, _, _ in response }, "a.io/x")
        }
        #expect(try #require(error).message.contains("docker-credential-special"))
        #expect(try !#require(error).message.contains("canary"))
    }

    @Test(arguments: ["../evil", "a b", "a/b", "", ".x", "a;b", "a\nb"])
    func `A24 of a helper with a malformed name are an error`(name: String) {
        #expect(throws: ContentError.self) {
            try CredentialHelper(name: name, file: "f") { _, _, _ in
                CredentialHelper.Output(status: 0, output: [])
            }
        }
    }

    @Test func `A23 of a real helper are requested without a shell and with a minimal environment`()
        async throws
    {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            #!/bin/sh
            read -r server
            printf '{"ServerURL":"%s","Username":"%s","Secret":"%s"}' "$server" "$1" "$SECRET$XDG_NAME"
            """, to: "docker-credential-test")
        #expect(
            try SpawnedProcess("chmod", ["755", folder("docker-credential-test")]).wait() == 0)
        try folder.write(#"{"credsStore":"test"}"#, to: "config.json")
        let store = CredentialStore(environment: [
            "PATH": "\(folder.path):/usr/bin:/bin", "DOCKER_CONFIG": folder.path,
            "SECRET": "canary", "XDG_NAME": "seen",
        ])
        let found = try await store.credential(for: Repository(parsing: "a.io/x"))
        #expect(found?.credential == .user("get", "seen"))
    }

    @Test func `A22 have a redacted description`() {
        let credential = Credential.user("me", "canary")
        #expect(!"\(credential)".contains("canary"))
        #expect(!String(reflecting: FoundCredential(credential, source: "x")).contains("canary"))
    }

    // Endless output is cut off; a slow helper ends with the time limit of every child process.
    @Test func `A24 of a helper with endless output are an error`() async throws {
        let folder = try TemporaryFolder()
        try folder.write("#!/bin/sh\nexec yes\n", to: "docker-credential-endless")
        #expect(
            try SpawnedProcess("chmod", ["755", folder("docker-credential-endless")]).wait() == 0)
        try folder.write(#"{"credsStore":"endless"}"#, to: "config.json")
        let store = CredentialStore(environment: [
            "PATH": "\(folder.path):/usr/bin:/bin", "DOCKER_CONFIG": folder.path,
        ])
        let error = await #expect(throws: ContentError.self) {
            _ = try await store.credential(for: Repository(parsing: "a.io/x"))
        }
        #expect(error?.message.contains("docker-credential-endless") == true)
        #expect(CredentialHelper.timeLimit == .seconds(10))
    }

    // A helper that reads several lines would take a second one for another request.
    @Test(arguments: ["a.io\n", "a.io\r\nhost=evil", "a.io\0", "a io", "a.io/x\n"])
    func `A24 are requested only for hosts without control characters`(name: String) {
        #expect(throws: (any Error).self) { try RegistryHost(parsing: name) }
    }
}
