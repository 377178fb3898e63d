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
    mutating func config(_ documents: [YAMLDocument]) -> MirrorConfiguration? {
        guard let root = documents.first?.root, YAMLScalar(root) != .null else {
            report.add(
                at: text.start, "the file is empty",
                hint: "a configuration needs version, targets and images")
            return nil
        }
        for document in documents.dropFirst() {
            error(document.root, "a second document is not allowed", hint: "use one file for each")
        }
        refuseIndirections(in: root)
        guard hasKnownVersion(root),
            let fields = fields(of: root, "top level", known: ConfigurationKeys.topLevel)
        else { return nil }
        if fields.isMissing("version") {
            error(root, "the key 'version' is missing", hint: "write version: 1")
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
    private mutating func refuseIndirections(in node: YAMLNode) {
        if case .alias = node.kind {
            error(node, "an alias is not allowed", hint: "write the value out")
        }
        if node.anchor != nil {
            error(node, "an anchor is not allowed", hint: "write the value out where it is needed")
        }
        if node.tag != nil {
            error(node, "a YAML tag is not allowed", hint: "put text in quotes instead")
        }
        for item in node.items ?? [] { refuseIndirections(in: item) }
        for entry in node.entries ?? [] {
            if entry.key.kind == .scalar("<<", style: .plain) {
                error(entry.key, "a merge key is not allowed", hint: "write the keys out")
            }
            refuseIndirections(in: entry.key)
            refuseIndirections(in: entry.value)
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
                let platform = try Platform(parsing: text)
                if platforms.contains(platform) {
                    error(item, "platforms: \(platform) stands in the list twice")
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
            mismatch(node, key, expected: "text", hint: isScalar ? "put it in quotes" : nil)
            return nil
        }
        do throws(VariableExpansion.Failure) {
            return try VariableExpansion.expand(raw, with: loader.environment)
        } catch {
            let source = String(decoding: text.bytes[node.range], as: UTF8.self)
            let place = source.range(of: error.expression).map {
                node.range.lowerBound + source.utf8.distance(from: source.startIndex, to: $0)
            }
            report.add(at: place ?? node.range.lowerBound, "\(key): \(error.message)")
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
