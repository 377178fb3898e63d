// SPDX-License-Identifier: Apache-2.0

public import Content
public import HTTP
public import OCI
public import TextSafety

/// An error of a registry, or of the connection to it.
public struct RegistryError: ContentFailure {
    private let request: Operation
    /// The last error response; `nil` if something else failed.
    private let response: ErrorResponse?
    /// The status of the last response, if there was one.
    public let status: Int?
    /// The cause of the failure.
    public private(set) var reason: String
    /// The class of the failure.
    public private(set) var failureClass: FailureClass
    /// The recommended action.
    public private(set) var hint: String?
    /// A Boolean value that indicates whether the registry rejected valid credentials, as it also
    /// does for missing content.
    private(set) var isAmbiguousWithNotFound: Bool
    /// The result of the last attempt, if it can be retried.
    let outcome: RetryPolicy.Outcome?

    /// Creates an error without an error response.
    init(
        _ failureClass: FailureClass, _ operation: Operation, _ reason: String, hint: String? = nil,
        status: Int? = nil, outcome: RetryPolicy.Outcome? = nil
    ) {
        self.request = operation
        self.response = nil
        self.status = status
        self.reason = reason
        self.failureClass = failureClass
        self.hint = hint
        self.isAmbiguousWithNotFound = false
        self.outcome = outcome
    }

    /// Creates an error from an error response.
    init(_ operation: Operation, _ response: ErrorResponse) {
        self.request = operation
        self.response = response
        self.status = response.status
        self.isAmbiguousWithNotFound = response.isAmbiguousWithNotFound
        self.outcome = response.outcome
        if operation.kind == .manifestPut, response.namesMissingContent {
            self.reason = "content of the manifest is missing"
            self.failureClass = .incomplete
            self.hint =
                "run again; if it fails again, report the lost content to the registry's operator"
        } else {
            self.reason = response.reason
            self.failureClass = response.failureClass
            self.hint = response.hint(for: operation)
        }
        if let credential = response.credential { name(credential) }
    }

    /// The operation that failed, such as `reading the tag 1.36`.
    public var operation: String { request.phrase }

    /// The registry.
    public var registry: RegistryHost { request.registry }

    /// The repository, or `nil` if the request concerned the whole registry.
    public var repository: Repository? { request.repository }

    /// The errors in the response.
    public var problems: [DistributionError] { response?.problems ?? [] }

    /// The status of a response of the registry itself, not of its token server or of a host to which
    /// it redirected; `nil` if the failure has another cause.
    var registryStatus: Int? { response?.responder == .registry ? status : nil }

    /// The status of a response of the registry or of a host to which it redirected, not of its token
    /// server; `nil` if the failure has another cause.
    var contentStatus: Int? { response?.responder == .tokenServer ? nil : status }

    /// A Boolean value that indicates whether the registry reports that the repository or the manifest
    /// of the request is missing, and not only a path that it does not know.
    var reportsMissingContent: Bool {
        contentStatus == 404 && has(code: ["NAME_UNKNOWN", "MANIFEST_UNKNOWN"].contains)
    }

    /// The registry's request id, for its operators.
    public var requestID: UntrustedText? { response?.requestID }

    /// A Boolean value that indicates whether a web page came instead of the registry's response.
    var isWebPage: Bool { response?.isWebPage ?? false }

    /// A Boolean value that indicates whether the tag is immutable.
    var isAboutImmutableTag: Bool { response?.isAboutImmutableTag ?? false }

    /// A Boolean value that indicates whether a response to GET may state the reason, which the
    /// response to HEAD cannot.
    var hasReasonInBody: Bool {
        guard let response else { return false }
        if case .omitted? = response.credential { return false }
        return response.hasReasonInBody
    }

    /// Returns the error of an operation with the credential of its requests, which a user needs to
    /// find the cause of a rejection.
    func naming(_ credential: RequestCredential, for operation: Operation) -> RegistryError {
        var error = self
        if error.failureClass == .denied, error.outcome != nil {
            let isRejected = error.status == 401 || error.status == 400
            error.hint = operation.adviceAfterDenial(
                of: credential, isRejected ? .rejected : .rejectedOrInsufficient)
        }
        error.name(credential)
        return error
    }

    private mutating func name(_ credential: RequestCredential) {
        switch credential {
        case .omitted(let rejected): attribute(to: rejected)
        case _ where failureClass != .denied || outcome == nil: break
        case .notRequired, .unavailable: reason += ", no credentials were sent"
        case .found(let found) where status == 401:
            reason = "credentials from \(found.label) rejected (401)"
        case .found(let found): reason += " with credentials from \(found.label)"
        }
    }

    /// Makes a rejected credential the cause: an anonymous request may not see content or may meet
    /// lower limits than one with a valid credential.
    private mutating func attribute(to rejected: RejectedCredential) {
        switch failureClass {
        case .denied, .missing, .throttled, .quota: break
        case .integrity, .incomplete, .invalid, .unavailable: return
        }
        isAmbiguousWithNotFound =
            isAmbiguousWithNotFound || (failureClass == .missing && !rejected.isCertain)
        failureClass = .denied
        reason = "\(rejected); without them: \(reason)"
        hint = rejected.hint
    }

    /// Returns the error of a push that names the content that the registry lacks.
    ///
    /// - Parameters:
    ///   - missing: The content.
    ///   - urls: The addresses that the manifest states for it; untrusted text.
    /// - Returns: The error.
    func naming(_ missing: Descriptor, urls: [String]) -> RegistryError {
        var error = self
        error.reason = "the registry lacks \(missing.digest) (\(missing.mediaType))"
        guard let url = urls.first else { return error }
        error.reason += ", to be downloaded from \(UntrustedText(url).display(limit: 200))"
        error.hint =
            "allow the layer's URLs in the registry, or ask the publisher for an image without "
            + "foreign layers"
        return error
    }

    /// Creates an error from a transport error.
    ///
    /// - Parameters:
    ///   - operation: The operation.
    ///   - error: The error.
    ///   - isPlain: A Boolean value that indicates whether the registry is accessed without TLS.
    init(_ operation: Operation, _ error: TransportError, isPlain: Bool = false) {
        self.init(
            .unavailable, operation, error.message,
            hint: error.hint(for: operation.registry, isPlain: isPlain),
            outcome: RetryPolicy.Outcome(event: .transport(error.kind)))
    }

    /// A Boolean value that indicates whether a policy permits no one to read an existing manifest.
    ///
    /// Source: goharbor/harbor#15885: 412 to HEAD and GET of an image with vulnerabilities.
    public var blocksPulls: Bool { registryStatus == 412 && !request.access.writes }

    /// The registry and the reason, without the operation and its repository.
    public var cause: FailureCause? {
        FailureCause(
            host: registry.name, reason: reason + errorsText,
            isUnreachable: outcome?.event == .transport(.givenUp))
    }

    /// A Boolean value that indicates whether the same request may succeed later.
    var isTransient: Bool { outcome?.isTransient ?? false }

    /// Returns a Boolean value that indicates whether the response has a code that matches.
    func has(code: (String) -> Bool) -> Bool {
        problems.contains { $0.code.map { code($0.raw) } ?? false }
    }
}

extension TransportError {
    /// Returns the recommended action after the error.
    ///
    /// - Parameters:
    ///   - registry: The registry.
    ///   - isPlain: A Boolean value that indicates whether it is accessed without TLS.
    /// - Returns: The action, if there is one.
    public func hint(for registry: RegistryHost, isPlain: Bool = false) -> String? {
        if let proxy { return kind.hint(forProxy: proxy) }
        let isUnresolved = kind == .resolve || kind == .givenUp && cause == .resolve
        let name = isUnresolved ? registry.withSuggestion : registry.name
        return kind.hint(for: registry, named: name, isPlain: isPlain)
    }
}

extension TransportError.Kind {
    /// Returns the recommended action after a proxy could not be used.
    fileprivate func hint(forProxy proxy: String) -> String {
        switch self {
        case .tls: "check \(proxy); pass its certificate authority with --ca-file"
        case .notTLS:
            "check \(proxy); if it does not use TLS, begin its URL with http:// in the proxy "
                + "environment variable"
        case .certificateName:
            "check \(proxy); use the host name of its certificate in the proxy environment variable"
        case .certificateTime: "check the clock of this machine and the certificate of \(proxy)"
        default: "check \(proxy) in https_proxy, and no_proxy"
        }
    }

    /// Returns the recommended action after a transport error.
    ///
    /// - Parameters:
    ///   - registry: The registry.
    ///   - name: Its name, with a suggestion if there is one.
    ///   - isPlain: A Boolean value that indicates whether it is accessed without TLS.
    /// - Returns: The action, if there is one.
    fileprivate func hint(
        for registry: RegistryHost, named name: String, isPlain: Bool
    ) -> String? {
        switch self {
        case .resolve:
            "check the spelling of \(name) and the network connection"
        case .connect:
            "check the port, and that \(registry) is up; behind a proxy, check "
                + "https_proxy and no_proxy"
        case .tls:
            "pass the certificate authority with --ca-file, or set registries.\(registry).caFile "
                + "in mirror.yaml"
        case .certificateName:
            "use the host name of the certificate, or ask the operator of \(registry) for one with "
                + "this name"
        case .certificateTime:
            "check the clock of this machine; if it is right, ask the operator of \(registry) to "
                + "renew the certificate"
        case .givenUp:
            "check the name \(name), its port, and that it is reachable from here; behind a "
                + "proxy, check https_proxy and no_proxy"
        case .notTLS:
            "for a registry without TLS, use --plain-http \(registry), or set "
                + "registries.\(registry).plainHTTP: true in mirror.yaml"
        case .timeout: "run again later, or raise --idle-timeout"
        case .outOfReach:
            "if the host belongs to the registry, add it to registries.\(registry).allow"
        case .interrupted:
            "run again; if it fails again, check the proxies and firewalls between here and "
                + "\(registry)"
        case .malformed:
            isPlain ? "if \(registry) requires TLS, remove --plain-http or 'plainHTTP: true'" : nil
        case .tooLarge, .refused: nil
        }
    }
}

extension RegistryHost {
    /// The name, with that of a public registry if it is similar: `ghrc.io (did you mean ghcr.io?)`.
    fileprivate var withSuggestion: String {
        let host = String(name.prefix { $0 != ":" })
        guard !RegistryProfile.isPublic(host),
            let known = Suggestion.nearest(to: host, among: RegistryProfile.publicHosts),
            (1...2).contains(Suggestion.distance(from: host, to: known))
        else { return name }
        return "\(name) (did you mean \(known)?)"
    }
}

extension RegistryError: CustomStringConvertible {
    /// The message in one line: operation, repository, cause, and the registry's errors.
    public var description: String {
        let id = requestID.map { " [request \($0.display(limit: 100))]" } ?? ""
        let what = repository.map { "\(operation) of \($0)" } ?? operation
        return "\(what): \(reason)" + errorsText + id
    }

    /// The registry's errors in parentheses, or nothing.
    private var errorsText: String {
        let said = problems.map(\.description).joined(separator: ", ")
        return said.isEmpty ? "" : " (\(said))"
    }
}
