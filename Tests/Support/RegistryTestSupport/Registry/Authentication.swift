// SPDX-License-Identifier: Apache-2.0

/// The authentication that a registry requires.
public enum Authentication: Sendable {
    /// No authentication.
    case none
    /// A user and a password with every request.
    case basic(user: String, password: String)
    /// A token of the issuer.
    ///
    /// The default realm is the registry's own `/token`.
    case bearer(TokenIssuer, realm: String? = nil)
}

extension Authentication {
    /// Returns the same authentication with another realm, if there is one.
    func seen(at realm: String?) -> Authentication {
        guard let realm, case .bearer(let issuer, nil) = self else { return self }
        return .bearer(issuer, realm: realm)
    }

    /// Returns the response to a request without authorization, or `nil` if it is authorized.
    func earlyResponse(to request: RecordedRequest, host: String) -> ScriptedResponse? {
        switch self {
        case .none: return nil
        case .basic(let user, let password):
            guard request.headers["Authorization"] != Self.basic(user, password) else {
                return nil
            }
            return ScriptedResponse(
                .unauthorized, headers: ["WWW-Authenticate": "Basic realm=\"registry\""])
        case .bearer(let issuer, let realm):
            let scopes = TokenScope.needed(by: request, listingTags: issuer.listingTags)
            guard
                let error = issuer.challengeError(
                    for: request.headers["Authorization"], scopes: scopes)
            else { return nil }
            var challenge =
                "Bearer realm=\"\(realm ?? "\(host)/token")\",service=\"\(issuer.service)\""
            if let scope = scopes.first { challenge += ",scope=\"\(scope)\"" }
            if !error.isEmpty { challenge += ",error=\"\(error)\"" }
            return ScriptedResponse(.unauthorized, headers: ["WWW-Authenticate": challenge])
        }
    }

    /// Returns the value of `Authorization` for a user and a password.
    ///
    /// Source: RFC 7617 §2.
    public static func basic(_ user: String, _ password: String) -> String {
        "Basic " + Base64.encode(Array("\(user):\(password)".utf8))
    }
}

/// Returns the Base64 encoding of RFC 4648 §4.
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
