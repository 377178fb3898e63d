// SPDX-License-Identifier: Apache-2.0

/// What a registry asks of its clients.
public enum Authentication: Sendable {
    /// Nothing.
    case none
    /// A user and a password with every request.
    case basic(user: String, password: String)
    /// A token of the issuer. The realm is the registry's own `/token` where none is given.
    case bearer(TokenIssuer, realm: String? = nil)
}

extension Authentication {
    /// The same with the realm at a place, where there is one.
    func seen(at realm: String?) -> Authentication {
        guard let realm, case .bearer(let issuer, nil) = self else { return self }
        return .bearer(issuer, realm: realm)
    }

    /// Returns the answer to a request that lacks authorization; nil where it may pass.
    func refusal(of request: RecordedRequest, host: String) -> Reply? {
        switch self {
        case .none: return nil
        case .basic(let user, let password):
            guard request.headers["Authorization"] != Self.basic(user, password) else {
                return nil
            }
            return Reply(
                .unauthorized, headers: ["WWW-Authenticate": "Basic realm=\"registry\""])
        case .bearer(let issuer, let realm):
            let scopes = TokenScope.needed(by: request, listingTags: issuer.listingTags)
            guard let error = issuer.refusal(of: request.headers["Authorization"], for: scopes)
            else { return nil }
            var challenge =
                "Bearer realm=\"\(realm ?? "\(host)/token")\",service=\"\(issuer.service)\""
            if let scope = scopes.first { challenge += ",scope=\"\(scope)\"" }
            if !error.isEmpty { challenge += ",error=\"\(error)\"" }
            return Reply(.unauthorized, headers: ["WWW-Authenticate": challenge])
        }
    }

    /// The value of `Authorization` for a user and a password.
    ///
    /// Source: RFC 7617 §2.
    public static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    }
}

/// The Base64 encoding of RFC 4648 §4.
enum Base64 {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            var digits: [UInt8] = []
            for _ in 0..<4 {
                digits.insert(alphabet[word & 63], at: 0)
                word >>= 6
            }
            text += digits.prefix(group.count + 1)
            text += [UInt8](repeating: UInt8(ascii: "="), count: 3 - group.count)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
