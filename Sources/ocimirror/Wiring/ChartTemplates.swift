// SPDX-License-Identifier: Apache-2.0

internal import Files
internal import Pinning
internal import AsyncPrimitives
internal import YAML

/// Reads the templates of charts, and collects those that cannot be read.
final class ChartTemplates: Sendable {
    /// The size limit of a template, in bytes.
    private static let sizeLimit = 4 << 20
    /// The limits of a chart with its dependencies; the largest public charts have a quarter of them.
    private static let totalLimit = 32 << 20
    private static let countLimit = 10_000
    private static let depthLimit = 16

    private let absolute: @Sendable (String) -> String
    private let skipped = Mutex<[String: PinFiles.Problem]>([:])

    /// The templates that were read.
    private struct Contents {
        var own: [[UInt8]] = []
        var libraries: [[UInt8]] = []
        var size = 0
        var isComplete = true

        var count: Int { own.count + libraries.count }

        mutating func add(_ template: [UInt8], isLibrary: Bool) {
            size += template.count
            if isLibrary { libraries.append(template) } else { own.append(template) }
        }
    }

    /// Creates a reader.
    ///
    /// - Parameter absolute: Returns the absolute path of a path as given.
    init(absolute: @escaping @Sendable (String) -> String) {
        self.absolute = absolute
    }

    /// The skipped templates, with reasons.
    var skippedTemplates: [PinFiles.Problem] {
        skipped.withLock { $0.values.sorted { $0.path < $1.path } }
    }

    /// Returns how the templates of the chart in a directory use tags; nothing without a chart.
    func readTagReuse(ofChartIn directory: String) -> TagReuse {
        let directory = directory == "." ? "" : "\(directory)/"
        guard kind("\(directory)Chart.yaml") == .regular,
            kind("\(directory)templates") == .directory
        else { return TagReuse() }
        var contents = Contents()
        read("\(directory)templates", isLibrary: false, depth: 0, into: &contents)
        readDependencies(ofChartIn: directory, into: &contents)
        return TagReuse(
            templates: contents.own, libraries: contents.libraries,
            values: readValues(ofChartIn: directory, into: &contents),
            isComplete: contents.isComplete)
    }

    private func readValues(
        ofChartIn directory: String, into contents: inout Contents
    ) -> [UInt8]? {
        let path = "\(directory)values.yaml"
        guard (try? FileStatus.of(absolute(path), followsLinks: false))?.kind == .regular else {
            return nil
        }
        do throws(FileError) {
            return try BoundedFile.read(absolute(path), limit: Self.sizeLimit)
        } catch {
            skip(PinFiles.Problem(path, error), in: &contents)
            return nil
        }
    }

    private func kind(_ path: String) -> FileStatus.Kind? {
        (try? FileStatus.of(absolute(path)))?.kind
    }

    /// Reads the templates of dependencies, whose named templates the chart can include.
    private func readDependencies(ofChartIn directory: String, into contents: inout Contents) {
        let charts = ChartDirectories(dependenciesOfChartIn: directory, absolute: absolute)
        for chart in charts.all where kind("\(chart)templates") == .directory {
            read("\(chart)templates", isLibrary: true, depth: 0, into: &contents)
        }
        for problem in charts.problems { skip(problem, in: &contents) }
    }

    private func read(
        _ directory: String, isLibrary: Bool, depth: Int, into contents: inout Contents
    ) {
        do throws(FileError) {
            for name in try Directory.list(absolute(directory)) {
                read("\(directory)/\(name)", isLibrary, depth: depth, into: &contents)
            }
        } catch {
            skip(PinFiles.Problem(directory, error), in: &contents)
        }
    }

    private func read(
        _ path: String, _ isLibrary: Bool, depth: Int, into contents: inout Contents
    ) {
        func exceed(_ limit: String) {
            skip(PinFiles.Problem(path, skippedBecause: limit), in: &contents)
        }
        do throws(FileError) {
            switch try FileStatus.of(absolute(path), followsLinks: false)?.kind {
            case .directory where depth == Self.depthLimit:
                exceed("more than \(Self.depthLimit) levels of directories")
            case .directory:
                read(path, isLibrary: isLibrary, depth: depth + 1, into: &contents)
            // Helm prints these notes; they are not a manifest.
            case .regular where path.hasSuffix("/NOTES.txt"): break
            case .regular where contents.count >= Self.countLimit:
                exceed("more than \(Self.countLimit) templates in the chart")
            case .regular:
                let template = try BoundedFile.read(absolute(path), limit: Self.sizeLimit)
                guard contents.size + template.count <= Self.totalLimit else {
                    return exceed(
                        "more than \(Self.totalLimit >> 20) MiB of templates in the chart")
                }
                contents.add(template, isLibrary: isLibrary)
            case .symbolicLink: exceed("a symbolic link is not followed")
            case .other: exceed("not a regular file")
            case nil: break
            }
        } catch {
            skip(PinFiles.Problem(path, error), in: &contents)
        }
    }

    private func skip(_ problem: PinFiles.Problem, in contents: inout Contents) {
        contents.isComplete = false
        skipped.withLock { $0[problem.path] = problem }
    }
}
