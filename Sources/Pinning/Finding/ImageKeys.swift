// SPDX-License-Identifier: Apache-2.0

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
        if key == "newTag" || key == "version" || tag.contains(key) { return .tag }
        if digest.contains(key) { return .digest }
        return sha.contains(key) ? .sha : .reference
    }
}
