// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Glibc

/// The mode in which the program scans layers instead of running a command.
///
/// ``LayerScanner`` starts the program with ``serverName`` as a ``ForkServerProcess``, whose
/// children scan one layer each. With ``name``, for debugging, it scans one layer.
public struct ScanWorker: Sendable {
    static let serverName = "scan-layers"
    static let name = "scan-layer"

    /// The layer to scan; `nil` for a server.
    private let request: ScanRequest?

    /// Parses the arguments of the program; `nil` if they do not start a scan worker.
    public init?(_ arguments: [String]) {
        if arguments == [Self.serverName] {
            request = nil
        } else if arguments.first == Self.name, let request = ScanRequest(arguments.dropFirst()) {
            self.request = request
        } else {
            return nil
        }
    }

    /// Scans layers.
    ///
    /// - Returns: The exit status.
    public func run() -> Int32 {
        if let request { return Self.scan(request) }
        Self.prepare()
        ForkServerProcess.serve(parsing: ScanRequest.init(_:), running: Self.scan)
        return 0
    }

    /// Scans the layer on standard input and writes the report to standard output.
    ///
    /// The process drops all rights that it does not need before it reads the first byte, and never
    /// creates a file.
    ///
    /// - Returns: The exit status; 0 if the report is complete, including the report of an error.
    private static func scan(_ request: ScanRequest) -> Int32 {
        // The thread must exist before the process gives up the right to start one.
        let hasher = request.hasPlainDigest ? nil : TarHasher(onThread: request.isLarge)
        do {
            try ProcessSandbox.lowerLimits(
                addressSpace: request.limits.addressSpace, seconds: request.limits.seconds)
        } catch {
            return 1
        }
        // The limits apply in addition, and alone if a kernel supports no filter.
        ProcessSandbox.installSeccompFilter()
        var report = report(of: request, on: STDIN_FILENO, hasher: hasher)
        return report.flush() ? 0 : 1
    }

    /// Scans a layer and returns the complete report, which may be that of an error.
    static func report(
        of request: ScanRequest, on input: Int32, hasher: TarHasher?
    ) -> ReportWriter {
        var report = ReportWriter()
        do throws(LayerScanError) {
            let stream = try TarStream(
                from: input, compression: request.compression, limits: request.limits,
                hasher: hasher)
            let archive = TarArchiveReader(stream)
            var count = 0
            while let entry = try archive.next() {
                count += 1
                guard count <= request.limits.entries else { throw .limit(.entries) }
                report.add(entry)
            }
            let (diffID, size) = try stream.finish()
            report.finish(
                diffID: diffID, unpackedByteCount: size, compression: stream.compression)
        } catch {
            report.finish(error)
        }
        return report
    }

    /// Scans a layer without entries, which initializes what the scans of children need.
    ///
    /// It uses no untrusted data and changes only the memory that children inherit.
    private static func prepare() {
        _ = try? ArchiveHandle()
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return }
        _ = unsafe write(ends[1], emptyLayer, emptyLayer.count)
        _ = close(ends[1])
        defer { _ = close(ends[0]) }
        _ = report(
            of: ScanRequest(compression: .gzip, limits: ScanLimits()), on: ends[0],
            hasher: TarHasher(onThread: false))
    }

    /// A layer without entries: 1,024 null bytes, compressed with gzip.
    private static let emptyLayer: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0x18, 0x05, 0xA3, 0x60, 0x14, 0x8C, 0x54, 0,
        0, 0x2E, 0xAF, 0xB5, 0xEF, 0, 4, 0, 0,
    ]
}
