// SPDX-License-Identifier: Apache-2.0

/// The paths of the values that templates use as labels, names or versions.
struct VersionPaths {
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
