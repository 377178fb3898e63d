// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// An image of a chart or of a base overlay, which an overlay changes.
struct BaseImage {
    let repository: Repository
    /// The tag in that file.
    let tag: Tag?
    /// The shape that the key for the digest requires; `nil` if there is no such key.
    let digestShape: ImageShape?
    /// The path of the file.
    let file: String
    /// A Boolean value that indicates whether the chart uses the tag for other purposes too.
    let isTagReused: Bool
}

/// Finds the image that an overlay changes: in the chart that a resource installs; without one, in
/// the values of the chart in the same directory or above it, in a base overlay, and in a subchart.
///
/// The nearest file with a repository at the path of the overlay is taken.
struct BaseFinder {
    let files: RepositoryFiles
    /// The path of the overlay.
    let file: String
    /// The directory of the chart that a resource in the file installs.
    var chart: String?

    /// The number of directories above the file that are searched.
    private static let levels = 6
    private static let baseNames = ["base", "_base", "common", "default", "defaults", "shared"]

    init(files: RepositoryFiles, file: String) {
        self.files = files
        self.file = file
    }

    /// Returns the image at a path of values, or `nil` if no file has its repository.
    func image(at keys: [String]) -> BaseImage? {
        for (path, prefix) in candidates(for: keys[0]) where path != file {
            if let image = image(at: Array(keys.dropFirst(prefix)), in: path) { return image }
        }
        return nil
    }

    /// Returns the files in the order of precedence, each with the number of keys before its root.
    private func candidates(for firstKey: String) -> [(path: String, prefix: Int)] {
        let directories = Self.directories(above: file).prefix(Self.levels)
        let isName = !firstKey.contains("/") && !firstKey.hasPrefix(".")
        var result: [(String, Int)] = []
        if let chart {
            for path in directories.compactMap({ Self.directory(chart, from: $0) }) {
                result.append(("\(path)/values.yaml", 0))
                if isName { result.append(("\(path)/charts/\(firstKey)/values.yaml", 1)) }
            }
            return result
        }
        for directory in directories {
            let below = Self.relative(file, to: directory).split(separator: "/")
            // An overlay in DIR/dev/web.yaml changes DIR/base/web.yaml.
            if below.count > 1 {
                let rest = below.dropFirst().joined(separator: "/")
                result += Self.baseNames.map { ("\(directory)\($0)/\(rest)", 0) }
            }
            result += Self.baseNames.map { ("\(directory)\($0)/values.yaml", 0) }
            result += ["values.yaml", "values.yml"].map { ("\(directory)\($0)", 0) }
            if isName { result.append(("\(directory)charts/\(firstKey)/values.yaml", 1)) }
            result += subcharts(named: firstKey, of: directory)
        }
        return result
    }

    /// Returns the values of the dependencies in other directories that a chart calls by a name.
    private func subcharts(named name: String, of directory: String) -> [(String, Int)] {
        let chart = files.values(in: "\(directory)Chart.yaml")
        let dependencies = chart?.root["dependencies"]?.items ?? []
        return dependencies.compactMap { dependency in
            let own = dependency["name"]?.text
            guard (dependency["alias"]?.text ?? own) == name, let own, !own.contains("/") else {
                return nil
            }
            let location = dependency["repository"]?.text ?? ""
            guard location.hasPrefix("file://") else {
                return ("\(directory)charts/\(own)/values.yaml", 1)
            }
            return Self.directory(String(location.dropFirst("file://".count)), from: directory)
                .map { ("\($0)/values.yaml", 1) }
        }
    }

    private func image(at keys: [String], in path: String) -> BaseImage? {
        guard !keys.isEmpty, let values = files.values(in: path) else { return nil }
        var node: YAMLNode? = values.root
        var location = SitePath()
        for key in keys {
            node = node?[key]
            location = location.appending(key: key)
        }
        guard let node, node.entries != nil else { return nil }
        var site = ImageReferenceSite(
            fragment: 0, document: 0, path: location, shape: .tag, at: node)
        let reader = ImageMappingReader(
            mapping: MergedMapping(node, values.anchors), path: location, scope: values.scope,
            rule: nil, isInResource: false)
        guard reader.read(into: &site) != nil, let image = site.image else { return nil }
        let directory = String(path.dropLast(path.split(separator: "/").last?.count ?? 0))
        let reuse = files.reuse(ofChartIn: directory.isEmpty ? "." : String(directory.dropLast()))
        return BaseImage(
            repository: image.repository, tag: image.tag,
            digestShape: site.digest == nil ? nil : site.shape, file: path,
            isTagReused: reuse.uses(location, key: "tag"))
    }

    /// Returns the directory of a file and those above it, each with a final slash; the nearest
    /// first.
    ///
    /// The directories above a final `..` have no known names.
    private static func directories(above file: String) -> [String] {
        var parts = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        var result: [String] = []
        while let last = parts.last {
            result.append(parts.joined(separator: "/") + "/")
            guard last != ".." else { return result }
            parts.removeLast()
        }
        return file.hasPrefix("/") ? result : result + [""]
    }

    private static func relative(_ file: String, to directory: String) -> Substring {
        file.dropFirst(directory.count)
    }

    /// Returns a directory that a file states relative to another one, without the steps `.` and
    /// `..`; `nil` if it is absolute, or outside of the tree in which the other one is.
    private static func directory(_ stated: String, from directory: String) -> String? {
        guard !stated.hasPrefix("/") else { return nil }
        var parts: [Substring] = []
        for part in (directory + stated).split(separator: "/", omittingEmptySubsequences: false) {
            switch part {
            case ".": continue
            case "" where !parts.isEmpty: continue
            case ".." where parts.last.map { $0 != ".." && !$0.isEmpty } ?? false:
                parts.removeLast()
            default: parts.append(part)
            }
        }
        guard parts.first != ".." || directory.hasPrefix("..") else { return nil }
        return parts.joined(separator: "/")
    }
}
