// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import Validation
internal import YAML

/// Reads a configuration and continues after a problem, so that all problems are found.
///
/// Functions that read values return `nil` after they have reported a problem.
struct ConfigurationReader {
    let loader: ConfigurationLoader
    let text: YAMLText
    var report: ConfigurationDiagnostics

    init(_ stream: YAMLDocumentStream, loader: ConfigurationLoader) {
        self.loader = loader
        self.text = stream.text
        self.report = ConfigurationDiagnostics(
            file: loader.file, text: stream.text,
            secrets: stream.documents.flatMap { ConfiguredSecrets.ranges(in: $0.root) })
    }

    /// The known keys of a mapping with their values.
    struct Fields {
        let node: YAMLNode
        private var values: [String: YAMLNode] = [:]
        /// The known keys that unknown ones are probably misspellings of.
        var mistyped: Set<String> = []
        /// A Boolean value that indicates whether an unknown key was reported.
        var hasUnknown = false

        /// Creates an empty value, for the short form of an entry.
        init(_ node: YAMLNode) {
            self.node = node
        }

        subscript(key: String) -> YAMLNode? {
            get { values[key] }
            set { values[key] = newValue }
        }

        /// Returns a Boolean value that indicates whether a key is absent, and not a misspelling
        /// that was reported.
        func isMissing(_ key: String) -> Bool { values[key] == nil && !mistyped.contains(key) }
    }

    mutating func error(_ node: YAMLNode, _ message: String, hint: String? = nil) {
        report.add(at: node.range.lowerBound, message, hint: hint)
    }

    mutating func mismatch(
        _ node: YAMLNode, _ key: String, expected: String, hint: String? = nil
    ) {
        // An alias was rejected already, so its target is not looked up.
        if case .alias = node.kind { return }
        error(node, "\(key): expected \(expected), found \(report.describe(node))", hint: hint)
    }

    /// Returns the fields of a mapping and reports unknown and duplicate keys.
    mutating func fields(of node: YAMLNode, _ what: String, known: [String]) -> Fields? {
        guard let entries = node.entries else {
            mismatch(
                node, what, expected: "a mapping with the keys \(known.joined(separator: ", "))")
            return nil
        }
        var fields = Fields(node)
        var places: [String: Int] = [:]
        for entry in entries {
            guard let key = entry.key.text else {
                error(entry.key, "\(what): keys must be strings")
                continue
            }
            guard known.contains(key) else {
                fields.hasUnknown = true
                if key != "<<", let meant = unknown(entry.key, in: what, known: known) {
                    fields.mistyped.insert(meant)
                }
                continue
            }
            if let line = places[key] {
                error(entry.key, "\(what): duplicate key '\(key)', first on line \(line)")
                continue
            }
            places[key] = entry.key.mark.line
            fields[key] = entry.value
        }
        return fields
    }

    /// Reports an unknown key and returns the key that it is probably a misspelling of.
    private mutating func unknown(
        _ key: YAMLNode, in what: String, known: [String]
    ) -> String? {
        let shown = report.quote(key).map { " \($0)" } ?? ""
        if what == "image", let name = key.text, ConfigurationKeys.sourceParts.contains(name) {
            error(
                key, "\(what): unknown key\(shown)",
                hint: "append it to the source, such as redis:7.4.1 or redis@sha256:…, or select "
                    + "tags with 'tags'")
            return "tags"
        }
        let nearest = Suggestion.nearest(to: key.text ?? "", among: known)
        error(
            key, "\(what): unknown key\(shown)",
            hint: nearest.map { "did you mean '\($0)'?" }
                ?? "valid keys: \(known.joined(separator: ", "))")
        return nearest
    }

    /// Returns text that is not empty.
    ///
    /// Numbers and Booleans need quotes.
    mutating func string(_ key: String, of fields: Fields) -> String? {
        fields[key].flatMap { string($0, key) }
    }

    mutating func string(_ node: YAMLNode, _ key: String) -> String? {
        guard case .string(let text)? = YAMLScalar(node) else {
            let isScalar = node.text.map { !$0.isEmpty } ?? false
            mismatch(node, key, expected: "a string", hint: isScalar ? "put it in quotes" : nil)
            return nil
        }
        guard !text.isEmpty else {
            error(node, "\(key): must not be empty")
            return nil
        }
        return text
    }

    /// Returns text as written in the file, so that the tag `1.10` is not the number 1.1.
    mutating func sourceText(_ node: YAMLNode, _ key: String) -> String? {
        switch YAMLScalar(node) {
        case .int?, .float?: return node.text
        default: return string(node, key)
        }
    }

    mutating func bool(_ key: String, of fields: Fields) -> Bool? {
        guard let node = fields[key] else { return nil }
        guard case .bool(let value)? = YAMLScalar(node) else {
            mismatch(node, key, expected: "true or false")
            return nil
        }
        return value
    }

    mutating func integer(_ key: String, of fields: Fields, in range: ClosedRange<Int>) -> Int? {
        guard let node = fields[key] else { return nil }
        guard case .int(let value)? = YAMLScalar(node), range.contains(value) else {
            let bounds =
                range.upperBound == .max
                ? "of at least \(range.lowerBound)"
                : "from \(range.lowerBound) to \(range.upperBound)"
            mismatch(node, key, expected: "an integer \(bounds)")
            return nil
        }
        return value
    }

    /// Returns the value of a key that has one of a few words; `nil` for the word `automatic`, and for
    /// a missing or wrong one.
    mutating func choice<Value: CaseIterable & RawRepresentable<String>>(
        _ key: String, of fields: Fields, besides automatic: String? = nil
    ) -> Value? {
        guard let node = fields[key] else { return nil }
        if case .string(let text)? = YAMLScalar(node) {
            if text == automatic { return nil }
            if let value = Value(rawValue: text) { return value }
        }
        let words = [automatic].compactMap(\.self) + Value.allCases.map(\.rawValue)
        let nearest = Suggestion.nearest(to: node.text ?? "", among: words)
        mismatch(
            node, key,
            expected: words.dropLast().joined(separator: ", ") + " or " + (words.last ?? ""),
            hint: nearest.map { "did you mean '\($0)'?" })
        return nil
    }

    /// Returns a list that is not empty.
    mutating func list(_ key: String, of fields: Fields, _ what: String) -> [YAMLNode]? {
        guard let node = fields[key] else { return nil }
        guard let items = node.items else {
            let example = node.range.isEmpty ? nil : report.quote(node).map { _ in "[…]" }
            mismatch(
                node, key, expected: "a list of \(what)",
                hint: example.map { "use a list: \(key): \($0)" })
            return nil
        }
        guard !items.isEmpty else {
            error(node, "\(key): the list of \(what) is empty")
            return nil
        }
        return items
    }

    /// Returns the absolute path of a file.
    mutating func path(_ key: String, of fields: Fields) -> String? {
        string(key, of: fields).map { ConfigurationPath.absolute($0, in: loader.baseDirectory) }
    }

    /// Returns the absolute path of a certificate or key file, which has to be readable.
    mutating func credentialFile(_ key: String, of fields: Fields) -> String? {
        guard let node = fields[key], let path = path(key, of: fields) else { return nil }
        if let problem = loader.checkFile(path) {
            error(node, "\(key): \(problem)", hint: "the path is relative to \(loader.file)")
        }
        return path
    }
}

/// Paths of a configuration, relative to its file.
enum ConfigurationPath {
    /// Returns an absolute path without `.` and repeated slashes.
    ///
    /// `..` is kept, because its meaning after a symbolic link depends on the file system.
    static func absolute(_ path: String, in directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        return "/" + whole.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }

    /// Returns a path with `..` resolved as if there were no symbolic links, for comparison only.
    static func comparable(_ path: String) -> String {
        var components: [Substring] = []
        for component in path.split(separator: "/") where component != "." {
            if component == ".." { _ = components.popLast() } else { components.append(component) }
        }
        return "/" + components.joined(separator: "/")
    }
}

/// The keys that each section of a configuration may have.
enum ConfigurationKeys {
    static let topLevel = [
        "version", "platforms", "validation", "copy", "referrers", "naming", "keepReplaced",
        "targets",
        "registries", "images",
    ]
    /// The keys of other tools for what is a part of `source` here.
    static let sourceParts: Set = ["tag", "version", "digest", "sha", "sha256"]
    static let target = ["prefix", "lock", "root", "publishLock"]
    static let registry = [
        "credentials", "auth", "plainHTTP", "credentialsOverHTTP", "caFile", "clientCertificate",
        "clientKey", "concurrency", "upload", "reservePulls", "endpoints", "tokenHosts", "allow",
    ]
    static let credentials = ["username", "password"]
    static let image = [
        "source", "name", "id", "tags", "floating", "requires", "validation", "copy", "referrers",
        "artifact", "moved", "exception",
    ]
    static let tags = ["semver", "regex", "latest"]
    static let exception = ["platforms", "reason", "until"]

    /// All keys of all sections.
    static let all = Set(
        topLevel + target + registry + credentials + image + tags + exception)
}

/// The policy for anonymous pulls after credentials were rejected.
enum RegistryAuth: String, CaseIterable {
    case optional
    case required
}
