// SPDX-License-Identifier: Apache-2.0

/// A value of a template: the paths in the argument of the template that it can contain, and the
/// named templates whose output it can contain.
///
/// The path of a value in the root context begins with `Values`.
struct TemplateValue: Hashable, Sendable {
    typealias Path = [Substring]

    /// The inclusion of a named template.
    struct Call: Hashable, Sendable {
        let name: Substring
        let argument: Argument
        /// The number of calls on the longest way into the argument, this one included.
        let depth: Int
        /// The number of calls and keys in it, this one included.
        let size: Int

        private static let depthLimit = 8
        private static let sizeLimit = 64

        /// Creates a call; `nil` if its argument contains too many others.
        init?(name: Substring, argument: Argument) {
            let calls = argument.values.flatMap(\.calls)
            depth = 1 + (calls.lazy.map(\.depth).max() ?? 0)
            size = argument.values.count + calls.reduce(1) { $0 + $1.size }
            guard depth <= Self.depthLimit, size <= Self.sizeLimit else { return nil }
            self.name = name
            self.argument = argument
        }
    }

    /// The argument of a named template.
    indirect enum Argument: Hashable, Sendable {
        case value(TemplateValue)
        /// The values of the keys of a `dict`.
        case dictionary([Substring: TemplateValue])

        fileprivate var values: [TemplateValue] {
            switch self {
            case .value(let value): [value]
            case .dictionary(let values): Array(values.values)
            }
        }

        /// Returns the value that a path below the argument has for the caller.
        func resolve(_ path: Path) -> TemplateValue {
            switch self {
            case .value(let value): return value.appending(path)
            case .dictionary(let values):
                guard let key = path.first, let value = values[key] else { return TemplateValue() }
                return value.appending(Array(path.dropFirst()))
            }
        }
    }

    var paths: Set<Path> = []
    var calls: Set<Call> = []
    /// A Boolean value that indicates whether the value can contain more than its paths and calls.
    var isIncomplete = false

    /// The root context of a template.
    static let root = TemplateValue(paths: [[]])

    /// The maximum number of paths or calls of a value, and of the steps of a path.
    private static let limit = 32

    /// Returns the value of a field chain below this one.
    func appending(_ fields: [Substring]) -> TemplateValue {
        guard !fields.isEmpty else { return self }
        return TemplateValue(
            paths: Set(paths.lazy.map { $0 + fields }.filter { $0.count <= Self.limit }),
            isIncomplete: isIncomplete)
    }

    /// Adds what another value can contain; the value is incomplete if that exceeds the limit.
    mutating func formUnion(_ other: TemplateValue, limit: Int = Self.limit) {
        if other.isIncomplete { isIncomplete = true }
        if paths.count + other.paths.count <= limit {
            paths.formUnion(other.paths)
        } else {
            isIncomplete = true
        }
        if calls.count + other.calls.count <= limit {
            calls.formUnion(other.calls)
        } else {
            isIncomplete = true
        }
    }
}

extension TemplateAction {
    /// Returns the values that an action reads.
    func value(dot: TemplateValue, variables: [Substring: TemplateValue]) -> TemplateValue {
        var reader = ValueReader(dot: dot, variables: variables, rest: words[...])
        return reader.readAll()
    }

    /// Reads the words of an action.
    private struct ValueReader {
        let dot: TemplateValue
        let variables: [Substring: TemplateValue]
        var rest: ArraySlice<Word>
        var depth = 0

        /// Reads words until the end, or until a closing parenthesis.
        mutating func readAll() -> TemplateValue {
            var result = TemplateValue()
            while let word = rest.popFirst() {
                switch word {
                case .close: return result
                case .open: result.formUnion(readGroup())
                case .chain(let variable, let fields):
                    result.formUnion(value(variable, fields))
                case .name("include"), .name("template"):
                    result.formUnion(readCall())
                case .name("index"), .name("get"): result.formUnion(readIndex())
                case .name, .string, .fields: continue
                }
            }
            return result
        }

        private func value(_ variable: Substring?, _ fields: [Substring]) -> TemplateValue {
            switch variable {
            case nil: dot.appending(fields)
            case ""?: TemplateValue.root.appending(fields)
            case let name?: (variables[name] ?? TemplateValue()).appending(fields)
            }
        }

        /// Reads a group in parentheses, and the fields of its result.
        private mutating func readGroup() -> TemplateValue {
            depth += 1
            defer { depth -= 1 }
            guard depth < 32 else {
                rest = []
                return TemplateValue(isIncomplete: true)
            }
            let group = readAll()
            guard case .fields(let fields)? = rest.first else { return group }
            rest.removeFirst()
            return group.appending(fields)
        }

        /// Reads `index VALUE "key" …`.
        private mutating func readIndex() -> TemplateValue {
            var base = readOperand()
            while case .string(let key)? = rest.first {
                rest.removeFirst()
                base = base.appending([key])
            }
            return base
        }

        private mutating func readOperand() -> TemplateValue {
            switch rest.first {
            case .chain(let variable, let fields)?:
                rest.removeFirst()
                return value(variable, fields)
            case .open?:
                rest.removeFirst()
                return readGroup()
            case .string?, .name?, .fields?:
                rest.removeFirst()
                return TemplateValue()
            case .close?, nil: return TemplateValue()
            }
        }

        /// Reads `include "name" ARGUMENT`.
        private mutating func readCall() -> TemplateValue {
            guard case .string(let name)? = rest.first else { return TemplateValue() }
            rest.removeFirst()
            let call = TemplateValue.Call(name: name, argument: readArgument())
            return call.map { TemplateValue(calls: [$0]) } ?? TemplateValue(isIncomplete: true)
        }

        private mutating func readArgument() -> TemplateValue.Argument {
            guard case .open? = rest.first, case .name("dict")? = rest.dropFirst().first else {
                return .value(readOperand())
            }
            rest.removeFirst(2)
            var values: [Substring: TemplateValue] = [:]
            while case .string(let key)? = rest.first {
                rest.removeFirst()
                values[key] = readOperand()
            }
            _ = readGroup()
            return .dictionary(values)
        }
    }
}
