// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety

/// The state machine that authorizes one request.
///
/// It receives the result of each step and returns the next one; it sends nothing itself. As long
/// as no challenge of the registry is known, the request is sent without credentials, because most
/// content is public. Each remedy is tried once per request, so that a registry that keeps
/// rejecting requests is given up soon.
struct AuthNegotiation: Sendable {
    /// An action that the negotiation requires.
    enum Step: Hashable, Sendable {
        /// Send the request with this value of `Authorization`.
        case send(Secret?)
        /// Send `GET /v2/`, whose response has a challenge even if others have none.
        case checkVersion
        /// Find the credential for the repository.
        case findCredential
        /// Read the sources of a rejected credential again.
        case renewCredential(FoundCredential)
        /// Obtain a token, from the cache unless it is the given one.
        case requestToken(TokenRequest, otherThan: Secret?)
        /// Report the last error: no remedy is left.
        case fail
    }

    /// The result of a step.
    enum StepResult: Hashable, Sendable {
        /// The registry responded 401 or 403, and requires this scheme if it has a usable challenge.
        case rejected(status: Int, AuthScheme?)
        /// The version check requires this scheme, or none.
        case versionChecked(AuthScheme?)
        /// The credential for the repository.
        case credential(RequestCredential)
        /// The credential that has replaced a rejected one, or `nil` if there is none.
        case renewedCredential(FoundCredential?)
        /// The token server issued this token.
        case token(Secret, isCached: Bool)
        /// The token server responded with 401 or 403, or another service rejected the identity.
        case tokenDenied(status: Int?)
    }

    /// A fact that later requests use.
    enum Fact: Hashable, Sendable {
        /// The registry rejected a token that covers several repositories.
        case sharedTokenRejected
        /// The token server issues no tokens for several repositories.
        case sharedTokensUnsupported
        /// Requests with this access need these scopes.
        case scopesRequired([Scope])
        /// The token server, or the registry itself, accepted the credential.
        case credentialAccepted(FoundCredential)
        /// The registry accepted a request with credentials.
        case requestAccepted
        /// A request without the rejected credential received a response.
        case anonymousResponse(insteadOf: RejectedCredential, isSuccess: Bool)
        /// The credential was rejected, and no source has a newer one.
        case credentialRejected(FoundCredential, RejectedCredential)
    }

    private enum Remedy: Sendable {
        /// A token for more actions, because the response named some.
        case widerScope
        /// A new token instead of a cached one.
        case newToken
        /// Credentials read again from files and helpers.
        case newCredential
        /// Anonymous access instead of the rejected credentials.
        case anonymousAccess
    }

    let operation: Operation
    /// A Boolean value that indicates whether the request may be sent without credentials.
    let allowsAnonymous: Bool
    private let usualScopes: [Scope]
    private let sharedScopes: [Scope]?

    private(set) var scheme: AuthScheme?
    private(set) var credential = RequestCredential.notRequired
    /// The value of `Authorization` to send next.
    private var authorization: Secret?
    /// A Boolean value that indicates whether a request had a token that was issued for
    /// credentials.
    private(set) var hadToken = false

    private var scopes: [Scope]
    private var usesSharedScopes: Bool
    private var isSharedTokenDenied = false
    private var isCached = false
    private var tried: Set<Remedy> = []
    /// The last response that rejected a credential or a token.
    private var rejection: (host: String, status: Int?, isByTokenServer: Bool)?
    private var facts: [Fact] = []

    /// Creates the negotiation of an operation.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - scheme: The scheme that the registry required of an earlier request.
    ///   - scopes: The scopes that the operation needs.
    ///   - sharedScopes: The scopes of a token that other repositories need, too.
    ///   - allowsAnonymous: A Boolean value that indicates whether the request may be sent without
    ///     credentials.
    init(
        of operation: Operation, scheme: AuthScheme? = nil, scopes: [Scope],
        sharedScopes: [Scope]? = nil, allowsAnonymous: Bool
    ) {
        self.operation = operation
        self.scheme = scheme
        self.usualScopes = scopes
        self.scopes = scopes
        self.sharedScopes = sharedScopes
        self.usesSharedScopes = sharedScopes != nil
        self.allowsAnonymous = allowsAnonymous
    }

    /// The first step.
    var firstStep: Step { scheme == nil ? .send(nil) : .findCredential }

    /// The credential of the last request.
    var sentCredential: RequestCredential {
        if case .found = credential, authorization == nil { .unavailable } else { credential }
    }

    /// A Boolean value that indicates whether this negotiation has omitted rejected credentials; not
    /// if those of an earlier request are omitted from the start.
    var hasFallenBack: Bool { tried.contains(.anonymousAccess) }

    /// Returns the facts that were learned since the last call.
    mutating func takeFacts() -> [Fact] {
        defer { facts = [] }
        return facts
    }

    /// Processes the result of a step and returns the next one.
    mutating func next(after result: StepResult) -> Step {
        switch result {
        case .rejected(let status, let required):
            return nextAfterRejection(status, required)
        case .versionChecked(let required):
            guard let required else { return .fail }
            scheme = required
            return .findCredential
        case .credential(let found):
            return authorize(as: found)
        case .renewedCredential(let renewed?):
            return authorize(as: .found(renewed))
        case .renewedCredential(nil):
            return nextWithoutCredential()
        case .token(let token, let isCached):
            recordToken()
            self.isCached = isCached
            authorization = token
            return .send(token)
        case .tokenDenied(let status):
            return nextAfterDeniedToken(status)
        }
    }

    /// Processes a response that requires no other authorization.
    ///
    /// - Parameter status: The status of the response; `nil` for an error response.
    /// - Returns: A Boolean value that indicates whether the response is a 404 because of a rejected
    ///   credential: the manifest may be missing to anonymous users only.
    @discardableResult
    mutating func finish(status: Int?) -> Bool {
        switch sentCredential {
        case .omitted(let rejected):
            let isHidden =
                status == 404 && [.manifestHead, .manifestGet].contains(operation.kind)
            facts.append(
                .anonymousResponse(insteadOf: rejected, isSuccess: status != nil && !isHidden))
            return isHidden
        case .found(let found) where status != nil:
            if scheme == .basic { facts.append(.credentialAccepted(found)) }
            facts.append(.requestAccepted)
            return false
        case .notRequired, .unavailable, .found: return false
        }
    }

    // MARK: Transitions

    private mutating func authorize(as credential: RequestCredential) -> Step {
        self.credential = credential
        // The token server may have denied the shared token because of the earlier credential.
        if isSharedTokenDenied {
            isSharedTokenDenied = false
            usesSharedScopes = true
        }
        return authorize()
    }

    /// Returns the step that sends the request with the credential, or that obtains its token.
    private mutating func authorize(otherThan rejected: Secret? = nil) -> Step {
        let credential = credential.credential
        guard case .bearer(let server, _)? = scheme else {
            authorization = credential?.basicAuthorization
            let isRepeated = authorization == nil && rejection != nil && !hasFallenBack
            return isRepeated ? .fail : .send(authorization)
        }
        let request = TokenRequest(
            server: server,
            scopes: usesSharedScopes ? sharedScopes ?? scopes : scopes, credential: credential)
        return .requestToken(request, otherThan: rejected)
    }

    private mutating func nextAfterRejection(
        _ status: Int, _ required: AuthScheme?
    ) -> Step {
        if let required { scheme = required }
        guard !hasFallenBack else { return .fail }
        rejection = (operation.registry.name, status, isByTokenServer: false)
        guard let scheme else { return .checkVersion }
        guard authorization != nil else {
            return credential == .notRequired ? .findCredential : authorize()
        }
        if scheme != .basic, usesSharedScopes {
            usesSharedScopes = false
            facts.append(.sharedTokenRejected)
            return authorize()
        }
        let wider = operation.access.scopes(and: (required?.scopes ?? []) + scopes)
        if scheme != .basic, wider != scopes, tried.insert(.widerScope).inserted {
            scopes = wider
            return authorize()
        }
        // GHCR responds 403 without a challenge where an anonymous request receives 401.
        if isCached, status == 401 || required == nil, tried.insert(.newToken).inserted {
            return authorize(otherThan: authorization)
        }
        if scheme == .basic, status == 401 { return nextAfterRejectedCredential() }
        return nextWithoutCredential()
    }

    private mutating func nextAfterDeniedToken(_ status: Int?) -> Step {
        if usesSharedScopes {
            usesSharedScopes = false
            isSharedTokenDenied = true
            return authorize()
        }
        guard !hasFallenBack else { return .fail }
        rejection = (scheme?.host ?? operation.registry.name, status, isByTokenServer: true)
        return nextAfterRejectedCredential()
    }

    private mutating func nextAfterRejectedCredential() -> Step {
        guard case .found(let found) = credential else { return .fail }
        return tried.insert(.newCredential).inserted
            ? .renewCredential(found) : nextWithoutCredential()
    }

    /// Returns the step that omits the rejected credentials.
    ///
    /// An expired token must not break the pull of public content. A token that only lacked a scope
    /// was issued for valid credentials.
    private mutating func nextWithoutCredential() -> Step {
        guard case .found(let found) = credential, let rejection else { return .fail }
        let rejected = RejectedCredential(
            registry: operation.registry, source: found.source,
            user: found.credential.displayUser, rejectedBy: rejection.host,
            status: rejection.status)
        if rejection.isByTokenServer || (scheme == .basic && rejection.status == 401) {
            facts.append(.credentialRejected(found, rejected))
        }
        guard allowsAnonymous, rejection.isByTokenServer || !tried.contains(.widerScope) else {
            return .fail
        }
        tried.insert(.anonymousAccess)
        scopes = usualScopes
        return authorize(as: .omitted(rejected))
    }

    private mutating func recordToken() {
        if case .found(let found) = credential {
            hadToken = true
            facts.append(.credentialAccepted(found))
        }
        if isSharedTokenDenied {
            isSharedTokenDenied = false
            facts.append(.sharedTokensUnsupported)
        }
        if scopes != usualScopes, !hasFallenBack { facts.append(.scopesRequired(scopes)) }
    }
}
