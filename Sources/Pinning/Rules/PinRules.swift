// SPDX-License-Identifier: Apache-2.0

public import YAML

/// The rules of `pins.yaml`, for images that the shape of a file does not identify.
public struct PinRules: Hashable, Sendable {
    /// The form in which a rule writes a digest.
    enum Form: String, Hashable, Sendable, CaseIterable {
        case reference
        case tag
        case digest
        case sha
        case skip
    }

    /// A rule that maps paths to an image and a form.
    struct Rule: Hashable, Sendable {
        var files: Glob?
        var path: PathPattern
        var id: String?
        var form: Form?
    }

    var rules: [Rule] = []
    var ignored: [Glob] = []
    /// The severities of lint findings, by code.
    public var severities: [LintCode: LintSeverity] = [:]

    /// Creates an empty set of rules.
    public init() {}

    /// Returns a Boolean value that indicates whether a file is ignored, by its path.
    public func ignores(_ path: String) -> Bool {
        ignored.contains { $0.matches(path) }
    }

    /// Returns the rules for a file.
    func forFile(_ file: String) -> FileRules {
        FileRules(rules.filter { $0.files?.matches(file) ?? true })
    }
}

/// The rules for one file, indexed by the last step of their paths, because every value of the file
/// is looked up.
struct FileRules {
    private let rules: [PinRules.Rule]
    private var byLastStep: [String: [Int]] = [:]
    /// The rules whose paths end in a wildcard.
    private var others: [Int] = []

    /// A Boolean value that indicates whether there are no rules for the file.
    var isEmpty: Bool { rules.isEmpty }

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

    /// Returns the first rule that matches a path, or `nil` if none does.
    func rule(for path: SitePath) -> PinRules.Rule? {
        guard !rules.isEmpty, let step = path.lastStep else { return nil }
        func matches(_ index: Int) -> Bool { rules[index].path.matches(path) }
        let named = byLastStep[step]?.first(where: matches)
        let other = others.first(where: matches)
        return [named, other].compactMap(\.self).min().map { rules[$0] }
    }
}

/// An error in `pins.yaml`.
public struct PinRulesError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The position in the file.
    public let mark: YAMLMark
    /// The problem and its correction.
    public let message: String

    /// The error in the form `line:column: message`, to follow the name of the file.
    public var description: String { "\(mark.line):\(mark.column): \(message)" }
}
