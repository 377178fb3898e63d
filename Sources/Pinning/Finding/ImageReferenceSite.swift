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
    /// The tag that the digest belongs to, if the name of the image is defined elsewhere.
    var siblingTag: Tag?
    /// The image that the file names; `nil` if it is unknown.
    var image: Reference?
    /// The position of a value that overrides the registry.
    var overridingRegistry: YAMLMark?
    /// The reason for which the image is unknown unless a rule or a directive gives the id.
    var missingIDReason: String?
    /// The value that allows charts of Bitnami to use other repositories.
    var allowInsecureImages: Field?
    /// The reason for which the site is not changed; `nil` if it can be.
    var obstacle: String?
    /// A Boolean value that indicates whether the site needs no digest, so the obstacle needs no
    /// attention.
    var isSkipped = false
    /// The id that a rule or a directive gives.
    var id: String?
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
    }

    /// The fields of the name that have a value or an empty value.
    var fields: [Field] {
        [reference, registry, repository, matchedName, leaf, tag, digest, digestSwitch, suffix]
            .compactMap(\.self)
    }

    /// The start of the reference in the fragment, for reports.
    var start: Int {
        if shape == .substring, let offset = reference?.part?.offset { return offset }
        return anchor.range.lowerBound
    }

    mutating func reject(_ reason: String) {
        if obstacle == nil { obstacle = reason }
    }

    /// Marks the site as skipped, replacing other obstacles; the first reason is kept.
    mutating func skip(_ reason: String) {
        guard !isSkipped else { return }
        obstacle = reason
        isSkipped = true
    }
}
