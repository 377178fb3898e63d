// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
public import OCI

extension RemoteRepository {
    /// Whether a mount from this very repository tells what is there: 201 for a blob that is, a session
    /// for one that is not.
    ///
    /// It saves the HEAD that would come before each upload.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository, which lets a client name
    /// any repository that it may read.
    public var mountReportsExistence: Bool { client.presence.usesMounts }

    /// A Boolean value that indicates whether a blob that is expected to be present should be pushed
    /// first.
    ///
    /// Source: distribution-spec § Mounting a blob from another repository: a registry may answer every
    /// mount with a session.
    public var needsExpectedBlob: Bool { client.presence.isUnknown }

    /// Writes a blob, or has the registry take it from another of its repositories.
    ///
    /// - Parameters:
    ///   - descriptor: what is written.
    ///   - sibling: another repository that holds the blob, of use only at the same registry; or this
    ///     one, to send nothing that is here.
    ///   - open: opens the bytes from the start, once for each attempt.
    /// - Returns: how the blob came to be there.
    /// - Throws: ``RegistryError``, or what `open` or its stream threw.
    public func push(
        blob descriptor: Descriptor, mountingFrom sibling: StoreLocation?,
        open: @escaping @Sendable () async throws -> ByteStream
    ) async throws -> BlobPushResult {
        let session = UploadSession(repository: self, descriptor: descriptor, open: open)
        let method =
            sibling == location ? try await client.presence.method(isExpected: false) : nil
        return try await push(session, mountingFrom: path(of: sibling), method)
    }

    /// Writes a blob that is expected to be present, and learns how the registry reports it.
    ///
    /// - Throws: ``RegistryError``, or what `open` or its stream threw.
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
        // Whatever ends the push, those that wait for what it learns go on.
        defer { if method == .probe { client.presence.endProbe() } }
        let mount: (from: String?, lookup: BlobUpload.Lookup) =
            switch method {
            case .probe: (repository.path, .afterMount)
            case .mount where sibling == nil: (repository.path, .afterFailedMount)
            case .head: (sibling, .first)
            case .mount, nil: (sibling, .never)
            }
        var upload = BlobUpload(
            client.uploadDialect, mountingFrom: mount.from, looking: mount.lookup,
            last: .last(for: client.host))
        var attempt = 1
        let start = client.retrier.time.now()
        var failure: RegistryError?
        while true {
            let answer: BlobUpload.Answer
            do {
                answer = try await session.perform(upload.step)
            } catch let error as RegistryError {
                failure = error
                answer = .failed(UploadSession.kind(of: error))
            } catch let error as UploadSourceError {
                throw error.cause
            }
            learn(from: answer, to: upload, method)
            let (dialect, isOwn) = (upload.dialect, upload.step == .mount(from: repository.path))
            switch upload.take(answer) {
            case .step:
                // Only what was learned just now: another upload may know better by this time.
                if upload.dialect != dialect { client.uploadDialect = upload.dialect }
            case .finished(let arrival): return isOwn && arrival == .mounted ? .present : arrival
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

    /// Remembers what an answer says about the registry, before any byte is sent.
    private func learn(
        from answer: BlobUpload.Answer, to upload: BlobUpload, _ method: BlobPresence.Method?
    ) {
        switch (upload.step, answer) {
        case (.mount(from: repository.path), .mounted): client.presence.learn(.mount)
        case (.mount(from: repository.path), .failed): client.presence.learn(.head)
        case (.mount(from: repository.path), _): break
        // A failure that may pass says nothing about the next mount.
        case (.mount, .mounted), (.mount, .failed(.transient)): break
        case (.mount(let sibling), _): client.recordMountFailure(from: sibling)
        case (.look, .found(true)) where method == .probe && !upload.hasSent:
            client.presence.learn(.head)
        case (.look, _) where method == .probe && !upload.hasSent: client.presence.endProbe()
        default: break
        }
    }

    /// A lost session is begun anew at once; other failures wait as the policy says.
    private func mayRestart(
        after failure: RegistryError, _ attempt: Int, since start: Duration
    ) async throws -> Bool {
        if failure.isTransient {
            return try await client.retrier.waits(attempt: attempt, since: start, for: failure)
        }
        return attempt < client.retrier.policy.maximumAttempts
    }

    /// Returns the path of another repository that the blob may be mounted from.
    private func path(of sibling: StoreLocation?) -> String? {
        guard case .repository(let other)? = sibling, other.registry == repository.registry,
            other != repository, client.canMount(from: other.path)
        else { return nil }
        return other.path
    }
}

/// The requests of one blob's upload.
struct UploadSession: Sendable {
    let repository: RemoteRepository
    let descriptor: Descriptor
    let open: @Sendable () async throws -> ByteStream
    /// How large its pieces are, where it is sent in pieces.
    let pieceSize = ChunkSize()

    /// Sends what a step asks for.
    ///
    /// - Throws: ``RegistryError``, ``UploadSourceError`` or `CancellationError`.
    func perform(_ step: BlobUpload.Step) async throws -> BlobUpload.Answer {
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
        case .send(let url, inPieces: true):
            return .session(try await sendPieces(to: url))
        case .send(let url, inPieces: false):
            let reply = try await repository.client.sendOnce(
                RegistryRequest(
                    operation: operation(.uploadPatch), method: .patch, url: url,
                    fields: ["Content-Type": "application/octet-stream"], body: bytes,
                    accepted: [200, 201, 202, 204], isBulk: true, firstByte: .commit))
            return .session(try location(of: reply, operation(.uploadPatch)) ?? url)
        case .commit(let url, let withBytes):
            return try await commit(url, withBytes)
        case .look:
            return .found(try await repository.exists(blob: descriptor))
        case .cancel(let url):
            _ = try await repository.client.sendOnce(
                RegistryRequest(
                    operation: operation(.uploadDelete), method: .delete, url: url,
                    accepted: [200, 202, 204, 404]))
            return .cancelled
        }
    }

    private func begin(_ url: HTTPURL, _ operation: Operation) async throws -> BlobUpload.Answer {
        let call = RegistryRequest(
            operation: operation, method: .post, url: url,
            body: .bytes([]), accepted: operation.kind == .blobMount ? [201, 202] : [202])
        let reply =
            operation.kind == .blobMount
            ? try await repository.client.sendOptional(call)
            : try await repository.client.send(call) { $0 }
        if reply.status == 201 {
            try expectMounted(reply, operation)
            return .mounted
        }
        pieceSize.note(reply.fields)
        guard let location = try location(of: reply, operation) else {
            throw RegistryError(
                .unavailable, operation, "the registry names no place to send it to")
        }
        return .session(location)
    }

    /// Rejects a mount whose answer names another blob.
    private func expectMounted(_ reply: RegistryResponse, _ operation: Operation) throws {
        let place = reply.fields["location"]?.prefix { $0 != "?" && $0 != "#" }
            .split(separator: "/").last
        let stated = [
            reply.fields.contentDigest, place.flatMap { try? Digest(parsing: String($0)) },
        ]
        for digest in stated.compactMap(\.self)
        where digest.algorithm == descriptor.digest.algorithm && digest != descriptor.digest {
            throw RegistryError(
                .integrity, operation, "the registry mounted \(digest) instead")
        }
    }

    private func commit(_ url: HTTPURL, _ withBytes: Bool) async throws -> BlobUpload.Answer {
        let operation = operation(.uploadPut)
        // Another type than this makes docker-registry read the body as a form.
        let call = RegistryRequest(
            operation: operation, method: .put,
            url: url.adding(query: "digest", descriptor.digest.description),
            fields: ["Content-Type": "application/octet-stream"],
            body: withBytes ? bytes : .bytes([]), accepted: [200, 201, 202, 204],
            isBulk: withBytes, firstByte: .commit)
        let reply: RegistryResponse
        do {
            reply = try await repository.client.sendOnce(call)
        } catch let error as RegistryError
            where error.status == 400 && error.has(code: { $0 == "DIGEST_INVALID" })
        {
            // Source: distribution-spec § Error Codes: "provided digest did not match uploaded content".
            throw RegistryError(
                .integrity, operation, "the registry received other bytes than were sent")
        }
        // docker-registry states the SHA-256 digest also of what came under another algorithm's:
        // that says nothing about the bytes, and it has refused others than those of the query.
        if let kept = reply.fields.contentDigest, kept.algorithm == descriptor.digest.algorithm,
            kept != descriptor.digest
        {
            throw RegistryError(
                .integrity, operation, "the registry keeps \(kept) in its place")
        }
        return .stored
    }

    private var bytes: RegistryRequest.Body { .stream(length: descriptor.size, open: open) }

    func operation(_ kind: RequestKind, sibling: String? = nil) -> Operation {
        repository.operation(
            kind, "writing the blob \(descriptor.digest)", writes: true, sibling: sibling)
    }

    /// Where the session goes on; each answer names a fresh place, query included.
    func location(of reply: RegistryResponse, _ operation: Operation) throws -> HTTPURL? {
        guard let text = reply.fields["location"] else { return nil }
        do {
            return try repository.client.redirects.upload(text, from: reply.url)
        } catch {
            throw RegistryError(
                .unavailable, operation, "the registry leads to \(error.description)",
                hint: "if the place belongs to it, add it to "
                    + "registries.\(repository.client.host).allow")
        }
    }

    /// Tells the failures apart after which an upload goes on.
    static func kind(of error: RegistryError) -> BlobUpload.Failure {
        if error.status == 413 { return .tooLarge }
        let namesSession = error.has { $0.hasPrefix("BLOB_UPLOAD_") }
        if namesSession || (error.status == 404 && error.problems.isEmpty) { return .sessionLost }
        return error.isTransient ? .transient : .refused
    }

    /// An answer that fits no step is the registry's fault.
    func unexpected(_ step: BlobUpload.Step) -> RegistryError {
        RegistryError(.unavailable, operation(.uploadPut), "the registry's answers fit no upload")
    }
}
