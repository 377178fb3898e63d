// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Files
internal import StrictJSON

/// A file that the report of a run is written to; its name's end says in which form.
struct ReportFile: Hashable, Sendable {
    /// The forms, by the name's end.
    enum Form: String, Sendable, CaseIterable {
        case json
    }

    let path: String
    let form: Form

    /// Makes the folder before the run, which may take an hour and should not be for nothing.
    func prepare(in context: ProgramContext) throws(FileError) {
        try Directory.create(Path.directory(of: context.absolute(path)))
    }

    /// Writes the report; a reader finds the old one or the new one, and never a part.
    func write(_ report: RunReport, in context: ProgramContext) throws(FileError) {
        let text =
            switch form {
            case .json: report.json.text
            }
        try AtomicFile.replace(context.absolute(path), with: Array(text.utf8))
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
