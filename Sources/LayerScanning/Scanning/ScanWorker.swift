// SPDX-License-Identifier: Apache-2.0

internal import ChildProcess
internal import Glibc

/// The program as the child process that scans one layer and writes a report.
///
/// It is not a command: ``LayerScanner`` starts the program with these arguments. It drops all
/// rights that it does not need before it reads the first byte, and never creates a file.
public struct ScanWorker: Sendable {
    static let name = "scan-layer"

    private let compression: LayerCompression
    private let limits: ScanLimits

    /// Recognizes the arguments that a scanner starts the program with; `nil` for any others.
    public init?(_ arguments: [String]) {
        guard arguments.count == 8, arguments[0] == Self.name,
            let compression = LayerCompression(rawValue: arguments[1]),
            let limits = ScanLimits(arguments: arguments[2...])
        else { return nil }
        self.compression = compression
        self.limits = limits
    }

    static func arguments(_ compression: LayerCompression, _ limits: ScanLimits) -> [String] {
        [name, compression.rawValue] + limits.arguments
    }

    /// Scans standard input to its end and writes the report to standard output.
    ///
    /// - Returns: The exit status; 0 if the report is complete, including the report of an error.
    public func run() -> Int32 {
        do {
            // libarchive keeps non-ASCII paths unchanged only in a locale that can encode them.
            _ = unsafe setlocale(LC_CTYPE, "C.UTF-8")
            try ProcessSandbox.lowerLimits(
                addressSpace: limits.addressSpace, seconds: limits.seconds)
        } catch {
            return 1
        }
        // The limits apply in addition, and alone if a kernel supports no filter.
        ProcessSandbox.installSeccompFilter()
        var report = ReportWriter()
        do throws(LayerScanError) {
            let archive = try TarArchiveReader(try TarStream(compression, limits))
            var count = 0
            while let entry = try archive.next() {
                count += 1
                guard count <= limits.entries else { throw .limit(.entries) }
                report.add(entry)
            }
            let (diffID, size) = try archive.finish()
            report.finish(diffID: diffID, unpackedByteCount: size)
        } catch {
            report.finish(error)
        }
        return report.flush() ? 0 : 1
    }
}
