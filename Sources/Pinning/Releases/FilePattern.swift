// SPDX-License-Identifier: Apache-2.0

/// The path of a file in which expressions of templates can be any text within one step.
///
/// Source: Helmfile, `values: [envs/{{ .Environment.Name }}/values.yaml]`; Argo CD, templates of
/// `ApplicationSet`.
struct FilePattern {
    /// The texts of expressions, by the expressions.
    typealias Bindings = [Substring: Substring]

    enum Piece: Equatable {
        case text(Substring)
        case expression(Substring)
    }

    /// The steps, without `.`, and without `..` after another step.
    let steps: [[Piece]]

    /// Creates a pattern.
    ///
    /// - Parameters:
    ///   - text: The path as a file states it.
    ///   - directory: The directory that it starts from.
    init(_ text: String, from directory: String) {
        let stated = TemplatedYAML.replacingExpressions(in: text)
        let path = stated.hasPrefix("/") ? stated : directory + stated
        steps = LexicalPath.steps(of: path).map(Self.pieces)
    }

    private static func pieces(of step: Substring) -> [Piece] {
        var pieces: [Piece] = []
        for (index, part) in step.split(
            separator: TemplatedYAML.begin, omittingEmptySubsequences: false
        )
        .enumerated() {
            guard index > 0, let end = part.firstIndex(of: TemplatedYAML.end) else {
                if !part.isEmpty { pieces.append(.text(part)) }
                continue
            }
            pieces.append(.expression(name(part[..<end])))
            let text = part[part.index(after: end)...]
            if !text.isEmpty { pieces.append(.text(text)) }
        }
        return pieces
    }

    /// Returns the name of the value of an expression.
    ///
    /// Source: Argo CD, which has two syntaxes: `{{path[0]}}` and `{{index .path.segments 0}}`.
    static func name(_ expression: Substring) -> Substring {
        let name = expression.first == "." ? expression.dropFirst() : expression
        let segments = "index.path.segments"
        return name.hasPrefix(segments) ? "path\(name.dropFirst(segments.count))" : name
    }

    /// Returns the expression that can be several steps of a path, if a step is nothing else.
    ///
    /// - Parameters:
    ///   - step: The step.
    ///   - bindings: The texts of expressions.
    ///   - isAny: A Boolean value that indicates whether any expression can be; otherwise, only one that
    ///     is a path by its name.
    /// - Returns: The expression; `nil` if there is none.
    static func path(
        of step: [Piece], _ bindings: Bindings, isAny: Bool
    ) -> Substring? {
        guard step.count == 1, case .expression(let name) = step[0], bindings[name] == nil else {
            return nil
        }
        return isAny || name == "path" || name.hasSuffix(".path") ? name : nil
    }

    /// Returns the text of a step with the texts of its expressions; `nil` if one of them has none.
    static func text(of step: [Piece], with bindings: Bindings) -> Substring? {
        var text: Substring = ""
        for piece in step {
            switch piece {
            case .text(let part): text += part
            case .expression(let name):
                guard let part = bindings[name] else { return nil }
                text += part
            }
        }
        return text
    }

    /// Returns the texts of expressions with which a step is a name; `nil` if there are none.
    ///
    /// Several expressions in one step get no texts.
    static func bindings(
        matching step: [Piece], with name: Substring, _ bindings: Bindings
    ) -> Bindings? {
        let unknown = Set(
            step.compactMap { piece in
                if case .expression(let name) = piece, bindings[name] == nil { name } else { nil }
            })
        guard let expression = unknown.first,
            let index = step.firstIndex(of: .expression(expression)),
            let before = text(of: Array(step[..<index]), with: bindings),
            name.hasPrefix(before)
        else { return unknown.isEmpty && text(of: step, with: bindings) == name ? bindings : nil }
        let rest = name.dropFirst(before.count)
        guard let after = text(of: Array(step[(index + 1)...]), with: bindings) else {
            return bindings
        }
        guard rest.hasSuffix(after), rest.count > after.count else { return nil }
        return bindings.merging([expression: rest.dropLast(after.count)]) { $1 }
    }
}
