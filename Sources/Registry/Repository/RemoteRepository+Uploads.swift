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
    public var mountReportsExistence: Bool { client.mountReportsExistence }

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
        let origin = path(of: sibling)
        let isOwn = origin == repository.path
        var upload = BlobUpload(
            client.uploadDialect, mountingFrom: origin, last: .last(for: client.host))
        var attempt = 1
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
            if isOwn, case .mount = upload.step, case .failed = answer {
                client.mountReportsExistence = false
            }
            let dialect = upload.dialect
            switch upload.take(answer) {
            case .step:
                // Only what was learned just now: another upload may know better by this time.
                if upload.dialect != dialect { client.uploadDialect = upload.dialect }
            case .finished(let arrival):
                guard let origin else { return arrival }
                if isOwn { return arrival == .mounted ? .present : arrival }
                if arrival != .mounted { client.recordMountFailure(from: origin) }
                return arrival
            case .restart:
                guard let failure else { continue }
                guard try await mayRestart(after: failure, attempt) else { throw failure }
                attempt += 1
            case .failed:
                throw failure
                    ?? session.unexpected(upload.step)
            }
        }
    }

    /// A lost session is begun anew at once; other failures wait as the policy says.
    private func mayRestart(after failure: RegistryError, _ attempt: Int) async throws -> Bool {
        if failure.isTransient {
            return try await client.retrier.waits(attempt: attempt, for: failure)
        }
        return attempt < client.retrier.policy.maximumAttempts
    }

    private func path(of sibling: StoreLocation?) -> String? {
        guard case .repository(let other)? = sibling, other.registry == repository.registry,
            other == repository ? mountReportsExistence : client.canMount(from: other.path)
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
        }
    }

    private func begin(_ url: HTTPURL, _ operation: Operation) async throws -> BlobUpload.Answer {
        let call = RegistryRequest(
            operation: operation, method: .post, url: url,
            body: .bytes([]), accepted: operation.kind == .blobMount ? [201, 202] : [202])
        let reply = try await repository.client.send(call) { $0 }
        if reply.status == 201 { return .mounted }
        pieceSize.note(reply.fields)
        guard let location = try location(of: reply, operation) else {
            throw RegistryError(
                .unavailable, operation, "the registry names no place to send it to")
        }
        return .session(location)
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
