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
    /// The key for the digest beside other images; `nil` for the usual one, and if there is none.
    var digestKey: String?
    /// The key that has the tag in that file; `nil` if it has none.
    var tagKey: String?
    /// The reason for which the tag is not known to be that of the image; `nil` if it is.
    var uncertainty: String?
    /// The keys that can have the registry in this file and in those between it and the overlay.
    let registryKeys: [String]
    /// The path of the file.
    let file: String
    /// The use of the tag by the chart of that file.
    let tagUse: TagReuse.Use
}

/// Finds the image that an overlay changes: in the chart that a resource installs; without one, in
/// the values of the chart in the same directory or above it, in a base overlay, and in a subchart.
///
/// The nearest file that names an image at the path of the overlay is taken.
struct BaseFinder {
    /// The result of a lookup.
    enum Result {
        case found(BaseImage)
        /// The file names an image whose repository is not known.
        case incomplete(file: String)
        /// The repository is in a dependency that is not a directory.
        case packaged(chart: String)
        case missing
        /// Several images of the file can have the tag, or the overlay has another one.
        case uncertain(reason: String)
        /// There were too many lookups.
        case limited
    }

    /// A source with values, nearest first.
    enum ValuesSource {
        case file(String)
        /// The subcharts of the chart in a directory.
        case subcharts(of: String)
    }

    /// A mapping in a file.
    private struct MappingKey: Hashable {
        let file: String
        let range: Range<Int>
    }

    let files: RepositoryFiles
    /// The path of the overlay.
    let file: String
    let sources: [ValuesSource]
    /// The files beside the overlay whose names are parts of its name.
    private let partialNames: [String]
    /// The directories with files that a release names, nearest first.
    let directories: [String]
    /// The directory of the chart; `nil` if there is none.
    let chart: String?
    /// The mappings that contain images, because each is searched for many keys.
    private var mappings: [MappingKey: MergedMapping] = [:]
    /// The images beside other values of these mappings, by the key of the tag.
    private var siblings: [MappingKey: [String: [SiblingNames]]] = [:]
    /// The number of mappings that may still be searched.
    var budget = 1_000_000

    /// The files that change the values of the file.
    private(set) lazy var overlays: [Overlay] =
        isAroundFile ? Self.overlays(of: file, in: files) : []
    /// The releases that use the file.
    private(set) lazy var releases: Releases.Uses =
        isAroundFile ? files.releases(withFile: file) : Releases.Uses()
    private let isAroundFile: Bool

    /// A file with values that apply after those of another one.
    struct Overlay {
        let path: String
        let values: RepositoryFiles.Values
    }

    /// The number of directories above the file that are searched.
    static let levels = 6
    static let baseNames = ["base", "_base", "common", "default", "defaults", "shared"]
    /// The maximum number of charts in charts.
    static let nesting = 4

    /// Creates a finder for a file.
    ///
    /// - Parameters:
    ///   - files: The files around the overlay.
    ///   - file: The path of the overlay.
    ///   - chart: The chart whose values the overlay has.
    init(files: RepositoryFiles, file: String, chart: ChartLocation) {
        self.files = files
        self.file = file
        isAroundFile = chart == .aroundFile
        let directories = LexicalPath.directories(above: file).prefix(Self.levels)
        func hasChart(_ directory: String) -> Bool {
            files.values(in: "\(directory)Chart.yaml") != nil
        }
        var sources: [ValuesSource] = []
        var charts: [String] = []
        switch chart {
        case .remote: self.chart = nil
        case .directory(let stated):
            charts = directories.compactMap { LexicalPath.directory(stated, from: $0) }
            self.chart = charts.first(where: hasChart)
            for chart in charts {
                sources += [.file("\(chart)values.yaml"), .subcharts(of: chart)]
            }
        case .aroundFile:
            self.chart = directories.first(where: hasChart)
            for directory in directories {
                sources += Self.baseFiles(of: file, in: directory).map(ValuesSource.file)
                sources += [
                    .file("\(directory)values.yaml"), .file("\(directory)values.yml"),
                    .subcharts(of: directory),
                ]
                // The values of a chart around this one have other paths.
                if directory == self.chart { break }
            }
        }
        self.directories = charts + directories
        partialNames =
            chart == .aroundFile
            ? Self.partialNames(of: file).filter { files.values(in: $0) != nil } : []
        self.sources = sources.filter { source in
            guard case .file(let path) = source else { return true }
            return path != file && files.values(in: path) != nil
        }
    }

    /// Returns the image at a path of values.
    ///
    /// - Parameters:
    ///   - keys: The path.
    ///   - overlay: The mapping that changes the image.
    ///   - scope: The values that apply to all images of the overlay.
    /// - Returns: The image, or the reason that it was not found.
    mutating func image(
        at keys: [String], under overlay: MergedMapping, in scope: ValuesScope
    ) -> Result {
        find(.image(overlay), at: keys, in: scope)
    }

    /// Returns the image beside other values whose tag has a key such as `webTag`.
    ///
    /// - Parameters:
    ///   - key: The key of the tag.
    ///   - keys: The path of the mapping with the key.
    ///   - overlay: The mapping that changes the image.
    ///   - scope: The values that apply to all images of the overlay.
    /// - Returns: The image, or the reason that it was not found.
    mutating func sibling(
        ofTag key: String, at keys: [String], under overlay: MergedMapping, in scope: ValuesScope
    ) -> Result {
        find(.sibling(tag: key, overlay), at: keys, in: scope)
    }

    /// An image to look up at a path.
    private enum Query {
        /// The image that the mapping is about, below the overlay.
        case image(MergedMapping)
        /// An image beside other values.
        case sibling(tag: String, MergedMapping)
    }

    private mutating func find(
        _ query: Query, at keys: [String], in scope: ValuesScope
    ) -> Result {
        var packaged: String?
        var nearer: [(file: String, mapping: MergedMapping)] = []
        for source in sources {
            guard budget > 0 else { return .limited }
            switch source {
            case .file(let path):
                if let result = find(query, at: keys[...], in: path, scope) {
                    return other(query, than: result, at: keys[...], scope)
                        ?? Self.result(result, under: nearer)
                }
                if let mapping = located(keys[...], in: path)?.mapping {
                    nearer.append((path, mapping))
                }
            case .subcharts(let directory):
                guard let first = keys.first else { continue }
                let charts = subcharts(first, of: directory)
                for chart in charts {
                    let path = "\(chart)values.yaml"
                    guard path != file else { continue }
                    if let result = find(query, at: keys.dropFirst(), in: path, scope) {
                        return Self.result(result, under: nearer)
                    }
                }
                if files.dependencies(ofChartIn: directory)[first] != nil,
                    !charts.contains(where: { files.values(in: "\($0)values.yaml") != nil })
                {
                    packaged = packaged ?? first
                }
            }
        }
        return packaged.map(Result.packaged) ?? .missing
    }

    /// Returns the reason for which an image is not certain to be that of the overlay: a file with a part
    /// of its name, such as `values-eu.yaml` beside `values-eu-prod.yaml`, has another image.
    private mutating func other(
        _ query: Query, than result: Result, at keys: ArraySlice<String>, _ scope: ValuesScope
    ) -> Result? {
        guard case .found(let image) = result else { return nil }
        for path in partialNames where path != image.file {
            guard let mapping = located(keys, in: path)?.mapping else { continue }
            if let key = image.registryKeys.first(where: { mapping[$0] != nil }) {
                return .uncertain(
                    reason: "'\(key)' of \(path) may change the image of \(image.file)")
            }
            switch find(query, at: keys, in: path, scope) {
            case .found(let other) where other.repository == image.repository: continue
            case nil: continue
            default: return .uncertain(reason: "\(path) may change the image of \(image.file)")
            }
        }
        return nil
    }

    /// Returns an image, unless a file between it and the overlay changes its registry.
    private static func result(
        _ result: Result, under nearer: [(file: String, mapping: MergedMapping)]
    ) -> Result {
        guard case .found(let image) = result else { return result }
        for (file, mapping) in nearer {
            if let key = image.registryKeys.first(where: { mapping[$0] != nil }) {
                return .uncertain(
                    reason: "'\(key)' of \(file) changes the image of \(image.file)")
            }
        }
        return result
    }

    /// Returns the directories that can have a subchart, which values call by its name or alias.
    func subcharts(_ name: String, of directory: String) -> [String] {
        guard !name.contains("/"), !name.hasPrefix(".") else { return [] }
        let stated = files.dependencies(ofChartIn: directory)[name] ?? []
        return stated.flatMap(\.directories).compactMap {
            LexicalPath.directory($0, from: directory)
        } + (stated.isEmpty ? ["\(directory)charts/\(name)/"] : [])
    }

    /// Returns the image at a path in a file; `nil` if the file names none there.
    private mutating func find(
        _ query: Query, at keys: ArraySlice<String>, in path: String, _ scope: ValuesScope
    ) -> Result? {
        guard let values = files.values(in: path), let (mapping, location) = located(keys, in: path)
        else { return nil }
        var site = ImageReferenceSite(
            fragment: 0, document: 0, path: location, shape: .tag, at: mapping.node)
        let scope = scope.over(values.scope)
        var digestKey: String?
        var uncertainty: String?
        var registryKeys = ["registry", "defaultRegistry"]
        switch query {
        case .image(let overlay):
            let keys = ImageKeys.repository + ["registry"]
            if let key = keys.first(where: { overlay[$0]?.isNull ?? false && mapping[$0] != nil }) {
                return .uncertain(reason: "'\(key)' is null, which removes the value of \(path)")
            }
            var reader = ImageMappingReader(
                mapping.overridden(by: overlay, keys: registryKeys),
                at: location, in: scope)
            reader.acceptsMerged = true
            guard reader.read(into: &site) else { return nil }
        case .sibling(let tag, let overlay):
            let candidates = siblings(ofTag: tag, in: mapping, path)
            if let key = candidates.lazy.flatMap(\.replacing).first(where: {
                overlay[$0]?.text != nil
            }) {
                return .uncertain(reason: "'\(key)' beside it replaces the image of \(path)")
            }
            let images = candidates.compactMap {
                SiblingImage($0, in: mapping, under: overlay, overlaidTag: tag)
            }
            guard let sibling = images.first else { return nil }
            let sites = images.map { sibling in
                var site = site
                sibling.read(into: &site, at: location)
                ImageComposer(scope: scope).compose(&site)
                return site
            }
            guard Set(sites.map(\.image?.repository)).count == 1 else {
                let names = images.map { "'\($0.key)'" }.joined(separator: " and ")
                return .uncertain(reason: "\(names) of \(path) can have this tag")
            }
            site = sites[0]
            digestKey = sibling.digestKey
            registryKeys = images.flatMap(\.registryKeys)
            if sibling.hasOwnVersion { uncertainty = "'\(tag)' may have other uses" }
            if mapping[tag] == nil, let other = sibling.otherTagKey {
                uncertainty = "\(path) has the tag in '\(other)'"
            }
        }
        guard let image = site.image else { return .incomplete(file: path) }
        let reuse = files.tagReuse(ofChartIn: LexicalPath.directory(of: path))
        return .found(
            BaseImage(
                repository: image.repository, tag: image.tag,
                digestShape: site.digest == nil ? nil : site.shape, digestKey: digestKey,
                tagKey: site.tag == nil ? nil : site.tagPath.key, uncertainty: uncertainty,
                registryKeys: registryKeys, file: path,
                tagUse: reuse.use(of: site.tagPath.steps)))
    }

    /// Returns the keys of the images beside other values of a mapping whose tag has a key.
    ///
    /// Each mapping is searched once, because an overlay can have thousands of tags.
    private mutating func siblings(
        ofTag tag: String, in mapping: MergedMapping, _ path: String
    ) -> [SiblingNames] {
        let key = MappingKey(file: path, range: mapping.node.range)
        if let known = siblings[key] { return known[tag] ?? [] }
        let names = mapping.allKeys.compactMap(SiblingNames.init(of:))
        budget -= names.count
        var table: [String: [SiblingNames]] = [:]
        for name in names {
            for tag in Set(name.tags) { table[tag, default: []].append(name) }
        }
        siblings[key] = table
        return table[tag] ?? []
    }

    /// Returns the mapping at a path of values; `nil` if the file has none there.
    mutating func located(
        _ keys: ArraySlice<String>, in path: String
    ) -> (mapping: MergedMapping, location: SitePath)? {
        guard let values = files.values(in: path) else { return nil }
        var mapping = mapping(values.root, of: values, in: path)
        var location = SitePath()
        for key in keys {
            guard let node = mapping[key], node.entries != nil else { return nil }
            mapping = self.mapping(node, of: values, in: path)
            location = location.appending(key: key)
        }
        return (mapping, location)
    }

    private mutating func mapping(
        _ node: YAMLNode, of values: RepositoryFiles.Values, in path: String
    ) -> MergedMapping {
        budget -= 1
        let key = MappingKey(file: path, range: node.range)
        if let known = mappings[key] { return known }
        let mapping = MergedMapping(node, values.anchors)
        mappings[key] = mapping
        return mapping
    }
}
