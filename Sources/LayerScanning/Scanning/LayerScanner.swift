// SPDX-License-Identifier: Apache-2.0

internal import AsyncPrimitives
internal import ChildProcess
public import OCI

/// Scans layers, each in its own child process.
///
/// A layer that crashes or takes over a decoder affects only its own result. The children are forked
/// from a process that is started once and never sees the bytes of a layer.
public struct LayerScanner: Sendable {
    /// The maximum number of concurrent scans that is useful, as each takes memory and a processor.
    public static let maximumConcurrency = 8

    /// The maximum number of concurrent scans.
    public let concurrency: Int
    private let server: Result<ForkServer, ChildProcessError>
    private let semaphore: AsyncSemaphore
    private let limits: ScanLimits

    /// Creates a scanner.
    ///
    /// - Parameters:
    ///   - program: The absolute path of a program that begins with ``ScanWorker``; by default this
    ///     one.
    ///   - concurrency: The maximum number of concurrent scans; others wait.
    ///   - limits: The limits of each scan.
    public init(
        program: String = "/proc/self/exe", concurrency: Int, limits: ScanLimits = ScanLimits()
    ) {
        self.server = Result { () throws(ChildProcessError) in
            // A child that crashes ends at once; its sandbox could not start a backtracer anyway.
            try ForkServer(
                executable: program, arguments: [ScanWorker.serverName],
                environment: ["SWIFT_BACKTRACE": "enable=no"])
        }
        self.concurrency = concurrency
        self.semaphore = AsyncSemaphore(concurrency)
        self.limits = limits
    }

    /// Scans a layer while `body` reads it.
    ///
    /// - Parameters:
    ///   - layer: The layer.
    ///   - claim: Claims the scan of a stream.
    ///   - body: Reads the layer through the tap.
    /// - Returns: The contents of the layer, or the reason that they are unknown; `nil` if no stream
    ///   was scanned to its end.
    /// - Throws: The error of `body`, or `CancellationError`.
    public func scan(
        _ layer: ScannableLayer, claimingWith claim: @escaping LayerTap.Claim = { true },
        while body: (LayerTap) async throws -> Void
    ) async throws -> LayerScanResult? {
        let tap = LayerTap(byteCount: layer.descriptor.size, claimingWith: claim)
        async let result = scanStreams(of: tap, as: layer)
        do {
            try await body(tap)
        } catch {
            _ = tap.end()
            throw error
        }
        return try await tap.end() ? result : nil
    }

    /// Returns the result of the last stream of a tap.
    private func scanStreams(
        of tap: LayerTap, as layer: ScannableLayer
    ) async throws -> LayerScanResult? {
        var result: LayerScanResult?
        while let input = try await tap.next() {
            do {
                result = try await runChild(for: layer, feeding: input)
            } catch {
                // The stream was abandoned, and another one may follow.
                try Task.checkCancellation()
            }
        }
        return result
    }

    /// Scans the bytes of a layer, which the caller supplies while this method runs, in a child process.
    ///
    /// The input is closed when the method returns.
    ///
    /// - Throws: `CancellationError` if the task is canceled or the input is abandoned.
    func runChild(
        for layer: ScannableLayer, feeding input: ChildInput
    ) async throws -> LayerScanResult {
        defer { input.close() }
        // A scan without bytes must not hold a permit: the scans that have bytes may hold what the
        // reader of this layer waits for.
        try await input.waitUntilAvailable()
        return try await semaphore.withPermit {
            let output: ChildOutput
            do throws(ChildProcessError) {
                output = try await server.get().run(
                    ScanRequest(layer, limits).bytes, feeding: input,
                    limits: ChildLimits(
                        time: limits.inputTime, outputByteCount: limits.reportByteCount))
            } catch {
                switch error.cause {
                case .canceled: throw CancellationError()
                case .outputLimit: return .failure(.limit(.paths))
                default: return .failure(.scan("scan process failed: \(error.cause)"))
                }
            }
            return contents(of: layer, output)
        }
    }

    private func contents(
        of layer: ScannableLayer, _ output: ChildOutput
    ) -> LayerScanResult {
        switch output.termination {
        case .signalled(let number):
            .failure(.scan("scan process terminated by signal \(number)"))
        case .exited(let status) where status != 0:
            .failure(.scan("scan process exited with status \(status)"))
        case .exited:
            Result { () throws(LayerScanError) in
                try ReportReader.read(output.standardOutput, of: layer, limits)
            }
        }
    }
}

/// The result of scanning a layer: its contents, or the reason that they are unknown.
public typealias LayerScanResult = Result<LayerContents, LayerScanError>

/// The contents of a layer.
public struct LayerContents: Sendable {
    /// The digest of the uncompressed archive.
    public let diffID: Digest
    /// The size of the uncompressed archive in bytes.
    public let unpackedByteCount: Int
    /// The compression of the bytes, which may differ from the one that the media type states.
    public let compression: LayerCompression
    /// The changes to the file system.
    public let tree: LayerFileTree

    /// Creates the contents of a layer.
    public init(
        diffID: Digest, unpackedByteCount: Int, compression: LayerCompression, tree: LayerFileTree
    ) {
        self.diffID = diffID
        self.unpackedByteCount = unpackedByteCount
        self.compression = compression
        self.tree = tree
    }
}
