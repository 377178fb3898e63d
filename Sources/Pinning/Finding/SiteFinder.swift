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

    fileprivate init(_ root: YAMLNode, parent: Int?, path: SitePath) {
        self.parent = parent
        self.path = path
        isEmpty = root.isNull
        let metadata = root["metadata"]
        kind = root["kind"].flatMap(MergedMapping.text)
        name = metadata?["name"].flatMap(MergedMapping.text)
        namespace = metadata?["namespace"].flatMap(MergedMapping.text)
    }
}

/// Walks the documents of a file and finds images.
///
/// Aliases are never followed, so each value is visited once.
struct SiteFinder {
    let file: String
    let rules: FileRules
    var found: FoundSites
    var fragment = 0
    var document = 0
    private var scope: Int?
    var anchors: Anchors
    var globals = Globals()
    var resource = ResourceType()
    /// The root of the current document.
    var root: YAMLNode
    private let limits: YAMLDocumentStream.Limits
    /// The number of mappings to which the merge keys of the rest of the file may lead.
    private var mergeBudget = Anchors.mergeLimit
    /// The error that ends the walk.
    private var error: YAMLError?

    /// The maximum nesting of YAML in YAML.
    private static let nesting = 3
    /// The maximum number of images in a file; large sets of rendered manifests name some hundreds.
    private static let siteLimit = 50_000

    /// Finds the images of a file.
    ///
    /// - Throws: ``YAMLError`` for a file that would take too long to read.
    static func find(
        in stream: YAMLDocumentStream, file: String, rules: PinRules,
        limits: YAMLDocumentStream.Limits
    ) throws(YAMLError) -> FoundSites {
        guard let root = stream.documents.first?.root else {
            return FoundSites(fragments: [Fragment(stream)])
        }
        var finder = SiteFinder(stream, of: file, rules: rules, limits: limits, root: root)
        for (number, document) in stream.documents.enumerated() {
            finder.document = number
            if Self.isSigned(document.root) { finder.found.signedDocuments.insert(number) }
            finder.walk(document.root, from: SitePath())
            if let error = finder.error { throw error }
        }
        return finder.found
    }

    private init(
        _ stream: YAMLDocumentStream, of file: String, rules: PinRules,
        limits: YAMLDocumentStream.Limits, root: YAMLNode
    ) {
        self.file = file
        self.rules = rules.forFile(file)
        self.limits = limits
        self.anchors = Anchors()
        self.root = root
        self.found = FoundSites(fragments: [Fragment(stream)])
    }

    /// Walks one document of the current fragment.
    private mutating func walk(_ root: YAMLNode, from path: SitePath) {
        guard error == nil else { return }
        let outer = scope
        defer { scope = outer }
        found.scopes.append(DocumentScope(root, parent: outer, path: path))
        scope = found.scopes.count - 1
        self.root = root
        anchors = Anchors()
        if found.fragments[fragment].mayRepeatValues {
            do throws(Anchors.MergeLimitExceeded) {
                anchors = try Anchors(root, mergeBudget: &mergeBudget)
            } catch {
                return reject(
                    "the merge keys lead to more than \(Anchors.mergeLimit) mappings",
                    at: error.node.range.lowerBound)
            }
        }
        globals = Globals(MergedMapping(root, anchors))
        resource = ResourceType(root)
        visit(root, at: path)
    }

    /// Ends the walk with an error at an offset of the current fragment.
    private mutating func reject(_ reason: String, at offset: Int) {
        let mark = found.fragments[0].stream.text.mark(
            at: found.fragments[fragment].fileOffset(offset))
        if error == nil { error = YAMLError(at: mark, reason) }
    }

    /// Returns a Boolean value that indicates whether SOPS has signed all values of the document.
    ///
    /// The code covers every value unless `mac_only_encrypted` is set.
    ///
    /// Source: SOPS, README § MAC; `mac_only_encrypted`.
    private static func isSigned(_ root: YAMLNode) -> Bool {
        guard let sops = root["sops"], sops.entries != nil else { return false }
        return sops["mac_only_encrypted"]?.text != "true"
    }

    mutating func add(_ site: ImageReferenceSite, rule: PinRules.Rule? = nil) {
        guard found.sites.count < Self.siteLimit else {
            return reject(
                "the file names more than \(Self.siteLimit) images",
                at: site.anchor.range.lowerBound)
        }
        var site = site
        site.scope = scope ?? 0
        site.number = found.sites.count
        let rule = rule ?? rules.rule(for: site.path)
        if rule?.form == .skip { site.skip("skipped by a rule in pins.yaml") }
        site.id = rule?.id ?? site.id
        let words = directives(of: site)
        if words.contains("skip") { site.skip("skipped by a directive") }
        site.id = site.id ?? words.first { $0 != "skip" }
        if site.id == nil, let reason = resource.reasonNotPulled(at: site.path) {
            site.skip(reason)
        }
        if site.id == nil, let missingIDReason = site.missingIDReason {
            site.reject(missingIDReason)
        }
        site.usedAt = ([site.mapping].compactMap(\.self) + site.fields.map(\.node))
            .flatMap(anchors.uses(of:))
        if let tag = site.fields.compactMap(\.node.tag).first,
            tag != "!", tag != "tag:yaml.org,2002:str"
        {
            site.reject("the YAML tag gives the value another type than text")
        }
        if let field = site.fields.first(where: { $0.node.text == nil }) {
            let mark = field.node.mark
            site.reject("the value at \(mark.line):\(mark.column) is not text")
        }
        if let field = site.fields.first(where: { isFolded($0.node) }) {
            let mark = field.node.mark
            site.reject("the value at \(mark.line):\(mark.column) spans several lines")
        }
        found.sites.append(site)
    }

    /// Returns the words of the directives beside the site's values.
    private func directives(of site: ImageReferenceSite) -> [String] {
        let directives = found.fragments[site.fragment].directives
        guard !directives.isEmpty else { return [] }
        return (site.fields.map(\.node) + [site.anchor])
            .compactMap { directives.id(forLine: $0.mark.line) }
    }

    /// Returns a Boolean value that indicates whether a scalar spans several lines; literal ones
    /// are edited line by line.
    private func isFolded(_ node: YAMLNode) -> Bool {
        guard case .scalar(_, let style) = node.kind, style != .literal else { return false }
        let text = found.fragments[fragment].stream.text
        return style == .folded
            || text.mark(at: node.range.upperBound).line != node.mark.line
    }

    mutating func visit(_ node: YAMLNode, at path: SitePath) {
        guard error == nil else { return }
        switch node.kind {
        case .mapping(let entries, _):
            let claimed = claim(node, at: path)
            guard claimed != .all else { return }
            // By index, because a copy of each entry would cost as much as visiting it.
            for index in entries.indices {
                guard let key = entries[index].key.text, !claimed.contains(key) else { continue }
                visit(entries[index].value, at: path.appending(key: key))
            }
        case .sequence(let items, _):
            for (index, item) in items.enumerated() {
                visit(item, at: path.appending(element: item, at: index))
            }
        case .scalar(let text, let style):
            visit(node, text: text, style: style, at: path)
        case .alias:
            break
        }
    }

    /// Walks a text that is YAML itself, if its key indicates values or a file.
    mutating func descend(into node: YAMLNode, at path: SitePath) -> Bool {
        guard Self.holdsYAML(path.key ?? ""), depth < Self.nesting,
            let inner = Fragment(
                literal: node, of: found.fragments[fragment], at: fragment, limits: limits),
            inner.stream.documents.contains(where: { $0.root.entries != nil })
        else { return false }
        let outer = (fragment, anchors, globals, resource, root)
        found.fragments.append(inner)
        fragment = found.fragments.count - 1
        for document in inner.stream.documents { walk(document.root, from: path) }
        (fragment, anchors, globals, resource, root) = outer
        return true
    }

    private var depth: Int {
        var depth = 0
        var number = fragment
        while let parent = found.fragments[number].parent {
            number = parent.fragment
            depth += 1
        }
        return depth
    }

    private static func holdsYAML(_ key: String) -> Bool {
        let key = key.lowercased()
        return key.hasSuffix(".yaml") || key.hasSuffix(".yml") || key.hasSuffix("values")
            || key == "valuescontent"
    }
}
