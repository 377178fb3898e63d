// SPDX-License-Identifier: Apache-2.0

public import OCI
public import YAML

/// The images that files use, and where.
///
/// It reads nothing but the bytes that it is handed.
public struct UsedImages: Sendable {
    /// A place in a file.
    public struct Use: Hashable, Sendable {
        /// The file's path, as it was given.
        public let file: String
        /// Where in the file.
        public let mark: YAMLMark
    }

    /// What could not be taken, and why.
    public struct Omission: Hashable, Sendable {
        /// Where it stands.
        public let use: Use
        /// The reason, without a full stop.
        public let reason: String

        /// Makes an omission.
        public init(use: Use, reason: String) {
            self.use = use
            self.reason = reason
        }
    }

    /// Each image with a tag or a digest, and where it is used.
    public private(set) var images: [Reference: [Use]] = [:]
    /// What names an image that cannot be known from the files.
    public private(set) var omissions: [Omission] = []
    private let rules: PinRules

    /// Starts with no file.
    ///
    /// - Parameter rules: what is to be ignored, and what shapes cannot say.
    public init(rules: PinRules = PinRules()) {
        self.rules = rules
    }

    /// Looks into a file; templates, locks and configurations are left alone.
    ///
    /// - Throws: ``YAMLError`` for a file that is neither YAML nor a template.
    public mutating func add(_ bytes: [UInt8], path: String) throws(YAMLError) {
        let found: FoundSites
        switch try FileReading(bytes, path: path, rules: rules) {
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
            add(site, Use(file: path, mark: text.mark(at: start)))
        }
    }

    /// Records a file that could not be looked into.
    public mutating func omit(_ path: String, _ reason: YAMLError) {
        omissions.append(
            Omission(
                use: Use(file: path, mark: reason.mark),
                reason: "the file is not looked into: \(reason.message)"))
    }

    private mutating func add(_ site: ImageReferenceSite, _ use: Use) {
        guard let image = site.image, !site.isSkipped else {
            omissions.append(
                Omission(use: use, reason: site.obstacle ?? "what it means stands elsewhere"))
            return
        }
        guard image.tag != nil || image.digest != nil else {
            let reason = "\(image) has neither tag nor digest; the chart may have a default"
            omissions.append(Omission(use: use, reason: reason))
            return
        }
        images[image, default: []].append(use)
    }
}
