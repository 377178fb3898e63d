// SPDX-License-Identifier: Apache-2.0

public import YAML

/// What `pins.yaml` says where a file's shape does not say enough.
public struct PinRules: Hashable, Sendable {
    /// How a rule wants a place to be written.
    enum Form: String, Hashable, Sendable, CaseIterable {
        case reference
        case tag
        case digest
        case sha
        case skip
    }

    /// One rule: these places are this image, written in this way.
    struct Rule: Hashable, Sendable {
        var files: Glob?
        var path: PathPattern
        var id: String?
        var form: Form?
    }

    var rules: [Rule] = []
    var ignored: [Glob] = []
    /// How severe a finding of the linter is, by its code.
    public var severities: [LintCode: LintSeverity] = [:]

    /// Makes rules that say nothing.
    public init() {}

    /// Whether a file is left alone, by its path.
    public func ignores(_ path: String) -> Bool {
        ignored.contains { $0.matches(path) }
    }

    /// Returns the rules for a file.
    func forFile(_ file: String) -> FileRules {
        FileRules(rules.filter { $0.files?.matches(file) ?? true })
    }
}

/// The rules for one file, by the last step of their paths, as each value of the file is looked up.
struct FileRules {
    private let rules: [PinRules.Rule]
    private var byLastStep: [String: [Int]] = [:]
    /// The rules whose paths end in a wildcard.
    private var others: [Int] = []

    fileprivate init(_ rules: [PinRules.Rule]) {
        self.rules = rules
        for (index, rule) in rules.enumerated() {
            if let step = rule.path.lastStep {
                byLastStep[step, default: []].append(index)
            } else {
                others.append(index)
            }
        }
    }

    /// The first rule for a place.
    func rule(for path: SitePath) -> PinRules.Rule? {
        guard !rules.isEmpty, let step = path.lastStep else { return nil }
        func matches(_ index: Int) -> Bool { rules[index].path.matches(path) }
        let named = byLastStep[step]?.first(where: matches)
        let other = others.first(where: matches)
        return [named, other].compactMap(\.self).min().map { rules[$0] }
    }
}

/// A `pins.yaml` that cannot be used, and where.
public struct PinRulesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where in the file.
    public let mark: YAMLMark
    /// What is wrong there and what would be right.
    public let message: String

    /// `line:column: message`, to be put behind the file's name.
    public var description: String { "\(mark.line):\(mark.column): \(message)" }
}
