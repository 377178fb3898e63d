// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
public import Content
internal import HTTP
internal import Hashing
public import OCI
internal import TextSafety

extension RemoteRepository {
    /// Returns a Boolean value that indicates whether the blob is present with the size of its
    /// descriptor.
    ///
    /// - Throws: ``RegistryError``.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        let request = RegistryRequest(
            operation: operation(.blobHead, "looking for the blob \(descriptor.digest)"),
            method: .head, url: try url("blobs/\(descriptor.digest)"), accepted: [200, 404],
            mayBeWebPage: descriptor.mediaType.isWebPage)
        return try await client.send(request) { response in
            guard response.status == 200 else { return false }
            if let stated = response.fields.contentDigest, stated != descriptor.digest,
                stated.algorithm == descriptor.digest.algorithm
            {
                return false
            }
            // Some registries omit the length; then the digest is sufficient.
            return response.fields.contentLength.map { $0 == descriptor.size } ?? true
        }
    }

    /// Waits until another large blob may be read from the registry.
    ///
    /// - Throws: `CancellationError`.
    public func permitToRead(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        descriptor.isSmall ? nil : try await client.throttle.downloads.transferPermit()
    }

    /// Waits until another large blob may be written to the registry.
    ///
    /// - Throws: `CancellationError`.
    public func permitToWrite(_ descriptor: Descriptor) async throws -> (any TransferPermit)? {
        guard !descriptor.isSmall else { return nil }
        let uploads =
            client.uploadDialect == .chunked ? client.chunkedUploads : client.throttle.uploads
        return try await uploads.transferPermit()
    }

    /// Opens a blob; its stream is resumed after transport errors and verifies the bytes.
    ///
    /// - Throws: ``RegistryError``, as does the stream.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        let operation = operation(.blobGet, "reading the blob \(descriptor.digest)")
        let whole = try await body(of: descriptor, from: 0, operation)
        return ErrorMappingStream(VerifiedStream(whole, verifying: descriptor)) { error in
            guard let error = error as? IntegrityError else { return error }
            return RegistryError(.integrity, operation, error.description)
        }
    }

    /// Opens the rest of a blob; its stream is resumed after transport errors, and is not verified.
    ///
    /// - Throws: ``RegistryError``, as does the stream.
    public func fetch(
        blob descriptor: Descriptor, from offset: Int
    ) async throws -> ByteStream {
        let operation = operation(.blobGet, "reading the blob \(descriptor.digest)")
        return try await body(of: descriptor, from: offset, operation)
    }

    private func body(
        of descriptor: Descriptor, from offset: Int, _ operation: Operation
    ) async throws -> ResumingBody {
        ResumingBody(
            size: descriptor.size, operation: operation, executor: client.executor,
            offset: offset,
            first: try await open(descriptor, at: offset, operation)
        ) { offset in
            try await open(descriptor, at: offset, operation)
        }
    }

    /// Opens the rest of a blob, always through the registry, because redirect URLs change and
    /// expire.
    private func open(
        _ descriptor: Descriptor, at offset: Int, _ operation: Operation
    ) async throws -> ResumingBody.Segment {
        var request = RegistryRequest(
            operation: operation, method: .get, url: try url("blobs/\(descriptor.digest)"),
            accepted: offset == 0 ? [200] : Self.rangeStatuses, isBulk: true,
            isTransfer: !descriptor.isSmall, expectedLength: descriptor.size - offset,
            mayBeWebPage: descriptor.mediaType.isWebPage)
        if offset > 0 { request.fields.append("Range", "bytes=\(offset)-") }
        let segment: ResumingBody.Segment? = try await client.send(request) { response in
            let start = ContentRange.start(response.fields["content-range"])
            guard
                response.status == 200 && start ?? 0 == 0
                    || [200, 206].contains(response.status) && start == offset
            else { return nil }
            let segment = ResumingBody.Segment(start: start ?? 0, body: response.body)
            try requireIdentity(of: response, descriptor.size - segment.start, operation)
            if start == nil { try requireLength(of: response, descriptor.size, operation) }
            return segment
        }
        guard let segment else { return try await open(descriptor, at: 0, operation) }
        return segment
    }

    /// The statuses of responses to a request with `Range`, including rejections, after which
    /// the whole blob is requested.
    private static let rangeStatuses: Set<Int> = [200, 206, 400, 405, 406, 412, 416, 501]

    /// Throws an error if the whole of a blob is stated to have another size than its descriptor,
    /// as resuming it would never reach that size.
    private func requireLength(
        of response: RegistryResponse, _ size: Int, _ operation: Operation
    ) throws {
        guard let length = response.fields.contentLength, length != size else { return }
        throw RegistryError(
            .integrity, operation, "the registry has \(length) bytes of it instead of \(size)",
            hint: "report it to the operator of \(operation.registry)")
    }

    /// Throws an error if the bytes of a blob are encoded, so that they cannot match its digest.
    ///
    /// Some servers label bytes as encoded that are not; those have the size of the blob.
    ///
    /// Source: moby/moby#17595.
    private func requireIdentity(
        of response: RegistryResponse, _ size: Int, _ operation: Operation
    ) throws {
        guard let encoding = response.fields["content-encoding"],
            encoding.lowercased() != "identity", response.fields.contentLength != size
        else { return }
        throw RegistryError(
            .unavailable, operation,
            "the response has Content-Encoding: \(UntrustedText(encoding).display(limit: 40)), "
                + "which was not requested",
            hint: "disable compression in the proxy in front of \(operation.registry)")
    }
}

/// The `Content-Range` field of a partial response, such as `bytes 100-199/200`.
///
/// Source: RFC 9110 §14.4.
enum ContentRange {
    /// Returns the start of the range, or `nil` if the field is missing or malformed.
    static func start(_ text: String?) -> Int? {
        guard let text, text.lowercased().hasPrefix("bytes ") else { return nil }
        let range = text.dropFirst(6).prefix { $0 != "/" }
        let ends = range.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let start = Int(ends[0]), let end = Int(ends[1]), start >= 0,
            start <= end
        else { return nil }
        return start
    }
}

extension MediaType {
    /// A Boolean value that indicates whether this is the type of a web page, which an artifact may
    /// contain.
    fileprivate var isWebPage: Bool { name == "text/html" || name == "application/xhtml+xml" }
}
