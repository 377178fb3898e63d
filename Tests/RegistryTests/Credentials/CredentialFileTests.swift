// SPDX-License-Identifier: Apache-2.0

import Content
import OCI
import RegistryTestSupport
import AsyncPrimitives
import Testing
import TextSafety

@testable import Registry

/// Credentials that are stored for later runs.
@Suite struct `Stored credentials` {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    var environment: [String: String] { ["DOCKER_CONFIG": folder.path] }
    var file: String { folder.text("config.json") }

    func logins(_ run: CredentialHelper.Runner? = nil) throws -> CredentialFile {
        try CredentialFile(environment: environment, run: run)
    }

    func credential(_ repository: String) async throws -> Credential? {
        try await CredentialStore(environment: environment)
            .credential(for: Repository(parsing: repository))?.credential
    }

    @Test(arguments: [
        ("ghcr.io", "ghcr.io/a", "ghcr.io"),
        ("docker.io", "busybox", "https://index.docker.io/v1/"),
        ("index.docker.io", "busybox", "https://index.docker.io/v1/"),
        ("localhost:5000", "localhost:5000/a", "localhost:5000"),
    ])
    func `have the key that docker reads`(name: String, repository: String, key: String)
        async throws
    {
        let registry = try RegistryHost(parsing: name)
        let place = try await logins().store(user: "me", password: Secret("p:w\"ü"), for: registry)
        #expect(place == folder("config.json"))
        #expect(file.contains("\t\t\"\(key)\": {\n"))
        #expect(try await credential(repository) == .user("me", "p:w\"ü"))
    }

    @Test(arguments: ["<token>", "00000000-0000-0000-0000-000000000000"])
    func `are refresh tokens if the user name says so`(user: String) async throws {
        let registry = try RegistryHost(parsing: "a.azurecr.io")
        _ = try await logins().store(user: user, password: Secret("refresh"), for: registry)
        #expect(try await credential("a.azurecr.io/x") == .identityToken(Secret("refresh")))
    }

    @Test func `leave the rest of the file unchanged`() async throws {
        let before = """
            {
            \t"HttpHeaders": {
            \t\t"User-Agent": "x"
            \t},
            \t"auths": {
            \t\t"https://ghcr.io/v2/": {
            \t\t\t"auth": "b2xkOnB3"
            \t\t},
            \t\t"quay.io/team": {
            \t\t\t"auth": "dGVhbTpwdw=="
            \t\t},
            \t\t"ghcr.io": {
            \t\t\t"auth": "b2xkZXI6cHc="
            \t\t}
            \t},
            \t"credHelpers": {
            \t\t"other.io": "pass"
            \t},
            \t"detachKeys": "ctrl-e,e",
            \t"plugins": {
            \t\t"x": {
            \t\t\t"ratio": 1.50
            \t\t}
            \t}
            }

            """
        try folder.write(before, to: "config.json")
        let registry = try RegistryHost(parsing: "ghcr.io")
        _ = try await logins().store(user: "me", password: Secret("pw"), for: registry)
        #expect(try await credential("ghcr.io/a") == .user("me", "pw"))
        let old = "\t\t\"ghcr.io\": {\n\t\t\t\"auth\": \"b2xkZXI6cHc=\"\n\t\t}"
        let expected =
            before
            .replacing("https://ghcr.io/v2/", with: "ghcr.io")
            .replacing("b2xkOnB3", with: Registry.Base64.encode(Array("me:pw".utf8)))
            .replacing(",\n\(old)", with: "")
        #expect(file == expected)
        #expect(try await logins().erase(registry))
        #expect(try await !logins().erase(registry))
        #expect(file.contains("quay.io/team") && file.contains("1.50") && !file.contains("ghcr.io"))
    }

    @Test(arguments: [
        "{", "[]", #"{"auths":["canary"]}"#, #"{"credsStore":{"canary":1}}"#,
    ])
    func `A22 are not written to a malformed file, which is left unchanged`(content: String)
        async throws
    {
        try folder.write(content, to: "config.json")
        let registry = try RegistryHost(parsing: "ghcr.io")
        let error = await #expect(throws: ContentError.self) {
            _ = try await logins().store(user: "me", password: Secret("pw"), for: registry)
        }
        #expect(error?.message.contains("canary") == false)
        await #expect(throws: ContentError.self) { try await logins().erase(registry) }
        #expect(file == content)
    }

    @Test func `replace a malformed entry`() async throws {
        try folder.write(
            #"{"auths":{"ghcr.io":{"auth":"canary"},"quay.io":{"auth":"x"}}}"#, to: "config.json")
        let registry = try RegistryHost(parsing: "ghcr.io")
        _ = try await logins().store(user: "me", password: Secret("pw"), for: registry)
        #expect(!file.contains("canary") && file.contains("bWU6cHc=") && file.contains("quay.io"))
    }

    @Test func `are readable only by their owner`() async throws {
        let registry = try RegistryHost(parsing: "ghcr.io")
        let nested = try CredentialFile(authFile: folder("new/deep/auth.json"), environment: [:])
        _ = try await nested.store(user: "me", password: Secret("pw"), for: registry)
        let modes = try await SpawnedProcess.run(
            "stat", ["-c", "%a", folder("new"), folder("new/deep/auth.json")])
        #expect(modes.output == "700\n600\n")
    }

    @Test func `are passed to the helper that the file names`() async throws {
        let asked = Mutex<[String]>([])
        let run: CredentialHelper.Runner = { program, arguments, input in
            let line = ([program] + arguments + [String(decoding: input, as: UTF8.self)])
                .joined(separator: " ")
            asked.withLock { $0.append(line) }
            return CredentialHelper.Output(status: 0, output: [])
        }
        try folder.write(
            #"{"credsStore":"store","credHelpers":{"a.io":"special"},"auths":{"a.io":{"auth":"dTpw"}}}"#,
            to: "config.json")
        let special = try RegistryHost(parsing: "a.io")
        let place = try await logins(run).store(user: "me", password: Secret("p\"w"), for: special)
        #expect(place == "docker-credential-special (\(folder("config.json")))")
        #expect(!file.contains("dTpw"))
        _ = try await logins(run).store(user: "me", password: Secret("pw"), for: .dockerHub)
        #expect(try await logins(run).erase(special))
        #expect(
            asked.withLock { $0 } == [
                #"docker-credential-special store {"ServerURL":"a.io","Username":"me","Secret":"p\"w"}"#,
                "docker-credential-store store "
                    + #"{"ServerURL":"https://index.docker.io/v1/","Username":"me","Secret":"pw"}"#,
                "docker-credential-special erase a.io\n",
            ])
        #expect(
            !file.contains("\"a.io\": {") && file.contains("\"https://index.docker.io/v1/\": {}"))
    }

    @Test func `are not written if the helper fails`() async throws {
        let content = #"{"credsStore":"store"}"#
        try folder.write(content, to: "config.json")
        let registry = try RegistryHost(parsing: "ghcr.io")
        let error = await #expect(throws: ContentError.self) {
            try await logins { _, _, _ in
                CredentialHelper.Output(status: 1, output: Array("no keyring".utf8))
            }.store(user: "me", password: Secret("pw"), for: registry)
        }
        #expect(error?.message.contains("docker-credential-store") == true)
        #expect(file == content)
    }
}
