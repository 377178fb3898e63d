// SPDX-License-Identifier: Apache-2.0

internal import OCI
internal import Validation
internal import TextSafety
internal import YAML

extension ConfigurationReader {
    /// The defaults for images.
    struct Defaults {
        var validation = ValidationLevel.content
        var copy = CopyScope.all
        var referrers = ReferrerPolicy.copy
        var naming = NamingStyle.short
    }

    /// Returns the configuration of a file, or `nil` if an essential section is missing.
    mutating func configuration(_ documents: [YAMLDocument]) -> MirrorConfiguration? {
        guard let root = documents.first?.root, YAMLScalar(root) != .null else {
            report.add(
                at: text.start, "the file is empty",
                hint: "set version, targets and images")
            return nil
        }
        for document in documents.dropFirst() {
            error(
                document.root, "multiple YAML documents are not supported",
                hint: "use one file per document")
        }
        rejectIndirections(in: root)
        guard hasKnownVersion(root),
            let fields = fields(of: root, "top level", known: ConfigurationKeys.topLevel)
        else { return nil }
        if fields.isMissing("version") {
            error(root, "missing key 'version'", hint: "add version: 1")
        }
        let platforms = fields["platforms"] == nil ? nil : self.platforms(of: fields)
        var defaults = Defaults()
        defaults.validation = choice("validation", of: fields) ?? defaults.validation
        defaults.copy = choice("copy", of: fields) ?? defaults.copy
        defaults.referrers = choice("referrers", of: fields) ?? defaults.referrers
        defaults.naming = choice("naming", of: fields) ?? defaults.naming
        let keepReplaced = bool("keepReplaced", of: fields) ?? true
        let targets = self.targets(of: fields)
        let registries = self.registries(of: fields)
        let images = self.images(of: fields, defaults)
        checkRepositories(of: images, at: targets)
        return MirrorConfiguration(
            platforms: platforms ?? [.linuxAMD64, .linuxARM64], validation: defaults.validation,
            copy: defaults.copy, referrers: defaults.referrers, keepReplaced: keepReplaced,
            targets: targets, registries: registries, images: images.map(\.entry))
    }

    /// Anchors, aliases, merge keys and tags give a file another meaning than it shows.
    private mutating func rejectIndirections(in node: YAMLNode) {
        if case .alias = node.kind {
            error(node, "YAML aliases are not supported", hint: "repeat the value")
        }
        if node.anchor != nil {
            error(node, "YAML anchors are not supported", hint: "repeat the value where it is used")
        }
        if node.tag != nil {
            error(node, "YAML tags are not supported", hint: "put the value in quotes instead")
        }
        for item in node.items ?? [] { rejectIndirections(in: item) }
        for entry in node.entries ?? [] {
            if entry.key.kind == .scalar("<<", style: .plain) {
                error(entry.key, "YAML merge keys are not supported", hint: "repeat the keys")
            }
            rejectIndirections(in: entry.key)
            rejectIndirections(in: entry.value)
        }
    }

    /// The keys of another version may mean anything, so nothing else is reported about such a
    /// file.
    private mutating func hasKnownVersion(_ root: YAMLNode) -> Bool {
        guard let node = root["version"], YAMLScalar(node) != .int(1) else { return true }
        mismatch(node, "version", expected: "1")
        guard case .int? = YAMLScalar(node) else { return true }
        return false
    }

    /// Returns the list `platforms`.
    mutating func platforms(of fields: Fields) -> [Platform]? {
        guard let items = list("platforms", of: fields, "platforms") else { return nil }
        var platforms: [Platform] = []
        for item in items {
            guard let text = string(item, "platforms") else { continue }
            do throws(ParseError) {
                let platform = try Platform(parsingRequired: text)
                if platforms.contains(platform) {
                    error(item, "platforms: duplicate platform \(platform)")
                } else {
                    platforms.append(platform)
                }
            } catch {
                self.error(item, error.description)
            }
        }
        return platforms
    }

    /// Returns a scalar with expanded variables.
    ///
    /// The caller handles an empty result.
    mutating func expanded(_ node: YAMLNode, _ key: String) -> String? {
        guard case .string(let raw)? = YAMLScalar(node) else {
            let isScalar = node.text.map { !$0.isEmpty } ?? false
            mismatch(node, key, expected: "a string", hint: isScalar ? "put it in quotes" : nil)
            return nil
        }
        do throws(VariableExpansion.Failure) {
            return try VariableExpansion.expand(raw, with: loader.environment)
        } catch {
            let source = String(decoding: text.bytes[node.range], as: UTF8.self)
            let offset = source.range(of: error.expression).map {
                node.range.lowerBound + source.utf8.distance(from: source.startIndex, to: $0)
            }
            report.add(at: offset ?? node.range.lowerBound, "\(key): \(error.message)")
            return nil
        }
    }
}

extension String {
    /// Returns the position of `other` in this text, without Foundation.
    fileprivate func range(of other: String) -> String.Index? {
        self.indices.first { self[$0...].hasPrefix(other) }
    }
}
