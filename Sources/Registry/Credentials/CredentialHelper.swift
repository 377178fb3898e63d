// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
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
    public struct Output: Sendable {
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
        Output

    /// The time limit of a helper.
    public static let timeLimit = Duration.seconds(10)
    /// The maximum output of a helper, in bytes.
    public static let outputLimit = 64 << 10

    let program: String
    let run: Runner

    /// Creates a helper.
    ///
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
                .unavailable, "\(file): invalid credential helper name",
                hint: "use only letters, digits, '.', '_' and '-' in the name of a helper")
        }
        self.program = "docker-credential-\(name)"
        self.run = run
    }

    /// Returns the credential for a registry, or `nil` if the helper has none.
    func credential(for registry: RegistryHost) async throws -> Credential? {
        let server = AuthFile.key(of: registry)
        guard let output = try await execute("get", Array("\(server)\n".utf8), for: registry) else {
            return nil
        }
        let response: (user: String, secret: String, server: String)
        do {
            let object = try JSONObject(
                try JSONValue(parsing: output), known: ["ServerURL", "Username", "Secret"])
            response = (
                try object.string("Username") ?? "", try object.string("Secret") ?? "",
                try object.string("ServerURL") ?? ""
            )
        } catch {
            throw failure(registry, "malformed response: \(error)")
        }
        guard response.server.isEmpty || AuthFile.parse(key: response.server)?.registry == registry
        else {
            throw failure(registry, "response for another server")
        }
        guard !response.user.isEmpty || !response.secret.isEmpty else { return nil }
        return Credential(user: response.user, password: Secret(response.secret))
    }

    /// Stores a credential for a registry, replacing an earlier one.
    func store(user: String, password: Secret, for registry: RegistryHost) async throws {
        let entry: JSONValue = [
            "ServerURL": .string(AuthFile.key(of: registry)), "Username": .string(user),
            "Secret": .string(password.reveal()),
        ]
        _ = try await execute("store", Array(entry.compactText.utf8), for: registry)
    }

    /// Removes the credential for a registry.
    ///
    /// - Returns: A Boolean value that indicates whether there was one.
    func erase(_ registry: RegistryHost) async throws -> Bool {
        let server = AuthFile.key(of: registry)
        return try await execute("erase", Array("\(server)\n".utf8), for: registry) != nil
    }

    /// Returns the output of the helper, or `nil` if it reports that it has nothing for the
    /// registry.
    private func execute(
        _ action: String, _ input: [UInt8], for registry: RegistryHost
    ) async throws -> [UInt8]? {
        let result: Output
        do {
            result = try await run(program, [action], input)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw failure(registry, "\(error)")
        }
        guard result.status == 0 else {
            let said = UntrustedText(bytes: result.output.prefix(256))
            if said.raw.contains("credentials not found") { return nil }
            throw failure(registry, "exited with status \(result.status)")
        }
        return result.output
    }

    private func failure(_ registry: RegistryHost, _ reason: String) -> ContentError {
        ContentError(
            .unavailable, "credentials of \(registry): \(program): \(reason)",
            hint: "repair the helper, or remove it from credHelpers and credsStore")
    }
}

extension CredentialHelper {
    /// Returns a runner for the programs in `PATH`.
    ///
    /// They receive only the variables that helpers need to find keyrings, key files and clouds,
    /// because the environment may contain the passwords of other registries.
    static func runner(_ environment: [String: String]) -> Runner {
        let forwarded = environment.filter { isForwarded($0.key) }
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        return { program, arguments, input in
            guard let executable = Subprocess.locate(program, path: path) else {
                throw ContentError(.unavailable, "not found in PATH")
            }
            let output = try await Subprocess.run(
                executable: executable, arguments: arguments, environment: forwarded, input: input,
                limits: ChildLimits(time: timeLimit, outputByteCount: outputLimit))
            switch output.termination {
            case .exited(let status):
                return Output(status: Int(status), output: output.standardOutput)
            case .signalled(let signal):
                throw ContentError(.unavailable, "terminated by signal \(signal)")
            }
        }
    }

    private static func isForwarded(_ name: String) -> Bool {
        names.contains(name) || prefixes.contains { name.hasPrefix($0) }
    }

    private static let names: Set<String> = [
        "PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "DISPLAY", "WAYLAND_DISPLAY",
        "DBUS_SESSION_BUS_ADDRESS", "DOCKER_CONFIG", "GNUPGHOME", "GPG_TTY", "NO_PROXY", "no_proxy",
        "http_proxy", "HTTPS_PROXY", "https_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    ]

    /// The variables of desktop sessions, `pass`, and the helpers of ECR, Google's and Azure's
    /// registries.
    private static let prefixes = [
        "XDG_", "LC_", "PASSWORD_STORE_", "AWS_", "GOOGLE_", "CLOUDSDK_", "GCR_", "AZURE_",
    ]
}
