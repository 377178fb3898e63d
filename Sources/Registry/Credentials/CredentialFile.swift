// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Files
public import OCI
internal import StrictJSON
public import TextSafety

/// The logins that are kept for later runs, and for docker, podman and skopeo: in a file, or with the
/// credential helper that the file names.
///
/// Source: docker's documentation of `config.json`.
public struct CredentialFile: Sendable {
    /// The file's path.
    public let file: String
    private let run: CredentialHelper.Runner

    /// Finds the file: the one that is named, else docker's.
    ///
    /// - Parameters:
    ///   - authFile: a file that goes before docker's.
    ///   - environment: the environment variables.
    ///   - run: runs a credential helper; nil for the programs of `PATH`.
    /// - Throws: `ContentError` where nothing says where docker's file is.
    public init(
        authFile: String? = nil, environment: [String: String], run: CredentialHelper.Runner? = nil
    ) throws {
        let environment = environment.filter { !$0.value.isEmpty }
        guard
            let file = authFile ?? environment["REGISTRY_AUTH_FILE"]
                ?? AuthFile.dockerPath(environment)
        else {
            throw ContentError(
                .unavailable, "neither HOME nor DOCKER_CONFIG says where logins are kept",
                hint: "set one of them, or name a file with --auth-file")
        }
        self.file = file
        self.run = run ?? CredentialHelper.runner(environment)
    }

    /// Keeps a login in place of an earlier one.
    ///
    /// - Parameters:
    ///   - user: the user's name; `<token>` where the password is a refresh token.
    ///   - password: the password.
    ///   - registry: whom it is for.
    /// - Returns: where it is kept now, in words.
    /// - Throws: `ContentError` or `FileError`; the file is then as it was.
    public func store(
        user: String, password: Secret, for registry: RegistryHost
    ) async throws -> String {
        let bytes = try CredentialStore.readFile(file)
        var edit = try self.edit(bytes)
        let helper = try helper(for: registry, in: bytes)
        if let helper {
            try await helper.store(user: user, password: password, for: registry)
            // Docker's way to remember that there is one.
            edit.set([:], of: registry)
        } else if user == "<token>" {
            edit.set(["identitytoken": .string(password.reveal())], of: registry)
        } else {
            let pair = Base64.encode(Array("\(user):\(password.reveal())".utf8))
            edit.set(["auth": .string(pair)], of: registry)
        }
        try write(edit)
        return helper.map { "\($0.program) (\(file))" } ?? file
    }

    /// Forgets the login of a registry, in the file and with the helper.
    ///
    /// - Returns: whether there was one.
    /// - Throws: `ContentError` or `FileError`.
    public func erase(_ registry: RegistryHost) async throws -> Bool {
        guard let bytes = try CredentialStore.readFile(file) else { return false }
        var edit = try self.edit(bytes)
        let helper = try helper(for: registry, in: bytes)
        let wasKept = try await helper?.erase(registry) ?? false
        guard edit.remove(registry) else { return wasKept }
        try write(edit)
        return true
    }

    private func edit(_ bytes: [UInt8]?) throws -> AuthFileEdit {
        do {
            return try AuthFileEdit(bytes)
        } catch {
            throw ContentError(
                .unavailable, "\(file): is no auth file: \(error)",
                hint: "repair the file, or remove it and log in again")
        }
    }

    private func helper(
        for registry: RegistryHost, in bytes: [UInt8]?
    ) throws -> CredentialHelper? {
        guard let bytes, !bytes.isEmpty else { return nil }
        let known = try AuthFile(name: file, bytes: bytes)
        return try (known.helpers[registry] ?? known.defaultHelper).map {
            try CredentialHelper(name: $0, file: file, run: run)
        }
    }

    private func write(_ edit: AuthFileEdit) throws {
        try Directory.create(Path.directory(of: file), permissions: .ownerOnly)
        try AtomicFile.replace(file, with: edit.bytes, permissions: .ownerOnly, ifChanged: false)
    }
}
