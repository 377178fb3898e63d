// SPDX-License-Identifier: Apache-2.0

internal import TextSafety
internal import YAML

extension PinRules {
    /// The maximum number of rules that end in a wildcard: every value of a file is compared with
    /// them.
    private static let ruleLimit = 1000

    /// Parses `pins.yaml`.
    ///
    /// - Parameter bytes: The content of the file.
    /// - Throws: ``PinRulesError`` at the first problem, including unknown keys.
    public init(parsing bytes: [UInt8]) throws(PinRulesError) {
        self.init()
        let stream: YAMLDocumentStream
        do {
            stream = try YAMLDocumentStream(parsing: bytes)
        } catch {
            throw PinRulesError(mark: error.mark, message: error.message)
        }
        guard stream.documents.count == 1, let root = stream.documents.first?.root else {
            throw PinRulesError(
                mark: YAMLMark(line: 1, column: 1), message: "pins.yaml must be one YAML document")
        }
        let mapping = try RuleMapping(root, keys: ["version", "ignore", "rules", "severities"])
        guard root["version"]?.text == "1" else {
            throw mapping.failure("version", "'version' must be 1")
        }
        for item in try mapping.list("ignore") {
            ignored.append(Glob(try RuleMapping.text(item)))
        }
        for item in try mapping.list("rules") {
            guard rules.count < Self.ruleLimit else {
                throw PinRulesError(
                    mark: item.mark, message: "there are more than \(Self.ruleLimit) rules")
            }
            rules.append(try Rule(item))
        }
        for entry in try mapping.mapping("severities") {
            let name = try RuleMapping.text(entry.key)
            guard let code = LintCode(rawValue: name) else {
                throw RuleMapping.unknown(
                    "finding", name, at: entry.key.mark, among: LintCode.allCases.map(\.rawValue))
            }
            let word = try RuleMapping.text(entry.value)
            guard let severity = LintSeverity(rawValue: word) else {
                throw RuleMapping.unknown(
                    "severity", word, at: entry.value.mark,
                    among: LintSeverity.allCases.map(\.rawValue))
            }
            severities[code] = severity
        }
    }
}

extension PinRules.Rule {
    fileprivate init(_ node: YAMLNode) throws(PinRulesError) {
        let mapping = try RuleMapping(node, keys: ["files", "path", "id", "shape"])
        let text = try mapping.text("path")
        guard let text, let path = PathPattern(text) else {
            throw mapping.failure(
                "path", "'path' must have the form spec.containers[name=web].image")
        }
        let word = try mapping.text("shape")
        self.init(
            files: try mapping.text("files").map(Glob.init), path: path, id: try mapping.text("id"),
            form: word.flatMap(PinRules.Form.init))
        if let word, form == nil {
            throw RuleMapping.unknown(
                "shape", word, at: node["shape"]?.mark ?? node.mark,
                among: PinRules.Form.allCases.map(\.rawValue))
        }
        guard id != nil || form != nil else {
            throw mapping.failure("path", "a rule needs an 'id', a 'shape' or both")
        }
    }
}

/// A mapping of the rules, read key by key.
private struct RuleMapping {
    let node: YAMLNode

    init(_ node: YAMLNode, keys: [String]) throws(PinRulesError) {
        guard let entries = node.entries else {
            throw PinRulesError(mark: node.mark, message: "expected a mapping")
        }
        var seen: Set<String> = []
        for entry in entries {
            let key = try Self.text(entry.key)
            guard keys.contains(key) else {
                throw Self.unknown("key", key, at: entry.key.mark, among: keys)
            }
            guard seen.insert(key).inserted else {
                throw PinRulesError(mark: entry.key.mark, message: "duplicate key '\(key)'")
            }
        }
        self.node = node
    }

    func failure(_ key: String, _ message: String) -> PinRulesError {
        PinRulesError(mark: node[key]?.mark ?? node.mark, message: message)
    }

    func text(_ key: String) throws(PinRulesError) -> String? {
        guard let value = node[key] else { return nil }
        return try Self.text(value)
    }

    func list(_ key: String) throws(PinRulesError) -> [YAMLNode] {
        guard let value = node[key] else { return [] }
        guard let items = value.items else { throw failure(key, "'\(key)' must be a list") }
        return items
    }

    func mapping(_ key: String) throws(PinRulesError) -> [YAMLNode.Entry] {
        guard let value = node[key] else { return [] }
        guard let entries = value.entries else { throw failure(key, "'\(key)' must be a mapping") }
        return entries
    }

    static func text(_ node: YAMLNode) throws(PinRulesError) -> String {
        guard let text = node.text, !text.isEmpty else {
            throw PinRulesError(mark: node.mark, message: "expected text")
        }
        return text
    }

    static func unknown(
        _ noun: String, _ word: String, at mark: YAMLMark, among words: [String]
    ) -> PinRulesError {
        let shown = UntrustedText(word).display(limit: 100)
        let hint =
            Suggestion.nearest(to: word, among: words).map { "did you mean '\($0)'?" }
            ?? "expected one of \(words.joined(separator: ", "))"
        return PinRulesError(mark: mark, message: "unknown \(noun) '\(shown)': \(hint)")
    }
}
