// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import OCI
internal import StrictJSON
internal import TextSafety

/// A credential helper: `docker-credential-NAME get`, with the server on its standard input.
///
/// It is started by name, never through a shell. A failing helper is an error: other credentials
/// could be sent where they do not belong.
///
/// Source: docker-credential-helpers § Development; CVE-2021-41092 for the failure.
public struct CredentialHelper: Sendable {
    /// The output and exit status of a helper.
    public struct Answer: Sendable {
        /// The exit status; 0 is success.
        public var status: Int
        /// The standard output.
        public var output: [UInt8]

        /// Creates a value.
        public init(status: Int, output: [UInt8]) {
            self.status = status
            self.output = output
        }
    }

    /// Runs a program with a name, arguments and standard input.
    public typealias Runner =
        @Sendable (_ program: String, _ arguments: [String], _ input: [UInt8]) async throws ->
        Answer

    /// The time limit of a helper.
    public static let timeLimit = Duration.seconds(10)
    /// The maximum output of a helper, in bytes.
    public static let outputLimit = 64 << 10

    let program: String
    let run: Runner

    /// - Throws: `ContentError` if the name has characters other than letters, digits, `.`, `_` and
    ///   `-`.
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

    /// Returns the credential for a registry, or `.none` if the helper has none.
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

    /// Stores a credential for a registry, replacing an earlier one.
    func store(user: String, password: Secret, for registry: RegistryHost) async throws {
        let entry: JSONValue = [
            "ServerURL": .string(AuthFile.key(of: registry)), "Username": .string(user),
            "Secret": .string(password.reveal()),
        ]
        _ = try await answer("store", Array(entry.compactText.utf8), for: registry)
    }

    /// Removes the credential for a registry.
    ///
    /// - Returns: A Boolean value that indicates whether there was one.
    func erase(_ registry: RegistryHost) async throws -> Bool {
        let server = AuthFile.key(of: registry)
        return try await answer("erase", Array("\(server)\n".utf8), for: registry) != nil
    }

    /// Returns the output of the helper, or `nil` if it reports that it has nothing for the
    /// registry.
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
