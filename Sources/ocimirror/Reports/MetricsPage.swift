// SPDX-License-Identifier: Apache-2.0

/// A page in Prometheus' text format, one family after the other.
///
/// Source: "Exposition formats" of Prometheus' documentation, text-based format 0.0.4; its conventions
/// for names and units. Everything is a gauge: a run's figures do not grow from run to run.
struct MetricsPage {
    /// One value with its labels.
    struct Sample {
        let labels: KeyValuePairs<String, String>
        let value: Int
        /// Whether the value is a number of milliseconds, which is written in seconds.
        let isMilliseconds: Bool

        init(
            _ value: Int, _ labels: KeyValuePairs<String, String> = [:],
            isMilliseconds: Bool = false
        ) {
            self.value = value
            self.labels = labels
            self.isMilliseconds = isMilliseconds
        }
    }

    private(set) var text = ""

    /// Adds a family; nothing where it has no samples.
    ///
    /// - Parameters:
    ///   - name: its name after `ocimirror_`.
    ///   - help: what it says, on one line.
    ///   - samples: its values; no two have the same labels.
    mutating func add(_ name: String, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        let name = "ocimirror_\(name)"
        text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
        for sample in samples { text += "\(name)\(sample.labelText) \(sample.valueText)\n" }
    }
}

extension MetricsPage.Sample {
    fileprivate var labelText: String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    fileprivate var valueText: String {
        guard isMilliseconds else { return String(value) }
        let (seconds, rest) = value.quotientAndRemainder(dividingBy: 1000)
        let digits = String(rest)
        return "\(seconds)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// The three signs that end a value, or the line.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
