// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Glibc

/// The scan of one layer, in a process of its own.
///
/// The process drops all rights that it does not need before it reads the first byte, and never
/// creates a file.
extension ScanRequest {
    /// A layer without entries: 1,024 null bytes, compressed with gzip.
    private static let emptyLayer: [UInt8] = [
        0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 3, 0x63, 0x60, 0x18, 0x05, 0xA3, 0x60, 0x14, 0x8C, 0x54, 0,
        0, 0x2E, 0xAF, 0xB5, 0xEF, 0, 4, 0, 0,
    ]

    /// Scans a layer without entries, which initializes what the scans of children need.
    ///
    /// It uses no untrusted data and changes only the memory that children inherit.
    static func prepare() {
        _ = try? ArchiveHandle()
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return }
        _ = unsafe write(ends[1], emptyLayer, emptyLayer.count)
        _ = close(ends[1])
        defer { _ = close(ends[0]) }
        _ = ScanRequest(compression: .gzip, limits: ScanLimits()).report(
            on: ends[0], hasher: TarHasher(onThread: false))
    }

    /// Scans standard input to its end and writes the report to standard output.
    ///
    /// - Returns: The exit status; 0 if the report is complete, including the report of an error.
    func scanStandardInput() -> Int32 {
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
        var report = report(on: STDIN_FILENO, hasher: hasher)
        return report.flush() ? 0 : 1
    }

    /// Scans a layer and returns the complete report, which may be that of an error.
    func report(on input: Int32, hasher: TarHasher?) -> ReportWriter {
        var report = ReportWriter()
        do throws(LayerScanError) {
            let stream = try TarStream(
                from: input, compression: compression, limits: limits, hasher: hasher)
            let archive = TarArchiveReader(stream)
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
        return report
    }
}
