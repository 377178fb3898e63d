// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

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
            return .canceled
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
            where error.registryStatus == 400 && error.has(code: { $0 == "DIGEST_INVALID" })
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
            try await repository.client.time.sleep(wait)
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
        try response.fields["location"].map {
            try repository.client.redirects.upload($0, from: response.url, for: operation)
        }
    }

    /// Returns the kind of a failure, which determines the next step.
    static func kind(of error: RegistryError) -> BlobUpload.Failure {
        if error.registryStatus == 413 { return .tooLarge }
        let namesSession = error.registryStatus != nil && error.has { $0.hasPrefix("BLOB_UPLOAD_") }
        if namesSession || (error.registryStatus == 404 && error.problems.isEmpty) {
            return .sessionLost
        }
        return error.isTransient ? .transient : .rejected
    }

    /// The error for a response that is invalid in the current step.
    var unexpectedResponse: RegistryError {
        RegistryError(
            .unavailable, operation(.uploadPut), "unexpected response to an upload request")
    }
}
