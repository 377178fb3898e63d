// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Decides which files have values of charts.
public enum ValuesFile {
    /// The name of the file with the default values of a chart.
    static let defaultName = "values.yaml"

    /// Returns a Boolean value that indicates whether a file can have the default values of the chart in
    /// its directory.
    public static func isDefault(_ path: String) -> Bool {
        path.split(separator: "/").last.map { $0 == defaultName } ?? false
    }

    /// Returns a Boolean value that indicates whether a file has values by its name.
    static func isNamed(_ path: some StringProtocol) -> Bool {
        path.split(separator: "/").last?.contains("values") ?? false
    }

    /// Returns a Boolean value that indicates whether a document can have values: it is a mapping, and not
    /// a resource.
    static func isMapping(_ root: YAMLNode) -> Bool {
        root.entries != nil && root["apiVersion"] == nil
    }
}
