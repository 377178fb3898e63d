// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// Everything that was found in a file.
struct FoundSites: Sendable {
    var fragments: [Fragment]
    var sites: [ImageReferenceSite] = []
    /// The documents that SOPS has signed: a change would break the signature.
    var sealedDocuments: Set<Int> = []
}

/// Walks a file's documents and looks for images.
///
/// Aliases are never followed, so each value is seen once.
struct SiteFinder {
    let file: String
    let rules: PinRules
    var found: FoundSites
    var fragment = 0
    var document = 0
    var anchors: Anchors
    var globals = Globals()
    var resource = ResourceType()
    /// The document at hand.
    var root: YAMLNode
    private let markers: Bool
    private let limits: YAMLDocumentStream.Limits

    /// How often YAML may stand inside YAML.
    private static let nesting = 3

    /// Finds the images of a file.
    static func find(
        in stream: YAMLDocumentStream, file: String, rules: PinRules,
        limits: YAMLDocumentStream.Limits
    ) -> FoundSites {
        guard let root = stream.documents.first?.root else {
            return FoundSites(fragments: [Fragment(stream)])
        }
        var finder = SiteFinder(stream, file, rules, limits, root)
        for (number, document) in stream.documents.enumerated() {
            finder.document = number
            if Self.isSealed(document.root) { finder.found.sealedDocuments.insert(number) }
            finder.walk(document.root, from: SitePath())
        }
        return finder.found
    }

    private init(
        _ stream: YAMLDocumentStream, _ file: String, _ rules: PinRules,
        _ limits: YAMLDocumentStream.Limits, _ root: YAMLNode
    ) {
        self.file = file
        self.rules = rules
        self.limits = limits
        self.anchors = Anchors()
        self.root = root
        self.found = FoundSites(fragments: [Fragment(stream)])
        self.markers = PinDirective.mayStand(in: stream.text)
    }

    /// Walks one document of the fragment at hand.
    private mutating func walk(_ root: YAMLNode, from path: SitePath) {
        self.root = root
        anchors = found.fragments[fragment].mayHaveAnchors ? Anchors(root) : Anchors()
        globals = Globals(MergedMapping(root, anchors))
        resource = ResourceType(root)
        visit(root, at: path)
    }

    /// A file of SOPS has a code over all its values, unless it says that clear ones do not count.
    ///
    /// Source: SOPS, README § MAC; `mac_only_encrypted`.
    private static func isSealed(_ root: YAMLNode) -> Bool {
        guard let sops = root["sops"], sops.entries != nil else { return false }
        return sops["mac_only_encrypted"]?.text != "true"
    }

    mutating func add(_ site: ImageReferenceSite, rule: PinRules.Rule? = nil) {
        var site = site
        let rule = rule ?? rules.rule(for: site.path, in: file)
        if rule?.form == .skip { site.skip("pins.yaml says so") }
        site.id = rule?.id ?? site.id
        if markers, site.id == nil, let word = marker(for: site) {
            if word == "skip" { site.skip("a comment says so") } else { site.id = word }
        }
        if site.id == nil, let reason = resource.reasonNotPulled(at: site.path) {
            site.skip(reason)
        }
        if site.id == nil, let question = site.question { site.refuse(question) }
        site.usedAt = ([site.block].compactMap(\.self) + site.fields.map(\.node))
            .flatMap(anchors.uses(of:))
        if let tag = site.fields.lazy.compactMap(\.node.tag).first,
            tag != "!", tag != "tag:yaml.org,2002:str"
        {
            site.refuse("its YAML tag makes something else of it than text")
        }
        if let field = site.fields.first(where: { $0.node.text == nil }) {
            let mark = field.node.mark
            site.refuse("the value at \(mark.line):\(mark.column) is no text")
        }
        if let field = site.fields.first(where: { isFolded($0.node) }) {
            let mark = field.node.mark
            site.refuse("the value at \(mark.line):\(mark.column) goes over several lines")
        }
        found.sites.append(site)
    }

    private func marker(for site: ImageReferenceSite) -> String? {
        let text = found.fragments[site.fragment].stream.text
        var nodes = site.fields.map(\.node)
        nodes.append(site.anchor)
        return nodes.lazy.compactMap { PinDirective.id(in: text, line: $0.mark.line) }.first
    }

    /// Whether a scalar cannot be edited in one line of the file; literal ones are edited line by line.
    private func isFolded(_ node: YAMLNode) -> Bool {
        guard case .scalar(_, let style) = node.kind, style != .literal else { return false }
        let text = found.fragments[fragment].stream.text
        return style == .folded
            || text.mark(at: node.range.upperBound).line != node.mark.line
    }

    mutating func visit(_ node: YAMLNode, at path: SitePath) {
        switch node.kind {
        case .mapping(let entries, _):
            let claimed = claim(node, at: path)
            guard claimed != .all else { return }
            // By index, for a copy of each entry would cost as much as looking at it.
            for index in entries.indices {
                guard let key = entries[index].key.text, !claimed.contains(key) else { continue }
                visit(entries[index].value, at: path.appending(key: key))
            }
        case .sequence(let items, _):
            for (index, item) in items.enumerated() {
                visit(item, at: path.appending(element: item, at: index))
            }
        case .scalar(let text, let style):
            visit(node, text, style, at: path)
        case .alias:
            break
        }
    }

    /// YAML in a text: looked into where the key says that it is values or a file.
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
