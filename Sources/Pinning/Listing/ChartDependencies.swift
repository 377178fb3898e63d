// SPDX-License-Identifier: Apache-2.0

public import YAML

/// The dependencies of a chart, whose images are those of other charts.
///
/// Source: Helm, `Chart.yaml` § `dependencies`.
public struct ChartDependencies: Hashable, Sendable {
    /// A dependency.
    public struct Dependency: Hashable, Sendable {
        /// The name of the chart.
        public let name: String
        /// The key of its values.
        public let alias: String
        /// The range of versions; empty if the file has none.
        public let version: String
        /// The repository of the chart; empty for a chart in the directory `charts`.
        public let repository: String
        /// The position in the file.
        public let mark: YAMLMark

        /// The directories that can have the chart, relative to that of the chart that needs it.
        public var directories: [String] {
            let local = "file://"
            guard repository.hasPrefix(local) else { return ["charts/\(name)"] }
            return ["charts/\(name)", String(repository.dropFirst(local.count))]
        }
    }

    /// The dependencies, in the order of the file.
    public let all: [Dependency]

    /// Reads the dependencies of a `Chart.yaml`; a file that is not YAML has none.
    public init(parsing bytes: [UInt8]) {
        let stream = try? YAMLDocumentStream(parsing: bytes, limits: FileText.limits)
        self.init(stream?.documents.first?.root)
    }

    /// Reads the dependencies from the root of a `Chart.yaml`.
    init(_ root: YAMLNode?) {
        let items = root?["dependencies"]?.items ?? []
        all = items.compactMap { item in
            guard let name = item["name"]?.text, !name.isEmpty, !name.contains("/") else {
                return nil
            }
            return Dependency(
                name: name, alias: item["alias"]?.text ?? name,
                version: item["version"]?.text ?? "",
                repository: item["repository"]?.text ?? "", mark: item.mark)
        }
    }
}
