// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import StrictJSON
internal import TextSafety

/// An edit of the credentials in an auth file that preserves everything else.
///
/// Members of other programs keep their order and values; the file is formatted
/// as docker does it.
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
            throw JSONError(place: "", reason: "is not an object")
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
