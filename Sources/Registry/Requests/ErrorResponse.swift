// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI
internal import TextSafety

/// Who gave an answer.
enum Responder: Sendable {
    case registry
    case tokenServer
    /// A place that the registry led to, such as the network that delivers its blobs.
    case elsewhere
}

/// An answer that is not what its request hoped for, read as far as it explains itself.
struct ErrorResponse: Error, Sendable {
    let status: Int
    /// Where the answer came from.
    let origin: Origin
    /// Who that is.
    let answerer: Responder
    /// How near that is.
    let addressClass: AddressClass
    let fields: HTTPFields
    let problems: [DistributionError]
    let outcome: RetryPolicy.Outcome
    /// A Boolean value that indicates whether it is a web page of something in front of the registry.
    let isWebPage: Bool
    /// Whether it came although the request showed a token that was given for credentials.
    var hadToken = false
    /// The rejected credential because of which the request was anonymous.
    var replaces: RejectedCredential?

    init(
        _ response: HTTPResponse, from answerer: Responder, at origin: Origin,
        registry: RegistryHost
    ) async {
        self.status = response.status
        self.origin = origin
        self.answerer = answerer
        self.addressClass = response.addressClass(at: origin)
        self.fields = response.fields
        self.isWebPage = WebPage.isResponse(response.status, response.fields)
        let problems = ErrorBody.problems(
            in: await response.prefix(ErrorBody.maximumSize))
        self.problems = problems
        self.outcome = RetryPolicy.Outcome(
            event: Self.event(response.status, problems, registry: registry),
            retryAfter: RetryAfter.duration(in: response.fields, problems),
            isFromElsewhere: answerer == .elsewhere)
    }

    var requestID: UntrustedText? {
        ["x-github-request-id", "x-ms-correlation-request-id", "x-request-id"].lazy
            .compactMap { fields[$0] }.first.map(UntrustedText.init)
    }

    /// Some limits hide behind other statuses than 429, or mean something else than waiting.
    ///
    /// Source: Docker Hub words its pull quota in the message of a 429; GHCR answers 403 for its
    /// secondary rate limit; several registries send the code TOOMANYREQUESTS with other statuses.
    private static func event(
        _ status: Int, _ problems: [DistributionError], registry: RegistryHost
    ) -> RetryPolicy.Outcome.Event {
        func says(_ text: String) -> Bool {
            problems.contains { $0.message?.raw.lowercased().contains(text) ?? false }
        }
        if status == 429, registry == .dockerHub, says("pull rate limit") { return .quotaExhausted }
        if status == 403, says("secondary rate limit") { return .secondaryRateLimit }
        if problems.contains(where: { $0.code?.raw == "TOOMANYREQUESTS" }) { return .status(429) }
        return .status(status)
    }

    /// Whether the registry wants other credentials.
    var isAboutCredentials: Bool {
        answerer == .registry && (outcome.event == .status(401) || outcome.event == .status(403))
    }

    /// Whether credentials that are good were refused, so that nobody can tell whether what was asked
    /// for exists.
    ///
    /// Source: Artifactory answers 403 for what is missing in a virtual repository, GHCR for a package
    /// that does not exist yet; Quay answers 401 to accounts that may create repositories but not read
    /// all of them.
    var isAmbiguousWithNotFound: Bool {
        answerer == .registry
            && (outcome.event == .status(403) || (outcome.event == .status(401) && hadToken)
                || isWebPage && status == 404)
    }

    /// A Boolean value that indicates whether a token server rejected the credential with OAuth's words.
    ///
    /// Source: RFC 6749 §5.2: an expired or revoked refresh token is `invalid_grant`, with status 400.
    private var namesRejectedGrant: Bool {
        let codes: Set = [
            "invalid_grant", "invalid_client", "unauthorized_client", "access_denied",
        ]
        return problems.contains { codes.contains($0.code?.raw ?? "") }
    }

    /// Whether the registry does not know something that it was asked to point at.
    ///
    /// Source: distribution-spec § Error Codes; ECR's `LAYERS_NOT_FOUND`.
    var namesMissingContent: Bool {
        let codes: Set = [
            "MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN", "LAYERS_NOT_FOUND",
        ]
        return problems.contains { codes.contains($0.code?.raw ?? "") }
    }

    /// Whether the registry refuses to move a tag, whoever asks.
    ///
    /// Source: ECR's `ImageTagAlreadyExistsException`, Harbor's 412, ACR's locked tags, GAR's and
    /// Quay's immutable ones.
    var isAboutImmutableTag: Bool {
        guard [400, 403, 405, 409, 412].contains(status) else { return false }
        let words = ["immutab", "already exists", "alreadyexists", "tag_immutable", "is locked"]
        return status == 412
            || problems.contains { problem in
                let said = "\(problem.code?.raw ?? "") \(problem.message?.raw ?? "")".lowercased()
                return words.contains { said.contains($0) }
            }
    }

    var failureClass: FailureClass {
        switch outcome.event {
        case .quotaExhausted: .quota
        case .secondaryRateLimit, .status(429): .throttled
        // What delivers blobs is shown no credentials, so it says nothing about them.
        case .status(401) where answerer != .elsewhere: .denied
        case .status(403) where answerer != .elsewhere: .denied
        case .status(400) where answerer == .tokenServer && namesRejectedGrant: .denied
        case .status(404) where answerer == .registry && !isWebPage: .missing
        default: .unavailable
        }
    }

    var reason: String {
        let who =
            switch answerer {
            case .registry: "the registry"
            case .tokenServer: "the token server"
            case .elsewhere: origin.description
            }
        switch outcome.event {
        case .quotaExhausted: return "the allowance of pulls is used up"
        case .secondaryRateLimit: return "\(who) limits the rate of requests"
        case .status(429): return "\(who) limits the rate of requests" + until
        case .status(401), .status(403): return "\(who) rejected access with status \(status)"
        case .status where isWebPage:
            return "\(who) answered with a web page (status \(status))"
        case .status(404) where answerer == .registry:
            return "the registry answered that it is not there"
        default: return "\(who) answered with status \(status)"
        }
    }

    private var until: String {
        guard let wait = outcome.retryAfter else { return "" }
        return ", for another \(wait.components.seconds) s"
    }

    /// What to do when the pulls are used up.
    static let quotaHint = "run again later, or log in with an account that has a larger allowance"

    /// Missing, private and forbidden look alike at several registries, so no hint claims one of them.
    func hint(for call: Operation) -> String? {
        switch failureClass {
        case _ where isWebPage || status == 511: return WebPage.hint(for: call.registry)
        case .denied:
            let scope = call.access.scopes.map(\.description).joined(separator: " ")
            guard call.repository != nil else {
                return "correct the user or the password; some registries want a personal token in "
                    + "place of the password"
            }
            return "the repository may be private or missing, or the credentials are wrong or lack "
                + "the right \(scope); log in with 'ocimirror login \(call.registry)', or correct "
                + "registries.\(call.registry).credentials"
        case .missing where call.access.writes:
            return "some registries want the repository to be created first"
        case .quota: return Self.quotaHint
        case .throttled: return "run again later, or lower registries.*.concurrency"
        default: return nil
        }
    }
}

extension HTTPResponse {
    /// Reads at most `limit` bytes of a body that only explains; a broken one is read up to there.
    func prefix(_ limit: Int) async -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            for try await piece in body {
                bytes.append(contentsOf: piece.prefix(limit - bytes.count))
                if bytes.count == limit { break }
            }
        } catch {
            // The status has been heard; half an explanation is better than another error.
        }
        return bytes
    }
}
