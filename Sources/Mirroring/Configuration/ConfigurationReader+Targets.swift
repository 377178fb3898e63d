// SPDX-License-Identifier: Apache-2.0

internal import Lockfiles
internal import OCI
internal import TextSafety
internal import YAML

extension ConfigurationReader {
    mutating func targets(of fields: Fields) -> [MirrorTarget] {
        if fields.isMissing("targets") {
            error(
                fields.node, "missing key 'targets'",
                hint: "add a target, for example prefix: ghcr.io/owner/mirror")
        }
        var targets: [MirrorTarget] = []
        var prefixes: [String: Int] = [:]
        var locks: [String: Int] = [:]
        for node in list("targets", of: fields, "targets") ?? [] {
            guard let fields = self.fields(of: node, "target", known: ConfigurationKeys.target),
                let prefix = prefix(of: fields)
            else { continue }
            let lock = lock(of: fields, prefix)
            let target = MirrorTarget(
                prefix: prefix, writtenPrefix: fields["prefix"]?.text, lock: lock,
                root: root(of: fields),
                publishedLock: publishedLock(of: fields, prefix, lock: lock))
            let spelling = ConfigurationReader.comparable(prefix)
            if let line = prefixes.updateValue(node.mark.line, forKey: spelling) {
                error(
                    fields["prefix"] ?? node,
                    "prefix: duplicate prefix \(Self.shown(prefix)): lines \(line) and \(node.mark.line)"
                )
            }
            let file = target.lock.map(ConfigurationPath.comparable)
            if let file, let line = locks.updateValue(node.mark.line, forKey: file) {
                error(
                    fields["lock"] ?? node,
                    "lock: duplicate lock file: lines \(line) and \(node.mark.line)",
                    hint: "use one lock file per target")
            }
            targets.append(target)
        }
        return targets
    }

    private static func comparable(_ prefix: MirrorTarget.Prefix) -> String {
        switch prefix {
        case .registry: prefix.description
        case .layout(let directory): "oci:\(ConfigurationPath.comparable(directory))"
        }
    }

    private static func shown(_ prefix: MirrorTarget.Prefix) -> String {
        UntrustedText(prefix.description).display(limit: 200)
    }

    private mutating func prefix(of fields: Fields) -> MirrorTarget.Prefix? {
        if fields.isMissing("prefix") {
            error(
                fields.node, "target: missing key 'prefix'",
                hint: "add prefix: ghcr.io/owner/mirror or prefix: oci:DIR")
        }
        guard let node = fields["prefix"], let text = expanded(node, "prefix") else { return nil }
        if text.hasPrefix("oci:") {
            let directory = text.dropFirst("oci:".count)
            guard !directory.isEmpty else {
                error(node, "prefix: missing directory after 'oci:'")
                return nil
            }
            return .layout(
                directory: ConfigurationPath.absolute(String(directory), in: loader.baseDirectory))
        }
        return registryPrefix(text, node)
    }

    private mutating func registryPrefix(_ text: String, _ node: YAMLNode) -> MirrorTarget.Prefix? {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let host = text[..<slash]
        let path = String(text[slash...].dropFirst())
        let shown = UntrustedText(text).display(limit: 200)
        guard host == "localhost" || host.contains(where: { $0 == "." || $0 == ":" }) else {
            error(
                node, "prefix: '\(shown)' must begin with a registry",
                hint: "for example ghcr.io/owner/mirror, or docker.io/owner for Docker Hub")
            return nil
        }
        do throws(ParseError) {
            let registry = try RegistryHost(parsing: String(host))
            // A component precedes the path, because Docker Hub's rule for single components
            // applies to sources.
            if slash != text.endIndex {
                _ = try Repository(registry: registry, path: "p/\(path)")
            } else if registry == .dockerHub {
                error(node, "prefix: docker.io needs a user or organization: docker.io/owner")
                return nil
            }
            return .registry(registry, path: path)
        } catch {
            self.error(node, "prefix: '\(shown)': \(error.reason)")
            return nil
        }
    }

    private mutating func lock(of fields: Fields, _ prefix: MirrorTarget.Prefix) -> String? {
        if case .layout = prefix {
            if let node = fields["lock"] {
                error(
                    node, "lock: not supported for layout targets",
                    hint: "remove the key; the digests are in each layout's index.json")
            }
            return nil
        }
        if fields.isMissing("lock") {
            error(
                fields.node, "target: missing key 'lock'",
                hint: "add lock: images.lock.yaml")
        }
        guard let node = fields["lock"], let path = path("lock", of: fields) else { return nil }
        let file = loader.file.split(separator: "/").last.map(String.init) ?? loader.file
        let configurationFile = ConfigurationPath.absolute(file, in: loader.baseDirectory)
        if ConfigurationPath.comparable(path) == ConfigurationPath.comparable(configurationFile) {
            error(node, "lock: would overwrite the configuration file")
        }
        return path
    }

    private mutating func root(of fields: Fields) -> [String] {
        let usual = Lockfile.defaultRoot
        guard let node = fields["root"], let text = string(node, "root") else { return usual }
        let keys = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let isKey: (String) -> Bool = { key in
            guard let first = key.utf8.first, first != 0x2D else { return false }
            return key.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
                default: false
                }
            }
        }
        guard keys.allSatisfy(isKey) else {
            mismatch(
                node, "root",
                expected: "keys of letters, digits, '_' and '-', separated by dots",
                hint: "for example global.ocimirror")
            return usual
        }
        return keys
    }
}
