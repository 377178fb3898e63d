// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// An image of the lock file in the form in which values files and manifests reference it.
struct PinTarget: Hashable, Sendable {
    let id: String
    let repository: Repository
    /// The tag for whole references; `nil` for a floating tag and for an entry without a tag.
    let tag: Tag?
    /// The tag that the entry was resolved from, floating or not; `nil` if its source has none.
    let resolvedTag: Tag?
    let digest: Digest
    /// A Boolean value that indicates whether a file names the image in another repository.
    var isInOtherRepository = false

    /// The image with its tag and digest.
    var reference: Reference { Reference(repository, tag: tag, digest: digest) }
}

/// The reason why no image of the lock file can be used.
enum LookupFailure: Error, Hashable {
    case unknown
    case unknownID(String)
    /// Several entries have the repository, and none has the tag or digest of the file.
    case ambiguous([PinTarget])
    case insufficientlyValidated(String)
    /// The image was not selected.
    case notSelected
    /// The file to copy from names another repository.
    case otherRepository(String)
    /// The pin must not be copied, for this reason.
    case notCopied(String)
}

/// The image to write to a site, or the reason why there is none.
typealias FoundTarget = Result<PinTarget, LookupFailure>

/// Computes the edits that write one image of the lock file into one site.
struct SiteWriter {
    let site: ImageReferenceSite
    let target: PinTarget
    let source: YAMLText
    let quoteStyle: QuoteStyle
    private(set) var edits: [Edit] = []
    /// The keys to add to the mapping, by the existing key before them.
    private var additions: [String: [Edit.Addition]] = [:]
    private(set) var warnings: [String] = []
    /// The image that the site names after the edits.
    private(set) var written: Reference

    /// Computes the edits.
    ///
    /// - Throws: ``EditError`` if the site cannot hold the digest.
    init(
        _ site: ImageReferenceSite, target: PinTarget, in source: YAMLText,
        quotedAs quoteStyle: QuoteStyle
    ) throws(EditError) {
        self.site = site
        self.target = target
        self.source = source
        self.quoteStyle = quoteStyle
        let tag = site.reference == nil ? target.resolvedTag : target.tag
        self.written = Reference(target.repository, tag: tag, digest: target.digest)
        if target.isInOtherRepository { try move() }
        switch site.shape {
        case .reference, .substring: try writeReference()
        case .tag: try writeTag()
        case .digest: try writeDigest(key: "digest")
        case .sha: try writeDigest(key: "sha")
        case .sharedTag, .secondDigest, .inventory, .template, .overlay, .mention:
            throw EditError(reason: "it holds no image")
        }
        for (key, added) in additions {
            guard let mapping = site.mapping else {
                throw EditError(reason: "no mapping to add the key '\(added[0].key)' to")
            }
            edits.append(
                try Edit.adding(added, to: mapping, after: key, in: site.fragment, source))
        }
    }

    private mutating func add(
        _ key: String, _ text: String, like node: YAMLNode? = nil, after precedingKey: String
    ) {
        let token =
            node.map { quoteStyle.encode(text, like: $0, isQuoted: false) }
            ?? YAMLQuoting.doubleQuoted(text)
        additions[precedingKey, default: []].append(
            Edit.Addition(key: key, text: text, token: token))
    }

    private mutating func set(_ field: Field, _ text: String, isQuoted: Bool = false)
        throws(EditError)
    {
        let edit = try Edit.setting(
            field, to: text, isQuoted: isQuoted, in: site.fragment, of: source, quotedAs: quoteStyle
        )
        if let edit { edits.append(edit) }
    }

    /// Writes a whole reference: the name as spelled, the tag of the lock file, and the digest.
    private mutating func writeReference() throws(EditError) {
        guard let field = site.reference else { return }
        var name = Self.name(in: field.text)
        if target.isInOtherRepository || name.isEmpty { name = target.repository.description }
        // A reference with only a digest does not get a tag.
        let isBare = site.image.map { $0.tag == nil && $0.digest != nil } ?? false
        let tag = isBare ? nil : target.tag
        written = Reference(target.repository, tag: tag, digest: target.digest)
        let key =
            site.matchedName != nil && field.part == nil ? "\(Self.name(in: field.text))=" : ""
        try set(field, "\(key)\(name)\(tag.map { ":\($0)" } ?? "")@\(target.digest)")
    }

    /// Writes the digest after the tag; the suffix that the chart appends to both becomes part of
    /// the tag.
    private mutating func writeTag() throws(EditError) {
        if let field = site.tag, field.text.hasPrefix("sha256:") {
            return try set(field, target.digest.description)
        }
        guard let tag = target.resolvedTag else {
            throw EditError(reason: "the lock entry '\(target.id)' has no tag")
        }
        let text = "\(tag)@\(target.digest)"
        if let field = site.tag {
            try set(field, text)
        } else if let precedingKey = site.precedingKey {
            add("tag", text, after: precedingKey)
        }
        if let suffix = site.suffix { try set(suffix, "", isQuoted: true) }
    }

    /// Writes the digest to its own key, and updates the tag beside it so that both name the same
    /// content.
    private mutating func writeDigest(key: String) throws(EditError) {
        if let field = site.tag, !field.text.isEmpty {
            guard let tag = target.resolvedTag else {
                throw EditError(
                    reason: "the lock entry '\(target.id)' has no tag")
            }
            try set(field, site.suffixless(tag))
        }
        let isBare = site.shape == .sha || site.digest.map { Self.isHex($0.text) } ?? false
        let text = isBare ? target.digest.hex : target.digest.description
        if let field = site.digest {
            try set(field, text, isQuoted: isBare)
        } else if let precedingKey = site.precedingKey {
            add(site.digestKey ?? key, text, after: precedingKey)
        } else {
            throw EditError(reason: "no mapping to add the key '\(key)' to")
        }
        if let field = site.digestSwitch,
            let edit = Edit.switchingOn(field, in: site.fragment, of: source, quotedAs: quoteStyle)
        {
            edits.append(edit)
        }
    }

    /// Moves the parts of the name to the other registry.
    private mutating func move() throws(EditError) {
        try openGuard()
        if let name = site.matchedName, site.reference == nil, site.repository == nil {
            return add(
                "newName", target.repository.description, like: name.node, after: "name")
        }
        if let file = site.repositoryFile {
            throw EditError(reason: "the repository is in \(file): rewrite it there")
        }
        if let mark = site.overridingRegistry {
            throw EditError(
                reason:
                    "the registry at \(mark.line):\(mark.column) applies to the image: rewrite it there"
            )
        }
        guard let repository = site.repository else { return }
        var path = target.repository.path
        let registry = target.repository.registry.name
        if let leaf = site.leaf {
            guard let slash = path.lastIndex(of: "/") else {
                throw EditError(reason: "the mirror repository has no parent path")
            }
            try set(leaf, String(path[path.index(after: slash)...]))
            path = String(path[..<slash])
        }
        if let field = site.registry {
            // A chart that joins both without a slash has it in the registry.
            try set(field, registry + (field.text.hasSuffix("/") ? "/" : ""))
            try set(repository, path)
        } else {
            try set(repository, "\(registry)/\(path)")
        }
    }

    /// Charts of Bitnami fail with other repositories unless a value allows them.
    ///
    /// Source: bitnami/charts, `common.errors.insecureImages`.
    private mutating func openGuard() throws(EditError) {
        if let field = site.allowInsecureImages {
            if let edit = Edit.switchingOn(
                field, in: site.fragment, of: source, quotedAs: quoteStyle)
            {
                edits.append(edit)
            }
        } else if let old = site.image?.repository, old.registry == .dockerHub,
            old.path.hasPrefix("bitnami"), site.repository != nil
        {
            warnings.append(
                "Bitnami charts reject other repositories: set "
                    + "global.security.allowInsecureImages to true")
        }
    }

    /// Returns the name of a reference as spelled, without tag and digest.
    private static func name(in text: String) -> String {
        let name = text.prefix { $0 != "@" }
        let last = name.lastIndex(of: "/") ?? name.startIndex
        guard let colon = name[last...].lastIndex(of: ":") else { return String(name) }
        return String(name[..<colon])
    }

    private static func isHex(_ text: String) -> Bool {
        text.utf8.count == 64 && (try? Digest(parsing: "sha256:\(text)")) != nil
    }
}
