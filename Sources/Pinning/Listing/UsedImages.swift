// SPDX-License-Identifier: Apache-2.0

public import OCI
public import YAML

/// The images that files use, and the positions that use them.
///
/// The type does no I/O: it takes the bytes of files.
public struct UsedImages: Sendable {
    /// A position in a file.
    public struct Use: Hashable, Sendable {
        /// The path of the file, as given.
        public let file: String
        /// The position in the file.
        public let mark: YAMLMark
    }

    /// An image that was omitted, and the reason.
    public struct Omission: Hashable, Sendable {
        /// The position of the image.
        public let use: Use
        /// The reason, without a full stop.
        public let reason: String

        /// Creates an omission.
        public init(use: Use, reason: String) {
            self.use = use
            self.reason = reason
        }
    }

    /// The images with a tag or a digest, and the positions that use them.
    public private(set) var images: [Reference: [Use]] = [:]
    /// The images whose tag is the `appVersion` of a chart, which the chart can change.
    public private(set) var imagesOfAppVersion: Set<Reference> = []
    /// The images that the files do not fully identify.
    public private(set) var omissions: [Omission] = []
    private let rules: PinRules

    /// Creates an empty list.
    ///
    /// - Parameter rules: The rules with patterns to ignore, and for images that shapes do not
    ///   identify.
    public init(rules: PinRules = PinRules()) {
        self.rules = rules
    }

    /// Adds the images of a file; templates, lock files and configurations are skipped.
    ///
    /// - Parameters:
    ///   - bytes: The content of the file.
    ///   - path: The path of the file, as given.
    ///   - context: The data of other files about this file.
    /// - Throws: ``YAMLError`` for a file that is neither YAML nor a template.
    public mutating func add(
        _ bytes: [UInt8], path: String, context: FileContext = FileContext()
    ) throws(YAMLError) {
        let found: FoundSites
        let inputs = FinderInputs(rules: rules, context: context)
        switch try FileScanResult(bytes, path: path, using: inputs) {
        case .skipped(_, let mark?, isTemplate: true):
            let use = Use(file: path, mark: mark)
            omissions.append(Omission(use: use, reason: "the file is a template"))
            return
        case .skipped: return
        case .sites(let sites): found = sites
        }
        let text = found.fragments[0].stream.text
        for site in found.sites {
            let fragment = found.fragments[site.fragment]
            let start = fragment.fileOffset(site.start)
            add(site, Use(file: path, mark: text.mark(at: start)), context.appVersion)
        }
    }

    /// Records a file that could not be read.
    public mutating func omit(_ path: String, _ reason: YAMLError) {
        omissions.append(
            Omission(
                use: Use(file: path, mark: reason.mark),
                reason: "cannot read the file: \(reason.message)"))
    }

    /// Records an image that is not mirrored, with a reason without a full stop.
    public mutating func omit(_ path: String, at mark: YAMLMark, because reason: String) {
        omissions.append(Omission(use: Use(file: path, mark: mark), reason: reason))
    }

    private mutating func add(_ site: ImageReferenceSite, _ use: Use, _ appVersion: String?) {
        guard let image = site.image, !site.isSkipped else {
            omissions.append(
                Omission(
                    use: use, reason: site.obstacle?.reason ?? "the image is defined elsewhere"))
            return
        }
        if image.tag == nil, image.digest == nil, site.repository != nil, site.matchedName == nil,
            let tag = appVersion.flatMap({ try? Tag(parsing: $0) })
        {
            let image = Reference(image.repository, tag: tag)
            images[image, default: []].append(use)
            imagesOfAppVersion.insert(image)
            return
        }
        guard image.tag != nil || image.digest != nil else {
            let reason = "\(image) has neither tag nor digest; the chart can have a default"
            omissions.append(Omission(use: use, reason: reason))
            return
        }
        images[image, default: []].append(use)
    }
}
