// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The files that a run is written to when it ends, however it ends.
struct RunOutputs {
    private let reports: [ReportFile]
    private let metrics: String?
    private let context: ProgramContext

    /// Makes the folders before the run, which may take an hour and should not be for nothing.
    ///
    /// - Throws: `FileError` where a folder cannot be made.
    init(reports: [ReportFile], metrics: String?, in context: ProgramContext) throws {
        self.reports = reports
        self.metrics = metrics
        self.context = context
        for path in reports.map(\.path) + [metrics].compactMap(\.self) {
            try Directory.create(Path.directory(of: context.absolute(path)))
        }
    }

    /// What the report that this run's will replace knew of images, by digest.
    ///
    /// Most nights most images do not change, and then nobody reads them: their sizes and ages would
    /// be known only on the night on which they came.
    var earlier: [Digest: ImageFacts] {
        guard let file = reports.first(where: { $0.form == .json }),
            let bytes = try? BoundedFile.read(context.absolute(file.path), limit: 64 << 20)
        else { return [:] }
        // What is no such report is worth nothing, and does no harm.
        return (try? RunReportReader(parsing: bytes))?.facts ?? [:]
    }

    /// Writes all of them; one that cannot be written is told of and costs no other.
    ///
    /// - Returns: success, or the code for a file that could not be written.
    func write(_ report: RunReport) -> ExitCode {
        var codes = reports.map { file in
            attempt { try replace(file.path, with: file.text(of: report)) }
        }
        if let metrics { codes.append(attempt { try write(report, asMetrics: metrics) }) }
        return .combining(codes)
    }

    /// Writes the figures; of a run that failed, the file still says when one last succeeded.
    private func write(_ report: RunReport, asMetrics path: String) throws {
        let old = try? BoundedFile.read(context.absolute(path), limit: 16 << 20)
        let success = old.flatMap {
            RunMetrics.lastSuccess(in: String(decoding: $0, as: UTF8.self))
        }
        try replace(path, with: RunMetrics(report, lastSuccess: success).text)
    }

    /// A reader finds the old file or the new one, and never a part.
    private func replace(_ path: String, with text: String) throws {
        try AtomicFile.replace(context.absolute(path), with: Array(text.utf8))
    }

    private func attempt(_ write: () throws -> Void) -> ExitCode {
        do {
            try write()
            return .success
        } catch {
            return ErrorReport(error).show(on: context.console)
        }
    }
}
