// SPDX-License-Identifier: Apache-2.0

/// The values that a named template, or the text outside of named templates, uses.
struct TemplateDefinition {
    /// The values that the template outputs.
    private(set) var output = TemplateValue()
    /// The values that it uses as labels, names or versions.
    private(set) var versions = TemplateValue()
    /// The inclusions of named templates.
    private(set) var calls = TemplateValue()
    /// The words with tags or digests that it combines of values.
    private(set) var words: Set<TemplateWord> = []
    /// The changes that it makes to values.
    private(set) var changes: Set<TemplateChange> = []
    /// A Boolean value that indicates whether it combines more words or makes more changes.
    private(set) var hasMoreWords = false
    /// A Boolean value that indicates whether the template can use more values.
    var isIncomplete = false

    /// The maximum number of paths, and of calls, in each property; large charts have some thousands.
    private static let limit = 16_384
    /// The maximum number of changes of values.
    private static let changeLimit = 256

    /// Records the values that an action reads.
    mutating func record(
        _ expression: TemplateExpression, under conditions: [TemplateWord.Condition],
        isOutput: Bool, isVersion: Bool
    ) {
        calls.formUnion(expression.calls, limit: Self.limit)
        versions.formUnion(expression.versions, limit: Self.limit)
        for var change in expression.valueChanges where !change.value.isEmpty {
            guard changes.count < Self.changeLimit else {
                hasMoreWords = true
                break
            }
            change.conditions = conditions
            changes.insert(change)
        }
        guard isOutput || isVersion else { return }
        let value = expression.result.flattened
        if isOutput { output.formUnion(value, limit: Self.limit) }
        if isVersion { versions.formUnion(value, limit: Self.limit) }
    }

    /// Records a text that the template outputs.
    mutating func record(text: Substring) {
        output.formUnion(TemplateValue(text: text), limit: Self.limit)
    }

    /// Records words that the template combines of values.
    mutating func record(_ words: [TemplateWord]) {
        for case let word? in words.lazy.map({ $0.endingWithTag(below: nil) }) {
            guard self.words.count < Self.limit else {
                hasMoreWords = true
                return
            }
            self.words.insert(word)
        }
    }
}

/// The values that templates use as labels, names or versions.
struct TemplateVersions {
    /// A use of a named template.
    private struct Inclusion: Hashable {
        let name: Substring
        /// A Boolean value that indicates whether the output is a version.
        let isVersion: Bool
    }

    private typealias Paths = Set<TemplateValue.Path>

    private let definitions: [Substring: TemplateDefinition]
    /// The paths of each inclusion, below its argument; empty while they are being determined.
    private var known: [Inclusion: Paths] = [:]
    /// The paths that the previous pass determined, for templates that include themselves.
    private var previous: [Inclusion: Paths] = [:]
    private var isRecursive = false
    /// The number of calls and paths that may still be followed.
    private var budget = 500_000
    private static let depthLimit = 64

    /// The paths below `.Values`.
    private(set) var paths: Set<[String]> = []
    /// A Boolean value that indicates whether all values were followed.
    private(set) var isComplete = true

    /// Finds the values in templates.
    ///
    /// - Parameters:
    ///   - scanner: The templates.
    ///   - changes: The changes that they make to values below the root context.
    init(_ scanner: TemplateScanner, changes: Set<TemplateChange>) {
        definitions = scanner.definitions
        var found: Paths = []
        repeat {
            previous = known
            known = [:]
            isRecursive = false
            found = versions(of: scanner.main, isVersion: false, depth: 0)
        } while isRecursive && isComplete && known != previous
        for change in changes {
            found.formUnion(found.flatMap { change.replacement(of: $0)?.paths ?? [] })
        }
        paths = Set(
            found.filter { $0.first == "Values" }.map { $0.dropFirst().map(String.init) })
    }

    /// Returns the paths that a definition uses as versions, below its argument.
    ///
    /// The paths of the arguments of templates that are not defined end with
    /// ``TemplateValue/anyPath``.
    ///
    /// - Parameters:
    ///   - definition: The definition.
    ///   - isVersion: A Boolean value that indicates whether its output is a version.
    ///   - depth: The number of inclusions around it.
    /// - Returns: The paths.
    private mutating func versions(
        of definition: TemplateDefinition, isVersion: Bool, depth: Int
    ) -> Paths {
        var values = definition.versions
        if isVersion { values.formUnion(definition.output, limit: .max) }
        var paths = values.paths
        var isIncomplete = values.isIncomplete || definition.isIncomplete
        var versionCalls = values.calls
        var pending =
            versionCalls.map { ($0, true) }
            + definition.calls.calls.subtracting(versionCalls).map { ($0, false) }
        while let (call, isVersion) = pending.popLast() {
            for path in versions(ofTemplate: call.name, isVersion: isVersion, depth: depth + 1) {
                let value = call.argument.appending(path)
                paths.formUnion(value.paths)
                if value.isIncomplete { isIncomplete = true }
                for call in value.calls where versionCalls.insert(call).inserted {
                    pending.append((call, true))
                }
                budget -= 1 + value.paths.count
                guard budget > 0 else { break }
            }
            budget -= 1
            guard budget > 0 else {
                isIncomplete = true
                break
            }
        }
        if isIncomplete { isComplete = false }
        return paths
    }

    private mutating func versions(
        ofTemplate name: Substring, isVersion: Bool, depth: Int
    ) -> Paths {
        guard let definition = definitions[name] else {
            return isVersion ? [[TemplateValue.anyPath]] : []
        }
        let inclusion = Inclusion(name: name, isVersion: isVersion)
        if let paths = known[inclusion] {
            if paths.isEmpty { isRecursive = true }
            return paths.isEmpty ? previous[inclusion] ?? [] : paths
        }
        guard depth < Self.depthLimit else {
            isComplete = false
            return []
        }
        known[inclusion] = []
        let paths = versions(of: definition, isVersion: isVersion, depth: depth)
        known[inclusion] = paths
        return paths
    }
}
