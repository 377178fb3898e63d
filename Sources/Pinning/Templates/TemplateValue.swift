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
    }

    /// The argument of a named template.
    indirect enum Argument: Hashable, Sendable {
        case value(TemplateValue)
        /// The values of the keys of a `dict`.
        case dictionary([Substring: TemplateValue])

        /// Returns the paths that a path below the argument means for the caller.
        func resolve(_ path: Path) -> Set<Path> {
            switch self {
            case .value(let value): return value.appending(path).paths
            case .dictionary(let values):
                guard let key = path.first, let value = values[key] else { return [] }
                return value.appending(Array(path.dropFirst())).paths
            }
        }
    }

    var paths: Set<Path> = []
    var calls: Set<Call> = []

    /// The root context of a template.
    static let root = TemplateValue(paths: [[]])

    /// The maximum number of paths or calls of a value, and of the steps of a path.
    private static let limit = 32

    /// Returns the value of a field chain below this one.
    func appending(_ fields: [Substring]) -> TemplateValue {
        guard !fields.isEmpty else { return self }
        return TemplateValue(
            paths: Set(paths.lazy.map { $0 + fields }.filter { $0.count <= Self.limit }))
    }

    mutating func formUnion(_ other: TemplateValue) {
        if paths.count < Self.limit { paths.formUnion(other.paths.prefix(Self.limit)) }
        if calls.count < Self.limit { calls.formUnion(other.calls.prefix(Self.limit)) }
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
                    if let call = readCall() { result.calls.insert(call) }
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
                return TemplateValue()
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
            switch rest.popFirst() {
            case .chain(let variable, let fields)?: return value(variable, fields)
            case .open?: return readGroup()
            case let word?:
                rest = [word] + rest
                return TemplateValue()
            case nil: return TemplateValue()
            }
        }

        /// Reads `include "name" ARGUMENT`.
        private mutating func readCall() -> TemplateValue.Call? {
            guard case .string(let name)? = rest.first else { return nil }
            rest.removeFirst()
            guard case .open? = rest.first, case .name("dict")? = rest.dropFirst().first else {
                return TemplateValue.Call(name: name, argument: .value(readOperand()))
            }
            rest.removeFirst(2)
            var values: [Substring: TemplateValue] = [:]
            while case .string(let key)? = rest.first {
                rest.removeFirst()
                values[key] = readOperand()
                if values[key]?.paths.isEmpty ?? true, case .string? = rest.first {
                    rest.removeFirst()
                }
            }
            _ = readAll()
            return TemplateValue.Call(name: name, argument: .dictionary(values))
        }
    }
}
