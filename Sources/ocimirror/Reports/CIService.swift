// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Mirroring

/// The CI service that runs the program, which shows a job summary and annotations.
///
/// Untrusted text in commands is escaped, so that it can neither end a command nor start one.
enum CIService {
    /// GitHub Actions, with the file of the step's summary.
    case gitHub(summary: String?)
    /// Azure Pipelines, with a directory for the summary.
    case azure(directory: String?)

    /// The maximum number of annotations.
    ///
    /// Source: GitHub, limits of annotations: 10 errors per step.
    static let maximumAnnotations = 10

    /// Detects the service by its variables, or returns `nil` outside of CI.
    ///
    /// Source: GitHub, Default environment variables; Azure, Predefined variables.
    init?(environment: [String: String]) {
        func value(_ name: String) -> String? {
            environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        if value("GITHUB_ACTIONS") == "true" {
            self = .gitHub(summary: value("GITHUB_STEP_SUMMARY"))
        } else if value("TF_BUILD")?.lowercased() == "true" {
            self = .azure(directory: value("AGENT_TEMPDIRECTORY"))
        } else {
            return nil
        }
    }

    /// The maximum size of the summaries of all commands in a step, in bytes.
    ///
    /// Source: GitHub, Workflow commands § Step isolation and limits: 1 MiB.
    static let maximumSummarySize = 1 << 20
    /// The size below which a summary has no room for its tables, in bytes.
    private static let minimumSummarySize = 4096

    /// Writes the job summary and the annotations.
    ///
    /// A summary that cannot be written is a warning: the run itself is not affected.
    func write(_ report: RunReport, on console: Console) {
        do {
            try writeSummary(of: report, on: console)
        } catch {
            console.warn("the job summary could not be written: \(error)")
        }
        console.screen.write(annotations(of: report), to: .error)
    }

    private func writeSummary(of report: RunReport, on console: Console) throws {
        switch self {
        case .gitHub(let path?):
            // Earlier commands of the step may have written a part of the summary.
            let exists = try FileStatus.of(path) != nil
            let earlier = exists ? try BoundedFile.read(path, limit: Self.maximumSummarySize) : []
            let space = min(Self.maximumSummarySize - earlier.count, MarkdownReport.limit)
            guard space >= Self.minimumSummarySize else {
                console.warn("no job summary: earlier commands of the step have used its space")
                return
            }
            let text = MarkdownReport(report, limit: space).text
            try AtomicFile.replace(path, with: earlier + Array(text.utf8))
        case .azure(let directory?):
            let path = "\(directory)/ocimirror-summary.md"
            try AtomicFile.replace(path, with: Array(MarkdownReport(report).text.utf8))
            console.screen.write("##vso[task.uploadsummary]\(path)\n", to: .error)
        case .gitHub(nil), .azure(nil): break
        }
    }

    /// Returns an error annotation for each problem, up to the maximum.
    func annotations(of report: RunReport) -> String {
        let groups = report.problemGroups
        let isAbove = groups.count > Self.maximumAnnotations
        let shown = groups.prefix(isAbove ? Self.maximumAnnotations - 1 : Self.maximumAnnotations)
        var lines = shown.map { group in
            let subject =
                group.ids.count == 1 ? group.ids[0] : counted(group.ids.count, "image")
            let message = group.ids.count == 1 ? group.problem.labeledMessage : group.message
            let hint = group.problem.hint.map { "; hint: \($0)" } ?? ""
            return annotation(
                title: "\(subject) \(group.problem.statusText)",
                message: "\(subject): \(message)\(hint)")
        }
        if isAbove {
            lines.append(
                annotation(
                    title: "ocimirror",
                    message: "\(groups.count - shown.count) more problems; see the job summary"))
        }
        return lines.map { "\($0)\n" }.joined()
    }

    /// Returns a command of the service.
    ///
    /// Source: GitHub, Workflow commands § Setting an error message; Azure, Logging commands §
    /// LogIssue; their agents for the escapes.
    private func annotation(title: String, message: String) -> String {
        switch self {
        case .gitHub:
            "::error title=\(Self.escape(title, [":": "%3A", ",": "%2C"]))::\(Self.escape(message))"
        case .azure: "##vso[task.logissue type=error]\(Self.escape(message, ["%": "%AZP25"]))"
        }
    }

    private static func escape(_ text: String, _ further: [Unicode.Scalar: String] = [:]) -> String
    {
        var escaped = ""
        for scalar in text.unicodeScalars {
            if let code = further[scalar] {
                escaped += code
            } else if scalar == "%" {
                escaped += "%25"
            } else if scalar == "\r" {
                escaped += "%0D"
            } else if scalar == "\n" {
                escaped += "%0A"
            } else {
                escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
