// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The image references of a file.
struct FoundSites: Sendable {
    var fragments: [Fragment]
    var sites: [ImageReferenceSite] = []
    /// The documents of the file, and those in its texts, in the order of the walk.
    var scopes: [DocumentScope] = []
    /// The documents that have a SOPS signature, which a change would break.
    var signedDocuments: Set<Int> = []
    /// The lines of the file with directives that identify or skip images.
    var usedDirectives: Set<Int> = []

    /// The values of keys such as `image` that are not images.
    var otherValues: [OtherValue] = []

    /// A value of a fragment.
    struct Value: Hashable {
        let fragment: Int
        let range: Range<Int>
    }

    /// The directives that are not beside an image.
    var unusedDirectives: [(word: String, mark: YAMLMark)] {
        let file = fragments[0]
        return file.directives.all.filter { !usedDirectives.contains($0.line) }
            .map { ($0.word, YAMLMark(line: $0.line, column: 1)) }
    }

    /// Rejects images that only a directive identifies, if their line has other images.
    mutating func rejectSharedDirectives() {
        struct DirectiveUse: Hashable {
            let fragment: Int
            let directive: PinDirectives.Directive
        }
        func use(of site: ImageReferenceSite) -> DirectiveUse? {
            site.directive.map { DirectiveUse(fragment: site.fragment, directive: $0) }
        }
        guard sites.contains(where: { $0.directive != nil }) else { return }
        let counts = Dictionary(
            sites.compactMap(use).map { ($0, 1) }, uniquingKeysWith: { $0 + $1 })
        for index in sites.indices where sites[index].image == nil {
            guard let use = use(of: sites[index]), counts[use, default: 0] > 1 else {
                continue
            }
            sites[index].reject(
                "the directive is for one image: write each tag or digest on a line of its own")
        }
    }

    /// Keeps only the images that the file names and the lock file has.
    mutating func keepImages(of lock: LockView?) {
        sites.removeAll { site in
            site.isSkipped || !(site.image.map { lock?.has($0.repository) ?? false } ?? false)
        }
        for index in sites.indices { sites[index].number = index }
        otherValues = []
    }

    /// Removes the mentions of values that another image uses, such as a merged repository.
    mutating func removeRepeatedMentions() {
        guard sites.contains(where: \.isMention) else { return }
        // A part of a text does not use the other parts.
        let used = Set(
            sites.lazy.filter { !$0.isMention }.flatMap { site in
                site.fields.filter { $0.part == nil }
                    .map { Value(fragment: site.fragment, range: $0.node.range) }
            })
        sites.removeAll { site in
            site.isMention
                && used.contains(Value(fragment: site.fragment, range: site.anchor.range))
        }
        for index in sites.indices { sites[index].number = index }
    }
}

/// A document, and the fields that distinguish it from others.
struct DocumentScope: Hashable, Sendable {
    /// The document with the text that contains this one; `nil` in the file itself.
    let parent: Int?
    /// The path of that text.
    let path: SitePath
    /// A Boolean value that indicates whether the document has no value.
    let isEmpty: Bool
    /// The kind of the Kubernetes object; `nil` if the document has none.
    let kind: String?
    let name: String?
    let namespace: String?

    init(_ root: YAMLNode, parent: Int?, path: SitePath) {
        self.parent = parent
        self.path = path
        isEmpty = root.isNull
        let metadata = root["metadata"]
        kind = root["kind"].flatMap(MergedMapping.text)
        name = metadata?["name"].flatMap(MergedMapping.text)
        namespace = metadata?["namespace"].flatMap(MergedMapping.text)
    }
}
