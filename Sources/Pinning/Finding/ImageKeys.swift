// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The keys of the parts of an image in a mapping, in order of precedence.
enum ImageKeys {
    static let tag = ["tag", "imageTag"]
    /// The keys that have the tag only beside certain keys of the name.
    static let dependentTag = ["version", "defaultTag"]
    static let digest = ["digest", "imageDigest"]
    static let sha = ["sha", "sha256"]
    static let suffix = ["flavour", "flavor", "variant", "tagSuffix"]
    static let pullPolicy = ["pullPolicy", "imagePullPolicy"]

    /// The keys that identify an image whose repository is elsewhere.
    static let overlay = tag + digest + sha

    /// The keys of a repository.
    static let repository = ["repository", "repo", "name", "image"]

    /// Returns a Boolean value that indicates whether a key and its value are those of the digest of a
    /// variant of the image beside it: `digestChroot`, `genericDigest`.
    static func isVariantDigest(_ key: String, _ value: YAMLNode) -> Bool {
        ((key.hasPrefix("digest") && key != "digest")
            || (key.hasSuffix("Digest") && key != "useDigest" && !digest.contains(key)))
            && mayBeDigest(value)
    }

    /// Returns a Boolean value that indicates whether a value is a digest or empty, and not a switch
    /// such as that of `digestEnabled`.
    static func mayBeDigest(_ value: YAMLNode) -> Bool {
        guard let text = value.text else { return false }
        return text.isEmpty || value.isNull || ImageText.isTemplate(text)
            || ImageText.isDigest(text) || text.utf8.count == 64
    }

    /// All parts of an image.
    static let all: Set<String> = Set(
        overlay + dependentTag + suffix + pullPolicy + [
            "repository", "repo", "image", "name", "registry", "defaultRegistry", "useDigest",
            "override",
            "tagPrefix",
        ])

    /// Returns the shape of an image whose value has a key.
    static func shape(of key: String?) -> ImageShape {
        guard let key else { return .reference }
        if key.hasSuffixIgnoringCase("tag") || key.hasSuffixIgnoringCase("version") { return .tag }
        if key.hasSuffixIgnoringCase("digest") { return .digest }
        return sha.contains(key) ? .sha : .reference
    }

    /// Returns a Boolean value that indicates whether a key is that of a digest.
    static func isDigest(_ key: String) -> Bool { isVersion(key) && shape(of: key) != .tag }

    /// Returns a Boolean value that indicates whether a key is that of a tag or a digest.
    static func isVersion(_ key: String) -> Bool { shape(of: key) != .reference }

    /// Returns a Boolean value that indicates whether a value of a key can be identified by a directive:
    /// a tag, or a digest.
    static func canHoldVersion(_ key: String?, _ text: String) -> Bool {
        switch shape(of: key) {
        case .tag: (try? Tag(parsing: text)) != nil
        case .digest, .sha: text.isEmpty || ImageText.isDigest(text) || text.utf8.count == 64
        default: false
        }
    }

    /// The words before `Repository` and `Tag` in keys that are not about images.
    private static let others: Set<String> = [
        "git", "chart", "charts", "helm", "source", "src", "code", "docs", "config", "gitops",
    ]

    /// Returns a Boolean value that indicates whether the last word of a key before `Repository` or `Tag`
    /// is that of something else than an image: `web_git`, `webChart`.
    static func isOfOther(_ key: String) -> Bool {
        let last = key.split { "_-.".contains($0) }.last ?? ""
        let start = last.lastIndex { $0.isUppercase } ?? last.startIndex
        return others.contains(last[start...].lowercased())
    }

    /// Returns a Boolean value that indicates whether a key has the tag of an image by its name:
    /// `imageTag`, `web_image_tag`, `controllerImageVersion`.
    static func isImageTag(_ key: String) -> Bool {
        ["tag", "version"].contains { word in
            ["", "_", "-"].contains { key.hasSuffixIgnoringCase("image\($0)\(word)") }
        }
    }
}
