// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// The images that kustomize gives other names, tags or digests.
struct ReplacedImages {
    /// The names of the images.
    private(set) var names: Set<String> = []
    /// The new names of those that keep their tags and digests, by name.
    private(set) var newNames: [String: String] = [:]

    init() {}

    /// Creates a list from the `images` of a kustomization.
    ///
    /// Source: kustomize, `images`; Flux, `Kustomization` § Images.
    init(_ images: [YAMLNode]) {
        for image in images {
            guard let name = image["name"]?.text else { continue }
            func has(_ key: String) -> Bool { image[key]?.text?.isEmpty == false }
            let hasVersion = has("newTag") || has("digest")
            guard hasVersion || has("newName") else { continue }
            names.insert(name)
            newNames[name] = hasVersion ? nil : image["newName"]?.text
        }
    }

    /// Creates a list from texts of the form `[NAME=]NEWNAME[:TAG][@DIGEST]`.
    ///
    /// Source: Argo CD, `KustomizeImage`; kustomize, `kustomize edit set image`.
    init(stated images: [String]) {
        for image in images {
            let parts = image.split(separator: "=", maxSplits: 1).map(String.init)
            guard let new = parts.last else { continue }
            let newName = Self.name(of: new)
            let hasVersion = newName != new
            guard hasVersion || parts.count == 2 else { continue }
            let name = parts.count == 2 ? parts[0] : newName
            names.insert(name)
            newNames[name] = hasVersion ? nil : newName
        }
    }

    /// Adds the images of a component, unless they are in the list.
    mutating func merge(_ component: ReplacedImages) {
        newNames.merge(component.newNames.filter { !names.contains($0.key) }) { own, _ in own }
        names.formUnion(component.names)
    }

    /// Returns the text of an image without its tag and digest.
    static func name(of image: String) -> String {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") else {
            return String(name)
        }
        return String(name[..<colon])
    }
}
