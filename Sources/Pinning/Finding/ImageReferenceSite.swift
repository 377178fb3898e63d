// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// One place where a file names an image.
struct ImageReferenceSite: Sendable {
    let fragment: Int
    let document: Int
    let path: SitePath
    /// Which document it stands in, by its place in ``FoundSites/scopes``.
    var scope = 0
    /// Its place in ``FoundSites/sites``.
    var number = 0
    var shape: ImageShape
    /// Where the site begins in its fragment.
    let anchor: YAMLNode
    /// The whole reference, for the shapes that have one.
    var reference: Field?
    var registry: Field?
    var repository: Field?
    /// The name by which kustomize finds the images to change: a key, which is never written.
    var matchedName: Field?
    /// The last component, where it stands apart from the repository.
    var leaf: Field?
    var tag: Field?
    var digest: Field?
    /// The key that switches the digest on.
    var digestSwitch: Field?
    /// What the chart puts behind the tag.
    var suffix: Field?
    /// What pulls it, for the linter.
    var pullPolicy: Field?
    /// The mapping that the fields stand in, for keys that have to be added.
    var block: YAMLNode?
    /// The key after which a key for the digest is added.
    var neighbour: String?
    /// The tag that the digest belongs to, where the image's name is not known from here.
    var siblingTag: Tag?
    /// What the file says the image is; nil where it cannot be known from here.
    var image: Reference?
    /// The registry that a value elsewhere in the file puts in front.
    var overridingRegistry: YAMLMark?
    /// What is not known unless a rule or a comment gives the id.
    var question: String?
    /// The switch without which bitnami's charts refuse to be moved.
    var guardSwitch: Field?
    /// Why it is not written; nil where it can be.
    var obstacle: String?
    /// Whether the obstacle means "nothing to do here" and not "somebody should see to it".
    var isSkipped = false
    /// The id that a rule or a comment gives.
    var id: String?
    /// The keys of the mapping that are overridden here and inherited.
    var usedAt: [YAMLMark] = []

    init(
        _ fragment: Int, _ document: Int, _ path: SitePath, _ shape: ImageShape, at anchor: YAMLNode
    ) {
        self.fragment = fragment
        self.document = document
        self.path = path
        self.shape = shape
        self.anchor = anchor
    }

    /// The fields with a value or a place for one.
    var fields: [Field] {
        [reference, registry, repository, matchedName, leaf, tag, digest, digestSwitch, suffix]
            .compactMap(\.self)
    }

    /// Where a person would look for it, in the fragment.
    var start: Int {
        if shape == .substring, let offset = reference?.part?.offset { return offset }
        return anchor.range.lowerBound
    }

    mutating func refuse(_ reason: String) {
        if obstacle == nil { obstacle = reason }
    }

    /// Takes the site out, whatever else is wrong with it; the first reason stays.
    mutating func skip(_ reason: String) {
        guard !isSkipped else { return }
        obstacle = reason
        isSkipped = true
    }
}
