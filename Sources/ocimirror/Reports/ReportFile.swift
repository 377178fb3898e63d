// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import StrictJSON

/// A file that the report of a run is written to; its name's end says in which form.
struct ReportFile: Hashable, Sendable {
    /// The forms, by the name's end.
    enum Form: String, Sendable, CaseIterable {
        case json
        case md
        case html
    }

    let path: String
    let form: Form

    /// What is written.
    func text(of report: RunReport) -> String {
        switch form {
        case .json: report.json.text
        case .md: MarkdownReport(report).text
        case .html: HTMLReport(report).text
        }
    }
}

extension ReportFile: ArgumentValue {
    static let placeholder = "FILE"

    /// Takes a path whose end is one of the forms.
    init(argument: String) throws(InvalidValue) {
        guard let form = Form.allCases.first(where: { argument.hasSuffix(".\($0.rawValue)") })
        else {
            let ends = Form.allCases.map { ".\($0.rawValue)" }.joined(separator: ", ")
            throw InvalidValue(argument, "the name of a report ends in one of \(ends)")
        }
        path = argument
        self.form = form
    }

    var argument: String { path }
}
