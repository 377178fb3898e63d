// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// A row of the matrix: an image, an entry without images, or an unprocessed image.
struct MatrixRow {
    /// The prominence of a row, in the order in which rows are shown.
    enum Prominence: String, Sendable, CaseIterable, Comparable, CustomStringConvertible {
        case bad
        case unfinished
        case changed
        case unchanged

        var description: String { rawValue }

        static func < (first: Prominence, second: Prominence) -> Bool {
            first.rank < second.rank
        }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    let id: String
    let source: String
    let status: String
    let prominence: Prominence
    /// The result of the image; `nil` for an entry without images and for an unprocessed image.
    let outcome: ImageOutcome?
    /// The reasons why the image needs attention.
    let problems: [ImageProblem]

    private init(_ outcome: ImageOutcome) {
        id = outcome.image.id
        source = outcome.image.sourceText
        status = outcome.statusText
        self.outcome = outcome
        problems = outcome.problems
        prominence =
            switch outcome.status {
            case .rejected, .missing, .failed: .bad
            case .mirrored, .repaired, .validated: .changed
            case .unchanged: .unchanged
            }
    }

    private init(_ problem: Plan.Problem) {
        id = problem.entry.name
        source = "mirror.yaml, line \(problem.entry.location.line)"
        status = problem.failure.status.rawValue
        prominence = .bad
        outcome = nil
        problems = [ImageProblem(id, status: problem.failure.status, failure: problem.failure)]
    }

    private init(unfinished image: PlannedImage) {
        id = image.id
        source = image.sourceText
        status = "unfinished"
        prominence = .unfinished
        outcome = nil
        problems = []
    }

    /// Returns all rows: those that need attention first, otherwise in the order of the
    /// configuration.
    static func rows(of report: RunReport) -> [MatrixRow] {
        let rows =
            report.sync.outcomes.map { MatrixRow($0) } + report.sync.problems.map { MatrixRow($0) }
            + report.sync.unfinished.map { MatrixRow(unfinished: $0) }
        return Prominence.allCases.flatMap { prominence in
            rows.filter { $0.prominence == prominence }
        }
    }

    /// The filters that include the row.
    var groups: [String] {
        var groups = ["all", prominence.rawValue]
        if hasWarnings { groups.append("warning") }
        if outcome?.image.entry.exception != nil { groups.append("exception") }
        if outcome?.hasMoved == true { groups.append("moved") }
        return groups
    }

    private var hasWarnings: Bool {
        outcome?.findings.contains { $0.severity == .warning } ?? false
    }
}
