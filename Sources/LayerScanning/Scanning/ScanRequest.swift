// SPDX-License-Identifier: Apache-2.0

internal import OCI

/// A request to scan one layer, which the parent process sends to the fork server.
struct ScanRequest: Sendable {
    /// The size in bytes from which a layer is hashed by a thread of its own.
    private static let threadByteCount = 1 << 20

    let compression: LayerCompression
    let limits: ScanLimits
    /// A Boolean value that indicates whether the layer is large enough for a second thread.
    private(set) var isLarge = false
    /// A Boolean value that indicates whether the digest of the layer is also that of its plain
    /// bytes if it is not compressed.
    private(set) var hasPlainDigest = false

    init(_ layer: ScannableLayer, _ limits: ScanLimits) {
        compression = layer.compression
        self.limits = limits
        isLarge = layer.descriptor.size >= Self.threadByteCount
        hasPlainDigest = layer.hasPlainDigest
    }

    init(compression: LayerCompression, limits: ScanLimits) {
        self.compression = compression
        self.limits = limits
    }

    /// Creates a request from words: the compression and the limits.
    init?(_ words: some Collection<String>) {
        guard let compression = words.first.flatMap(LayerCompression.init(rawValue:)),
            let limits = ScanLimits(arguments: words.dropFirst())
        else { return nil }
        self.init(compression: compression, limits: limits)
    }

    /// Creates a request from its ``bytes``.
    init?(_ bytes: [UInt8]) {
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ").map(String.init)
        guard words.count > 2, let isLarge = Bool(words[0]), let hasPlainDigest = Bool(words[1])
        else { return nil }
        self.init(words.dropFirst(2))
        self.isLarge = isLarge
        self.hasPlainDigest = hasPlainDigest
    }

    /// The request as a message to the process that forks the children.
    var bytes: [UInt8] {
        let words = ["\(isLarge)", "\(hasPlainDigest)", compression.rawValue] + limits.arguments
        return Array(words.joined(separator: " ").utf8)
    }
}
