// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety

/// The versions of one image in a file and in its lock entry.
///
/// A digest belongs to a version: with another tag it would change the deployed version, or leave a
/// tag that does not name the content. Tags are compared as text: `1.2` and `v1.2` are two tags.
struct StatedVersion {
    let site: ImageReferenceSite
    let target: PinTarget

    /// A Boolean value that indicates whether the entry's digest can be written without changing
    /// the version in the file.
    ///
    /// A file with only a digest has no version, so its digest is replaced. A file with neither has
    /// its version elsewhere (the chart's `appVersion`, the manifests of a kustomization): its
    /// digest is written only if a rule or a directive gives an id.
    var isSame: Bool {
        if let tag = site.statedTag { return tag == target.resolvedTag }
        return site.image?.digest != nil || site.id != nil
    }

    /// The reason for which the file is not changed.
    var difference: String {
        let locked =
            switch target.resolvedTag {
            case nil: "no tag"
            case let tag?: target.tag == nil ? "the floating tag \(tag)" : tag.name
            }
        let stated = (site.image?.tag ?? site.siblingTag).map { "mirror \($0)" } ?? "set the tag"
        return
            "\(Self.statement(of: site)), the lock file has \(locked): \(stated), or run "
            + "'pin --update-tags'"
    }

    /// Returns the reason for which none of several entries is chosen.
    static func ambiguity(_ site: ImageReferenceSite, among targets: [PinTarget]) -> String {
        let shown = targets.prefix(8).map { target in
            "\(target.resolvedTag?.name ?? "no tag") (\(UntrustedText(target.id).display(limit: 100)))"
        }
        let more = targets.count > shown.count ? " and \(targets.count - shown.count) more" : ""
        return "\(statement(of: site)), the lock file has \(shown.joined(separator: ", "))\(more): "
            + "add '# ocimirror: ID' to choose one"
    }

    private static func statement(of site: ImageReferenceSite) -> String {
        if let tag = site.image?.tag ?? site.siblingTag { return "the file has \(tag)" }
        return site.image?.digest == nil
            ? "the file has no tag" : "the file has a digest without a tag"
    }
}

extension ImageReferenceSite {
    /// The digest in the fields of the site, also if its repository is unknown.
    var statedDigest: Digest? {
        if let image { return image.digest }
        let text = digest?.text ?? tag.flatMap { ImageText.digest(after: $0.text) } ?? ""
        return try? Digest(parsing: text.contains(":") ? text : "sha256:\(text)")
    }

    /// The tag of the image in the file; `nil` if the version is defined elsewhere.
    ///
    /// A whole reference with neither tag nor digest means `latest`, unless an id identifies the
    /// entry, and except in the `images` of a kustomization, where the manifests define the tag.
    var statedTag: Tag? {
        if let tag = image?.tag ?? siblingTag { return tag }
        guard reference != nil, matchedName == nil, id == nil, let image, image.digest == nil else {
            return nil
        }
        return try? Tag(parsing: "latest")
    }

    /// Returns the text of a tag without the suffix that the chart appends.
    func suffixless(_ tag: Tag) -> String {
        guard let suffix, tag.name.hasSuffix("-\(suffix.text)") else { return tag.name }
        return String(tag.name.dropLast(suffix.text.utf8.count + 1))
    }
}
