// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import StrictJSON
internal import TextSafety

/// The credentials that docker and podman store: `config.json`, `auth.json`.
///
/// Source: docker's documentation of `config.json`; containers-auth.json(5).
struct AuthFile: Sendable {
    /// The credentials of a key in `auths`.
    struct Entry: Sendable {
        /// The registry of the key.
        let registry: RegistryHost
        /// The path prefix of the repositories; empty for all.
        let path: String
        /// The credential, or the error if the entry is malformed.
        ///
        /// A malformed entry must not prevent the use of other registries.
        let credential: Result<Credential, JSONError>
    }

    /// The path of the file.
    let name: String
    /// The credential helpers by registry.
    let helpers: [RegistryHost: String]
    /// The default credential helper.
    let defaultHelper: String?
    /// The entries in the order of the file, with those of registries' own keys first.
    let entries: [Entry]

    /// The maximum size of the file, in bytes.
    static let maximumSize = 1 << 20

    /// Parses the content of a file.
    ///
    /// - Throws: ``JSONError`` if it is malformed. The error quotes nothing of the content.
    init(name: String, bytes: [UInt8]) throws(JSONError) {
        let file = try JSONObject(
            try JSONValue(parsing: bytes), known: ["auths", "credHelpers", "credsStore"])
        self.name = name
        self.defaultHelper = try file.string("credsStore").flatMap { $0.isEmpty ? nil : $0 }
        var helpers: [RegistryHost: String] = [:]
        for (key, helper) in try file.stringMap("credHelpers") {
            guard let (registry, path) = Self.parse(key: key), path.isEmpty else { continue }
            helpers[registry] = helper
        }
        self.helpers = helpers
        var entries: [Entry] = []
        if let auths = file["auths"] {
            guard case .object(let members) = auths else {
                throw file.failure("auths", "is \(auths.kind), not an object")
            }
            for member in members {
                guard let (registry, path) = Self.parse(key: member.name),
                    let credential = Self.credential(member.value)
                else { continue }
                let entry = Entry(registry: registry, path: path, credential: credential)
                let isPreferred = member.name == RegistryProfile.of(registry).authFileKey
                entries.insert(entry, at: isPreferred ? 0 : entries.count)
            }
        }
        self.entries = entries
    }

    /// Returns the key for the credentials of a registry, which is also sent to helpers.
    static func key(of registry: RegistryHost) -> String {
        RegistryProfile.of(registry).authFileKey ?? registry.name
    }

    /// Returns the path of docker's file, or `nil` if the home directory is unknown.
    static func dockerPath(_ environment: [String: String]) -> String? {
        let home = environment["HOME"]
        let directory = environment["DOCKER_CONFIG"] ?? home.map { "\($0)/.docker" }
        return directory.map { "\($0)/config.json" }
    }

    /// Returns the entry with the longest key that matches the repository.
    func entry(for repository: Repository) -> Entry? {
        entries.reduce(nil) { best, entry in
            guard entry.registry == repository.registry,
                entry.path.isEmpty || entry.path == repository.path
                    || repository.path.hasPrefix(entry.path + "/"),
                best.map({ $0.path.count < entry.path.count }) ?? true
            else { return best }
            return entry
        }
    }

    /// Parses a key: docker's are hosts or URLs, of which only the host is used; podman's may end
    /// in a path.
    static func parse(key: String) -> (registry: RegistryHost, path: String)? {
        var rest = Substring(key)
        var isURL = false
        for scheme in ["https://", "http://"] where key.hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            isURL = true
        }
        let host = rest.prefix { $0 != "/" }
        guard let registry = try? RegistryHost(parsing: String(host)) else { return nil }
        var path = rest[host.endIndex...].drop { $0 == "/" }
        while path.hasSuffix("/") { path.removeLast() }
        let isVersion = path == "v1" || path == "v2"
        return (registry, isURL || isVersion ? "" : String(path))
    }

    private static func credential(_ value: JSONValue) -> Result<Credential, JSONError>? {
        do throws(JSONError) {
            return try parsedCredential(value).map { .success($0) }
        } catch {
            return .failure(error)
        }
    }

    private static func parsedCredential(_ value: JSONValue) throws(JSONError) -> Credential? {
        let entry = try JSONObject(
            value,
            known: ["auth", "identitytoken", "username", "password", "registrytoken"])
        if let token = try entry.string("identitytoken"), !token.isEmpty {
            return .identityToken(Secret(token))
        }
        if let pair = try entry.string("auth"), !pair.isEmpty {
            guard let credential = Credential(encodedPair: pair) else {
                throw entry.failure("auth", "is not user:password in base64")
            }
            return credential
        }
        guard let user = try entry.string("username"), let password = try entry.string("password"),
            !user.isEmpty || !password.isEmpty
        else { return nil }
        return Credential(user: user, password: Secret(password))
    }
}
