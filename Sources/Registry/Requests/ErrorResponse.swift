// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// The kind of server that sent a response.
enum Responder: Sendable {
    case registry
    case tokenServer
    /// Another server to which the registry redirected, such as a content delivery network.
    case elsewhere
}

/// An error response, with the errors in its body.
struct ErrorResponse: Error, Sendable {
    let status: Int
    /// The origin of the response.
    let origin: Origin
    /// The kind of server that sent it.
    let responder: Responder
    /// The class of the server's address.
    let addressClass: AddressClass
    let fields: HTTPFields
    let problems: [DistributionError]
    let outcome: RetryPolicy.Outcome
    /// A Boolean value that indicates whether it is a web page of something in front of the
    /// registry.
    let isWebPage: Bool
    /// A Boolean value that indicates whether the server requires TLS and the request had none.
    ///
    /// Source: `net/http` of Go 1.12 and later; nginx's status 497, sent as 400.
    let requiresTLS: Bool
    /// A Boolean value that indicates whether the request had a token that was issued for
    /// credentials.
    var hadToken = false
    /// The credential of the request; `nil` if it is not one that ``Authenticator/authorize(_:_:)``
    /// sent.
    var credential: RequestCredential?

    init(
        _ response: HTTPResponse, isWebPage: Bool? = nil, from responder: Responder,
        at origin: Origin, registry: RegistryHost
    ) async {
        self.status = response.status
        self.origin = origin
        self.responder = responder
        self.addressClass = response.addressClass(at: origin)
        self.fields = response.fields
        let body = await response.prefix(DistributionError.maximumBodySize)
        self.requiresTLS =
            origin.scheme == .http && response.status == 400 && Self.mentionsTLS(body)
        self.isWebPage =
            !requiresTLS
            && (isWebPage ?? WebPage.isResponse(response.status, response.fields))
        let problems = DistributionError.all(in: body)
        self.problems = problems
        self.outcome = RetryPolicy.Outcome(
            event: Self.event(response.status, problems, registry: registry),
            retryAfter: RetryAfter.duration(in: response.fields, problems),
            isFromElsewhere: responder == .elsewhere)
    }

    private static func mentionsTLS(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(4096), as: UTF8.self).lowercased()
        return text.contains("http request to an https server")
            || text.contains("plain http request was sent to https port")
    }

    var requestID: UntrustedText? {
        ["x-github-request-id", "x-ms-correlation-request-id", "x-request-id"].lazy
            .compactMap { fields[$0] }.first.map(UntrustedText.init)
    }

    /// Returns the kind of failure; some limits use other statuses than 429, or are not resolved by
    /// waiting.
    ///
    /// Source: Docker Hub words its pull quota in the message of a 429; GHCR responds 403 for its
    /// secondary rate limit, Harbor for a project's storage quota (goharbor/harbor#17390); several
    /// registries send the code TOOMANYREQUESTS with other statuses; distribution responds 500 for
    /// content that a manifest lacks (distribution/distribution#2232).
    private static func event(
        _ status: Int, _ problems: [DistributionError], registry: RegistryHost
    ) -> RetryPolicy.Outcome.Event {
        func messageContains(_ text: String) -> Bool {
            problems.contains { $0.message?.raw.lowercased().contains(text) ?? false }
        }
        if status == 429, let text = RegistryProfile.of(registry).pullLimitText,
            messageContains(text)
        {
            return .quotaExhausted
        }
        if status == 403, messageContains("secondary rate limit") { return .secondaryRateLimit }
        if status == 403, messageContains("exceed the configured upper limit") {
            return .storageExceeded
        }
        // Only the body tells a permanent failure from one of the server.
        if status == 500, problems.contains(where: \.namesMissingContent) { return .status(400) }
        if problems.contains(where: { $0.code?.raw == "TOOMANYREQUESTS" }) { return .status(429) }
        return .status(status)
    }

    /// A Boolean value that indicates whether the registry requires other credentials.
    var isAboutCredentials: Bool {
        responder == .registry && !isWebPage
            && (outcome.event == .status(401) || outcome.event == .status(403))
    }

    /// A Boolean value that indicates whether the response does not show whether the content
    /// exists, because the credentials were valid.
    ///
    /// Source: Artifactory responds 403 for missing content in a virtual repository, GHCR for a
    /// package that does not exist yet; Quay responds 401 to accounts that may create repositories
    /// but not read all of them.
    var isAmbiguousWithNotFound: Bool {
        responder == .registry
            && (isWebPage
                ? status == 404
                : outcome.event == .status(403) || outcome.event == .status(401) && hadToken)
    }

    /// A Boolean value that indicates whether the registry rejected the request for a reason that only
    /// a body states.
    var hasReasonInBody: Bool {
        responder != .tokenServer
            && (isWebPage
                || (400..<500).contains(status)
                    && ![401, 404, 405, 408, 425, 429].contains(status))
    }

    /// A Boolean value that indicates whether a token server rejected the credential with OAuth's
    /// words.
    ///
    /// Source: RFC 6749 §5.2: an expired or revoked refresh token is `invalid_grant`, with status
    /// 400.
    private var namesRejectedGrant: Bool {
        let codes: Set = [
            "invalid_grant", "invalid_client", "unauthorized_client", "access_denied",
        ]
        return problems.contains { codes.contains($0.code?.raw ?? "") }
    }

    /// A Boolean value that indicates whether the registry lacks content that a manifest refers to.
    ///
    /// Source: distribution-spec § Error Codes; ECR's `LAYERS_NOT_FOUND`.
    var namesMissingContent: Bool {
        responder != .tokenServer && problems.contains(where: \.namesMissingContent)
    }

    /// A Boolean value that indicates whether the tag is immutable.
    ///
    /// Source: ECR's `ImageTagAlreadyExistsException`, Harbor's 412, ACR's locked tags, GAR's and
    /// Quay's immutable ones.
    var isAboutImmutableTag: Bool {
        guard responder == .registry, [400, 403, 405, 409, 412].contains(status) else {
            return false
        }
        let words = ["immutab", "already exists", "alreadyexists", "tag_immutable", "is locked"]
        return status == 412
            || problems.contains { problem in
                let text = "\(problem.code?.raw ?? "") \(problem.message?.raw ?? "")".lowercased()
                return words.contains { text.contains($0) }
            }
    }

    var failureClass: FailureClass {
        switch outcome.event {
        case .status where isWebPage: .unavailable
        case .quotaExhausted: .quota
        case .secondaryRateLimit, .status(429): .throttled
        // Blob stores receive no credentials, so their 401 and 403 do not concern them.
        case .status(401) where responder != .elsewhere: .denied
        case .status(403) where responder != .elsewhere: .denied
        case .status(400) where responder == .tokenServer && namesRejectedGrant: .denied
        case .status(404) where responder == .registry: .missing
        default: .unavailable
        }
    }

    /// The cause, with the origin of a server other than the registry and its token server.
    var reason: String {
        (responder == .elsewhere ? "\(origin): " : "") + cause
    }

    private var cause: String {
        switch outcome.event {
        case .status where requiresTLS: "\(origin.authority) requires TLS (\(status))"
        case .status where isWebPage: "web page instead of a registry response (\(status))"
        case .storageExceeded: "storage quota exceeded (\(status))"
        case .quotaExhausted: "pull rate limit reached"
        case .secondaryRateLimit: "throttled (\(status), secondary rate limit)"
        case .status(429): "throttled (\(status))" + retryAfterText
        case .status(401): "authentication required (401)"
        case .status(403): "access denied (403)"
        case .status(404) where responder == .registry: "not found (404)"
        default: "unexpected status \(status)"
        }
    }

    private var retryAfterText: String {
        outcome.retryAfter.map { "; Retry-After \($0.components.seconds) s" } ?? ""
    }

    /// The recommended action when the pull rate limit is reached.
    static let quotaHint = "run again later, or log in with an account that has a higher limit"

    /// Returns the recommended action; several registries respond alike for missing, private and
    /// forbidden content, so a hint claims none of them.
    func hint(for operation: Operation) -> String? {
        switch failureClass {
        case _ where requiresTLS:
            return "remove --plain-http \(operation.registry), or registries."
                + "\(operation.registry).plainHTTP: true in mirror.yaml"
        case _ where isWebPage || status == 511: return WebPage.hint(for: operation.registry)
        case _ where outcome.event == .storageExceeded:
            return "free space, or raise the storage quota of the project"
        case .denied:
            let isRejected = status == 401 && !hadToken
            return operation.adviceAfterDenial(
                of: credential ?? .notRequired, isRejected ? .rejected : .insufficient)
        case .missing where operation.access.writes:
            return "create the repository first; some registries require it"
        case .quota: return Self.quotaHint
        case .throttled: return "run again later, or lower registries.*.concurrency"
        default: return nil
        }
    }
}

extension DistributionError {
    /// A Boolean value that indicates whether the registry lacks content that a manifest refers to.
    fileprivate var namesMissingContent: Bool {
        [
            "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "LAYERS_NOT_FOUND",
        ].contains(code?.raw)
    }
}

extension HTTPResponse {
    /// Returns at most `limit` bytes of an error body, or less if the body ends with an error.
    func prefix(_ limit: Int) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await chunk in body {
                bytes.append(contentsOf: chunk.prefix(limit - bytes.count))
                if bytes.count == limit { break }
            }
        } catch {
            // The status is known; a partial message is better than another error.
        }
        return bytes
    }
}
