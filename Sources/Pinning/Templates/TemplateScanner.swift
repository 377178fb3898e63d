// SPDX-License-Identifier: Apache-2.0

/// Follows values through the templates of a chart to labels, names and versions.
///
/// The scanner understands field chains, variables, `with`, `range`, and named templates. A function
/// that can remove a digest ends the way of a value: `regexReplaceAll`, `split` and similar ones.
/// Every other function, such as `default` and `printf`, passes the value on. Both branches of a
/// condition count.
///
/// Source: Go, `text/template`; Helm, template functions.
struct TemplateScanner {
    /// A named template, or all text outside of named templates.
    private struct Definition {
        /// The values that the template outputs.
        var output = TemplateValue()
        /// The values that it uses as labels, names or versions.
        var versions = TemplateValue()
        /// The named templates that it includes.
        var includes: Set<TemplateValue.Call> = []

        /// The maximum number of paths, and of calls, in each property.
        private static let limit = 4096

        /// Records the values that an action reads.
        mutating func record(
            _ value: TemplateValue, by action: TemplateAction, isVersion: Bool, isOutput: Bool
        ) {
            if includes.count < Self.limit {
                includes.formUnion(value.calls)
            } else if !value.calls.isSubset(of: includes) {
                versions.isIncomplete = true
            }
            guard !action.isCleaned else { return }
            if isOutput { output.formUnion(value, limit: Self.limit) }
            if isVersion || action.comparesVersions {
                versions.formUnion(value, limit: Self.limit)
            }
        }
    }

    /// A use of a named template.
    private struct Inclusion: Hashable {
        let name: Substring
        /// A Boolean value that indicates whether the output is a version.
        let isVersion: Bool
        /// The number of inclusions around it.
        let depth: Int
    }

    /// The state between two actions.
    fileprivate struct State {
        var dot = TemplateValue.root
        var variables: [Substring: TemplateValue] = [:]
        /// The open blocks: the dot outside of each, and the definition that it belongs to.
        var blocks: [(dot: TemplateValue, definition: Substring?)] = []
        /// The beginning of the line before the next action.
        var line: [UInt8] = []
        /// The indentation of the open mappings of labels, innermost last.
        var labels: [Int] = []
    }

    private static let nesting = 8
    /// The number of calls and paths that may still be followed.
    private var budget = 100_000
    private var known: [Inclusion: Set<TemplateValue.Path>] = [:]
    /// A Boolean value that indicates whether values were left out that can be versions.
    private var isIncomplete = false

    private var definitions: [Substring: Definition] = [:]
    private var main = Definition()

    /// Returns the paths below `.Values` that templates use as labels, names or versions; `nil` if
    /// there are too many values or inclusions to follow all of them.
    static func versions(in templates: [[UInt8]]) -> Set<[String]>? {
        var scanner = TemplateScanner()
        for text in templates { scanner.scan(text) }
        let paths = scanner.versions(of: scanner.main, isVersion: false, depth: 0)
        guard !scanner.isIncomplete else { return nil }
        return Set(
            paths.filter { $0.first == "Values" }.map { $0.dropFirst().map(String.init) })
    }

    /// Returns the paths that a definition uses as versions.
    ///
    /// - Parameters:
    ///   - definition: The definition.
    ///   - isVersion: A Boolean value that indicates whether its output is a version.
    ///   - depth: The number of inclusions around it.
    /// - Returns: The paths, below the argument of the definition.
    private mutating func versions(
        of definition: Definition, isVersion: Bool, depth: Int
    ) -> Set<TemplateValue.Path> {
        var paths = definition.versions.paths
        var versionCalls = definition.versions.calls
        if definition.versions.isIncomplete { isIncomplete = true }
        if isVersion {
            paths.formUnion(definition.output.paths)
            versionCalls.formUnion(definition.output.calls)
            if definition.output.isIncomplete { isIncomplete = true }
        }
        for call in definition.includes.union(versionCalls) {
            budget -= 1
            let isVersion = versionCalls.contains(call)
            for path in versions(
                ofTemplate: call.name, isVersion: isVersion, depth: depth + 1)
            {
                guard budget > 0 else { break }
                let value = call.argument.resolve(path)
                budget -= 1 + value.paths.count
                paths.formUnion(value.paths)
                if value.isIncomplete { isIncomplete = true }
            }
            guard budget > 0 else {
                isIncomplete = true
                break
            }
        }
        return paths
    }

    /// Returns the paths that a named template uses as versions, below its argument.
    private mutating func versions(
        ofTemplate name: Substring, isVersion: Bool, depth: Int
    ) -> Set<TemplateValue.Path> {
        guard depth < Self.nesting, let definition = definitions[name] else { return [] }
        let inclusion = Inclusion(name: name, isVersion: isVersion, depth: depth)
        if let paths = known[inclusion] { return paths }
        let paths = versions(of: definition, isVersion: isVersion, depth: depth)
        known[inclusion] = paths
        return paths
    }

    // MARK: One template

    private mutating func scan(_ text: [UInt8]) {
        var state = State()
        var start = 0
        while let open = Self.pair(UInt8(ascii: "{"), in: text, from: start),
            let close = Self.pair(UInt8(ascii: "}"), in: text, from: open + 2)
        {
            state.read(text[start..<open])
            let action = String(decoding: text[(open + 2)..<close], as: UTF8.self)
            if let action = TemplateAction(action) { apply(action, to: &state) }
            start = close + 2
        }
    }

    /// Returns the offset of the first two equal bytes.
    private static func pair(_ byte: UInt8, in text: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + 1 < text.count {
            if text[index] == byte, text[index + 1] == byte { return index }
            index += 1
        }
        return nil
    }

    private mutating func apply(_ action: TemplateAction, to state: inout State) {
        if action.keyword?.hasPrefix("else") ?? false, let block = state.blocks.last {
            state.dot = block.dot
        }
        let value = action.value(dot: state.dot, variables: state.variables)
        switch action.keyword {
        case "define", "block":
            guard case .string(let name)? = action.words.first else { return }
            state.open(dot: .root, definition: name)
        case "with", "range":
            record(value, by: action, isVersion: false, isOutput: false, in: state)
            if let variable = action.variable { state.variables[variable] = value }
            state.open(dot: value)
        case "if":
            record(value, by: action, isVersion: false, isOutput: false, in: state)
            state.open(dot: state.dot)
        case "else", "else with":
            record(value, by: action, isVersion: false, isOutput: false, in: state)
            if let variable = action.variable { state.variables[variable] = value }
            if action.keyword == "else with" { state.dot = value }
        case "end":
            if let block = state.blocks.popLast() { state.dot = block.dot }
        case "break", "continue": return
        default:
            if let variable = action.variable {
                state.variables[variable] = action.isCleaned ? TemplateValue() : value
                record(value, by: action, isVersion: false, isOutput: false, in: state)
            } else {
                record(
                    value, by: action, isVersion: state.isInVersion, isOutput: true, in: state)
            }
        }
    }

    /// Records the values that an action reads.
    private mutating func record(
        _ value: TemplateValue, by action: TemplateAction, isVersion: Bool, isOutput: Bool,
        in state: State
    ) {
        if let name = state.blocks.last?.definition {
            definitions[name, default: Definition()]
                .record(value, by: action, isVersion: isVersion, isOutput: isOutput)
        } else {
            main.record(value, by: action, isVersion: isVersion, isOutput: false)
        }
    }
}

extension TemplateScanner.State {
    fileprivate mutating func open(dot: TemplateValue, definition: Substring? = nil) {
        guard blocks.count < 1000 else { return }
        blocks.append((self.dot, definition ?? blocks.last?.definition))
        self.dot = dot
    }

    /// The number of bytes of a line that are kept: enough for a key.
    private static let lineLimit = 256

    /// Reads the text before an action.
    fileprivate mutating func read(_ text: ArraySlice<UInt8>) {
        var rest = text
        while let end = rest.firstIndex(of: 0x0A) {
            append(rest[..<end])
            endLine()
            rest = rest[(end + 1)...]
        }
        append(rest)
    }

    private mutating func append(_ text: ArraySlice<UInt8>) {
        line += text.prefix(max(Self.lineLimit - line.count, 0))
    }

    private mutating func endLine() {
        if let indent {
            labels.removeAll { $0 >= indent }
            let last = line.last { $0 > 0x20 }
            if last == UInt8(ascii: ":"), has("abels:") { labels.append(indent) }
        }
        line = []
    }

    /// The indentation of the line; `nil` for an empty line.
    private var indent: Int? {
        line.firstIndex { $0 != 0x20 && $0 != UInt8(ascii: "-") && $0 != 0x0D }
    }

    /// A Boolean value that indicates whether the next action is the value of a label, a name or a
    /// version.
    fileprivate var isInVersion: Bool {
        if has("mage:") || has("mage=") || has("apiVersion:") { return false }
        if has("ersion") || has("abels:") { return true }
        guard let indent else { return !labels.isEmpty }
        return line[indent...].starts(with: "name:".utf8) || labels.contains { $0 < indent }
    }

    private func has(_ word: String) -> Bool {
        let word = Array(word.utf8)
        guard line.count >= word.count else { return false }
        return (0...(line.count - word.count)).contains { line[$0...].starts(with: word) }
    }
}
