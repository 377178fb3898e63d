// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI

extension RemoteRepository {
    /// A Boolean value that indicates whether a blob that is probably present should be pushed
    /// first.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository: a registry may respond
    /// every mount with a session.
    public var needsLikelyBlob: Bool { client.presence.isUnknown }

    /// Returns whether a blob exists, or `nil` if a mount from this repository reports that.
    public func existsBeforePush(blob descriptor: Descriptor) async throws -> Bool? {
        client.presence.usesMounts ? nil : try await exists(blob: descriptor)
    }

    /// Pushes a blob, or mounts it from another repository of the registry.
    ///
    /// A mount from this repository, if the registry supports it, replaces the HEAD request before
    /// an upload: its response is 201 for a blob that is present, and an upload session otherwise.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor of the blob.
    ///   - presence: The presence that the caller expects.
    ///   - sibling: Another repository of the same registry that has the blob.
    ///   - open: Opens the content from the start, once per attempt.
    /// - Returns: The way the blob was obtained.
    /// - Throws: ``RegistryError``, or the error of `open` or of its stream.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository, which lets a client
    /// name any repository that it may read.
    public func push(
        blob descriptor: Descriptor, expecting presence: ExpectedPresence,
        mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        let session = UploadSession(repository: self, descriptor: descriptor, open: open)
        let sibling = path(of: sibling)
        let method: BlobPresence.Method? =
            switch presence {
            case .absent: nil
            // The mount from the sibling needs no check, and waits for no probe.
            case .unknown where sibling != nil && client.presence.usesMounts: nil
            case .unknown, .likely:
                try await client.presence.method(isLikely: presence == .likely)
            }
        return try await push(session, mountingFrom: sibling, method)
    }

    private func push(
        _ session: UploadSession, mountingFrom sibling: String?, _ method: BlobPresence.Method?
    ) async throws -> BlobPushResult {
        // However the push ends, pushes that wait for the probe are resumed.
        defer { if method == .probe { client.presence.endProbe() } }
        let mount: (from: String?, existenceCheck: BlobUpload.ExistenceCheck) =
            switch method {
            case .probe: (repository.path, .afterMount)
            case .mount where sibling == nil: (repository.path, .afterFailedMount)
            case .head: (sibling, .first)
            case .mount, nil: (sibling, .never)
            }
        var upload = BlobUpload(
            client.uploadDialect, mountingFrom: mount.from, checking: mount.existenceCheck,
            last: client.profile.smallestDialect)
        var attempts = RetryAttempts(of: client.executor)
        var failure: RegistryError?
        while true {
            let result: BlobUpload.StepResult
            do {
                result = try await session.perform(upload.step)
            } catch let error as RegistryError {
                failure = error
                result = .failed(UploadSession.kind(of: error))
            } catch let error as UploadSourceError {
                throw error.cause
            }
            learn(from: result, to: upload, method)
            let (dialect, isOwn) = (upload.dialect, upload.step == .mount(from: repository.path))
            switch upload.advance(after: result) {
            case .step:
                // Only a change by this upload is stored: another upload may have changed it
                // meanwhile.
                if upload.dialect != dialect { client.uploadDialect = upload.dialect }
            case .finished(let pushResult):
                return isOwn && pushResult == .mounted ? .present : pushResult
            case .restart:
                guard let failure else { continue }
                guard try await attempts.mayRestart(after: failure) else { throw failure }
            case .failed:
                throw failure ?? session.unexpectedResponse
            }
        }
    }

    /// Records what the result of a step reveals about the registry, before any content is sent.
    private func learn(
        from result: BlobUpload.StepResult, to upload: BlobUpload, _ method: BlobPresence.Method?
    ) {
        switch (upload.step, result) {
        case (.mount(from: repository.path), .mounted): client.presence.learn(.mount)
        case (.mount(from: repository.path), .failed): client.presence.learn(.head)
        case (.mount(from: repository.path), _): break
        // A temporary failure says nothing about the next mount.
        case (.mount, .mounted), (.mount, .failed(.transient)): break
        case (.mount(let sibling), _): client.recordMountFailure(from: sibling)
        case (.check, .found(true)) where method == .probe && !upload.hasSent:
            client.presence.learn(.head)
        case (.check, _) where method == .probe && !upload.hasSent: client.presence.endProbe()
        default: break
        }
    }

    /// Returns the path of another repository that the blob may be mounted from.
    private func path(of sibling: StoreLocation?) -> String? {
        guard case .repository(let other)? = sibling, other.registry == repository.registry,
            other != repository, client.canMount(from: other.path)
        else { return nil }
        return other.path
    }
}
