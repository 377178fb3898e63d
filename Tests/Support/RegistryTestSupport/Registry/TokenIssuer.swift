// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import StrictJSON
internal import Synchronization

/// Issues tokens for a service and knows later what each of them allows.
///
/// Source: the distribution project's token authentication specification.
public final class TokenIssuer: Sendable {
    /// How long a token is good for.
    public enum Lifetime: Sendable {
        /// So many seconds; the answer says so in `expires_in`.
        case seconds(Int)
        /// So many requests, though the answer promises five minutes: tokens expire before their time.
        case uses(Int)
        /// So many seconds, which only the token itself says, a JWT.
        case written(seconds: Int)
    }

    /// Where somebody without rights is refused.
    public enum Refusal: Sendable {
        /// Wrong passwords at the token server, missing rights at the registry.
        case atTheRegistry
        /// Both at the token server, with 403.
        case atTheTokenServer
    }

    private struct Grant {
        let scopes: [TokenScope]
        var usesLeft: Int?
        let expiry: ContinuousClock.Instant?
    }

    /// Decides what somebody may do in a repository; the user is nil for someone unknown.
    public typealias Policy = @Sendable (_ user: String?, _ asked: TokenScope) -> Set<String>

    /// The service whose tokens these are.
    public let service: String
    /// The action that listing tags takes.
    let listingTags: String
    private let users: [String: String]
    private let entraTokens: [String: String]
    private let refusal: Refusal
    private let refreshTokens = Mutex<[String: String]>([:])
    private let lifetime: Lifetime
    private let policy: Policy
    private let grants = Mutex<[String: Grant]>([:])
    private let issuedCount = Mutex(0)

    /// Makes an issuer.
    ///
    /// - Parameters:
    ///   - service: the name that clients must repeat.
    ///   - users: passwords by user.
    ///   - entraTokens: the users that tokens of Entra stand for.
    ///   - lifetime: how long a token is good for.
    ///   - refusal: where somebody without rights is refused.
    ///   - listingTags: the action that listing tags takes.
    ///   - policy: who may do what. By default users may do all and others may pull.
    public init(
        service: String = "loopback", users: [String: String] = [:],
        entraTokens: [String: String] = [:], lifetime: Lifetime = .seconds(300),
        refusing refusal: Refusal = .atTheRegistry, listingTagsTakes listingTags: String = "pull",
        policy: @escaping Policy = TokenIssuer.publicPulls
    ) {
        self.service = service
        self.users = users
        self.entraTokens = entraTokens
        self.lifetime = lifetime
        self.refusal = refusal
        self.listingTags = listingTags
        self.policy = policy
    }

    /// Users may do all that they ask for, and anyone may pull.
    public static let publicPulls: Policy = { user, asked in
        user == nil ? asked.actions.intersection(["pull"]) : asked.actions
    }

    /// Users may do all that they ask for, and nobody else anything.
    public static let usersOnly: Policy = { user, asked in user == nil ? [] : asked.actions }

    /// How many tokens have been issued.
    public var issued: Int { issuedCount.withLock { $0 } }

    /// Makes every token that was issued so far invalid.
    public func revokeAll() {
        grants.withLock { $0 = [:] }
    }

    /// Answers a request for a token.
    func answer(_ request: RecordedRequest, form: [UInt8]) -> Reply {
        let fields = FormFields(
            request.method == .post ? String(decoding: form, as: UTF8.self) : request.query)
        guard fields["service"] == [service] else {
            return Reply(.unsupported, "the service is not \(service)", status: 400)
        }
        let user: String?
        switch credentials(request, fields) {
        case .anonymous: user = nil
        case .known(let name): user = name
        case .wrong:
            return refusal == .atTheTokenServer
                ? Reply(.denied, "denied") : Reply(.unauthorized, "wrong user or password")
        }
        let asked = fields["scope"].flatMap { $0.split(separator: " ") }
            .compactMap { TokenScope($0) }
        let granted = asked.map { TokenScope($0.repository, policy(user, $0)) }
        if refusal == .atTheTokenServer, granted.contains(where: \.actions.isEmpty) {
            return Reply(.denied, "requested access to the resource is denied")
        }
        let token = issue(granted)
        var members: [JSONValue.Member] = [.init("access_token", .string(token))]
        if let promisedSeconds {
            members.append(.init("token", .string(token)))
            members.append(.init("expires_in", .integer(promisedSeconds)))
        }
        return Reply(200, json: .object(members))
    }

    // MARK: Refresh tokens

    /// Makes a token that stands for a user until it is asked for something.
    public func issueRefreshToken(for user: String) -> String {
        let token = "refresh-" + String(UInt64.random(in: 0 ... .max), radix: 36)
        refreshTokens.withLock { $0[token] = user }
        return token
    }

    /// Answers a request that has a token of Entra for a refresh token.
    ///
    /// Source: Azure Container Registry's `oauth2/exchange`.
    func exchange(form: [UInt8]) -> Reply {
        let fields = FormFields(String(decoding: form, as: UTF8.self))
        guard fields["grant_type"] == ["access_token"], fields["service"] == [service] else {
            return Reply(.unsupported, "the form is no exchange of this registry", status: 400)
        }
        guard let user = fields["access_token"].first.flatMap({ entraTokens[$0] }) else {
            return Reply(.unauthorized, "the token of Entra is not valid here")
        }
        return Reply(
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

    /// What an answer says of a token's life; nil where it says nothing.
    private var promisedSeconds: Int? {
        switch lifetime {
        case .seconds(let seconds): seconds
        case .uses: 300
        case .written: nil
        }
    }

    /// Issues a token for scopes without asking for credentials.
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

    /// A token that says when it expires, and whose signature nobody checks.
    ///
    /// Source: RFC 7519 §4.1.4, §6.1.
    private static func jwt(named id: String, expiringIn seconds: Int) -> String {
        let claims = "{\"jti\":\"\(id)\",\"exp\":\(time(nil) + seconds)}"
        return [#"{"alg":"none"}"#, claims, "signature"]
            .map { Base64.encode(Array($0.utf8)) }
            .map { $0.replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "") }
            .joined(separator: ".")
    }

    /// Spends one use of a token; returns the challenge's error, empty where there was no token, and
    /// nil where the token allows the scopes.
    func refusal(of header: String?, for needed: [TokenScope]) -> String? {
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
