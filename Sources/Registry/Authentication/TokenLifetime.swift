// SPDX-License-Identifier: Apache-2.0

internal import StrictJSON

/// How long a token is good for.
///
/// Only lengths of time that the server states are used, never its dates against the clock here:
/// clocks differ. What is stated wrongly costs a refusal with 401, which says the truth.
enum TokenLifetime {
    /// What a life is taken for that nobody states, and the shortest that is believed.
    ///
    /// Source: distribution's token specification § Token response fields.
    static let shortest = 60
    /// The longest that is believed: a day.
    static let longest = 86_400

    /// Returns for how long a token is used: seven tenths of its life.
    ///
    /// - Parameters:
    ///   - stated: the seconds of `expires_in`.
    ///   - token: the token, which may be a JWT and then tells it itself.
    /// - Returns: the time from when it was asked for.
    static func usable(stated: JSONValue?, token: String) -> Duration {
        let seconds: Int? =
            switch stated {
            case .integer(let seconds)?: seconds
            case nil, .null?: lifetime(ofJWT: token)
            default: nil
            }
        return .milliseconds(max(shortest, min(seconds ?? shortest, longest)) * 700)
    }

    /// Returns the seconds between `iat` and `exp`; nil where the text is no JWT that has both.
    ///
    /// The signature does not matter: the token is its server's own, and only it is asked with it.
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
