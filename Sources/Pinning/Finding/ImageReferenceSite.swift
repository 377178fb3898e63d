// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// An image reference in a file.
struct ImageReferenceSite: Sendable {
    let fragment: Int
    let document: Int
    let path: SitePath
    /// The document that contains the site, as an index into ``FoundSites/scopes``.
    var scope = 0
    /// The index in ``FoundSites/sites``.
    var number = 0
    var shape: ImageShape
    /// The value at which the site begins in its fragment.
    let anchor: YAMLNode
    /// The whole reference, for the shapes that have one.
    var reference: Field?
    var registry: Field?
    var repository: Field?
    /// The name by which kustomize selects images: a key, which is never changed.
    var matchedName: Field?
    /// The last component, if it is separate from the repository.
    var leaf: Field?
    var tag: Field?
    var digest: Field?
    /// The key that enables the digest.
    var digestSwitch: Field?
    /// The suffix that the chart appends to the tag.
    var suffix: Field?
    /// The pull policy, for the linter.
    var pullPolicy: Field?
    /// The mapping with the fields, to which keys can be added.
    var mapping: YAMLNode?
    /// The key after which a key for the digest is added.
    var precedingKey: String?
    /// The key for the digest; `nil` for the usual one.
    var digestKey: String?
    /// The tag that the digest belongs to, if the name of the image is defined elsewhere.
    var siblingTag: Tag?
    /// The image that the file names; `nil` if it is unknown.
    var image: Reference?
    /// The position of a value that overrides the registry.
    var overridingRegistry: YAMLMark?
    /// The file that has the repository of an overlay's tag.
    var repositoryFile: String?
    /// The path of the tag in the document, also of one that the file does not have.
    var tagPath: SitePath
    /// The use of the tag by the chart.
    var tagUse = TagReuse.Use.image
    /// A Boolean value that indicates whether a rule decides that the tag can have a digest.
    var isTagPermitted = false
    /// The reason for which the image is unknown unless a rule or a directive gives the id.
    var missingIDReason: String?
    /// A Boolean value that indicates whether the values are not known to be an image.
    var isUncertain = false
    /// The value that allows charts of Bitnami to use other repositories.
    var allowInsecureImages: Field?
    /// The reason for which the site is not changed; `nil` if it can be.
    private(set) var obstacle: Obstacle?
    /// A Boolean value that indicates whether the site needs no digest, so the obstacle needs no
    /// attention.
    private(set) var isSkipped = false
    /// The id that a rule or a directive gives.
    var id: String?
    /// The directive with this id; `nil` if a rule gives it.
    var directive: PinDirectives.Directive?
    /// The positions of the aliases that use the site's values.
    var usedAt: [YAMLMark] = []

    init(
        fragment: Int, document: Int, path: SitePath, shape: ImageShape, at anchor: YAMLNode
    ) {
        self.fragment = fragment
        self.document = document
        self.path = path
        self.shape = shape
        self.anchor = anchor
        tagPath = path.appending(key: "tag")
    }

    /// The fields of the name that have a value or an empty value.
    var fields: [Field] {
        [reference, registry, repository, matchedName, leaf, tag, digest, digestSwitch, suffix]
            .compactMap(\.self)
    }

    /// A Boolean value that indicates whether the value is not known to be an image.
    var isMention: Bool { shape == .mention }

    /// The start of the reference in the fragment, for reports.
    var start: Int {
        if shape == .substring || shape == .mention, let offset = reference?.part?.offset {
            return offset
        }
        return anchor.range.lowerBound
    }

    /// Sets the id that a rule or a directive gives, which takes precedence over guesses.
    ///
    /// It selects an entry for a value that is not known to be an image, and for a tag whose
    /// repository is defined elsewhere.
    mutating func identify(_ id: String?) {
        self.id = id
        guard id != nil else { return }
        switch shape {
        case .sharedTag, .overlay: shape = .tag
        case .mention: shape = reference?.part == nil ? .reference : .substring
        case .reference, .substring, .tag, .digest, .sha, .secondDigest, .inventory, .template:
            break
        }
    }

    /// Sets the shape that a rule gives.
    mutating func apply(_ rule: PinRules.Rule?) {
        switch rule?.form {
        case .tag: (shape, digest, isTagPermitted) = (.tag, nil, true)
        case .digest: shape = .digest
        case .sha: shape = .sha
        case .reference, .skip, nil: break
        }
    }

    mutating func reject(_ reason: String, as kind: Obstacle.Kind = .other) {
        if obstacle == nil { obstacle = Obstacle(kind: kind, reason: reason) }
    }

    /// Rejects the site unless a rule or a directive gives the id.
    mutating func reject(asUncertain reason: String, as kind: Obstacle.Kind = .other) {
        let reason = "\(reason): add '# ocimirror: ID' or a rule"
        missingIDReason = reason
        isUncertain = true
        reject(reason, as: kind)
    }

    /// Marks the site as skipped, replacing other obstacles; the first reason is kept.
    mutating func skip(_ reason: String, as kind: Obstacle.Kind = .other) {
        guard !isSkipped else { return }
        obstacle = Obstacle(kind: kind, reason: reason)
        isSkipped = true
    }

    /// Marks the site as the text of a template.
    mutating func skipTemplate() { skip("template text", as: .template) }
}

/// The reason for which a site is not changed.
struct Obstacle: Hashable, Sendable {
    /// The kinds of obstacles that the linter distinguishes.
    enum Kind: Hashable, Sendable {
        case template
        /// The chart uses the tag for other purposes too.
        case reusedTag
        /// The use of the tag is unknown, because not all templates were read.
        case unknownTagUse
        case invalidDigest
        /// The chart uses the tag or the digest for several images.
        case sharedTag
        /// Another source of values changes the image.
        case changedImage
        /// The image is in YAML or JSON in quotes, which is not edited.
        case quotedText
        case other
    }

    let kind: Kind
    let reason: String

    init(kind: Kind, reason: String) {
        self.kind = kind
        self.reason = TemplatedYAML.restoringExpressions(in: reason)
    }

    /// A Boolean value that indicates whether a change of other images, also in other files, can end it.
    var canEnd: Bool { kind == .sharedTag || kind == .changedImage }
}

/// A part of an image's name in a file: a scalar, or a part of its text.
struct Field: Sendable {
    /// A part of a scalar's text.
    struct Part: Sendable {
        /// The range in the text, in bytes.
        let range: Range<Int>
        let text: String
        /// The start in the fragment, if the characters are there as they are.
        let offset: Int?
    }

    /// The scalar, with aliases resolved.
    let node: YAMLNode
    /// The part of the scalar's text; `nil` for all of it.
    var part: Part?

    /// The text of the field; empty for null.
    var text: String {
        if let part { return part.text }
        guard let text = node.text, !node.isNull else { return "" }
        return text
    }
}

extension YAMLNode {
    /// Returns the offset of a byte of a flow scalar's text, or `nil` if the text in
    /// the file is folded or escaped.
    func offset(ofTextAt position: Int) -> Int? {
        switch kind {
        case .scalar(_, .plain): range.lowerBound + position
        case .scalar(_, .singleQuoted), .scalar(_, .doubleQuoted): range.lowerBound + 1 + position
        default: nil
        }
    }
}

/// The form in which a file writes an image.
///
/// `Documentation/pins.md` lists the shapes with examples.
public enum ImageShape: String, Hashable, Sendable, CaseIterable {
    /// A whole reference, `repository:tag@digest`.
    case reference
    /// A reference in a longer text, such as `--image=repository:tag`.
    case substring
    /// Repository and tag in separate keys; the digest follows the tag.
    case tag
    /// Repository and tag in separate keys, with a key for the digest.
    case digest
    /// Repository and tag in separate keys, with a key for the digest without `sha256:`.
    case sha
    /// One tag for several images.
    case sharedTag = "shared-tag"
    /// A second digest beside the first, of another variant of the image.
    case secondDigest = "second-digest"
    /// A list of images for other tools, which pins nothing.
    case inventory
    /// Text of a template.
    case template
    /// A tag or digest whose repository another file has.
    case overlay
    /// An image of the lock file in a value that is not known to be an image.
    case mention
}
