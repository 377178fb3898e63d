// SPDX-License-Identifier: Apache-2.0

internal import Content
internal import Mirroring
internal import StrictJSON
internal import TextSafety
internal import Validation

/// The results of `check` in the formats of other tools.
enum CheckFormats {
    /// Returns the results as a JUnit report with one test case per image.
    ///
    /// Source: the format of Apache Ant's JUnit task, as CI systems read it.
    static func junit(_ document: CheckDocument) -> String {
        let cases = document.images.map { image -> String in
            let problems = problems(of: image)
            let text = problems.map { xml("\($0.rule): \($0.message)") }.joined(separator: "\n")
            let element = image.isUnknown ? "error" : "failure"
            let body =
                problems.first.map {
                    "<\(element) type=\"\(xml($0.rule))\" message=\"\(xml($0.message))\">"
                        + "\(text)</\(element)>"
                } ?? ""
            return "  <testcase classname=\"ocimirror.check\" name=\"\(xml(image.name))\">"
                + "\(body)</testcase>\n"
        }
        let unknown = document.images.count(where: \.isUnknown)
        let rejected = document.images.count { !$0.isAccepted } - unknown
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuite name="ocimirror check" tests="\(document.images.count)" \
            failures="\(rejected)" errors="\(unknown)">
            \(cases.joined())</testsuite>

            """
    }

    /// Returns the findings as a SARIF log, with the image as a logical location.
    ///
    /// Source: SARIF 2.1.0 §3.27 (result), §3.33 (logicalLocation).
    static func sarif(_ document: CheckDocument, version: String) -> JSONValue {
        let results = document.images.flatMap { image in
            problems(of: image).map { problem -> JSONValue in
                [
                    "ruleId": .string(problem.rule),
                    "level": "error",
                    "message": ["text": .string("\(image.name): \(problem.message)")],
                    "locations": [
                        ["logicalLocations": [["fullyQualifiedName": .string(image.name)]]]
                    ],
                ]
            }
        }
        let rules = Finding.ID.allCases.map(\.rawValue) + ["failed", "missing"]
        let driver: JSONValue = [
            "name": "ocimirror", "version": .string(version),
            "rules": .array(rules.map { ["id": .string($0)] }),
        ]
        return [
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [["tool": ["driver": driver], "results": .array(results)]],
        ]
    }

    private static func problems(of image: CheckedImage) -> [(rule: String, message: String)] {
        let errors = image.report?.findings.filter { $0.severity == .error } ?? []
        return errors.map { ($0.id.rawValue, $0.message) }
            + (image.failure.map {
                [($0.failureClass == .missing ? "missing" : "failed", $0.message)]
            } ?? [])
    }

    /// Returns text for an XML document; characters that XML cannot contain become `?`.
    private static func xml(_ text: String) -> String {
        var encoded = ""
        for scalar in UntrustedText(text).display.unicodeScalars {
            switch scalar {
            case "&": encoded += "&amp;"
            case "<": encoded += "&lt;"
            case ">": encoded += "&gt;"
            case "\"": encoded += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value & 0xFFFE == 0xFFFE: encoded += "?"
            default: encoded.unicodeScalars.append(scalar)
            }
        }
        return encoded
    }
}

extension CheckedImage {
    /// A Boolean value that indicates whether the check failed without a result.
    fileprivate var isUnknown: Bool {
        switch failure?.failureClass {
        case .missing, .invalid, nil: false
        default: true
        }
    }
}
