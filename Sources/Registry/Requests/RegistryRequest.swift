// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import HTTP
internal import OCI

/// A request to a registry, before authorization, redirects and retries.
struct RegistryRequest: Sendable {
    /// The body of a request.
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Bytes from a stream that is opened for each attempt.
        case stream(length: Int, open: @Sendable () async throws -> ByteStream)
    }

    let operation: Operation
    let method: HTTPMethod
    /// The URL of the first hop.
    let url: HTTPURL
    var fields: HTTPFields = [:]
    var body = Body.none
    /// The statuses of successful responses; all others are errors.
    let accepted: Set<Int>
    /// A Boolean value that indicates whether the body of the request or the response may be large.
    var isBulk = false
    /// A Boolean value that indicates whether the caller holds a permit for the transfer of its
    /// large body.
    var isTransfer = false
    /// The length in bytes of the body that may be large, if it is known.
    var expectedLength: Int?
    /// A Boolean value that indicates whether a failure of the request does not fail an image, so
    /// that it has shorter time limits.
    var isOptional = false
    /// A Boolean value that indicates whether the requested content may itself be a web page.
    var mayBeWebPage = false
    /// The time limit for the first byte of the response, if it differs from the default.
    var firstByte: Duration?

    /// Returns the time limits of the request: a total one for metadata, a longer one for commits,
    /// and none for bodies that may be large.
    func limits(_ usual: HTTPTimeouts) -> HTTPTimeouts {
        var limits = usual
        if let firstByte {
            limits.firstByte = firstByte
            limits.total = usual.total.map { $0 + firstByte }
        }
        if isBulk { limits.total = nil }
        if isOptional {
            limits.firstByte = min(limits.firstByte, .seconds(10))
            limits.total = min(limits.total ?? .seconds(20), .seconds(20))
        }
        return limits
    }

    /// A Boolean value that indicates whether the request writes, so that a redirect would send the
    /// body again.
    var writes: Bool { method != .get && method != .head }
}

extension HTTPBody {
    /// The length of the body in bytes.
    var length: Int {
        switch self {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .stream(let length, _): length
        }
    }
}

/// A successful response to a request.
struct RegistryResponse: Sendable {
    let status: Int
    let fields: HTTPFields
    /// The URL of the response, to which its `Location` is relative.
    let url: HTTPURL
    let body: HTTPByteStream

    /// Reads the whole body.
    func collect(limit: Int) async throws -> [UInt8] {
        try await HTTPResponse(status: status, fields: fields, body: body).collect(limit: limit)
    }
}

/// An error of the source of a request's body, not of the request.
struct UploadSourceError: Error {
    let cause: any Error
}

/// An operation on a registry, for messages and events.
struct Operation: Sendable {
    /// The kind of request, by which requests are counted.
    let kind: RequestKind
    /// The operation as a phrase, such as `reading the tag 1.36`.
    let phrase: String
    /// The registry.
    let registry: RegistryHost
    /// The repository, or `nil` if the request concerns the whole registry.
    let repository: Repository?
    /// The access that the request needs.
    var access: Access
    /// A Boolean value that indicates whether content is pushed to the repository later, so that
    /// advice names the right to push.
    var precedesPush = false

    init(kind: RequestKind, phrase: String, repository: Repository, access: Access) {
        self.kind = kind
        self.phrase = phrase
        self.registry = repository.registry
        self.repository = repository
        self.access = access
    }

    /// Creates an operation that concerns no repository.
    init(kind: RequestKind, phrase: String, registry: RegistryHost) {
        self.kind = kind
        self.phrase = phrase
        self.registry = registry
        self.repository = nil
        self.access = .none
    }

    /// Returns a step of this operation, which is counted and described separately.
    func step(_ kind: RequestKind, _ phrase: String) -> Operation {
        Operation(self, kind: kind, phrase: "\(phrase) for \(self.phrase)")
    }

    private init(_ whole: Operation, kind: RequestKind, phrase: String) {
        self.kind = kind
        self.phrase = phrase
        self.registry = whole.registry
        self.repository = whole.repository
        self.access = whole.access
        self.precedesPush = whole.precedesPush
    }
}
