// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI

extension RemoteRepository {
    /// A Boolean value that indicates whether a mount from this repository reports existing blobs:
    /// 201 for a blob that is present, and an upload session otherwise.
    ///
    /// It replaces the HEAD request before each upload.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository, which lets a client
    /// name any repository that it may read.
    public var mountReportsExistence: Bool { client.presence.usesMounts }

    /// A Boolean value that indicates whether a blob that is expected to be present should be
    /// pushed first.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository: a registry may answer
    /// every mount with a session.
    public var needsExpectedBlob: Bool { client.presence.isUnknown }

    /// Pushes a blob, or mounts it from another repository of the registry.
    ///
    /// - Parameters:
    ///   - descriptor: The descriptor of the blob.
    ///   - sibling: Another repository of the same registry that has the blob, or this one, to skip
    ///     a blob that is already present.
    ///   - open: Opens the content from the start, once per attempt.
    /// - Returns: The way the blob was obtained.
    /// - Throws: ``RegistryError``, or the error of `open` or of its stream.
    public func push(
        blob descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        let session = UploadSession(repository: self, descriptor: descriptor, open: open)
        let method =
            sibling == location ? try await client.presence.method(isExpected: false) : nil
        return try await push(session, mountingFrom: path(of: sibling), method)
    }

    /// Pushes a blob that is expected to be present, and learns how the registry reports it.
    ///
    /// - Throws: ``RegistryError``, or the error of `open` or of its stream.
    public func push(
        expected descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        let session = UploadSession(repository: self, descriptor: descriptor, open: open)
        let method = try await client.presence.method(isExpected: true)
        return try await push(session, mountingFrom: path(of: sibling), method)
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
        var attempt = 1
        let start = client.retryExecutor.time.now()
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
                guard try await mayRestart(after: failure, attempt, since: start) else {
                    throw failure
                }
                attempt += 1
            case .failed:
                throw failure
                    ?? session.unexpected(upload.step)
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

    /// Returns a Boolean value that indicates whether to restart: at once after a lost session, and
    /// otherwise as the retry policy permits.
    private func mayRestart(
        after failure: RegistryError, _ attempt: Int, since start: Duration
    ) async throws -> Bool {
        if failure.isTransient {
            return try await client.retryExecutor.waitBeforeRetry(
                attempt: attempt, since: start, for: failure)
        }
        return attempt < client.retryExecutor.policy.maximumAttempts
    }

    /// Returns the path of another repository that the blob may be mounted from.
    private func path(of sibling: StoreLocation?) -> String? {
        guard case .repository(let other)? = sibling, other.registry == repository.registry,
            other != repository, client.canMount(from: other.path)
        else { return nil }
        return other.path
    }
}

/// The requests that upload one blob.
struct UploadSession: Sendable {
    let repository: RemoteRepository
    let descriptor: Descriptor
    let open: @Sendable () async throws -> ByteStream
    /// The size of the chunks in a chunked upload.
    let chunkSize = ChunkSize()

    /// Sends the request of a step.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError`` or `CancellationError`.
    func perform(_ step: BlobUpload.Step) async throws -> BlobUpload.StepResult {
        switch step {
        case .mount(let sibling):
            let url = try repository.url("blobs/uploads/")
                .adding(query: "mount", descriptor.digest.description)
                .adding(query: "from", sibling)
            let isOwn = sibling == repository.repository.path
            return try await begin(url, operation(.blobMount, sibling: isOwn ? nil : sibling))
        case .begin:
            return try await begin(
                repository.url("blobs/uploads/"), operation(.uploadPost))
        case .send(let url, inChunks: true):
            return .session(try await sendChunks(to: url))
        case .send(let url, inChunks: false):
            let response = try await repository.client.sendOnce(
                RegistryRequest(
                    operation: operation(.uploadPatch), method: .patch, url: url,
                    fields: ["Content-Type": "application/octet-stream"], body: try await content,
                    accepted: [200, 201, 202, 204], isBulk: true,
                    isTransfer: !descriptor.isSmall, firstByte: .commit))
            return .session(try location(of: response, operation(.uploadPatch)) ?? url)
        case .commit(let url, let withBytes):
            return try await commit(url, withBytes)
        case .check:
            return .found(try await repository.exists(blob: descriptor))
        case .cancel(let url):
            _ = try await repository.client.sendOnce(
                RegistryRequest(
                    operation: operation(.uploadDelete), method: .delete, url: url,
                    accepted: [200, 202, 204, 404]))
            return .cancelled
        }
    }

    private func begin(_ url: HTTPURL, _ operation: Operation) async throws -> BlobUpload.StepResult
    {
        let request = RegistryRequest(
            operation: operation, method: .post, url: url,
            body: .bytes([]), accepted: operation.kind == .blobMount ? [201, 202] : [202])
        let response =
            operation.kind == .blobMount
            ? try await repository.client.sendOptional(request) { $0 }
            : try await repository.client.send(request) { $0 }
        if response.status == 201 {
            try expectMounted(response, operation)
            return .mounted
        }
        chunkSize.recordMinimum(in: response.fields)
        guard let location = try location(of: response, operation) else {
            throw RegistryError(
                .unavailable, operation, "the response has no upload location")
        }
        return .session(location)
    }

    /// Rejects a mount whose response names another blob.
    private func expectMounted(_ response: RegistryResponse, _ operation: Operation) throws {
        let mountedName = response.fields["location"]?.prefix { $0 != "?" && $0 != "#" }
            .split(separator: "/").last
        let stated = [
            response.fields.contentDigest, mountedName.flatMap { try? Digest(parsing: String($0)) },
        ]
        for digest in stated.compactMap(\.self)
        where digest.algorithm == descriptor.digest.algorithm && digest != descriptor.digest {
            throw RegistryError(
                .integrity, operation, "the registry mounted \(digest) instead")
        }
    }

    private func commit(_ url: HTTPURL, _ withBytes: Bool) async throws -> BlobUpload.StepResult {
        let operation = operation(.uploadPut)
        // Any other type makes docker-registry parse the body as a form.
        let request = RegistryRequest(
            operation: operation, method: .put,
            url: url.adding(query: "digest", descriptor.digest.description),
            fields: ["Content-Type": "application/octet-stream"],
            body: withBytes ? try await content : .bytes([]), accepted: [200, 201, 202, 204],
            isBulk: withBytes, isTransfer: withBytes && !descriptor.isSmall, firstByte: .commit)
        let response: RegistryResponse
        do {
            response = try await repository.client.sendOnce(request)
        } catch let error as RegistryError
            where error.status == 400 && error.has(code: { $0 == "DIGEST_INVALID" })
        {
            // Source: distribution-spec § Error Codes: "provided digest did not match uploaded
            // content".
            throw RegistryError(
                .integrity, operation, "digest mismatch: the registry received other bytes")
        }
        // docker-registry states the SHA-256 digest even for a blob with another algorithm, which
        // says nothing about the bytes. It rejects bytes that do not match the digest of the query.
        if let kept = response.fields.contentDigest, kept.algorithm == descriptor.digest.algorithm,
            kept != descriptor.digest
        {
            throw RegistryError(
                .integrity, operation, "the registry stored \(kept) instead")
        }
        if response.status != 201, response.fields.contentDigest != descriptor.digest {
            try await confirm(after: response.status, operation)
        }
        return .stored
    }

    /// Verifies that the registry has the blob after a response that the specification does not
    /// permit and that does not state the digest.
    ///
    /// Some registries respond with another status than 201, but so does a proxy that never passed
    /// the request on.
    private func confirm(after status: Int, _ operation: Operation) async throws {
        // zot responds 202 to a commit that it still processes.
        var waits: ArraySlice<Duration> = status == 202 ? [.seconds(1), .seconds(2)] : []
        while try await !repository.exists(blob: descriptor) {
            guard let wait = waits.popFirst() else {
                throw RegistryError(
                    operation,
                    TransportError(
                        .interrupted,
                        "the response has the status \(status), but the blob is missing"))
            }
            try await repository.client.retryExecutor.time.sleep(wait)
        }
    }

    /// The content as a body: a small blob in memory, so that its request never waits for another
    /// one, and a large one as a stream.
    private var content: RegistryRequest.Body {
        get async throws {
            guard descriptor.isSmall else { return .stream(length: descriptor.size, open: open) }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(descriptor.size)
            do {
                for try await chunk in try await open() {
                    bytes += chunk
                    guard bytes.count <= descriptor.size else { break }
                }
            } catch {
                throw UploadSourceError(cause: error)
            }
            guard bytes.count == descriptor.size else {
                throw RegistryError(
                    operation(.uploadPut),
                    TransportError(
                        .interrupted,
                        "the content has \(bytes.count) of \(descriptor.size) bytes"))
            }
            return .bytes(bytes)
        }
    }

    func operation(_ kind: RequestKind, sibling: String? = nil) -> Operation {
        repository.operation(
            kind, "writing the blob \(descriptor.digest)", writes: true, sibling: sibling)
    }

    /// Returns the next URL of the session, including its query; each response states a new one.
    func location(of response: RegistryResponse, _ operation: Operation) throws -> HTTPURL? {
        guard let text = response.fields["location"] else { return nil }
        do {
            return try repository.client.redirects.upload(text, from: response.url)
        } catch {
            throw RegistryError(operation, error)
        }
    }

    /// Returns the kind of a failure, which determines the next step.
    static func kind(of error: RegistryError) -> BlobUpload.Failure {
        if error.status == 413 { return .tooLarge }
        let namesSession = error.has { $0.hasPrefix("BLOB_UPLOAD_") }
        if namesSession || (error.status == 404 && error.problems.isEmpty) { return .sessionLost }
        return error.isTransient ? .transient : .rejected
    }

    /// Returns the error for a response that is invalid in a step.
    func unexpected(_ step: BlobUpload.Step) -> RegistryError {
        RegistryError(
            .unavailable, operation(.uploadPut), "unexpected response to an upload request")
    }
}
