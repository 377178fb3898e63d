// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import YAML

/// The data that the finder uses besides a file: the rules, the files around it, and the images of
/// the lock file.
struct FinderInputs {
    var rules = PinRules()
    var context = FileContext()
    /// The lock file, for images in values that are not known to be images.
    var lock: LockView?
    /// A Boolean value that indicates whether images get the tags of the lock file.
    var updatesTags = false
}

/// Walks the documents of a file and finds images.
///
/// Aliases are never followed, so each value is visited once.
struct SiteFinder {
    /// The part of the walk that depends on the document.
    struct WalkState {
        var anchors = Anchors()
        var placement = DigestPlacement()
        var resource = ResourceType()
        /// The root of the document.
        var root: YAMLNode
        /// A Boolean value that indicates whether the document is a workflow with jobs.
        var hasJobs = false
        /// The values that apply to the images of the innermost values tree.
        var values = ValuesScope()
        /// The number of steps before the innermost values tree.
        var valuesDepth = 0
        /// The chart whose values the document has.
        var chart = ChartLocation.aroundFile
        /// The releases of the document, if it is a Helmfile.
        var helmfile: HelmfileReleases?
        /// The releases whose values are around the current value, unless they have one source.
        var releases: [ReleaseValues] = []
        /// The fragment with these releases.
        var fragmentOfReleases = 0
        /// The number of mappings around the document.
        var outerMappings = 0
        /// The number of mappings around the innermost values tree.
        var outerMappingsOfValues = 0
        /// A Boolean value that indicates whether a directive skips all images of a value.
        var isSkipped = false
        /// The directive for the images of a mapping.
        var directive: MappingDirective?
        /// The reason for which the images of the text that contains the document get no digest.
        var textReason: String?
    }

    let file: String
    let rules: FileRules
    let context: FileContext
    let lock: LockView?
    let updatesTags: Bool
    var found: FoundSites
    var fragment = 0
    var document = 0
    private var scope: Int?
    var state: WalkState
    /// The mappings around the current value, outermost first.
    var mappings: [YAMLNode] = []
    private let limits: YAMLDocumentStream.Limits
    /// The values that are whole references.
    private var references: Set<FoundSites.Value> = []
    /// The finders of images in other files, by the chart whose values a document has.
    var bases: [ChartLocation: BaseFinder] = [:]
    /// The registries in the mappings around images.
    var registries: [FoundSites.Value: OuterRegistry?] = [:]
    /// The number of releases with which images of the file may still be compared.
    var releaseBudget = 1_000_000
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
        in stream: YAMLDocumentStream, file: String, using inputs: FinderInputs,
        limits: YAMLDocumentStream.Limits
    ) throws(YAMLError) -> FoundSites {
        guard let root = stream.documents.first?.root else {
            return FoundSites(fragments: [Fragment(stream)])
        }
        var finder = SiteFinder(stream, of: file, using: inputs, limits: limits, root: root)
        let helmfile = HelmfileReleases(stream, of: file, in: inputs.context.files)
        for (number, document) in stream.documents.enumerated() {
            finder.document = number
            finder.state = WalkState(root: document.root)
            finder.state.helmfile = helmfile
            if Self.isSigned(document.root) { finder.found.signedDocuments.insert(number) }
            finder.walk(document.root, from: SitePath())
            if let error = finder.error { throw error }
        }
        finder.found.removeRepeatedMentions()
        finder.found.rejectSharedDirectives()
        return finder.found
    }

    private init(
        _ stream: YAMLDocumentStream, of file: String, using inputs: FinderInputs,
        limits: YAMLDocumentStream.Limits, root: YAMLNode
    ) {
        self.file = file
        self.rules = inputs.rules.forFile(file)
        self.context = inputs.context
        self.lock = inputs.lock
        self.updatesTags = inputs.updatesTags
        self.limits = limits
        self.state = WalkState(root: root)
        self.found = FoundSites(fragments: [Fragment(stream)])
    }

    var anchors: Anchors { state.anchors }
    var resource: ResourceType { state.resource }

    /// The innermost mapping of the document; `nil` outside of mappings.
    var mapping: YAMLNode? {
        mappings.count > state.outerMappings ? mappings.last : nil
    }

    /// Walks one document of the current fragment.
    private mutating func walk(_ root: YAMLNode, from path: SitePath) {
        guard error == nil else { return }
        let outer = scope
        defer { scope = outer }
        found.scopes.append(DocumentScope(root, parent: outer, path: path))
        scope = found.scopes.count - 1
        var anchors = Anchors()
        if found.fragments[fragment].mayRepeatValues {
            do throws(Anchors.MergeLimitExceeded) {
                anchors = try Anchors(root, mergeBudget: &mergeBudget)
            } catch {
                return reject(
                    "the merge keys lead to more than \(Anchors.mergeLimit) mappings",
                    at: error.node.range.lowerBound)
            }
        }
        let resource = ResourceType(root, file: file)
        let placement = DigestPlacement(
            root, resource, file: file, testTool: context.testTool, in: state.placement)
        state = WalkState(
            anchors: anchors, placement: placement, resource: resource, root: root,
            hasJobs: root["jobs"] != nil,
            values: ValuesScope(root), valuesDepth: path.count,
            chart: resource.chart(in: root) ?? fleetChart(in: root) ?? state.chart,
            helmfile: fragment == 0 ? state.helmfile : nil,
            releases: state.releases,
            fragmentOfReleases: state.fragmentOfReleases,
            outerMappings: mappings.count, outerMappingsOfValues: mappings.count,
            isSkipped: state.isSkipped, textReason: state.textReason)
        visit(root, at: path)
    }

    /// Returns the chart of a `fleet.yaml`, which also gets the values for single targets.
    ///
    /// Source: Fleet, `fleet.yaml` § `targetCustomizations`.
    private func fleetChart(in root: YAMLNode) -> ChartLocation? {
        guard file == "fleet.yaml" || file.hasSuffix("/fleet.yaml") else { return nil }
        return root["helm"].flatMap(ChartLocation.init(ofRelease:))
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
        let directives = directives(of: site)
        if state.isSkipped || directives.contains(where: \.isSkip) {
            site.skip("skipped by a directive")
        }
        if let shape = digestShapeBelow(site) { site.shape = shape }
        if site.shape == .tag, site.tagUse == .image, !site.isTagPermitted {
            site.tagUse = use(ofTagAt: site.tagPath)
        }
        if rule?.id == nil, site.id == nil {
            site.directive = directives.first { !$0.isSkip }
        }
        site.identify(rule?.id ?? site.id ?? site.directive?.word)
        if site.id == nil {
            if let reason = state.textReason ?? placementReason(of: site) ?? replacement(of: site) {
                site.skip(reason)
            }
            rejectOtherUses(of: &site)
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
        if !found.fragments[fragment].isEditable {
            site.reject(
                "the YAML is in a quoted text: write it as a literal text ('|')", as: .quotedText)
        }
        if let reference = site.reference, reference.part == nil, !site.isMention {
            references.insert(FoundSites.Value(fragment: fragment, range: reference.node.range))
        }
        found.sites.append(site)
    }

    /// Records the value of a key such as `image` that is not an image.
    mutating func reject(_ node: YAMLNode, at path: SitePath, because reason: String) {
        guard found.otherValues.count < Self.siteLimit else { return }
        let mark = found.fragments[0].stream.text.mark(
            at: found.fragments[fragment].fileOffset(node.range.lowerBound))
        found.otherValues.append(OtherValue(mark: mark, path: path, reason: reason))
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
            let context = (state.chart, state.resource, state.placement)
            let releases = (state.releases, state.fragmentOfReleases)
            mappings.append(node)
            defer { mappings.removeLast() }
            if path.lastStep != nil { enterResource(node) }
            enterRelease(node, at: path)
            if beginsValues(node, at: path) {
                let outer = state
                enterValues(node, at: path)
                visit(entries, of: node, at: path)
                state = outer
            } else {
                visit(entries, of: node, at: path)
            }
            (state.chart, state.resource, state.placement) = context
            (state.releases, state.fragmentOfReleases) = releases
        case .sequence(let items, _):
            let claimed = claimList(items, of: node, at: path)
            for (index, item) in items.enumerated() where !claimed.contains(index) {
                let path = path.appending(element: item, at: index)
                visit(item, at: path, with: directive(above: item))
            }
        case .scalar(let text, let style):
            visit(node, text: text, style: style, at: path)
        case .alias: visit(alias: node, at: path)
        }
    }

    /// Adds a whole reference that an alias makes an image: `x-web: &web acme/web:1`, `image: *web`.
    private mutating func visit(alias: YAMLNode, at path: SitePath) {
        guard ImageText.isImageKey(path.key ?? ""), let node = anchors.resolve(alias),
            let text = MergedMapping.text(node),
            !references.contains(FoundSites.Value(fragment: fragment, range: node.range))
        else { return }
        addReference(node, text, at: path)
    }

    private mutating func visit(
        _ entries: [YAMLNode.Entry], of node: YAMLNode, at path: SitePath
    ) {
        let claimed = claim(node, at: path)
        guard claimed != .all else { return }
        // By index, because a copy of each entry would cost as much as visiting it.
        for index in entries.indices {
            // A mapping or a list can be a key, but has no name.
            let key = entries[index].key.text ?? ""
            guard !claimed.contains(key) else { continue }
            if lock != nil { addMentions(inKey: entries[index].key, key, at: path) }
            visit(
                entries[index].value, at: path.appending(key: key),
                with: directive(for: entries[index].value, of: entries[index].key))
        }
    }

    /// Visits a value with the directive for all of it.
    private mutating func visit(
        _ node: YAMLNode, at path: SitePath, with directive: PinDirectives.Directive?
    ) {
        guard let directive else { return visit(node, at: path) }
        let outer = (state.isSkipped, state.directive)
        enter(directive, of: node, at: path)
        visit(node, at: path)
        (state.isSkipped, state.directive) = outer
    }

    /// Returns a Boolean value that indicates whether a mapping below the root has values that apply
    /// to all of its images.
    private func beginsValues(_ node: YAMLNode, at path: SitePath) -> Bool {
        path.lastStep != nil && (isValues(node, at: path) || node["global"]?.entries != nil)
    }

    /// Enters a resource in another one, such as an item of a `List`.
    private mutating func enterResource(_ node: YAMLNode) {
        guard node["apiVersion"]?.text != nil, node["kind"]?.text != nil else { return }
        let resource = ResourceType(node)
        state.resource = resource
        state.chart = resource.chart(in: node) ?? state.chart
        state.placement = DigestPlacement(
            node, resource, file: file, testTool: context.testTool, in: state.placement)
    }

    private mutating func enterValues(_ node: YAMLNode, at path: SitePath) {
        state.values = ValuesScope(node, in: state.values)
        state.outerMappingsOfValues = mappings.count - 1
        if isValues(node, at: path) { state.valuesDepth = path.count }
    }

    /// Returns a Boolean value that indicates whether a mapping has values of a chart, also as an element
    /// of a list of values.
    private func isValues(_ node: YAMLNode, at path: SitePath) -> Bool {
        if state.helmfile?.hasValues(node) ?? false { return true }
        guard let key = path.key ?? path.step(before: 1) else { return false }
        return ReleaseValues.isValuesKey(key, in: resource)
    }

    /// Walks a literal or quoted text that is YAML itself.
    ///
    /// - Returns: A Boolean value that indicates whether the text is YAML.
    mutating func descend(into node: YAMLNode, at path: SitePath) -> Bool {
        guard depth < Self.nesting,
            let inner = Fragment(
                of: node, in: found.fragments[fragment], at: fragment, limits: limits),
            inner.stream.documents.contains(where: { Self.isStructure($0.root) }),
            FileText.template(in: inner.stream) == nil
        else { return false }
        let outer = (fragment, state)
        state.textReason =
            state.textReason ?? state.placement.reason(forTextAt: path)
        found.fragments.append(inner)
        fragment = found.fragments.count - 1
        for document in inner.stream.documents { walk(document.root, from: path) }
        (fragment, state) = outer
        return true
    }

    /// Returns a Boolean value that indicates whether a document is a mapping, or a list of
    /// mappings such as a JSON patch.
    private static func isStructure(_ root: YAMLNode) -> Bool {
        root.entries != nil || root.items?.contains { $0.entries != nil } ?? false
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
}
