// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI
public import TextSafety

/// What a registry refused, or what came between it and us.
public struct RegistryError: ContentFailure {
    /// What was tried, as a phrase such as `reading the manifest 1.36`.
    public let operation: String
    /// The registry.
    public let registry: RegistryHost
    /// The repository; nil where the registry as a whole was spoken to.
    public let repository: Repository?
    /// The status of the answer that ended it, where one came.
    public let status: Int?
    /// What the registry says is wrong.
    public let problems: [DistributionError]
    /// The registry's own name for the request, for its operators.
    public let requestID: UntrustedText?
    /// What happened, in our words.
    public private(set) var reason: String
    /// What it means.
    public private(set) var failureClass: FailureClass
    /// What to do next.
    public private(set) var hint: String?
    /// Whether the registry refused credentials that are good.
    private(set) var isAmbiguousWithNotFound: Bool
    /// A Boolean value that indicates whether a web page came instead of the registry's response.
    let isWebPage: Bool
    /// Whether the registry refuses to move a tag, whoever asks.
    let isAboutImmutableTag: Bool
    /// How the last attempt ended, for those who try in another way.
    let outcome: RetryPolicy.Outcome?

    /// Makes an error that is not about an answer's status.
    init(
        _ failureClass: FailureClass, _ call: Operation, _ reason: String, hint: String? = nil,
        status: Int? = nil, outcome: RetryPolicy.Outcome? = nil
    ) {
        self.operation = call.phrase
        self.registry = call.registry
        self.repository = call.repository
        self.status = status
        self.problems = []
        self.requestID = nil
        self.reason = reason
        self.failureClass = failureClass
        self.hint = hint
        self.isAmbiguousWithNotFound = false
        self.isWebPage = false
        self.isAboutImmutableTag = false
        self.outcome = outcome
    }

    /// Makes an error of an answer.
    init(_ call: Operation, _ rejection: ErrorResponse) {
        self.operation = call.phrase
        self.registry = call.registry
        self.repository = call.repository
        self.status = rejection.status
        self.problems = rejection.problems
        self.requestID = rejection.requestID
        self.reason = rejection.reason
        let isIncomplete = call.kind == .manifestPut && rejection.namesMissingContent
        self.failureClass = isIncomplete ? .incomplete : rejection.failureClass
        self.hint =
            isIncomplete
            ? "run again; if it stays so, tell the registry's owner that it loses what it stored"
            : rejection.hint(for: call)
        self.isAmbiguousWithNotFound = rejection.isAmbiguousWithNotFound
        self.isWebPage = rejection.isWebPage
        self.isAboutImmutableTag = rejection.isAboutImmutableTag
        self.outcome = rejection.outcome
        if let rejected = rejection.replaces { attribute(to: rejected) }
    }

    /// Returns the error of an anonymous request that replaced one with a rejected credential.
    ///
    /// What an anonymous request cannot see, and the limits that it meets, say nothing about the same
    /// request with a valid credential: the rejected credential is the cause.
    func attributed(to rejected: RejectedCredential?) -> RegistryError {
        var error = self
        if let rejected { error.attribute(to: rejected) }
        return error
    }

    private mutating func attribute(to rejected: RejectedCredential) {
        switch failureClass {
        case .denied, .missing, .throttled, .quota: break
        case .integrity, .incomplete, .invalid, .unavailable: return
        }
        isAmbiguousWithNotFound =
            isAmbiguousWithNotFound || (failureClass == .missing && !rejected.isCertain)
        failureClass = .denied
        reason += "; the request was anonymous: \(rejected)"
        hint = rejected.hint
    }

    /// Makes an error of an exchange that did not come to its end.
    init(_ call: Operation, _ error: TransportError) {
        self.init(
            .unavailable, call, error.message,
            hint: error.kind.hint(for: call.registry),
            outcome: RetryPolicy.Outcome(event: .transport(error.kind)))
    }

    /// Whether the same attempt may succeed later.
    var isTransient: Bool { outcome?.isTransient ?? false }

    /// Whether the registry gave one of these codes.
    func has(code: (String) -> Bool) -> Bool {
        problems.contains { $0.code.map { code($0.raw) } ?? false }
    }
}

extension TransportError.Kind {
    /// What to do about a registry that could not be talked to.
    fileprivate func hint(for registry: RegistryHost) -> String? {
        switch self {
        case .resolve:
            "check the spelling of \(registry), and that this machine has a network"
        case .connect, .givenUp:
            "check the port, and that \(registry) is up; behind a proxy, set https_proxy"
        case .tls:
            "name the authority with --ca-file or 'caFile'; for a registry without TLS, use "
                + "--plain-http or 'plainHTTP: true'"
        case .timeout: "run again later; --idle-timeout says how long is waited"
        case .outOfReach:
            "if the place belongs to the registry, add it to registries.\(registry).allow"
        case .interrupted, .malformed, .tooLarge, .refused: nil
        }
    }
}

extension RegistryError: CustomStringConvertible {
    /// One line: what was tried, where, and why it failed.
    public var description: String {
        let said = problems.map(\.description).joined(separator: ", ")
        let id = requestID.map { " [request \($0.display(limit: 100))]" } ?? ""
        let what = repository.map { "\(operation) of \($0)" } ?? operation
        return "\(what): \(reason)" + (said.isEmpty ? "" : " (\(said))") + id
    }
}

/// What a call is about, for messages and events.
struct Operation: Sendable {
    /// The kind of request, by which requests are counted.
    let kind: RequestKind
    /// What is done, as a phrase such as `reading the manifest 1.36`.
    let phrase: String
    /// The registry.
    let registry: RegistryHost
    /// The repository; nil where the registry as a whole is spoken to.
    let repository: Repository?
    /// What the request needs the right for.
    var access: Access

    init(kind: RequestKind, phrase: String, repository: Repository, access: Access) {
        self.kind = kind
        self.phrase = phrase
        self.registry = repository.registry
        self.repository = repository
        self.access = access
    }

    /// Makes an operation that is no repository's affair.
    init(kind: RequestKind, phrase: String, registry: RegistryHost) {
        self.kind = kind
        self.phrase = phrase
        self.registry = registry
        self.repository = nil
        self.access = .none
    }

    /// A step of this operation, which is counted and described by itself.
    func step(_ kind: RequestKind, _ phrase: String) -> Operation {
        Operation(self, kind, "\(phrase) for \(self.phrase)")
    }

    private init(_ whole: Operation, _ kind: RequestKind, _ phrase: String) {
        self.kind = kind
        self.phrase = phrase
        self.registry = whole.registry
        self.repository = whole.repository
        self.access = whole.access
    }
}
