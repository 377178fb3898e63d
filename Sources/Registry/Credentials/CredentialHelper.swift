// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import StrictJSON
internal import TextSafety

/// A program that keeps passwords: `docker-credential-NAME get`, the server on its input.
///
/// It is started by its name alone, never through a shell. A helper that fails is an error: to go
/// on with other credentials could show them where they do not belong.
///
/// Source: docker-credential-helpers § Development; CVE-2021-41092 for the failure.
public struct CredentialHelper: Sendable {
    /// What a helper wrote, and how it ended.
    public struct Answer: Sendable {
        /// The exit status; 0 is success.
        public var status: Int
        /// What it wrote to its output.
        public var output: [UInt8]

        /// Makes an answer.
        public init(status: Int, output: [UInt8]) {
            self.status = status
            self.output = output
        }
    }

    /// Runs a program: its name, its arguments, its input.
    public typealias Runner =
        @Sendable (_ program: String, _ arguments: [String], _ input: [UInt8]) async throws ->
        Answer

    /// The longest time that a helper may take.
    public static let timeLimit = Duration.seconds(10)
    /// The greatest output of a helper that is read, in bytes.
    public static let outputLimit = 64 << 10

    let program: String
    let run: Runner

    /// - Throws: `ContentError` where the name holds more than letters, digits, `.`, `_` and `-`.
    init(name: String, file: String, run: @escaping Runner) throws {
        guard !name.isEmpty, name.utf8.count <= 64, !name.hasPrefix("."),
            name.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
                    || (0x61...0x7A).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
            })
        else {
            throw ContentError(
                .unavailable, "\(file): the name of a credential helper is malformed",
                hint: "a helper's name has letters, digits, '.', '_' and '-' only")
        }
        self.program = "docker-credential-\(name)"
        self.run = run
    }

    /// Asks for the credential of a registry; `.none` where the helper has none.
    func credential(for registry: RegistryHost) async throws -> Credential {
        let server = AuthFile.key(of: registry)
        guard let output = try await answer("get", Array("\(server)\n".utf8), for: registry) else {
            return .none
        }
        let reply: (user: String, secret: String, server: String)
        do {
            let object = try JSONObject(
                try JSONValue(parsing: output), known: ["ServerURL", "Username", "Secret"])
            reply = (
                try object.string("Username") ?? "", try object.string("Secret") ?? "",
                try object.string("ServerURL") ?? ""
            )
        } catch {
            throw failure(registry, "its answer is malformed: \(error)")
        }
        guard reply.server.isEmpty || AuthFile.parse(key: reply.server)?.registry == registry else {
            throw failure(registry, "it answered for another server")
        }
        guard !reply.user.isEmpty || !reply.secret.isEmpty else { return .none }
        return Credential(user: reply.user, password: Secret(reply.secret))
    }

    /// Has a credential kept, in place of what it keeps for the registry now.
    func store(user: String, password: Secret, for registry: RegistryHost) async throws {
        let entry: JSONValue = [
            "ServerURL": .string(AuthFile.key(of: registry)), "Username": .string(user),
            "Secret": .string(password.reveal()),
        ]
        _ = try await answer("store", Array(entry.compactText.utf8), for: registry)
    }

    /// Has the credential of a registry forgotten.
    ///
    /// - Returns: whether there was one.
    func erase(_ registry: RegistryHost) async throws -> Bool {
        let server = AuthFile.key(of: registry)
        return try await answer("erase", Array("\(server)\n".utf8), for: registry) != nil
    }

    /// Returns what the helper says, or nil where it says that it has nothing for the registry.
    private func answer(
        _ action: String, _ input: [UInt8], for registry: RegistryHost
    ) async throws -> [UInt8]? {
        let answer: Answer
        do {
            answer = try await run(program, [action], input)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw failure(registry, "\(error)")
        }
        guard answer.status == 0 else {
            let said = UntrustedText(bytes: answer.output.prefix(256))
            if said.raw.contains("credentials not found") { return nil }
            throw failure(registry, "it ended with status \(answer.status)")
        }
        return answer.output
    }

    private func failure(_ registry: RegistryHost, _ reason: String) -> ContentError {
        ContentError(
            .unavailable, "credentials of \(registry): \(program): \(reason)",
            hint: "repair the helper, or remove it from credHelpers and credsStore")
    }
}
