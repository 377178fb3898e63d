// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning
internal import Synchronization
internal import YAML

/// Reads the templates of charts, and collects those that cannot be read.
final class ChartTemplates: Sendable {
    /// The size limit of a template, in bytes.
    private static let limit = 1 << 20
    /// The maximum number of templates of a chart, and the maximum depth of their directories.
    private static let countLimit = 2000
    private static let depthLimit = 8

    private let absolute: @Sendable (String) -> String
    private let skipped = Mutex<[PinFiles.Problem]>([])

    /// Creates a reader.
    ///
    /// - Parameter absolute: Returns the absolute path of a path as given.
    init(absolute: @escaping @Sendable (String) -> String) {
        self.absolute = absolute
    }

    /// The skipped templates, with reasons.
    var skippedTemplates: [PinFiles.Problem] {
        skipped.withLock { $0.sorted { $0.path < $1.path } }
    }

    /// Returns how the templates of the chart in a directory use tags; nothing without a chart.
    func reuse(ofChartIn directory: String) -> TagReuse {
        func kind(_ name: String) -> FileStatus.Kind? {
            (try? FileStatus.of(absolute("\(directory)/\(name)")))?.kind
        }
        guard kind("Chart.yaml") == .regular, kind("templates") == .directory else {
            return TagReuse()
        }
        var templates: [[UInt8]] = []
        read(directory == "." ? "templates" : "\(directory)/templates", depth: 0, into: &templates)
        return TagReuse(templates: templates)
    }

    private func read(_ directory: String, depth: Int, into templates: inout [[UInt8]]) {
        let names: [String]
        do throws(FileError) {
            names = try Directory.list(absolute(directory))
        } catch {
            skip(directory, error)
            return
        }
        for name in names {
            let path = "\(directory)/\(name)"
            guard templates.count < Self.countLimit else { return }
            do throws(FileError) {
                switch try FileStatus.of(absolute(path), followsLinks: false)?.kind {
                case .directory where depth < Self.depthLimit:
                    read(path, depth: depth + 1, into: &templates)
                case .regular:
                    templates.append(try BoundedFile.read(absolute(path), limit: Self.limit))
                default: continue
                }
            } catch {
                skip(path, error)
            }
        }
    }

    private func skip(_ path: String, _ error: FileError) {
        skipped.withLock { $0.append(PinFiles.Problem(path, error)) }
    }
}
