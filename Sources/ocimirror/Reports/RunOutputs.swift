// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import Mirroring
internal import OCI
internal import StrictJSON

/// The files that are written when a run ends, whether or not it succeeded.
struct RunOutputs {
    private let reports: [ReportFile]
    private let metrics: String?
    private let context: ProgramContext

    /// Creates the directories of the files before the run, and checks that the files can be
    /// written, so that a long run does not fail at its end.
    ///
    /// - Throws: `FileError` if a directory cannot be created, or a file cannot be written.
    init(reports: [ReportFile], metrics: String?, in context: ProgramContext) throws {
        self.reports = reports
        self.metrics = metrics
        self.context = context
        for path in reports.map(\.path) + [metrics].compactMap(\.self) {
            let path = context.absolute(path)
            try Directory.create(Path.directory(of: path))
            // The temporary file is removed at once, and an existing file is unchanged.
            _ = try FileWriter(path)
        }
    }

    /// The facts about images in the existing report, by digest.
    ///
    /// Manifests of unchanged images are not read, so their sizes and ages are known only from the
    /// report of an earlier run.
    var earlier: [Digest: ImageFacts] {
        guard let file = reports.first(where: { $0.format == .json }),
            let bytes = try? BoundedFile.read(context.absolute(file.path), limit: 64 << 20)
        else { return [:] }
        // An unreadable report is ignored.
        return (try? RunReportReader(parsing: bytes))?.facts ?? [:]
    }

    /// Writes all files.
    ///
    /// If one cannot be written, the error is logged and the others are still written.
    ///
    /// - Returns: `success`, or the exit code of a file that could not be written.
    func write(_ report: RunReport) -> ExitCode {
        var codes = reports.map { file in
            attempt { try replace(file.path, with: file.text(of: report)) }
        }
        if let metrics { codes.append(attempt { try write(report, asMetrics: metrics) }) }
        return .combining(codes)
    }

    /// Writes the metrics, carrying over the last success from the existing file after a failed
    /// run.
    private func write(_ report: RunReport, asMetrics path: String) throws {
        let old = try? BoundedFile.read(context.absolute(path), limit: 16 << 20)
        let success = old.flatMap {
            RunMetrics.lastSuccess(in: String(decoding: $0, as: UTF8.self))
        }
        try replace(path, with: RunMetrics(report, lastSuccess: success).text)
    }

    /// Replaces a file atomically.
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

/// A report file whose format follows from its file name extension.
struct ReportFile: Hashable, Sendable {
    /// The supported formats; raw values are file name extensions.
    enum Format: String, Sendable, CaseIterable {
        case json
        case md
        case html
    }

    let path: String
    let format: Format

    /// Returns the content of the file.
    func text(of report: RunReport) -> String {
        switch format {
        case .json: report.json.text
        case .md: MarkdownReport(report).text
        case .html: HTMLReport(report).text
        }
    }
}

extension ReportFile: ArgumentValue {
    static let placeholder = "FILE"

    /// Creates a report file from a path with a supported extension.
    init(argument: String) throws(InvalidValue) {
        guard let format = Format.allCases.first(where: { argument.hasSuffix(".\($0.rawValue)") })
        else {
            let extensions = Format.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
            throw InvalidValue(argument, "expected a file name that ends in one of \(extensions)")
        }
        path = argument
        self.format = format
    }

    var argument: String { path }
}
