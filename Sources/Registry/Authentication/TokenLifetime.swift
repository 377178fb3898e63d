// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// The lifetime of a token.
///
/// Only durations that the server states are used, never its dates compared with the local clock,
/// because clocks differ. A wrong duration costs a 401.
enum TokenLifetime {
    /// The lifetime if none is stated, and the minimum.
    ///
    /// Source: distribution's token specification § Token response fields.
    static let shortest = 60
    /// The maximum lifetime: a day.
    static let longest = 86_400

    /// Returns the time for which a token is used: seven tenths of its lifetime.
    ///
    /// - Parameters:
    ///   - stated: The seconds in `expires_in`.
    ///   - token: The token, which may be a JWT that states its lifetime.
    /// - Returns: The time since the request.
    static func usable(stated: JSONValue?, token: String) -> Duration {
        let seconds: Int? =
            switch stated {
            case .integer(let seconds)?: seconds
            case nil, .null?: lifetime(ofJWT: token)
            default: nil
            }
        return .milliseconds(max(shortest, min(seconds ?? shortest, longest)) * 700)
    }

    /// Returns the seconds between `iat` and `exp`, or `nil` if the text is not a JWT with both.
    ///
    /// The signature is not verified, because the token is sent only to the server that issued it.
    ///
    /// Source: RFC 7519 §4.1; Azure's registries state no `expires_in`.
    static func lifetime(ofJWT text: String) -> Int? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decode(urlSafe: String(parts[1])),
            let claims = try? JSONValue(parsing: payload),
            case .integer(let from)? = claims["iat"], case .integer(let until)? = claims["exp"]
        else { return nil }
        let (life, overflow) = until.subtractingReportingOverflow(from)
        return overflow ? nil : life
    }
}
