// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Files
public import OCI
internal import StrictJSON
internal import TextSafety

/// Where credentials are looked for, source after source; the first that has some is used.
///
/// 1. given ones, from `mirror.yaml`;
/// 2. the auth file that a flag or `REGISTRY_AUTH_FILE` names;
/// 3. docker's `config.json`, in `$DOCKER_CONFIG` or `~/.docker`;
/// 4. podman's `auth.json`, in `$XDG_RUNTIME_DIR/containers` and `$XDG_CONFIG_HOME/containers`;
/// 5. `GITHUB_TOKEN` for ghcr.io, and for Azure's registries whom Microsoft Entra knows.
///
/// Files and helpers are read when first needed, and again only when what they gave is refused. A file that is malformed or a helper that
/// fails is an error, never a reason to go on to the next source.
public actor CredentialStore {
    /// Reads a file; nil where there is none.
    public typealias FileReader = @Sendable (_ path: String) throws -> [UInt8]?

    private let given: [RegistryHost: Credential]
    private let authFile: String?
    private let environment: [String: String]
    private let read: FileReader
    private let run: CredentialHelper.Runner
    private var files: [String: AuthFile?] = [:]
    private let helperFlights = SingleFlight<HelperQuestion, Credential>()
    private var helperAnswers: [HelperQuestion: Credential] = [:]

    /// When the sources were last invalidated because of a rejected credential.
    private var invalidatedAt: [Credential: Duration] = [:]
    /// Counts invalidations, so that no answer of an earlier helper run is taken for a new one.
    private var generation = 0

    private struct HelperQuestion: Hashable, Sendable {
        let program: String
        let registry: RegistryHost
        let generation: Int
    }

    /// The time within which a rejected credential invalidates the sources only once.
    static let renewalInterval = Duration.seconds(60)

    /// Makes a store.
    ///
    /// - Parameters:
    ///   - given: credentials that go before all others, by registry.
    ///   - authFile: a file that goes before docker's and podman's; it has to exist.
    ///   - environment: the environment variables.
    ///   - read: reads a file of at most 1 MiB.
    ///   - run: runs a credential helper within ``CredentialHelper``'s limits; nil for the programs
    ///     of `PATH`.
    public init(
        given: [RegistryHost: Credential] = [:], authFile: String? = nil,
        environment: [String: String], read: @escaping FileReader = CredentialStore.readFile,
        run: CredentialHelper.Runner? = nil
    ) {
        self.given = given.filter { $0.value != .none }
        self.authFile = authFile
        self.environment = environment.filter { !$0.value.isEmpty }
        self.read = read
        self.run = run ?? CredentialHelper.runner(environment)
    }

    /// Returns the credential for a repository, and where it was found.
    ///
    /// - Throws: `ContentError` that names the file or the helper, and quotes neither.
    public func credential(for repository: Repository) async throws -> FoundCredential {
        if let credential = given[repository.registry] {
            return FoundCredential(credential, source: "mirror.yaml")
        }
        for file in try authFiles() {
            if let found = try await credential(for: repository, in: file) { return found }
        }
        if let found = tokenFromEnvironment(for: repository.registry) { return found }
        if let identity = try EntraIdentity(environment: environment, at: repository.registry) {
            return FoundCredential(.entra(identity), source: identity.source)
        }
        return .nothing
    }

    /// Returns the credential that has replaced a rejected one, or `nil` if there is none.
    ///
    /// In a long run a password may expire after a new one has been stored. Files and helpers are
    /// read again at most once a minute for the same credential. Every caller looks the credential up
    /// after that invalidation and waits for a helper that is running, so all of them get the same
    /// answer. A helper that fails, or a caller that is cancelled, leaves no answer behind: the next
    /// caller asks again.
    ///
    /// - Throws: `ContentError` that names the file or the helper, and quotes neither.
    func credential(
        for repository: Repository, replacing rejected: Credential, at now: Duration
    ) async throws -> FoundCredential? {
        var found = try await credential(for: repository)
        if found.credential == rejected {
            invalidateSources(because: rejected, at: now)
            found = try await credential(for: repository)
        }
        return [rejected, .none].contains(found.credential) ? nil : found
    }

    private func invalidateSources(because rejected: Credential, at now: Duration) {
        if let last = invalidatedAt[rejected], now - last < Self.renewalInterval { return }
        invalidatedAt[rejected] = now
        generation += 1
        files = [:]
        helperAnswers = [:]
    }

    private func credential(
        for repository: Repository, in file: AuthFile
    ) async throws -> FoundCredential? {
        if let name = file.helpers[repository.registry] ?? file.defaultHelper {
            let helper = try CredentialHelper(name: name, file: file.name, run: run)
            let credential = try await answer(of: helper, for: repository.registry)
            if credential != .none {
                return FoundCredential(credential, source: "\(helper.program) (\(file.name))")
            }
        }
        return file.entry(for: repository).map { FoundCredential($0.credential, source: file.name) }
    }

    private func answer(
        of helper: CredentialHelper, for registry: RegistryHost
    ) async throws -> Credential {
        let question = HelperQuestion(
            program: helper.program, registry: registry, generation: generation)
        if let known = helperAnswers[question] { return known }
        // Kept before the flight ends, so that nobody comes between and starts the helper again.
        return try await helperFlights.value(for: question) {
            let credential = try await helper.credential(for: registry)
            await self.keep(credential, for: question)
            return credential
        }
    }

    private func keep(_ credential: Credential, for question: HelperQuestion) {
        guard question.generation == generation else { return }
        helperAnswers[question] = credential
    }

    private func tokenFromEnvironment(for registry: RegistryHost) -> FoundCredential? {
        guard registry.name == "ghcr.io", let token = environment["GITHUB_TOKEN"] else {
            return nil
        }
        // GHCR ignores the user's name but wants one.
        let user = environment["GITHUB_ACTOR"] ?? "github"
        return FoundCredential(.basic(user: user, password: Secret(token)), source: "GITHUB_TOKEN")
    }

    // MARK: Files

    /// Reads a file of the disk.
    public static let readFile: FileReader = { path in
        do {
            return try BoundedFile.read(path, limit: AuthFile.maximumSize)
        } catch let error as FileError {
            if error.isMissing { return nil }
            throw ContentError(.unavailable, error.description, hint: "make the file readable")
        }
    }

    private func authFiles() throws -> [AuthFile] {
        var found: [AuthFile] = []
        if let path = authFile ?? environment["REGISTRY_AUTH_FILE"] {
            guard let file = try self.file(path) else {
                throw ContentError(
                    .unavailable, "\(path): there is no such auth file",
                    hint: "correct --auth-file or REGISTRY_AUTH_FILE, or log in first")
            }
            found.append(file)
        }
        return try found + defaultPaths.compactMap { try file($0) }
    }

    private var defaultPaths: [String] {
        let home = environment["HOME"]
        let config = environment["XDG_CONFIG_HOME"] ?? home.map { "\($0)/.config" }
        return [
            AuthFile.dockerPath(environment),
            environment["XDG_RUNTIME_DIR"].map { "\($0)/containers/auth.json" },
            config.map { "\($0)/containers/auth.json" },
        ].compactMap { $0 }
    }

    private func file(_ path: String) throws -> AuthFile? {
        if let known = files[path] { return known }
        guard let bytes = try read(path) else {
            files.updateValue(nil, forKey: path)
            return nil
        }
        do {
            let file = try AuthFile(name: path, bytes: bytes)
            files.updateValue(file, forKey: path)
            return file
        } catch {
            throw ContentError(
                .unavailable, "\(path): is no auth file: \(error)",
                hint: "log in again, or remove the file")
        }
    }
}
