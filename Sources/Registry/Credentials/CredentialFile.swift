// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Files
public import OCI
internal import StrictJSON
public import TextSafety

/// The stored credentials that docker, podman and skopeo share: in a file, or in the
/// credential helper that the file names.
///
/// Source: docker's documentation of `config.json`.
public struct CredentialFile: Sendable {
    /// The path of the file.
    public let file: String
    private let run: CredentialHelper.Runner

    /// Creates a value for the given file, or for docker's.
    ///
    /// - Parameters:
    ///   - authFile: A file that is used instead of docker's.
    ///   - environment: The environment variables.
    ///   - run: Runs a credential helper, or `nil` for the programs in `PATH`.
    /// - Throws: `ContentError` if the location of docker's file is unknown.
    public init(
        authFile: String? = nil, environment: [String: String], run: CredentialHelper.Runner? = nil
    ) throws {
        let environment = environment.filter { !$0.value.isEmpty }
        guard
            let file = authFile ?? environment["REGISTRY_AUTH_FILE"]
                ?? AuthFile.dockerPath(environment)
        else {
            throw ContentError(
                .unavailable, "neither HOME nor DOCKER_CONFIG is set",
                hint: "set one of them, or pass a file with --auth-file")
        }
        self.file = file
        self.run = run ?? CredentialHelper.runner(environment)
    }

    /// Stores credentials, replacing earlier ones.
    ///
    /// - Parameters:
    ///   - user: The user name; `<token>` if the password is a refresh token.
    ///   - password: The password.
    ///   - registry: The registry.
    /// - Returns: A description of where they are stored.
    /// - Throws: `ContentError` or `FileError`. The file is unchanged then.
    public func store(
        user: String, password: Secret, for registry: RegistryHost
    ) async throws -> String {
        let bytes = try CredentialStore.readFile(file)
        var edit = try self.edit(bytes)
        let helper = try helper(for: registry, in: bytes)
        if let helper {
            try await helper.store(user: user, password: password, for: registry)
            // Docker records in this way that the helper has credentials.
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

    /// Removes the credentials of a registry from the file and the helper.
    ///
    /// - Returns: A Boolean value that indicates whether there were any.
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
                .unavailable, "\(file): invalid auth file: \(error)",
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

/// An edit of the credentials in an auth file that preserves everything else.
///
/// Members of other programs keep their order and values; the file is formatted as docker does it.
struct AuthFileEdit: Sendable {
    private var members: [JSONValue.Member]

    /// Creates an edit of a file's content, or of a new file.
    ///
    /// - Throws: ``JSONError`` if the content is not an auth file, so that nothing is lost.
    init(_ bytes: [UInt8]?) throws(JSONError) {
        guard let bytes, !bytes.isEmpty else {
            members = []
            return
        }
        // Parses it completely, to reject content that could not be read back.
        _ = try AuthFile(name: "", bytes: bytes)
        guard case .object(let members) = try JSONValue(parsing: bytes) else {
            throw JSONError(location: "", reason: "is not an object")
        }
        self.members = members
    }

    /// The content of the edited file.
    var bytes: [UInt8] { Array(JSONValue.object(members).text(indentedBy: "\t").utf8) }

    /// Replaces all credentials of a registry.
    mutating func set(_ login: JSONValue, of registry: RegistryHost) {
        var logins = self.logins
        let index = logins.firstIndex { Self.isLogin($0, of: registry) } ?? logins.count
        logins.removeAll { Self.isLogin($0, of: registry) }
        logins.insert(
            JSONValue.Member(AuthFile.key(of: registry), login), at: min(index, logins.count))
        self.logins = logins
    }

    /// Removes the credentials of a registry.
    ///
    /// Those with a path are kept.
    ///
    /// - Returns: A Boolean value that indicates whether there were any.
    mutating func remove(_ registry: RegistryHost) -> Bool {
        let left = logins.filter { !Self.isLogin($0, of: registry) }
        guard left.count < logins.count else { return false }
        logins = left
        return true
    }

    private var logins: [JSONValue.Member] {
        get {
            guard case .object(let logins)? = members.first(where: { $0.name == "auths" })?.value
            else { return [] }
            return logins
        }
        set {
            let auths = JSONValue.Member("auths", .object(newValue))
            if let index = members.firstIndex(where: { $0.name == "auths" }) {
                members[index] = auths
            } else {
                members.insert(auths, at: 0)
            }
        }
    }

    private static func isLogin(_ member: JSONValue.Member, of registry: RegistryHost) -> Bool {
        guard let key = AuthFile.parse(key: member.name) else { return false }
        return key.registry == registry && key.path.isEmpty
    }
}
