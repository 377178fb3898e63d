// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// The order of requests that brings one blob to a registry, whatever answers come.
///
/// It is told each answer and says what is next; it sends nothing itself. A mount that fails is
/// forgotten, a lost session begins anew, and where the answer to a commit was lost the blob is looked
/// for first, because most such commits have succeeded. Where a mount does not show whether the blob is
/// already present, a HEAD does before any byte is sent.
///
/// Source: distribution-spec § Pushing a blob monolithically, § Mounting a blob.
struct BlobUpload: Sendable {
    /// How the bytes are sent.
    enum Dialect: Hashable, Sendable {
        /// POST, then one PUT with all bytes.
        case put
        /// POST, then one PATCH with all bytes and no range, then an empty PUT.
        case patch
        /// POST, then a PATCH with a range for each piece, then an empty PUT.
        case chunked

        /// The one with smaller requests.
        var smaller: Dialect? {
            switch self {
            case .put: .patch
            case .patch: .chunked
            case .chunked: nil
            }
        }
    }

    /// When a HEAD shows whether the blob is already present, before any of it is sent.
    enum Lookup: Hashable, Sendable {
        case never
        /// Before anything else.
        case first
        /// After a mount that failed.
        case afterFailedMount
        /// After a mount that failed, or that began a session.
        case afterMount
    }

    /// The next request.
    enum Step: Hashable, Sendable {
        /// POST that names another repository of the registry which has the blob.
        case mount(from: String)
        /// POST for a session.
        case begin
        /// PATCH with all bytes, or a PATCH for each piece of them.
        case send(HTTPURL, inPieces: Bool)
        /// PUT that ends the session, with all bytes in the one dialect.
        case commit(HTTPURL, withBytes: Bool)
        /// HEAD for the blob.
        case look
        /// DELETE of a session that is not needed.
        case cancel(HTTPURL)
    }

    /// How a request ended.
    enum Answer: Hashable, Sendable {
        /// The blob was taken from the other repository.
        case mounted
        /// The session is closed.
        case cancelled
        /// A session is open, or goes on, there.
        case session(HTTPURL)
        /// The blob is stored.
        case stored
        /// Whether the blob was found.
        case found(Bool)
        /// The request failed.
        case failed(Failure)
    }

    /// Failures that differ in what is done next.
    enum Failure: Hashable, Sendable {
        /// The registry knows no such session any more.
        case sessionLost
        /// The registry, or a proxy before it, takes no request of this size.
        case tooLarge
        /// The same may succeed later.
        case transient
        /// Anything else.
        case refused
    }

    /// What is done next.
    enum Next: Hashable, Sendable {
        case step(Step)
        /// All starts anew, after the wait that the failure calls for.
        case restart
        case finished(BlobPushResult)
        /// The last failure stands.
        case failed
    }

    private(set) var dialect: Dialect
    private(set) var step: Step
    /// The dialect that no smaller one is tried after.
    private let last: Dialect
    private let sibling: String?
    private let lookup: Lookup
    /// The session that a mount began, until the blob has been looked for.
    private var pending: HTTPURL?
    /// A Boolean value that indicates whether the registry may have received bytes.
    private(set) var hasSent = false

    /// Creates an upload that begins with a mount where another repository has the blob.
    init(
        _ dialect: Dialect, mountingFrom sibling: String?, looking lookup: Lookup = .never,
        last: Dialect = .chunked
    ) {
        self.dialect = dialect
        self.last = last
        self.sibling = sibling
        self.lookup = lookup
        self.step = lookup == .first ? .look : Self.start(sibling)
    }

    private static func start(_ sibling: String?) -> Step {
        sibling.map { .mount(from: $0) } ?? .begin
    }

    /// Takes the answer to ``step`` and says what follows.
    mutating func take(_ answer: Answer) -> Next {
        let next = following(answer)
        switch next {
        case .step(let step): self.step = step
        case .restart: step = .begin
        case .finished, .failed: break
        }
        return next
    }

    private mutating func following(_ answer: Answer) -> Next {
        switch (step, answer) {
        case (.mount, .mounted): return .finished(.mounted)
        case (.mount, .session(let url)) where lookup == .afterMount:
            pending = url
            return .step(.look)
        // 202 is no mount but a session like any other (distribution and Harbor do this).
        case (.mount, .session(let url)), (.begin, .session(let url)):
            return .step(sending(to: url))
        case (.mount, _):
            return .step(lookup == .afterMount || lookup == .afterFailedMount ? .look : .begin)
        case (.look, .found(true)) where !hasSent:
            return pending.map { .step(.cancel($0)) } ?? .finished(.present)
        case (.look, _) where !hasSent:
            if let pending { return .step(sending(to: pending)) }
            return .step(lookup == .first ? Self.start(sibling) : .begin)
        // A session that cannot be closed is forgotten by the registry in time.
        case (.cancel, _): return .finished(.present)
        case (.send, .session(let url)): return .step(.commit(url, withBytes: false))
        case (.commit, .stored): return .finished(.uploaded)
        case (.commit(_, withBytes: true), .failed(.tooLarge)), (.send, .failed(.tooLarge)):
            guard dialect != last, let smaller = dialect.smaller else { return .failed }
            dialect = smaller
            return .step(.begin)
        case (.commit, .failed(.transient)), (.commit, .failed(.sessionLost)): return .step(.look)
        case (.look, .found(true)): return .finished(.uploaded)
        case (.look, .found(false)), (.send, .failed(.transient)), (.send, .failed(.sessionLost)):
            return .restart
        default: return .failed
        }
    }

    /// Returns the step that sends the bytes to a new session.
    private mutating func sending(to url: HTTPURL) -> Step {
        hasSent = true
        return dialect == .put
            ? .commit(url, withBytes: true) : .send(url, inPieces: dialect == .chunked)
    }
}

extension RegistryHost {
    /// Whether it is one of Google's, which know one PUT and no mounts.
    fileprivate var isGoogles: Bool {
        name == "gcr.io" || [".gcr.io", ".pkg.dev"].contains { name.hasSuffix($0) }
    }

    /// Whether a mount may come to anything.
    ///
    /// Source: Google's registries answer each with a session; so do Amazon's, unless the account
    /// says otherwise (aws/containers-roadmap#1459).
    var mountsBlobs: Bool {
        !isGoogles && !name.hasSuffix(".amazonaws.com") && name != "public.ecr.aws"
    }
}

extension BlobUpload.Dialect {
    /// Picks the dialect that a registry is known to take.
    ///
    /// Source: ACR answers 413 to a PUT above some 20 MB (goharbor/harbor#21640); Docker Hub has
    /// answered 400 to large ones; Google's registries know no PATCH.
    init(_ wish: UploadDialect, for registry: RegistryHost) {
        switch wish {
        case .put: self = .put
        case .patch: self = .patch
        case .chunked: self = .chunked
        case .auto:
            let isACR = [".azurecr.io", ".azurecr.cn", ".azurecr.us"].contains {
                registry.name.hasSuffix($0)
            }
            self = isACR || registry == .dockerHub ? .patch : .put
        }
    }

    /// The dialect that no smaller one is tried after.
    ///
    /// Source: GHCR refuses pieces above 4 MiB and has kept only the last one of several; Google's
    /// registries know no PATCH.
    static func last(for registry: RegistryHost) -> BlobUpload.Dialect {
        if registry.name == "ghcr.io" { return .patch }
        return registry.isGoogles ? .put : .chunked
    }
}
