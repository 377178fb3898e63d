// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Hashing
internal import OCI

/// The scan of one layer, from standard input to a report on standard output.
///
/// The process drops all rights that it does not need before it reads the first byte, and never
/// creates a file.
struct ScanRequest: Sendable {
    /// The size in bytes from which a layer is hashed by a thread of its own.
    private static let threadByteCount = 1 << 20

    private let compression: LayerCompression
    private let limits: ScanLimits
    /// A Boolean value that indicates whether the layer is large enough for a second thread.
    private var isLarge = false
    /// A Boolean value that indicates whether the digest of the layer is also that of its plain
    /// bytes if it is not compressed.
    private var hasPlainDigest = false

    init(_ layer: LayerScanKey, _ limits: ScanLimits) {
        compression = layer.compression
        self.limits = limits
        isLarge = layer.size >= Self.threadByteCount
        hasPlainDigest = layer.hasPlainDigest
    }

    /// Creates a request from words: the compression and the limits.
    init?(_ words: some Collection<String>) {
        guard let compression = words.first.flatMap(LayerCompression.init(rawValue:)),
            let limits = ScanLimits(arguments: words.dropFirst())
        else { return nil }
        self.compression = compression
        self.limits = limits
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

    /// Initializes the libraries, so that children need not.
    static func prepare() {
        _ = DigestHasher().finish()
        _ = try? ArchiveHandle()
    }

    /// Scans standard input to its end and writes the report to standard output.
    ///
    /// - Returns: The exit status; 0 if the report is complete, including the report of an error.
    func run() -> Int32 {
        // The thread must exist before the process gives up the right to start one.
        let hasher = hasPlainDigest ? nil : TarHasher(onThread: isLarge)
        do {
            try ProcessSandbox.lowerLimits(
                addressSpace: limits.addressSpace, seconds: limits.seconds)
        } catch {
            return 1
        }
        // The limits apply in addition, and alone if a kernel supports no filter.
        ProcessSandbox.installSeccompFilter()
        var report = ReportWriter()
        do throws(LayerScanError) {
            let archive = TarArchiveReader(try TarStream(compression, limits, hasher))
            var count = 0
            while let entry = try archive.next() {
                count += 1
                guard count <= limits.entries else { throw .limit(.entries) }
                report.add(entry)
            }
            let (diffID, size) = try archive.finish()
            report.finish(
                diffID: diffID, unpackedByteCount: size, compression: archive.compression)
        } catch {
            report.finish(error)
        }
        return report.flush() ? 0 : 1
    }
}
