// SPDX-License-Identifier: Apache-2.0

/// Metrics in Prometheus' text format.
///
/// Source: "Exposition formats" of Prometheus' documentation, text-based format 0.0.4; its
/// conventions for names and units. All metrics are gauges, because they describe only the last
/// run.
struct MetricsPage {
    /// A value with its labels.
    struct Sample {
        let labels: KeyValuePairs<String, String>
        let value: Int
        /// A Boolean value that indicates whether the value is in milliseconds and is written in
        /// seconds.
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

    /// Adds a metric family, unless it has no samples.
    ///
    /// - Parameters:
    ///   - name: The name after `ocimirror_`.
    ///   - help: The help text, one line.
    ///   - samples: The samples; no two have the same labels.
    mutating func add(_ name: String, help: String, _ samples: [Sample]) {
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

    /// Returns the text with escaped backslashes, quotation marks and line breaks.
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
