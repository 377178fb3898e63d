// SPDX-License-Identifier: Apache-2.0

internal import Synchronization
internal import YAML

/// Reads files around a file, each once.
///
/// The closures do the I/O and its limits; a file that cannot be read is as good as none here.
public final class RepositoryFiles: Sendable {
    /// Returns the content of a file, or `nil` if there is none.
    public typealias Read = @Sendable (String) -> [UInt8]?
    /// Returns the use of tags in the templates of the chart in a directory.
    public typealias ReadTemplates = @Sendable (String) -> TagReuse

    /// The maximum number of parsed files that are kept.
    private static let limit = 64

    private let read: Read
    private let readTemplates: ReadTemplates
    private let parsed = Mutex<[String: YAMLNode]>([:])
    private let missing = Mutex<Set<String>>([])
    private let reuses = Mutex<[String: TagReuse]>([:])

    /// Creates a reader.
    public init(read: @escaping Read, templates: @escaping ReadTemplates = { _ in TagReuse() }) {
        self.read = read
        self.readTemplates = templates
    }

    /// Returns the root of the first document of a file; `nil` if there is no such file, or if it is
    /// not YAML.
    func root(of path: String) -> YAMLNode? {
        if let known = parsed.withLock({ $0[path] }) { return known }
        guard !missing.withLock({ $0.contains(path) }) else { return nil }
        let stream = read(path).flatMap {
            try? YAMLDocumentStream(parsing: $0, limits: FileText.limits)
        }
        guard let root = stream?.documents.first?.root else {
            missing.withLock { _ = $0.insert(path) }
            return nil
        }
        parsed.withLock { files in
            if files.count >= Self.limit { files.removeAll() }
            files[path] = root
        }
        return root
    }

    /// Returns how the templates of a chart use tags; nothing for a directory without a chart.
    public func reuse(ofChartIn directory: String) -> TagReuse {
        if let known = reuses.withLock({ $0[directory] }) { return known }
        let reuse = readTemplates(directory)
        reuses.withLock { $0[directory] = reuse }
        return reuse
    }
}
