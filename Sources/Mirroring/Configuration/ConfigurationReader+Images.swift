// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import TextSafety
internal import YAML

extension ConfigurationReader {
    /// An entry with the node for messages about it.
    struct PlacedEntry {
        let entry: ImageEntry
        let node: YAMLNode
    }

    mutating func images(of fields: Fields, _ defaults: Defaults) -> [PlacedEntry] {
        if fields.isMissing("images") {
            error(
                fields.node, "missing key 'images'", hint: "list the images to mirror")
        }
        var images: [PlacedEntry] = []
        for node in list("images", of: fields, "images") ?? [] {
            if let entry = image(node, defaults) {
                images.append(PlacedEntry(entry: entry, node: node))
            }
        }
        reportCollisions(among: images)
        return images
    }

    private mutating func image(_ node: YAMLNode, _ defaults: Defaults) -> ImageEntry? {
        if node.text != nil {
            guard let text = string(node, "images") else { return nil }
            return image(node, source: text, at: node, fields: Fields(node), defaults)
        }
        guard let fields = fields(of: node, "image", known: ConfigurationKeys.image) else {
            return nil
        }
        if fields.isMissing("source") {
            error(node, "image: missing key 'source'", hint: "for example source: redis:7.4.1")
        }
        let text = string("source", of: fields)
        return image(
            node, source: text, at: fields["source"] ?? node, fields: fields, defaults)
    }

    /// Every field is read even if an earlier one is invalid, so that all problems are reported.
    private mutating func image(
        _ node: YAMLNode, source text: String?, at sourceNode: YAMLNode, fields: Fields,
        _ defaults: Defaults
    ) -> ImageEntry? {
        let source = text.flatMap { self.source($0, at: sourceNode) }
        let floating = bool("floating", of: fields) ?? false
        let tags = self.tags(of: fields)
        let selection = source.flatMap { self.selection($0, tags: tags, at: sourceNode, fields) }
        if !floating, let selection { rejectFloatingTags(selection, at: sourceNode, fields) }
        let name = self.name(of: fields, source: source, at: sourceNode, defaults.naming)
        let id = self.id(of: fields, selection)
        let requires = requirements(of: fields)
        let validation = choice("validation", of: fields) ?? defaults.validation
        let copy = choice("copy", of: fields) ?? defaults.copy
        let referrers = choice("referrers", of: fields) ?? defaults.referrers
        let isArtifact = bool("artifact", of: fields) ?? false
        let moved = choice("moved", of: fields) ?? MovedTagPolicy.warn
        let exception = self.exception(of: fields)
        for key in ["requires", "exception"] where isArtifact {
            guard let node = fields[key] else { continue }
            error(node, "\(key): not supported for artifacts")
        }
        guard let source, let selection, let name else { return nil }
        return ImageEntry(
            source: source.source, selection: selection, name: name, id: id, floating: floating,
            requires: requires, validation: validation, copy: copy, referrers: referrers,
            isArtifact: isArtifact, moved: moved, exception: exception,
            location: ConfigurationLocation(line: node.mark.line, column: node.mark.column))
    }

    private mutating func name(
        of fields: Fields, source: SourceText?, at sourceNode: YAMLNode, _ style: NamingStyle
    ) -> String? {
        if let node = fields["name"] {
            guard let name = string(node, "name") else { return nil }
            do throws(ParseError) {
                _ = try Repository(registry: .dockerHub, path: "p/\(name)")
                return name
            } catch {
                self.error(node, "name: \(report.quote(node) ?? "the value"): \(error.reason)")
                return nil
            }
        }
        switch source?.source {
        case .repository(let repository)?:
            return Naming.name(of: repository, style: style)
        case .layout?:
            error(
                sourceNode, "source: a layout needs a 'name'",
                hint: "set its repository name at the targets, for example name: team/app")
            return nil
        case nil:
            return nil
        }
    }

    private mutating func id(of fields: Fields, _ selection: ImageEntry.Selection?) -> String? {
        guard let node = fields["id"], let id = string(node, "id") else { return nil }
        let isAlphanumeric: (UInt8) -> Bool = { byte in
            (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let isAllowed = id.utf8.allSatisfy { isAlphanumeric($0) || "-._/".utf8.contains($0) }
        guard isAllowed, id.utf8.count <= 128, let first = id.utf8.first, isAlphanumeric(first)
        else {
            mismatch(
                node, "id",
                expected: "at most 128 characters of a-z, 0-9, '-', '.', '_' and '/', beginning "
                    + "with a letter or digit")
            return nil
        }
        let isOne =
            switch selection {
            case .list(let tags)?: tags.count < 2
            case .pattern(let pattern)?: pattern.latest == 1
            case .one?, nil: true
            }
        if !isOne {
            error(
                node, "id: not allowed with 'tags' that select several images",
                hint: "remove it, or set latest: 1")
        }
        return isOne ? id : nil
    }

    private mutating func requirements(of fields: Fields) -> [String] {
        var requirements: [String] = []
        for node in list("requires", of: fields, "paths and commands") ?? [] {
            guard let text = string(node, "requires") else { continue }
            let isControlFree = text.unicodeScalars.allSatisfy { $0.value >= 0x20 }
            guard isControlFree, text.hasPrefix("/") || !text.contains("/") else {
                error(
                    node,
                    "requires: \(report.quote(node) ?? "the value") is neither a command nor a path",
                    hint: "write an absolute path, or a command without '/' to look up in PATH")
                continue
            }
            requirements.append(text)
        }
        return requirements
    }

    private mutating func exception(of fields: Fields) -> PlatformException? {
        guard let node = fields["exception"],
            let fields = self.fields(of: node, "exception", known: ConfigurationKeys.exception)
        else { return nil }
        for key in ["platforms", "reason"] where fields.isMissing(key) {
            error(node, "exception: missing key '\(key)'")
        }
        let platforms = self.platforms(of: fields)
        let reason = string("reason", of: fields)
        var until: CalendarDay?
        if let node = fields["until"], let text = string(node, "until") {
            until = CalendarDay(parsing: text)
            if until == nil {
                mismatch(node, "until", expected: "a date in the form YYYY-MM-DD")
            }
        }
        guard let platforms, let reason else { return nil }
        return PlatformException(platforms: platforms, reason: reason, until: until)
    }
}

extension ConfigurationReader {
    /// Reports images that would overwrite each other, with both lines.
    mutating func reportCollisions(among images: [PlacedEntry]) {
        let naming = Naming(images: images.map(\.entry))
        let nodes = Dictionary(
            images.map { ($0.entry.location, $0.node) }, uniquingKeysWith: { first, _ in first })
        for collision in Naming.collisions(among: naming.knownImages(in: images.map(\.entry))) {
            guard let node = nodes[collision.second.location] else { continue }
            switch collision.subject {
            case .target(let target) where collision.first.location == collision.second.location:
                error(node, "tags: duplicate tag '\(target.tag?.name ?? "")'")
            case .target, .lockID:
                error(node, collision.description, hint: collision.hint)
            }
        }
    }

    /// Reports names that are invalid below one of the prefixes.
    mutating func checkRepositories(of images: [PlacedEntry], at targets: [MirrorTarget]) {
        for target in targets {
            guard case .registry(let host, let path) = target.prefix else {
                checkLayouts(of: images)
                continue
            }
            for image in images {
                let name = path.isEmpty ? image.entry.name : "\(path)/\(image.entry.name)"
                do throws(ParseError) {
                    let repository = try Repository(registry: host, path: name)
                    guard repository == target.publishedLock else { continue }
                    self.error(
                        image.node, "name: \(repository) is the repository of the lock file",
                        hint: "set a different 'name'")
                } catch {
                    self.error(image.node, "name: below \(target.prefix): \(error)")
                }
            }
        }
    }

    /// Reports a layout that would be inside the directory of another one, among its blobs and
    /// index.
    private mutating func checkLayouts(of images: [PlacedEntry]) {
        let lines = Dictionary(
            images.map { ($0.entry.name, $0.node.mark.line) },
            uniquingKeysWith: { first, _ in first })
        for image in images {
            let components = image.entry.name.split(separator: "/")
            for length in 1..<max(components.count, 1) {
                let outer = components.prefix(length).joined(separator: "/")
                guard let line = lines[outer] else { continue }
                error(
                    image.node,
                    "name: the layout '\(image.entry.name)' would be inside the layout '\(outer)' "
                        + "of line \(line)", hint: "set a different 'name' for one of them")
            }
        }
    }
}
