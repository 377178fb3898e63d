// SPDX-License-Identifier: Apache-2.0

internal import YAML

/// Verifies that an edited file differs from the original only in the intended changes.
///
/// Values, styles, anchors and tags are compared, including those of texts in the file that are YAML.
struct EditVerifier {
    /// The intended changes in one fragment, by the ranges of its values.
    private struct Intentions {
        var texts: [Range<Int>: (text: String, isBool: Bool)] = [:]
        var parts: [Range<Int>: [(part: Range<Int>, text: String)]] = [:]
        var entries: [Range<Int>: [Edit.Addition]] = [:]
        /// The fragments in its scalars.
        var fragments: [Range<Int>: Int] = [:]
    }

    private let fragments: [Fragment]
    private let limits: YAMLDocumentStream.Limits
    private var intentions: [Intentions]

    init(_ edits: [Edit], in fragments: [Fragment], limits: YAMLDocumentStream.Limits) {
        self.fragments = fragments
        self.limits = limits
        self.intentions = fragments.map { _ in Intentions() }
        for (number, fragment) in fragments.enumerated() {
            guard let parent = fragment.parent else { continue }
            intentions[parent.fragment].fragments[parent.scalar.range] = number
        }
        for edit in edits {
            switch edit.change {
            case .scalar(let range, let text, let isBool):
                intentions[edit.fragment].texts[range] = (text, isBool)
            case .part(let part, let range, let text):
                intentions[edit.fragment].parts[range, default: []].append((part, text))
            case .entries(let range, let additions):
                intentions[edit.fragment].entries[range, default: []] += additions
            }
        }
    }

    /// Returns a Boolean value that indicates whether the bytes are the file with only the intended
    /// changes.
    func accepts(_ bytes: [UInt8]) -> Bool { accepts(bytes, fragment: 0) }

    private func accepts(_ bytes: [UInt8], fragment: Int) -> Bool {
        guard let new = try? YAMLDocumentStream(parsing: bytes, limits: limits) else {
            return false
        }
        let old = fragments[fragment].stream
        return old.documents.count == new.documents.count
            && zip(old.documents, new.documents).allSatisfy {
                $0.hasStartMarker == $1.hasStartMarker && $0.hasDirectives == $1.hasDirectives
                    && isSame($0.root, $1.root, except: intentions[fragment])
            }
    }

    private func isSame(_ old: YAMLNode, _ new: YAMLNode, except intended: Intentions) -> Bool {
        guard old.anchor == new.anchor, old.tag == new.tag else { return false }
        switch (old.kind, new.kind) {
        case (.alias(let first), .alias(let second)):
            return first == second
        case (.scalar(let text, let style), .scalar(let newText, let newStyle)):
            if let expected = Self.expectation(for: old, text: text, in: intended) {
                return newText == expected.text
                    && YAMLScalar(new) == (expected.isBool ? .bool(true) : .string(newText))
            }
            guard style == newStyle else { return false }
            if text == newText { return true }
            guard let inner = intended.fragments[old.range] else { return false }
            return accepts(Array(newText.utf8), fragment: inner)
        case (.sequence(let first, let style), .sequence(let second, let newStyle)):
            return style == newStyle && first.count == second.count
                && zip(first, second).allSatisfy { isSame($0, $1, except: intended) }
        case (.mapping(let first, let style), .mapping(let second, let newStyle)):
            return style == newStyle && isSame(first, second, except: intended)
        default:
            return false
        }
    }

    private func isSame(
        _ old: [YAMLNode.Entry], _ new: [YAMLNode.Entry], except intended: Intentions
    ) -> Bool {
        var rest = new[...]
        for entry in old {
            guard let next = rest.popFirst(), isSame(entry.key, next.key, except: intended),
                isSame(entry.value, next.value, except: intended)
            else { return false }
            for added in intended.entries[entry.value.range] ?? [] {
                guard let next = rest.popFirst(), next.key.text == added.key,
                    YAMLScalar(next.value) == .string(added.text)
                else { return false }
            }
        }
        return rest.isEmpty
    }

    private static func expectation(
        for node: YAMLNode, text: String, in intended: Intentions
    ) -> (text: String, isBool: Bool)? {
        if let whole = intended.texts[node.range] { return whole }
        guard let parts = intended.parts[node.range] else { return nil }
        let bytes = Array(text.utf8)
        var expected: [UInt8] = []
        var end = 0
        for (part, text) in parts.sorted(by: { $0.part.lowerBound < $1.part.lowerBound }) {
            guard part.lowerBound >= end else { return nil }
            expected += bytes[end..<part.lowerBound]
            expected += text.utf8
            end = part.upperBound
        }
        expected += bytes[end...]
        return (String(decoding: expected, as: UTF8.self), false)
    }
}
