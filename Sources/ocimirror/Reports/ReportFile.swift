// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import StrictJSON

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
