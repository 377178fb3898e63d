// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import OCI
internal import Validation

/// A row of the matrix: an image, an entry that gave none, or an image that was left out.
struct MatrixRow {
    /// How loud it is, the loudest first.
    enum Prominence: String, Sendable, CaseIterable, Comparable, CustomStringConvertible {
        case bad
        case unfinished
        case changed
        case same

        var description: String { rawValue }

        static func < (first: Prominence, second: Prominence) -> Bool {
            first.rank < second.rank
        }

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    let id: String
    let source: String
    let word: String
    let tone: Prominence
    /// What became of it; nil where there is no image, or it was left out.
    let outcome: ImageOutcome?
    /// What keeps it from being as it should be.
    let troubles: [ImageProblem]

    private init(_ outcome: ImageOutcome) {
        id = outcome.image.id
        source = outcome.image.sourceText
        word = outcome.status.rawValue
        self.outcome = outcome
        troubles = outcome.troubles
        tone =
            switch outcome.status {
            case .rejected, .missing, .failed: .bad
            case .mirrored, .repaired, .validated: .changed
            case .unchanged: .same
            }
    }

    private init(_ problem: Plan.Problem) {
        id = problem.entry.name
        source = "mirror.yaml, line \(problem.entry.location.line)"
        word = problem.failure.verdict.rawValue
        tone = .bad
        outcome = nil
        troubles = [ImageProblem(id, problem.failure.verdict, problem.failure)]
    }

    private init(unfinished image: PlannedImage) {
        id = image.id
        source = image.sourceText
        word = "unfinished"
        tone = .unfinished
        outcome = nil
        troubles = []
    }

    /// Every row, those that need a person first, else in the configuration's order.
    static func rows(of report: RunReport) -> [MatrixRow] {
        let rows =
            report.sync.outcomes.map { MatrixRow($0) } + report.sync.problems.map { MatrixRow($0) }
            + report.sync.unfinished.map { MatrixRow(unfinished: $0) }
        return Prominence.allCases.flatMap { tone in rows.filter { $0.tone == tone } }
    }

    /// The filters under which it is shown.
    var groups: [String] {
        var groups = ["all", tone.rawValue]
        if hasWarnings { groups.append("warning") }
        if outcome?.image.entry.exception != nil { groups.append("exception") }
        if outcome?.hasMoved == true { groups.append("moved") }
        return groups
    }

    private var hasWarnings: Bool {
        outcome?.findings.contains { $0.severity == .warning } ?? false
    }
}
