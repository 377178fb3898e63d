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
        guard FileText.reasonToSkip(bytes) == nil else { return }
        let stream: YAMLDocumentStream
        do throws(YAMLError) {
            stream = try YAMLDocumentStream(parsing: bytes, limits: FileText.limits)
        } catch {
            guard let mark = FileText.template(in: bytes) else { throw error }
            let use = Use(file: path, mark: mark)
            omissions.append(Omission(use: use, reason: "the file is a template"))
            return
        }
        guard !FileText.isConfiguration(stream) else { return }
        let found = SiteFinder.find(in: stream, file: path, rules: rules, limits: FileText.limits)
        for site in found.sites {
            let fragment = found.fragments[site.fragment]
            let start = fragment.fileOffset(site.start(in: fragment.stream.text))
            add(site, Use(file: path, mark: stream.text.mark(at: start)))
        }
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
