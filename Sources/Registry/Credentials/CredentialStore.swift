// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import Content
internal import Files
public import OCI
internal import StrictJSON
internal import TextSafety

/// The sources of credentials, in order; the first one that has any is used.
///
/// 1. given credentials, from `mirror.yaml`;
/// 2. the auth file that a flag or `REGISTRY_AUTH_FILE` names;
/// 3. docker's `config.json`, in `$DOCKER_CONFIG` or `~/.docker`;
/// 4. podman's `auth.json`, in `$XDG_RUNTIME_DIR/containers` and `$XDG_CONFIG_HOME/containers`;
/// 5. `GITHUB_TOKEN` for ghcr.io, and a Microsoft Entra identity for Azure's registries.
///
/// Files and helpers are read when they are first needed, and again only after their credentials
/// are rejected. A file that is malformed, a malformed entry for the registry, or a helper that
/// fails is an error, never a reason to use the next source.
public actor CredentialStore {
    /// Reads a file; returns `nil` if it does not exist.
    public typealias FileReader = @Sendable (_ path: String) throws -> [UInt8]?

    private let given: [RegistryHost: Credential]
    private let authFile: String?
    private let environment: [String: String]
    private let read: FileReader
    private let run: CredentialHelper.Runner
    private var files: [String: AuthFile?] = [:]
    private let helperFlights = SingleFlight<HelperQuery, Credential?>()
    private var helperCredentials: [HelperQuery: Credential?] = [:]

    /// The times at which rejected credentials last invalidated the sources.
    private var invalidatedAt: [Credential: Duration] = [:]
    /// The number of invalidations, so that the result of an earlier helper run is not used after
    /// one.
    private var generation = 0

    private struct HelperQuery: Hashable, Sendable {
        let program: String
        let registry: RegistryHost
        let generation: Int
    }

    /// The time within which a rejected credential invalidates the sources only once.
    static let renewalInterval = Duration.seconds(60)

    /// Creates a store.
    ///
    /// - Parameters:
    ///   - given: Credentials that precede all others, by registry.
    ///   - authFile: A file that precedes docker's and podman's, and has to exist.
    ///   - environment: The environment variables.
    ///   - read: Reads a file of at most 1 MiB.
    ///   - run: Runs a credential helper within the limits of ``CredentialHelper``, or `nil` for
    ///     the programs in `PATH`.
    public init(
        given: [RegistryHost: Credential] = [:], authFile: String? = nil,
        environment: [String: String], read: @escaping FileReader = CredentialStore.readFile,
        run: CredentialHelper.Runner? = nil
    ) {
        self.given = given
        self.authFile = authFile
        self.environment = environment.filter { !$0.value.isEmpty }
        self.read = read
        self.run = run ?? CredentialHelper.runner(environment)
    }

    /// Returns the credential for a repository, and its source; `nil` if no source has any.
    ///
    /// - Throws: `ContentError` that names the file or the helper, and quotes neither.
    public func credential(for repository: Repository) async throws -> FoundCredential? {
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
        return nil
    }

    /// Returns the credential that has replaced a rejected one, or `nil` if there is none.
    ///
    /// In a long run a password may expire after a new one has been stored. Files and helpers are
    /// read again at most once a minute for the same credential. Every caller looks the credential
    /// up after that invalidation and waits for a helper that is running, so all of them get the
    /// same credential. A failed helper and a canceled caller leave no result in the cache: the
    /// next caller runs the helper again.
    ///
    /// - Throws: `ContentError` that names the file or the helper, and quotes neither.
    func credential(
        for repository: Repository, replacing rejected: Credential, at now: Duration
    ) async throws -> FoundCredential? {
        var found = try await credential(for: repository)
        if found?.credential == rejected {
            invalidateSources(because: rejected, at: now)
            found = try await credential(for: repository)
        }
        return found?.credential == rejected ? nil : found
    }

    private func invalidateSources(because rejected: Credential, at now: Duration) {
        if let last = invalidatedAt[rejected], now - last < Self.renewalInterval { return }
        invalidatedAt[rejected] = now
        generation += 1
        files = [:]
        helperCredentials = [:]
    }

    private func credential(
        for repository: Repository, in file: AuthFile
    ) async throws -> FoundCredential? {
        if let name = file.helpers[repository.registry] ?? file.defaultHelper {
            let helper = try CredentialHelper(name: name, file: file.name, run: run)
            if let credential = try await credential(from: helper, for: repository.registry) {
                return FoundCredential(credential, source: "\(helper.program) (\(file.name))")
            }
        }
        guard let entry = file.entry(for: repository) else { return nil }
        do {
            return FoundCredential(try entry.credential.get(), source: file.name)
        } catch {
            throw ContentError(
                .unavailable, "\(file.name): invalid credentials of \(entry.registry): \(error)",
                hint: "log in again with 'ocimirror login \(entry.registry)'")
        }
    }

    private func credential(
        from helper: CredentialHelper, for registry: RegistryHost
    ) async throws -> Credential? {
        let query = HelperQuery(
            program: helper.program, registry: registry, generation: generation)
        if let known = helperCredentials[query] { return known }
        // Cached before the operation ends, so that no other task starts the helper again in
        // between.
        return try await helperFlights.value(for: query) {
            let credential = try await helper.credential(for: registry)
            await self.store(credential, for: query)
            return credential
        }
    }

    private func store(_ credential: Credential?, for query: HelperQuery) {
        guard query.generation == generation else { return }
        helperCredentials.updateValue(credential, forKey: query)
    }

    private func tokenFromEnvironment(for registry: RegistryHost) -> FoundCredential? {
        guard let variables = RegistryProfile.of(registry).tokenVariables,
            let token = environment[variables.token]
        else { return nil }
        // GHCR ignores the user name but requires one.
        let user = environment[variables.user] ?? "github"
        return FoundCredential(.basic(user: user, password: Secret(token)), source: variables.token)
    }

    // MARK: Files

    /// Reads a file.
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
                    .unavailable, "\(path): auth file not found",
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
                .unavailable, "\(path): invalid auth file: \(error)",
                hint: "log in again, or remove the file")
        }
    }
}
