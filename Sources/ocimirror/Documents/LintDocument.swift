// SPDX-License-Identifier: Apache-2.0

internal import CommandLineKit
internal import Pinning
internal import StrictJSON
internal import TextSafety
internal import YAML

/// The result of `lint` as text and JSON.
struct LintDocument {
    let lock: String?
    let files: [LintedFile]

    /// The exit code, which is 1 if a finding is an error, and 2 if a file could not be read.
    var exitCode: ExitCode {
        if files.contains(where: { $0.error != nil }) { return .failure }
        return count(.error) > 0 ? .negative : .success
    }

    private func count(_ severity: LintSeverity) -> Int {
        files.flatMap(\.findings).count { $0.severity == severity }
    }

    func text(for console: Console) -> String {
        let style = console.outputStyle
        var listing = Listing(width: console.width)
        for file in files {
            let path = UntrustedText(file.path).display
            if let error = file.error {
                listing.add([
                    .init(text: "\(path)\(error.place)"),
                    .init(text: "error", paint: style.red),
                    .init(text: ""), .init(text: error.message),
                ])
            }
            for finding in file.findings {
                listing.add([
                    .init(text: "\(path):\(finding.mark)"),
                    .init(text: finding.severity.rawValue, paint: finding.severity.paint(style)),
                    .init(text: finding.code.rawValue, paint: style.bold),
                    .init(text: UntrustedText(finding.message).display),
                ])
            }
        }
        let sites = files.reduce(0) { $0 + $1.siteCount }
        let summary =
            "\(counted(sites, "image")) in \(counted(files.count, "file")): "
            + "\(counted(count(.error), "error")), \(counted(count(.warning), "warning")), "
            + "\(counted(count(.note), "note"))\n"
        return listing.text.isEmpty ? summary : "\(listing.text)\n\(summary)"
    }

    /// The stable document; `Documentation/json.md` describes it.
    var json: JSONValue {
        [
            "schema": 1,
            "command": "lint",
            "exitCode": .integer(Int(exitCode.rawValue)),
            "lock": .optional(lock),
            "files": .array(files.map(\.json)),
        ]
    }
}

extension LintSeverity {
    fileprivate func paint(_ style: TextStyle) -> (String) -> String {
        switch self {
        case .off, .note: style.dim
        case .warning: style.yellow
        case .error: style.red
        }
    }
}

extension LintedFile {
    fileprivate var json: JSONValue {
        [
            "path": .string(path),
            "error": .optional(error?.description),
            "findings": .array(findings.map(\.json)),
        ]
    }
}

extension LintFinding {
    fileprivate var json: JSONValue {
        [
            "code": .string(code.rawValue),
            "severity": .string(severity.rawValue),
            "line": .integer(mark.line),
            "column": .integer(mark.column),
            "path": .string(path.description),
            "message": .string(message),
        ]
    }
}
