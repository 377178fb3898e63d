// SPDX-License-Identifier: Apache-2.0

public import Content
internal import HTTP
internal import Hashing
public import OCI

extension RemoteRepository {
    /// Whether the blob is here with the size that its descriptor states.
    ///
    /// - Throws: ``RegistryError``.
    public func exists(blob descriptor: Descriptor) async throws -> Bool {
        let call = RegistryRequest(
            operation: operation(.blobHead, "looking for the blob \(descriptor.digest)"),
            method: .head, url: try url("blobs/\(descriptor.digest)"), accepted: [200, 404],
            mayBeWebPage: descriptor.mediaType.isWebPage)
        return try await client.send(call) { reply in
            guard reply.status == 200 else { return false }
            if let stated = reply.fields.contentDigest, stated != descriptor.digest,
                stated.algorithm == descriptor.digest.algorithm
            {
                return false
            }
            // Some registries leave the length out; then the digest has to do.
            return reply.fields.contentLength.map { $0 == descriptor.size } ?? true
        }
    }

    /// Opens a blob; its stream survives broken connections and proves its bytes.
    ///
    /// - Throws: ``RegistryError``, as does the stream.
    public func fetch(blob descriptor: Descriptor) async throws -> ByteStream {
        let operation = operation(.blobGet, "reading the blob \(descriptor.digest)")
        let first = try await open(descriptor, at: 0, operation)
        let whole = ResumingBody(
            size: descriptor.size, operation: operation, retrier: client.retrier, first: first
        ) { offset in
            try await open(descriptor, at: offset, operation)
        }
        return VerifiedBlob(
            base: VerifiedStream(whole, verifying: descriptor), operation: operation)
    }

    /// Opens the rest of a blob, always through the registry: where it leads to changes and expires.
    private func open(
        _ descriptor: Descriptor, at offset: Int, _ operation: Operation
    ) async throws -> ResumingBody.Part {
        var call = RegistryRequest(
            operation: operation, method: .get, url: try url("blobs/\(descriptor.digest)"),
            accepted: offset == 0 ? [200] : [200, 206, 416], isBulk: true,
            mayBeWebPage: descriptor.mediaType.isWebPage)
        if offset > 0 { call.fields.append("Range", "bytes=\(offset)-") }
        let part: ResumingBody.Part? = try await client.send(call) { reply in
            switch reply.status {
            case 200:
                return ResumingBody.Part(start: 0, body: reply.body)
            case 206 where ContentRange.start(reply.fields["content-range"]) == offset:
                return ResumingBody.Part(start: offset, body: reply.body)
            default:
                return nil
            }
        }
        guard let part else { return try await open(descriptor, at: 0, operation) }
        return part
    }
}

/// The `Content-Range` field of a partial answer: `bytes 100-199/200`.
///
/// Source: RFC 9110 §14.4.
enum ContentRange {
    /// Returns where the part starts, or nil where the field is absent or malformed.
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

/// A proved stream that fails in this room's words.
struct VerifiedBlob: AsyncSequence, Sendable {
    let base: VerifiedStream
    let operation: Operation

    func makeAsyncIterator() -> Iterator {
        Iterator(base: base.makeAsyncIterator(), operation: operation)
    }

    struct Iterator: AsyncIteratorProtocol {
        let base: VerifiedStream.Iterator
        let operation: Operation

        func next() async throws -> [UInt8]? {
            do {
                return try await base.next()
            } catch let error as IntegrityError {
                throw RegistryError(.integrity, operation, error.description)
            }
        }
    }
}

extension MediaType {
    /// A Boolean value that indicates whether this is the type of a web page, as artifacts may hold.
    fileprivate var isWebPage: Bool { name == "text/html" || name == "application/xhtml+xml" }
}
