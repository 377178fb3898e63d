// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// The state machine of a blob upload.
///
/// It receives the result of each step and returns the next one; it sends nothing itself. A failed
/// mount is not retried, and a lost session is restarted. If the response to a commit was lost, a
/// HEAD request checks for the blob first, because most such commits have succeeded. If a mount
/// does not show whether the blob is already present, a HEAD request does so before any byte is
/// sent.
///
/// Source: distribution-spec § Pushing a blob monolithically, § Mounting a blob.
struct BlobUpload: Sendable {
    /// The time of a HEAD request that checks for the blob before any of it is sent.
    enum ExistenceCheck: Hashable, Sendable {
        case never
        /// Before any other request.
        case first
        /// After a failed mount.
        case afterFailedMount
        /// After a mount that failed or started an upload session.
        case afterMount
    }

    /// The next request.
    enum Step: Hashable, Sendable {
        /// POST that mounts the blob from another repository of the registry.
        case mount(from: String)
        /// POST that starts a session.
        case begin
        /// PATCH with all bytes, or a PATCH for each chunk.
        case send(HTTPURL, inChunks: Bool)
        /// PUT that ends the session, with all bytes in the dialect `put`.
        case commit(HTTPURL, withBytes: Bool)
        /// HEAD for the blob.
        case check
        /// DELETE of a session that is not needed.
        case cancel(HTTPURL)
    }

    /// The result of a step.
    enum StepResult: Hashable, Sendable {
        /// The blob was mounted.
        case mounted
        /// The session was canceled.
        case canceled
        /// The session is open at this URL.
        case session(HTTPURL)
        /// The blob is stored.
        case stored
        /// The result of the HEAD request.
        case found(Bool)
        /// The request failed.
        case failed(Failure)
    }

    /// The failures that determine the next step.
    enum Failure: Hashable, Sendable {
        /// The session is unknown to the registry.
        case sessionLost
        /// The registry, or a proxy in front of it, accepts no request of this size.
        case tooLarge
        /// The same request may succeed later.
        case transient
        /// Any other failure.
        case rejected
    }

    /// The action after a step.
    enum Next: Hashable, Sendable {
        case step(Step)
        /// Restart the upload, after the wait that the failure requires.
        case restart
        case finished(BlobPushResult)
        /// Throw the last failure.
        case failed
    }

    private(set) var dialect: UploadDialect
    private(set) var step: Step
    /// The dialect with the smallest requests that the registry supports.
    private let last: UploadDialect
    private let sibling: String?
    private let existenceCheck: ExistenceCheck
    /// The session that a mount started, until the presence of the blob is known.
    private var pending: HTTPURL?
    /// A Boolean value that indicates whether the registry may have received bytes.
    private(set) var hasSent = false

    /// Creates an upload that begins with a mount if another repository has the blob.
    init(
        _ dialect: UploadDialect, mountingFrom sibling: String?,
        checking existenceCheck: ExistenceCheck = .never,
        last: UploadDialect = .chunked
    ) {
        self.dialect = dialect
        self.last = last
        self.sibling = sibling
        self.existenceCheck = existenceCheck
        self.step = existenceCheck == .first ? .check : Self.start(sibling)
    }

    private static func start(_ sibling: String?) -> Step {
        sibling.map { .mount(from: $0) } ?? .begin
    }

    /// Processes the result of ``step`` and returns the next action.
    mutating func advance(after result: StepResult) -> Next {
        let next = self.next(after: result)
        switch next {
        case .step(let step): self.step = step
        case .restart: step = .begin
        case .finished, .failed: break
        }
        return next
    }

    private mutating func next(after result: StepResult) -> Next {
        switch (step, result) {
        case (.mount, .mounted): return .finished(.mounted)
        case (.mount, .session(let url)) where existenceCheck == .afterMount:
            pending = url
            return .step(.check)
        // 202 means that nothing was mounted and a session was started (distribution and Harbor do
        // this).
        case (.mount, .session(let url)), (.begin, .session(let url)):
            return .step(sending(to: url))
        case (.mount, _):
            return .step(
                existenceCheck == .afterMount || existenceCheck == .afterFailedMount
                    ? .check : .begin)
        case (.check, .found(true)) where !hasSent:
            return pending.map { .step(.cancel($0)) } ?? .finished(.present)
        case (.check, _) where !hasSent:
            if let pending { return .step(sending(to: pending)) }
            return .step(existenceCheck == .first ? Self.start(sibling) : .begin)
        // The registry removes a session that cannot be canceled after some time.
        case (.cancel, _): return .finished(.present)
        case (.send, .session(let url)): return .step(.commit(url, withBytes: false))
        case (.commit, .stored): return .finished(.uploaded)
        case (.commit(_, withBytes: true), .failed(.tooLarge)), (.send, .failed(.tooLarge)):
            guard dialect != last, let smaller = dialect.smaller else { return .failed }
            dialect = smaller
            return .step(.begin)
        case (.commit, .failed(.transient)), (.commit, .failed(.sessionLost)): return .step(.check)
        case (.check, .found(true)): return .finished(.uploaded)
        case (.check, .found(false)), (.send, .failed(.transient)), (.send, .failed(.sessionLost)):
            return .restart
        default: return .failed
        }
    }

    /// Returns the step that sends the bytes to a new session.
    private mutating func sending(to url: HTTPURL) -> Step {
        hasSent = true
        return dialect == .put
            ? .commit(url, withBytes: true) : .send(url, inChunks: dialect == .chunked)
    }
}

extension UploadDialect {
    /// The dialect with smaller requests, or `nil` if there is none.
    fileprivate var smaller: UploadDialect? {
        switch self {
        case .put: .patch
        case .patch: .chunked
        case .chunked: nil
        }
    }
}
