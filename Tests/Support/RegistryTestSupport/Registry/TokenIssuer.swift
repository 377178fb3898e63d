// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import StrictJSON
internal import AsyncPrimitives

/// Issues tokens for a service and records the permissions of each.
///
/// Source: the distribution project's token authentication specification.
public final class TokenIssuer: Sendable {
    /// The lifetime of a token.
    public enum Lifetime: Sendable {
        /// A number of seconds, stated in `expires_in`.
        case seconds(Int)
        /// A number of requests, although the response states five minutes: tokens expire early.
        case uses(Int)
        /// A number of seconds, stated only in the token itself, a JWT.
        case written(seconds: Int)
    }

    /// The component that rejects a client without permission.
    public enum Rejection: Sendable {
        /// The token server rejects wrong passwords, the registry missing permissions.
        case atTheRegistry
        /// The token server rejects both, with 403.
        case atTheTokenServer
    }

    private struct Grant {
        let scopes: [TokenScope]
        var usesLeft: Int?
        let expiry: ContinuousClock.Instant?
    }

    /// Returns the permitted actions in a repository; the user is `nil` for an anonymous client.
    public typealias Policy = @Sendable (_ user: String?, _ asked: TokenScope) -> Set<String>

    /// The service for which tokens are issued.
    public let service: String
    /// The action that listing tags requires.
    let listingTags: String
    private let users: [String: String]
    private let entraTokens: [String: String]
    private let rejection: Rejection
    private let refreshTokens = Mutex<[String: String]>([:])
    private let lifetime: Lifetime
    private let policy: Policy
    private let grants = Mutex<[String: Grant]>([:])
    private let issuedCount = Mutex(0)

    /// Creates an issuer.
    ///
    /// - Parameters:
    ///   - service: The name of the service that clients must send.
    ///   - users: The passwords by user.
    ///   - entraTokens: The users by Entra token.
    ///   - lifetime: The lifetime of a token.
    ///   - rejection: The component that rejects a client without permission.
    ///   - listingTags: The action that listing tags requires.
    ///   - policy: The permissions. By default users can do everything and anonymous clients can
    ///     pull.
    public init(
        service: String = "loopback", users: [String: String] = [:],
        entraTokens: [String: String] = [:], lifetime: Lifetime = .seconds(300),
        rejection: Rejection = .atTheRegistry, listingTagsTakes listingTags: String = "pull",
        policy: @escaping Policy = TokenIssuer.publicPulls
    ) {
        self.service = service
        self.users = users
        self.entraTokens = entraTokens
        self.lifetime = lifetime
        self.rejection = rejection
        self.listingTags = listingTags
        self.policy = policy
    }

    /// Users can do everything that they request, and anonymous clients can pull.
    public static let publicPulls: Policy = { user, asked in
        user == nil ? asked.actions.intersection(["pull"]) : asked.actions
    }

    /// Users can do everything that they request, and anonymous clients nothing.
    public static let usersOnly: Policy = { user, asked in user == nil ? [] : asked.actions }

    /// The number of tokens that were issued.
    public var issued: Int { issuedCount.withLock { $0 } }

    /// Revokes all tokens.
    public func revokeAll() {
        grants.withLock { $0 = [:] }
    }

    /// Returns the response to a token request.
    func answer(_ request: RecordedRequest, form: [UInt8]) -> ScriptedResponse {
        let fields = FormFields(
            request.method == .post ? String(decoding: form, as: UTF8.self) : request.query)
        guard fields["service"] == [service] else {
            return ScriptedResponse(.unsupported, "the service is not \(service)", status: 400)
        }
        let user: String?
        switch credentials(request, fields) {
        case .anonymous: user = nil
        case .known(let name): user = name
        case .wrong:
            return rejection == .atTheTokenServer
                ? ScriptedResponse(.denied, "denied")
                : ScriptedResponse(.unauthorized, "wrong user or password")
        }
        let asked = fields["scope"].flatMap { $0.split(separator: " ") }
            .compactMap { TokenScope($0) }
        let granted = asked.map { TokenScope($0.repository, policy(user, $0)) }
        if rejection == .atTheTokenServer, granted.contains(where: \.actions.isEmpty) {
            return ScriptedResponse(.denied, "requested access to the resource is denied")
        }
        let token = issue(granted)
        var members: [JSONValue.Member] = [.init("access_token", .string(token))]
        if let promisedSeconds {
            members.append(.init("token", .string(token)))
            members.append(.init("expires_in", .integer(promisedSeconds)))
        }
        return ScriptedResponse(200, json: .object(members))
    }

    // MARK: Refresh tokens

    /// Returns a new refresh token of a user.
    public func issueRefreshToken(for user: String) -> String {
        let token = "refresh-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        refreshTokens.withLock { $0[token] = user }
        return token
    }

    /// Returns the response to a request that exchanges an Entra token for a refresh token.
    ///
    /// Source: Azure Container Registry's `oauth2/exchange`.
    func exchange(form: [UInt8]) -> ScriptedResponse {
        let fields = FormFields(String(decoding: form, as: UTF8.self))
        guard fields["grant_type"] == ["access_token"], fields["service"] == [service] else {
            return ScriptedResponse(
                .unsupported, "unsupported token exchange", status: 400)
        }
        guard let user = fields["access_token"].first.flatMap({ entraTokens[$0] }) else {
            return ScriptedResponse(.unauthorized, "invalid Entra token")
        }
        return ScriptedResponse(
            200, json: .object([.init("refresh_token", .string(issueRefreshToken(for: user)))]))
    }

    private enum Credentials {
        case anonymous
        case known(String)
        case wrong
    }

    private func credentials(_ request: RecordedRequest, _ fields: FormFields) -> Credentials {
        if let header = request.headers["Authorization"] {
            let user = users.first { header == Authentication.basic($0.key, $0.value) }
            return user.map { .known($0.key) } ?? .wrong
        }
        if let user = fields["refresh_token"].first.flatMap({ token in
            refreshTokens.withLock { $0[token] }
        }) {
            return .known(user)
        }
        // OAuth 2: an identity token, here the user's password, or user and password in the form.
        if let secret = (fields["refresh_token"] + fields["password"]).first {
            let user = users.first {
                $0.value == secret
                    && [$0.key] == (fields["username"].first.map { [$0] } ?? [$0.key])
            }
            return user.map { .known($0.key) } ?? .wrong
        }
        return .anonymous
    }

    /// Returns the lifetime that a response states, or `nil` if it states none.
    private var promisedSeconds: Int? {
        switch lifetime {
        case .seconds(let seconds): seconds
        case .uses: 300
        case .written: nil
        }
    }

    /// Issues a token for scopes without verifying credentials.
    public func issue(_ scopes: [TokenScope]) -> String {
        let number = issuedCount.withLock { count in
            count += 1
            return count
        }
        var generator = SystemRandomNumberGenerator()
        var token = "token-\(number)-" + String(generator.next(), radix: 36)
        let grant: Grant
        switch lifetime {
        case .seconds(let seconds):
            grant = Grant(
                scopes: scopes, usesLeft: nil, expiry: .now.advanced(by: .seconds(seconds)))
        case .uses(let uses): grant = Grant(scopes: scopes, usesLeft: uses, expiry: nil)
        case .written(let seconds):
            token = Self.jwt(named: token, expiringIn: seconds)
            grant = Grant(
                scopes: scopes, usesLeft: nil, expiry: .now.advanced(by: .seconds(seconds)))
        }
        grants.withLock { $0[token] = grant }
        return token
    }

    /// Revokes all tokens.
    func revokeTokens() { grants.withLock { $0 = [:] } }

    /// Returns a token that states its expiry; its signature is not verified.
    ///
    /// Source: RFC 7519 §4.1.4, §6.1.
    private static func jwt(named id: String, expiringIn seconds: Int) -> String {
        let claims = "{\"jti\":\"\(id)\",\"exp\":\(time(nil) + seconds)}"
        return [#"{"alg":"none"}"#, claims, "signature"]
            .map { Base64.encode(Array($0.utf8)) }
            .map { $0.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
            .joined(separator: ".")
    }

    /// Uses a token once; returns the error of the challenge, empty without a token, and
    /// `nil` if the token permits the scopes.
    func challengeError(for header: String?, scopes needed: [TokenScope]) -> String? {
        guard let header, header.hasPrefix("Bearer ") else { return "" }
        return grants.withLock { grants in
            let token = String(header.dropFirst(7))
            guard var grant = grants[token], grant.usesLeft != 0,
                grant.expiry.map({ ContinuousClock.now < $0 }) ?? true
            else { return "invalid_token" }
            grant.usesLeft = grant.usesLeft.map { $0 - 1 }
            grants[token] = grant
            let allowed = needed.allSatisfy { scope in
                grant.scopes.contains {
                    $0.repository == scope.repository && $0.actions.isSuperset(of: scope.actions)
                }
            }
            return allowed ? nil : "insufficient_scope"
        }
    }
}

/// The permissions of a token in one repository: `repository:library/app:pull,push`.
///
/// Source: the distribution project's token specification § Resource Scope Grammar.
public struct TokenScope: Hashable, Sendable, CustomStringConvertible {
    /// The repository's path.
    public let repository: String
    /// The actions, such as `pull`, `push` and `delete`.
    public let actions: Set<String>

    /// Creates a scope.
    public init(_ repository: String, _ actions: Set<String>) {
        self.repository = repository
        self.actions = actions
    }

    /// Parses a scope; returns `nil` for another resource type and for invalid syntax.
    init?(_ text: Substring) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "repository",
            let colon = parts[1].lastIndex(of: ":")
        else { return nil }
        repository = String(parts[1][..<colon])
        actions = Set(
            parts[1][parts[1].index(after: colon)...].split(separator: ",").map(String.init))
    }

    /// Returns the scopes that a request requires; none for a ping.
    static func needed(by request: RecordedRequest, listingTags listing: String) -> [TokenScope] {
        guard let repository = request.repository else { return [] }
        switch request.method {
        case _ where request.kind == .tagListing:
            return [TokenScope(repository, [listing])]
        case .get, .head:
            return [TokenScope(repository, ["pull"])]
        case .delete where request.kind != .uploadCancel:
            return [TokenScope(repository, ["delete"])]
        default:
            return [TokenScope(repository, ["pull", "push"])]
        }
    }

    /// The scope as text, with sorted actions.
    public var description: String {
        "repository:\(repository):\(actions.sorted().joined(separator: ","))"
    }
}
